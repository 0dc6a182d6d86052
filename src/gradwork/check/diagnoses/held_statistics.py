"""A mean, a variance or another statistic of the data is taken for constant on the way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names
from gradwork.check.spreads import Spread, spreads_of

STATISTICS = ("mean", "sum", "max", "min", "sqrt", "root_of_sum")


def mutants(joint: Joint) -> Iterator[Mutant]:
    """Nothing comes back through one statistic."""
    names = Names.of(joint)
    moving = joint.graph.depends_on(list(joint.place.values()))
    for of, adjoint in joint.adjoint.items():
        node = joint.node(of)
        if adjoint < joint.forward or node.op not in STATISTICS or of in joint.graph.outputs:
            continue
        if not any(r < joint.forward for r in joint.graph.consumers[of]) or not moving[adjoint]:
            continue  # a term of the loss, that is not added: another cause

        def edit(values: Sequence[Any], adjoint: int = adjoint) -> Any:
            return np.zeros_like(values[adjoint])

        name = names.name(of)
        yield Mutant(
            adjoint,
            edit,
            f"{name} is taken for constant: nothing comes back through it{names.in_layer(of)}",
            joint.layers[of],
            f"{name} moves when what it is taken over moves, and so it has a share in every slope",
            f"add what comes back through {name}",
        )
    yield from _together(joint, names)


def _together(joint: Joint, names: Names) -> Iterator[Mutant]:
    """Nothing comes back through all statistics of a normalisation: its mean and its deviation."""
    for spread in spreads_of(joint):
        start, back = spread.start, joint.adjoint.get(spread.start, 0)
        if back < joint.forward or not spread.centred or joint.node(back).shape != joint.node(spread.end).shape:
            continue
        coming, shape = joint.adjoint[spread.end], joint.node(start).shape

        def edit(values: Sequence[Any], spread: Spread = spread, coming: int = coming, shape: Any = shape) -> Any:
            made = values[coming] / values[spread.below]
            for factor in spread.rest:
                made = made * values[factor]
            return np.broadcast_to(made, shape)

        name = names.name(start)
        yield Mutant(
            back,
            edit,
            f"the mean and the deviation of {name} are taken for constants{names.in_layer(spread.end)}",
            joint.layers[spread.end],
            f"they move when {name} moves, and so they have a share in every slope",
            "add what comes back through the mean, and through the deviation",
        )


CAUSE = Cause(
    code="GW221",
    name="held statistics",
    summary="A mean, a variance or a norm is treated as a constant.",
    explain="In batch and layer normalisation, and wherever data are centred or scaled, the mean and the variance "
    "depend on the data themselves. Going back they bring a share of their own; left out, each slope is off "
    "by a constant, or by a multiple of the normalised value.",
    broken="""
import numpy as np

def loss(w, x):
    z = w * x
    c = z - np.mean(z)
    return np.sum(c**3)

def gradient(w, x):
    z = w * x
    c = z - np.mean(z)
    return np.sum(3 * c**2 * x)
""",
    mended="""
def gradient(w, x):
    z = w * x
    c = z - np.mean(z)
    g = 3 * c**2
    return np.sum((g - np.mean(g)) * x)
""",
    mutants=mutants,
    rank=19,
    paper=("M29",),
    bugs=(21,),
)
