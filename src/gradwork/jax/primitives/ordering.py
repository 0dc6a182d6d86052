"""Sorting, and the largest few."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.jax._program import NotFollowed
from gradwork.jax.primitives import declared


@declared("sort", several=True)
def _sorted(*arrays: Any, dimension: int, num_keys: int = 1) -> Any:
    if len(arrays) == 1:
        return [np.sort(arrays[0], axis=dimension)]
    if num_keys != 1:
        raise NotFollowed("several arrays are sorted together")
    order = np.argsort(arrays[0], axis=dimension, kind="stable")
    return [np.take_along_axis(a, order, dimension) for a in arrays]


@declared("top_k", several=True)
def _largest(x: Any, *, k: int, axis: int = -1) -> Any:
    order = np.argsort(-x, axis=axis, kind="stable")
    first = order[(slice(None),) * (axis % np.ndim(x)) + (slice(0, int(k)),)]
    return [np.take_along_axis(x, first, axis), first]
