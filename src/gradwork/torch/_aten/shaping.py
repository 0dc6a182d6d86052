"""Views, copies, and putting together: nothing is computed here."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.torch._aten import aten


@aten("alias", "detach", "clone", "contiguous", "lift_fresh", "lift_fresh_copy", "lift", "_conj", "conj", "resolve_neg",
      "resolve_conj", "view_as", "expand_as", "view.dtype")  # fmt: skip
def _same(x: Any, *_: Any, **__: Any) -> Any:
    return x


@aten("view", "_unsafe_view", "reshape", "_reshape_alias", "view_copy", "_reshape_copy")
def _reshape(x: Any, size: Any, *_: Any) -> Any:
    return np.reshape(x, tuple(size))


@aten("t", "numpy_T", "t_copy")
def _transposed(x: Any) -> Any:
    return np.transpose(x)


@aten("transpose")
def _swapped(x: Any, a: int, b: int) -> Any:
    return np.swapaxes(x, a, b)


@aten("permute", "permute_copy")
def _permuted(x: Any, dims: Any) -> Any:
    return np.transpose(x, tuple(d % x.ndim for d in dims))


@aten("expand", "expand_copy")
def _expanded(x: Any, size: Any, implicit: bool = False) -> Any:
    new = len(size) - x.ndim
    return np.broadcast_to(x, tuple(x.shape[k - new] if n == -1 else n for k, n in enumerate(size)))


@aten("copy")
def _copied(into: Any, x: Any, non_blocking: bool = False) -> Any:
    return np.broadcast_to(x, into.shape) if np.shape(x) != into.shape else x


@aten("fill")
def _filled(into: Any, value: Any) -> Any:
    return np.broadcast_to(value, into.shape)


@aten("zero")
def _emptied(into: Any) -> Any:
    return np.zeros(into.shape)


@aten("squeeze")
def _squeezed(x: Any, dim: Any = None) -> Any:
    dims = range(x.ndim) if dim is None else dim if isinstance(dim, (list, tuple)) else (dim,)
    gone = {d % x.ndim for d in dims} if x.ndim else set()
    return np.reshape(x, tuple(n for k, n in enumerate(x.shape) if not (k in gone and n == 1)))


@aten("unsqueeze")
def _unsqueezed(x: Any, dim: int) -> Any:
    return np.expand_dims(x, dim)


def _at(x: Any, dim: int, key: Any) -> Any:
    return x[(slice(None),) * (dim % x.ndim) + (key,)]


@aten("slice", "slice_copy")
def _sliced(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    end = None if end is not None and end >= x.shape[dim] else end
    start = start or None
    return x if start is None and end is None and step == 1 else _at(x, dim, slice(start, end, step))


@aten("select", "select_copy")
def _selected(x: Any, dim: int, index: int) -> Any:
    return _at(x, dim, index)


@aten("unbind")
def _unbound(x: Any, dim: int = 0) -> Any:
    return tuple(_at(x, dim, k) for k in range(x.shape[dim]))


@aten("split", "unsafe_split", "split_with_sizes", "unsafe_split_with_sizes", "split_with_sizes_copy", "split_copy")
def _split(x: Any, size: Any, dim: int = 0) -> Any:
    length = x.shape[dim]
    sizes = size if isinstance(size, (list, tuple)) else [size] * (-(-length // size) or 1)
    found, start = [], 0
    for n in sizes:
        found.append(_at(x, dim, slice(start, min(start + n, length))))
        start += n
    return tuple(found)


@aten("cat")
def _joined(values: Any, dim: int = 0) -> Any:
    # A tensor of shape (0,) may be joined to anything.
    return np.concatenate([v for v in values if v.shape != (0,)] or list(values), axis=dim)


@aten("stack")
def _stacked(values: Any, dim: int = 0) -> Any:
    return np.stack(list(values), axis=dim)


@aten("repeat")
def _repeated(x: Any, repeats: Any) -> Any:
    return np.tile(x, tuple(repeats))


@aten("repeat_interleave.self_int")
def _each_repeated(x: Any, repeats: int, dim: Any = None, **_: Any) -> Any:
    return np.repeat(x, repeats, axis=dim)


@aten("flip")
def _flipped(x: Any, dims: Any) -> Any:
    return np.flip(x, axis=tuple(dims))


@aten("roll")
def _rolled(x: Any, shifts: Any, dims: Any = ()) -> Any:
    return np.roll(x, tuple(shifts), axis=tuple(dims)) if dims else np.roll(x, shifts[0])


@aten("rot90")
def _turned(x: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    return np.rot90(x, k, tuple(dims))


@aten("diagonal", "diagonal_copy")
def _diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return np.diagonal(x, offset, dim1, dim2)


@aten("diag_embed")
def _on_diagonal(x: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    size = x.shape[-1] + abs(offset)
    found = np.expand_dims(x, -1 if offset >= 0 else -2) * np.eye(x.shape[-1])
    wide = [(0, 0)] * (x.ndim - 1) + [(max(-offset, 0), max(offset, 0)), (max(offset, 0), max(-offset, 0))]
    found = np.pad(found, wide) if offset else found
    assert found.shape[-1] == size
    return np.moveaxis(found, (-2, -1), (dim1, dim2))


@aten("tril")
def _lower(x: Any, diagonal: int = 0) -> Any:
    return np.tril(x, diagonal)


@aten("triu")
def _upper(x: Any, diagonal: int = 0) -> Any:
    return np.triu(x, diagonal)


def _widths(x: Any, pad: Any) -> list[tuple[int, int]]:
    """Torch counts the pads from the last axis."""
    pairs = list(zip(pad[::2], pad[1::2], strict=True))
    return [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]


@aten("constant_pad_nd")
def _padded(x: Any, pad: Any, value: Any = 0) -> Any:
    wide = _widths(x, pad)
    for axis, (before, after) in enumerate(wide):
        # A negative pad cuts off.
        if before < 0 or after < 0:
            x = _at(x, axis, slice(max(-before, 0), x.shape[axis] - max(-after, 0)))
    return np.pad(x, [(max(b, 0), max(a, 0)) for b, a in wide], constant_values=value)


@aten("reflection_pad1d", "reflection_pad2d", "reflection_pad3d")
def _reflected(x: Any, pad: Any) -> Any:
    return np.pad(x, _widths(x, pad), mode="reflect")


@aten("replication_pad1d", "replication_pad2d", "replication_pad3d")
def _continued(x: Any, pad: Any) -> Any:
    return np.pad(x, _widths(x, pad), mode="edge")


@aten("unfold")
def _windows(x: Any, dimension: int, size: int, step: int) -> Any:
    axis = dimension % x.ndim
    starts = np.arange(0, x.shape[axis] - size + 1, step)
    return np.moveaxis(_at(x, axis, starts[:, None] + np.arange(size)), axis + 1, -1)


@aten("pixel_shuffle")
def _shuffled(x: Any, r: int) -> Any:
    *lead, c, h, w = x.shape
    n = len(lead)
    parts = np.reshape(x, (*lead, c // r**2, r, r, h, w))
    return np.reshape(np.transpose(parts, (*range(n), n, n + 3, n + 1, n + 4, n + 2)), (*lead, c // r**2, h * r, w * r))
