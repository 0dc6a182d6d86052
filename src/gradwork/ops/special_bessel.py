"""Bessel functions, exponential and elliptic integrals, of scipy.special."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.ops._declare import elementwise
from gradwork.ops._special import ANY, FUNCTIONS, HERE, INSIDE, POSITIVE, described

f = FUNCTIONS


def _declare(*args: Any, **rest: Any) -> None:
    if HERE:
        elementwise(**described(*args, **rest))


# -- Bessel functions -------------------------------------------------------------------------------------------------

_BESSEL = {"rule": "Bessel function rule", "source": "DLMF 10.6.2, 10.29"}
_WHY = "The mean of its two neighbours in order, or the lower one and a term over a."
_declare("j0", (lambda y, a: -f["j1"](a),), ANY, why=_WHY, **_BESSEL)
_declare("j1", (lambda y, a: (f["j0"](a) - f["jv"](2.0, a)) / 2,), ANY, why=_WHY, **_BESSEL)
_declare("y0", (lambda y, a: -f["y1"](a),), POSITIVE, unbounded=True, why=_WHY, **_BESSEL)
_declare("y1", (lambda y, a: (f["y0"](a) - f["yv"](2.0, a)) / 2,), POSITIVE, unbounded=True, why=_WHY, **_BESSEL)
_declare("i0", (lambda y, a: f["i1"](a),), ANY, op="bessel_i0", words=("ufunc i0",), why=_WHY, **_BESSEL)
_declare("i1", (lambda y, a: (f["i0"](a) + f["iv"](2.0, a)) / 2,), ANY, why=_WHY, **_BESSEL)
_declare(
    "i0e", (lambda y, a: f["i1e"](a) - np.sign(a) * y,), ANY, why="As i0, and the product rule with e^-|a|.", **_BESSEL
)
_declare(
    "i1e",
    (lambda y, a: (f["i0e"](a) + f["ive"](2.0, a)) / 2 - np.sign(a) * y,),
    ANY,
    why="As i1, and the product rule with e^-|a|.",
    **_BESSEL,
)
_declare("k0", (lambda y, a: -f["k1"](a),), POSITIVE, unbounded=True, why=_WHY, **_BESSEL)
_declare("k1", (lambda y, a: -(f["k0"](a) + f["kv"](2.0, a)) / 2,), POSITIVE, unbounded=True, why=_WHY, **_BESSEL)
_declare("k0e", (lambda y, a: y - f["k1e"](a),), POSITIVE, why="As k0, and the product rule with e^a.", **_BESSEL)
_declare(
    "k1e", (lambda y, a: y - f["k0e"](a) - y / a,), POSITIVE, why="As k1, and the product rule with e^a.", **_BESSEL
)
for _name, _sign in (("jv", -1), ("yv", -1), ("yn", -1), ("iv", 1)):
    _declare(
        _name,
        (None, lambda y, n, a, own=FUNCTIONS[_name], s=_sign: (own(n - 1, a) + s * own(n + 1, a)) / 2),
        ((np.int64(1), 0.7), (np.int64(2), 3.5), (np.int64(0), 1.5)),
        known_as=(_name, "jn") if _name == "jv" else (_name,),
        why="The mean of its two neighbours in order; by its order it has no rule here.",
        **_BESSEL,
    )
_declare(
    "kv",
    (None, lambda y, n, a: -(f["kv"](n - 1, a) + f["kv"](n + 1, a)) / 2),
    ((1, 0.7), (2, 3.5)),
    why="The mean of its two neighbours in order; by its order it has no rule here.",
    **_BESSEL,
)
_declare(
    "ive",
    (None, lambda y, n, a: (f["ive"](n - 1, a) + f["ive"](n + 1, a)) / 2 - np.sign(a) * y),
    ((1, 0.7), (2, 3.5)),
    why="As iv, and the product rule with e^-|a|.",
    **_BESSEL,
)

# -- exponentials, areas under them, elliptic integrals ---------------------------------------------------------------

_declare(
    "exp10",
    (lambda y, a: math.log(10.0) * y,),
    ANY,
    jax=lambda on, a: on.np.power(10.0, a),
    rule="exponential rule",
    why="10^a = e^(a ln 10).",
    source="DLMF 4.2.42",
)
_declare(
    "cosm1",
    (lambda y, a: -np.sin(a),),
    ANY,
    jax=lambda on, a: -2 * on.np.square(on.np.sin(a / 2)),
    rule="cosine rule",
    why="cos a - 1: the constant drops out.",
    source="DLMF 4.20.2",
)
_declare(
    "exprel",
    (lambda y, a: _exprel_slope(y, a),),
    (-1.3, 0.3, 1e-4, 1.5),
    jax=lambda on, a: on.finite(on.np.where(a == 0, 1, on.np.expm1(a) / on.np.where(a == 0, 1, a))),
    rule="quotient rule",
    why="The quotient rule on (e^a - 1)/a; near 0 its series.",
    source="DLMF 4.2.19, 4.2.20",
)


def _exprel_slope(y: Any, a: Any) -> Any:
    near = np.less(np.abs(a), 0.03)
    safe = np.where(near, 1, a)
    series = 1 / 2 + a * (1 / 3 + a * (1 / 8 + a * (1 / 30 + a * (1 / 144 + a * (1 / 840 + a / 5760)))))
    return np.where(near, series, (np.exp(a) - y) / safe)


_declare(
    "expi",
    (lambda y, a: np.exp(a) / a,),
    (-1.3, 0.3, 1.5),
    unbounded=True,
    rule="exponential integral rule",
    why="It is the area under e^t/t.",
    source="DLMF 6.2.5",
)
_declare(
    "exp1",
    (lambda y, a: -np.exp(-a) / a,),
    POSITIVE,
    unbounded=True,
    rule="exponential integral rule",
    why="It is the area under e^-t/t beyond a.",
    source="DLMF 6.2.1",
)
_declare(
    "spence",
    (lambda y, a: _spence_slope(a),),
    (0.3, 1.5, 3.0),
    unbounded=True,
    rule="dilogarithm rule",
    why="It is the area under log t/(1 - t).",
    source="DLMF 25.12.2",
)


def _spence_slope(a: Any) -> Any:
    one = np.equal(a, 1)
    return np.where(one, -1, np.log(a) / np.where(one, 1, 1 - a))


_declare(
    "ellipk",
    (lambda y, m: (f["ellipe"](m) - (1 - m) * y) / (2 * m * (1 - m)),),
    INSIDE,
    unbounded=True,
    rule="elliptic integral rule",
    why="The derivative under the integral.",
    source="DLMF 19.4.1, by the parameter m",
)
_declare(
    "ellipe",
    (lambda y, m: (y - f["ellipk"](m)) / (2 * m),),
    INSIDE,
    unbounded=True,
    rule="elliptic integral rule",
    why="The derivative under the integral.",
    source="DLMF 19.4.2, by the parameter m",
)
