"""Picking entries and putting them in their places, where the places hang on no argument.

JAX says which entries go where: it is asked to do the same with the entries' numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from gradwork.graph.traced import Traced
from gradwork.jax._program import NotFollowed
from gradwork.jax.primitives import declared
from gradwork.jax.primitives.shapes import key
from gradwork.ops.indexing import scatter as put_together


def _plain(*positions: Any) -> list[Any]:
    if any(isinstance(p, Traced) for p in positions):
        raise NotFollowed("which entries are picked hangs on values")
    return [np.asarray(p) for p in positions]


def _numbered(shape: Sequence[int]) -> Any:
    return jnp.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.float64).reshape(tuple(shape))


@declared("gather")
def _gathered(x: Any, places: Any, *, dimension_numbers: Any, slice_sizes: Any, mode: Any) -> Any:
    (places,) = _plain(places)
    numbers = lax.gather(_numbered(np.shape(x)), places, dimension_numbers, slice_sizes, mode=mode, fill_value=np.nan)
    if bool(jnp.isnan(numbers).any()):
        raise NotFollowed("places beyond an array are picked")
    return picked(x, np.asarray(numbers).astype(np.int64))


def picked(x: Any, numbers: Any) -> Any:
    """Entries by their numbers, in the order of rows; as rows, or by row and column, where they are whole ones."""
    shape = np.shape(x)
    if len(shape) == 1:
        return x[numbers]
    for axis in range(len(shape)):
        found = _whole(np.arange(int(np.prod(shape))).reshape(shape), numbers, axis)
        if found is not None:
            return x[(slice(None),) * axis + (found,)]
    if len(shape) <= 3 and numbers.ndim == 1:
        return x[tuple(np.unravel_index(numbers, shape))]
    return np.reshape(x, -1)[numbers]


def _whole(all_numbers: Any, numbers: Any, axis: int) -> Any:
    """The positions along an axis that are picked with all that belongs to them; None where others are."""
    before, after = all_numbers.shape[:axis], all_numbers.shape[axis + 1 :]
    inner = numbers.ndim - len(before) - len(after)
    fits = inner >= 0 and numbers.shape[:axis] == before and numbers.shape[axis + inner :] == after
    if not fits or not numbers.size:
        return None
    corner = numbers[(0,) * axis + (slice(None),) * inner + (0,) * len(after)]
    found = (corner // int(np.prod(after, dtype=np.int64))) % all_numbers.shape[axis]
    return found if np.array_equal(np.take(all_numbers, found, axis), numbers) else None


@declared("dynamic_slice")
def _cut(x: Any, *starts: Any, slice_sizes: Sequence[int], without: Any = ()) -> Any:
    shape = np.shape(x)
    begin = [min(max(int(s), 0), n - int(k)) for s, n, k in zip(_plain(*starts), shape, slice_sizes, strict=True)]
    ends = [b + int(k) for b, k in zip(begin, slice_sizes, strict=True)]
    return x[key(shape, begin, ends, [1] * len(shape), without)]


@declared("dynamic_update_slice")
def _put(x: Any, update: Any, *starts: Any) -> Any:
    numbers = lax.dynamic_update_slice(_numbered(np.shape(x)), _further(x, update), _plain(*starts))
    return _one_of(x, update, numbers)


@declared("scatter")
def _written(x: Any, places: Any, update: Any, *, dimension_numbers: Any, mode: Any) -> Any:
    (places,) = _plain(places)
    numbers = lax.scatter(_numbered(np.shape(x)), places, _further(x, update), dimension_numbers, mode=mode)
    return _one_of(x, update, numbers)


def _further(x: Any, update: Any) -> Any:
    """The numbers of the entries that are put into `x`, after those of its own."""
    return _numbered(np.shape(update)) + np.prod(np.shape(x))


def _one_of(x: Any, update: Any, numbers: Any) -> Any:
    numbers = np.asarray(numbers).astype(np.int64)
    return np.concatenate([np.reshape(x, -1), np.reshape(update, -1)])[numbers]


@declared("scatter-add", "scatter_add")
def _added(x: Any, places: Any, update: Any, *, dimension_numbers: Any, mode: Any) -> Any:
    """The way back of adding entries to their places says, for each of them, which place that is."""
    (places,) = _plain(places)
    shape = np.shape(x)

    def added(entries: Any) -> Any:
        return lax.scatter_add(jnp.zeros(shape), places, entries, dimension_numbers, mode=mode)

    _, back = jax.vjp(added, jnp.zeros(np.shape(update)))
    (numbers,) = back(_numbered(shape) + 1)
    target = np.asarray(numbers).astype(np.int64).ravel() - 1
    inside = target >= 0
    if not inside.all():
        raise NotFollowed("entries are added beyond an array")
    total = put_together(np.reshape(update, -1), target, index=(("array", 0),), shape=(int(np.prod(shape)),))
    return x + np.reshape(total, shape)
