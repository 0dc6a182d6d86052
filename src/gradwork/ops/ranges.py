"""Ranges of numbers between two ends that may move: linspace, logspace, geomspace."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops._arrays import array_of
from gradwork.ops._declare import composite

ROW = np.array([0.5, 1.0, 2.0])


def _declare(function: Any, lower: Any, *samples: Any, rule: str, why: str) -> None:
    composite(function, rule=rule, lower=lower, samples=samples, words=(), why=why, source="by definition", exact=False)


def _ends(*ends: Any) -> tuple[Any, ...]:
    """The ends in floating point, of one shape."""
    arrays = [array_of(e) for e in ends]
    dtype = np.result_type(*(a.dtype for a in arrays), float(len(arrays)))
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(np.broadcast_to(a.astype(dtype) if a.dtype != dtype else a, shape) for a in arrays)


def _linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
    axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    start, stop = _ends(start, stop)
    num = int(num)
    parts = num - 1 if endpoint else num
    step = (stop - start) / parts if parts > 0 else np.full(start.shape, np.nan, start.dtype)
    places = np.reshape(np.arange(num, dtype=start.dtype), (-1,) + (1,) * start.ndim)
    # NumPy multiplies the step, and sets the last number to the end itself.
    line = start + places * (step if parts > 0 else stop - start)
    if endpoint and num > 1:
        line = np.concatenate([line[:-1], stop[None]])
    if axis:
        line = np.moveaxis(line, 0, axis)
    if dtype is not None and np.dtype(dtype) != line.dtype:
        line = (np.floor(line) if np.dtype(dtype).kind in "iu" else line).astype(dtype)
    return (line, step) if retstep else line


def _logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    if np.ndim(base):
        shape = np.broadcast_shapes(np.shape(start), np.shape(stop), np.shape(base))
        start, stop, base = (np.broadcast_to(array_of(a), shape) for a in (start, stop, base))
        base = np.expand_dims(base, axis)
    powers = np.power(base, _linspace(start, stop, num, endpoint, axis=axis))
    return powers if dtype is None else powers.astype(dtype)


def _geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    start, stop = (e.astype(np.result_type(e.dtype, np.float64)) for e in _ends(start, stop))
    if start.dtype.kind == "c":
        turn = start / np.abs(start)
        line = _geomspace_up(np.ones_like(start), stop / start, num, endpoint) * np.abs(start) * turn
    else:
        # Two negative ends are two positive ones with the sign put back.
        line = _geomspace_up(np.abs(start), np.abs(stop), num, endpoint) * np.sign(start)
    if endpoint and num > 1:
        line = np.concatenate([start[None], line[1:-1], stop[None]])
    elif num > 0:
        line = np.concatenate([start[None], line[1:]])
    line = np.moveaxis(line, 0, axis) if axis else line
    return line if dtype is None else line.astype(dtype)


def _geomspace_up(start: Any, stop: Any, num: int, endpoint: bool) -> Any:
    return np.power(np.full((), 10.0, start.dtype), _linspace(np.log10(start), np.log10(stop), num, endpoint))


_declare(
    np.linspace,
    _linspace,
    (0.5, 2.0, 4),
    (ROW, 3.0, {"num": 5, "axis": -1}),
    (0.5, 2.0, {"num": 4, "endpoint": False}),
    rule="sum rule",
    why="Each number is a mean of the two ends, weighted by how near they are.",
)
_declare(
    np.logspace,
    _logspace,
    (0.5, 1.5, 4),
    (0.5, 1.5, {"num": 3, "base": 2.5}),
    rule="exponential rule",
    why="Powers of the base, with exponents evenly apart.",
)
_declare(
    np.geomspace,
    _geomspace,
    (0.5, 2.0, 4),
    (ROW, 3.0, {"num": 5}),
    rule="exponential rule",
    why="Evenly apart once logarithms are taken.",
)
