"""Taking plain values, lists and arrays of objects into a trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.errors import TracedValueError
from gradwork.graph import frames
from gradwork.graph.builder import Builder, escaped
from gradwork.graph.value import Traced


def innermost(args: Any, kwargs: Any) -> Builder:
    """The builder of the innermost trace among the arguments, looked for in lists and tuples too."""
    if len(args) == 1 and not kwargs and type(args[0]) is Traced:
        return args[0].builder
    found: Builder | None = None
    waiting: list[Any] = [*args, *kwargs.values()]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind is Traced:
            if found is None or item.builder.level > found.level:
                found = item.builder
        elif kind in _ALONE:
            continue
        elif kind is np.ndarray:
            if item.dtype.kind == "O":
                waiting.extend(item.ravel().tolist())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
    assert found is not None, "a traced value is among the arguments, or we would not be here"
    return found


_ALONE = frozenset((int, float, bool, str, type(None), np.float64))


def lift(builder: Builder, value: Any, like: tuple[int, ...] | None = None, dtype: Any = None) -> int:
    """The node that stands for `value` in `builder`.

    like:  the shape that a bare Python number is to stand for.
    dtype: the dtype that a bare Python number takes on beside others (they are weak, as in NumPy).
    """
    if type(value) is Traced:
        if value.builder is builder:
            return value.index
        if not value.builder.open:
            raise escaped()
        if value.builder.level < builder.level:
            return builder.capture(value, value.index)
        raise escaped()
    if isinstance(value, (bool, int, float, complex)):
        return builder.constant(np.asarray(value, dtype)[()], shape=like)
    if isinstance(value, np.generic):
        return builder.constant(value, shape=like)
    if isinstance(value, (list, tuple)) and contains_traced(value):
        return _stack(builder, list(value))
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype == object:
        return _absorb(builder, array)
    return builder.captured_array(array)


def contains_traced(value: Any) -> bool:
    """Whether a traced value stands somewhere in nested lists and tuples, or in an array of objects."""
    if isinstance(value, Traced):
        return True
    if isinstance(value, (list, tuple)):
        return any(map(contains_traced, value))
    return isinstance(value, np.ndarray) and value.dtype == object and any(map(contains_traced, value.ravel().tolist()))


def _stack(builder: Builder, items: list[Any]) -> int:
    result: Any = np.stack([Traced(builder, lift(builder, i)) for i in items])
    return int(result.index)


def _absorb(builder: Builder, array: np.ndarray[Any, Any]) -> int:
    items = array.ravel().tolist()
    if not any(isinstance(i, Traced) for i in items):
        raise TracedValueError(
            "an array of Python objects is not an array of numbers",
            where=frames.user_where(),
            hint="np.asarray(values, dtype=float)",
        )
    if array.ndim == 0:
        return lift(builder, items[0])
    stacked = Traced(builder, _stack(builder, items))
    whole: Any = stacked if array.ndim == 1 else np.reshape(stacked, array.shape)
    return int(whole.index)
