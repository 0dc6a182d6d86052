"""The slope of an activation, taken at its result in place of its argument, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Edit, Joint
from gradwork.check.sites import ChainStep, Names, behind, chain_steps
from gradwork.graph.graph import CONSTANT
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each chain step through an op of one argument: its slope at the other one of argument and result."""
    names = Names.of(joint)
    for step in chain_steps(joint):
        node = joint.node(step.of)
        if len(node.inputs) != 1 or joint.node(step.slope).shape != node.shape:
            continue
        argument = node.inputs[0]
        made = behind(joint, step.slope, joint.forward)
        for used, other in ((step.of, argument), (argument, step.of)):
            if any(used in joint.node(i).inputs for i in made):
                yield _mutant(joint, names, step, made, used, other)


def _mutant(joint: Joint, names: Names, step: ChainStep, made: list[int], used: int, other: int) -> Mutant:
    right = names.written(step.slope, {})
    wrong = names.written(step.slope, {used: names.layout(other)})
    layer = joint.layers[step.of]
    incoming, argument = names.name(step.of), names.name(joint.node(step.of).inputs[0])
    return Mutant(
        step.slope,
        with_replaced(joint, step.slope, made, {used: other}),
        f"{wrong} stands where {right} belongs{names.in_layer(step.of)}",
        layer,
        f"the slope of {joint.node(step.of).op} at {argument} is {right}; yours takes it at {names.name(other)}",
        f"d_{argument} = d_{incoming} * ({right})",
    )


def with_replaced(joint: Joint, target: int, made: Sequence[int], instead: dict[int, int]) -> Edit:
    """The value of `target`, worked out again by the nodes `made`, reading some nodes in place of others."""

    def edit(values: Sequence[Any]) -> Any:
        local: dict[int, Any] = {}
        for position in made:
            node = joint.node(position)
            if node.op == CONSTANT:
                local[position] = values[position]
                continue
            arguments = [local.get(i, values[instead.get(i, i)]) for i in node.inputs]
            shapes = [joint.node(i).shape for i in node.inputs]
            local[position] = apply_op(REGISTER.named(node.op), arguments, shapes, node.params)
        return local[target]

    return edit


CAUSE = Cause(
    code="GW210",
    name="post-activation",
    summary="The slope of an activation is taken at its result where its argument belongs, or the other way round.",
    explain="The slope of tanh at z is 1 - tanh(z)^2. Written with the result a = tanh(z) it is 1 - a^2; written with "
    "z in that place it is another number. The same happens where an activation is worked out in place: z and "
    "a are then one buffer, and what is read as z is a.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.tanh(x * w))

def gradient(w, x):
    z = x * w
    return np.sum(x * (1 - z**2))
""",
    mended="""
def gradient(w, x):
    a = np.tanh(x * w)
    return np.sum(x * (1 - a**2))
""",
    mutants=mutants,
    rank=20,
    paper=("M08",),
    bugs=(10, 11),
)
