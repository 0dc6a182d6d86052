"""A mask on the way back that is not that of the forward pass: turned round, of other values, of another row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._on_paper import beside, read_by
from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.check.paper import PRODUCTS, Slip, Step, Tree, function_of
from gradwork.check.sites import ChainStep, Names, chain_steps
from gradwork.graph.graph import CONSTANT
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op

MOST_OTHERS = 12
SIDES: dict[str, Callable[[Any], Any]] = {
    "0, and not {}": lambda a: 0 * a,
    "1, and not {}": lambda a: 0 * a + 1,
    "{}^2": np.square,
    "|{}|": np.abs,
    "-{}": np.negative,
    "the root of {}": lambda a: np.sqrt(np.abs(a)),
    "2 {}": lambda a: 2 * a,
    "{}/2": lambda a: a / 2,
    "1 - {}": lambda a: 1 - a,
    "1 + {}": lambda a: 1 + a,
    "1/{}": lambda a: 1 / a,
    "1/2, and not {}": lambda a: 0 * a + 0.5,
}
WORDS = frozenset(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "logical_and", "logical_or"))


@dataclass(frozen=True)
class Mask:
    """A mask that is read on the way back.

    node:   what holds it, a condition or a local slope of two values;  coming: what is masked, where it is known.
    value:  what it is called;  of: the step of the loss that it belongs to.
    """

    node: int
    coming: int | None
    value: str
    of: int


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each mask: turned round, always open or shut, of one row, shifted, of what comes back, of other values."""
    names = Names.of(joint)
    for mask in _masks(joint, names):
        for says, edit in _ways(joint, names, mask):
            node, changed, more = (mask.node, edit, {}) if mask.coming is not None else _going_back(joint, mask, edit)
            yield Mutant(
                node,
                changed,
                f"the mask {mask.value} {says}{names.in_layer(mask.of)}",
                joint.layers[mask.of],
                "slopes go back where values went forward, entry by entry",
                "keep the mask of the forward pass, and use that",
                more,
            )


def _going_back(joint: Joint, mask: Mask, edit: Edit) -> tuple[int, Edit, dict[int, Edit]]:
    """A condition that is another one on the way back alone: in every node there that reads it."""

    def of(reader: int) -> Edit:
        node = joint.node(reader)
        shapes = [joint.node(i).shape for i in node.inputs]

        def changed(values: Sequence[Any]) -> Any:
            read = [np.asarray(edit(values)) if i == mask.node else values[i] for i in node.inputs]
            return apply_op(REGISTER.named(node.op), read, shapes, node.params)

        return changed

    first, *others = [r for r in joint.graph.consumers[mask.node] if r >= joint.forward]
    return first, of(first), {r: of(r) for r in others}


def _masks(joint: Joint, names: Names) -> Iterator[Mask]:
    seen: set[int] = set()
    for step in chain_steps(joint):
        slope, node = step.slope, joint.node(step.slope)
        # An array of the data, such as labels, is no mask of a value: it may be many other things.
        if slope in seen or slope < joint.forward or node.op == CONSTANT or np.size(joint.values[slope]) < 2:
            continue
        levels = np.unique(joint.value(slope))
        if len(levels) == 2 and np.isfinite(levels).all():
            seen.add(slope)
            yield Mask(slope, step.coming, f"of {_called(names, step.of)}{_side(joint, names, step)}", step.of)
    moving = joint.graph.depends_on(list(joint.place.values()))
    for position in range(joint.forward):
        node = joint.node(position)
        read = moving[position] and any(r >= joint.forward for r in joint.graph.consumers[position])
        if node.op in WORDS and node.shape and read and np.size(joint.values[position]) > 1:
            yield Mask(position, None, _called(names, position), position)


def _side(joint: Joint, names: Names, step: ChainStep) -> str:
    """ " for 0.1 z", of the larger of z and 0.1 z, which has a mask for either."""
    inside, path = joint.node(step.of).inputs, joint.node(step.product).origin.path
    moving = sum(i in joint.adjoint for i in dict.fromkeys(inside))
    if joint.node(step.of).op not in ("maximum", "minimum") or moving != 2 or path is None:
        return ""
    return f" for {names.name(inside[path])}"


def _called(names: Names, position: int) -> str:
    written = names.written(position, {})
    return written if len(written) <= 60 else names.name(position)


