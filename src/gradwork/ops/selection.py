"""Choosing between values: larger, smaller, clipped, one or the other; and the comparisons that choose."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import Kink
from gradwork.notation.layout import Cases, Fraction, Layout, Number, Words, call, fence, infix
from gradwork.ops._declare import Builder, Traced, broadcast, composite, elementwise, finish, node, public, structural

_function: Any
PAIRS = ((2.0, 3.0), (0.5, -1.5), (-4.0, -2.0))


def _as_slope(a: Any) -> Any:
    return np.result_type(np.asarray(a).dtype, np.float16) if np.asarray(a).dtype.kind in "biu" else np.asarray(a).dtype


@public
def above(a: Any) -> Any:
    """1 where a is above 0, else 0, in the dtype of `a`."""
    return np.greater(a, 0).astype(_as_slope(a))


@public
def share(a: Any, b: Any) -> Any:
    """1 where a is above b, 1/2 where they are equal, else 0: who sets the larger of the two."""
    dtype = _as_slope(np.result_type(a, b).type(0))
    return ((np.greater(a, b).astype(dtype) + np.greater_equal(a, b).astype(dtype)) / 2).astype(dtype)


@public
def inside(a: Any, low: Any, high: Any) -> Any:
    """1 where a lies between low and high, the edges included, else 0."""
    return (np.greater_equal(a, low) & np.less_equal(a, high)).astype(_as_slope(a))


def _bracket(condition: Layout) -> Layout:
    """Iverson's bracket: 1 where the condition holds, 0 where not."""
    return fence("[]", condition)


elementwise(
    above,
    jax=lambda on, a: on.np.greater(a, 0),
    scalar="(1.0 if {0} > 0.0 else 0.0)",
    rule="step rule",
    notation=lambda a: _bracket(infix(">", a, _zero())),
    slopes=(0,),
    branch=lambda a: a > 0,
    samples=(-1.0, 2.0),
    words=("_above",),
    why="It is level on both sides of its jump.",
    source="Iverson's bracket",
)
elementwise(
    share,
    jax=lambda on, a, b: (on.np.greater(a, b) + 1.0 * on.np.greater_equal(a, b)) / 2,
    scalar="(1.0 if {0} > {1} else 0.5 if {0} == {1} else 0.0)",
    rule="step rule",
    notation=lambda a, b: Cases(
        (
            (Number(1), infix(">", a, b)),
            (Fraction(Number(1), Number(2)), infix("=", a, b)),
            (Number(0), Words("otherwise")),
        )
    ),
    slopes=(0, 0),
    branch=lambda a, b: np.sign(a - b),
    samples=PAIRS,
    words=("_share",),
    why="It is level on both sides of its jump.",
    source="Iverson's bracket",
)
elementwise(
    inside,
    jax=lambda on, a, low, high: on.np.greater_equal(a, low) & on.np.less_equal(a, high),
    scalar="(1.0 if {1} <= {0} <= {2} else 0.0)",
    rule="step rule",
    notation=lambda a, low, high: _bracket(infix("≤", low, a, high)),
    slopes=(0, 0, 0),
    branch=lambda a, low, high: (a >= low) & (a <= high),
    samples=((0.5, 0.0, 1.0), (-2.0, -1.0, 1.0)),
    words=("_inside",),
    why="It is level on both sides of its jumps.",
    source="Iverson's bracket",
)


def _zero() -> Layout:
    from gradwork.notation.layout import Number

    return Number(0)


