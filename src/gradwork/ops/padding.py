"""Padding: what is put around an array, in all of NumPy's ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops._arrays import along, array_of
from gradwork.ops._declare import composite, unsupported
from gradwork.ops.rearranging import _picked as picked

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])
_STATISTICS = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    a = array_of(array)
    if callable(mode):
        raise unsupported("pad", "a function of one's own")
    widths = _widths(pad_width, a.ndim)
    if mode in ("edge", "wrap") or (mode in ("reflect", "symmetric") and options.get("reflect_type", "even") == "even"):
        return picked(a, np.pad, widths, mode)
    for axis, (before, after) in enumerate(widths):
        if mode in ("reflect", "symmetric"):
            a = _mirrored(a, axis, before, after, mode)
        elif before or after:
            a = np.concatenate(_pieces(a, axis, before, after, mode, options), axis=axis)
    return a


def _widths(width: Any, ndim: int) -> list[tuple[int, int]]:
    if isinstance(width, dict):
        found = {int(k) % ndim: v for k, v in width.items()}
        pairs = [found.get(i, 0) for i in range(ndim)]
        return [(int(p), int(p)) if np.ndim(p) == 0 else (int(p[0]), int(p[1])) for p in pairs]
    return [(int(b), int(a)) for b, a in np.broadcast_to(np.asarray(width), (ndim, 2))]


def _pieces(a: Any, axis: int, before: int, after: int, mode: Any, options: dict[str, Any]) -> list[Any]:
    if mode == "constant":
        ends = _ends(options.get("constant_values", 0), a, axis)
        made = [_level(a, axis, n, end) for n, end in zip((before, after), ends, strict=True)]
    elif mode == "linear_ramp":
        low, high = _ends(options.get("end_values", 0), a, axis)
        first, last = (along(a, axis, slice(i, i + 1)) for i in (0, a.shape[axis] - 1))
        made = [_ramp(a, axis, low, first, before), np.flip(_ramp(a, axis, high, last, after), axis)]
    elif mode in _STATISTICS:
        made = _of_neighbours(a, axis, (before, after), _STATISTICS[mode], options.get("stat_length"))
    elif mode == "empty":
        # NumPy leaves whatever the memory held; zeros are one such content.
        made = [_level(a, axis, n, 0) for n in (before, after)]
    else:
        raise unsupported("pad", f"mode={mode!r}")
    return [made[0], a, made[1]]


def _ends(value: Any, a: Any, axis: int) -> tuple[Any, Any]:
    """The two numbers of this axis, out of one, two, or two an axis."""
    spread = np.broadcast_to(array_of(value), (a.ndim, 2))
    return spread[axis, 0], spread[axis, 1]


def _level(a: Any, axis: int, count: int, value: Any) -> Any:
    shape = tuple(count if i == axis else n for i, n in enumerate(a.shape))
    return np.broadcast_to(array_of(value), shape).astype(a.dtype)


def _ramp(a: Any, axis: int, end: Any, edge: Any, count: int) -> Any:
    """`count` steps from `end` towards the edge, which is not among them."""
    steps = np.arange(count, dtype=np.result_type(a.dtype, np.float16) if a.dtype.kind == "f" else np.float64)
    part = np.reshape(steps / max(count, 1), tuple(count if i == axis else 1 for i in range(a.ndim)))
    return (end + (edge - end) * part).astype(a.dtype)


def _of_neighbours(a: Any, axis: int, widths: tuple[int, int], function: Any, length: Any) -> list[Any]:
    n = a.shape[axis]
    lengths = [n, n] if length is None else [min(int(k), n) for k in np.broadcast_to(length, (a.ndim, 2))[axis]]
    made = []
    for side, (count, span) in enumerate(zip(widths, lengths, strict=True)):
        near = along(a, axis, slice(None, span) if side == 0 else slice(n - span, None))
        value = function(near, axis=axis, keepdims=True)
        made.append(_level(a, axis, count, value))
    return made


def _mirrored(a: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """Reflected about the edge, with the sign turned: as far below it as the array rises above."""
    edge = 0 if mode == "symmetric" else 1
    while before or after:
        n = a.shape[axis]
        most = n - edge
        if most <= 0:
            first = along(a, axis, slice(0, 1))
            return np.concatenate([first] * before + [a] + [first] * after, axis=axis)
        left, right = min(before, most), min(after, most)
        first, last = along(a, axis, slice(0, 1)), along(a, axis, slice(n - 1, n))
        pieces = [
            2 * first - np.flip(along(a, axis, slice(edge, edge + left)), axis),
            a,
            2 * last - np.flip(along(a, axis, slice(n - edge - right, n - edge)), axis),
        ]
        a, before, after = np.concatenate(pieces, axis=axis), before - left, after - right
    return a


composite(
    np.pad,
    rule="picking rule",
    lower=_pad,
    exact=False,
    samples=(
        (ROW, 1),
        (TABLE, ((1, 0), (0, 2)), {"constant_values": 3.0}),
        (ROW, 2, {"mode": "edge"}),
        (ROW, 2, {"mode": "reflect"}),
        (ROW, 2, {"mode": "linear_ramp", "end_values": 1.0}),
        (TABLE, 1, {"mode": "mean"}),
        (ROW, 2, {"mode": "reflect", "reflect_type": "odd"}),
    ),
    why="The entries are the same, with constants around them or copies; copies add their slopes up.",
    source="by definition",
)
