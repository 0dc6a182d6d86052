"""How an op is declared: the few functions that the family files call.

`elementwise` is for functions that act entry by entry; `structural` for the rest; `composite` for a NumPy function that
is written in terms of others. A rule is ordinary NumPy on traced values, so the same line gives numbers, a graph for
the next derivative, and the printed step.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwork.errors import MissingRuleError
from gradwork.graph import frames
from gradwork.graph.builder import ENTRY_BY_ENTRY, Builder
from gradwork.graph.graph import NO_PARAMS, USER, Params
from gradwork.graph.op import REGISTER, Composite, Op, declare
from gradwork.graph.plain import taken_over
from gradwork.graph.traced import Traced, call, contains_traced, lift, node, write

Scalar = (bool, int, float, complex)


def elementwise(
    function: Any,
    *,
    notation: Callable[..., Any],
    rule: str,
    name: str = "",
    slopes: tuple[Any, ...] = (None,),
    answers: tuple[Any, ...] = (),
    words: tuple[str, ...] = (),
    lower: Callable[..., Any] | None = None,
    **rest: Any,
) -> Op:
    """Declare an op that acts entry by entry. See `gradwork.graph.op.Op` for the fields."""
    name = name or function.__name__
    op = Op(
        name=name, function=_value(function), rule=rule, notation=notation, elementwise=True, arity=len(slopes),
        slopes=slopes, answers=answers or (function,), words=words or (name,), lower=lower or lower_entries(name),
        family=_family(), **rest,
    )  # fmt: skip
    return _enter(op)


def structural(
    function: Any,
    *,
    notation: Callable[..., Any],
    rule: str,
    lower: Callable[..., Any],
    name: str = "",
    answers: tuple[Any, ...] = (),
    words: tuple[str, ...] | None = None,
    **rest: Any,
) -> Op:
    """Declare an op that looks at whole arrays. `lower(builder, *args, **kwargs)` reads NumPy's own call."""
    name = name or function.__name__
    words = (name,) if words is None else words
    op = Op(
        name=name,
        function=_value(function),
        rule=rule,
        notation=notation,
        answers=answers or (function,),
        words=words,
        lower=lower,
        family=_family(),
        **rest,
    )
    return _enter(op)


def composite(
    function: Any,
    *,
    rule: str,
    lower: Callable[..., Any],
    name: str = "",
    answers: tuple[Any, ...] = (),
    words: tuple[str, ...] | None = None,
    **rest: Any,
) -> Composite:
    """Declare a function that is written in terms of others: `lower(*args, **kwargs)` in ordinary NumPy."""
    name = name or function.__name__
    made = Composite(name, function, rule, lower, family=_family(), answers=answers or (function,), **rest)
    for answered in made.answers:
        REGISTER.by_function[answered] = lambda builder, *args, **kwargs: lower(*args, **kwargs)
    for word in (name,) if words is None else words:
        REGISTER.by_word[word] = _word(function)
    REGISTER.composites[name] = made
    return made


