"""The paths that lead back to a value, called by what they come through."""

from __future__ import annotations

from gradwork.check.evidence import Joint
from gradwork.check.sites import Names, made_for
from gradwork.gradients.backprop import SUM_OF_PATHS
from gradwork.graph.passes import TRANSPARENT

LONGEST, MOST_PATHS = 40, 20  # characters; paths
MOVED = (*TRANSPARENT, "transpose")


def through(joint: Joint, names: Names, position: int) -> list[str]:
    """For each path that a node of the way back adds up: the value that it comes through; "" where it is too long.

    Of very many paths only the first ones are looked at.
    """
    return [_value(joint, names, at) for at in ends_of(joint, position)]


def ends_of(joint: Joint, position: int, most: float = MOST_PATHS) -> list[int]:
    """The nodes that a sum over paths adds up, the last use first; the first ones of very many."""
    found: list[int] = []
    waiting = [position]
    while waiting and len(found) < most:
        at = waiting.pop()
        node = joint.node(at)
        if node.op == "add" and node.origin.by == SUM_OF_PATHS:
            waiting += node.inputs[::-1]
        else:
            found.append(at)
    return found


def _value(joint: Joint, names: Names, position: int) -> str:
    """The value of the loss that a slope has come through."""
    of = made_for(joint, position)
    while joint.node(of).op in MOVED:
        readers = [r for r in joint.graph.consumers[of] if r < joint.forward and r in joint.adjoint]
        if len(readers) != 1:
            break
        of = readers[0]
    name = names.name(of)
    return name if len(name) <= LONGEST else ""
