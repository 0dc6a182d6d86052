"""Entries that are picked more than once get the slopes of one pick alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._paths import ends_of
from gradwork.check.evidence import Edit, Joint
from gradwork.check.sites import Names, by_rule, made_for
from gradwork.gradients.backprop import SUM_OF_PATHS
from gradwork.ops.indexing import key_of


def mutants(joint: Joint) -> Iterator[Mutant]:
    """Where slopes are put back at positions: written there in place of added, from either end."""
    names = Names.of(joint)
    for position, node in by_rule(joint, "scatter"):
        if len(node.inputs) < 2:
            continue
        of = made_for(joint, position)
        source = joint.node(of).inputs[0] if joint.node(of).inputs else of
        for which, turned in (("last", False), ("first", True)):
            yield Mutant(
                position,
                _written(joint, position, turned),
                f"where an entry of {names.name(source)} is picked several times, only the {which} one counts",
                joint.layers[of],
                "an entry that is picked several times gets the sum of what every pick brings back",
                "np.add.at(gradient, positions, slopes), and not gradient[positions] += slopes",
            )
    yield from _in_a_loop(joint, names)


def _in_a_loop(joint: Joint, names: Names) -> Iterator[Mutant]:
    """Where every turn of a loop puts slopes back: one turn writes over what another has put there."""
    for position, node in by_rule(joint, "add"):
        readers = joint.graph.consumers[position]
        if node.origin.by != SUM_OF_PATHS or any(joint.node(r).origin == node.origin for r in readers):
            continue
        shares = ends_of(joint, position, math.inf)
        turns = [s for s in shares if joint.node(s).op == "scatter"]
        of = made_for(joint, position)
        if not turns or len(shares) < 2 or (len(turns) < 2 and of not in joint.place.values()):
            continue
        name = names.name(of)
        rest = [s for s in shares if s not in turns]
        for says, edit in _loops(joint, position, turns[::-1], rest):
            yield Mutant(
                position,
                edit,
                f"{says.format(name=name)}{names.in_layer(of)}",
                joint.layers[of],
                "an entry that is picked several times gets the sum of what every pick brings back",
                "gradient[k] += slope at every turn, and np.add.at where k has an entry twice",
            )


def _loops(joint: Joint, position: int, turns: list[int], rest: list[int]) -> Iterator[tuple[str, Edit]]:
    shape = joint.node(position).shape

    def whole(values: Sequence[Any], some: list[int]) -> Any:
        return sum((np.broadcast_to(values[s], shape) for s in some), np.zeros(shape))

    def added(values: Sequence[Any]) -> Any:
        return whole(values, rest) + sum(_written(joint, t, False)(values) for t in turns)

    def replaced(values: Sequence[Any], order: list[int], before: bool) -> Any:
        made = whole(values, rest) if before else np.zeros(shape)
        for turn in order:
            node = joint.node(turn)
            key = key_of(node.params["index"], tuple(values[i] for i in node.inputs[1:]))
            made[key] = np.broadcast_to(values[node.inputs[0]], joint.node(node.inputs[0]).shape)
        return made if before else made + whole(values, rest)

    yield "in {name}, an entry that one turn of the loop picks several times gets one pick's slope alone", added
    for order in (turns, turns[::-1]):
        for before in (False, True):
            yield (
                "in {name}, each turn of the loop writes over what the others have put at the same entries"
                if len(turns) > 1
                else "in {name}, what is put back writes over what is there already",
                lambda values, order=order, before=before: replaced(values, order, before),  # type: ignore[misc]
            )


def _written(joint: Joint, position: int, turned: bool) -> Edit:
    node = joint.node(position)
    values_of, *arrays = node.inputs
    shape = joint.node(values_of).shape

    def edit(values: Sequence[Any]) -> Any:
        target = np.zeros(node.params["shape"], node.dtype)
        key = key_of(node.params["index"], tuple(values[i] for i in arrays))
        given = np.broadcast_to(values[values_of], shape)
        places = np.arange(target.size).reshape(target.shape)[key].reshape(-1)
        flat, numbers = target.reshape(-1), given.reshape(-1)
        order = range(len(places))[::-1] if turned else range(len(places))
        for k in order:
            flat[places[k]] = numbers[k]
        return target

    return edit


CAUSE = Cause(
    code="GW254",
    name="overwritten",
    summary="Slopes of entries that are picked several times are written over each other, and not added up.",
    explain="An entry of a table that is read several times, such as a word that stands twice, gets the sum of the "
    "slopes of all its uses. NumPy's gradient[positions] += slopes adds only one of them.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(w[[0, 1, 0]] * x[:3])

def gradient(w, x):
    g = np.zeros_like(w)
    g[[0, 1, 0]] += x[:3]
    return g
""",
    mended="""
def gradient(w, x):
    g = np.zeros_like(w)
    np.add.at(g, [0, 1, 0], x[:3])
    return g
""",
    mutants=mutants,
    rank=13,
    bugs=(14,),
)
