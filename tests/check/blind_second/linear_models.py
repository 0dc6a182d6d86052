"""Linear models as they are written in a first course: least squares, logistic, Poisson, softmax, many-class hinge."""

from __future__ import annotations

import numpy as np
from check.blind_second.case import Family


def ridge(w, b, X, y, lam):
    r = X @ w + b - y
    return np.mean(r**2) + lam * np.sum(w**2)


def d_ridge(w, b, X, y, lam):
    n = len(y)
    r = X @ w + b - y
    dw = 2 / n * X.T @ r + 2 * lam * w
    db = 2 / n * np.sum(r)
    return dw, db


def ridge_point(rng):
    return rng.normal(size=4), rng.normal(), rng.normal(size=(9, 4)), rng.normal(size=9), 0.3


def logistic(theta, b, X, y, weight, alpha):
    z = X @ theta + b
    nll = np.logaddexp(0, z) - y * z
    return np.sum(weight * nll) / np.sum(weight) + 0.5 * alpha * theta @ theta


def d_logistic(theta, b, X, y, weight, alpha):
    z = X @ theta + b
    p = 1 / (1 + np.exp(-z))
    dz = weight * (p - y) / np.sum(weight)
    dtheta = X.T @ dz + alpha * theta
    db = dz.sum()
    return dtheta, db


def logistic_point(rng):
    y = np.array([0, 1, 1, 0, 1, 0, 0, 1.0])
    return rng.normal(size=3), 0.4, rng.normal(size=(8, 3)), y, rng.uniform(0.5, 3, size=8), 0.7


def poisson(beta, X, counts, exposure):
    eta = X @ beta + np.log(exposure)
    return np.mean(np.exp(eta) - counts * eta)


def d_poisson(beta, X, counts, exposure):
    eta = X @ beta + np.log(exposure)
    mu = np.exp(eta)
    resid = mu - counts
    return (X.T @ resid / len(counts),)


def poisson_point(rng):
    X = np.column_stack([np.ones(12), rng.normal(size=(12, 3))])
    exposure = rng.uniform(0.5, 4, size=12)
    return 0.4 * rng.normal(size=4), X, rng.poisson(2.0, size=12).astype(float), exposure


def softmax_regression(W, b, X, labels, smooth):
    logits = X @ W + b
    logits = logits - logits.max(axis=1, keepdims=True)
    logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    k = W.shape[1]
    target = np.full(logp.shape, smooth / k)
    target[np.arange(len(labels)), labels] += 1 - smooth
    return -np.sum(target * logp) / len(labels)


def d_softmax_regression(W, b, X, labels, smooth):
    n, k = len(labels), W.shape[1]
    logits = X @ W + b
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    target = np.full(p.shape, smooth / k)
    target[np.arange(n), labels] += 1 - smooth
    dlogits = (p - target) / n
    dW = X.T @ dlogits
    db = dlogits.sum(axis=0)
    return dW, db


def softmax_point(rng):
    labels = np.array([0, 2, 1, 3, 3, 0, 1])
    return rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(7, 3)), labels, 0.2


def hinge(W, X, labels, reg):
    scores = X @ W
    correct = scores[np.arange(len(labels)), labels]
    margins = np.maximum(0, scores - correct[:, None] + 1)
    margins[np.arange(len(labels)), labels] = 0
    return margins.sum() / len(labels) + reg * np.sum(W * W)


def d_hinge(W, X, labels, reg):
    n = X.shape[0]
    rows = np.arange(n)
    scores = X @ W
    correct = scores[rows, labels]
    margins = scores - correct[:, None] + 1
    margins[rows, labels] = 0
    on = (margins > 0).astype(float)
    on[rows, labels] = -on.sum(axis=1)
    dW = X.T @ on / n
    dW += 2 * reg * W
    return (dW,)


def hinge_point(rng):
    return rng.normal(size=(4, 5)), rng.normal(size=(10, 4)), rng.integers(0, 5, size=10), 0.15


