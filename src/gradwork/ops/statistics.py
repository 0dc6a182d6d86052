"""Averages, covariance and correlation, written in terms of sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops._arrays import array_of, flag
from gradwork.ops._declare import axes_of, composite

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])


def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    a = array_of(a)
    axes, keep = axes_of(axis, a.ndim), flag(keepdims)
    if weights is None:
        mean = np.mean(a, axis=axes, keepdims=keep)
        total: Any = np.full(mean.shape, a.size / max(mean.size, 1), mean.dtype)[()]
    else:
        weights = array_of(weights)
        if weights.shape != a.shape:
            weights = _laid_along(weights, a, axis)
        dtype = np.result_type(a.dtype, weights.dtype, *([np.float64] if a.dtype.kind in "biu" else []))
        heavy = np.broadcast_to(weights, a.shape).astype(dtype)
        total = np.sum(heavy, axis=axes, keepdims=keep)
        mean = np.sum(np.multiply(a, weights), axis=axes, keepdims=keep, dtype=dtype) / total
    return (mean, total) if returned else mean


def _laid_along(weights: Any, a: Any, axis: Any) -> Any:
    """Weights of some axes, in the order in which these were named, laid along them."""
    named = [int(i) % a.ndim for i in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    turned = np.transpose(weights, tuple(int(i) for i in np.argsort(named)))
    return np.reshape(turned, tuple(n if i in named else 1 for i, n in enumerate(a.shape)))


composite(
    np.average,
    rule="quotient rule",
    lower=_average,
    samples=((TABLE, {}), (TABLE, {"weights": np.array([1.0, 2.0, 0.5]), "axis": 1})),
    why="A weighted sum over the sum of the weights.",
    source="by definition",
)


def _cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None,
    aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    dtype = np.result_type(array_of(m).dtype, np.float64) if dtype is None else np.dtype(dtype)
    rows = _variables(m, rowvar, dtype)
    if y is not None:
        rows = np.concatenate([rows, _variables(y, rowvar, dtype)])
    weights = None if fweights is None else array_of(fweights)
    if aweights is not None:
        weights = array_of(aweights) if weights is None else weights * array_of(aweights)
    ddof = ddof if ddof is not None else (0 if bias else 1)
    if weights is None:
        freedom: Any = rows.shape[1] - ddof
        centred = rows - np.mean(rows, axis=1, keepdims=True)
        heavy = centred
    else:
        total = np.sum(weights)
        lost = ddof if aweights is None else ddof * np.sum(weights * array_of(aweights)) / total
        freedom = total - lost
        centred = rows - (np.sum(rows * weights, axis=1) / total)[:, None]
        heavy = centred * weights
    return np.squeeze(np.matmul(centred, np.transpose(np.conjugate(heavy))) / freedom)


def _variables(m: Any, rowvar: bool, dtype: Any) -> Any:
    m = array_of(m)
    rows = np.atleast_2d(m if m.dtype == dtype else m.astype(dtype))
    return rows if rowvar or m.ndim < 2 else np.transpose(rows)


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None, **unused: Any) -> Any:
    table = _cov(x, y, rowvar, dtype=dtype)
    if table.ndim == 0:
        return table / table
    spread = np.sqrt(np.real(np.diagonal(table)))
    scaled = table / spread[:, None] / spread[None, :]
    # Rounding may leave a hair more than 1; a slope is not cut off there.
    return scaled if scaled.dtype.kind == "c" else np.where(np.abs(scaled) > 1, np.sign(scaled), scaled)


composite(
    np.cov,
    rule="mean of the products of deviations",
    lower=_cov,
    exact=False,
    samples=((TABLE, {}), (ROW, ROW**2), (ROW, {"aweights": np.array([1.0, 2.0, 0.5, 1.5])})),
    why="The product rule on deviations from the mean.",
    source="by definition",
)
composite(
    np.corrcoef,
    rule="quotient rule",
    lower=_corrcoef,
    exact=False,
    samples=((np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]]), {}),),
    why="The covariance over both spreads.",
    source="by definition",
)
