"""The paths that lead back to a value, called by what they come through."""

from __future__ import annotations

from gradwork.check.evidence import Joint
from gradwork.check.sites import Names, equal_values, made_for
from gradwork.gradients.backprop import SUM_OF_PATHS
from gradwork.graph.passes import TRANSPARENT

LONGEST, MOST_PATHS = 40, 20  # characters; paths
MOVED = (*TRANSPARENT, "transpose")
SCALED = (*MOVED, "multiply", "chain_product", "divide", "negative")


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


def cancelling(joint: Joint, position: int) -> int | None:
    """The value to which another path brings the same as this node does, as of the two factors of a square.

    With the sign of one of them turned, both are gone.
    """
    while True:
        readers = joint.graph.consumers[position]
        if len(readers) != 1:
            return None
        node = joint.node(readers[0])
        if node.op == "add" and node.origin.by == SUM_OF_PATHS:
            break
        if node.op not in SCALED:
            return None
        position = readers[0]
    total = readers[0]
    while len(joint.graph.consumers[total]) == 1 and _goes_on(joint, total):
        (total,) = joint.graph.consumers[total]
    ends = [e for e in _parts(joint, total) if e != position]
    same = any(equal_values(joint.value(position), joint.value(e)) for e in ends)
    return joint.node(total).origin.node if same else None


def _parts(joint: Joint, total: int) -> list[int]:
    """What a sum over the paths to one value adds up."""
    own = joint.node(total).origin
    found: list[int] = []
    for i in joint.node(total).inputs:
        goes_on = joint.node(i).op == "add" and joint.node(i).origin == own
        found += _parts(joint, i) if goes_on else [i]
    return found


def _goes_on(joint: Joint, total: int) -> bool:
    after = joint.node(joint.graph.consumers[total][0])
    return after.op == "add" and after.origin == joint.node(total).origin


def meeting(joint: Joint, position: int, others: int) -> int | None:
    """The value at which all paths that a node of the way back adds up meet, and none of those that `others` adds up.

    None where there is none.
    """
    after = [_after(joint, made_for(joint, end)) for end in ends_of(joint, position)]
    beside = set[int]().union(*(_after(joint, made_for(joint, end)) for end in ends_of(joint, others)))
    common = set.intersection(*after) - beside
    return min(common) if common else None


def _after(joint: Joint, start: int) -> set[int]:
    """All values of the loss that a value goes into, itself included."""
    found, waiting = {start}, [start]
    while waiting:
        readers = [r for r in joint.graph.consumers[waiting.pop()] if r < joint.forward and r not in found]
        found.update(readers)
        waiting += readers
    return found
