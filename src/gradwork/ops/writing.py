"""NumPy functions that write into an array that is handed to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.plain import taken_over
from gradwork.graph.traced import innermost, write
from gradwork.ops._arrays import array_of, plain
from gradwork.ops._declare import Traced, composite


def _declare(function: Any, lower: Any, name: str = "") -> None:
    composite(
        function,
        name=name,
        rule="writing rule",
        lower=lower,
        words=(),
        samples=(),
        why="What was overwritten no longer counts; what was written takes its slopes back.",
        source="by definition",
    )


def _target(a: Any, *written: Any) -> Traced:
    """The traced array that is written to: `a`, or the one that takes the place of an ordinary array."""
    return a if isinstance(a, Traced) else taken_over(a, innermost(written, {}))


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    dst = _target(dst, src, where)
    dst[...] = src if where is True else np.where(where, src, dst)


def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    a = _target(a, ind, v)
    places = np.ravel(np.asarray(plain(ind)))
    if mode != "raise":
        places = np.clip(places, 0, a.size - 1) if mode == "clip" else np.mod(places, a.size)
    values = np.ravel(array_of(v))
    if not values.shape[0]:
        return
    flat: Any = np.ravel(a)
    # Values are begun again where there are too few.
    flat[places] = values[np.arange(places.size) % values.shape[0]]
    if flat._view is None:
        write(a, np.reshape(flat, a.shape))


def _place(arr: Any, mask: Any, vals: Any) -> None:
    arr = _target(arr, mask, vals)
    count = int(np.sum(np.asarray(mask)))
    arr[mask] = np.ravel(vals)[np.arange(count) % np.size(vals)]


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    a = _target(a, val)
    places = np.arange(a.size).reshape(a.shape)
    # NumPy itself says which entries: those that it marks.
    marked = np.zeros(a.shape, bool)
    np.fill_diagonal(marked, True, wrap)
    where = np.nonzero(marked.ravel())[0]
    values = np.ravel(array_of(val))
    flat: Any = np.copy(np.ravel(a))
    flat[places.ravel()[where]] = values[np.arange(where.size) % values.shape[0]]
    write(a, np.reshape(flat, a.shape))


def _put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    arr = _target(arr, indices, values)
    if axis is None:
        flat: Any = np.copy(np.ravel(arr))
        flat[indices] = values
        write(arr, np.reshape(flat, arr.shape))
        return
    axis %= arr.ndim
    lined_up = [np.arange(n).reshape([-1 if i == d else 1 for i in range(arr.ndim)]) for d, n in enumerate(arr.shape)]
    arr[tuple(indices if d == axis else lined_up[d] for d in range(arr.ndim))] = values


_declare(np.copyto, _copyto)
_declare(np.put, _put)
_declare(np.place, _place)
_declare(np.putmask, lambda a, mask, values: np.copyto(a, np.resize(array_of(values), a.shape), where=mask))
_declare(np.fill_diagonal, _fill_diagonal)
_declare(np.put_along_axis, _put_along_axis)
