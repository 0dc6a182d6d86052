"""A value of another place stands where a value of the forward pass belongs."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses.post_activation import with_replaced
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names, made_for
from gradwork.graph.graph import CONSTANT
from gradwork.graph.passes import TRANSPARENT

MOST_OTHERS = 12


def mutants(joint: Joint) -> Iterator[Mutant]:
    """For each value of the forward pass that is read on the way back, each other one of its shape in its place."""
    names = Names.of(joint)
    alike: dict[tuple[tuple[int, ...], str], list[int]] = {}
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op != CONSTANT and node.op not in TRANSPARENT and node.dtype.kind == "f":
            alike.setdefault((node.shape, node.dtype.kind), []).append(position)
    for position in range(joint.forward, len(joint.graph)):
        node = joint.node(position)
        for used in dict.fromkeys(i for i in node.inputs if i < joint.forward):
            value = joint.node(used)
            if value.op == CONSTANT or value.dtype.kind != "f" or not value.shape:
                continue
            others = [o for o in alike.get((value.shape, "f"), ()) if o != used]
            for other in sorted(others, key=lambda o: abs(o - used))[:MOST_OTHERS]:
                of = made_for(joint, position) or used
                yield Mutant(
                    position,
                    with_replaced(joint, position, [position], {used: other}),
                    f"{names.name(other)} stands where {names.name(used)} belongs{names.in_layer(of)}",
                    joint.layers[of],
                    f"the {node.origin.by or 'rule'} reads {names.name(used)} here",
                    f"use {names.name(used)}",
                )


CAUSE = Cause(
    code="GW236",
    name="wrong operand",
    summary="A value of another layer or another place is read on the way back.",
    explain="The way back reads values of the forward pass: what went into a layer, its weights, its result. Two of "
    "them often have the same shape, and the wrong one gives numbers without complaint: the weights of "
    "another layer, the input in place of the hidden values.",
    broken="""
import numpy as np

def loss(w, v, x):
    return np.sum(np.tanh(x @ w) @ v)

def gradient(w, v, x):
    a = np.tanh(x @ w)
    g = np.ones(a.shape) @ w.T * (1 - a**2)
    return x.T @ g, a.T @ np.ones(a.shape)
""",
    mended="""
def gradient(w, v, x):
    a = np.tanh(x @ w)
    g = np.ones(a.shape) @ v.T * (1 - a**2)
    return x.T @ g, a.T @ np.ones(a.shape)
""",
    mutants=mutants,
    rank=32,
    paper=("M06", "M28"),
    bugs=(),
)