def public(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of our own, such as `relu`, that takes plain and traced values alike.

    It is entered under its own name; the op or composite that answers for it names it in `answers`.
    """

    def either(*args: Any, **kwargs: Any) -> Any:
        if any(map(contains_traced, args)) or any(map(contains_traced, kwargs.values())):
            return call(either, args, kwargs)
        return function(*args, **kwargs)

    functools.update_wrapper(either, function)
    either.on_plain_values = function  # type: ignore[attr-defined]
    return either


def _value(function: Any) -> Any:
    """What gives an op's value: of our own functions, the part for plain values alone."""
    return getattr(function, "on_plain_values", function)


def _enter(op: Op) -> Op:
    declare(op)
    for word in op.words:
        if not word.startswith("_"):
            REGISTER.by_word[word] = op.lower if word.startswith("ufunc ") else _word(op.answers[0])  # type: ignore[assignment]
    return op


def _word(function: Any) -> Callable[..., Any]:
    return function  # type: ignore[no-any-return]


def _family() -> str:
    """The file that declares, as the op's family."""
    return str(sys._getframe(2).f_globals["__name__"]).rsplit(".", 1)[-1]


def lower_entries(name: str) -> Callable[..., Any]:
    """How a call of NumPy's entry-by-entry function becomes a node of that op."""

    def lower(
        builder: Builder, *operands: Any, out: Any = None, where: Any = True, dtype: Any = None, **other: Any
    ) -> Any:
        op = REGISTER.by_name[name]
        if (
            out is None
            and where is True
            and dtype is None
            and not other
            and len(operands) == REGISTER.by_name[name].arity
        ):
            return entry_by_entry(builder, REGISTER.by_name[name], operands)
        if other.get("casting") not in (None, "same_kind") or len(operands) != op.arity:
            raise unsupported(op.name, f"{', '.join(other) or 'more operands'}")
        # Entries that where= leaves out are not looked at in NumPy, so they do not warn.
        with np.errstate() if where is True else np.errstate(all="ignore"):
            result = entry_by_entry(builder, op, operands)
        if dtype is not None and np.dtype(dtype) != result.dtype:
            result = result.astype(dtype)
        return finish(result, out, where)

    return lower


def finish(result: Traced, out: Any, where: Any = True) -> Any:
    """Honour `out=` and `where=` of a NumPy call."""
    target = out[0] if isinstance(out, tuple) else out
    if where is not True:
        if target is None:
            raise unsupported("where= without out=", "the entries left out have no value")
        result = _chosen(where, result, target)
    if target is None:
        return result
    if isinstance(target, Traced):
        write(target, result)
        return target
    if frames.in_place_operator():
        return result  # Python binds the name to it
    followed = taken_over(target, result.builder)
    followed[...] = result
    return followed


def _chosen(where: Any, result: Any, target: Any) -> Any:
    return np.where(where, result, target)


def entry_by_entry(builder: Builder, op: Op, operands: tuple[Any, ...]) -> Traced:
    """Add an elementwise op, with every broadcast as a node of its own."""
    inputs = _alike(builder, operands) or broadcast(builder, operands)
    if builder.origin is not USER and builder.origin.kind == "rule":
        folded = _folded(builder, op, inputs)
        if folded is not None:
            return folded
    return Traced(builder, builder.emit(op, inputs, NO_PARAMS))


# Plain arithmetic; log 2 stays log 2 on a page.
_FOLDED = frozenset({"add", "subtract", "multiply", "chain_product", "divide", "power", "negative"})


def _folded(builder: Builder, op: Op, inputs: tuple[int, ...]) -> Traced | None:
    """Rules work with constants as a person does: n - 1 with n = 2 is written 1 at once."""
    if op.name not in _FOLDED:
        return None
    constants = [builder.constants.get(i) for i in inputs]
    if any(c is None or np.ndim(c) for c in constants):
        return None
    with np.errstate(all="ignore"):
        return Traced(builder, builder.constant(op.function(*constants), shape=builder.shape(inputs[0])))


def _alike(builder: Builder, operands: tuple[Any, ...]) -> tuple[int, ...] | None:
    """The nodes of operands that already are of one shape, or of one with a bare number; None for all other cases."""
    first = operands[0]
    if len(operands) == 1:
        return (first.index,) if type(first) is Traced and first.builder is builder else None
    second = operands[1]
    if len(operands) != 2:
        return None
    if type(first) is Traced and first.builder is builder:
        i = first.index
        if type(second) is Traced:
            j = second.index
            return (i, j) if second.builder is builder and builder.rows[i][3] == builder.rows[j][3] else None
        return (i, _number(builder, second, i)) if type(second) is float or type(second) is int else None
    if (type(first) is float or type(first) is int) and type(second) is Traced and second.builder is builder:
        j = second.index
        return _number(builder, first, j), j
    return None


def _number(builder: Builder, value: Any, beside: int) -> int:
    """A constant for a bare Python number beside a node."""
    row = builder.rows[beside]
    if row[4] is _FLOAT64:
        return builder.constant(np.float64(value), shape=row[3])
    return _weak(builder, value, row[3], [row[4]])


_FLOAT64 = np.dtype(np.float64)


def broadcast(builder: Builder, operands: tuple[Any, ...]) -> tuple[int, ...]:
    """The nodes of `operands`, all of one shape. A single number beside arrays becomes as many equal ones."""
    lifted = [None if isinstance(o, Scalar) else lift(builder, o) for o in operands]
    if None not in lifted:
        shapes = {builder.shape(i) for i in lifted if i is not None}
        if len(shapes) == 1:
            return tuple(i for i in lifted if i is not None)
    rows = builder.rows
    shape = common_shape(builder, [i for i in lifted if i is not None])
    dtypes = [rows[i][4] for i in lifted if i is not None]
    return tuple(
        _weak(builder, operand, shape, dtypes) if i is None else spread_to(builder, i, shape)
        for i, operand in zip(lifted, operands, strict=True)
    )


def common_shape(builder: Builder, positions: list[int]) -> tuple[int, ...]:
    """The shape that these nodes broadcast to. Raises ShapeError, on the user's line, when there is none."""
    shapes = [builder.shape(i) for i in positions]
    try:
        return _broadcast_shapes(tuple(shapes))
    except ValueError as error:
        raise builder.refused(ENTRY_BY_ENTRY, tuple(positions), error) from error


_broadcast_shapes = functools.lru_cache(maxsize=4096)(lambda shapes: np.broadcast_shapes(*shapes))


def _weak(builder: Builder, value: Any, shape: tuple[int, ...], dtypes: list[Any]) -> int:
    """A bare Python number takes on the dtype of what it stands beside."""
    dtype = np.result_type(*dtypes, value) if dtypes else None
    return builder.constant(np.asarray(value, dtype)[()], shape=shape)


def spread_to(builder: Builder, position: int, shape: tuple[int, ...]) -> int:
    """The node in `shape`: itself, a constant standing for more entries, or a broadcast."""
    if builder.shape(position) == shape:
        return position
    constant = builder.constants.get(position)
    if constant is not None and np.ndim(constant) == 0 and position not in builder.names:
        return builder.constant(constant, shape=shape)
    return builder.emit(REGISTER.by_name["broadcast_to"], (position,), _spread_params(shape))


@functools.lru_cache(maxsize=4096)
def _spread_params(shape: tuple[int, ...]) -> Params:
    return Params(shape=shape)


def known(value: Any) -> Any:
    """The number that a traced value is known to be, whatever the inputs; None where it is not constant.

    A rule may look at it: the power rule does, to write 2 x and not a case for x = 0.
    """
    if not isinstance(value, Traced):
        return value
    constant = value.builder.constants.get(value.index)
    return constant.item() if constant is not None and np.ndim(constant) == 0 else None


def unsupported(what: str, how: str) -> MissingRuleError:
    """The error for a use of a function that has no rule."""
    return MissingRuleError(
        f"{what}: {how} is not supported here yet", where=frames.user_where(), why="no rule is declared for this use"
    )


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """An axis argument as a sorted tuple of axes counted from 0; None means all."""
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    wanted = axis if isinstance(axis, (tuple, list)) else (axis,)
    return tuple(sorted(np.lib.array_utils.normalize_axis_index(int(a), ndim) for a in wanted))


__all__ = [
    "Builder",
    "Traced",
    "axes_of",
    "broadcast",
    "composite",
    "elementwise",
    "entry_by_entry",
    "finish",
    "known",
    "lift",
    "lower_entries",
    "node",
    "public",
    "spread_to",
    "structural",
    "unsupported",
]
