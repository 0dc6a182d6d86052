"""Exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.notation.layout import Fraction, Number, Power, Symbol, add, call
from gradwork.ops._declare import elementwise, public

POSITIVE = (0.1, 1.0, 4.0)
ANY = (-2.0, 0.0, 1.5)
LN2, LN10 = math.log(2.0), math.log(10.0)

elementwise(
    np.exp,
    scalar="exp({0})",
    rule="exponential rule",
    notation=lambda a: Power(Symbol("e"), a),
    slopes=(lambda y, a: y,),
    analytic=True,
    samples=ANY,
    why="The exponential function is the one that grows as fast as it is high.",
    source="DLMF 4.2.20",
)

elementwise(
    np.exp2,
    rule="exponential rule",
    notation=lambda a: Power(Number(2), a),
    slopes=(lambda y, a: LN2 * y,),
    samples=ANY,
    why="2^a = e^(a ln 2), and the chain rule brings ln 2 down.",
    source="DLMF 4.2.42",
)

elementwise(
    np.expm1,
    scalar="expm1({0})",
    rule="exponential rule",
    notation=lambda a: add(Power(Symbol("e"), a), Number(-1)),
    slopes=(lambda y, a: np.exp(a),),
    analytic=True,
    samples=ANY,
    why="e^a - 1: the constant drops out.",
    source="DLMF 4.2.20",
)

elementwise(
    np.log,
    scalar="log({0})",
    rule="logarithm rule",
    notation=lambda a: call("log", a),
    slopes=(lambda y, a: 1 / a,),
    unbounded=True,
    analytic=True,
    samples=POSITIVE,
    words=("log", "ln"),
    why="y = log a means e^y = a; the slope of the inverse is one over the slope: 1/e^y = 1/a.",
    source="DLMF 4.2.19",
)

elementwise(
    np.log1p,
    scalar="log1p({0})",
    rule="logarithm rule",
    notation=lambda a: call("log", add(Number(1), a)),
    slopes=(lambda y, a: 1 / (1 + a),),
    unbounded=True,
    analytic=True,
    samples=(-0.5, 0.0, 2.0),
    why="log(1 + a), computed without losing digits near 0.",
    source="DLMF 4.2.19",
)

elementwise(
    np.log2,
    scalar="log2({0})",
    rule="logarithm rule",
    notation=lambda a: call("log_2", a),
    slopes=(lambda y, a: 1 / (LN2 * a),),
    unbounded=True,
    samples=POSITIVE,
    why="log2 a = ln a / ln 2.",
    source="DLMF 4.2.6",
)

elementwise(
    np.log10,
    scalar="log10({0})",
    rule="logarithm rule",
    notation=lambda a: call("log_10", a),
    slopes=(lambda y, a: 1 / (LN10 * a),),
    unbounded=True,
    analytic=True,
    samples=POSITIVE,
    why="log10 a = ln a / ln 10.",
    source="DLMF 4.2.6",
)

elementwise(
    np.logaddexp,
    rule="log-sum-exp rule",
    notation=lambda a, b: call("log", add(Power(Symbol("e"), a), Power(Symbol("e"), b))),
    # Each slope is that term's share of the sum; written by the logistic function, infinities come out right.
    slopes=(lambda y, a, b: _share(a, b), lambda y, a, b: _share(b, a)),
    samples=((0.5, -1.0), (2.0, 2.0), (-3.0, 4.0)),
    why="The logarithm's slope is one over the sum, the exponential's is its own term: together, the term's share.",
    source="DLMF 4.2.19, 4.2.20",
)


@public
def share_of_two(a: Any, b: Any) -> Any:
    """e^a/(e^a + e^b), without overflow; a half where both are infinite, and 0 where both are minus infinity."""
    from gradwork.ops.activations import sigmoid

    with np.errstate(invalid="ignore"):
        apart = np.subtract(a, b)
    if np.all(np.isfinite(apart)):
        return sigmoid(apart)
    equal = np.equal(a, b)
    share = sigmoid(np.where(equal, np.zeros((), apart.dtype), apart))
    return np.where(equal & np.equal(a, -np.inf), np.zeros((), share.dtype), share)[()]


def _share_on_jax(on: Any, a: Any, b: Any) -> Any:
    equal = on.np.equal(a, b)
    apart = on.np.where(equal, 0, on.np.subtract(a, b))
    small = on.np.exp(-on.np.abs(apart))
    share = on.np.where(on.np.greater_equal(apart, 0), 1 / (1 + small), small / (1 + small))
    return on.np.where(equal & on.np.equal(a, -np.inf), 0, share)


def _share(a: Any, b: Any) -> Any:
    return share_of_two(a, b)


elementwise(
    share_of_two,
    jax=lambda on, a, b: _share_on_jax(on, a, b),
    rule="sigmoid rule",
    notation=lambda a, b: Fraction(Power(Symbol("e"), a), add(Power(Symbol("e"), a), Power(Symbol("e"), b))),
    slopes=(lambda y, a, b: y * share_of_two(b, a), lambda y, a, b: -y * share_of_two(b, a)),
    samples=((0.5, -1.0), (2.0, 2.0), (-3.0, 4.0)),
    words=("_share_of_two",),
    why="The quotient rule on a share collapses to the product of both shares.",
    source="Bridle 1990",
)
