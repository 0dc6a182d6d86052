"""A path from a parameter to the loss is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names, made_for, sums_of_paths

STATISTICS = ("mean", "sum", "max", "min", "sqrt", "root_of_sum")


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each sum over paths: one of them is left out; and nothing goes back through one value."""
    names = Names.of(joint)
    for position, node in sums_of_paths(joint):
        of = made_for(joint, position)
        name = names.name(of)
        for kept in node.inputs:
            yield Mutant(
                position,
                lambda values, kept=kept: values[kept],  # type: ignore[misc]
                f"one of the paths from {name} to the loss is left out{names.in_layer(of)}",
                joint.layers[of],
                f"{name} is used more than once, and what comes back from every use is added up",
                f"add up what every use of {name} brings (+=, not =)",
            )
    for of, adjoint in joint.adjoint.items():
        node = joint.node(of)
        if adjoint < joint.forward or of in joint.place.values() or node.op in STATISTICS:
            continue
        name = names.name(of)
        yield Mutant(
            adjoint,
            lambda values, adjoint=adjoint: np.zeros_like(values[adjoint]),  # type: ignore[misc]
            f"nothing comes back through {name}{names.in_layer(of)}",
            joint.layers[of],
            f"{name} depends on the parameter too, and what it brings is part of the gradient",
            f"add what comes back through {name}",
        )


CAUSE = Cause(
    code="GW214",
    name="missing path",
    summary="A value is used more than once, and only one of the uses is counted.",
    explain="What comes back to a value is the sum over all its uses. An assignment where an addition belongs keeps "
    "the last use only; a branch that is taken for constant brings nothing.",
    broken="""
import numpy as np

def loss(w, x):
    y = np.tanh(x * w)
    return np.sum(y * np.sin(y))

def gradient(w, x):
    y = np.tanh(x * w)
    dy = np.sin(y)
    return np.sum(dy * (1 - y**2) * x)
""",
    mended="""
def gradient(w, x):
    y = np.tanh(x * w)
    dy = np.sin(y) + y * np.cos(y)
    return np.sum(dy * (1 - y**2) * x)
""",
    mutants=mutants,
    rank=28,
    paper=("M20",),
    bugs=(7, 14),
)
