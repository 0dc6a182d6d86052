"""Convolutions and pools: what a window that is moved over the last axes sees, and what is made of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.torch._aten import aten

Ints = tuple[int, ...]


def _each(values: Any, n: int) -> Ints:
    """One number an axis."""
    values = [values] if isinstance(values, int) else list(values)
    return tuple(values * n if len(values) == 1 else values)


def _padded(x: Any, pads: list[tuple[int, int]], value: float = 0.0) -> Any:
    if not any(b or a for b, a in pads):
        return x
    return np.pad(x, [(0, 0)] * (x.ndim - len(pads)) + pads, constant_values=value)


def _seen(x: Any, kernel: Ints, stride: Ints, dilation: Ints) -> Any:
    """What each window sees: (..., one axis for the place, n times, one axis within the window, n times)."""
    n = len(kernel)
    key: list[Any] = [slice(None)] * (x.ndim - n)
    for axis, (size, step, apart) in enumerate(zip(kernel, stride, dilation, strict=True)):
        places = (x.shape[x.ndim - n + axis] - apart * (size - 1) - 1) // step + 1
        at = step * np.arange(places)[:, None] + apart * np.arange(size)
        shape = [1] * (2 * n)
        shape[axis], shape[n + axis] = places, size
        key.append(at.reshape(shape))
    return x[tuple(key)]


@aten("convolution", "convolution_overrideable")
def _convolution(
    x: Any, w: Any, b: Any, stride: Any, padding: Any, dilation: Any, transposed: bool, output_padding: Any, groups: int
) -> Any:
    n = w.ndim - 2
    stride, padding, dilation = _each(stride, n), _each(padding, n), _each(dilation, n)
    kernel = tuple(w.shape[2:])
    if transposed:
        more = _each(output_padding, n)
        x = _spread(x, stride)
        reach = [d * (k - 1) - p for d, k, p in zip(dilation, kernel, padding, strict=True)]
        x = _cut_or_padded(x, [(r, r + m) for r, m in zip(reach, more, strict=True)])
        w = np.flip(w, axis=tuple(range(2, w.ndim)))
        w = np.reshape(w, (groups, w.shape[0] // groups, *w.shape[1:]))
        w = np.reshape(np.swapaxes(w, 1, 2), (-1, w.shape[1], *kernel))
        stride = (1,) * n
    else:
        x = _padded(x, [(p, p) for p in padding])
    seen = _seen(x, kernel, stride, dilation)
    places, inside = "xyz"[:n], "uvw"[:n]
    if groups == 1:
        found = np.einsum(f"nc{places}{inside},oc{inside}->no{places}", seen, w)
    else:
        seen = np.reshape(seen, (seen.shape[0], groups, -1, *seen.shape[2:]))
        w = np.reshape(w, (groups, w.shape[0] // groups, *w.shape[1:]))
        found = np.einsum(f"ngc{places}{inside},goc{inside}->ngo{places}", seen, w)
        found = np.reshape(found, (found.shape[0], -1, *found.shape[3:]))
    return found if b is None else found + np.reshape(b, (-1, *[1] * n))


def _spread(x: Any, stride: Ints) -> Any:
    """With zeros between the entries."""
    n = len(stride)
    for axis, step in enumerate(stride, start=x.ndim - n):
        if step > 1:
            length = x.shape[axis]
            wide = [(0, 0)] * (x.ndim + 1)
            wide[axis + 1] = (0, step - 1)
            shape = (*x.shape[:axis], length * step, *x.shape[axis + 1 :])
            x = np.reshape(np.pad(np.expand_dims(x, axis + 1), wide), shape)
            x = x[(slice(None),) * axis + (slice(0, (length - 1) * step + 1),)]
    return x


def _cut_or_padded(x: Any, pads: list[tuple[int, int]]) -> Any:
    """Padded; where a pad is negative, cut off."""
    for axis, (before, after) in enumerate(pads, start=x.ndim - len(pads)):
        if before < 0 or after < 0:
            x = x[(slice(None),) * axis + (slice(max(-before, 0), x.shape[axis] - max(-after, 0)),)]
    return _padded(x, [(max(b, 0), max(a, 0)) for b, a in pads])


def _pooled(
    x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool, n: int, value: float
) -> tuple[Any, list[tuple[int, int]]]:
    """What each window of a pool sees, and how much was put around."""
    kernel = _each(kernel, n)
    stride = _each(stride, n) if stride else kernel
    padding, dilation = _each(padding, n), _each(dilation, n)
    pads = []
    for axis in range(n):
        length, size = x.shape[x.ndim - n + axis], dilation[axis] * (kernel[axis] - 1) + 1
        room = length + 2 * padding[axis] - size
        places = (math.ceil(room / stride[axis]) if ceil else room // stride[axis]) + 1
        if ceil and (places - 1) * stride[axis] >= length + padding[axis]:
            places -= 1  # the last window has to start inside
        after = (places - 1) * stride[axis] + size - length - padding[axis]
        pads.append((padding[axis], max(after, padding[axis])))
    return _seen(_padded(x, pads, value), kernel, stride, dilation), pads


def _max_pool(n: int) -> Any:
    def pool(
        x: Any, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
    ) -> Any:
        seen, _ = _pooled(x, kernel, stride, padding, dilation, ceil_mode, n, -np.inf)
        return np.max(seen, axis=tuple(range(seen.ndim - n, seen.ndim))), None

    return pool


def _mean_pool(n: int) -> Any:
    def pool(
        x: Any, kernel: Any, stride: Any = (), padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: Any = None,
    ) -> Any:  # fmt: skip
        seen, pads = _pooled(x, kernel, stride, padding, 1, ceil_mode, n, 0.0)
        axes = tuple(range(seen.ndim - n, seen.ndim))
        if divisor_override:
            return np.sum(seen, axis=axes) / divisor_override
        if not any(b or a for b, a in pads):
            return np.mean(seen, axis=axes)
        counted = np.ones(x.shape[x.ndim - n :])
        if count_include_pad:
            # What ceil_mode adds beyond the padding is not counted.
            counted = _padded(counted, [(p, p) for p in _each(padding, n)], 1.0)
            padding = 0
        counts, _ = _pooled(counted, kernel, stride or kernel, padding, 1, ceil_mode, n, 0.0)
        if counts.shape != seen.shape[-2 * n :]:
            raise NotImplementedError("a pool that goes beyond its padding")
        return np.sum(seen, axis=axes) / np.sum(counts, axis=tuple(range(n, 2 * n)))

    return pool


for _n in (1, 2, 3):
    aten(f"max_pool{_n}d_with_indices")(_max_pool(_n))
    aten(f"avg_pool{_n}d")(_mean_pool(_n))


@aten("_adaptive_avg_pool2d", "_adaptive_avg_pool3d")
def _adaptive(x: Any, size: Any) -> Any:
    return _parts(x, size, np.mean)


def _parts(x: Any, size: Any, reduced: Any) -> Any:
    """Something of parts of about equal length along each of the last axes."""
    for axis, places in enumerate(size, start=x.ndim - len(size)):
        length, before = x.shape[axis], (slice(None),) * axis
        ends = [(k * length // places, -(-(k + 1) * length // places)) for k in range(places)]
        parts = [reduced(x[(*before, slice(start, end))], axis=axis) for start, end in ends]
        x = np.stack(parts, axis=axis)
    return x


@aten("adaptive_max_pool2d", "adaptive_max_pool3d")
def _adaptive_max(x: Any, size: Any) -> Any:
    return _parts(x, size, np.max), None


@aten("im2col")
def _columns(x: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    x = _padded(x, [(p, p) for p in _each(padding, 2)])
    seen = _seen(x, _each(kernel, 2), _each(stride, 2), _each(dilation, 2))
    n, c, h, w, u, v = seen.shape
    return np.reshape(np.transpose(seen, (0, 1, 4, 5, 2, 3)), (n, c * u * v, h * w))


@aten("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d")
def _nearest(x: Any, size: Any, *_: Any, **__: Any) -> Any:
    for axis, places in enumerate(size, start=x.ndim - len(size)):
        at = np.arange(places) * x.shape[axis] // places
        x = x[(slice(None),) * axis + (at,)]
    return x
