"""Functions of one value in a loss, in however many steps they are written: relu as a maximum, or as a choice.

A region goes from a value to a result of the same shape, entry by entry: all that happens between depends on that
value alone, on numbers, and on data that is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.evidence import Joint
from gradwork.check.sites import chain_steps, without_copies
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.op import REGISTER

LONGEST = 14  # steps of a function that is written out
LINEAR = ("add", "subtract", "negative", "multiply", "divide", "positive")


@dataclass(frozen=True)
class Region:
    """A function of one value.

    start, end: the value, and what becomes of it;  inside: the steps, `end` included.
    back:   the node of the way back that holds what this function sends to `start`;  coming: what came to `end`.
    data:   arrays that it reads besides, such as labels;  numbers: single numbers that it reads, such as a limit.
    """

    start: int
    end: int
    inside: tuple[int, ...]
    back: int
    coming: int
    data: tuple[int, ...]
    numbers: tuple[int, ...]


_FOUND: Beside[Joint, tuple[Region, ...]] = Beside()


def regions(joint: Joint) -> tuple[Region, ...]:
    """Every function of one value that slopes go back through, the shorter ones first."""
    if joint not in _FOUND:
        _FOUND[joint] = tuple(_regions(joint))
    return _FOUND[joint]


def _regions(joint: Joint) -> Iterator[Region]:
    moving = joint.graph.depends_on(list(joint.place.values()))
    above = _sources(joint, moving)
    single = {step.of: step for step in chain_steps(joint)}
    for end in range(joint.forward):
        if end not in joint.adjoint:
            continue
        start = end
        for _ in range(LONGEST):
            if start not in above:
                break
            start = above[start]
            inside = _between(joint, start, end, moving)
            if inside is None or len(inside) > LONGEST:
                break
            made = _made(joint, start, end, inside, single, moving)
            if made is not None:
                yield made


def _sources(joint: Joint, moving: Sequence[bool]) -> dict[int, int]:
    """For each step entry by entry, the one nearest value that all of it that is checked comes from."""
    above: dict[int, int] = {}
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op in (INPUT, CONSTANT) or not moving[position] or not REGISTER.named(node.op).elementwise:
            continue
        inputs = [i for i in dict.fromkeys(node.inputs) if moving[i] and joint.node(i).dtype.kind in "fb"]
        if not inputs or any(joint.node(i).shape != node.shape for i in inputs):
            continue
        common: int | None = inputs[0]
        for other in inputs[1:]:
            common = _meeting(above, common, other)
        if common is not None:
            above[position] = common
    return above


def _meeting(above: dict[int, int], one: int | None, other: int) -> int | None:
    """The nearest value that both come from."""
    if one is None:
        return None
    mine = [one]
    while mine[-1] in above:
        mine.append(above[mine[-1]])
    while other not in mine:
        if other not in above:
            return None
        other = above[other]
    return other


def _between(joint: Joint, start: int, end: int, moving: Sequence[bool]) -> tuple[int, ...] | None:
    """The steps from one value to another; None where a value between is read elsewhere."""
    found, waiting = set[int](), [end]
    while waiting:
        position = waiting.pop()
        if position in found or position == start:
            continue
        found.add(position)
        waiting += [i for i in joint.node(position).inputs if moving[i]]
    for position in found - {end}:
        if any(r < joint.forward and r not in found for r in joint.graph.consumers[position]):
            return None
    return tuple(sorted(found))


def _made(
    joint: Joint, start: int, end: int, inside: tuple[int, ...], single: dict[int, Any], moving: Sequence[bool]
) -> Region | None:
    coming = joint.adjoint[end]
    read = [without_copies(joint, i) for k in inside for i in joint.node(k).inputs if not moving[i]]
    data = [i for i in dict.fromkeys(read) if np.size(joint.values[i]) > 1 and joint.node(i).dtype.kind in "fiub"]
    numbers = [i for i in dict.fromkeys(read) if np.size(joint.values[i]) == 1]
    alone = all(r in inside for r in joint.graph.consumers[start] if r < joint.forward)
    if alone and start in joint.adjoint:
        back = joint.adjoint[start]
    elif len(inside) == 1 and end in single and joint.node(end).inputs.count(start) == 1:
        back, coming = single[end].product, single[end].coming
    else:
        return None
    if back <= coming or back < joint.forward or joint.node(back).shape != joint.node(start).shape:
        return None
    return Region(start, end, inside, back, coming, tuple(data), tuple(numbers))


def is_linear(joint: Joint, region: Region) -> bool:
    """Whether a function is only shifted and scaled: it has one slope wherever it is taken."""
    moving = {region.start}
    for position in region.inside:
        node = joint.node(position)
        mine = [i for i in node.inputs if i in moving]
        if node.op not in LINEAR or (node.op in ("multiply", "divide") and len(mine) > 1):
            return False
        if node.op == "divide" and node.inputs[1] in moving:
            return False
        moving.add(position)
    return True
