"""Windows that go over an array: convolution, and the largest or the sum in each window."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwork.jax._program import NotFollowed
from gradwork.jax.primitives import declared
from gradwork.jax.primitives.shapes import _padded


def _starts(length: int, width: int, step: int, apart: int) -> Any:
    """For each window along an axis, the positions that it covers."""
    reach = (width - 1) * apart + 1
    return np.arange(0, max(length - reach, -1) + 1, step)[:, None] + apart * np.arange(width)


def _windows(x: Any, first: int, widths: Any, steps: Any, apart: Any) -> Any:
    """The windows over the axes from `first` on: their places along these axes, then what is in them."""
    count = len(widths)
    key: list[Any] = [slice(None)] * first
    for k in range(count):
        found = _starts(np.shape(x)[first + k], int(widths[k]), int(steps[k]), int(apart[k]))
        shape = [1] * (2 * count)
        shape[k], shape[count + k] = found.shape
        key.append(found.reshape(shape))
    return x[tuple(key)]


@declared("conv_general_dilated")
def _convolved(
    x: Any, kernel: Any, *, dimension_numbers: Any, window_strides: Any, padding: Any, lhs_dilation: Any,
    rhs_dilation: Any, feature_group_count: int, batch_group_count: int,
) -> Any:  # fmt: skip
    if batch_group_count != 1:
        raise NotFollowed("a convolution goes over groups of samples")
    x = _in_order(x, dimension_numbers.lhs_spec)  # samples, channels, places
    kernel = _in_order(kernel, dimension_numbers.rhs_spec)  # results, channels, places
    around = [(0, 0, 0)] * 2 + [(lo, hi, gap - 1) for (lo, hi), gap in zip(padding, lhs_dilation, strict=True)]
    x = _padded(x, np.zeros((), x.dtype), padding_config=around)
    inside = _windows(x, 2, np.shape(kernel)[2:], window_strides, rhs_dilation)
    found = _contracted(inside, kernel, feature_group_count)
    return _in_order(found, np.argsort(dimension_numbers.out_spec))


def _in_order(x: Any, order: Any) -> Any:
    axes = tuple(int(k) for k in order)
    return x if axes == tuple(range(len(axes))) else np.transpose(x, axes)


def _contracted(inside: Any, kernel: Any, groups: int) -> Any:
    """Sums over the channels and the places of a window, group by group."""
    count = np.ndim(kernel) - 2
    letters = string.ascii_lowercase[4:]
    places, window = letters[:count], letters[count : 2 * count]
    if groups == 1:
        return np.einsum(f"ac{places}{window},dc{window}->ad{places}", inside, kernel)
    shape, each = np.shape(inside), np.shape(kernel)
    inside = np.reshape(inside, (shape[0], groups, shape[1] // groups, *shape[2:]))
    kernel = np.reshape(kernel, (groups, each[0] // groups, *each[1:]))
    found = np.einsum(f"abc{places}{window},bdc{window}->abd{places}", inside, kernel)
    return np.reshape(found, (shape[0], each[0], *shape[2 : 2 + count]))


def _over_windows(function: Callable[..., Any], filling: float) -> Callable[..., Any]:
    def over_windows(
        x: Any, *, window_dimensions: Sequence[int], window_strides: Any, padding: Any, base_dilation: Any,
        window_dilation: Any,
    ) -> Any:  # fmt: skip
        gaps = base_dilation or (1,) * np.ndim(x)
        around = [(low, high, int(gap) - 1) for (low, high), gap in zip(padding, gaps, strict=True)]
        x = _padded(x, np.float64(filling), padding_config=around)
        tiled = _tiled(x, function, window_dimensions, window_strides, window_dilation)
        if tiled is not None:
            return tiled
        inside = _windows(x, 0, window_dimensions, window_strides, window_dilation or (1,) * np.ndim(x))
        return function(inside, axis=tuple(range(np.ndim(x), 2 * np.ndim(x))))

    return over_windows


def _tiled(x: Any, function: Callable[..., Any], widths: Any, steps: Any, apart: Any) -> Any:
    """Windows side by side are axes of their own; None where they overlap."""
    shape = np.shape(x)
    fits = all(w == s and n % w == 0 for n, w, s in zip(shape, widths, steps, strict=True))
    if not fits or any(int(a) != 1 for a in apart or ()):
        return None
    parts: list[int] = []
    axes: list[int] = []
    for length, width in zip(shape, widths, strict=True):
        parts += [length] if width == 1 else [length // width, width]
        axes += [] if width == 1 else [len(parts) - 1]
    return function(np.reshape(x, parts), axis=tuple(axes)) if axes else x


declared("reduce_window_max")(_over_windows(np.max, -np.inf))
declared("reduce_window_min")(_over_windows(np.min, np.inf))
declared("reduce_window_sum")(_over_windows(np.sum, 0.0))
