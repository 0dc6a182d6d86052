"""Deliberate mistakes in what one step of a loop passes back to what it reads: nothing, half of it, twice, less it.

A path is told by the step that it comes through, and not by the value that it comes to: the state before the first
turn is made by another line than the states after it, and has the same paths.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant, causes
from gradwork.check.evidence import Edit, Joint
from gradwork.check.sequences import done
from gradwork.check.sites import Names
from gradwork.check.turns import MOST_MEMBERS, Turns
from gradwork.gradients.backprop import SUM_OF_PATHS

PATH, NUMBER, SIGN = "GW214", "GW257", "GW243"
NUMBERS = {
    0.0: (PATH, "is left out"),
    0.5: (NUMBER, "counts half"),
    2.0: (NUMBER, "counts twice"),
    -1.0: (SIGN, "has the wrong sign"),
}
Path = tuple[int, int, int]  # the step, the value that it reads, what it passes back to it


def of_paths(joint: Joint) -> Iterator[tuple[Cause, Mutant]]:
    """What a step passes back to one of its operands, otherwise at every turn."""
    by_code = {cause.code: cause for cause in causes()}
    names = Names.of(joint)
    readers = {k: i for i in range(joint.forward, len(joint.graph)) for k in _added(joint, i)}
    for paths in _families(joint).values():
        step, value, _ = paths[len(paths) // 2]
        for number, (code, words) in NUMBERS.items():
            edits = _edits(joint, paths, readers, number)
            if not edits:
                continue
            first, *rest = edits
            yield (
                by_code[code],
                Mutant(
                    first,
                    edits[first],
                    f"the path from {names.name(value)} through {names.name(step)} {words}{names.in_layer(value)}, "
                    f"and so each of the {len(paths)} times that this line runs",
                    joint.layers[value],
                    f"{names.name(value)} is used there too, and every use brings its part",
                    f"add up what comes back through {names.name(step)}, once",
                    more={at: edits[at] for at in rest},
                ),
            )


def _families(joint: Joint) -> dict[tuple[tuple[int, ...], ...], list[Path]]:
    """The paths through the same step at all turns: through one op of it, or through all that are written alike."""
    turns = Turns.of(joint)
    groups: dict[Hashable, list[Path]] = {}
    for place, path in _paths(joint):
        for which, keys in enumerate((turns.key, *turns.ways, turns.line)):
            groups.setdefault((which, keys[path[0]], place), []).append(path)
    return {tuple(g): g for g in groups.values() if 1 < len(g) <= MOST_MEMBERS}


def _paths(joint: Joint) -> Iterator[tuple[int, Path]]:
    """Every path of the loss that can be told apart, and at which place the step reads the value."""
    graph, adjoint = joint.graph, joint.adjoint
    for value, total in adjoint.items():
        several = joint.node(total).origin.by == SUM_OF_PATHS
        if value >= joint.forward or total < joint.forward:
            continue
        steps = [
            (step, place)
            for step in sorted((c for c in graph.consumers[value] if c < joint.forward and c in adjoint), reverse=True)
            for place, i in enumerate(joint.node(step).inputs)
            if i == value
        ]
        parts = _parts(joint, total) if several else [total]
        if len(parts) == len(steps) and (several or adjoint[steps[0][0]] != total):
            yield from ((place, (step, value, part)) for (step, place), part in zip(steps, parts, strict=True))


def _parts(joint: Joint, total: int) -> list[int]:
    """What a sum over paths adds up, the first path first."""
    node = joint.node(total)
    left, right = node.inputs
    own = joint.node(left).origin == node.origin and joint.node(left).op == "add"
    return [*(_parts(joint, left) if own else [left]), right]


def _added(joint: Joint, position: int) -> list[tuple[int, int]]:
    """A sum over paths: for each part the value that the paths lead to, and the part."""
    node = joint.node(position)
    if node.op != "add" or node.origin.by != SUM_OF_PATHS or node.origin.node is None:
        return []
    return [(node.origin.node, i) for i in node.inputs]


def _edits(
    joint: Joint, paths: Sequence[Path], readers: Mapping[tuple[int, int], int], number: float
) -> dict[int, Edit]:
    factors: dict[int, dict[int, float]] = {}
    edits: dict[int, Edit] = {}
    for _, value, part in paths:
        reader = readers.get((value, part))
        if reader is None:
            edits[part] = _of_one(joint, part, number)
        elif joint.node(reader).inputs.count(part) == 1:
            factors.setdefault(reader, {})[part] = number
    edits |= {at: _sum(joint.node(at).inputs, factors[at]) for at in factors}
    return dict(sorted(edits.items()))


def _of_one(joint: Joint, position: int, number: float) -> Edit:
    """A node, worked out of what it reads by then, times a number."""
    return lambda values: np.multiply(done(joint, position, {}, values), number)


def _sum(parts: Sequence[int], factors: Mapping[int, float]) -> Edit:
    def edit(values: Sequence[Any]) -> Any:
        one, other = (np.multiply(values[p], factors[p]) if p in factors else values[p] for p in parts)
        return np.add(one, other)

    return edit
