"""Functions whose inside is not looked at: one node each, whose slopes are measured by nudging.

`black_box(f)` wraps a function that needs plain numbers; a NumPy or SciPy function without a rule is treated so by
itself, and says so once. Value and slopes are those of plain calls of the function, so nothing is lost and nothing is
guessed: each slope comes with a bar, and one that is not known to three digits is warned of. See docs/decisions/0012.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.errors import (
    ArgumentError,
    BlackBoxWarning,
    EscapedValueError,
    GradworkError,
    MissingRuleError,
    TracedValueError,
    Where,
)
from gradwork.gradients.measured import BLACK_BOX, Boxed, enter
from gradwork.graph import frames
from gradwork.graph.builder import Builder
from gradwork.graph.calling import through
from gradwork.graph.refusals import function_name, no_rule
from gradwork.graph.traced import Traced, contains_traced, innermost, lift, node
from gradwork.graph.tree import flatten

# These look at an array's place in memory or write it out; their value is not a number.
_REFUSED = frozenset({"save", "savez", "savez_compressed", "savetxt", "shares_memory", "may_share_memory", "shuffle"})
# So many slopes are measured without being asked: more would take long, and an error says at once what to write.
MOST_ENTRIES = 200
_IN_WORDS = frozenset({"array_repr", "array_str", "array2string"})


def black_box(f: Callable[..., Any], *, name: str | None = None) -> Callable[..., Any]:
    """`f` as one node whose slopes are measured by nudging: for functions that need plain numbers inside.

    f:    any repeatable function of numbers and arrays, or nested tuples, lists, dicts and dataclasses of them. It is
          called with plain values, so it may use `math`, SciPy's solvers, compiled code, files. It returns numbers or
          arrays of floats. Traced values that it reaches by closure are refused: pass them as arguments.
    name: what graphs and pages call it; the function's own name by default.
    A slope costs several calls an entry of the arguments. Second slopes are refused: give the rule with
    `gw.custom_rule` for these. Warns (BlackBoxWarning) where a slope is known to fewer than three digits.

    >>> import math, gradwork as gw
    >>> area = gw.black_box(lambda r: math.pi * math.pow(r, 2), name="area")
    >>> value, slope = gw.value_and_grad(lambda r: 3 * area(r))(2.0)
    >>> round(float(value), 6), round(float(slope), 6)
    (37.699112, 37.699112)

    Source: central differences with error bars, as `gw.nudge` measures them.
    """
    if not callable(f):
        raise ArgumentError(f"a black box is made of a function, not of {type(f).__name__}")
    lower = _lowering(f, name or _own_name(f))

    def either(*args: Any, **kwargs: Any) -> Any:
        leaves = flatten((args, kwargs))[0]
        if not any(isinstance(leaf, Traced) or contains_traced(leaf) for leaf in leaves):
            return f(*args, **kwargs)
        return through(innermost(leaves, {}), lower, args, kwargs)

    functools.update_wrapper(either, f)
    return either


def _own_name(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", type(f).__name__)
    return name if name.isidentifier() else "f"


def unknown_function(function: Any) -> Callable[..., Any]:
    """The lowering of a NumPy or SciPy function that no rule is declared for."""
    label = function_name(function)
    if getattr(function, "__name__", "") in _REFUSED or not callable(function):
        raise no_rule(label)
    if getattr(function, "__name__", "") in _IN_WORDS:
        return lambda builder, *args, **kwargs: function(*_plain(args), **_plain(kwargs))
    if isinstance(function, np.ufunc) and all(set(kinds) <= set("O->") for kinds in function.types):
        return lambda builder, *args, **kwargs: function(*map(_entries, args), **kwargs)
    return _told(_lowering(function, label), label)


def as_a_whole(f: Callable[..., Any], asked: Any, error: TracedValueError, trace: Callable[[Any], Any]) -> Any:
    """The trace of a function that cannot be followed: one black box, if there are few slopes to measure.

    Raises `error`, which says why it cannot be followed, where they are many, or where it cannot be a black box either.
    """
    entries = sum(np.size(leaf.value if isinstance(leaf, Traced) else leaf) for leaf in flatten(asked)[0])
    if entries > MOST_ENTRIES:
        raise error
    label = _own_name(f)
    try:
        traced = trace(black_box(f, name=label))
    except Exception:  # in plain numbers it does not work either
        raise error from None
    hint = (error.hint or "").split("; gw.black_box", 1)[0]
    _warn(
        f"{label} cannot be followed, so its slopes are measured by nudging: {error.headline}"
        + (f" ({error.where})" if error.where else "")
        + (f"; try: {hint}" if hint else ""),
        error.where,
    )
    return traced


_TOLD: dict[Any, Any] = {}


def _warn(text: str, where: Where | None) -> None:
    if where is None or not where.line:
        warnings.warn(BlackBoxWarning(text), stacklevel=2)
    else:
        warnings.warn_explicit(text, BlackBoxWarning, where.file, where.line, registry=_TOLD)


def _told(lower: Callable[..., Any], label: str) -> Callable[..., Any]:
    def lowered(builder: Builder, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None or kwargs.get("where", True) is not True:
            raise no_rule(f"{label} with {'out=' if kwargs.get('out') is not None else 'where='}")
        result = lower(builder, *args, **kwargs)
        where = frames.user_where()
        _warn(
            f"{label} has no rule here: its slopes are measured by nudging, with several calls an entry"
            + (f" ({where})" if where else ""),
            where,
        )
        return result

    return lowered


def _entries(value: Any) -> Any:
    """A traced array as an ordinary one whose entries are traced numbers: what np.frompyfunc works on."""
    if not isinstance(value, Traced):
        return value
    entries = np.empty(value.size, dtype=object)
    entries[:] = list(np.ravel(value))
    return entries.reshape(value.shape)


def _plain(tree: Any) -> Any:
    leaves, structure = flatten(tree)
    return structure.build(iter([leaf.value if isinstance(leaf, Traced) else leaf for leaf in leaves]))


# -- the node ---------------------------------------------------------------------------------------------------------


def _lowering(f: Callable[..., Any], label: str) -> Callable[..., Any]:
    def lower(builder: Builder, *args: Any, **kwargs: Any) -> Any:
        if not builder.concrete:
            raise no_rule(label)
        enter()
        leaves, structure = flatten((args, kwargs))
        leaves = [_taken(builder, leaf) for leaf in leaves]
        moving = tuple(k for k, leaf in enumerate(leaves) if isinstance(leaf, Traced))
        of = Boxed(f, label, structure, tuple(None if k in moving else leaf for k, leaf in enumerate(leaves)), moving)
        result, output = flatten(_called(of, [leaves[k].value for k in moving]))
        of = replace(of, result=output, pieces=tuple(_kind(r, label) for r in result))
        whole = node(builder, BLACK_BOX, tuple(leaves[k] for k in moving), of=of)
        return output.build(iter(_unpacked(whole, of)))

    return lower


def _taken(builder: Builder, leaf: Any) -> Any:
    """A leaf as a traced float of this trace, or as a plain value, with a guard where it hangs on the inputs."""
    if contains_traced(leaf) and not isinstance(leaf, Traced):
        leaf = Traced(builder, lift(builder, leaf))
    if not isinstance(leaf, Traced):
        return leaf
    leaf = Traced(builder, lift(builder, leaf))
    if leaf.dtype.kind == "c":
        raise no_rule("a black box of complex numbers")
    return leaf if leaf.dtype.kind == "f" else leaf._guarded()


def _called(of: Boxed, arrays: Sequence[Any]) -> Any:
    try:
        result = of.call(arrays)
    except (TracedValueError, EscapedValueError) as error:
        raise _reached(of) from error
    if any(isinstance(leaf, Traced) or contains_traced(leaf) for leaf in flatten(result)[0]):
        raise _reached(of)
    return result


def _reached(of: Boxed) -> GradworkError:
    return ArgumentError(
        f"{of.label} reaches a traced value that is no argument of it",
        where=frames.user_where(),
        why="a black box is called with plain numbers, so what it reaches by itself would lose its slope",
        hint="pass it as an argument",
    )


def _kind(leaf: Any, label: str) -> tuple[tuple[int, ...], Any]:
    array = np.asarray(leaf)
    if array.dtype.kind not in "biuf":
        raise MissingRuleError(
            f"{label} gives {type(leaf).__name__}" + ("" if array.dtype == object else f" of {array.dtype}"),
            where=frames.user_where(),
            why="a black box gives real numbers, or arrays of them",
            hint="give its rule with gw.custom_rule(f, pullback)",
        )
    return array.shape, array.dtype


def _unpacked(whole: Traced, of: Boxed) -> list[Any]:
    if len(of.pieces) == 1:
        return [whole]
    found, start = [], 0
    for size, dtype in of.pieces:
        count = int(np.prod(size, dtype=np.int64))
        piece: Any = np.reshape(whole[start : start + count], size)
        found.append(piece if piece.dtype == dtype else piece.astype(dtype))
        start += count
    return found
