"""Averages and spreads that are written in terms of sums, sorting and choosing; sums that pass over missing numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops._declare import Traced, axes_of, composite, unsupported

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])
GAPS = np.array([[0.5, np.nan, 2.0], [1.5, 1.0, np.nan]])


def _array(a: Any) -> Any:
    return a if isinstance(a, Traced) else np.asarray(a)


def _flag(value: Any) -> bool:
    return bool(value) and value is not np._NoValue


def _laid_last(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """The array with the axes of interest as one, last; and those axes."""
    axes = axes_of(axis, a.ndim)
    stay = [i for i in range(a.ndim) if i not in axes]
    turned = np.transpose(a, (*stay, *axes))
    return np.reshape(turned, (*(a.shape[i] for i in stay), -1)), axes


def _put_back(value: Any, a: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    return np.reshape(value, tuple(1 if i in axes else n for i, n in enumerate(a.shape))) if _flag(keepdims) else value


def _median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    a = _array(a)
    last, axes = _laid_last(a, axis)
    ordered, n = np.sort(last, axis=-1), last.shape[-1]
    middle = ordered[..., n // 2 : n // 2 + 1] if n % 2 else ordered[..., n // 2 - 1 : n // 2 + 1]
    return _put_back(np.mean(middle, axis=-1), a, axes, keepdims)


def _quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
    interpolation: Any = None,
) -> Any:
    if method != "linear" or np.ndim(q) or weights is not None or isinstance(q, Traced):
        raise unsupported("quantile", "more than one number q that is not traced, or another method than 'linear',")
    a = _array(a)
    last, axes = _laid_last(a, axis)
    ordered = np.sort(last, axis=-1)
    place = float(q) * (last.shape[-1] - 1)
    low = int(np.floor(place))
    below, above = ordered[..., low], ordered[..., min(low + 1, last.shape[-1] - 1)]
    return _put_back(below + (above - below) * (place - low), a, axes, keepdims)


composite(
    np.median,
    rule="picking rule",
    lower=_median,
    samples=((TABLE, {}), (TABLE, {"axis": 1}), (ROW, {"keepdims": True})),
    why="The entry in the middle, or the mean of the two there.",
    source="by definition",
)
composite(
    np.quantile,
    rule="picking rule",
    lower=_quantile,
    exact=False,
    samples=((ROW, {"q": 0.3}), (TABLE, {"q": 0.7, "axis": 1})),
    why="A point on the line between two neighbours in order.",
    source="Hyndman and Fan 1996, definition 7",
)
composite(
    np.percentile,
    rule="picking rule",
    lower=lambda a, q, *args, **kwargs: _quantile(a, np.true_divide(q, 100), *args, **kwargs),
    exact=False,
    samples=((ROW, 30),),
    why="A point on the line between two neighbours in order.",
    source="Hyndman and Fan 1996, definition 7",
)


def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    a = _array(a)
    axes, keep = axes_of(axis, a.ndim), _flag(keepdims)
    if weights is None:
        total, mean = a.size / max(np.mean(a, axis=axes).size, 1), np.mean(a, axis=axes, keepdims=keep)
    else:
        weights = _array(weights)
        if weights.shape != a.shape:
            weights = np.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
        total = np.sum(weights * np.ones(a.shape, weights.dtype), axis=axes, keepdims=keep)
        mean = np.sum(a * weights, axis=axes, keepdims=keep) / total
    return (mean, total) if returned else mean


composite(
    np.average,
    rule="quotient rule",
    lower=_average,
    samples=((TABLE, {}), (TABLE, {"weights": np.array([1.0, 2.0, 0.5]), "axis": 1})),
    why="A weighted sum over the sum of the weights.",
    source="by definition",
)


def _without_gaps(a: Any, instead: float) -> Any:
    return np.where(np.isnan(a), np.full((), instead, a.dtype), a)


def _nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **options: Any
) -> Any:
    if options:
        raise unsupported("nanmean", ", ".join(options))
    a = _array(a)
    there = np.sum(~np.isnan(a), axis=axis, keepdims=_flag(keepdims))
    return np.sum(_without_gaps(a, 0.0), axis=axis, keepdims=_flag(keepdims)) / there.astype(a.dtype)


def _nansum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **options: Any) -> Any:
    if options:
        raise unsupported("nansum", ", ".join(options))
    return np.sum(_without_gaps(_array(a), 0.0), axis=axis, dtype=dtype, out=out, keepdims=_flag(keepdims))


composite(
    np.nansum,
    rule="sum rule",
    lower=_nansum,
    samples=((TABLE, {}), (TABLE, {"axis": 0})),
    why="A missing number counts as 0, and nothing comes back to it.",
    source="by definition",
)
composite(
    np.nanmean,
    rule="mean rule",
    lower=_nanmean,
    samples=((TABLE, {}), (TABLE, {"axis": 1})),
    why="The mean of the numbers that are there.",
    source="by definition",
)
composite(
    np.nan_to_num,
    rule="choice rule",
    lower=lambda x, copy=True, nan=0.0, posinf=None, neginf=None: _nan_to_num(_array(x), nan, posinf, neginf),
    samples=((TABLE, {}),),
    why="A number that is none is replaced by a constant, and nothing comes back to it.",
    source="by definition",
)


def _nan_to_num(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    if x.dtype.kind != "f":
        return x
    limits = np.finfo(x.dtype)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    x = np.where(np.isnan(x), np.asarray(nan, x.dtype), x)
    x = np.where(np.equal(x, np.inf), np.asarray(high, x.dtype), x)
    return np.where(np.equal(x, -np.inf), np.asarray(low, x.dtype), x)


def _cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, **options: Any) -> Any:
    if any(v is not None for v in options.values()):
        raise unsupported("cov", ", ".join(options))
    m = _array(m)
    rows = np.atleast_2d(m.astype(np.result_type(m.dtype, np.float64)))
    rows = rows if rowvar or rows.shape[0] == 1 else np.transpose(rows)
    if y is not None:
        other = np.atleast_2d(y)
        rows = np.concatenate([rows, other if rowvar or other.shape[0] == 1 else np.transpose(other)])
    centred = rows - np.mean(rows, axis=1, keepdims=True)
    freedom = rows.shape[1] - (ddof if ddof is not None else (0 if bias else 1))
    return np.squeeze(np.matmul(centred, np.transpose(np.conjugate(centred))) / freedom)


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, **options: Any) -> Any:
    table = _cov(x, y, rowvar)
    if table.ndim == 0:
        return table / table
    spread = np.sqrt(np.diagonal(table))
    return np.clip(table / spread[:, None] / spread[None, :], -1, 1)


composite(
    np.cov,
    rule="mean of the products of deviations",
    lower=_cov,
    exact=False,
    samples=((TABLE, {}), (ROW, ROW**2)),
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
