"""A matrix is not transposed on the way back, or one that should not be is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names, by_rule, made_for, without_copies
from gradwork.check.standins import grouped


def mutants(joint: Joint) -> Iterator[Mutant]:
    """In each matrix product on the way back, a square factor the other way round; a square product transposed."""
    names = Names.of(joint)
    for position, node in by_rule(joint, "matmul"):
        of = made_for(joint, position)
        left, right = node.inputs
        for place, factor in enumerate(node.inputs):
            shape = joint.node(factor).shape
            if len(shape) < 2 or shape[-1] != shape[-2]:
                continue
            inside = joint.node(factor)
            plain = inside.op == "transpose"
            name = names.name(without_copies(joint, inside.inputs[0] if plain else factor))
            wrong, belongs = (name, f"{name}ᵀ") if plain else (f"{name}ᵀ", name)
            yield Mutant(
                position,
                lambda values, left=left, right=right, place=place: np.matmul(  # type: ignore[misc]
                    _turned(values[left]) if place == 0 else values[left],
                    _turned(values[right]) if place == 1 else values[right],
                ),
                f"{wrong} stands where {belongs} belongs{names.in_layer(of)}",
                joint.layers[of],
                "the slopes of a product X W are g Wᵀ for X and Xᵀ g for W",
                f"use {belongs}",
            )
    yield from _slopes(joint, names)


def _slopes(joint: Joint, names: Names) -> Iterator[Mutant]:
    """What comes back to a square array, turned round."""
    for of, adjoint in joint.adjoint.items():
        shape = joint.node(of).shape
        if adjoint < joint.forward or len(shape) < 2 or shape[-1] != shape[-2] or joint.node(adjoint).shape != shape:
            continue
        name = f"d_{grouped(names.name(of))}"
        yield Mutant(
            adjoint,
            lambda values, adjoint=adjoint: _turned(values[adjoint]),  # type: ignore[misc]
            f"{name}ᵀ stands where {name} belongs{names.in_layer(of)}",
            joint.layers[of],
            f"what comes back to {names.name(of)} has its rows and columns",
            f"use {name}",
        )
        yield Mutant(
            adjoint,
            lambda values, adjoint=adjoint: (values[adjoint] + _turned(values[adjoint])) / 2,  # type: ignore[misc]
            f"({name} + {name}ᵀ)/2 stands where {name} belongs{names.in_layer(of)}",
            joint.layers[of],
            f"what comes back to {names.name(of)} is not symmetric",
            f"use {name}",
        )


def _turned(matrix: Any) -> Any:
    return np.swapaxes(matrix, -1, -2)


CAUSE = Cause(
    code="GW244",
    name="untransposed",
    summary="A square matrix is not transposed on the way back.",
    explain="What comes back to X through X W is g Wᵀ. Where W is square, g W has the same shape, and nothing "
    "complains.",
    broken="""
import numpy as np

def loss(w, v, x):
    return np.sum(np.tanh(np.tanh(x @ w) @ v))

def gradient(w, v, x):
    a = np.tanh(x @ w)
    b = np.tanh(a @ v)
    g = 1 - b**2
    return x.T @ (g @ v * (1 - a**2)), a.T @ g
""",
    mended="""
def gradient(w, v, x):
    a = np.tanh(x @ w)
    b = np.tanh(a @ v)
    g = 1 - b**2
    return x.T @ (g @ v.T * (1 - a**2)), a.T @ g
""",
    mutants=mutants,
    rank=20,
    paper=("M09",),
    bugs=(4,),
)
