"""Regressions: least squares, ridge, polynomial."""

from __future__ import annotations

import numpy as np
from check.blind.case import NONE, Family


def linear_loss(w, b, X, y):
    return np.mean((X @ w + b - y) ** 2)


def linear_backward(w, b, X, y, bug=NONE):
    n = len(X)
    prediction = X @ w + b
    if "forward without bias" in bug:
        prediction = X @ w
    if "half precision" in bug:
        prediction = (X.astype(np.float16) @ w.astype(np.float16)).astype(float) + b
    r = prediction - y
    if "sign" in bug:
        r = y - prediction
    if "absolute" in bug:
        r = np.abs(r)
    d = 2 * r / n
    if "no two" in bug:
        d = r / n
    if "no mean" in bug:
        d = 2 * r
    if "columns" in bug:
        d = 2 * r / X.shape[1]
    if "n minus one" in bug:
        d = 2 * r / (n - 1)
    dw = X.T @ d
    db = np.sum(d)
    if "shuffled" in bug:
        dw = X[::-1].T @ d
    if "last row only" in bug:
        for row, error in zip(X, d, strict=True):
            dw = row * error
    if "first row skipped" in bug:
        dw = sum(X[i] * d[i] for i in range(1, n))
    if "squared inputs" in bug:
        dw = (X**2).T @ d
    if "last weight" in bug:
        dw[-1] = 0
    if "two weights swapped" in bug:
        dw[[0, 1]] = dw[[1, 0]]
    if "bias averaged again" in bug:
        db = np.mean(d)
    if "bias of last row" in bug:
        db = d[-1]
    if "bias forgotten" in bug:
        db = 0.0
    return dw, db


LINEAR = {
    "no two": "the 2 of the square's derivative is forgotten",
    "no mean": "sums over the rows instead of averaging",
    "sign": "error taken as target minus prediction",
    "absolute": "absolute error used in place of the signed error",
    "columns": "divides by the number of columns instead of rows",
    "n minus one": "divides by n - 1 instead of n",
    "forward without bias": "the prediction is recomputed in the backward pass without the bias",
    "half precision": "prediction recomputed in half precision",
    "shuffled": "rows of X in reverse order when multiplied with the errors",
    "last row only": "the loop over rows overwrites the weights' gradient instead of adding",
    "first row skipped": "the loop over rows starts at 1",
    "squared inputs": "inputs squared in the weights' gradient",
    "last weight": "the last weight's gradient is left at zero (loop ends one early)",
    "two weights swapped": "gradients of the first two weights exchanged",
    "bias averaged again": "bias gradient divided by n twice (mean of errors that are already divided)",
    "bias of last row": "bias gradient taken from the last row only",
    "bias forgotten": "bias gradient returned as zero",
}


def linear_point(rng):
    return rng.normal(size=5), 0.7, rng.normal(size=(11, 5)), rng.normal(size=11)


def ridge_loss(coef, intercept, X, t, lam):
    r = X @ coef + intercept - t
    return 0.5 * np.sum(r**2) / len(t) + 0.5 * lam * np.sum(coef**2)


def ridge_backward(coef, intercept, X, t, lam, bug=NONE):
    n = len(t)
    r = (X @ coef + intercept - t) / n
    if "centred" in bug:
        r = ((X - X.mean(axis=0)) @ coef + intercept - t) / n
    if "data doubled" in bug:
        r = 2 * r
    if "data not averaged" in bug:
        r = n * r
    data, d_intercept = X.T @ r, np.sum(r)
    penalty = lam * coef
    if "no penalty" in bug:
        penalty = 0 * coef
    if "penalty doubled" in bug:
        penalty = 2 * lam * coef
    if "penalty halved" in bug:
        penalty = 0.5 * lam * coef
    if "penalty by n" in bug:
        penalty = lam * coef / n
    if "penalty minus" in bug:
        penalty = -lam * coef
    if "penalty of L1" in bug:
        penalty = lam * np.sign(coef)
    if "penalty squared" in bug:
        penalty = 0.5 * lam * coef**2
    if "lam squared" in bug:
        penalty = lam**2 * coef
    if "penalty summed" in bug:
        penalty = lam * np.sum(coef)
    if "penalty skips first" in bug:
        penalty = lam * np.concatenate([[0.0], coef[1:]])
    if "penalty on intercept" in bug:
        d_intercept = d_intercept + lam * intercept
    if "intercept sign" in bug:
        d_intercept = -d_intercept
    if "penalty with data" in bug:
        return data * (1 + lam), d_intercept
    if "norm" in bug:
        penalty = lam * coef / np.sqrt(np.sum(coef**2))
    return data + penalty, d_intercept


