"""A value of another place stands where a value of the forward pass belongs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses.post_activation import with_replaced
from gradwork.check.evidence import Edit, Joint
from gradwork.check.paper import Named, Slip, Step
from gradwork.check.sites import ChainStep, Names, chain_steps, made_for
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
    yield from _exchanged(joint, names)
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


def _exchanged(joint: Joint, names: Names) -> Iterator[Mutant]:
    """The two factors of a product, each taken for the other: what comes back to one is multiplied by itself."""
    products: dict[int, list[ChainStep]] = {}
    for step in chain_steps(joint):
        if joint.node(step.of).op == "multiply":
            products.setdefault(step.of, []).append(step)
    for of, steps in products.items():
        left, right = joint.node(of).inputs
        if len(steps) != 2 or joint.node(left).shape != joint.node(right).shape or left == right:
            continue
        edits = [_times(s.coming, left if s.slope == right else right) for s in steps]
        yield Mutant(
            steps[0].product,
            edits[0],
            f"the factors {names.name(left)} and {names.name(right)} are exchanged in the slopes of their product"
            f"{names.in_layer(of)}",
            joint.layers[of],
            "the slope of a product by one factor is the other",
            f"d_{names.name(left)} = d * {names.name(right)}",
            more={steps[1].product: edits[1]},
        )


def _times(coming: int, factor: int) -> Edit:
    return lambda values: np.multiply(values[coming], values[factor])


def _other_layer(step: Step) -> Iterator[Slip]:
    """The weights of another layer, W1 for W2, though they have another shape."""
    for right in {step.owner[c].name: step.owner[c] for _, c in step.cells()}.values():
        for wrong in step.quantities.values():
            stem = wrong.name.rstrip("0123456789")
            if wrong is right or wrong.shape == right.shape or len(wrong.shape) != 2 or len(right.shape) != 2:
                continue
            if wrong.role != "given" or right.role != "given" or stem != right.name.rstrip("0123456789"):
                continue
            for turned in (False, True):
                other = step.everywhere(lambda c, r=right, w=wrong, t=turned: _in_layer(step, c, r, w, t))  # type: ignore[misc]
                if other is not None:
                    names = {"wrong": wrong.name, "right": right.name}
                    says = "{wrong} stands where {right} belongs"
                    yield Slip(other, says, names, ("layer", right.name, wrong.name, turned), late=True)


def _in_layer(step: Step, cell: int, right: Named, wrong: Named, turned: bool) -> int | None:
    if step.owner[cell] is not right:
        return cell
    i, j = divmod(cell - right.first, right.shape[1])
    i, j = (j, i) if turned else (i, j)
    return wrong.first + i * wrong.shape[1] + j if i < wrong.shape[0] and j < wrong.shape[1] else None


def _own_factor(step: Step) -> Iterator[Slip]:
    """The slope of w x by w is x, and not w."""
    names = {f"{step.of}{end}" for end in ("", "_before")} if step.of else set()
    for own in step.quantities.values():
        if own.name in names and own.role == "given" and own.shape == step.quantity.shape:
            says = "the slope by {name} is what {name} is multiplied by, and not {name} itself"
            yield Slip(
                ("cell", own.first + step.cell - step.quantity.first), says, {"name": own.name}, ("own",), late=True
            )


def slips(step: Step) -> Iterator[Slip]:
    """Another quantity of the same shape in place of one."""
    yield from _own_factor(step)
    yield from _other_layer(step)
    for name in dict.fromkeys(step.owner[c].name for _, c in step.cells()):
        right = step.quantities[name]
        for wrong in step.quantities.values():
            if wrong is right or wrong is step.quantity or wrong.shape != right.shape:
                continue
            other = step.everywhere(
                lambda c, r=right, w=wrong: w.first + c - r.first if step.owner[c] is r else c  # type: ignore[misc]
            )
            if other is not None:
                names = {"wrong": wrong.name, "right": right.name}
                says = "{wrong} stands where {right} belongs"
                alike, own = _alike(right, wrong), wrong.name == step.of or _in_time(right, wrong)
                yield Slip(
                    other, says, names, ("operand", right.name, wrong.name), rare=not (alike or own), late=not alike
                )


def _in_time(one: Named, other: Named) -> bool:
    """Whether two quantities are the same one before and after a nudge or a step: x_before and x_after, w1 and w2."""
    stems = [q.name.removesuffix("_before").removesuffix("_after").rstrip("0123456789") for q in (one, other)]
    return stems[0] == stems[1] and one.shape == other.shape and {one.role, other.role} <= {"given", "line"}


def _alike(one: Named, other: Named) -> bool:
    """Whether two quantities are easily taken for one another: W1 and W2, or what a function gets and gives."""
    letters = [quantity.name.rstrip("0123456789") for quantity in (one, other)]
    return one.role == other.role and (letters[0] == letters[1] or (one.role == "line" and bool(one.shape)))


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
    slips=slips,
)
