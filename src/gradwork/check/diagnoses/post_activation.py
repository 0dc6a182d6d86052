"""The slope of an activation, taken at its result in place of its argument, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Edit, Joint
from gradwork.check.sites import ChainStep, Names, Stretch, behind, chain_steps, stretches
from gradwork.graph.graph import CONSTANT
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op
from gradwork.ops.activations import sigmoid


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
        if any(step.of in joint.node(i).inputs for i in made):
            yield _twice(joint, names, step, made)
    for stretch in stretches(joint):
        if stretch.called == "sigmoid":
            yield from _sigmoid(joint, names, stretch)


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


def _sigmoid(joint: Joint, names: Names, stretch: Stretch) -> Iterator[Mutant]:
    """A sigmoid that is written out: its slope s (1 - s), with its argument, or a second sigmoid, for s."""
    back, start, end = joint.adjoint[stretch.end], stretch.start, stretch.end
    argument, result = names.name(start), names.name(end)

    def at_argument(values: Sequence[Any]) -> Any:
        return values[back] * values[start] * (1 - values[start])

    def once_more(values: Sequence[Any]) -> Any:
        again = sigmoid(values[end])
        return values[back] * again * (1 - again)

    for says, edit in (
        (f"{argument} (1 - {argument}) stands where {result} (1 - {result}) belongs", at_argument),
        (f"the sigmoid is taken once more of {result} before its slope", once_more),
    ):
        yield Mutant(
            joint.adjoint[start],
            edit,
            f"{says}{names.in_layer(end)}",
            joint.layers[end],
            f"the slope of the sigmoid at {argument} is {result} (1 - {result}), in which {result} is its result",
            f"d_{argument} = d_{result} * {result} * (1 - {result})",
        )


def _twice(joint: Joint, names: Names, step: ChainStep, made: list[int]) -> Mutant:
    """The function is applied once more to its own result before the slope is taken."""
    node = joint.node(step.of)
    op = REGISTER.named(node.op)
    inner = with_replaced(joint, step.slope, made, {})

    def edit(values: Sequence[Any]) -> Any:
        changed = list(values)
        changed[step.of] = op.function(values[step.of], **node.params)
        return inner(changed)

    right, argument = names.written(step.slope, {}), names.name(node.inputs[0])
    return Mutant(
        step.slope,
        edit,
        f"{node.op} is taken once more of its own result before its slope{names.in_layer(step.of)}",
        joint.layers[step.of],
        f"the slope of {node.op} at {argument} is {right}, in which {names.name(step.of)} is its result already",
        f"d_{argument} = d_{names.name(step.of)} * ({right})",
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
