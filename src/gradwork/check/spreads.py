"""Where a loss divides values by their spread: by the standard deviation, after the mean is taken off, or by a norm.

Found are quotients, written in whatever order, of a value z less its mean and the root of a mean of squares of that, or
of a value and the root of a sum or mean of its squares; a small number under the root may be there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.graph.graph import CONSTANT, INPUT

SPREADING = ("broadcast_to", "reshape", "copy", "positive", "astype")
MOST_FACTORS = 5


@dataclass(frozen=True)
class Spread:
    """One normalisation: `end` is (above / below) times the factors `rest`.

    start:   what is normalised;  centred: whether its mean is taken off, which gives `above`.
    axes:    what the mean, or the sum, is over;  counted: the number that the sum of squares is divided by.
    hat:     the node that holds above / below alone; None where there is none.
    """

    start: int
    end: int
    above: int
    below: int
    centred: bool
    axes: tuple[int, ...]
    counted: float
    rest: tuple[int, ...]
    hat: int | None


def spreads_of(joint: Joint) -> Iterator[Spread]:
    """Every normalisation of the loss that slopes come back through."""
    for end in range(joint.forward):
        node = joint.node(end)
        if node.op != "divide" and node.op != "multiply":
            continue
        if end not in joint.adjoint or joint.adjoint[end] < joint.forward or len(node.shape) < 1:
            continue
        above, below = _factors(joint, end)
        if len(above) + len(below) > MOST_FACTORS or not below:
            continue
        found = _normalised(joint, end, above, below)
        if found is not None:
            yield found


def _factors(joint: Joint, position: int, inner: bool = False) -> tuple[list[int], list[int]]:
    """What a chain of products and quotients has above and below; spreading is looked through."""
    at = position
    while joint.node(at).op in SPREADING:
        at = joint.node(at).inputs[0]
    node = joint.node(at)
    readers = [r for r in joint.graph.consumers[at] if r < joint.forward]
    if node.op not in ("multiply", "divide") or (inner and len(readers) != 1):
        return [position], []
    left, right = (_factors(joint, i, True) for i in node.inputs)
    if node.op == "multiply":
        return [*left[0], *right[0]], [*left[1], *right[1]]
    return [*left[0], *right[1]], [*left[1], *right[0]]


def _normalised(joint: Joint, end: int, above: list[int], below: list[int]) -> Spread | None:
    if len(below) != 1:
        return None
    (under,) = below
    shape = joint.node(end).shape
    moving = joint.graph.depends_on([i for i in joint.adjoint if joint.node(i).op == INPUT])
    if not moving[under] or joint.node(_inside(joint, under)).op == CONSTANT:
        return None
    value_below = joint.value(under)
    if value_below.ndim > len(shape) or any(
        n not in (1, m) for n, m in zip(value_below.shape[::-1], shape[::-1], strict=False)
    ):
        return None  # there was a reshape on the way, as in a normalisation by groups
    bottom = np.broadcast_to(value_below, shape)
    for place, top in enumerate(above):
        if joint.node(top).shape != shape or not moving[top]:
            continue
        value = joint.value(top)
        fit = _as_root(value, bottom)
        if fit is None or not _reads(joint, _inside(joint, under), top):
            continue
        axes, counted = fit
        start, centred = _centred(joint, top, axes)
        if start not in joint.adjoint:
            continue
        rest = tuple(f for k, f in enumerate(above) if k != place)
        hat = end if not rest else None
        return Spread(start, end, top, under, centred, axes, counted, rest, hat)
    return None


def _inside(joint: Joint, position: int) -> int:
    while joint.node(position).op in SPREADING:
        position = joint.node(position).inputs[0]
    return position


def _reads(joint: Joint, later: int, earlier: int) -> bool:
    """Whether a value is worked out from another."""
    earlier = _inside(joint, earlier)
    return joint.graph.depends_on([earlier])[later] or any(
        joint.graph.depends_on([i])[later] for i in joint.node(earlier).inputs if i in joint.adjoint
    )


def _as_root(value: Array, bottom: Array) -> tuple[tuple[int, ...], float] | None:
    """Over which axes the squares are added up below, and what they are divided by; None where it is not so."""
    square = bottom.astype(float) ** 2
    fine = 1e-10 if value.dtype.itemsize > 4 else 1e-5
    for axes in _choices(value.ndim):
        if any(np.ptp(bottom, axis=a).max(initial=0.0) > fine * np.abs(bottom).max() for a in axes):
            continue
        total = np.broadcast_to(np.sum(value.astype(float) ** 2, axis=axes, keepdims=True), value.shape)
        count = int(np.prod([value.shape[a] for a in axes]))
        for counted in (count, 1, count - 1):
            if counted < 1 or count < 2:
                continue
            left = square - total / counted
            scale = float(np.max(square))
            if np.ptp(left) <= fine * scale and -fine * scale <= left.flat[0] <= 0.9 * scale:
                return axes, float(counted)
    return None


def _choices(ndim: int) -> list[tuple[int, ...]]:
    single = [(a,) for a in reversed(range(ndim))]
    return [*single, *([tuple(range(ndim))] if ndim > 1 else []), *([(0, 2, 3)] if ndim == 4 else [])]


def _centred(joint: Joint, top: int, axes: tuple[int, ...]) -> tuple[int, bool]:
    """What was centred to give a value; the value itself where it was not."""
    node = joint.node(_inside(joint, top))
    if node.op == "subtract":
        before, mean = node.inputs
        value = joint.value(before)
        if value.shape == joint.node(top).shape and np.allclose(
            np.broadcast_to(value.mean(axis=axes, keepdims=True), value.shape),
            np.broadcast_to(joint.value(mean), value.shape),
            rtol=0.0,
            atol=(1e-10 if value.dtype.itemsize > 4 else 1e-5) * float(np.max(np.abs(value), initial=1e-300)),
        ):
            return before, True
    return top, False