FAMILIES = [
    Family(
        "ridge regression",
        ridge,
        d_ridge,
        ridge_point,
        2,
        {
            "the 2 of the squares is forgotten, for the weights and for the bias": (
                "2 / n * X.T",
                "1 / n * X.T",
                "db = 2 / n",
                "db = 1 / n",
            ),
            "the slopes of the weights are summed, not averaged": ("dw = 2 / n * X.T", "dw = 2 * X.T"),
            "the penalty is forgotten": (" + 2 * lam * w", ""),
            "the penalty's 2 is forgotten": ("2 * lam * w", "lam * w"),
            "the penalty is subtracted": ("+ 2 * lam", "- 2 * lam"),
            "the bias is left out of the prediction in the backward pass": ("X @ w + b - y", "X @ w - y"),
            "target minus prediction: the data's part has the wrong sign": ("X @ w + b - y", "y - X @ w - b"),
            "the bias is divided by the number of rows twice": ("np.sum(r)", "np.mean(r)"),
            "averaged over the columns, not the rows": ("n = len(y)", "n = X.shape[1]"),
            "the bias is penalised too": ("np.sum(r)", "np.sum(r) + 2 * lam * b"),
            "the penalty of absolute values in place of squares": ("2 * lam * w", "lam * np.sign(w)"),
            "the penalty is averaged over the rows with the rest": ("2 * lam * w", "2 * lam * w / n"),
            "the slope of absolute residuals in place of squares": (
                "dw = 2 / n * X.T @ r",
                "dw = X.T @ np.sign(r) / n",
            ),
            "the penalty is forgotten; and the bias has the wrong sign": (" + 2 * lam * w", "", "db = 2", "db = -2"),
        },
    ),
    Family(
        "weighted logistic regression",
        logistic,
        d_logistic,
        logistic_point,
        2,
        {
            "the sample weights are forgotten": ("weight * (p - y) / np.sum(weight)", "(p - y) / len(y)"),
            "divided by the number of samples, not by the sum of the weights": ("/ np.sum(weight)", "/ len(y)"),
            "not divided by the sum of the weights": (" / np.sum(weight)", ""),
            "the penalty has a 2 that the half in the loss takes away": ("alpha * theta", "2 * alpha * theta"),
            "the penalty is forgotten": (" + alpha * theta", ""),
            "the sigmoid's slope is multiplied in a second time": (
                "weight * (p - y) /",
                "weight * (p - y) * p * (1 - p) /",
            ),
            "label minus probability: wrong sign of the data's part": ("(p - y)", "(y - p)"),
            "the sigmoid has exp of plus z": ("np.exp(-z)", "np.exp(z)"),
            "the bias is left out of the score in the backward pass": ("X @ theta + b", "X @ theta"),
            "the bias's slope is averaged once more": ("dz.sum()", "dz.mean()"),
            "score in place of probability": ("(p - y)", "(z - y)"),
            "labels taken as minus one and one": ("(p - y)", "(p - (2 * y - 1))"),
            "hard decision in place of the probability": ("(p - y)", "((p > 0.5) - y)"),
            "the weights are applied twice": ("dtheta = X.T @ dz", "dtheta = X.T @ (weight * dz)"),
            "the penalty is forgotten; and the bias has the wrong sign": (
                " + alpha * theta",
                "",
                "dz.sum()",
                "-dz.sum()",
            ),
        },
    ),
    Family(
        "Poisson regression with exposure",
        poisson,
        d_poisson,
        poisson_point,
        1,
        {
            "the exposure is forgotten in the backward pass": ("X @ beta + np.log(exposure)", "X @ beta"),
            "the exposure is added without its logarithm": ("np.log(exposure)", "exposure"),
            "not divided by the number of rows": (" / len(counts)", ""),
            "divided by the number of columns": ("len(counts)", "X.shape[1]"),
            "the linear score in place of its exponential": ("mu - counts", "eta - counts"),
            "observed minus expected": ("mu - counts", "counts - mu"),
            "the counts are left out": ("resid = mu - counts", "resid = mu"),
            "the residual is multiplied by the mean once more, as for squared error": (
                "mu - counts",
                "(mu - counts) * mu",
            ),
            "the residual is divided by the mean, as for the logarithm of the mean": ("mu - counts", "1 - counts / mu"),
            "a factor 2 as for squared error": ("(X.T @ resid", "(2 * X.T @ resid"),
            "the intercept's column is left out of the sums": (
                "return (X.T @ resid / len(counts),)",
                "g = X.T @ resid / len(counts)\n    g[0] = 0\n    return (g,)",
            ),
            "log of the exposure is subtracted": ("+ np.log(exposure)", "- np.log(exposure)"),
            "divided by the sum of the counts": ("/ len(counts)", "/ counts.sum()"),
            "the last row is left out": ("X.T @ resid", "X[:-1].T @ resid[:-1]"),
        },
    ),
    Family(
        "softmax regression with smoothed labels",
        softmax_regression,
        d_softmax_regression,
        softmax_point,
        2,
        {
            "label smoothing is forgotten": (
                "np.full(p.shape, smooth / k)",
                "np.zeros(p.shape)",
                "+= 1 - smooth",
                "= 1.0",
            ),
            "the label's entry is set and not added to": ("+= 1 - smooth", "= 1 - smooth"),
            "the smoothing mass is spread over k - 1 classes": ("smooth / k", "smooth / (k - 1)"),
            "not divided by the batch size": ("(p - target) / n", "p - target"),
            "averaged over all the entries of the batch": ("(p - target) / n", "(p - target) / p.size"),
            "the exponentials are normalised over the rows, not the classes": (
                "e / e.sum(axis=1, keepdims=True)",
                "e / e.sum(axis=0, keepdims=True)",
            ),
            "the exponentials are not normalised": ("p = e / e.sum(axis=1, keepdims=True)", "p = e"),
            "wrong sign": ("(p - target)", "(target - p)"),
            "labels counted from one": ("[np.arange(n), labels]", "[np.arange(n), labels - 1]"),
            "the largest logit is subtracted above the line only, not in the sum below": (
                "p = e / e.sum(axis=1, keepdims=True)",
                "p = e / np.exp(logits).sum(axis=1, keepdims=True)",
            ),
            "the target is left out": ("(p - target)", "p"),
            "the softmax's slope p(1 - p) is multiplied in again": (
                "(p - target) / n",
                "(p - target) * p * (1 - p) / n",
            ),
            "the bias's slope is averaged over the batch again": ("dlogits.sum(axis=0)", "dlogits.mean(axis=0)"),
            "the last row of the batch is left out of the weights": ("X.T @ dlogits", "X[:-1].T @ dlogits[:-1]"),
            "not divided by the batch size; and wrong sign of the bias": (
                "(p - target) / n",
                "p - target",
                "db = d",
                "db = -d",
            ),
        },
    ),
    Family(
        "many-class hinge",
        hinge,
        d_hinge,
        hinge_point,
        1,
        {
            "the right class gets minus one, not minus the number of violated margins": ("-on.sum(axis=1)", "-1"),
            "the right class's column is forgotten": ("    on[rows, labels] = -on.sum(axis=1)\n", ""),
            "the right class's column has the wrong sign": ("-on.sum(axis=1)", "on.sum(axis=1)"),
            "the margin of one is forgotten": ("correct[:, None] + 1", "correct[:, None]"),
            "the right class's own margin is not put to zero": ("    margins[rows, labels] = 0\n", ""),
            "not divided by the number of rows": ("X.T @ on / n", "X.T @ on"),
            "the penalty is forgotten": ("    dW += 2 * reg * W\n", ""),
            "the penalty's 2 is forgotten": ("2 * reg * W", "reg * W"),
            "the slope of the squared hinge": (
                "(margins > 0).astype(float)",
                "2 * np.maximum(margins, 0)",
            ),
            "all the classes count as violated": ("(margins > 0).astype(float)", "(margins != 0).astype(float)"),
            "only the most violated class counts": (
                "(margins > 0).astype(float)",
                "((margins > 0) & (margins == margins.max(axis=1, keepdims=True))).astype(float)",
            ),
            "violated and met margins are confused": ("(margins > 0)", "(margins < 0)"),
            "the penalty overwrites the data's part": ("dW += 2", "dW = 2"),
            "divided by the number of classes": ("on / n", "on / W.shape[1]"),
            "the penalty is forgotten; and the margin of one is forgotten": (
                "    dW += 2 * reg * W\n",
                "",
                "correct[:, None] + 1",
                "correct[:, None]",
            ),
        },
    ),
]
