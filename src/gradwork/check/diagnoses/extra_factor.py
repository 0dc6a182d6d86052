"""What comes back is multiplied by a value that has no place there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.passes import TRANSPARENT

NEAREST = 6


def mutants(joint: Joint) -> Iterator[Mutant]:
    """What comes back to a value, times one of the values of its shape that are near it."""
    names = Names.of(joint)
    bases = [
        k
        for k in range(joint.forward)
        if joint.node(k).op not in (CONSTANT, *TRANSPARENT) and joint.node(k).dtype.kind == "f"
    ]
    for of, adjoint in joint.adjoint.items():
        node = joint.node(of)
        if adjoint < joint.forward or node.op in (INPUT, CONSTANT) or not node.shape:
            continue
        near = sorted((k for k in bases if joint.node(k).shape == node.shape), key=lambda k: abs(k - of))
        for other in near[:NEAREST]:
            factor = names.name(other)
            yield Mutant(
                adjoint,
                lambda values, adjoint=adjoint, other=other: np.multiply(values[adjoint], values[other]),  # type: ignore[misc]
                f"what comes back to {names.name(of)} is multiplied by {factor} once too often, or a division by it "
                f"is missing{names.in_layer(of)}",
                joint.layers[of],
                f"the slopes that come back to {names.name(of)} are multiplied by local slopes only",
                f"leave the factor {factor} out",
            )


CAUSE = Cause(
    code="GW255",
    name="extra factor",
    summary="What comes back is multiplied by a value of the forward pass that has no place there.",
    explain="The chain rule multiplies what comes back by local slopes. A value of the forward pass that is multiplied "
    "with as well, such as the activations or the inputs, belongs to another formula: to that of the "
    "weights, or to that of another loss.",
    broken="""
import numpy as np

def loss(w, v, x):
    return np.sum(np.tanh(x @ w) @ v)

def gradient(w, v, x):
    a = np.tanh(x @ w)
    g = np.ones(a.shape)
    return x.T @ (a * (g @ v.T) * (1 - a**2)), a.T @ g
""",
    mended="""
def gradient(w, v, x):
    a = np.tanh(x @ w)
    g = np.ones(a.shape)
    return x.T @ ((g @ v.T) * (1 - a**2)), a.T @ g
""",
    mutants=mutants,
    rank=34,
)
