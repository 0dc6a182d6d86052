"""Sums, means, extremes and spreads over axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.ops.activations import logsumexp
from gradwork.torch._aten import aten, axes_in


def _axes(x: Any, dim: Any) -> Any:
    """All axes as NumPy's None, which reads better."""
    axes = axes_in(dim, x.ndim)
    return None if len(axes) == x.ndim else axes if len(axes) > 1 else axes[0]


@aten("sum")
def _sum(x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    x = _counted(x)
    return np.sum(x, axis=_axes(x, dim), keepdims=keepdim)


@aten("mean")
def _mean(x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return np.mean(x, axis=_axes(x, dim), keepdims=keepdim)


def _counted(x: Any) -> Any:
    return x.astype(np.int64) if x.dtype == np.bool_ else x


@aten("prod")
def _product(x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return np.prod(x, axis=_axes(x, dim), keepdims=keepdim)


@aten("amax")
def _largest(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return np.max(x, axis=_axes(x, dim), keepdims=keepdim)


@aten("amin")
def _smallest(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return np.min(x, axis=_axes(x, dim), keepdims=keepdim)


@aten("max.default")
def _maximum(x: Any) -> Any:
    return np.max(x)


@aten("min.default")
def _minimum(x: Any) -> Any:
    return np.min(x)


@aten("max.dim")
def _largest_along(x: Any, dim: int, keepdim: bool = False) -> Any:
    return np.max(x, axis=dim, keepdims=keepdim), None


@aten("min.dim")
def _smallest_along(x: Any, dim: int, keepdim: bool = False) -> Any:
    return np.min(x, axis=dim, keepdims=keepdim), None


@aten("aminmax")
def _both_ends(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return _smallest(x, dim, keepdim), _largest(x, dim, keepdim)


@aten("var.correction")
def _variance(x: Any, dim: Any = None, correction: Any = None, keepdim: bool = False) -> Any:
    axes = axes_in(dim, x.ndim)
    spread = x - np.mean(x, axis=axes, keepdims=True)
    count = math.prod(x.shape[a] for a in axes) - (1 if correction is None else correction)
    if correction == 0:
        return np.mean(spread**2, axis=axes, keepdims=keepdim)
    return np.sum(spread**2, axis=axes, keepdims=keepdim) / max(count, 0)


@aten("std.correction")
def _deviation(x: Any, dim: Any = None, correction: Any = None, keepdim: bool = False) -> Any:
    return np.sqrt(_variance(x, dim, correction, keepdim))


@aten("var_mean.correction")
def _variance_and_mean(x: Any, dim: Any = None, correction: Any = None, keepdim: bool = False) -> Any:
    return _variance(x, dim, correction, keepdim), _mean(x, dim, keepdim)


@aten("std_mean.correction")
def _deviation_and_mean(x: Any, dim: Any = None, correction: Any = None, keepdim: bool = False) -> Any:
    return _deviation(x, dim, correction, keepdim), _mean(x, dim, keepdim)


@aten("logsumexp")
def _logsumexp(x: Any, dim: Any, keepdim: bool = False) -> Any:
    return logsumexp(x, axis=_axes(x, dim), keepdims=keepdim)


@aten("linalg_vector_norm")
def _norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    axes = axes_in(dim, x.ndim)
    if ord == 2:
        return np.sqrt(np.sum(x**2, axis=axes, keepdims=keepdim))
    if ord == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdim)
    if math.isinf(ord):
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axes, keepdims=keepdim)
    if ord == 0:
        return np.sum((x != 0) * 1.0, axis=axes, keepdims=keepdim)
    return np.sum(np.abs(x) ** ord, axis=axes, keepdims=keepdim) ** (1 / ord)


@aten("norm")
def _p_norm(x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return _norm(x, 2 if p is None else p, dim, keepdim)


@aten("cumsum")
def _running_sum(x: Any, dim: int, dtype: Any = None) -> Any:
    return np.cumsum(x, axis=dim)


@aten("cumprod")
def _running_product(x: Any, dim: int, dtype: Any = None) -> Any:
    return np.cumprod(x, axis=dim)


@aten("logcumsumexp")
def _running_logsumexp(x: Any, dim: int) -> Any:
    largest = np.max(x, axis=dim, keepdims=True)
    return np.log(np.cumsum(np.exp(x - largest), axis=dim)) + largest


@aten("any")
def _any(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return np.any(x, axis=_axes(x, dim), keepdims=keepdim)


@aten("all")
def _all(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return np.all(x, axis=_axes(x, dim), keepdims=keepdim)


@aten("sort.default", "sort.stable")
def _sorted(x: Any, *args: Any, dim: int = -1, descending: bool = False, stable: Any = None) -> Any:
    if args and not isinstance(args[0], bool):
        dim, descending = args[0], bool(args[1]) if len(args) > 1 else descending
    return (-np.sort(-x, axis=dim) if descending else np.sort(x, axis=dim)), None


@aten("topk")
def _first_few(x: Any, k: int, dim: int = -1, largest: bool = True, ordered: bool = True) -> Any:
    found = -np.sort(-x, axis=dim) if largest else np.sort(x, axis=dim)
    return np.split(found, [k], axis=dim)[0], None


@aten("median.default")
def _middle(x: Any) -> Any:
    # Of an even number the lower one of the two in the middle.
    return np.sort(np.ravel(x))[(x.size - 1) // 2]


@aten("kthvalue")
def _in_order(x: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    at = (slice(None),) * (dim % x.ndim) + (slice(k - 1, k),)
    found = np.sort(x, axis=dim)[at]
    return (found if keepdim else np.squeeze(found, axis=dim)), None


@aten("median.dim")
def _middle_along(x: Any, dim: int, keepdim: bool = False) -> Any:
    return _in_order(x, (x.shape[dim] + 1) // 2, dim, keepdim)


@aten("cummax")
def _largest_so_far(x: Any, dim: int) -> Any:
    return np.maximum.accumulate(x, axis=dim), None


@aten("cummin")
def _smallest_so_far(x: Any, dim: int) -> Any:
    return np.minimum.accumulate(x, axis=dim), None
