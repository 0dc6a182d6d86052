"""Medians and all quantiles, written in terms of sorting: a tie is shared, as for the maximum."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops._arrays import array_of, laid_last, put_back
from gradwork.ops._declare import Traced, composite, finish, unsupported

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])
_SHARED = "convention: ties are shared, as for the maximum"


def _median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    a = array_of(a)
    last, axes = laid_last(a, axis)
    ordered, n = np.sort(last, axis=-1), last.shape[-1]
    if not n:
        return finish(put_back(np.mean(last, axis=-1), a, axes, keepdims), out)
    middle = ordered[..., n // 2 : n // 2 + 1] if n % 2 else ordered[..., n // 2 - 1 : n // 2 + 1]
    return finish(put_back(_unless_gaps(np.mean(middle, axis=-1), ordered), a, axes, keepdims), out)


def _unless_gaps(value: Any, ordered: Any) -> Any:
    """A missing number among others is sorted last, and makes the result one."""
    if ordered.dtype.kind not in "fc" or ordered.shape[-1] < 2:
        return value
    return np.where(np.isnan(ordered[..., -1]), np.full((), np.nan, value.dtype), value)


_ALPHA_BETA = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}


def quantile_places(n: int, q: Any, method: str) -> Any:
    """Where between 0 and n - 1 the quantiles of n sorted numbers lie: NumPy's own answer for 0, 1, ..., n - 1."""
    return np.asarray(np.quantile(np.arange(n, dtype=np.float64), q, method=method))  # type: ignore[call-overload]


def _traced_places(n: int, q: Any, method: str) -> Any:
    if method not in _ALPHA_BETA:
        raise unsupported("quantile", f"a traced q with method={method!r}, which jumps in q,")
    alpha, beta = _ALPHA_BETA[method]
    return np.clip(n * q + (alpha + q * (1 - alpha - beta)) - 1, 0, n - 1)


def between(ordered: Any, place: Any, dtype: Any) -> Any:
    """The numbers at `place`, counted along the last axis of `ordered`; between two, on the line between them."""
    top = max(ordered.shape[-1] - 2, 0)
    low = np.minimum(np.floor(place).astype(np.intp), top)
    below, above = ordered[..., low], ordered[..., np.minimum(low + 1, ordered.shape[-1] - 1)]
    return on_the_line(below, above, (place - low), dtype)


def on_the_line(below: Any, above: Any, part: Any, dtype: Any) -> Any:
    """The point at `part` of the way, as NumPy rounds it; the ends themselves where `part` is 0 or 1."""
    if not isinstance(part, Traced):
        part = np.asarray(part, np.result_type(dtype, np.float32))
        if not np.any(part):
            return below.astype(dtype) if below.dtype != dtype else below
    way = above - below
    point = np.where(np.less(part, 0.5), below + way * part, above - way * (1 - part))
    return point.astype(dtype) if point.dtype != dtype else point


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
    a = array_of(a)
    q = q if isinstance(q, (int, float)) else array_of(q)
    if weights is not None:
        return _weighted(a, q, axis, method, keepdims, weights)
    last, axes = laid_last(a, axis)
    ordered, n = np.sort(last, axis=-1), last.shape[-1]
    traced = isinstance(q, Traced)
    place = _traced_places(n, q, method) if traced else quantile_places(n, q, method)
    dtype = np.result_type(a.dtype, q.dtype) if traced else _quantile_dtype(a, q, method)
    value = _unless_gaps(_lead_first(between(ordered, place, dtype), np.ndim(q)), ordered)
    return finish(put_back(value, a, axes, keepdims, np.shape(q)), out)


def _quantile_dtype(a: Any, q: Any, method: str) -> Any:
    return np.asarray(np.quantile(np.zeros(2, a.dtype), q, method=method)).dtype  # type: ignore[call-overload]


def _lead_first(value: Any, count: int) -> Any:
    """The last `count` axes, those of q, moved to the front."""
    return np.moveaxis(value, range(-count, 0), range(count)) if count else value


def _weighted(a: Any, q: Any, axis: Any, method: str, keepdims: Any, weights: Any) -> Any:
    """The first entry at which the weights, added up in order, reach q of them all."""
    if method != "inverted_cdf" or isinstance(q, Traced):
        raise unsupported("quantile", f"weights with method={method!r} or a traced q")
    weights = array_of(weights)
    if weights.shape != a.shape:
        weights = np.reshape(weights, tuple(n if i == axis % a.ndim else 1 for i, n in enumerate(a.shape)))
        weights = np.broadcast_to(weights, a.shape)
    last, axes = laid_last(a, axis)
    heavy = laid_last(weights, axis)[0]
    order = np.argsort(last, axis=-1)
    reached = np.cumsum(np.take_along_axis(heavy, order, axis=-1), axis=-1)
    reached = reached / reached[..., -1:]
    reached = np.where(reached == 0, -1.0, reached)
    ordered = np.sort(last, axis=-1)
    picked = [
        np.take_along_axis(ordered, np.sum(reached < one, axis=-1, keepdims=True), axis=-1)[..., 0]
        for one in np.ravel(q)
    ]
    value = np.reshape(np.stack(picked), np.shape(q) + picked[0].shape)
    return put_back(_unless_gaps(value, ordered), a, axes, keepdims, np.shape(q))


composite(
    np.median,
    rule="picking rule",
    lower=_median,
    samples=((TABLE, {}), (TABLE, {"axis": 1}), (ROW, {"keepdims": True})),
    why="The entry in the middle, or the mean of the two there.",
    source=_SHARED,
)
composite(
    np.quantile,
    rule="picking rule",
    lower=_quantile,
    exact=False,
    samples=(
        (ROW, {"q": 0.3}),
        (TABLE, {"q": 0.7, "axis": 1}),
        (TABLE, {"q": 0.4, "axis": 1, "method": "hazen"}),
        (ROW, 0.35),
    ),
    why="A point on the line between two neighbours in order.",
    source="Hyndman and Fan 1996, definition 7; the other methods are theirs too",
)
composite(
    np.percentile,
    rule="picking rule",
    lower=lambda a, q, *args, **kwargs: _quantile(a, hundredths(a, q), *args, **kwargs),
    exact=False,
    samples=((ROW, {"q": 30}), (TABLE, {"q": [20, 55], "axis": 1})),
    why="A point on the line between two neighbours in order.",
    source="Hyndman and Fan 1996, definition 7",
)


def hundredths(a: Any, q: Any) -> Any:
    """Percents as parts of 1, of the dtype that NumPy takes for them."""
    if isinstance(q, (int, float)):
        return q / 100
    return array_of(q) / 100


__all__ = ["between", "hundredths", "on_the_line", "quantile_places"]
