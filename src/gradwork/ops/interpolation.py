"""Lines through points, and slopes between neighbours: interp, gradient, unwrap."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.notation.layout import call
from gradwork.ops._arrays import along, array_of, plain
from gradwork.ops._declare import axes_of, composite, elementwise, public

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25], [0.3, 0.9, -0.4]])
ROW = np.array([0.5, -1.0, 2.0, 1.5])


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    x, xp, fp = (_in_double(array_of(a)) for a in (x, xp, fp))
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, np.abs(period))
        left = right = None
    segments = xp.shape[0] - 1
    if segments < 1:
        level = np.broadcast_to(fp[0], x.shape)
        return _beyond(level + 0 * x, x, xp, fp, left, right)
    place = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, segments - 1)
    x0, y0 = xp[place], fp[place]
    slope = (fp[1:] - fp[:-1]) / (xp[1:] - xp[:-1])
    line = slope[place] * (x - x0) + y0
    # At the last point NumPy gives its value itself.
    line = np.where(np.equal(x, xp[-1]), slope[-1] * (x - xp[-1]) + fp[-1], line)
    return _beyond(line, x, xp, fp, left, right)


def _in_double(a: Any) -> Any:
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    return a if a.dtype == wide else a.astype(wide)


def _beyond(line: Any, x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    line = np.where(np.less(x, xp[0]), fp[0] if left is None else left, line)
    return np.where(np.greater(x, xp[-1]), fp[-1] if right is None else right, line)


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    x, xp = np.remainder(x, period), np.remainder(xp, period)
    order = plain(np.argsort(xp)) if not isinstance(xp, np.ndarray) else np.argsort(xp, kind="stable")
    xp, fp = xp[order], fp[order]
    return (
        x,
        np.concatenate([xp[-1:] - period, xp, xp[:1] + period]),
        np.concatenate([fp[-1:], fp, fp[:1]]),
    )


composite(
    np.interp,
    rule="quotient rule",
    lower=_interp,
    exact=False,
    samples=(
        (np.array([0.3, 1.7, 2.5]), np.array([0.0, 1.0, 3.0]), np.array([0.5, 2.0, -1.0])),
        (0.4, [0.0, 1.0], np.array([2.0, 3.0])),
        (np.array([-0.3, 4.7]), np.array([0.0, 1.0, 3.0]), np.array([0.5, 2.0, -1.0])),
    ),
    why="A point on the line between two neighbours; at a neighbour itself, the slope to its right.",
    source="by definition",
)


# -- slopes between neighbours ----------------------------------------------------------------------------------------


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = array_of(f)
    if f.dtype.kind in "biu":
        f = f.astype(np.float64)
    axes = axes_of(None, f.ndim) if axis is None else _named_axes(axis, f.ndim)
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError("invalid number of arguments")
    spacings = list(varargs) if len(varargs) == len(axes) else list(varargs or (1.0,)) * len(axes)
    found = [_along_axis(f, _spacing(h, f.shape[i]), i, edge_order) for i, h in zip(axes, spacings, strict=True)]
    return found[0] if len(axes) == 1 else tuple(found)


def _named_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """In the order in which they were named, since the results come in that order."""
    return tuple(int(i) % ndim for i in (axis if isinstance(axis, (tuple, list)) else (axis,)))


def _spacing(spacing: Any, n: int) -> Any:
    """One distance for all neighbours, or the distances between them."""
    if isinstance(spacing, (int, float)):
        return spacing
    spacing = array_of(spacing)
    if spacing.ndim == 0:
        return spacing
    if spacing.ndim != 1 or len(spacing) != n:
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    spacing = spacing.astype(np.float64) if spacing.dtype.kind in "biu" else spacing
    widths = spacing[1:] - spacing[:-1]
    return widths[0] if not given_apart(widths) else widths


def given_apart(widths: Any) -> bool:
    """Whether the distances differ; where all are alike and none is traced, NumPy takes its simpler formula."""
    return not isinstance(widths, np.ndarray) or not bool((widths == widths[0]).all())


def _along_axis(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, "
            "at least (edge_order + 1) elements are required."
        )
    inner = _inner(f, h, axis)
    first, last = (_edge(f, h, axis, edge_order, end) for end in (0, -1))
    return np.concatenate([first, inner, last], axis=axis)


def _part(f: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return along(f, axis, slice(start, stop))


def _inner(f: Any, h: Any, axis: int) -> Any:
    if np.ndim(h) == 0:
        return (_part(f, axis, 2, None) - _part(f, axis, None, -2)) / (2.0 * h)
    shape = tuple(-1 if i == axis else 1 for i in range(f.ndim))
    before, after = np.reshape(h[:-1], shape), np.reshape(h[1:], shape)
    a = -after / (before * (before + after))
    b = (after - before) / (before * after)
    c = before / (after * (before + after))
    return a * _part(f, axis, None, -2) + b * _part(f, axis, 1, -1) + c * _part(f, axis, 2, None)


def _edge(f: Any, h: Any, axis: int, edge_order: int, end: int) -> Any:
    sign = 1 if end == 0 else -1
    at = [along(f, axis, [0, 1, 2][k] if end == 0 else [-1, -2, -3][k]) for k in range(edge_order + 1)]
    if np.ndim(h) == 0:
        near = far = h
    else:
        near, far = (h[0], h[min(1, len(h) - 1)]) if end == 0 else (h[-1], h[max(-2, -len(h))])
    if edge_order == 1:
        slope = sign * (at[1] - at[0]) / near
    else:
        slope = sign * (
            -(2.0 * near + far) / (near * (near + far)) * at[0]
            + (near + far) / (near * far) * at[1]
            - near / (far * (near + far)) * at[2]
        )
    return np.expand_dims(slope, axis)


composite(
    np.gradient,
    rule="quotient rule",
    lower=_gradient,
    exact=False,
    samples=(
        (ROW, {}),
        (TABLE, {}),
        (ROW, np.array([0.0, 0.3, 1.0, 1.2]), {"edge_order": 2}),
        (TABLE, 0.5, {"axis": 1}),
    ),
    why="Differences of neighbours over their distances.",
    source="Fornberg 1988",
)


@public
def whole_turns(apart: Any, period: Any) -> Any:
    """How many whole periods are to be taken off a step so that it lies within half a period; level between jumps."""
    return _whole_turns(np, apart, period)


def _whole_turns(xp: Any, apart: Any, period: Any) -> Any:
    half = xp.divide(period, 2)
    low = xp.subtract(xp.mod(xp.add(apart, half), period), half)
    low = xp.where(xp.logical_and(low == -half, apart > 0), half, low)
    return xp.subtract(low, apart)


elementwise(
    whole_turns,
    jax=lambda on, a, p: _whole_turns(on.np, a, p),
    rule="step rule",
    notation=lambda a, p: call("whole turns", a, p),
    slopes=(0, lambda y, a, p: y / p),
    branch=lambda a, p: np.floor_divide(a + p / 2, p),
    samples=((0.3, 2.0), (3.3, 2.0), (-5.1, 2.0)),
    words=("_whole_turns",),
    why="A whole number of periods, level between its jumps.",
    source="by definition",
)


def _unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    p = array_of(p)
    steps = _part(p, axis, 1, None) - _part(p, axis, None, -1)
    taken_off = whole_turns(steps, period)
    limit = period / 2 if discont is None else discont
    taken_off = np.where(np.less(np.abs(steps), limit), np.zeros((), p.dtype), taken_off)
    rest = _part(p, axis, 1, None) + np.cumsum(taken_off, axis=axis)
    return np.concatenate([_part(p, axis, None, 1), rest], axis=axis)


composite(
    np.unwrap,
    rule="sum rule",
    lower=_unwrap,
    exact=False,
    samples=((np.array([0.1, 6.0, 12.5, 3.0]), {}),),
    words=(),
    why="Whole turns are added, and these stay level between their jumps.",
    source="by definition",
)
