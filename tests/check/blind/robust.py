"""Huber regression and the elastic net."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family


def huber_loss(w, b, X, y, delta):
    r = X @ w + b - y
    size = np.abs(r)
    return np.mean(np.where(size <= delta, 0.5 * r**2, delta * (size - 0.5 * delta)))


def huber_backward(w, b, X, y, delta, bug=NONE):
    r = X @ w + b - y
    inner, outer = r, delta * np.sign(r)
    small = np.abs(r) <= delta
    if "inner doubled" in bug:
        inner = 2 * r
    if "inner halved" in bug:
        inner = 0.5 * r
    if "outer without delta" in bug:
        outer = np.sign(r)
    if "outer without sign" in bug:
        outer = np.full_like(r, delta)
    if "outer linear" in bug:
        outer = delta * r
    if "outer dropped" in bug:
        outer = 0 * r
    if "threshold one" in bug:
        small = np.abs(r) <= 1.0
    if "threshold squared" in bug:
        small = r**2 <= delta
    if "no absolute in test" in bug:
        small = r <= delta
    if "branches exchanged" in bug:
        small = ~small
    if "never clipped" in bug:
        small = np.ones(len(r), bool)
    if "always clipped" in bug:
        small = np.zeros(len(r), bool)
    d = np.where(small, inner, outer) / len(r)
    if "mean of inliers" in bug:
        d = d * len(r) / np.sum(small)
    if "sum" in bug:
        d = d * len(r)
    if "sign" in bug:
        d = -d
    dw, db = X.T @ d, np.sum(d)
    if "bias not clipped" in bug:
        db = np.mean(r)
    if "weights not clipped" in bug:
        dw = X.T @ r / len(r)
    return dw, db


HUBER = {
    "inner doubled": "quadratic part with a factor 2 although the loss has one half",
    "inner halved": "the one half stays in the quadratic part's derivative",
    "outer without delta": "linear part's slope is 1 instead of delta",
    "outer without sign": "linear part has no sign: always +delta",
    "outer linear": "linear part's derivative still multiplied by the error",
    "outer dropped": "outliers get no gradient",
    "threshold one": "threshold 1 hard-coded instead of delta",
    "threshold squared": "squared error compared with delta",
    "no absolute in test": "the test for the threshold lacks the absolute value",
    "branches exchanged": "the two branches of where are exchanged",
    "never clipped": "gradient of the plain square, never clipped",
    "always clipped": "gradient of the absolute error everywhere",
    "mean of inliers": "averaged over the inliers only",
    "sum": "summed, not averaged",
    "sign": "sign of the error flipped",
    "bias not clipped": "the bias uses the unclipped error",
    "weights not clipped": "the weights use the unclipped error",
}


def huber_point(rng):
    return rng.normal(size=3), 0.2, rng.normal(size=(24, 3)), rng.normal(size=24) * 1.5, 0.5


def elastic_loss(beta, beta0, X, y, alpha, gamma):
    r = y - beta0 - X @ beta
    return np.sum(r * r) / (2 * len(y)) + alpha * np.sum(np.abs(beta)) + gamma * np.sum(beta**2)


def elastic_backward(beta, beta0, X, y, alpha, gamma, bug=NONE):
    n = len(y)
    r = y - beta0 - X @ beta
    fit = -X.T @ r / n
    lasso, ridge = alpha * np.sign(beta), 2 * gamma * beta
    d0 = -np.sum(r) / n
    if "fit sign" in bug:
        fit = X.T @ r / n
    if "fit doubled" in bug:
        fit = 2 * fit
    if "both signs" in bug:
        fit, d0 = -fit, -d0
    if "lasso absolute" in bug:
        lasso = alpha * np.abs(beta)
    if "lasso without sign" in bug:
        lasso = alpha * np.ones(len(beta))
    if "lasso missing" in bug:
        lasso = 0 * beta
    if "lasso step" in bug:
        lasso = alpha * (beta > 0)
    if "lasso mean" in bug:
        lasso = alpha * np.sign(beta) / len(beta)
    if "lasso subtracted" in bug:
        lasso = -lasso
    if "lasso of rounded" in bug:
        lasso = alpha * np.sign(np.where(np.abs(beta) < 0.5, 0.0, beta))
    if "ridge halved" in bug:
        ridge = gamma * beta
    if "ridge missing" in bug:
        ridge = 0 * beta
    if "ridge of value" in bug:
        ridge = gamma * beta**2
    if "strengths exchanged" in bug:
        lasso, ridge = gamma * np.sign(beta), 2 * alpha * beta
    if "offset penalised" in bug:
        d0 = d0 + alpha * np.sign(beta0)
    if "offset sign" in bug:
        d0 = -d0
    if "clipped" in bug:
        return np.clip(fit + lasso + ridge, -0.5, 0.5), d0
    return fit + lasso + ridge, d0


ELASTIC = {
    "fit sign": "the minus of -X beta is forgotten in the weights' data term",
    "fit doubled": "data term doubled: the 1/2 of the loss overlooked",
    "both signs": "residual's sign flipped for weights and offset, penalties right",
    "lasso absolute": "absolute value in place of the sign",
    "lasso without sign": "L1 term adds alpha to each weight, whatever its sign",
    "lasso missing": "L1 term forgotten",
    "lasso step": "L1 slope for positive weights only",
    "lasso mean": "L1 term averaged over the weights",
    "lasso subtracted": "L1 term subtracted",
    "lasso of rounded": "L1 slope zeroed for small weights",
    "ridge halved": "the 2 of the L2 term forgotten",
    "ridge missing": "L2 term forgotten",
    "ridge of value": "L2 penalty's value instead of its derivative",
    "strengths exchanged": "alpha and gamma exchanged",
    "offset penalised": "offset has an L1 penalty in the gradient only",
    "offset sign": "sign of the offset's gradient flipped",
    "clipped": "gradient clipping left on",
}


def elastic_point(rng):
    beta = rng.choice([-1.0, 1.0], size=6) * rng.uniform(0.1, 1.5, size=6)
    return beta, 0.25, rng.normal(size=(8, 6)), rng.normal(size=8), 0.3, 0.11


WIDE = (1e-4, 1e-2, 100.0, 1e4)
FAMILIES = [
    Family(
        "Huber regression",
        huber_loss,
        huber_backward,
        huber_point,
        2,
        HUBER,
        (("inner doubled", "outer without delta"),),
        WIDE,
    ),
    Family(
        "elastic net",
        elastic_loss,
        elastic_backward,
        elastic_point,
        2,
        ELASTIC,
        (("lasso missing", "offset sign"), ("fit doubled", "ridge halved")),
        (1e-2, 10.0, 1e4),
    ),
]
