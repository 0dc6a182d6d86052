"""Adding, multiplying, raising to a power: what every formula is made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import Kink
from gradwork.notation.layout import (
    Fraction,
    Layout,
    Negative,
    Number,
    Power,
    Root,
    Words,
    add,
    fence,
    infix,
    ordered_product,
    subtract,
)
from gradwork.ops._declare import (
    Builder,
    Traced,
    composite,
    elementwise,
    finish,
    known,
    lift,
    lower_entries,
    node,
    public,
    structural,
    unsupported,
)

PAIRS = ((2.0, 3.0), (-1.5, 0.5), (0.25, -4.0))


@public
def chain_product(g: Any, slope: Any) -> Any:
    """`g * slope` in which a `g` of exactly zero wins over an infinite slope."""
    if type(g) is np.float64 and type(slope) is np.float64:
        single = float(g) * float(slope)
        if single - single == 0:  # finite
            return np.float64(single)
    with np.errstate(all="ignore"):
        product = np.multiply(g, slope)
    return (
        product
        if np.all(np.isfinite(product))
        else np.where(np.equal(g, 0), np.zeros((), np.result_type(product)), product)
    )


@public
def power(base: Any, exponent: Any) -> Any:
    """`base ** exponent`; a run of equal exponents takes NumPy's fast way (x ** 2 is x * x)."""
    if type(base) is np.float64 and type(exponent) is np.float64:
        return np.power(base, exponent)
    exponents = np.asarray(exponent)
    if exponents.size and not any(exponents.strides):
        single = exponents.flat[0]
        if np.result_type(base, single) == np.result_type(base):
            return np.power(base, single) if np.ndim(base) == 0 else np.asarray(base) ** single.item()
    return np.power(base, exponent)


ADD = elementwise(
    np.add,
    scalar="({0} + {1})",
    rule="sum rule",
    notation=add,
    slopes=(1, 1),
    analytic=True,
    samples=PAIRS,
    symbol="+",
    why="Raising one term by a little raises the sum by the same little.",
    source="DLMF 1.4.10",
)

SUBTRACT = elementwise(
    np.subtract,
    scalar="({0} - {1})",
    rule="sum rule",
    notation=subtract,
    slopes=(1, -1),
    analytic=True,
    samples=PAIRS,
    symbol="-",
    why="Raising what is taken away lowers the difference by as much.",
    source="DLMF 1.4.10",
)

MULTIPLY = elementwise(
    np.multiply,
    scalar="({0} * {1})",
    rule="product rule",
    rule_for=lambda moving: "product rule" if all(moving) else "constant factor rule",
    notation=ordered_product,
    slopes=(lambda y, a, b: b, lambda y, a, b: a),
    pushforward=lambda tangents, y, a, b: _product_rule(tangents, a, b),
    analytic=True,
    samples=PAIRS,
    symbol="*",
    why="A rectangle a by b grows by a strip of length b when a grows, and by one of length a when b does.",
    source="DLMF 1.4.11",
)


# Their values are infinite at an edge of where they are defined: in x log x at 0, log x is the slope of x.
_WITH_POLES = frozenset({"log", "log2", "log10", "log1p", "divide", "reciprocal", "arctanh", "digamma"})


def may_be_infinite(value: Any) -> bool:
    """Whether a traced value comes from a function with a pole, so that a 0 beside it has to win over infinity."""
    if not isinstance(value, Traced):
        return False
    rows = value.builder.rows
    name, inputs, *_ = rows[value.index]
    while name in ("broadcast_to", "reshape", "negative"):
        name, inputs, *_ = rows[inputs[0]]
    return name in _WITH_POLES


def _product_rule(tangents: tuple[Any, Any], a: Any, b: Any) -> Any:
    da, db = tangents
    if db is None:
        if known(da) == 1:
            return b
        return chain_product(da, b) if may_be_infinite(b) else da * b if known(b) is None else b * da
    if da is None:
        if known(db) == 1:
            return a
        return chain_product(db, a) if may_be_infinite(a) else a * db
    return _product_rule((da, None), a, b) + _product_rule((None, db), a, b)


CHAIN_PRODUCT = elementwise(
    chain_product,
    jax=lambda on, g, slope: on.np.where(on.np.equal(g, 0), 0, on.np.multiply(g, slope)),
    scalar="({0} * {1} if {0} else 0.0)",
    name="chain_product",
    rule="product rule",
    rule_for=MULTIPLY.rule_for,
    notation=ordered_product,
    slopes=(lambda y, g, s: s, lambda y, g, s: g),
    analytic=True,
    samples=PAIRS,
    words=("_chain_product",),
    why="A path on which nothing comes back carries nothing, however steep it is: 0 times infinity is 0 here.",
    source="docs/decisions: conventions at corners",
)

