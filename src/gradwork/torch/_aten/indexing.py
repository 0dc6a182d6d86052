"""Reading by indices, and writing by them into a copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.traced import Traced
from gradwork.torch._aten import aten


def _key(x: Any, indices: Any) -> tuple[Any, ...]:
    """Torch's list of indices, None for an axis that is kept, as NumPy's key."""
    return tuple(slice(None) if i is None else i for i in indices)


@aten("index")
def _indexed(x: Any, indices: Any) -> Any:
    return x[_key(x, indices)]


@aten("_unsafe_index")
def _unsafely_indexed(x: Any, indices: Any) -> Any:
    return x[_key(x, indices)]


@aten("index_select")
def _rows(x: Any, dim: int, index: Any) -> Any:
    return x[(slice(None),) * (dim % x.ndim) + (index,)] if x.ndim else x


@aten("embedding")
def _embedding(weight: Any, index: Any, *_: Any, **__: Any) -> Any:
    return weight[index]


@aten("_embedding_bag", "_embedding_bag_forward_only")
def _bags(
    weight: Any, index: Any, offsets: Any, scale: bool = False, mode: int = 0, sparse: bool = False,
    shares: Any = None, last: bool = False, padding: int = -1,
) -> Any:  # fmt: skip
    ends = [*offsets[1:], len(index)] if not last else list(offsets[1:])
    starts = offsets[:-1] if last else offsets
    kept = [slice(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]
    if padding >= 0 or any(k.start == k.stop for k in kept):
        raise NotImplementedError("bags with nothing in them")
    rows = weight[index] if shares is None else weight[index] * np.expand_dims(shares, -1)
    reduced = (np.sum, np.mean, np.max)[mode]
    return np.stack([reduced(rows[k], axis=0) for k in kept]), None, None, None


@aten("take")
def _taken(x: Any, index: Any) -> Any:
    return np.ravel(x)[index]


@aten("gather")
def _gathered(x: Any, dim: int, index: Any, sparse_grad: bool = False) -> Any:
    if not x.ndim:
        return x
    return x[_along(x, dim, index)]


def _along(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    """A key that picks along one axis, and on the others the entry's own place. The index may be the smaller one."""
    places = list(np.ix_(*(np.arange(n) for n in index.shape)))
    places[dim % x.ndim] = index
    return tuple(places)


def writable(x: Any, *others: Any) -> Any:
    """A copy to write into: a traced one where what is written is traced."""
    if not isinstance(x, Traced):
        for other in others:
            if isinstance(other, Traced):
                return Traced(other.builder, other.builder.constant(np.array(x)))
    return np.array(x) if not isinstance(x, Traced) else np.copy(x)


def put(x: Any, key: Any, value: Any) -> Any:
    """A copy of an array with other values in some places."""
    found = writable(x, value)
    found[key] = value
    return found


def added(x: Any, key: Any, value: Any) -> Any:
    """A copy of an array with more added in some places; a place that is met twice gets both."""
    found = writable(x, value)
    np.add.at(found, key, value)
    return found


@aten("index_put", "_unsafe_index_put", "_index_put_impl")
def _put(x: Any, indices: Any, values: Any, accumulate: bool = False, unsafe: bool = False) -> Any:
    return (added if accumulate else put)(x, _key(x, indices), values)


@aten("index_add")
def _rows_added(x: Any, dim: int, index: Any, source: Any, alpha: Any = 1) -> Any:
    return added(x, (slice(None),) * (dim % x.ndim) + (index,), source if alpha == 1 else alpha * source)


@aten("index_copy")
def _rows_put(x: Any, dim: int, index: Any, source: Any) -> Any:
    return put(x, (slice(None),) * (dim % x.ndim) + (index,), source)


@aten("index_fill")
def _rows_filled(x: Any, dim: int, index: Any, value: Any) -> Any:
    return put(x, (slice(None),) * (dim % x.ndim) + (index,), value)


@aten("scatter.src", "scatter.value")
def _scattered(x: Any, dim: int, index: Any, source: Any) -> Any:
    return put(x, _along(x, dim, index), _part(source, index))


@aten("scatter_add")
def _scatter_added(x: Any, dim: int, index: Any, source: Any) -> Any:
    return added(x, _along(x, dim, index), _part(source, index))


def _part(source: Any, index: Any) -> Any:
    """As much of the source as there are indices."""
    return source[tuple(slice(n) for n in index.shape)] if np.ndim(source) else source


@aten("select_scatter")
def _selected_put(x: Any, source: Any, dim: int, index: int) -> Any:
    return put(x, (slice(None),) * (dim % x.ndim) + (index,), source)


@aten("slice_scatter")
def _slice_put(x: Any, source: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return put(x, (slice(None),) * (dim % x.ndim) + (slice(start, end, step),), source)


@aten("masked_select")
def _masked(x: Any, mask: Any) -> Any:
    shape = np.broadcast_shapes(x.shape, mask.shape)
    return np.broadcast_to(x, shape)[np.broadcast_to(mask, shape)]
