"""Running sums and products, differences, and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.notation.layout import call
from gradwork.ops._declare import Builder, Traced, composite, finish, lift, node, structural, unsupported

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])


def _lower_cumsum(builder: Builder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a = Traced(builder, lift(builder, a))
    a = a if dtype is None else a.astype(dtype)
    if axis is None:
        a, axis = np.ravel(a), 0
    return finish(node(builder, CUMSUM, (a,), axis=axis % a.ndim), out)


CUMSUM = structural(
    np.cumsum,
    rule="sum rule",
    notation=lambda a, axis: call("cumsum", a),
    lower=_lower_cumsum,
    pullback=lambda g, y, a, axis: (np.flip(np.cumsum(np.flip(g, axis), axis), axis),),
    linear="each",
    analytic=True,
    samples=((ROW, {}), (TABLE, {"axis": 1}), (TABLE, {})),
    why="An entry stands in every sum from its own place on: what comes back to these adds up.",
    source="DLMF 1.4.10",
)


def _cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a = a if dtype is None else a.astype(dtype)
    if axis is None:
        a, axis = np.ravel(a), 0
    last = np.moveaxis(a, axis, -1)
    n = last.shape[-1]
    # Row i holds the factors up to the i-th, and ones: products of rows have slopes also where a factor is 0.
    rows = np.where(np.tri(n, dtype=bool), last[..., None, :], np.ones((), a.dtype))
    return finish(np.moveaxis(np.prod(rows, axis=-1), -1, axis), out)


composite(
    np.cumprod,
    rule="product rule",
    lower=_cumprod,
    exact=False,
    samples=((ROW, {}), (TABLE, {"axis": 0})),
    why="A product of the factors up to each place.",
    source="DLMF 1.4.11",
)


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:
    if prepend is not np._NoValue or append is not np._NoValue:
        raise unsupported("diff", "prepend= or append=")
    before = (slice(None),) * (axis % a.ndim)
    for _ in range(n):
        a = a[(*before, slice(1, None))] - a[(*before, slice(None, -1))]
    return a


composite(
    np.diff,
    rule="sum rule",
    lower=_diff,
    samples=((ROW, {}), (TABLE, {"axis": 0}), (ROW, {"n": 2})),
    why="Each entry less the one before.",
    source="DLMF 1.4.10",
)
composite(
    np.ediff1d,
    rule="sum rule",
    lower=lambda ary, to_end=None, to_begin=None: _ediff1d(ary, to_end, to_begin),
    samples=((TABLE, {}),),
    why="Each entry less the one before.",
    source="DLMF 1.4.10",
)


def _ediff1d(a: Any, end: Any, begin: Any) -> Any:
    pieces = [np.ravel(p) for p in (begin, _diff(np.ravel(a)), end) if p is not None]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = y if isinstance(y, Traced) else np.asarray(y)
    before = (slice(None),) * (axis % y.ndim)
    width = dx if x is None else _diff(x if isinstance(x, Traced) else np.asarray(x))
    if x is not None and np.ndim(width) == 1:
        width = np.reshape(width, tuple(-1 if i == axis % y.ndim else 1 for i in range(y.ndim)))
    return np.sum(width * (y[(*before, slice(1, None))] + y[(*before, slice(None, -1))]) / 2.0, axis=axis)


composite(
    np.trapezoid,
    rule="sum rule",
    lower=_trapezoid,
    samples=((ROW, {}), (ROW, np.array([0.0, 0.5, 1.5, 2.0])), (TABLE, {"dx": 0.5, "axis": 0})),
    why="A sum of strips, each as high as the mean of its two sides.",
    source="by definition",
)
