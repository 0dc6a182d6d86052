"""The slope of an activation, taken at its result in place of its argument, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._called import functions_of
from gradwork.check.diagnoses._functions import MISFITS
from gradwork.check.evidence import Edit, Joint
from gradwork.check.paper import Slip, Step, Tree, function_of
from gradwork.check.sites import ChainStep, Names, Stretch, behind, chain_steps, stretches
from gradwork.check.trees import cells_in
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
    yield from _of_several_steps(joint, names)


def _of_several_steps(joint: Joint, names: Names) -> Iterator[Mutant]:
    """A function of several steps, such as softplus or swish: its slope at its result."""
    for called in functions_of(joint):
        region = called.region
        if called.names & MISFITS.keys():
            continue  # of a square, its result is the power that was not taken down
        for known in [k for family in called.families for name, k in family.items() if name in called.names][:1]:
            z, a = names.name(region.start), names.name(region.end)
            yield Mutant(
                region.back,
                lambda v, r=region, known=known: v[r.coming] * known.slope(v[r.end]),  # type: ignore[misc]
                f"the slope of {called.own} is taken at its result, {a}, and not at {z}{names.in_layer(region.end)}",
                joint.layers[region.end],
                f"the slope of {called.own} at z is {known.written}, and {a} is its result",
                f"take it at {z}",
            )


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


def _at_argument(step: Step) -> Iterator[Slip]:
    """A (1 - a) and 1 - a^2 with what went in for a."""
    if step.quantity.name != "slope":
        return
    tree = _written_out(step, step.tree)
    for cell in dict.fromkeys(cells_in(tree)):
        inner = step.lines.get(cell)
        inside = list(dict.fromkeys(cells_in(inner))) if inner is not None else []
        if function_of(inner) in ("sigmoid", "tanh") and len(inside) == 1:
            names = {"right": step.owner[cell].name, "wrong": step.owner[inside[0]].name}
            says = "it is worked out at {wrong} where {right} belongs"
            yield Slip(_with_cell(tree, cell, inside[0]), says, names, ("at", names["wrong"]), late=True)


def _written_out(step: Step, tree: Tree) -> Tree:
    """The same with 1 - a and a^2 written out."""
    if tree[0] == "cell":
        line = step.lines.get(tree[1])
        return line if line is not None and line[0] in ("subtract", "power", "multiply") else tree
    return tree if tree[0] == "known" else (tree[0], *(_written_out(step, part) for part in tree[1:]))


def _with_cell(tree: Tree, cell: int, other: int) -> Tree:
    if tree[0] == "cell":
        return ("cell", other) if tree[1] == cell else tree
    return tree if tree[0] == "known" else (tree[0], *(_with_cell(part, cell, other) for part in tree[1:]))


def slips(step: Step) -> Iterator[Slip]:
    """A slope worked out at what comes out of the function where what goes in belongs, or the other way round."""
    yield from _at_argument(step)
    top, _, bottom = step.quantity.name.partition("/")
    pair = [step.quantities.get(name[1:]) for name in (top, bottom)]
    if step.quantity.role != "slope" or None in pair:
        return
    for right, wrong in (pair, pair[::-1]):
        assert right is not None and wrong is not None
        if right.shape != wrong.shape:
            continue
        inside = range(right.first, right.first + len(step.owner))
        other = step.everywhere(
            lambda c, right=right, wrong=wrong: wrong.first + c - right.first if step.owner[c] is right else c  # type: ignore[misc]
        )
        if other is not None and other != step.tree and inside:
            names = {"right": right.name, "wrong": wrong.name}
            says = "it is worked out at {wrong} where {right} belongs"
            if step.tree[0] == "sign":
                says = "the slope of a size is the sign of {right}: below 0 it is -1"
            yield Slip(other, says, names, ("at", wrong.name))


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
    slips=slips,
)
