"""An attention head, and a convolution with max pooling."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family, softmax


def attention_loss(Wq, Wk, Wv, Wo, X, Y):
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    S = Q @ K.T / np.sqrt(Wq.shape[1])
    E = np.exp(S - np.max(S, axis=1, keepdims=True))
    A = E / np.sum(E, axis=1, keepdims=True)
    return np.mean((A @ V @ Wo - Y) ** 2)


def attention_backward(Wq, Wk, Wv, Wo, X, Y, bug=NONE):
    root = np.sqrt(Wq.shape[1])
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    S = Q @ K.T / root
    if "unscaled forward" in bug:
        S = Q @ K.T
    A = softmax(S, axis=0 if "softmax axis" in bug else 1)
    if "causal mask" in bug:
        A = softmax(np.where(np.tril(np.ones_like(S)) > 0, S, -1e9))
    Z = A @ V
    d = 2 * (Z @ Wo - Y) / Y.size
    if "by rows" in bug:
        d = 2 * (Z @ Wo - Y) / len(Y)
    dWo = Z.T @ d
    if "Wo of values" in bug:
        dWo = V.T @ d
    dZ = d @ Wo.T
    dV = A.T @ dZ
    if "A not transposed" in bug:
        dV = A @ dZ
    if "values not mixed" in bug:
        dV = dZ
    dA = dZ @ V.T
    dS = A * (dA - np.sum(dA * A, axis=1, keepdims=True))
    if "diagonal only" in bug:
        dS = A * (1 - A) * dA
    if "no softmax" in bug:
        dS = dA
    if "no row sum" in bug:
        dS = A * dA
    if "row sum without A" in bug:
        dS = A * (dA - np.sum(dA, axis=1, keepdims=True))
    if "row mean" in bug:
        dS = A * (dA - np.mean(dA * A, axis=1, keepdims=True))
    if "column sum" in bug:
        dS = A * (dA - np.sum(dA * A, axis=0, keepdims=True))
    dS = dS / root
    if "scale missing" in bug:
        dS = dS * root
    if "scale not rooted" in bug:
        dS = dS / root
    if "scale by length" in bug:
        dS = dS * root / np.sqrt(len(X))
    dQ, dK = dS @ K, dS.T @ Q
    if "K of Q" in bug:
        dK = dS @ Q
    if "Q and K exchanged" in bug:
        dQ, dK = dK, dQ
    if "K sign" in bug:
        dK = -dK
    if "keys frozen" in bug:
        dK = 0 * dK
    if "first token" in bug:
        dQ[0] = 0
    dWq, dWk, dWv = X.T @ dQ, X.T @ dK, X.T @ dV
    if "V through Q" in bug:
        dWv = Q.T @ dV
    return dWq, dWk, dWv, dWo


ATTENTION = {
    "unscaled forward": "scores recomputed without the 1/sqrt(d)",
    "softmax axis": "softmax over the queries",
    "causal mask": "a causal mask in the backward pass that the loss does not have",
    "by rows": "divided by rows only",
    "Wo of values": "output weights' gradient with values that attention has not mixed",
    "A not transposed": "attention matrix not transposed for the values",
    "values not mixed": "values get the error without the attention weights",
    "diagonal only": "softmax differentiated as p(1-p), off-diagonal terms missing",
    "no softmax": "softmax's backward missing",
    "no row sum": "softmax's backward lacks the subtracted row sum",
    "row sum without A": "softmax's backward: sum not weighted by A",
    "row mean": "softmax's backward: mean in place of the sum",
    "column sum": "softmax's backward: sum over the wrong axis",
    "scale missing": "1/sqrt(d) missing on the way back",
    "scale not rooted": "divided by d instead of sqrt(d)",
    "scale by length": "sqrt of the sequence length instead of the width",
    "K of Q": "score gradient not transposed for the keys",
    "Q and K exchanged": "gradients of queries and keys exchanged",
    "K sign": "keys' gradient with the wrong sign",
    "keys frozen": "keys get no gradient",
    "first token": "first query position gets no gradient",
    "V through Q": "values' weights use the queries as inputs",
}


def attention_point(rng):
    shapes = ((5, 5), (5, 5), (5, 5), (5, 2))
    return *(rng.normal(size=s) * 0.6 for s in shapes), rng.normal(size=(7, 5)), rng.normal(size=(7, 2))


def conv_loss(kernel, bias, head, x, y):
    width, length = kernel.shape[1], x.shape[1]
    out = np.stack([np.tensordot(x[:, i : i + width], kernel, ([1], [1])) for i in range(length - width + 1)], axis=2)
    a = np.tanh(out + bias[:, None])
    pooled = np.max(a.reshape(len(x), len(bias), -1, 2), axis=3)
    return np.mean((pooled.reshape(len(x), -1) @ head - y) ** 2)


def conv_backward(kernel, bias, head, x, y, bug=NONE):
    n, channels, width = len(x), len(bias), kernel.shape[1]
    used = kernel[:, ::-1] if "flipped forward" in bug else kernel
    places = x.shape[1] - width + 1
    out = np.stack([x[:, i : i + width] @ used.T for i in range(places)], axis=2)
    a = np.tanh(out + bias[:, None])
    pairs = a.reshape(n, channels, -1, 2)
    pooled = pairs.max(axis=3)
    if "average pooled" in bug:
        pooled = pairs.mean(axis=3)
    flat = pooled.reshape(n, -1)
    d = 2 * (flat @ head - y) / n
    if "no two" in bug:
        d = d / 2
    d_head = flat.T @ d
    if "head channels mixed" in bug:
        d_head = pooled.transpose(0, 2, 1).reshape(n, -1).T @ d
    d_pooled = np.outer(d, head).reshape(pooled.shape)
    winner = pairs == pooled[..., None]
    if "average pooled" in bug:
        winner = np.full(pairs.shape, 0.5)
    if "first of pair" in bug:
        winner = np.stack([np.ones(pooled.shape), np.zeros(pooled.shape)], axis=-1)
    if "both of pair" in bug:
        winner = np.ones(pairs.shape)
    if "shared by pair" in bug:
        winner = np.full(pairs.shape, 0.5)
    if "loser of pair" in bug:
        winner = ~winner
    if "values routed" in bug:
        winner = winner * pairs
    da = (d_pooled[..., None] * winner).reshape(a.shape)
    slope = 1 - a**2
    if "no slope" in bug:
        slope = 1.0
    if "slope before bias" in bug:
        slope = 1 - np.tanh(out) ** 2
    dout = da * slope
    d_kernel = sum(dout[:, :, i].T @ x[:, i : i + width] for i in range(places))
    if "last place missing" in bug:
        d_kernel = sum(dout[:, :, i].T @ x[:, i : i + width] for i in range(places - 1))
    if "window off by one" in bug:
        d_kernel = sum(dout[:, :, i].T @ x[:, i + 1 : i + 1 + width] for i in range(places - 1))
    if "kernel flipped" in bug:
        d_kernel = d_kernel[:, ::-1]
    if "stride two" in bug:
        d_kernel = sum(dout[:, :, i].T @ x[:, i : i + width] for i in range(0, places, 2))
    if "overwritten" in bug:
        d_kernel = dout[:, :, -1].T @ x[:, places - 1 :]
    if "by places" in bug:
        d_kernel = d_kernel / places
    d_bias = dout.sum(axis=(0, 2))
    if "bias over batch" in bug:
        d_bias = dout[:, :, 0].sum(axis=0)
    if "bias averaged over places" in bug:
        d_bias = dout.sum(axis=0).mean(axis=1)
    if "bias before slope" in bug:
        d_bias = da.sum(axis=(0, 2))
    if "channel" in bug:
        d_kernel[1] = d_kernel[0]
    return d_kernel, d_bias, d_head


CONV = {
    "flipped forward": "kernel flipped in the recomputed forward pass",
    "average pooled": "average pooling throughout the backward pass",
    "no two": "2 of the square missing",
    "head channels mixed": "channels and places mixed up when flattening for the head",
    "first of pair": "max pooling sends the gradient to the first of each pair",
    "both of pair": "max pooling sends the gradient to both",
    "shared by pair": "max pooling shares the gradient between both",
    "loser of pair": "max pooling sends the gradient to the smaller one",
    "values routed": "max pooling multiplies by the value",
    "no slope": "tanh slope missing",
    "slope before bias": "tanh slope without the bias",
    "last place missing": "last place of the window missing in the kernel's sum",
    "window off by one": "window shifted by one in the kernel's sum",
    "kernel flipped": "kernel's gradient flipped",
    "stride two": "kernel's sum visits every other place",
    "overwritten": "kernel's gradient from the last place only",
    "by places": "kernel's gradient averaged over places",
    "bias over batch": "bias sums the first place only",
    "bias averaged over places": "bias averaged over places instead of summed",
    "bias before slope": "bias before the slope",
    "channel": "second channel's kernel gets the first's gradient",
}


def conv_point(rng):
    return (
        rng.normal(size=(2, 3)),
        rng.normal(size=2) * 0.3,
        rng.normal(size=6),
        rng.normal(size=(4, 8)),
        rng.normal(size=4),
    )


FAMILIES = [
    Family(
        "attention head",
        attention_loss,
        attention_backward,
        attention_point,
        4,
        ATTENTION,
        (("no row sum", "A not transposed"), ("scale missing", "Wo of values"), ("keys frozen", "by rows")),
        (0.1, 2.0),
    ),
    Family(
        "convolution with max pooling",
        conv_loss,
        conv_backward,
        conv_point,
        3,
        CONV,
        (("last place missing", "bias before slope"), ("head channels mixed", "both of pair")),
        (0.1, 2.0),
    ),
]
