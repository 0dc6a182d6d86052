"""The methods of NumPy's entry-by-entry functions: reduce, accumulate, outer, reduceat and at, for all of them.

Each is declared once, under the name of the method; the function whose method it is comes as the first argument.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import REGISTER
from gradwork.graph.plain import taken_over
from gradwork.graph.traced import innermost, write
from gradwork.ops._arrays import along, array_of, flag, given, laid_last, plain, put_back
from gradwork.ops._declare import Traced, axes_of, composite, finish, node
from gradwork.ops.indexing import SCATTER, _parsed

TABLE = np.array([[0.5, 1.3, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, 1.2, 2.0, 1.5])
_REDUCED: dict[Any, Any] = {
    np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min,
    np.logical_and: np.all, np.logical_or: np.any,
}  # fmt: skip
_RUNNING: dict[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}


def _reduce(
    ufunc: Any, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: Any = False,
    initial: Any = np._NoValue, where: Any = True,
) -> Any:  # fmt: skip
    a = array_of(array)
    a = a if dtype is None or a.dtype == dtype else a.astype(dtype)
    if not a.ndim and axis in (0, -1):
        axis = ()  # NumPy allows it of a single number
    keep = flag(keepdims)
    some = where is not True and given(where)
    if ufunc in _REDUCED:
        more = {"initial": initial} if initial is not np._NoValue else {}
        if some:
            more["where"] = where
        return _REDUCED[ufunc](a, axis=axis, out=out, keepdims=keep, **more)
    if ufunc is np.logaddexp and not given(initial) and not some and a.size:
        return finish(REGISTER.by_word["logsumexp"](a, axis=axis, keepdims=keep), out)
    last, axes = laid_last(a, axis)
    start = _start(ufunc, last, initial)
    inside = np.broadcast_to(laid_last(np.broadcast_to(where, a.shape), axis)[0], last.shape) if some else None
    return finish(put_back(_folded(ufunc, last, start, inside), a, axes, keep), out)


def _start(ufunc: Any, last: Any, initial: Any) -> Any:
    if given(initial):
        return array_of(initial)
    if not last.shape[-1]:
        # NumPy's own answer for nothing at all, or its refusal.
        return ufunc.reduce(np.empty(last.shape, last.dtype), axis=-1)
    return None


def _folded(ufunc: Any, last: Any, value: Any, inside: Any) -> Any:
    if value is not None:
        value = np.broadcast_to(value, last.shape[:-1])
    for k in range(last.shape[-1]):
        if value is None:
            value = last[..., k] if inside is None else np.where(inside[..., k], last[..., k], ufunc.identity)
            continue
        moved = ufunc(value, last[..., k])
        value = moved if inside is None else np.where(inside[..., k], moved, value)
    return value


def _accumulate(ufunc: Any, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    a = array_of(array)
    a = a if dtype is None or a.dtype == dtype else a.astype(dtype)
    if ufunc in _RUNNING:
        return _RUNNING[ufunc](a, axis=axis, out=out)
    if not a.shape[axis]:
        return finish(a, out)
    found = [along(a, axis, 0)]
    for k in range(1, a.shape[axis]):
        found.append(ufunc(found[-1], along(a, axis, k)))
    whole: Any = np.stack(found, axis=axis)
    return finish(whole, out)


def _outer(ufunc: Any, a: Any, b: Any, **options: Any) -> Any:
    a, b = array_of(a), array_of(b)
    return ufunc(np.reshape(a, a.shape + (1,) * b.ndim), b, **options)


def _reduceat(ufunc: Any, array: Any, indices: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    a, starts = array_of(array), np.asarray(plain(indices))
    a = a if dtype is None or a.dtype == dtype else a.astype(dtype)
    (axis,) = axes_of(axis, a.ndim)
    stops = [*starts[1:].tolist(), a.shape[axis]]
    pieces = [
        _reduce(ufunc, along(a, axis, slice(i, j)), axis) if i < j else along(a, axis, i)
        for i, j in zip(starts.tolist(), stops, strict=True)
    ]
    whole: Any = np.stack(pieces, axis=axis)
    return finish(whole, out)


def _at(ufunc: Any, a: Any, indices: Any, b: Any = None) -> None:
    if not isinstance(a, Traced):
        a = taken_over(a, innermost((indices, b), {}))
    if ufunc is np.add:
        _add_at(a, indices, b)
        return
    key = tuple(map(plain, indices)) if isinstance(indices, tuple) else plain(indices)
    places = np.arange(a.size).reshape(a.shape)[key]
    operand = None if b is None else np.ravel(np.broadcast_to(array_of(b), places.shape))
    flat: Any = np.ravel(a)
    waiting = np.arange(places.size)
    while waiting.size:
        # Once each, then those that are named again: each time it acts on what the last one left.
        _, first = np.unique(places.ravel()[waiting], return_index=True)
        now, places_now = waiting[first], places.ravel()[waiting[first]]
        flat = np.copy(flat)
        flat[places_now] = ufunc(flat[places_now]) if operand is None else ufunc(flat[places_now], operand[now])
        waiting = np.delete(waiting, first)
    write(a, np.reshape(flat, a.shape))


def _add_at(a: Any, indices: Any, b: Any) -> None:
    index, arrays = _parsed(a.builder, indices)
    key = tuple(map(plain, indices)) if isinstance(indices, tuple) else plain(indices)
    added = np.broadcast_to(array_of(b), np.empty(a.shape, bool)[key].shape)
    parts = (added, *(Traced(a.builder, i) for i in arrays))
    write(a, a + node(a.builder, SCATTER, parts, index=index, shape=a.shape))


def _declare(method: Any, lower: Any, *samples: Any, rule: str = "chain rule", why: str) -> None:
    composite(
        method,
        name=f"ufunc.{method.__name__}",
        rule=rule,
        lower=lower,
        words=(),
        samples=samples,
        exact=False,
        why=why,
        source="by definition",
    )


_declare(
    np.ufunc.reduce,
    _reduce,
    (np.add, TABLE),
    (np.multiply, TABLE, {"axis": 1, "keepdims": True}),
    (np.hypot, TABLE, {"axis": 1}),
    (np.logaddexp, ROW),
    why="The function of two, carried out along a row: its own rule applies at each step.",
)
_declare(
    np.ufunc.accumulate,
    _accumulate,
    (np.add, ROW),
    (np.divide, ROW),
    why="The function of two, carried out along a row: its own rule applies at each step.",
)
_declare(
    np.ufunc.outer,
    _outer,
    (np.multiply, ROW, TABLE),
    (np.subtract, ROW, ROW),
    why="Every entry of one beside every entry of the other.",
)
_declare(
    np.ufunc.reduceat,
    _reduceat,
    (np.add, ROW, [0, 2]),
    (np.multiply, ROW, [0, 2, 1]),
    why="As reduce, piece by piece.",
)
_declare(
    np.ufunc.at,
    _at,
    rule="writing rule",
    why="What was overwritten no longer counts; what was written takes its slopes back.",
)
