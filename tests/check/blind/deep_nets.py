"""Deeper nets: three layers, and GELU with dropout."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family, sigmoid


def three_loss(W1, b1, W2, b2, W3, b3, X, y):
    a1 = X @ W1 + b1
    h1 = np.where(a1 > 0, a1, 0.1 * a1)
    h2 = np.log1p(np.exp(h1 @ W2 + b2))
    out = h2 @ W3 + b3
    return 0.5 * np.sum((out - y) ** 2) / len(X)


def three_backward(W1, b1, W2, b2, W3, b3, X, y, bug=NONE):
    n = len(X)
    a1 = X @ W1 + b1
    h1 = np.where(a1 > 0, a1, 0.1 * a1)
    a2 = h1 @ W2 + b2
    h2 = np.log1p(np.exp(a2))
    d3 = (h2 @ W3 + b3 - y) / n
    if "doubled" in bug:
        d3 = 2 * d3
    if "sum" in bug:
        d3 = n * d3
    dW3, db3 = h2.T @ d3, d3.sum(axis=0)
    dh2 = d3 @ W3.T
    slope2 = sigmoid(a2)
    if "softplus of output" in bug:
        slope2 = sigmoid(h2)
    if "softplus slope missing" in bug:
        slope2 = 1.0
    if "softplus as sigmoid" in bug:
        slope2 = sigmoid(a2) * (1 - sigmoid(a2))
    if "softplus as ReLU" in bug:
        slope2 = a2 > 0
    if "softplus negative" in bug:
        slope2 = sigmoid(-a2)
    if "softplus tanh" in bug:
        slope2 = 1 - h2**2
    d2 = dh2 * slope2
    dW2, db2 = h1.T @ d2, d2.sum(axis=0)
    if "h2 for h1" in bug:
        dW2 = h2.T @ d2
    if "a1 for h1" in bug:
        dW2 = a1.T @ d2
    dh1 = d2 @ W2.T
    if "W2 not transposed" in bug:
        dh1 = d2 @ W2
    if "layer skipped" in bug:
        dh1 = dh2 @ W2.T
    slope1 = np.where(a1 > 0, 1.0, 0.1)
    if "leak forgotten" in bug:
        slope1 = a1 > 0
    if "leak 0.01" in bug:
        slope1 = np.where(a1 > 0, 1.0, 0.01)
    if "leak reversed" in bug:
        slope1 = np.where(a1 > 0, 0.1, 1.0)
    if "leak negative" in bug:
        slope1 = np.where(a1 > 0, 1.0, -0.1)
    if "leak times input" in bug:
        slope1 = np.where(a1 > 0, 1.0, 0.1 * a1)
    if "masks exchanged" in bug:
        slope1 = np.where(a2 > 0, 1.0, 0.1)
    d1 = dh1 * slope1
    dW1, db1 = X.T @ d1, d1.sum(axis=0)
    if "biases exchanged" in bug:
        db1, db2 = db2, db1
    if "middle bias missing" in bug:
        db2 = 0 * db2
    if "middle weight's diagonal" in bug:
        dW2 = dW2 * (1 - np.eye(len(dW2)))
    if "one entry" in bug:
        dW1[1, 2] *= 1.01
    return dW1, db1, dW2, db2, dW3, db3


THREE = {
    "doubled": "2 from the square although the loss has one half",
    "sum": "not divided by the rows",
    "softplus of output": "softplus slope taken at its output",
    "softplus slope missing": "softplus slope forgotten",
    "softplus as sigmoid": "slope of the sigmoid instead of the softplus'",
    "softplus as ReLU": "softplus treated as a ReLU",
    "softplus negative": "softplus slope with the argument's sign flipped",
    "softplus tanh": "tanh's slope used for softplus",
    "h2 for h1": "second layer's weights use its own output instead of its input",
    "a1 for h1": "second layer's weights use the pre-activation of the first",
    "W2 not transposed": "square W2 not transposed on the way back",
    "layer skipped": "the middle activation's slope is skipped on the way back to layer 1 only",
    "leak forgotten": "leaky ReLU's slope on the negative side is zero",
    "leak 0.01": "leak of 0.01 in the backward pass, 0.1 in the loss",
    "leak reversed": "leaky ReLU's two slopes exchanged",
    "leak negative": "leak with the wrong sign",
    "leak times input": "value instead of slope on the negative side",
    "masks exchanged": "mask of layer 1 computed from layer 2's pre-activation",
    "biases exchanged": "b1 and b2 returned in each other's place",
    "middle bias missing": "b2's gradient is zero",
    "middle weight's diagonal": "diagonal of W2's gradient zeroed",
    "one entry": "one entry of W1's gradient is 1% too large",
}


def three_point(rng):
    shapes = ((3, 4), 4, (4, 4), 4, (4, 2), 2)
    return *(rng.normal(size=s) * 0.7 for s in shapes), rng.normal(size=(7, 3)), rng.normal(size=(7, 2))


ROOT = np.sqrt(2 / np.pi)


def gelu_loss(W1, b1, W2, b2, X, Y, mask, keep):
    a = X @ W1 + b1
    g = 0.5 * a * (1 + np.tanh(ROOT * (a + 0.044715 * a**3)))
    h = g * mask / keep
    return np.mean((h @ W2 + b2 - Y) ** 2)


def gelu_backward(W1, b1, W2, b2, X, Y, mask, keep, bug=NONE):
    a = X @ W1 + b1
    t = np.tanh(ROOT * (a + 0.044715 * a**3))
    g = 0.5 * a * (1 + t)
    h = g * mask / keep
    if "forward without dropout" in bug:
        h = g
    if "forward without scale" in bug:
        h = g * mask
    d = 2 * (h @ W2 + b2 - Y) / Y.size
    if "by outputs" in bug:
        d = 2 * (h @ W2 + b2 - Y) / Y.shape[1]
    dW2, db2 = h.T @ d, d.sum(axis=0)
    if "undropped activations" in bug:
        dW2 = g.T @ d
    dh = d @ W2.T
    dg = dh * mask / keep
    if "mask forgotten" in bug:
        dg = dh
    if "scale forgotten" in bug:
        dg = dh * mask
    if "scale inverted" in bug:
        dg = dh * mask * keep
    if "scale twice" in bug:
        dg = dh * mask / keep**2
    if "mask inverted" in bug:
        dg = dh * (1 - mask) / keep
    if "fresh mask" in bug:
        dg = dh * np.roll(mask, 1, axis=0) / keep
    if "mask of one row" in bug:
        dg = dh * mask[0] / keep
    if "mask transposed loop" in bug:
        dg = dh * np.roll(mask, 1, axis=1) / keep
    inner = ROOT * (1 + 3 * 0.044715 * a**2)
    if "cubic factor" in bug:
        inner = ROOT * (1 + 0.044715 * a**2)
    if "cubic missing" in bug:
        inner = ROOT
    if "root missing" in bug:
        inner = 1 + 3 * 0.044715 * a**2
    slope = 0.5 * (1 + t) + 0.5 * a * (1 - t**2) * inner
    if "first term only" in bug:
        slope = 0.5 * (1 + t)
    if "second term only" in bug:
        slope = 0.5 * a * (1 - t**2) * inner
    if "half missing" in bug:
        slope = 0.5 * (1 + t) + a * (1 - t**2) * inner
    if "tanh not squared" in bug:
        slope = 0.5 * (1 + t) + 0.5 * a * (1 - t) * inner
    if "sigmoid approximation" in bug:
        s = sigmoid(1.702 * a)
        slope = s + 1.702 * a * s * (1 - s)
    if "ReLU slope" in bug:
        slope = a > 0
    da = dg * slope
    if "hidden bias undropped" in bug:
        return X.T @ da, (dh * slope).sum(axis=0), dW2, db2
    return X.T @ da, da.sum(axis=0), dW2, db2


GELU = {
    "forward without dropout": "forward pass recomputed without dropout",
    "forward without scale": "forward pass recomputed without the 1/keep scale",
    "by outputs": "divided by the number of outputs only",
    "undropped activations": "second layer's gradient uses activations before dropout",
    "mask forgotten": "dropout mask and scale forgotten on the way back",
    "scale forgotten": "1/keep forgotten on the way back",
    "scale inverted": "multiplied by keep instead of divided",
    "scale twice": "divided by keep twice",
    "mask inverted": "the dropped units get the gradient",
    "fresh mask": "another mask than the forward pass's",
    "mask of one row": "first row's mask used for all rows",
    "mask transposed loop": "mask shifted by one unit",
    "cubic factor": "factor 3 of the cubic's derivative missing in GELU",
    "cubic missing": "cubic term missing in GELU's derivative",
    "root missing": "sqrt(2/pi) missing in GELU's derivative",
    "first term only": "product rule's second term missing in GELU",
    "second term only": "product rule's first term missing in GELU",
    "half missing": "the 0.5 of the second term missing in GELU",
    "tanh not squared": "1 - t instead of 1 - t^2 in GELU",
    "sigmoid approximation": "derivative of the other GELU approximation (sigmoid(1.702 x))",
    "ReLU slope": "ReLU's slope in place of GELU's",
    "hidden bias undropped": "hidden bias's gradient does not pass the dropout mask",
}


def gelu_point(rng):
    mask = (np.arange(35).reshape(7, 5) * 7 % 10 < 6) * 1.0
    shapes = rng.normal(size=(4, 5)), rng.normal(size=5), rng.normal(size=(5, 2)), rng.normal(size=2)
    return *shapes, rng.normal(size=(7, 4)), rng.normal(size=(7, 2)), mask, 0.6


FAMILIES = [
    Family(
        "three layers, leaky ReLU and softplus",
        three_loss,
        three_backward,
        three_point,
        6,
        THREE,
        (("softplus as ReLU", "leak forgotten"), ("middle bias missing", "one entry"), ("doubled", "h2 for h1")),
        (1e-3, 0.1, 3.0),
    ),
    Family(
        "GELU net with dropout",
        gelu_loss,
        gelu_backward,
        gelu_point,
        4,
        GELU,
        (("scale forgotten", "cubic factor"), ("undropped activations", "half missing")),
        (1e-3, 0.1, 2.0),
    ),
]
