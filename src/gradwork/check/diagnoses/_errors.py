"""What people put in the place of p, of y, or beside p - y, in the slope of a cross-entropy by its scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradwork.check.diagnoses._functions import sigmoid
from gradwork.check.given import Array

Said = Callable[[Array, Array], Array]  # of the scores z and of p
Asked = Callable[[Array], Array]
Times = Callable[[Array, Array], Array]  # of p and y

SAID: dict[str, Said] = {
    "the scores themselves": lambda z, p: z,
    "sigmoid of each score": lambda z, p: sigmoid(z),
    "sigmoid of minus the scores": lambda z, p: sigmoid(-z),
    "tanh of the scores": lambda z, p: np.tanh(z),
    "exp of the scores, not divided by their sum": lambda z, p: np.exp(z),
    "exp of the scores less their largest, not divided by their sum": lambda z, p: np.exp(
        z - np.max(z, -1, keepdims=True)
    ),
    "exp of the scores less their largest, divided by the sums down the columns,": lambda z, p: _down(z),
    "exp of the scores less their largest, divided by the sum without that,": lambda z, p: (
        np.exp(z - np.max(z, -1, keepdims=True)) / np.sum(np.exp(z), -1, keepdims=True)
    ),
    "softplus of the scores": lambda z, p: np.logaddexp(0.0, z),
    "max(z, 0)": lambda z, p: np.maximum(z, 0),
    "the class that is said, 1 where the score is above 0,": lambda z, p: (z > 0) * 1.0,
    "the class that is said, 1 at the largest score,": lambda z, p: (z >= np.max(z, -1, keepdims=True)) * 1.0,
    "the rounded p": lambda z, p: np.round(p),
    "the shares of their squares": lambda z, p: p * p / np.sum(p * p, -1, keepdims=True),
    "the logarithm of p": lambda z, p: np.log(p),
    "p^2": lambda z, p: p * p,
    "the root of p": lambda z, p: np.sqrt(p),
    "1 - p": lambda z, p: 1 - p,
    "-p": lambda z, p: -p,
    "p (1 - p)": lambda z, p: p * (1 - p),
    "exp(p), p put in as a score,": lambda z, p: np.exp(p),
    "sigmoid(p), p put in as a score,": lambda z, p: sigmoid(p),
    "0": lambda z, p: np.zeros_like(p),
    "1": lambda z, p: np.ones_like(p),
    "p, as a share down each column,": lambda z, p: _softmax(z, 0),
    "p, as a share along each row,": lambda z, p: _softmax(z, -1),
    "p, as a share of all,": lambda z, p: _softmax(z, None),
    "p cut off at 0.1 and 0.9": lambda z, p: np.clip(p, 0.1, 0.9),
    "p cut off at 0.2 and 0.8": lambda z, p: np.clip(p, 0.2, 0.8),
    "p cut off at 0.05 and 0.95": lambda z, p: np.clip(p, 0.05, 0.95),
    "p cut off at 0.01 and 0.99": lambda z, p: np.clip(p, 0.01, 0.99),
    "the mean of p over the rows": lambda z, p: np.broadcast_to(np.mean(p, 0), p.shape),
    "p with half the scores": lambda z, p: p * 0 + sigmoid(0.5 * z),
    "p with twice the scores": lambda z, p: p * 0 + sigmoid(2 * z),
}


def _down(z: Array) -> Array:
    powers = np.exp(z - np.max(z, -1, keepdims=True))
    return np.asarray(powers / np.sum(powers, 0))


ASKED: dict[str, Asked] = {
    "1 - y": lambda y: 1 - y,
    "2 y - 1": lambda y: 2 * y - 1,
    "-y": lambda y: -y,
    "0": np.zeros_like,
    "1": np.ones_like,
    "1/2": lambda y: np.full_like(y, 0.5),
    "2 y": lambda y: 2 * y,
    "y^2": lambda y: y * y,
    "the logarithm of y": np.log,
    "log(1 + y)": np.log1p,
    "the root of y": np.sqrt,
    "the sign of y": np.sign,
    "1 where y is above 0": lambda y: (y > 0) * 1.0,
    "the y of the row before": lambda y: np.roll(y, 1, 0),
    "the y of the row after": lambda y: np.roll(y, -1, 0),
    "y with its rows in reverse": lambda y: np.flip(y, 0),
    "y one class too high": lambda y: np.roll(y, 1, -1),
    "y one class too low": lambda y: np.roll(y, -1, -1),
    "y one class too high, without going round": lambda y: _pushed(y, 1),
    "y one class too low, without going round": lambda y: _pushed(y, -1),
    "y with its classes in reverse": lambda y: np.flip(y, -1),
    "the mean of y (as where a column less a row makes a table)": lambda y: np.full_like(y, np.mean(y)),
    "the mean of y over the rows": lambda y: np.broadcast_to(np.mean(y, 0), y.shape),
    "1 in the first column": lambda y: column(y, 0),
    "1 in the last column": lambda y: column(y, -1),
    "1 in every row at each class that is asked for": lambda y: np.broadcast_to((np.max(y, 0) > 0) * 1.0, y.shape),
    "the number of rows at each class that is asked for": lambda y: np.broadcast_to(np.sum(y, 0), y.shape),
    "y smoothed by 0.1": lambda y: 0.9 * y + 0.1 / y.shape[-1],
    "y smoothed by 0.05": lambda y: 0.95 * y + 0.05 / y.shape[-1],
    "y smoothed by 0.2": lambda y: 0.8 * y + 0.2 / y.shape[-1],
}
TIMES: dict[str, Times] = {
    "p (1 - p), which belongs to squares,": lambda p, y: p * (1 - p),
    "p": lambda p, y: p,
    "1 - p": lambda p, y: 1 - p,
    "1/p": lambda p, y: 1 / p,
    "1/(1 - p)": lambda p, y: 1 / (1 - p),
    "1/(p (1 - p)), that of the slope by p,": lambda p, y: 1 / (p * (1 - p)),
    "y": lambda p, y: y,
    "1 - y": lambda p, y: 1 - y,
    "1 where y is above 0": lambda p, y: (y > 0) * 1.0,
    "1 where y is not above 0": lambda p, y: (y <= 0) * 1.0,
    "the size of p - y": lambda p, y: np.abs(p - y),
    "1/|p - y|, which leaves the sign,": lambda p, y: 1 / np.abs(p - y),
    "2 y - 1": lambda p, y: 2 * y - 1,
    "1 where the row is said wrongly": lambda p, y: _missed(p, y),
    "1 where the row is said rightly": lambda p, y: 1 - _missed(p, y),
    "p of the right class": lambda p, y: np.sum(p * y, -1, keepdims=True) * np.ones_like(p),
    "1 - p of the right class": lambda p, y: (1 - np.sum(p * y, -1, keepdims=True)) * np.ones_like(p),
}


def _softmax(z: Array, axis: int | None) -> Array:
    e = np.exp(z - np.max(z, axis, keepdims=True))
    return np.asarray(e / np.sum(e, axis, keepdims=True))


def _pushed(y: Array, by: int) -> Array:
    made = np.roll(y, by, -1)
    made[..., 0 if by > 0 else -1] = 0.0
    # What would fall off stays in the last class, as a clipped index does.
    made[..., -1 if by > 0 else 0] += y[..., -1 if by > 0 else 0]
    return np.asarray(made)


def column(y: Array, place: int) -> Array:
    """1 in one column, 0 elsewhere."""
    made = np.zeros_like(y)
    made[..., place] = 1.0
    return made


def _missed(p: Array, y: Array) -> Array:
    if p.ndim > 1 and p.shape[-1] > 1:
        wrong = np.argmax(p, -1) != np.argmax(y, -1)
        return np.asarray(np.broadcast_to(wrong[..., None], p.shape) * 1.0)
    return np.asarray(((p > 0.5) != (y > 0.5)) * 1.0)


def again(p: Array, slope: Array) -> Array:
    """What comes back through the table of slopes of the softmax, or of the sigmoid."""
    if p.ndim > 1 and p.shape[-1] > 1:
        return np.asarray(p * (slope - np.sum(slope * p, -1, keepdims=True)))
    return np.asarray(slope * p * (1 - p))


# Of z, p, y, what each row counts for, and an array of the data: of the rows, or of the columns.
ROWS: dict[str, Callable[[Array, Array, Array, Array, Array], Array]] = {
    "{d} multiplies p once too often": lambda z, p, y, c, d: c * (p * d - y),
    "{d} does not multiply p": lambda z, p, y, c, d: c * (p / d - y),
    "{d} multiplies y": lambda z, p, y, c, d: c * (p - d * y),
    "y is divided by {d}": lambda z, p, y, c, d: c * (p - y / d),
    "{d} stands where y belongs": lambda z, p, y, c, d: c * (p - d),
    "p - y is multiplied by {d} once too often": lambda z, p, y, c, d: c * d * (p - y),
    "p - y is not multiplied by {d}": lambda z, p, y, c, d: c / d * (p - y),
    "p - y is divided by {d}": lambda z, p, y, c, d: c / d * (p - y),
    "{d} multiplies the scores inside exp": lambda z, p, y, c, d: c * (np.exp(d * z) - y),
    "{d} is added to the scores inside exp": lambda z, p, y, c, d: c * (np.exp(z + d) - y),
    "{d} is added to the scores once too often": lambda z, p, y, c, d: c * (p * np.exp(d) - y),
    "{d} is not added to the scores": lambda z, p, y, c, d: c * (p * np.exp(-d) - y),
    "the logarithm of {d} stands where {d} belongs": lambda z, p, y, c, d: c * (p / d * np.log(d) - y),
}


def _row(y: Array, d: Array) -> Array:
    return np.asarray(np.sum(d * y, -1, keepdims=True))


COLUMNS: dict[str, Callable[[Array, Array, Array, Array, Array], Array]] = {
    "{d} of each column stands where that of the row's class belongs": lambda z, p, y, c, d: (
        c / _row(y, d) * d * (p - y)
    ),
    "the mean of {d} stands where that of the row's class belongs": (
        lambda z, p, y, c, d: c / _row(y, d) * np.mean(d) * (p - y)
    ),
    "{d} is left out, and the rows are divided by their number": (
        lambda z, p, y, c, d: c / _row(y, d) * np.sum(_row(y, d)) / len(y) * (p - y)
    ),
    "{d} is left out": lambda z, p, y, c, d: c / _row(y, d) * (p - y),
    "{d} counts for y alone, and not for p": lambda z, p, y, c, d: c / _row(y, d) * (p - d * y),
    "{d} counts for p alone, and not for y": lambda z, p, y, c, d: c / _row(y, d) * (d * p - y),
    "{d} of the row's class counts for p alone, and not for y": lambda z, p, y, c, d: c * (p - y / _row(y, d)),
    "{d} counts for the rows and for the columns": lambda z, p, y, c, d: c * d * (p - y),
    "the rows are divided by their number, not by the sum of {d}": (
        lambda z, p, y, c, d: c * np.sum(_row(y, d)) / len(y) * (p - y)
    ),
    "the rows are divided by the sum of {d}, not by their number": (
        lambda z, p, y, c, d: c * len(y) / np.sum(_row(y, d)) * (p - y)
    ),
}