DIVIDE = elementwise(
    np.divide,
    scalar="({0} / {1})",
    rule="quotient rule",
    rule_for=lambda moving: {(True, False): "constant factor rule", (False, True): "reciprocal rule"}.get(
        moving, "quotient rule"
    ),
    notation=Fraction,
    slopes=(lambda y, a, b: 1 / b, lambda y, a, b: -a / b**2),
    pushforward=lambda tangents, y, a, b: _quotient_rule(tangents, a, b),
    unbounded=True,
    analytic=True,
    samples=PAIRS,
    symbol="/",
    words=("divide", "true_divide"),
    why="From the product rule on y times b = a: dy = (da - y db)/b.",
    source="DLMF 1.4.12",
)


def _quotient_rule(tangents: tuple[Any, Any], a: Any, b: Any) -> Any:
    da, db = tangents
    if db is None:
        return da / b
    return -(a * db) / b**2 if da is None else (da * b - a * db) / b**2


def _power_rule(y: Any, a: Any, b: Any) -> Any:
    n = known(b)
    if n is None:
        return chain_product(b, a ** (b - 1))
    return 0 if n == 0 else b * a ** (b - 1)


POWER = elementwise(
    power,
    jax="numpy.power",
    scalar="pow({0}, {1})",
    name="power",
    answers=(np.power, power),
    rule="power rule",
    rule_for=lambda moving: {(True, False): "power rule", (False, True): "exponential rule"}.get(
        moving, "power and exponential rule"
    ),
    notation=Power,
    slopes=(_power_rule, lambda y, a, b: chain_product(y, np.log(a))),
    unbounded=True,
    analytic=True,
    samples=((2.0, 3.0), (0.5, -1.5), (1.7, 0.4)),
    symbol="**",
    words=("power", "pow"),
    why="x^n is n equal factors; raising x moves each of them in turn, and n products x^(n-1) add up.",
    source="DLMF 1.4.14; 4.2.42 for the exponent",
)

composite(
    np.float_power,
    rule="power rule",
    lower=lambda a, b, **options: np.power(_wide(a), _wide(b), **options),
    samples=((2.0, 3.0), (np.array([0.5, 2.0]), 1.5)),
    words=("float_power",),
    why="The power, in double precision at least.",
    source="DLMF 1.4.14",
)


def _wide(a: Any) -> Any:
    a = a if isinstance(a, Traced) else np.asarray(a)[()]
    wide = np.result_type(a.dtype, np.float64)
    return a if a.dtype == wide else a.astype(wide)


NEGATIVE = elementwise(
    np.negative,
    scalar="(-{0})",
    rule="constant factor rule",
    notation=Negative,
    slopes=(-1,),
    analytic=True,
    samples=(-2.0, 0.0, 1.5),
    why="Minus is a factor of -1.",
    source="DLMF 1.4.10",
)

POSITIVE = elementwise(
    np.positive,
    rule="identity rule",
    notation=lambda a: a,
    slopes=(1,),
    analytic=True,
    samples=(-2.0, 1.5),
    why="Nothing is changed.",
    source="by definition",
)


def _direction(y: Any, a: Any) -> Any:
    """Which way `a` lies from 0: its sign, or for a complex number the conjugate of a/|a|."""
    return np.conjugate(a) / np.where(np.equal(y, 0), 1, y) if np.iscomplexobj(a) else np.sign(a)


ABSOLUTE = elementwise(
    np.absolute,
    scalar="abs({0})",
    rule="absolute value rule",
    notation=lambda a: fence("|", a),
    slopes=(lambda y, a: _direction(y, a),),
    kinks=(Kink(at=lambda a: a == 0, left=-1.0, right=1.0, chosen=0.0, because="halfway between the two sides"),),
    branch=np.sign,
    samples=(-1.5, 0.2, 3.0),
    words=("abs", "absolute"),
    answers=(np.absolute, np.fabs),
    why="Left of 0 it is -a, right of it a.",
    source="convention: 0 at 0, as torch and SymPy choose",
)


def _lower_sign(builder: Builder, a: Any, **options: Any) -> Any:
    a = Traced(builder, lift(builder, a))
    if a.dtype.kind == "c":
        raise unsupported("sign", "a complex number")
    return lower_entries("sign")(builder, a, **options)


SIGN = elementwise(
    np.sign,
    scalar="(0.0 if {0} == 0.0 else {0} / abs({0}))",
    lower=_lower_sign,
    rule="step rule",
    notation=lambda a: _named("sign", a),
    slopes=(0,),
    branch=np.sign,
    samples=(-1.5, 2.0),
    why="It is level everywhere but at 0, where it jumps.",
    source="by definition",
)

SQUARE = elementwise(
    np.square,
    scalar="({0} * {0})",
    rule="power rule",
    notation=lambda a: Power(a, Number(2)),
    slopes=(lambda y, a: 2 * a,),
    analytic=True,
    samples=(-2.0, 0.0, 1.5),
    why="A square of side a grows by two strips of length a.",
    source="DLMF 1.4.14",
)

SQRT = elementwise(
    np.sqrt,
    scalar="sqrt({0})",
    rule="square root rule",
    notation=Root,
    slopes=(lambda y, a: 1 / (2 * y),),
    unbounded=True,
    analytic=True,
    samples=(0.2, 1.0, 7.0),
    why="y^2 = a, so 2 y dy = da. At 0 the slope is infinite.",
    source="DLMF 1.4.14 with n = 1/2",
)

