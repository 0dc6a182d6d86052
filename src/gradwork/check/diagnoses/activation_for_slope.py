"""What an activation gives, or what it was given, stands where its slope belongs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._called import functions_of
from gradwork.check.diagnoses._functions import ACTIVATIONS
from gradwork.check.diagnoses._on_paper import beside
from gradwork.check.evidence import Joint
from gradwork.check.paper import Named, Slip, Step, function_of
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
    stretched = set[int]()
    for stretch in stretches(joint):
        if not stretch.called:
            continue
        stretched.add(stretch.end)
        of, back = stretch.end, joint.adjoint[stretch.end]
        yield Mutant(
            joint.adjoint[stretch.start],
            lambda values, back=back, of=of: np.multiply(values[back], values[of]),  # type: ignore[misc]
            f"{names.name(of)} stands where the slope of {stretch.called} belongs{names.in_layer(of)}",
            joint.layers[of],
            f"the chain rule takes the slope of {stretch.called}, and not its value",
            "multiply by s * (1 - s)" if stretch.called == "sigmoid" else f"multiply by the slope of {stretch.called}",
        )

    for called in functions_of(joint):
        region = called.region
        written_out = len(joint.node(region.end).inputs) > 1 or len(region.inside) > 1
        if not called.names & ACTIVATIONS.keys() or region.end in stretched or not written_out:
            continue
        yield Mutant(
            region.back,
            lambda values, r=region: np.multiply(values[r.coming], values[r.end]),  # type: ignore[misc]
            f"{names.name(region.end)} stands where the slope of {called.own} belongs{names.in_layer(region.end)}",
            joint.layers[region.end],
            f"the chain rule takes the slope of {called.own}, and not its value",
            f"multiply by the slope of {called.own}",
        )


def _activations(step: Step) -> Iterator[Named]:
    """What a function of the same shape gives, as far as its line says so."""
    for other in step.quantities.values():
        tree = step.lines.get(other.first)
        alike = other.shape == step.quantity.shape and other.role == "line" and other is not step.quantity
        if alike and function_of(tree) and not other.name.startswith("d") and other.name != "slope":
            yield other


def _of_masks(step: Step) -> Iterator[Slip]:
    """What a relu gives where 1 or 0 belongs."""
    tree, own = step.tree, step.quantity
    mask = tree[1] if tree[0] == "where" and tree[2:] == (("known", 1.0), ("known", 0.0)) else tree
    if mask[0] == "greater" and mask[2] == ("known", 0.0) and own.role != "slope" and own.name != "slope":
        says = "that is the value of the relu: its slope {slope} is 1 or 0"
        yield Slip(("relu", mask[1]), says, {"slope": own.name}, ("value",), late=True)
    if tree[0] == "divide" and tree[1][0] == tree[2][0] == "cell":
        top = step.name(tree[1])[1:]
        for name in (top, f"{top}_before", f"{top}_after"):
            value = step.quantities.get(name)
            number = beside(step, value) if value is not None else None
            if value is not None and number is not None and function_of(step.lines.get(value.first)):
                says = "{value} itself stands where its slope {slope} belongs"
                yield Slip(number, says, {"value": name, "slope": own.name}, ("value",), late=True)


def slips(step: Step) -> Iterator[Slip]:
    """The function's value where its slope belongs."""
    yield from _of_masks(step)
    own = step.quantity
    function = step.quantities.get(step.of)
    if own.role == "line" and function is not None and function.role == "line" and not step.turned:
        number = beside(step, function)
        if number is not None and number != step.tree and step.tree[0] != "divide":
            says = "{value} itself stands where its slope {slope} belongs"
            yield Slip(number, says, {"value": function.name, "slope": own.name}, ("function",), late=True)
    argument = step.tree[1] if step.tree[0] in ("above", "greater") and own.role == "slope" else None
    if argument is not None and argument[0] == "cell":
        says = "{value} itself stands where its slope {slope} belongs"
        yield Slip(argument, says, {"value": step.name(argument), "slope": own.name}, ("argument",), late=True)
    if own.role == "slope" or own.name == "slope":
        for value in _activations(step):
            says = "{value} itself stands where its slope {slope} belongs"
            tree = ("cell", value.first + step.cell - own.first)
            yield Slip(tree, says, {"value": value.name, "slope": own.name}, ("value",), late=True)
    for place, cell in step.cells():
        if step.owner[cell].name == "slope" and step.owner[cell].shape == own.shape:
            for value in _activations(step):
                other = step.with_part(place, ("cell", value.first + cell - step.owner[cell].first))
                says = "{value} itself stands where its slope {slope} belongs"
                yield Slip(other, says, {"value": value.name, "slope": "slope"}, ("value",), late=True)
        owner = step.owner[cell]
        if owner.role != "slope":
            continue
        for line in (step.quantities.get(owner.name.partition("/")[0][1:]),):
            if line is not None and line.shape == owner.shape:
                names = {"value": line.name, "slope": owner.name}
                says = "{value} itself stands where its slope {slope} belongs"
                yield Slip(step.with_part(place, ("cell", line.first + cell - owner.first)), says, names, ("value",))


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
    slips=slips,
)
