"""What one path brings is counted twice."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.paper import TOTALS, Slip, Step
from gradwork.check.sites import Names, made_for, sums_of_paths


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each sum over paths: one of them stands twice."""
    names = Names.of(joint)
    for position, node in sums_of_paths(joint):
        of = made_for(joint, position)
        name = names.name(of)
        for twice in node.inputs:
            yield Mutant(
                position,
                lambda values, position=position, twice=twice: values[position] + values[twice],  # type: ignore[misc]
                f"one of the paths from {name} to the loss is counted twice{names.in_layer(of)}",
                joint.layers[of],
                f"each use of {name} counts once",
                "add up what comes back from each use once",
            )


def slips(step: Step) -> Iterator[Slip]:
    """One term of a sum twice."""
    for place, part in step.parts(*TOTALS):
        for k, one in enumerate(part[1:]):
            says = "the term {term} is counted twice"
            yield Slip(step.with_part(place, (*part, one)), says, {"term": step.name(one)}, ("twice", k), rare=True)


CAUSE = Cause(
    code="GW215",
    name="counted twice",
    summary="What one use of a value brings is added twice.",
    explain="Where a value is used at several places, what comes back from each is added up, each once. Visiting one "
    "place twice, or adding a sum that already has it, counts it twice.",
    broken="""
import numpy as np

def loss(w, x):
    y = np.tanh(x * w)
    return np.sum(y * np.sin(y))

def gradient(w, x):
    y = np.tanh(x * w)
    dy = np.sin(y) + 2 * y * np.cos(y)
    return np.sum(dy * (1 - y**2) * x)
""",
    mended="""
def gradient(w, x):
    y = np.tanh(x * w)
    dy = np.sin(y) + y * np.cos(y)
    return np.sum(dy * (1 - y**2) * x)
""",
    mutants=mutants,
    rank=29,
    paper=(),
    bugs=(15,),
    slips=slips,
)
