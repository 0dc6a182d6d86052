"""What an activation gives, or what it was given, stands where its slope belongs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names, chain_steps, stretches


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each chain step through an op of one argument: times its result, and times its argument."""
    names = Names.of(joint)
    for step in chain_steps(joint):
        node = joint.node(step.of)
        if len(node.inputs) != 1:
            continue
        slope = names.written(step.slope, {})
        for other in (step.of, node.inputs[0]):
            if other == step.slope:
                continue
            yield Mutant(
                step.product,
                lambda values, coming=step.coming, other=other: np.multiply(values[coming], values[other]),  # type: ignore[misc]
                f"{names.name(other)} stands where the slope of {node.op}, {slope}, belongs{names.in_layer(step.of)}",
                joint.layers[step.of],
                f"the chain rule takes the slope of {node.op}, and not its value",
                f"multiply by {slope}",
            )
    for stretch in stretches(joint):
        if not stretch.called:
            continue
        of, back = stretch.end, joint.adjoint[stretch.end]
        yield Mutant(
            joint.adjoint[stretch.start],
            lambda values, back=back, of=of: np.multiply(values[back], values[of]),  # type: ignore[misc]
            f"{names.name(of)} stands where the slope of {stretch.called} belongs{names.in_layer(of)}",
            joint.layers[of],
            f"the chain rule takes the slope of {stretch.called}, and not its value",
            "multiply by s * (1 - s)" if stretch.called == "sigmoid" else f"multiply by the slope of {stretch.called}",
        )


CAUSE = Cause(
    code="GW211",
    name="activation for slope",
    summary="An activation's value stands where its slope belongs.",
    explain="Going back, what arrives is multiplied by the slope of the activation. Its value, or its argument, is a "
    "number of the same shape and easily taken for it.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.tanh(x * w) ** 2)

def gradient(w, x):
    a = np.tanh(x * w)
    return np.sum(2 * a * a * x)
""",
    mended="""
def gradient(w, x):
    a = np.tanh(x * w)
    return np.sum(2 * a * (1 - a**2) * x)
""",
    mutants=mutants,
    rank=22,
    paper=("M07",),
    bugs=(),
)
