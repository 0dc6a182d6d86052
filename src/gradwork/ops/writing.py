"""NumPy functions that write into an array that is handed to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.errors import TracedValueError
from gradwork.graph import frames
from gradwork.graph.traced import write
from gradwork.ops._declare import Builder, Traced, composite, node
from gradwork.ops.indexing import SCATTER, _parsed


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


def _target(a: Any, function: str) -> Traced:
    if isinstance(a, Traced):
        return a
    raise TracedValueError(
        f"{function} cannot write traced numbers into an ordinary array",
        where=frames.user_where(),
        why="the array keeps plain numbers, so the step from x to it would be lost",
        hint="start from np.zeros_like(x) of a traced x",
    )


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    dst = _target(dst, "np.copyto")
    dst[...] = src if where is True else np.where(where, src, dst)


def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    a = _target(a, "np.put")
    flat: Any = np.ravel(a)
    flat[np.asarray(ind)] = v
    if flat._view is None:
        write(a, np.reshape(flat, a.shape))


def _place(arr: Any, mask: Any, vals: Any) -> None:
    arr = _target(arr, "np.place")
    count = int(np.sum(np.asarray(mask)))
    arr[mask] = np.ravel(vals)[np.arange(count) % np.size(vals)]


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    a = _target(a, "np.fill_diagonal")
    along = np.arange(min(a.shape))
    a[(along,) * a.ndim] = val


def _add_at(a: Any, indices: Any, b: Any) -> None:
    a = _target(a, "np.add.at")
    index, arrays = _parsed(a.builder, indices)
    added = np.broadcast_to(b, np.empty(a.shape, bool)[indices].shape)
    parts = (added, *(Traced(a.builder, i) for i in arrays))
    write(a, a + node(a.builder, SCATTER, parts, index=index, shape=a.shape))


_declare(np.copyto, _copyto)
_declare(np.put, _put)
_declare(np.place, _place)
_declare(np.putmask, lambda a, mask, values: np.copyto(a, np.resize(values, a.shape), where=mask))
_declare(np.fill_diagonal, _fill_diagonal)
_declare(np.add.at, _add_at, name="add.at")

__all__ = ["Builder"]