RIDGE = {
    "centred": "the backward pass uses centred columns, the loss does not",
    "data doubled": "a factor 2 on the data term although the loss has the one half",
    "data not averaged": "data term not divided by n",
    "no penalty": "the ridge penalty's gradient is missing",
    "penalty doubled": "ridge penalty counted twice (2 lam w although the loss has one half)",
    "penalty halved": "the one half of the penalty kept in its derivative",
    "penalty by n": "penalty divided by the number of rows",
    "penalty minus": "the penalty is subtracted instead of added",
    "penalty of L1": "sign(w) as if the penalty were L1",
    "penalty squared": "the penalty itself is added, not its derivative",
    "lam squared": "lam appears squared",
    "penalty summed": "each weight gets lam times the sum of all weights",
    "penalty skips first": "the first coefficient is not penalised (taken for an intercept)",
    "penalty on intercept": "the intercept is penalised too",
    "intercept sign": "intercept's gradient with the wrong sign",
    "penalty with data": "the data gradient is scaled by 1 + lam instead of adding lam w",
    "norm": "derivative of the norm instead of half its square",
}


def ridge_point(rng):
    return rng.normal(size=4), -0.4, rng.normal(size=(9, 4)) + 0.5, rng.normal(size=9), 0.35


def polynomial_loss(c, shift, x, y):
    z = x - shift
    fit = c[0] + c[1] * z + c[2] * z**2 + c[3] * z**3
    return np.mean((fit - y) ** 2)


def polynomial_backward(c, shift, x, y, bug=NONE):
    z = x - shift
    powers = np.stack([z**0, z, z**2, z**3])
    slope = c[1] + 2 * c[2] * z + 3 * c[3] * z**2
    r = c @ powers - y
    d = 2 * r / len(x)
    if "sum" in bug:
        d = 2 * r
    if "half" in bug:
        d = r / len(x)
    if "constant dropped" in bug:
        d = 2 * (c[1:] @ powers[1:] - y) / len(x)
    if "descending" in bug:
        powers = powers[::-1]
    if "one power up" in bug:
        powers = powers * z
    if "not shifted" in bug:
        powers = np.stack([x**0, x, x**2, x**3])
    if "whole numbers" in bug:
        powers = np.stack([z**0, z, z**2, z**3]).astype(int)
    if "exponent not lowered" in bug:
        slope = c[1] * z + 2 * c[2] * z**2 + 3 * c[3] * z**3
    if "exponent factor" in bug:
        slope = c[1] + c[2] * z + c[3] * z**2
    if "cubic factor" in bug:
        slope = c[1] + 2 * c[2] * z + 2 * c[3] * z**2
    if "coefficients off by one" in bug:
        slope = c[0] + 2 * c[1] * z + 3 * c[2] * z**2
    if "linear term lost" in bug:
        slope = 2 * c[2] * z + 3 * c[3] * z**2
    dc = powers @ d
    if "top coefficient" in bug:
        dc[3] = 0
    if "constant coefficient" in bug:
        dc[0] = 0
    if "factor of power" in bug:
        dc = dc * np.arange(4)
    d_shift = -np.sum(d * slope)
    if "shift sign" in bug:
        d_shift = -d_shift
    if "shift without slope" in bug:
        d_shift = -np.sum(d)
    if "shift averaged" in bug:
        d_shift = d_shift / len(x)
    return dc, d_shift


POLYNOMIAL = {
    "sum": "sums over points instead of averaging",
    "half": "the 2 of the square is forgotten",
    "constant dropped": "the constant term is left out of the fit in the backward pass",
    "descending": "powers in descending order",
    "one power up": "each power is one too high",
    "not shifted": "powers of x instead of x - shift",
    "whole numbers": "powers truncated to whole numbers",
    "exponent not lowered": "power rule without lowering the exponent",
    "exponent factor": "power rule without the exponent as a factor",
    "cubic factor": "derivative of z^3 taken as 2 z^2",
    "coefficients off by one": "coefficients off by one in the polynomial's derivative",
    "linear term lost": "the linear term is missing from the derivative",
    "top coefficient": "highest coefficient's gradient never written",
    "constant coefficient": "constant coefficient's gradient zero (taken for constant)",
    "factor of power": "coefficient gradients multiplied by their power",
    "shift sign": "the minus from x - shift is forgotten",
    "shift without slope": "the polynomial's slope is missing from the shift's chain",
    "shift averaged": "shift's gradient divided by n twice",
}


def polynomial_point(rng):
    return rng.normal(size=4), 0.3, rng.uniform(-2, 2, size=13), rng.normal(size=13)


WIDE = (1e-4, 1e-2, 100.0, 1e4)
FAMILIES = [
    Family(
        "linear regression",
        linear_loss,
        linear_backward,
        linear_point,
        2,
        LINEAR,
        (("no two", "bias forgotten"), ("last weight", "bias averaged again")),
        WIDE,
    ),
    Family(
        "ridge regression",
        ridge_loss,
        ridge_backward,
        ridge_point,
        2,
        RIDGE,
        (("no penalty", "intercept sign"), ("penalty doubled", "penalty on intercept")),
        WIDE,
    ),
    Family(
        "polynomial fit",
        polynomial_loss,
        polynomial_backward,
        polynomial_point,
        2,
        POLYNOMIAL,
        (("top coefficient", "shift sign"),),
        (1e-4, 1e-2, 10.0),
    ),
]
