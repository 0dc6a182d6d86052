"""Nets of two layers: tanh with squared error, sigmoid with cross-entropy, ReLU with softmax and weight decay."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family, sigmoid, softmax


def tanh_loss(W1, b1, W2, b2, X, Y):
    h = np.tanh(X @ W1 + b1)
    return np.mean((h @ W2 + b2 - Y) ** 2)


def tanh_backward(W1, b1, W2, b2, X, Y, bug=NONE):
    a = X @ W1 + b1
    if "no first bias" in bug:
        a = X @ W1
    h = np.tanh(a)
    out = h @ W2 + b2
    d = 2 * (out - Y) / Y.size
    if "rows only" in bug:
        d = 2 * (out - Y) / len(Y)
    if "no two" in bug:
        d = (out - Y) / Y.size
    if "sign" in bug:
        d = -d
    dW2, db2 = h.T @ d, d.sum(axis=0)
    if "before activation" in bug:
        dW2 = a.T @ d
    if "output bias mean" in bug:
        db2 = d.mean(axis=0)
    back = W2
    if "updated weights" in bug:
        back = W2 - 0.1 * dW2
    if "signs of weights" in bug:
        back = np.sign(W2)
    dh = d @ back.T
    slope = 1 - h**2
    if "not squared" in bug:
        slope = 1 - h
    if "tanh twice" in bug:
        slope = 1 - np.tanh(h) ** 2
    if "slope of input" in bug:
        slope = 1 - a**2
    if "sigmoid slope" in bug:
        slope = h * (1 - h)
    if "slope plus" in bug:
        slope = 1 + h**2
    if "no slope" in bug:
        slope = 1.0
    if "slope twice" in bug:
        slope = (1 - h**2) ** 2
    da = dh * slope
    dW1, db1 = X.T @ da, da.sum(axis=0)
    if "bias before slope" in bug:
        db1 = dh.sum(axis=0)
    if "bias max" in bug:
        db1 = da[0]
    if "hidden unit" in bug:
        dW1[:, 1] = 0
        db1[1] = 0
    if "layers frozen" in bug:
        dW1, db1 = 0 * dW1, 0 * db1
    if "transposed" in bug:
        dW2 = dW2.T
    if "one input" in bug:
        dW1[0] = 0
    if "hidden constant" in bug:
        db2 = db2 + 0.01
    return dW1, db1, dW2, db2


TANH = {
    "no first bias": "first bias left out of the recomputed forward pass",
    "rows only": "divided by the rows, the loss averages over all entries",
    "no two": "the 2 from the square is missing",
    "sign": "sign of the output error flipped",
    "before activation": "output weights' gradient uses pre-activations",
    "output bias mean": "output bias averaged instead of summed",
    "updated weights": "the error goes back through output weights that were already updated",
    "signs of weights": "error goes back through the signs of the output weights",
    "not squared": "tanh slope 1 - h instead of 1 - h^2",
    "tanh twice": "tanh slope evaluated at the activation: tanh applied twice",
    "slope of input": "tanh slope 1 - a^2 from the pre-activation",
    "sigmoid slope": "sigmoid's slope h(1-h) used for tanh",
    "slope plus": "tanh slope with a plus: 1 + h^2",
    "no slope": "activation's slope forgotten",
    "slope twice": "activation's slope multiplied in twice",
    "bias before slope": "hidden bias gets the error before the activation's slope",
    "bias max": "hidden bias from the first row only",
    "hidden unit": "one hidden unit is never trained",
    "layers frozen": "first layer's gradients are zero (graph cut)",
    "transposed": "output weights' gradient transposed",
    "one input": "first input's row of weights gets no gradient",
    "hidden constant": "a small constant added to the output bias' gradient",
}


def tanh_point(rng):
    shapes = rng.normal(size=(3, 4)), rng.normal(size=4) * 0.3, rng.normal(size=(4, 2)), np.zeros(2)
    return *shapes, rng.normal(size=(6, 3)), rng.normal(size=(6, 2))


def sigmoid_net_loss(V, c, u, d, X, y):
    h = sigmoid(X @ V + c)
    p = sigmoid(h @ u + d)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def sigmoid_net_backward(V, c, u, d, X, y, bug=NONE):
    n = len(X)
    a = X @ V + c
    h = sigmoid(a)
    z = h @ u + d
    p = sigmoid(z)
    dz = (p - y) / n
    if "extra output slope" in bug:
        dz = (p - y) * p * (1 - p) / n
    if "first term only" in bug:
        dz = -y * (1 - p) / n
    if "second term only" in bug:
        dz = (1 - y) * p / n
    if "slope to p" in bug:
        dz = (-y / p + (1 - y) / (1 - p)) / n
    if "safe logarithm" in bug:
        dz = (p - y) * p * (1 - p) / (p * (1 - p) + 0.01) / n
    if "n" in bug:
        dz = p - y
    if "unbiased logits" in bug:
        dz = (sigmoid(h @ u) - y) / n
    du, dd = h.T @ dz, np.sum(dz)
    if "weights of inputs" in bug:
        du = a.T @ dz
    dh = np.outer(dz, u)
    if "activations for weights" in bug:
        dh = dz[:, None] * h
    if "mean of u" in bug:
        dh = np.outer(dz, np.full_like(u, u.mean()))
    slope = h * (1 - h)
    if "h only" in bug:
        slope = h
    if "one minus h" in bug:
        slope = 1 - h
    if "of activation" in bug:
        slope = sigmoid(h) * (1 - sigmoid(h))
    if "tanh slope" in bug:
        slope = 1 - h**2
    if "slope reversed" in bug:
        slope = h * (h - 1)
    if "of pre-activation" in bug:
        slope = a * (1 - a)
    da = dh * slope
    dV, dc = X.T @ da, da.sum(axis=0)
    if "dropped row" in bug:
        dV = X[1:].T @ da[1:]
    if "c shared" in bug:
        dc = np.full_like(dc, dc.sum())
    if "d doubled" in bug:
        dd = 2 * dd
    if "gradient of wrong bias" in bug:
        dc = dh.sum(axis=0) * slope.mean(axis=0)
    return dV, dc, du, dd


SIGMOID_NET = {
    "extra output slope": "output sigmoid's slope multiplied in although cross-entropy cancels it",
    "first term only": "derivative of y log p only",
    "second term only": "derivative of (1-y) log(1-p) only",
    "slope to p": "stops at dL/dp: output sigmoid's slope is missing",
    "safe logarithm": "an epsilon in the backward's denominator that the loss does not have",
    "n": "not averaged",
    "unbiased logits": "output bias left out in the recomputed probabilities",
    "weights of inputs": "u's gradient from pre-activations instead of activations",
    "activations for weights": "goes back through h instead of u",
    "mean of u": "goes back through the average output weight",
    "h only": "sigmoid slope h: the factor 1-h is missing",
    "one minus h": "sigmoid slope 1-h: the factor h is missing",
    "of activation": "sigmoid applied a second time before the slope",
    "tanh slope": "tanh's slope for a sigmoid",
    "slope reversed": "sigmoid slope h(h-1): sign",
    "of pre-activation": "sigmoid slope formula fed with the pre-activation",
    "dropped row": "V's gradient misses the first row of the batch",
    "c shared": "c's gradient summed over the units too",
    "d doubled": "output bias' gradient counted twice",
    "gradient of wrong bias": "mean of products taken as the product of means in c's gradient",
}


def sigmoid_net_point(rng):
    return (
        rng.normal(size=(4, 5)),
        rng.normal(size=5),
        rng.normal(size=5),
        -0.2,
        rng.normal(size=(8, 4)),
        rng.integers(0, 2, size=8) * 1.0,
    )


def relu_loss(W1, b1, W2, b2, X, labels, decay):
    h = np.maximum(X @ W1 + b1, 0)
    z = h @ W2 + b2
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    data = -np.mean(log_p[np.arange(len(X)), labels])
    return data + 0.5 * decay * (np.sum(W1**2) + np.sum(W2**2))


def relu_backward(W1, b1, W2, b2, X, labels, decay, bug=NONE):
    n = len(X)
    a = X @ W1 + b1
    h = np.maximum(a, 0)
    if "forward without ReLU" in bug:
        h = a
    p = softmax(h @ W2 + b2)
    d = p.copy()
    d[np.arange(n), labels] -= 1
    if "labels one too high" in bug:
        d = p.copy()
        d[np.arange(n), (labels + 1) % p.shape[1]] -= 1
    if "n" not in bug:
        d = d / n
    dW2, db2 = h.T @ d, d.sum(axis=0)
    if "a for h" in bug:
        dW2 = a.T @ d
    dh = d @ W2.T
    mask = a > 0
    if "negative side" in bug:
        mask = a < 0
    if "no mask" in bug:
        mask = np.ones_like(a)
    if "gradient's mask" in bug:
        mask = dh > 0
    if "guided" in bug:
        mask = (a > 0) & (dh > 0)
    if "value as slope" in bug:
        mask = h
    if "sign as slope" in bug:
        mask = np.sign(a)
    if "leaky slope" in bug:
        mask = np.where(a > 0, 1.0, 0.01)
    if "mask without bias" in bug:
        mask = X @ W1 > 0
    if "threshold one" in bug:
        mask = a > 1
    if "mask of first row" in bug:
        mask = a[:1] > 0
    da = dh * mask
    dW1, db1 = X.T @ da, da.sum(axis=0)
    if "bias not masked" in bug:
        db1 = dh.sum(axis=0)
    decay1, decay2 = decay * W1, decay * W2
    if "no decay on first" in bug:
        decay1 = 0
    if "no decay on second" in bug:
        decay2 = 0
    if "no decay" in bug:
        decay1 = decay2 = 0
    if "decay doubled" in bug:
        decay1, decay2 = 2 * decay1, 2 * decay2
    if "decay by n" in bug:
        decay1, decay2 = decay1 / n, decay2 / n
    if "decay on biases" in bug:
        db1, db2 = db1 + decay * b1, db2 + decay * b2
    if "decay minus" in bug:
        decay1, decay2 = -decay1, -decay2
    if "decay before mask" in bug:
        dW1 = X.T @ ((dh + decay) * mask)
    return dW1 + decay1, db1, dW2 + decay2, db2


RELU = {
    "forward without ReLU": "ReLU forgotten in the recomputed forward pass",
    "labels one too high": "labels shifted by one class",
    "n": "data term not averaged",
    "a for h": "second layer's gradient with pre-activations",
    "negative side": "ReLU mask keeps the negative side",
    "no mask": "ReLU's mask forgotten",
    "gradient's mask": "mask taken from the incoming gradient's sign",
    "guided": "guided backpropagation: negative gradients are cut as well",
    "value as slope": "ReLU's value used as its slope",
    "sign as slope": "sign used as slope: -1 on the negative side",
    "leaky slope": "leaky ReLU's slope 0.01 on the negative side",
    "mask without bias": "mask computed without the bias",
    "threshold one": "mask compares with 1",
    "mask of first row": "one row's mask applied to all rows",
    "bias not masked": "hidden bias gets the unmasked error",
    "no decay on first": "weight decay missing on the first layer",
    "no decay on second": "weight decay missing on the second layer",
    "no decay": "weight decay missing",
    "decay doubled": "weight decay counted twice",
    "decay by n": "weight decay divided by the batch size",
    "decay on biases": "biases decayed too",
    "decay minus": "weight decay with the wrong sign",
    "decay before mask": "decay constant added to the hidden error",
}


def relu_point(rng):
    return (
        rng.normal(size=(4, 6)),
        rng.normal(size=6) * 0.4,
        rng.normal(size=(6, 3)),
        rng.normal(size=3) * 0.1,
        rng.normal(size=(9, 4)),
        np.array([0, 1, 2, 1, 1, 0, 2, 2, 0]),
        0.05,
    )


FAMILIES = [
    Family(
        "tanh net, squared error",
        tanh_loss,
        tanh_backward,
        tanh_point,
        4,
        TANH,
        (("not squared", "output bias mean"), ("no two", "bias before slope"), ("one input", "hidden constant")),
        (1e-3, 0.1, 3.0),
    ),
    Family(
        "sigmoid net, cross-entropy",
        sigmoid_net_loss,
        sigmoid_net_backward,
        sigmoid_net_point,
        4,
        SIGMOID_NET,
        (("h only", "d doubled"), ("dropped row", "weights of inputs")),
        (1e-3, 0.1, 2.0),
    ),
    Family(
        "ReLU net, softmax, weight decay",
        relu_loss,
        relu_backward,
        relu_point,
        4,
        RELU,
        (("no mask", "no decay on second"), ("n", "decay on biases"), ("no decay on first", "a for h")),
        (1e-3, 0.1, 10.0),
    ),
]
