"""Batch normalisation and layer normalisation within a small net."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family

EPS = 1e-3


def batch_loss(W, gamma, beta, v, X, y):
    z = X @ W
    hat = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + EPS)
    out = np.tanh(gamma * hat + beta) @ v
    return np.mean((out - y) ** 2)


def batch_backward(W, gamma, beta, v, X, y, bug=NONE):
    n = len(X)
    z = X @ W
    mean, var = z.mean(axis=0), z.var(axis=0)
    if "unbiased variance" in bug:
        var = z.var(axis=0, ddof=1)
    eps = 0.0 if "no epsilon" in bug else EPS
    std = np.sqrt(var + eps)
    if "running statistics" in bug:
        mean, std = 0.9 * mean, np.sqrt(0.9 * var + 0.1 + eps)
    hat = (z - mean) / std
    h = np.tanh(gamma * hat + beta)
    d = 2 * (h @ v - y) / n
    if "sum" in bug:
        d = d * n
    dv = h.T @ d
    du = np.outer(d, v) * (1 - h**2)
    d_gamma, d_beta = np.sum(du * hat, axis=0), du.sum(axis=0)
    if "gamma of raw" in bug:
        d_gamma = np.sum(du * z, axis=0)
    if "gamma of centred" in bug:
        d_gamma = np.sum(du * (z - mean), axis=0)
    if "gamma mean" in bug:
        d_gamma = np.mean(du * hat, axis=0)
    if "gamma of output" in bug:
        d_gamma = np.sum(du * (gamma * hat + beta), axis=0)
    if "beta times gamma" in bug:
        d_beta = d_beta * gamma
    d_hat = du * gamma
    if "gamma not passed" in bug:
        d_hat = du
    dz = (d_hat - d_hat.mean(axis=0) - hat * np.mean(d_hat * hat, axis=0)) / std
    if "statistics constant" in bug:
        dz = d_hat / std
    if "mean constant" in bug:
        dz = (d_hat - hat * np.mean(d_hat * hat, axis=0)) / std
    if "variance constant" in bug:
        dz = (d_hat - d_hat.mean(axis=0)) / std
    if "variance doubled" in bug:
        dz = (d_hat - d_hat.mean(axis=0) - 2 * hat * np.mean(d_hat * hat, axis=0)) / std
    if "variance sign" in bug:
        dz = (d_hat - d_hat.mean(axis=0) + hat * np.mean(d_hat * hat, axis=0)) / std
    if "sums for means" in bug:
        dz = (d_hat - d_hat.sum(axis=0) - hat * np.sum(d_hat * hat, axis=0)) / std
    if "other axis" in bug:
        dz = (d_hat - d_hat.mean(axis=1, keepdims=True) - hat * np.mean(d_hat * hat, axis=1, keepdims=True)) / std
    if "by variance" in bug:
        dz = dz / std
    if "no division" in bug:
        dz = dz * std
    if "centred twice" in bug:
        dz = dz + (z - mean) * np.mean(d_hat) / n
    dW = X.T @ dz
    if "W of last row" in bug:
        dW = np.outer(X[-1], dz[-1])
    return dW, d_gamma, d_beta, dv


BATCH = {
    "unbiased variance": "variance with n - 1 in the backward pass, n in the loss",
    "no epsilon": "epsilon missing in the backward pass",
    "running statistics": "running statistics used in place of the batch's",
    "sum": "not averaged over the batch",
    "gamma of raw": "gamma's gradient with unnormalised values",
    "gamma of centred": "gamma's gradient with centred values not divided by the deviation",
    "gamma mean": "gamma's gradient averaged instead of summed over the batch",
    "gamma of output": "gamma's gradient with the scaled and shifted values",
    "beta times gamma": "beta's gradient multiplied by gamma",
    "gamma not passed": "gamma missing in the chain to the inputs",
    "statistics constant": "batch mean and variance treated as constants",
    "mean constant": "batch mean treated as constant",
    "variance constant": "batch variance treated as constant",
    "variance doubled": "variance's share counted twice",
    "variance sign": "variance's share with the wrong sign",
    "sums for means": "sums in place of means in the normalisation's backward",
    "other axis": "means over the features instead of over the batch in the backward",
    "by variance": "divided by the variance instead of the deviation",
    "no division": "division by the deviation missing",
    "centred twice": "an extra term through the centred values",
    "W of last row": "W's gradient from the last row only",
}


def batch_point(rng):
    return (
        rng.normal(size=(4, 5)),
        rng.uniform(0.5, 1.5, size=5),
        rng.normal(size=5) * 0.3,
        rng.normal(size=5),
        rng.normal(size=(8, 4)),
        rng.normal(size=8),
    )


def layer_loss(W, b, gain, shift, U, X, Y):
    z = X @ W + b
    mean = z.mean(axis=1, keepdims=True)
    std = np.sqrt(((z - mean) ** 2).mean(axis=1, keepdims=True) + EPS)
    out = (gain * (z - mean) / std + shift) @ U
    return np.sum((out - Y) ** 2) / len(X)


def layer_backward(W, b, gain, shift, U, X, Y, bug=NONE):
    n, k = len(X), W.shape[1]
    z = X @ W + b
    mean = z.mean(axis=1, keepdims=True)
    var = z.var(axis=1, keepdims=True)
    std = np.sqrt(var + EPS)
    if "epsilon outside" in bug:
        std = np.sqrt(var) + EPS
    if "epsilon 1e-5" in bug:
        std = np.sqrt(var + 1e-5)
    if "over the batch" in bug:
        mean, std = z.mean(axis=0), np.sqrt(z.var(axis=0) + EPS)
    if "over everything" in bug:
        mean, std = z.mean(), np.sqrt(z.var() + EPS)
    if "root mean square" in bug:
        mean, std = 0.0, np.sqrt(np.mean(z**2, axis=1, keepdims=True) + EPS)
    hat = (z - mean) / std
    ln = gain * hat + shift
    d = 2 * (ln @ U - Y) / n
    if "all entries" in bug:
        d = d / Y.shape[1]
    dU = ln.T @ d
    if "U of normalised" in bug:
        dU = hat.T @ d
    dln = d @ U.T
    d_gain, d_shift = np.sum(dln * hat, axis=0), np.sum(dln, axis=0)
    if "gain of inputs" in bug:
        d_gain = np.sum(dln * z, axis=0)
    if "gain wrong axis" in bug:
        d_gain = np.sum(dln * hat, axis=1)
    if "shift mean" in bug:
        d_shift = np.mean(dln, axis=0)
    if "gain one entry" in bug:
        d_gain[0] = 0
    d_hat = dln * gain
    if "gain not passed" in bug:
        d_hat = dln
    if "divided by gain" in bug:
        d_hat = dln / gain
    centre = d_hat.mean(axis=1, keepdims=True)
    spread = hat * np.mean(d_hat * hat, axis=1, keepdims=True)
    if "mean constant" in bug:
        centre = 0
    if "deviation constant" in bug:
        spread = 0
    if "both constant" in bug:
        centre = spread = 0
    if "spread without hat" in bug:
        spread = np.mean(d_hat * hat, axis=1, keepdims=True)
    if "spread by k minus one" in bug:
        spread = spread * k / (k - 1)
    if "spread plus" in bug:
        spread = -spread
    dz = (d_hat - centre - spread) / std
    if "std cubed" in bug:
        dz = dz / std**2
    dW, db = X.T @ dz, dz.sum(axis=0)
    if "b of hat" in bug:
        db = d_hat.sum(axis=0)
    if "b mean" in bug:
        db = dz.mean(axis=0)
    return dW, db, d_gain, d_shift, dU


LAYER = {
    "epsilon outside": "epsilon added outside the root",
    "epsilon 1e-5": "another epsilon than the loss's",
    "over the batch": "normalised over the batch instead of over the features",
    "over everything": "normalised over all entries",
    "root mean square": "RMS norm in the backward pass: mean not subtracted",
    "all entries": "averaged over outputs as well",
    "U of normalised": "output weights' gradient without gain and shift",
    "gain of inputs": "gain's gradient with unnormalised values",
    "gain wrong axis": "gain's gradient summed over the features (wrong shape)",
    "shift mean": "shift's gradient averaged",
    "gain one entry": "first entry of the gain's gradient missing",
    "gain not passed": "gain missing in the chain",
    "divided by gain": "divided by the gain instead of multiplied",
    "mean constant": "mean treated as constant",
    "deviation constant": "deviation treated as constant",
    "both constant": "mean and deviation treated as constants",
    "spread without hat": "factor of the normalised value missing in the deviation's share",
    "spread by k minus one": "deviation's share divided by k - 1",
    "spread plus": "deviation's share added instead of subtracted",
    "std cubed": "divided by the deviation three times",
    "b of hat": "bias takes the gradient before the normalisation's backward",
    "b mean": "bias averaged over the batch",
}


def layer_point(rng):
    return (
        rng.normal(size=(3, 6)),
        rng.normal(size=6),
        rng.uniform(0.5, 2, size=6),
        rng.normal(size=6) * 0.2,
        rng.normal(size=(6, 2)),
        rng.normal(size=(5, 3)),
        rng.normal(size=(5, 2)),
    )


FAMILIES = [
    Family(
        "batch normalisation",
        batch_loss,
        batch_backward,
        batch_point,
        4,
        BATCH,
        (("mean constant", "gamma mean"), ("variance constant", "beta times gamma")),
        (0.3, 2.0),
    ),
    Family(
        "layer normalisation",
        layer_loss,
        layer_backward,
        layer_point,
        5,
        LAYER,
        (("gain not passed", "shift mean"), ("deviation constant", "gain one entry")),
        (0.3, 10.0),
    ),
]