for _name, _answers, _slopes, _left in (
    ("maximum", (np.maximum,), (lambda y, a, b: share(a, b), lambda y, a, b: share(b, a)), (0.0, 1.0)),
    ("minimum", (np.minimum,), (lambda y, a, b: share(b, a), lambda y, a, b: share(a, b)), (1.0, 0.0)),
):
    elementwise(
        _answers[0],
        name=_name,
        answers=_answers,
        rule=f"{_name} rule",
        notation=lambda a, b, name=_name: call("max" if name == "maximum" else "min", a, b),
        slopes=_slopes,
        kinks=tuple(
            Kink(
                at=lambda a, b: a == b, left=_left[0], right=_left[1], chosen=0.5, because="a tie is shared", path=path
            )
            for path in (0, 1)
        ),
        branch=lambda a, b: np.sign(np.subtract(a, b)),
        scalar=f"({{0}} if {{0}} {'>' if _name == 'maximum' else '<'}= {{1}} or {{0}} != {{0}} else {{1}})",
        samples=PAIRS,
        why="Only the one that is chosen moves the result.",
        source="convention: ties are shared, as in torch, JAX and autograd",
    )


def _lower_clip(
    builder: Builder, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    low = a_min if a_min is not None else min
    high = a_max if a_max is not None else max
    lowest, highest = _limits(np.asarray(a).dtype if not isinstance(a, Traced) else a.dtype)
    operands = (a, lowest if low is None else low, highest if high is None else high)
    return finish(Traced(builder, builder.emit(CLIP, broadcast(builder, operands))), out)


for _name, _number, _chooser in (("maximum", np.fmax, np.maximum), ("minimum", np.fmin, np.minimum)):
    composite(
        _number,
        rule=f"{_name} rule",
        lower=lambda a, b, f=_chooser: np.where(np.isnan(a), b, np.where(np.isnan(b), a, f(a, b))),
        samples=PAIRS,
        why="Only the one that is chosen moves the result; a number that is none is never chosen.",
        source="convention: ties are shared, as in torch, JAX and autograd",
    )


def _limits(dtype: Any) -> tuple[Any, Any]:
    """The edges where none is given: no number of this dtype is beyond them."""
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    return -np.inf, np.inf


CLIP = elementwise(
    np.clip,
    lower=_lower_clip,
    scalar="min(max({0}, {1}), {2})",
    rule="clip rule",
    notation=lambda a, low, high: call("clip", a, low, high),
    slopes=(
        lambda y, a, low, high: inside(a, low, high),
        # Where the edges are the wrong way round, NumPy answers with the upper one.
        lambda y, a, low, high: above(low - a) * np.less_equal(low, high),
        lambda y, a, low, high: above(np.maximum(a, low) - high),
    ),
    kinks=(
        Kink(
            at=lambda a, low, high: (a == low) & (low < high),
            left=0.0,
            right=1.0,
            chosen=1.0,
            because="the edge counts as inside",
        ),
        Kink(
            at=lambda a, low, high: (a == high) & (low < high),
            left=1.0,
            right=0.0,
            chosen=1.0,
            because="the edge counts as inside",
        ),
    ),
    branch=lambda a, low, high: np.sign(np.subtract(a, low)) + 3 * np.sign(np.subtract(a, high)),
    samples=((0.5, 0.0, 1.0), (-2.0, -1.0, 1.0), (3.0, -1.0, 1.0)),
    why="Inside it is a itself; outside it stays at the edge.",
    source="convention: 1 on the edge, as torch chooses",
)


def _lower_where(builder: Builder, condition: Any, *choices: Any) -> Any:
    if len(choices) != 2:
        return np.nonzero(condition)
    first, second = broadcast(builder, choices)
    condition = np.bool_(condition) if isinstance(condition, bool) else condition
    spread = broadcast(builder, (condition, Traced(builder, first), Traced(builder, second)))
    return Traced(builder, builder.emit(WHERE, spread))


WHERE = elementwise(
    np.where,
    lower=_lower_where,
    scalar="({1} if {0} else {2})",
    rule="choice rule",
    notation=lambda condition, a, b: Cases(((a, condition), (b, Words("otherwise")))),
    slopes=(
        None,
        lambda y, c, a, b: np.where(c, 1.0, 0.0).astype(y.dtype),
        lambda y, c, a, b: np.where(c, 0.0, 1.0).astype(y.dtype),
    ),
    pullback=lambda g, y, c, a, b: (None, np.where(c, g, 0), np.where(c, 0, g)),
    pushforward=lambda t, y, c, a, b: np.where(c, _or_zero(t[1]), _or_zero(t[2])),
    samples=((True, 2.0, 3.0), (False, 2.0, 3.0)),
    why="Only the chosen one moves the result; nothing at all comes back to the other.",
    source="by definition",
)


def _or_zero(tangent: Any) -> Any:
    return 0 if tangent is None else tangent


def _in_ascii(sign: str) -> str:
    return {"≥": ">=", "≤": "<=", "=": "==", "≠": "!="}.get(sign, sign)


for _function, _sign in (
    (np.greater, ">"),
    (np.greater_equal, "≥"),
    (np.less, "<"),
    (np.less_equal, "≤"),
    (np.equal, "="),
    (np.not_equal, "≠"),
):
    elementwise(
        _function,
        rule="",
        notation=lambda a, b, sign=_sign: infix(sign, a, b),
        slopes=(None, None),
        branch=_function,
        samples=PAIRS,
        symbol=_in_ascii(_sign),
        scalar=f"({{0}} {_in_ascii(_sign)} {{1}})",
        why="A truth value has no slope.",
        source="by definition",
    )

for _function, _sign in ((np.logical_and, "and"), (np.logical_or, "or"), (np.logical_xor, "xor")):
    elementwise(
        _function,
        rule="",
        notation=lambda a, b, sign=_sign: infix(sign, a, b),
        slopes=(None, None),
        samples=((True, False), (True, True)),
        why="A truth value has no slope.",
        source="by definition",
    )


def _bits(bitwise: Any, logical: Any) -> None:
    """`&`, `|`, `^` and `~`: of truth values they are ops; whole numbers leave the trace, under guard."""

    def lower(*operands: Any) -> Any:
        kinds = {np.asarray(o).dtype.kind if not isinstance(o, Traced) else o.dtype.kind for o in operands}
        return (
            logical(*operands)
            if kinds == {"b"}
            else bitwise(*(np.asarray(o) if isinstance(o, Traced) and o.dtype.kind in "biu" else o for o in operands))
        )

    composite(
        bitwise,
        rule="step rule",
        lower=lower,
        words=(),
        samples=((True,) if bitwise is np.invert else (True, False),),
        why="A truth value has no slope.",
        source="by definition",
    )


_bits(np.bitwise_and, np.logical_and)
_bits(np.bitwise_or, np.logical_or)
_bits(np.bitwise_xor, np.logical_xor)
_bits(np.invert, np.logical_not)

for _function in (np.logical_not, np.isnan, np.isfinite, np.isinf, np.signbit):
    elementwise(
        _function,
        rule="",
        notation=lambda a, name=_function.__name__: call(name, a),
        slopes=(None,),
        scalar={"isfinite": "isfinite({0})", "isnan": "({0} != {0})", "logical_not": "(not {0})"}.get(
            _function.__name__, ""
        ),
        samples=(0.0, 1.0),
        why="A truth value has no slope.",
        source="by definition",
    )


def _lower_arg(op_name: str) -> Any:
    def lower(builder: Builder, a: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        from gradwork.graph.op import REGISTER

        return finish(node(builder, REGISTER.named(op_name), (a,), axis=axis, keepdims=bool(keepdims)), out)

    return lower


for _function in (np.argmax, np.argmin):
    structural(
        _function,
        rule="",
        notation=lambda a, axis, keepdims, name=_function.__name__: call(name, a),
        lower=_lower_arg(_function.__name__),
        samples=((np.array([0.5, 2.0, -1.0]), {"axis": 0}),),
        why="A position has no slope.",
        source="by definition",
    )


def of_several(one: Any, two: Any) -> Any:
    """In a formula max(x, 0) means the larger of the two, and max(x) the largest entry: an axis has to be named."""

    def extreme(first: Any, *others: Any, **options: Any) -> Any:
        if not others:
            return one(first, **options)
        for other in others:
            first = two(first, other)
        return first

    return extreme
