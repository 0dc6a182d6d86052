"""Sums, products and the largest along axes; running ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwork.jax.primitives import declared


def _axes(axes: Any, x: Any) -> Any:
    """One axis as a number, and all of them as None."""
    some = tuple(int(a) for a in axes)
    return some[0] if len(some) == 1 and np.ndim(x) > 1 else None if len(some) == np.ndim(x) else some


@declared("reduce_sum")
def _sum(x: Any, *, axes: Any, keepdims: bool = False) -> Any:
    return np.sum(x, axis=_axes(axes, x), keepdims=keepdims) if len(axes) else x


@declared("mean")
def _mean(x: Any, *, axes: Any, keepdims: bool = False) -> Any:
    return np.mean(x, axis=_axes(axes, x), keepdims=keepdims)


@declared("reduce_max")
def _max(x: Any, *, axes: Any, keepdims: bool = False) -> Any:
    return np.max(x, axis=_axes(axes, x), keepdims=keepdims)


@declared("reduce_min")
def _min(x: Any, *, axes: Any, keepdims: bool = False) -> Any:
    return np.min(x, axis=_axes(axes, x), keepdims=keepdims)


@declared("reduce_prod")
def _prod(x: Any, *, axes: Any) -> Any:
    return np.prod(x, axis=_axes(axes, x))


@declared("reduce_and")
def _all(x: Any, *, axes: Any) -> Any:
    return np.all(x, axis=_axes(axes, x))


@declared("reduce_or")
def _any(x: Any, *, axes: Any) -> Any:
    return np.any(x, axis=_axes(axes, x))


@declared("argmax")
def _argmax(x: Any, *, axes: Any) -> Any:
    return np.argmax(x, axis=int(axes[0]))


@declared("argmin")
def _argmin(x: Any, *, axes: Any) -> Any:
    return np.argmin(x, axis=int(axes[0]))


def _running(function: Callable[..., Any]) -> Callable[..., Any]:
    """A running sum or the like, from the end where that is asked for."""

    def running(x: Any, *, axis: int, reverse: bool = False) -> Any:
        if not reverse:
            return function(x, axis=axis)
        return np.flip(function(np.flip(x, axis), axis=axis), axis)

    return running


declared("cumsum")(_running(np.cumsum))
declared("cumprod")(_running(np.cumprod))
declared("cummax")(_running(np.maximum.accumulate))
declared("cummin")(_running(np.minimum.accumulate))
declared("cumlogsumexp")(_running(np.logaddexp.accumulate))
