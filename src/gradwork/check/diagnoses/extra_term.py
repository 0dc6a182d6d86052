"""A term is added on the way back that has no place there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._on_paper import numbers, read_by
from gradwork.check.evidence import Joint
from gradwork.check.paper import TOTALS, Slip, Step
from gradwork.check.sites import Names
from gradwork.check.standins import grouped
from gradwork.graph.graph import CONSTANT, INPUT

NEAREST = 6


def mutants(joint: Joint) -> Iterator[Mutant]:
    """What comes back to a value, plus what comes back to one of its shape a little further on, and less it."""
    names = Names.of(joint)
    places = [(of, a) for of, a in joint.adjoint.items() if a >= joint.forward and joint.node(of).op != CONSTANT]
    for of, adjoint in places:
        if joint.node(of).op == INPUT:
            continue
        shape = joint.node(adjoint).shape
        near = [(k, a) for k, a in places if a < adjoint and k > of and joint.node(a).shape == shape]
        for other, coming in sorted(near, key=lambda one: one[0] - of)[:NEAREST]:
            if names.name(other) == names.name(of):
                continue  # two uses of one value: a missing path, or one that is counted twice
            for sign, word in ((1.0, "added to"), (-1.0, "taken off")):
                more = f"what comes back to {names.name(other)}"
                yield Mutant(
                    adjoint,
                    lambda values, adjoint=adjoint, coming=coming, sign=sign: np.add(  # type: ignore[misc]
                        values[adjoint], sign * values[coming]
                    ),
                    f"d_{grouped(names.name(other))} is {word} d_{grouped(names.name(of))}, where it does not belong"
                    f"{names.in_layer(of)}",
                    joint.layers[of],
                    f"{names.name(of)} does not lead to {names.name(other)} in that way",
                    f"leave {more} out",
                )


def slips(step: Step) -> Iterator[Slip]:
    """A term whose slope is 0 counted in a slope: c of a x + c."""
    bare = step.tree[0] == "cell" and step.quantity.role == "line"
    if not (step.is_slope or bare):
        return
    read = read_by(step, step.tree)
    for name, number in numbers(step, "given"):
        terms = [line[1:] for line in step.lines.values() if line[0] in TOTALS]
        if name in read or name == step.of or not any(number in term for term in terms):
            continue
        says = "{term} is a constant here: its slope is 0, and not {term}"
        names = {"term": name}
        in_matrix = bool(step.quantity.shape)
        yield Slip(("total", step.tree, number), says, names, ("constant", name), rare=in_matrix, late=True)
        one = ("total", step.tree, ("known", 1.0))
        says = "{term} is a constant here: its slope is 0, and not 1"
        yield Slip(one, says, names, ("one", name), rare=True, late=True)


CAUSE = Cause(
    code="GW256",
    name="extra term",
    summary="A term is added on the way back that has no place there, as for a skip connection that is not there.",
    explain="What comes back to a value is the sum over its uses. A use that there is not, such as a path around a "
    "layer, or around a step in time, brings a term too many: the slopes of the layer above are added once more.",
    broken="""
import numpy as np

def loss(w, x):
    a = np.tanh(x * w)
    return np.sum(np.sin(a) ** 2)

def gradient(w, x):
    a = np.tanh(x * w)
    g = 2 * np.sin(a)
    return np.sum((g * np.cos(a) + g) * (1 - a**2) * x)
""",
    mended="""
def gradient(w, x):
    a = np.tanh(x * w)
    g = 2 * np.sin(a)
    return np.sum(g * np.cos(a) * (1 - a**2) * x)
""",
    mutants=mutants,
    rank=36,
    slips=slips,
)
