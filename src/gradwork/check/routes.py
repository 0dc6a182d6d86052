"""Deliberate mistakes in what one step of a loop passes back to what it reads: nothing, half of it, twice, less it.

A path is told by the step that it comes through, and not by the value that it comes to: the state before the first
turn is made by another line than the states after it, and has the same paths.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant, causes
from gradwork.check.diagnoses._called import pieces_of_functions
from gradwork.check.diagnoses._paths import cancelling
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
    families, pieces = _families(joint), pieces_of_functions(joint)
    yield from _several(joint, families, readers, by_code[PATH])
    for paths in families.values():
        step, value, part = paths[len(paths) // 2]
        if step in pieces and value in pieces:
            continue
        for number, (code, words) in NUMBERS.items():
            edits = _edits(joint, paths, readers, number)
            if not edits:
                continue
            first, *rest = edits
            told = f"the path from {names.name(value)} through {names.name(step)} {words}"
            gone = cancelling(joint, part) if number == -1.0 else None
            if gone is not None:  # the other path brings as much: with one turned, nothing comes back
                code, told = PATH, f"nothing comes back to {names.name(gone)} through {names.name(step)}"
            elif number == 0.0 and joint.node(step).op == "multiply" and set(joint.node(step).inputs) == {value}:
                told = f"of {names.name(value)}^2 the factor 2 is missing: only one of the two equal paths is counted"
            yield (
                by_code[code],
                Mutant(
                    first,
                    edits[first],
                    f"{told}{names.in_layer(value)}, and so each of the {len(paths)} times that this line runs",
                    joint.layers[value],
                    f"{names.name(value)} is used there too, and every use brings its part",
                    f"add up what comes back through {names.name(step)}, once",
                    more={at: edits[at] for at in rest},
                ),
            )


def _several(
    joint: Joint,
    families: Mapping[tuple[tuple[int, ...], ...], list[Path]],
    readers: Mapping[tuple[int, int], int],
    cause: Cause,
) -> Iterator[tuple[Cause, Mutant]]:
    """Paths that are left out together, or at some turns alone."""
    for rarer, cut, says, value, times in _cuts(joint, families):
        edits = _edits(joint, cut, readers, 0.0)
        if edits:
            yield replace(cause, rank=cause.rank + rarer), _left_out(joint, edits, value, says, times)


def _cuts(
    joint: Joint, families: Mapping[tuple[tuple[int, ...], ...], list[Path]]
) -> Iterator[tuple[int, list[Path], str, int, int]]:
    """Two paths to the same values; one at the first or last turn; one at every second turn."""
    names = Names.of(joint)
    for one, other in itertools.combinations(list(families.values()), 2):
        values = [v for _, v, _ in one]
        if values != [v for _, v, _ in other] or {p[2] for p in one} & {p[2] for p in other}:
            continue
        some = len(one) // 2
        steps = " and ".join(names.name(paths[some][0]) for paths in (one, other))
        yield 0, [*one, *other], f"the paths from {{}} through {steps} are left out", values[some], len(one)
    for paths in families.values():
        for at, which in ((0, "last"), (-1, "first")):  # the way back meets the last turn first
            step, value, _ = paths[at]
            says = f"the path from {{}} through {names.name(step)} is left out at the {which} turn"
            yield 1, [paths[at]], says, value, 1
        for every, first in ((2, 0), (2, 1), (3, 0), (3, 1), (3, 2)):
            if len(paths) > 2 * every:
                cut = [p for k, p in enumerate(paths) if k % every == first]
                step, value, _ = cut[len(cut) // 2]
                says = f"the path from {{}} through {names.name(step)} is left out at every {ORDINAL[every]} turn"
                yield 1, cut, says, value, len(cut)


ORDINAL = {2: "second", 3: "third"}


def _left_out(joint: Joint, edits: Mapping[int, Edit], value: int, says: str, times: int) -> Mutant:
    names = Names.of(joint)
    first, *rest = edits
    told = says.replace("{}", names.name(value))
    return Mutant(
        first,
        edits[first],
        f"{told}{names.in_layer(value)}" + (f", and so {times} times" if times > 1 else ""),
        joint.layers[value],
        f"{names.name(value)} is used there too, and every use brings its part",
        "add up what comes back through each use",
        more={at: edits[at] for at in rest},
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
