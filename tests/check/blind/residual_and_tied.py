"""Residual blocks, and an autoencoder with tied weights."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family, sigmoid


def residual_loss(E, A, a, B, C, c, D, o, X, y):
    x0 = X @ E
    x1 = x0 + np.tanh(x0 @ A + a) @ B
    x2 = x1 + np.tanh(x1 @ C + c) @ D
    return np.mean((x2 @ o - y) ** 2)


def residual_backward(E, A, a, B, C, c, D, o, X, y, bug=NONE):
    x0 = X @ E
    h1 = np.tanh(x0 @ A + a)
    x1 = x0 + h1 @ B
    if "forward without skip" in bug:
        x1 = h1 @ B
    h2 = np.tanh(x1 @ C + c)
    x2 = x1 + h2 @ D
    dout = 2 * (x2 @ o - y) / len(y)
    if "no two" in bug:
        dout = dout / 2
    do = x2.T @ dout
    if "readout of branch" in bug:
        do = (h2 @ D).T @ dout
    dx2 = np.outer(dout, o)
    dD = h2.T @ dx2
    dh2 = (dx2 @ D.T) * (1 - h2**2)
    if "second slope" in bug:
        dh2 = dx2 @ D.T
    dC, dc = x1.T @ dh2, dh2.sum(axis=0)
    if "x0 for x1" in bug:
        dC = x0.T @ dh2
    if "x2 for x1" in bug:
        dC = x2.T @ dh2
    dx1 = dx2 + dh2 @ C.T
    if "second skip missing" in bug:
        dx1 = dh2 @ C.T
    if "second branch missing" in bug:
        dx1 = dx2
    if "skip averaged" in bug:
        dx1 = 0.5 * (dx2 + dh2 @ C.T)
    if "skip twice" in bug:
        dx1 = 2 * dx2 + dh2 @ C.T
    dB = h1.T @ dx1
    if "B from below" in bug:
        dB = h1.T @ dx2
    dh1 = (dx1 @ B.T) * (1 - h1**2)
    if "first slope of h2" in bug:
        dh1 = (dx1 @ B.T) * (1 - h2**2)
    if "D for B" in bug:
        dh1 = (dx1 @ D.T) * (1 - h1**2)
    dA, da = x0.T @ dh1, dh1.sum(axis=0)
    dx0 = dx1 + dh1 @ A.T
    if "first skip missing" in bug:
        dx0 = dh1 @ A.T
    if "first branch missing" in bug:
        dx0 = dx1
    if "skip from the top" in bug:
        dx0 = dx2 + dh1 @ A.T
    if "skip minus" in bug:
        dx0 = dx1 - dh1 @ A.T
    dE = X.T @ dx0
    if "both skips missing" in bug:
        dx1 = dh2 @ C.T
        dE = X.T @ (((dx1 @ B.T) * (1 - h1**2)) @ A.T)
    if "bias of C divided" in bug:
        dc = dc / len(X)
    return dE, dA, da, dB, dC, dc, dD, do


RESIDUAL = {
    "forward without skip": "first skip connection missing in the recomputed forward pass",
    "no two": "2 of the square missing",
    "readout of branch": "readout's gradient from the branch only, without the skip",
    "second slope": "second block's tanh slope missing",
    "x0 for x1": "second block's weights use the first block's input",
    "x2 for x1": "second block's weights use the block's output",
    "second skip missing": "gradient through the second skip connection missing",
    "second branch missing": "second block passes back the skip only",
    "skip averaged": "skip and branch averaged instead of added",
    "skip twice": "skip connection's gradient counted twice",
    "B from below": "B's gradient from the error above the second block",
    "first slope of h2": "first block's slope from the second block's activations",
    "D for B": "goes back through D where B belongs",
    "first skip missing": "gradient through the first skip connection missing",
    "first branch missing": "first block's branch gives nothing back to the embedding",
    "skip from the top": "first skip takes the error from the top, past the second block",
    "skip minus": "branch subtracted from the skip on the way back",
    "both skips missing": "embedding gets its gradient through the branches only",
    "bias of C divided": "second block's bias averaged once more",
}


def residual_point(rng):
    shapes = ((3, 4), (4, 5), 5, (5, 4), (4, 5), 5, (5, 4), 4)
    return *(rng.normal(size=s) * 0.6 for s in shapes), rng.normal(size=(6, 3)), rng.normal(size=6)


def tied_loss(W, b, c, X):
    h = sigmoid(X @ W + b)
    return 0.5 * np.mean(np.sum((h @ W.T + c - X) ** 2, axis=1))


def tied_backward(W, b, c, X, bug=NONE):
    n = len(X)
    h = sigmoid(X @ W + b)
    d = (h @ W.T + c - X) / n
    if "all entries" in bug:
        d = d / X.shape[1]
    if "doubled" in bug:
        d = 2 * d
    if "target sign" in bug:
        d = (h @ W.T + c + X) / n
    decoder = d.T @ h
    dc = d.sum(axis=0)
    dh = d @ W
    slope = h * (1 - h)
    if "slope missing" in bug:
        slope = 1.0
    if "tanh slope" in bug:
        slope = 1 - h**2
    if "slope of decoder" in bug:
        slope = sigmoid(h) * (1 - sigmoid(h))
    da = dh * slope
    encoder = X.T @ da
    db = da.sum(axis=0)
    dW = encoder + decoder
    if "encoder only" in bug:
        dW = encoder
    if "decoder only" in bug:
        dW = decoder
    if "averaged" in bug:
        dW = 0.5 * (encoder + decoder)
    if "difference" in bug:
        dW = encoder - decoder
    if "decoder doubled" in bug:
        dW = encoder + 2 * decoder
    if "encoder of reconstruction" in bug:
        dW = (h @ W.T + c).T @ da + decoder
    if "decoder's inputs" in bug:
        dW = encoder + X.T @ h / n
    if "b before slope" in bug:
        db = dh.sum(axis=0)
    if "b mean" in bug:
        db = da.mean(axis=0)
    if "c from inputs" in bug:
        dc = (h @ W.T - X).sum(axis=0) / n
    if "input's own gradient" in bug:
        dc = dc - d.mean()
    if "hidden column" in bug:
        dW[:, 2] = encoder[:, 2]
    if "transposed" in bug:
        dW = dW.T
    return dW, db, dc


TIED = {
    "all entries": "averaged over all entries; the loss sums over features",
    "doubled": "2 of the square although the loss has one half",
    "target sign": "target added instead of subtracted",
    "slope missing": "hidden sigmoid's slope missing",
    "tanh slope": "tanh's slope for a sigmoid",
    "slope of decoder": "sigmoid's slope at the activation: applied twice",
    "encoder only": "tied weights: the decoder's share is missing",
    "decoder only": "tied weights: the encoder's share is missing",
    "averaged": "tied weights: shares averaged instead of added",
    "difference": "tied weights: decoder's share subtracted",
    "decoder doubled": "tied weights: decoder's share counted twice",
    "encoder of reconstruction": "encoder's share with the reconstruction instead of the input",
    "decoder's inputs": "decoder's share with the input instead of the error",
    "b before slope": "b's gradient before the slope",
    "b mean": "b averaged once more",
    "c from inputs": "c itself left out of the error in c's gradient",
    "input's own gradient": "mean error subtracted from c's gradient (centred)",
    "hidden column": "decoder's share missing for one hidden unit only",
    "transposed": "W's gradient transposed",
}


def tied_point(rng):
    return rng.normal(size=(6, 4)) * 0.7, rng.normal(size=4), rng.normal(size=6), rng.normal(size=(5, 6))


FAMILIES = [
    Family(
        "residual blocks",
        residual_loss,
        residual_backward,
        residual_point,
        8,
        RESIDUAL,
        (("x0 for x1", "first skip missing"), ("bias of C divided", "readout of branch")),
        (1e-2, 0.3, 2.0),
    ),
    Family(
        "tied autoencoder",
        tied_loss,
        tied_backward,
        tied_point,
        3,
        TIED,
        (("encoder only", "b mean"), ("tanh slope", "c from inputs")),
        (1e-3, 0.1, 5.0),
    ),
]
