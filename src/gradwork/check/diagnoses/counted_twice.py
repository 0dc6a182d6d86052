"""What one path brings is counted twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._paths import meeting, through
from gradwork.check.evidence import Joint
from gradwork.check.paper import TOTALS, Slip, Step
from gradwork.check.sites import Names, made_for, sums_of_paths
from gradwork.graph.graph import CONSTANT

LONGEST = 10  # steps of a path that are looked at


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each sum over paths: one of them stands twice."""
    names = Names.of(joint)
    for position, node in sums_of_paths(joint):
        of = made_for(joint, position)
        name = names.name(of)
        for twice, other in (node.inputs, node.inputs[::-1]):
            at = meeting(joint, twice, other)
            path, half = _path(joint, names, name, twice, at), _or_half(joint, names, at)
            yield Mutant(
                position,
                lambda values, position=position, twice=twice: values[position] + values[twice],  # type: ignore[misc]
                f"{path} is counted twice{half}{names.in_layer(of)}",
                joint.layers[of],
                f"each use of {name} counts once",
                "add up what comes back from each use once",
            )


def _path(joint: Joint, names: Names, name: str, twice: int, at: int | None) -> str:
    called = through(joint, names, twice)
    if at is not None and len(called) > 1:
        called = [names.name(at)]
    if len(called) == 1 and called[0]:
        return f"the path from {name} through {called[0]}"
    return f"one of the paths from {name} to the loss"


def _or_half(joint: Joint, names: Names, at: int | None) -> str:
    """Where the path is multiplied by 1/2 on its way, that factor may be missing as well."""
    for _ in range(LONGEST if at is not None else 0):
        assert at is not None
        node = joint.node(at)
        for factor in node.inputs if node.op in ("multiply", "divide") else ():
            for inside in (factor, *joint.node(factor).inputs):
                held = joint.values[inside]
                half = np.size(held) == 1 and float(np.reshape(held, -1)[0]) == (0.5 if node.op == "multiply" else 2.0)
                if half and joint.node(inside).op == CONSTANT:
                    return ", or the factor 1/2 is missing in it"
        readers = [r for r in joint.graph.consumers[at] if r < joint.forward and r in joint.adjoint]
        if len(readers) != 1:
            break
        at = readers[0]
    return ""


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
