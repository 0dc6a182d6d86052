"""Two functions of NumPy whose slopes NumPy does not have: i0 and sinc. Theirs are computed from power series."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.notation.layout import call
from gradwork.ops._declare import elementwise, public

_ENOUGH = 30.0


@public
def bessel_i(n: Any, a: Any) -> Any:
    """The modified Bessel function of the first kind, of whole order `n` (0, 1, 2, ...), entry by entry.

    Up to 30 by its power series, all of whose terms have one sign; beyond by its expansion for large arguments.

    >>> round(float(bessel_i(1, 2.0)), 12)
    1.590636854637

    Source: DLMF 10.25.2 and 10.40.1.
    """
    a = np.asarray(a)
    dtype = np.result_type(a.dtype, np.float16)
    x, order = np.abs(a).astype(np.float64), np.asarray(n, np.float64)
    small, large = np.minimum(x, _ENOUGH), np.maximum(x, _ENOUGH)
    value = np.where(x <= _ENOUGH, _by_series(order, small), _by_expansion(order, large))
    odd = np.where(np.mod(order, 2) == 1, np.sign(a), 1.0)
    return (odd * value).astype(dtype)[()]


def _by_series(n: Any, x: Any) -> Any:
    term = np.ones(np.broadcast_shapes(n.shape, x.shape))
    for k in range(1, int(np.max(n, initial=0)) + 1):
        term = np.where(k <= n, term * (x / 2) / k, term)
    total = term.copy()
    for k in range(1, 80):
        term = term * (x / 2) ** 2 / (k * (k + n))
        total = total + term
    return total


def _by_expansion(n: Any, x: Any) -> Any:
    term = np.ones(np.broadcast_shapes(n.shape, x.shape))
    total = term.copy()
    for k in range(1, 30):
        term = -term * (4 * n**2 - (2 * k - 1) ** 2) / (8 * k * x)
        total = total + term
    with np.errstate(over="ignore"):
        return np.exp(x) / np.sqrt(2 * np.pi * x) * total


elementwise(
    bessel_i,
    rule="Bessel function rule",
    notation=lambda n, a: call("I", n, a),
    slopes=(None, lambda y, n, a: (bessel_i(np.abs(n - 1), a) + bessel_i(n + 1, a)) / 2),
    samples=((0, 0.5), (1, -1.5), (2, 3.0)),
    words=("_bessel_i",),
    why="The mean of its two neighbours in order.",
    source="DLMF 10.29.1",
)
elementwise(
    np.i0,
    rule="Bessel function rule",
    notation=lambda a: call("I_0", a),
    slopes=(lambda y, a: bessel_i(1, a),),
    samples=(-1.5, 0.3, 2.0),
    why="I0' is I1.",
    source="DLMF 10.29.3",
)

# -- sinc and its slopes ----------------------------------------------------------------------------------------------

_NEAR = 1.5


@public
def sinc_slope(n: Any, a: Any) -> Any:
    """The n-th derivative of sin(a)/a, entry by entry: near 0 by its power series, further out by its recurrence.

    >>> float(sinc_slope(2, 0.0))
    -0.3333333333333333

    Source: DLMF 10.49.3 for sin(a)/a; n s' of (a s)^(n) = a s^(n) + n s^(n-1).
    """
    a = np.asarray(a)
    x, order = a.astype(np.float64), np.asarray(n, np.int64)
    near = np.abs(x) <= _NEAR + order
    value = np.where(
        near, _series_of_sinc(order, np.where(near, x, 0.0)), _recurrence_of_sinc(order, np.where(near, 1.0, x))
    )
    return value.astype(np.result_type(a.dtype, np.float16))[()]


def _series_of_sinc(n: Any, x: Any) -> Any:
    """The terms (-1)^k x^(2k)/(2k + 1)!, each differentiated n times."""
    total = np.zeros(np.broadcast_shapes(n.shape, x.shape))
    for k in range(30):
        left = 2 * k - n
        falling = np.ones(n.shape)
        for i in range(int(np.max(n, initial=0))):
            falling = np.where(i < n, falling * (2 * k - i), falling)
        term = (-1.0) ** k / math.factorial(2 * k + 1) * falling * x ** np.maximum(left, 0)
        total = total + np.where(left >= 0, term, 0.0)
    return total


def _recurrence_of_sinc(n: Any, x: Any) -> Any:
    value = found = np.sin(x) / x
    for k in range(1, int(np.max(n, initial=0)) + 1):
        value = (np.sin(x + k * np.pi / 2) - k * value) / x
        found = np.where(k == n, value, found)
    return np.where(n == 0, np.sin(x) / x, found)


elementwise(
    sinc_slope,
    rule="sinc rule",
    notation=lambda n, a: call("sinc", n, a),
    slopes=(None, lambda y, n, a: sinc_slope(n + 1, a)),
    samples=((0, 0.5), (1, -1.5), (2, 4.0), (1, 0.0)),
    words=("_sinc_slope",),
    why="Each is the derivative of the one before.",
    source="DLMF 10.49.3",
)


def _sinc_slope_of_complex(y: Any, a: Any) -> Any:
    return (np.cos(np.pi * a) - y) / np.where(np.equal(a, 0), 1, a)


elementwise(
    np.sinc,
    rule="sinc rule",
    notation=lambda a: call("sinc", a),
    slopes=(lambda y, a: _sinc_slope_of_complex(y, a) if np.iscomplexobj(a) else np.pi * sinc_slope(1, np.pi * a),),
    samples=(-1.2, 0.0, 0.3, 2.7),
    why="The quotient rule on sin(pi x)/(pi x); at 0, where it is level, its series.",
    source="NumPy's definition",
)
