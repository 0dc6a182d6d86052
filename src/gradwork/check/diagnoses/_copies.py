"""Where the slopes of the copies of a broadcast array are added up: its bias-like uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwork.check.evidence import Joint
from gradwork.check.sites import without_copies


@dataclass(frozen=True)
class CopySum:
    """A sum over copies.  node: of the way back;  coming: what is added up;  name: of the array;  at: its use."""

    node: int
    coming: int
    axes: tuple[int, ...]
    name: str
    at: int


def layer_at(joint: Joint, position: int) -> int:
    """The layer of the step of the loss that a node of the way back belongs to; 0 where there is none."""
    of = joint.node(position).origin.node
    return joint.layers[of] if of is not None and of < joint.forward else 0


def copy_sums(joint: Joint) -> Iterator[CopySum]:
    """The sums over copies of a checked array that is added to something: as a bias is."""
    names = {position: name for name, position in joint.place.items()}
    for position in range(joint.forward, len(joint.graph)):
        node = joint.node(position)
        spread = node.origin.node
        if node.op != "sum" or spread is None or spread >= joint.forward:
            continue
        if not node.origin.role.startswith("sum over copies"):
            continue
        source = _as_given(joint, spread)
        used = [r for r in joint.graph.consumers[spread] if r < joint.forward]
        if source in names and used and all(joint.node(r).op in ("add", "subtract") for r in used):
            yield CopySum(position, node.inputs[0], tuple(node.params["axis"]), names[source], used[0])


def _as_given(joint: Joint, position: int) -> int:
    """What a value is before it is spread, and before axes are put into it, as of b[:, None]."""
    source = without_copies(joint, position)
    while joint.node(source).op == "getitem":
        inside = joint.node(source).inputs[0]
        if not np.array_equal(np.ravel(joint.value(source)), np.ravel(joint.value(inside))):
            break
        source = without_copies(joint, inside)
    return source
