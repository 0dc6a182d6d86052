"""A value of another place stands where a value of the forward pass belongs."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._elsewhere import from_the_start, nudged_instead, of_another_term, one_sided
from gradwork.check.diagnoses._on_paper import read_by
from gradwork.check.diagnoses._other_shares import other_shares
from gradwork.check.diagnoses._stepped import in_place_of_the_slope, not_the_base
from gradwork.check.diagnoses.post_activation import with_replaced
from gradwork.check.evidence import Edit, Joint
from gradwork.check.paper import PRODUCTS, RATES, Named, Slip, Step, factors
from gradwork.check.sites import ChainStep, Names, chain_steps, made_for, without_copies
from gradwork.check.trees import subtrees
from gradwork.graph.graph import CONSTANT
from gradwork.graph.passes import TRANSPARENT

MOST_OTHERS = 12


def mutants(joint: Joint) -> Iterator[Mutant]:
    """For each value of the forward pass that is read on the way back, each other one of its shape in its place."""
    names = Names.of(joint)
    alike: dict[tuple[tuple[int, ...], str], list[int]] = {}
    for position in range(joint.forward):
        node = joint.node(position)
        if (
            node.op != CONSTANT
            and node.op not in TRANSPARENT
            and node.dtype.kind == "f"
            and joint.value(position).any()
        ):
            alike.setdefault((node.shape, node.dtype.kind), []).append(position)
    yield from _exchanged(joint, names)
    yield from other_shares(joint, names)
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
                    f"{names.name(other)} stands where {names.name(used)} belongs{by_factor(joint, names, other, used)}"
                    f"{names.in_layer(of)}",
                    joint.layers[of],
                    f"the {node.origin.by or 'rule'} reads {names.name(used)} here",
                    f"use {names.name(used)}",
                )


def by_factor(joint: Joint, names: Names, wrong: int, right: int) -> str:
    """ ": the factor c is too much", where one of two values is the other one times c."""
    wrong, right = without_copies(joint, wrong), without_copies(joint, right)
    for whole, part, words in ((wrong, right, "too much"), (right, wrong, "missing")):
        inputs = [without_copies(joint, i) for i in joint.node(whole).inputs]
        if joint.node(whole).op == "multiply" and inputs.count(part) == 1:
            return f": the factor {names.name(inputs[1 - inputs.index(part)])} is {words}"
    return ""


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


def _other_class(step: Step) -> Iterator[Slip]:
    """Of -(y1 log p1 + y2 log p2 + ...): the logarithm of the share of one class, whatever the label says."""
    for place, part in step.parts("total"):
        logs = [[f for f in factors(term) if f[0] == "log"] for term in part[1:]]
        if len(logs) < 2 or any(len(one) != 1 for one in logs):
            continue
        for k, (log,) in enumerate(logs):
            says = "the label says whose share {share} counts: that is the one of another class"
            names = {"share": step.name(log[1])}
            yield Slip(step.with_part(place, log), says, names, ("class", k), late=True)
        says = "the label says whose share {share} counts: that is the sum over all classes"
        every = ("total", *(log for (log,) in logs))
        yield Slip(step.with_part(place, every), says, {"share": step.name(logs[0][0][1])}, ("classes",), late=True)


def _own_entry(step: Step) -> Iterator[Slip]:
    """Of a matrix of slopes dZ A^T: times the matrix itself, entry by entry."""
    own = step.quantities.get(step.of)
    if own is None or own.shape != step.quantity.shape or len(own.shape) != 2 or step.tree[0] not in PRODUCTS:
        return
    entry = ("cell", own.first + step.cell - step.quantity.first)
    for k, right in ((1, step.tree[2]), (2, step.tree[1])):
        if right[0] == "cell" and step.role(step.tree[k]) == "back" and step.owner[right[1]].shape != own.shape:
            says = "{wrong} stands where {right} belongs"
            names = {"wrong": own.name, "right": step.name(right)}
            yield Slip(("multiply", step.tree[k], entry), says, names, ("own entry",), late=True)


def _partner(step: Step) -> Iterator[Slip]:
    """Where the slope of w x is a number of the page, x: w."""
    if step.tree[0] != "cell" or step.quantity.role != "line":
        return
    for line in step.lines.values():
        for _, part in subtrees(line):
            if part[0] in PRODUCTS and step.tree in part[1:] and len(part) == 3 and part[1][0] == part[2][0] == "cell":
                other = part[2] if part[1] == step.tree else part[1]
                names = {"name": step.name(other), "right": step.name(step.tree)}
                says = "the slope by {name} is what {name} is multiplied by, {right}, and not {name} itself"
                yield Slip(other, says, names, ("partner",), late=True)


def _partner_in(step: Step) -> Iterator[Slip]:
    """Where the slope of w x is x times what comes back: w times it."""
    if step.tree[0] not in PRODUCTS or not (step.is_slope or step.quantity.name == "back"):
        return
    for place, cell in step.cells():
        right = ("cell", cell)
        for line in step.lines.values() if step.role(right) == "given" else ():
            for _, part in subtrees(line):
                if part[0] in PRODUCTS and right in part[1:] and len(part) == 3 and part[1][0] == part[2][0] == "cell":
                    other = part[2] if part[1] == right else part[1]
                    if step.role(other) == "given":
                        names = {"name": step.name(other), "right": step.name(right)}
                        says = "the slope by {name} is what {name} is multiplied by, {right}, and not {name} itself"
                        yield Slip(step.with_part(place, other), says, names, ("partner", names["name"]), late=True)


def _at_one_place(step: Step) -> Iterator[Slip]:
    """Of two places that a number is read at, another one at one of them: x_after^2 + 3 x_before."""
    read = list(step.cells())
    for place, cell in read:
        right = step.owner[cell]
        if sum(c == cell for _, c in read) < 2:
            continue
        for wrong in step.quantities.values():
            if wrong is not right and wrong is not step.quantity and _in_time(right, wrong):
                at = step.with_part(place, ("cell", wrong.first + cell - right.first))
                names = {"wrong": wrong.name, "right": right.name}
                yield Slip(at, "{wrong} stands where {right} belongs", names, ("once", wrong.name, place), late=True)


def _other_entry(step: Step) -> Iterator[Slip]:
    """In a slope that is one number: another entry of the row or column that it reads one entry of."""
    if step.tree[0] not in PRODUCTS or step.quantity.shape or not step.is_slope:
        return
    for k in (1, 2):
        if step.role(step.tree[k]) == "given":
            cell = step.tree[k][1]
            matrix = step.owner[cell]
            for other in range(matrix.first, matrix.first + math.prod(matrix.shape)):
                if other != cell:
                    says = "that is the slope by another weight: another number of {name} belongs here"
                    at = step.with_part((k,), ("cell", other))
                    yield Slip(at, says, {"name": matrix.name}, ("entry", other - cell), late=True)


def slips(step: Step) -> Iterator[Slip]:
    """Another quantity of the same shape in place of one."""
    yield from _own_factor(step)
    yield from _own_entry(step)
    yield from _partner(step)
    yield from _other_class(step)
    yield from _other_layer(step)
    yield from _partner_in(step)
    yield from _at_one_place(step)
    yield from _other_entry(step)
    yield from of_another_term(step)
    yield from from_the_start(step)
    yield from nudged_instead(step)
    yield from one_sided(step)
    yield from in_place_of_the_slope(step)
    yield from not_the_base(step)
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
                own = own or _follows(step, right, wrong)
                yield Slip(
                    other, says, names, ("operand", right.name, wrong.name), rare=not (alike or own), late=not alike
                )


def _follows(step: Step, right: Named, wrong: Named) -> bool:
    """Whether one is worked out from the other alone, v = u^2 taken for u; or x is taken for u = 3 x + 1."""
    inner = read_by(step, step.lines.get(right.first))
    is_mask = step.tree[0] in ("greater", "above", "where")
    if wrong.shape == right.shape and wrong.name in inner and not is_mask:
        by_rate = any(step.owner[c].name in RATES for _, c in step.cells())
        if wrong.name[0] in "xX" or by_rate or right.role == wrong.role == "back":
            return True
    if right.name == f"d{wrong.name.removesuffix('_before').removesuffix('_after')}":
        return True  # what changes, and not its change
    lines = [step.lines.get(quantity.first, ("",)) for quantity in (right, wrong)]
    if all(line[0] == "cell" for line in lines) and right.role == wrong.role == "line":
        return True  # weight = X, input = W
    for one, other in ((right, wrong), (wrong, right)):
        line = step.lines.get(one.first)
        if line is not None and one.shape == other.shape and [*read_by(step, line)] == [other.name]:
            return True
    return False


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
