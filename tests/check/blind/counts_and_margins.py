"""Poisson regression and the multi-class hinge loss."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family


def poisson_loss(coef, offset, X, counts, exposure):
    eta = X @ coef + offset
    return np.mean(exposure * np.exp(eta) - counts * eta)


def poisson_backward(coef, offset, X, counts, exposure, bug=NONE):
    n = len(X)
    eta = X @ coef + offset
    rate = exposure * np.exp(eta)
    if "no exposure" in bug:
        rate = np.exp(eta)
    if "exposure inside" in bug:
        rate = np.exp(exposure * eta)
    if "identity link" in bug:
        rate = exposure * eta
    if "offset left out" in bug:
        rate = exposure * np.exp(X @ coef)
    if "softplus link" in bug:
        rate = exposure * np.log1p(np.exp(eta))
    d = rate - counts
    if "sign" in bug:
        d = counts - rate
    if "rate's slope again" in bug:
        d = (rate - counts) * rate
    if "ratio" in bug:
        d = 1 - counts / rate
    if "exposure on counts" in bug:
        d = rate - exposure * counts
    if "counts dropped" in bug:
        d = rate
    if "log counts" in bug:
        d = rate - np.log1p(counts)
    if "zero counts skipped" in bug:
        d = np.where(counts > 0, rate - counts, 0.0)
    if "sum" not in bug:
        d = d / n
    if "by total exposure" in bug:
        d = d * n / np.sum(exposure)
    d_coef, d_offset = X.T @ d, np.sum(d)
    if "offset exposure" in bug:
        d_offset = np.sum(d * exposure)
    if "offset mean" in bug:
        d_offset = np.mean(d)
    if "design shifted" in bug:
        d_coef = np.roll(X, 1, axis=1).T @ d
    if "float labels" in bug:
        d_coef[1] = np.round(d_coef[1], 2)
    return d_coef, d_offset


POISSON = {
    "no exposure": "exposure forgotten",
    "exposure inside": "exposure inside the exponential",
    "identity link": "exponential forgotten: rate taken as linear",
    "offset left out": "offset missing in the recomputed rate",
    "softplus link": "softplus in place of the exponential",
    "sign": "log-likelihood's gradient, not the negative's",
    "rate's slope again": "extra factor: derivative of the exponential applied twice",
    "ratio": "derivative with respect to the rate, the link's derivative missing",
    "exposure on counts": "exposure multiplies the counts too",
    "counts dropped": "the counts' term is missing",
    "log counts": "logarithm of the counts instead of the counts",
    "zero counts skipped": "rows with zero counts get no gradient",
    "sum": "not averaged over rows",
    "by total exposure": "divided by the total exposure instead of n",
    "offset exposure": "offset's gradient weighted by exposure once more",
    "offset mean": "offset's gradient averaged twice",
    "design shifted": "columns of the design off by one",
    "float labels": "one entry rounded to two digits",
}


def poisson_point(rng):
    X = rng.normal(size=(9, 3)) * 0.6
    return rng.normal(size=3), 0.2, X, np.array([0, 1, 3, 0, 2, 5, 1, 0, 4]) * 1.0, rng.uniform(0.5, 2.0, size=9)


def hinge_loss(W, b, X, labels, reg):
    scores = X @ W + b
    n = len(X)
    true = scores[np.arange(n), labels][:, None]
    margins = np.maximum(0, scores - true + 1)
    return (np.sum(margins) - n) / n + 0.5 * reg * np.sum(W * W)


def hinge_backward(W, b, X, labels, reg, bug=NONE):
    n, rows = len(X), np.arange(len(X))
    scores = X @ W + b
    margin = 0.0 if "no margin" in bug else 1.0
    margins = scores - scores[rows, labels][:, None] + margin
    if "margin sign" in bug:
        margins = scores[rows, labels][:, None] - scores + 1
    hot = (margins > 0) * 1.0
    if "values" in bug:
        hot = np.maximum(margins, 0)
    if "squared hinge" in bug:
        hot = 2 * np.maximum(margins, 0)
    if "worst only" in bug:
        others = np.where(np.eye(W.shape[1])[labels] > 0, -np.inf, margins)
        hot = hot * (others == others.max(axis=1, keepdims=True))
    if "not masked" in bug:
        hot = np.ones_like(margins)
    hot[rows, labels] = 0
    count = hot.sum(axis=1)
    if "true class kept" in bug:
        count = count + 1
    if "true class once" in bug:
        hot[rows, labels] -= 1
    elif "true class sign" in bug:
        hot[rows, labels] += count
    elif "true class missing" not in bug:
        hot[rows, labels] -= count
    d = hot / n
    if "sum" in bug:
        d = hot
    if "by classes" in bug:
        d = hot / (n * W.shape[1])
    if "sign" in bug:
        d = -d
    dW, db = X.T @ d, d.sum(axis=0)
    if "bias mean" in bug:
        db = d.mean(axis=0)
    penalty = reg * W
    if "penalty doubled" in bug:
        penalty = 2 * reg * W
    if "penalty missing" in bug:
        penalty = 0 * W
    if "penalty by n" in bug:
        penalty = reg * W / n
    if "penalty of bias" in bug:
        db = db + reg * b
    if "penalty replaces" in bug:
        dW[:, 0] = 0
    return dW + penalty, db


HINGE = {
    "no margin": "margin of 1 missing in the backward pass's test",
    "margin sign": "margin taken the wrong way round",
    "values": "margins themselves used instead of the indicator",
    "squared hinge": "derivative of the squared hinge",
    "worst only": "only the worst violating class gets a gradient",
    "not masked": "classes inside the margin get a gradient too",
    "true class kept": "the true class counted among the violating ones",
    "true class once": "true class gets -1 instead of minus the number of violations",
    "true class sign": "true class's gradient added with the wrong sign",
    "true class missing": "true class gets no gradient",
    "sum": "not averaged over rows",
    "by classes": "divided by the number of classes as well",
    "sign": "data term's sign flipped",
    "bias mean": "bias averaged once more",
    "penalty doubled": "penalty 2 reg W although the loss has one half",
    "penalty missing": "penalty's gradient missing",
    "penalty by n": "penalty divided by n",
    "penalty of bias": "biases penalised too",
    "penalty replaces": "first class: penalty overwrites the data gradient",
}


def hinge_point(rng):
    X = rng.normal(size=(8, 5))
    return rng.normal(size=(5, 4)), rng.normal(size=4), X, np.array([0, 1, 2, 3, 1, 1, 0, 2]), 0.07


FAMILIES = [
    Family(
        "Poisson regression",
        poisson_loss,
        poisson_backward,
        poisson_point,
        2,
        POISSON,
        (("no exposure", "offset mean"),),
        (1e-4, 0.1, 4.0),
    ),
    Family(
        "multi-class hinge",
        hinge_loss,
        hinge_backward,
        hinge_point,
        2,
        HINGE,
        (("true class missing", "penalty doubled"), ("sum", "penalty of bias")),
        (1e-3, 10.0, 1e4),
    ),
]
