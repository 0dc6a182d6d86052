"""A slope is multiplied with that is there already, or does not belong there at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT

NEAREST = 8


def mutants(joint: Joint) -> Iterator[Mutant]:
    """What comes back to a value, times s (1 - s) or 1 - t^2 of a value further on, between 0 and 1 or -1 and 1."""
    names = Names.of(joint)
    for of, adjoint in joint.adjoint.items():
        shape = joint.node(of).shape
        if adjoint < joint.forward or joint.node(of).op in (INPUT, CONSTANT):
            continue
        near = [k for k in range(of, joint.forward) if joint.node(k).shape == shape and joint.node(k).dtype.kind == "f"]
        for other in near[:NEAREST]:
            for says, factor in _factors(joint, names, other):
                yield Mutant(
                    adjoint,
                    lambda values, adjoint=adjoint, other=other, factor=factor: values[adjoint] * factor(values[other]),  # type: ignore[misc]
                    f"what comes back to {names.name(of)} is multiplied with {says} once too often{names.in_layer(of)}",
                    joint.layers[of],
                    "the slope of a loss by its scores often has the activation's slope in it already: for a sigmoid "
                    "with cross-entropy it is s - y",
                    f"leave the factor {says} out",
                )


def _factors(joint: Joint, names: Names, other: int) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    value = joint.value(other)
    if not value.size or not np.isfinite(value).all() or np.ptp(value) == 0:
        return
    name = names.name(other)
    low, high = float(np.min(value)), float(np.max(value))
    if low >= 0 and high <= 1:
        yield f"{name} (1 - {name})", lambda s: s * (1 - s)
    if low >= -1 and high <= 1:
        yield f"1 - {name}^2", lambda t: 1 - t * t


CAUSE = Cause(
    code="GW249",
    name="extra slope",
    summary="The slope of an activation is multiplied with although the loss's slope has it already.",
    explain="Cross-entropy after a sigmoid or a softmax has the slope s - y by the scores: the activation's own slope "
    "is in it. Multiplying with s (1 - s) once more makes every layer wrong.",
    broken="""
import numpy as np

def loss(w, x):
    s = 1 / (1 + np.exp(-(x @ w)))
    return -np.sum(np.log(s))

def gradient(w, x):
    s = 1 / (1 + np.exp(-(x @ w)))
    return x.T @ ((s - 1) * s * (1 - s))
""",
    mended="""
def gradient(w, x):
    s = 1 / (1 + np.exp(-(x @ w)))
    return x.T @ (s - 1)
""",
    mutants=mutants,
    rank=26,
)