CBRT = elementwise(
    np.cbrt,
    rule="cube root rule",
    notation=lambda a: Root(a, 3),
    slopes=(lambda y, a: 1 / (3 * y**2),),
    unbounded=True,
    samples=(-8.0, 0.3, 2.0),
    why="y^3 = a, so 3 y^2 dy = da.",
    source="DLMF 1.4.14 with n = 1/3",
)

RECIPROCAL = elementwise(
    np.reciprocal,
    scalar="(1.0 / {0})",
    rule="reciprocal rule",
    notation=lambda a: Fraction(Number(1), a),
    slopes=(lambda y, a: -(y**2),),
    unbounded=True,
    analytic=True,
    samples=(-2.0, 0.5, 3.0),
    why="y times a = 1, so dy = -y^2 da.",
    source="DLMF 1.4.12",
)

FLOOR_DIVIDE = elementwise(
    np.floor_divide,
    rule="step rule",
    notation=lambda a, b: fence("⌊⌋", Fraction(a, b)),
    slopes=(0, 0),
    branch=np.floor_divide,
    samples=((7.3, 2.0), (-3.2, 1.5)),
    symbol="//",
    why="It is level between its jumps.",
    source="by definition",
)

REMAINDER = elementwise(
    np.remainder,
    rule="remainder rule",
    notation=lambda a, b: infix("mod", a, b),
    slopes=(1, lambda y, a, b: -np.floor_divide(a, b)),
    branch=np.floor_divide,
    samples=((7.3, 2.0), (-3.2, 1.5)),
    symbol="%",
    words=("remainder", "mod"),
    why="a - b floor(a/b), and the floor is level between its jumps.",
    source="by definition",
)


def _named(name: str, a: Layout) -> Layout:
    from gradwork.notation.layout import call

    return call(name, a)


for _op in (np.floor, np.ceil, np.trunc, np.rint):
    elementwise(
        _op,
        rule="step rule",
        notation=lambda a, name=_op.__name__: _named(name, a),
        slopes=(0,),
        branch=_op,
        samples=(-1.3, 0.4, 2.7),
        why="It is level between its jumps.",
        source="by definition",
    )

elementwise(
    np.fmod,
    rule="remainder rule",
    notation=lambda a, b: infix("mod", a, b),
    slopes=(1, lambda y, a, b: -np.trunc(a / b)),
    branch=lambda a, b: np.trunc(a / b),
    samples=((7.3, 2.0), (-3.2, 1.5)),
    why="a - b trunc(a/b), and what is cut off is level between its jumps.",
    source="by definition",
)
elementwise(
    np.heaviside,
    scalar="(1.0 if {0} > 0.0 else {1} if {0} == 0.0 else 0.0 if {0} < 0.0 else {0})",
    rule="step rule",
    notation=lambda a, b: _call("H", a, b),
    slopes=(0, lambda y, a, b: np.equal(a, 0).astype(y.dtype)),
    branch=lambda a, b: np.sign(a),
    samples=((-1.3, 0.5), (0.4, 0.5), (0, 0.5)),
    why="It is level on both sides of its jump; at the jump it is what b says.",
    source="by definition",
)


def _call(name: str, *arguments: Layout) -> Layout:
    from gradwork.notation.layout import call

    return call(name, *arguments)


def _lower_round(builder: Builder, a: Any, decimals: Any = 0, out: Any = None) -> Any:
    return finish(node(builder, ROUND, (a,), decimals=int(decimals)), out)


ROUND = structural(
    np.round,
    name="round",
    answers=(np.round, np.around),
    rule="step rule",
    notation=lambda a, decimals: _call("round", a),
    lower=_lower_round,
    pullback=lambda g, y, a, decimals: (None,),
    pushforward=lambda t, y, a, decimals: None,
    samples=((np.array([-1.34, 0.4, 2.7]), {"decimals": 1}),),
    why="It is level between its jumps.",
    source="by definition",
)
composite(
    np.divmod,
    rule="remainder rule",
    lower=lambda a, b: (np.floor_divide(a, b), np.remainder(a, b)),
    words=(),
    samples=((7.3, 2.0), (-3.2, 1.5)),
    why="The whole part of the quotient, and what is left.",
    source="by definition",
)
composite(
    np.modf,
    rule="remainder rule",
    lower=lambda a: (a - np.trunc(a), np.trunc(a)),
    words=(),
    samples=((1.25,), (-2.75,)),
    why="What is cut off is level between its jumps.",
    source="by definition",
)
composite(
    np.copysign,
    rule="absolute value rule",
    lower=lambda a, b: np.where(np.signbit(a) == np.signbit(b), a, np.negative(a)),
    samples=((1.5, -2.0), (-0.5, -1.0)),
    why="a itself, or its negative.",
    source="by definition",
)

__all__ = ["Traced", "Words", "chain_product", "power"]
