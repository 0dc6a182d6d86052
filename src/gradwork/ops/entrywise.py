"""Functions entry by entry that are met less often: logaddexp2, frexp, i0, neighbours of a number, whole numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.notation.layout import Number, Power, add, call
from gradwork.ops._arrays import array_of
from gradwork.ops._declare import Builder, composite, elementwise, entry_by_entry, public, unsupported
from gradwork.ops.exponential import share_of_two

_function: Any
PAIRS = ((0.5, -1.0), (2.0, 2.0), (-3.0, 4.0))
LN2 = math.log(2.0)

elementwise(
    np.logaddexp2,
    rule="log-sum-exp rule",
    notation=lambda a, b: call("log_2", add(Power(Number(2), a), Power(Number(2), b))),
    # Each slope is that term's share of the sum; written by the logistic function, infinities come out right.
    slopes=(lambda y, a, b: _share(a, b), lambda y, a, b: _share(b, a)),
    samples=PAIRS,
    why="The share of its own term in the sum: the factors ln 2 and 1/ln 2 cancel.",
    source="DLMF 4.2.19, 4.2.42",
)


def _share(a: Any, b: Any) -> Any:
    return share_of_two(LN2 * a, LN2 * b)


# -- powers of two and neighbours -------------------------------------------------------------------------------------


def _frexp(x: Any) -> tuple[Any, Any]:
    x = array_of(x)
    exponent = binary_exponent(x)
    return np.ldexp(x, -exponent), exponent


@public
def binary_exponent(a: Any) -> Any:
    """The whole power of 2 just above |a|; it is level between its jumps."""
    return np.frexp(a)[1]


elementwise(
    binary_exponent,
    jax=lambda on, a: on.np.frexp(a)[1],
    rule="",
    notation=lambda a: call("exponent", a),
    slopes=(None,),
    branch=binary_exponent,
    samples=(0.75, 3.0, -9.0),
    words=("_binary_exponent",),
    why="A whole number has no slope.",
    source="by definition",
)


@public
def power_of_two(a: Any, n: Any) -> Any:
    """A times 2^n, for a whole number n."""
    return np.ldexp(a, n)


def _lower_ldexp(builder: Builder, x1: Any, x2: Any, **options: Any) -> Any:
    x2 = array_of(x2)
    if x2.dtype.kind not in "iu":
        raise unsupported("ldexp", "an exponent that is no whole number")
    if options:
        raise unsupported("ldexp", ", ".join(options))
    return entry_by_entry(builder, LDEXP, (x1, x2))


LDEXP = elementwise(
    power_of_two,
    name="ldexp",
    jax=lambda on, a, n: on.np.ldexp(a, n.astype(np.int32)),
    answers=(np.ldexp, power_of_two),
    rule="constant factor rule",
    notation=lambda a, n: call("ldexp", a, n),
    lower=_lower_ldexp,
    slopes=(lambda y, a, n: power_of_two(np.ones_like(a), n), None),
    samples=((1.5, 2), (-0.3, -1)),
    words=(),
    why="a times a power of 2.",
    source="by definition",
)
composite(
    np.frexp,
    rule="constant factor rule",
    lower=_frexp,
    samples=((1.3,), (np.array([0.7, -5.2]),)),
    words=(),
    why="A power of 2 is taken out, and it is level between its jumps.",
    source="by definition",
)
elementwise(
    np.nextafter,
    rule="identity rule",
    notation=lambda a, b: call("nextafter", a, b),
    slopes=(1, 0),
    samples=((1.3, 2.0), (-0.4, 1.0)),
    words=(),
    why="A hair away from a, wherever a is.",
    source="by definition",
)
elementwise(
    np.spacing,
    rule="step rule",
    notation=lambda a: call("spacing", a),
    slopes=(0,),
    samples=(1.3, -0.4),
    words=(),
    why="It is level between powers of 2.",
    source="by definition",
)
composite(
    np.fix,
    rule="step rule",
    lower=lambda x, out=None: np.trunc(array_of(x), out=out),
    samples=((1.3,), (np.array([-1.7, 0.2]),)),
    why="It is level between its jumps.",
    source="by definition",
)
composite(
    np.real_if_close,
    rule="real part rule",
    lower=lambda a, tol=100: _real_if_close(array_of(a), tol),
    samples=((np.array([0.5, 2.0]),),),
    words=(),
    why="Whether the imaginary parts are small enough is decided once, under guard.",
    source="by definition",
)


def _real_if_close(a: Any, tolerance: Any) -> Any:
    if a.dtype.kind != "c":
        return a
    limit = tolerance * np.finfo(a.dtype).eps if tolerance > 1 else tolerance
    return np.real(a) if bool(np.all(np.abs(np.imag(a)) < limit)) else a


# -- whole numbers and truth values -----------------------------------------------------------------------------------

for _function in (np.gcd, np.lcm, np.left_shift, np.right_shift):
    elementwise(
        _function,
        rule="",
        notation=lambda a, b, name=_function.__name__: call(name, a, b),
        slopes=(None, None),
        samples=((6, 4), (12, 3)),
        words=(),
        why="A whole number has no slope.",
        source="by definition",
    )
elementwise(
    np.bitwise_count,
    rule="",
    notation=lambda a: call("bitwise_count", a),
    slopes=(None,),
    samples=(6, 3),
    words=(),
    why="A whole number has no slope.",
    source="by definition",
)
for _function, _answer in ((np.isreal, np.equal), (np.iscomplex, np.not_equal)):
    composite(
        _function,
        rule="step rule",
        lower=lambda x, f=_answer: f(np.imag(array_of(x)), 0),
        samples=((np.array([0.5, 2.0]),),),
        words=(),
        why="A truth value has no slope.",
        source="by definition",
    )
