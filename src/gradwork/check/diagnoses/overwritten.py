"""Entries that are picked more than once get the slopes of one pick alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Edit, Joint
from gradwork.check.sites import Names, by_rule, made_for
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
