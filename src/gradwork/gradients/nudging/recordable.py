"""Which NumPy functions can be written down on a tape, and as which calls. See `tape.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class NotRecorded(Exception):
    """The calculation does something that cannot be noted."""


def _reduced(ufunc: Any) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
        return ufunc.reduce(a, axis=axis, keepdims=keepdims is not np._NoValue and bool(keepdims))

    return reduce


def _mean(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    total = _reduced(np.add)(a, axis, keepdims)
    return total / (a.size // max(total.size, 1))


def take(a: Any, index: Any, axis: Any = None) -> Any:
    """Entries at known places along one axis."""
    index = np.asarray(index)
    if axis is None or not index.size or index.min() < 0:
        raise NotRecorded(np.take)
    if np.array_equal(index, np.arange(a.shape[axis])):
        return a
    # They are in range here and so in every run; NumPy only writes straight to its place if it need not look.
    return a.tape.note("ufunc", np.take, (a, index), {"axis": axis, "mode": "clip"}, np.take(a.value, index, axis=axis))


def _copied(a: Any, order: str = "C", subok: bool = False) -> Any:
    return a.tape.note("copy", np.copyto, (a,), {}, np.array(a.value, order=order))  # type: ignore[call-overload]


JOINING = frozenset({np.concatenate, np.stack})
# Those whose results have a shape that hangs on shapes alone.
OTHERS = frozenset({
    np.where, np.clip, np.cumsum, np.cumprod, np.sort, np.prod, np.var, np.std, np.repeat, np.tile, np.flip, np.roll,
    np.einsum, np.tensordot, np.outer, np.dot, np.diagonal, np.trace, np.argmax, np.argmin, np.linalg.norm,
    np.linalg.solve, np.linalg.inv, np.linalg.det, np.zeros_like, np.ones_like, np.full_like, np.real, np.round,
})  # fmt: skip
VIEWS = frozenset({np.broadcast_to, np.transpose, np.moveaxis, np.swapaxes, np.reshape, np.expand_dims, np.squeeze})
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
    np.result_type: lambda *a: np.result_type(*(getattr(x, "value", x) for x in a)),
    np.iscomplexobj: lambda a: a.dtype.kind == "c",
    np.sum: _reduced(np.add),
    np.max: _reduced(np.maximum),
    np.min: _reduced(np.minimum),
    np.any: _reduced(np.logical_or),
    np.all: _reduced(np.logical_and),
    np.mean: _mean,
    np.take: take,
    np.copy: _copied,
}
