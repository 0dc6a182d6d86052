"""Shapes: reshaping, spreading, joining, cutting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwork.jax.primitives import declared


@declared("broadcast_in_dim", thin=False)
def _spread(x: Any, *extents: Any, shape: Sequence[int], broadcast_dimensions: Sequence[int]) -> Any:
    """With an axis of length 1 for every new one; the first ones and the rest of the spreading are left to NumPy."""
    axes = [int(a) for a in broadcast_dimensions]
    if not axes:
        return x
    wanted = [np.shape(x)[axes.index(k)] if k in axes else 1 for k in range(axes[0], len(shape))]
    return x if tuple(wanted) == np.shape(x) else np.reshape(x, wanted)


@declared("iota")
def _counted(*, shape: Sequence[int], dimension: int, dtype: Any) -> Any:
    along = [-1 if k == dimension else 1 for k in range(len(shape))]
    return np.broadcast_to(np.reshape(np.arange(shape[dimension], dtype=dtype), along), tuple(shape))


@declared("reshape")
def _reshaped(x: Any, *, new_sizes: Sequence[int], dimensions: Any = None) -> Any:
    x = x if dimensions is None else np.transpose(x, dimensions)
    return np.reshape(x, tuple(new_sizes))


@declared("squeeze")
def _squeezed(x: Any, *, dimensions: Sequence[int]) -> Any:
    gone = {int(d) for d in dimensions}
    return np.reshape(x, tuple(n for k, n in enumerate(np.shape(x)) if k not in gone))


@declared("expand_dims")
def _expanded(x: Any, *, dimensions: Sequence[int]) -> Any:
    return np.expand_dims(x, tuple(int(d) for d in dimensions))


@declared("transpose")
def _transposed(x: Any, *, permutation: Sequence[int]) -> Any:
    order = tuple(int(p) for p in permutation)
    return np.transpose(x) if order == (1, 0) else np.transpose(x, order)


@declared("rev")
def _reversed(x: Any, *, dimensions: Sequence[int]) -> Any:
    return np.flip(x, tuple(int(d) for d in dimensions))


@declared("concatenate")
def _joined(*parts: Any, dimension: int) -> Any:
    return np.concatenate(parts, axis=int(dimension))


@declared("stack")
def _stacked(*parts: Any, axis: int = 0) -> Any:
    return np.stack(parts, axis=int(axis))


@declared("tile")
def _tiled(x: Any, *, reps: Sequence[int]) -> Any:
    return np.tile(x, tuple(int(r) for r in reps))


@declared("turn of a loop")
def _row(x: Any, *, at: int) -> Any:
    return x[at]


@declared("split", several=True)
def _split(x: Any, *, sizes: Sequence[int], axis: int) -> Any:
    ends = np.cumsum([int(n) for n in sizes])
    return [x[(slice(None),) * axis + (slice(int(e) - int(n), int(e)),)] for n, e in zip(sizes, ends, strict=True)]


@declared("slice")
def _cut(x: Any, *, start_indices: Sequence[int], limit_indices: Sequence[int], strides: Any, without: Any = ()) -> Any:
    steps = strides or (1,) * len(start_indices)
    return x[key(np.shape(x), start_indices, limit_indices, steps, without)]


def key(shape: Sequence[int], starts: Any, ends: Any, steps: Any, without: Sequence[int] = ()) -> Any:
    """An index as one would write it: x[:, 1], x[2:].  without: axes that are left out, of one entry each."""
    found: list[Any] = []
    for axis, (length, start, end, step) in enumerate(zip(shape, starts, ends, steps, strict=True)):
        start, end, step = int(start), int(end), int(step)
        if axis in without:
            found.append(start)
        else:
            found.append(slice(start or None, None if end >= length else end, None if step == 1 else step))
    while found and found[-1] == slice(None):
        found.pop()
    return tuple(found)


@declared("pad")
def _padded(x: Any, filling: Any, *, padding_config: Sequence[Any]) -> Any:
    """With entries around it, between those of an axis, or without some at its ends."""
    for axis, (_, _, between) in enumerate(padding_config):
        if int(between):
            x = _spaced(x, filling, axis, int(between))
    around = [(max(int(low), 0), max(int(high), 0)) for low, high, _ in padding_config]
    if any(map(any, around)):
        x = np.pad(x, around, constant_values=filling)
    starts = [max(-int(low), 0) for low, _, _ in padding_config]
    ends = [n - max(-int(high), 0) for n, (_, high, _) in zip(np.shape(x), padding_config, strict=True)]
    return x[key(np.shape(x), starts, ends, [1] * len(ends))] if starts else x


def _spaced(x: Any, filling: Any, axis: int, between: int) -> Any:
    """With so many entries between any two along an axis."""
    whole = np.expand_dims(x, axis + 1)
    shape = [*np.shape(whole)]
    shape[axis + 1] = between
    joined = np.concatenate([whole, np.full(shape, filling)], axis=axis + 1)
    shape = [*np.shape(x)]
    shape[axis] *= between + 1
    spaced = np.reshape(joined, shape)
    return spaced[(slice(None),) * axis + (slice(0, shape[axis] - between),)]
