"""Where a loss takes the softmax of scores, in whatever way it is written.

Found are the ops softmax, log_softmax and logsumexp, and exponentials that are added up along an axis: e / sum(e),
and scores less the logarithm of that sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.evidence import Joint
from gradwork.check.sites import without_copies
from gradwork.ops.activations import softmax


@dataclass(frozen=True)
class Shares:
    """One softmax: its scores, the axis, and the node of the way back that holds the slopes of the scores.

    coming:    what comes back to the shares themselves; None where the loss never has them, but their logarithms.
    logarithm: whether a logarithm is taken of the shares.
    """

    joint: Joint
    scores: int
    axis: int
    adjoint: int
    coming: int | None = None
    logarithm: bool = False

    def p(self, values: Sequence[Any], axis: int | None = None) -> Any:
        """The shares."""
        return softmax(values[self.scores], axis=self.axis if axis is None else axis)

    def weight(self, values: Sequence[Any]) -> Any:
        """What each row counts for in the loss: the slopes of a row of a cross-entropy are weight (p - y).

        Read off any class that is not asked for in a row: there the slope is weight p.
        """
        p = self.p(values)
        adjoint = np.broadcast_to(values[self.adjoint], p.shape)
        with np.errstate(all="ignore"):
            ratio = adjoint / p
        return np.nanmax(ratio, axis=self.axis, keepdims=True)


def shares_of(joint: Joint) -> Iterator[Shares]:
    """Every softmax of the loss that slopes come back to."""
    seen: set[tuple[int, int]] = set()
    for position in range(joint.forward):
        for found in _at(joint, position):
            key = (found.scores, found.adjoint)
            if key not in seen:
                seen.add(key)
                yield found


def _at(joint: Joint, position: int) -> Iterator[Shares]:
    node = joint.node(position)
    if node.op in ("softmax", "log_softmax", "logsumexp"):
        yield from _made(joint, node.inputs[0], node.params["axis"], position if node.op == "softmax" else None)
    if node.op == "divide":
        top, bottom = node.inputs[0], without_copies(joint, node.inputs[1])
        inside = joint.node(bottom).inputs[0] if joint.node(bottom).op == "sum" else -1
        # The same exponentials may be worked out twice, once above the line and once below.
        alike = inside >= 0 and joint.node(inside).op == "exp" and joint.node(inside).inputs == joint.node(top).inputs
        if joint.node(top).op == "exp" and alike:
            logs = any(joint.node(r).op == "log" for r in joint.graph.consumers[position] if r < joint.forward)
            yield from _made(joint, joint.node(top).inputs[0], joint.node(bottom).params["axis"], position, logs)
    if node.op == "log":
        total = without_copies(joint, node.inputs[0])
        inside = joint.node(total).inputs[0] if joint.node(total).op == "sum" else -1
        if inside >= 0 and joint.node(inside).op == "exp":
            yield from _made(joint, joint.node(inside).inputs[0], joint.node(total).params["axis"], None)


def _made(joint: Joint, scores: int, axes: Any, shares: int | None, logarithm: bool = False) -> Iterator[Shares]:
    axis = axes[0] if isinstance(axes, tuple) else axes
    if axis is None or (isinstance(axes, tuple) and len(axes) != 1):
        return
    axis = int(axis) % max(len(joint.node(scores).shape), 1)
    coming = joint.adjoint.get(shares) if shares is not None else None
    for source in _lowered(joint, scores):
        adjoint = joint.adjoint.get(source)
        if adjoint is not None and adjoint >= joint.forward and joint.node(adjoint).shape == joint.node(source).shape:
            yield Shares(joint, source, axis, adjoint, coming, logarithm or shares is None)


def _lowered(joint: Joint, scores: int) -> list[int]:
    """The scores, and what they were before their largest was taken off."""
    found = [scores]
    node = joint.node(scores)
    if node.op == "subtract":
        taken = without_copies(joint, node.inputs[1])
        behind = taken
        while joint.node(behind).op in ("reshape", "getitem", "held"):
            behind = joint.node(behind).inputs[0]
        if joint.node(behind).op == "max":
            found.insert(0, node.inputs[0])
    return found