def _ways(joint: Joint, names: Names, mask: Mask) -> Iterator[tuple[str, Edit]]:
    shape, k = joint.node(mask.node).shape, mask.node

    def of(change: Callable[[Array], Array]) -> Edit:
        return lambda values: change(np.broadcast_to(values[k], shape))

    yield "is open everywhere", of(lambda m: np.full_like(m, m.dtype.kind == "b" or np.max(m)))
    yield "is shut everywhere", of(lambda m: np.full_like(m, 0 if m.dtype.kind == "b" else np.min(m)))
    if not _signs(joint, k):
        yield "is turned round", of(_turned)
    if mask.coming is None:
        yield from _compared(joint, names, mask.node)
    for axis, lines in enumerate(("row", "column")[: len(shape)]):
        if shape[axis] > 1:
            for which, place in (("first", 0), ("last", -1)):
                yield f"of the {which} {lines} is used for all {lines}s", of(_one(place, axis, shape))
            for by, way in ((1, "before"), (-1, "after")):
                yield f"is that of the {lines} {way}", of(lambda m, by=by, axis=axis: np.roll(m, by, axis))  # type: ignore[misc]
            yield f"has its {lines}s in reverse", of(lambda m, axis=axis: np.flip(m, axis))  # type: ignore[misc]
    if len(shape) == 2 and shape[0] == shape[1]:
        yield "is transposed", of(np.transpose)
    if mask.coming is not None:
        coming = mask.coming
        yield (
            "is that of what comes back, open where that is above 0",
            lambda v: _levels(v[k], np.broadcast_to(v[coming], shape) > 0),
        )
        yield (
            "is joined with that of what comes back: where that is below 0 nothing goes on",
            lambda v: np.where(np.broadcast_to(v[coming], shape) > 0, v[k], 0.0),
        )
    others = [
        p
        for p in range(joint.forward)
        if joint.node(p).shape == shape and joint.node(p).dtype.kind == "f" and joint.node(p).op != CONSTANT
    ]
    inside = joint.node(mask.of).inputs
    numbers = [p for p in joint.graph.inputs if np.ndim(joint.values[p]) == 0 and p not in joint.place.values()][:2]
    for other in sorted(others, key=lambda p: (p not in inside, abs(p - mask.of)))[:MOST_OTHERS]:
        name = names.name(other)
        yield f"is taken of {name}: open where that is above 0", lambda v, o=other: _levels(v[k], v[o] > 0)  # type: ignore[misc]
        if other not in inside or not _signs(joint, k):
            yield f"is taken of {name}: open where that is below 0", lambda v, o=other: _levels(v[k], v[o] < 0)  # type: ignore[misc]
        for number in numbers:
            told = f"is taken of {name}: open where that is above {names.name(number)}"
            yield told, lambda v, o=other, n=number: _levels(v[k], v[o] > v[n])  # type: ignore[misc]
        yield f"is taken of {name}: open where that is above 1", lambda v, o=other: _levels(v[k], v[o] > 1)  # type: ignore[misc]
        yield (
            f"is taken of {name}: open where that is between -1 and 1",
            lambda v, o=other: _levels(v[k], np.abs(v[o]) < 1),  # type: ignore[misc]
        )


def _compared(joint: Joint, names: Names, position: int) -> Iterator[tuple[str, Edit]]:
    """A comparison with one of its sides worked out otherwise."""
    node = joint.node(position)
    if len(node.inputs) != 2 or any(joint.node(i).dtype.kind not in "fiu" for i in node.inputs):
        return
    compare = REGISTER.named(node.op).function
    left, right = node.inputs
    for says, change in SIDES.items():
        yield (
            f"compares {says.format(names.name(left))}",
            lambda v, change=change: compare(change(v[left]), v[right]),  # type: ignore[misc]
        )
        yield (
            f"compares with {says.format(names.name(right))}",
            lambda v, change=change: compare(v[left], change(v[right])),  # type: ignore[misc]
        )


def _signs(joint: Joint, position: int) -> bool:
    """Whether the mask is that of an absolute value: turned round, it is the sign that is wrong."""
    value = joint.value(position)
    return value.dtype.kind != "b" and float(np.min(value)) == -float(np.max(value))


def _turned(mask: Array) -> Array:
    return ~mask if mask.dtype.kind == "b" else np.min(mask) + np.max(mask) - mask


def _one(place: int, axis: int, shape: tuple[int, ...]) -> Callable[[Array], Array]:
    return lambda mask: np.broadcast_to(np.take(mask, [place % shape[axis]], axis), shape)


def _levels(mask: Any, open_: Any) -> Any:
    """The mask's two values, in other places."""
    if np.asarray(mask).dtype.kind == "b":
        return open_
    return np.where(open_, np.max(mask), np.min(mask))


def _of_others(step: Step) -> Iterator[Slip]:
    """Whether a unit is on, read off the sign of an input or a weight, or of another layer, in place of its own."""
    tree = step.tree
    if tree[0] == "where" and tree[2:] == (("known", 1.0), ("known", 0.0)):
        tree = tree[1]
    argument: Tree | None = tree[1] if tree[0] in ("greater", "above") else None
    if tree[0] == "divide" and tree[1][0] == tree[2][0] == "cell":
        bottom = step.quantities.get(f"{step.name(tree[2])[1:]}_before")
        relu = step.quantities.get(f"{step.name(tree[1])[1:]}_before")
        if bottom is not None and relu is not None and function_of(step.lines.get(relu.first)) == "relu":
            argument = beside(step, bottom)
    if argument is None or argument[0] != "cell":
        return
    inside = read_by(step, step.lines.get(argument[1])) if argument[1] in step.lines else {}
    shape = step.owner[argument[1]].shape
    for other in step.quantities.values():
        number = beside(step, other)
        near = other.name in inside or (other.shape == shape and shape and other.role in ("given", "line"))
        if number is not None and number != argument and near and other.role != "slope":
            says = "whether it is on is seen by the sign of {right}, and not by that of {wrong}"
            names = {"right": step.name(argument), "wrong": other.name}
            mask = ("greater", number, ("known", 0.0))
            yield Slip(mask, says, names, ("by", other.name), late=True)
    if tree[0] == "divide":
        says = "the slope is 1 where {name} is above 0, and not below"
        turned = ("greater", ("known", 0.0), argument)
        yield Slip(turned, says, {"name": step.name(argument)}, ("round",), late=True)


def _too_early(step: Step) -> Iterator[Slip]:
    """Of the change of Z: the change of its relu, which is 0 where the unit is off."""
    tree = step.tree
    if tree[0] != "subtract" or tree[1][0] != "cell" or tree[2][0] != "cell":
        return
    through = {line[1] for line in step.lines.values() if function_of(line) == "relu"}
    if tree[1] in through and tree[2] in through:
        says = "{name} changes whether the unit is on or off: the relu comes after it"
        behind = ("subtract", ("relu", tree[1]), ("relu", tree[2]))
        yield Slip(behind, says, {"name": step.name(tree[1])}, ("too early",), late=True)


def slips(step: Step) -> Iterator[Slip]:
    """A mask turned round, without its 0, or of what comes back."""
    yield from _of_others(step)
    yield from _too_early(step)
    own, cell = step.quantity, step.cell - step.quantity.first
    for place, part in step.parts("greater"):
        if part[2] != ("known", 0.0):
            continue
        at = {"name": step.name(part[1])}
        says = "the slope is 1 where {name} is above 0, and not below"
        yield Slip(step.with_part(place, ("greater", part[2], part[1])), says, at, ("round",), late=True)
        says = "at 0 itself the slope is taken as 0"
        other = ("subtract", ("known", 1.0), ("greater", part[2], part[1]))
        yield Slip(step.with_part(place, other), says, {}, ("at 0",), late=True)
    for place, part in step.parts(*PRODUCTS):
        for one, mask in (part[1:3], part[2:0:-1]):
            line = step.lines.get(mask[1]) if mask[0] == "cell" else None
            if line is not None and line[0] in ("greater", "above") and one[0] == "cell":
                says = "the mask is that of {name}, and not of what comes back"
                times = ("multiply", one, ("greater", one, ("known", 0.0)))
                at = {"name": step.name(line[1])}
                yield Slip(step.with_part(place, times), says, at, ("of what comes back",), late=True)
    if step.tree[0] == "above" or (own.role == "slope" and step.tree[0] == "greater"):
        argument = step.tree[1]
        at = {"name": step.name(argument)}
        says = "the slope is 1 where {name} is above 0, and not below"
        yield Slip(("greater", ("known", 0.0), argument), says, at, ("round",), late=True)
        says = "at 0 itself the slope is taken as 0"
        on = ("subtract", ("known", 1.0), ("greater", ("known", 0.0), argument))
        yield Slip(on, says, {}, ("at 0",), late=True)
        for back in step.quantities.values():
            if back.shape == own.shape and back.role == "back":
                says = "the mask is that of {name}, and not of what comes back"
                source = ("greater", ("cell", back.first + cell), ("known", 0.0))
                yield Slip(source, says, at, ("of", back.name), late=True)


CAUSE = Cause(
    code="GW262",
    name="wrong mask",
    summary="The mask on the way back is not that of the forward pass: turned round, shifted, or of other values.",
    explain="A relu, a clip, a dropout and a choice between two formulas let slopes back through the entries that went "
    "forward. The mask is taken of what comes back in place of the values, of the values of another layer, with the "
    "wrong sign, or of one row for all rows.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.maximum(x @ w, 0) ** 2)

def gradient(w, x):
    z = x @ w
    g = 2 * np.maximum(z, 0)
    return x.T @ (g * (z[:1] > 0))
""",
    mended="""
def gradient(w, x):
    z = x @ w
    g = 2 * np.maximum(z, 0)
    return x.T @ (g * (z > 0))
""",
    mutants=mutants,
    rank=24,
    paper=("M05", "M06"),
    slips=slips,
    bugs=(22, 26),
)
