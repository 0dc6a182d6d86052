"""The gradient of another loss: with one step of it written otherwise, and all slopes taken of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._called import functions_of, others, slope_at, value_of
from gradwork.check.diagnoses._choices import other_choices
from gradwork.check.diagnoses._freely import slopes_by
from gradwork.check.diagnoses._on_paper import squares_last
from gradwork.check.diagnoses._rewritten import Write, gradients
from gradwork.check.evidence import Joint
from gradwork.check.paper import Slip, Step, factors
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.passes import TRANSPARENT

MOST_STEPS = 120
FORGOTTEN = {"add": "term", "subtract": "term", "multiply": "factor", "divide": "factor"}


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each step of the loss: along another axis, without one of its parts, with another op; and its gradient."""
    if joint.node(joint.forward - 1).origin.kind == "rule":
        return  # the other loss is the same one, whatever formulas the way back has
    names = Names.of(joint)
    moving = joint.graph.depends_on(list(joint.place.values()))
    count = 0
    for position in range(joint.forward):
        node = joint.node(position)
        if (
            node.op in (INPUT, CONSTANT)
            or node.op in TRANSPARENT
            or not moving[position]
            or position not in joint.adjoint
        ):
            continue
        count += 1
        if count > MOST_STEPS:
            break
        whole = names.written(position, {})
        for instead, write in _ways(joint, names, position):
            yield _mutant(
                joint, {position: write}, f"{instead} in the place of {whole}{names.in_layer(position)}", position
            )
    yield from _with_other_functions(joint, names)
    yield from _statistics(joint, names)
    for says, writes, at in other_choices(joint, names):
        yield _mutant(joint, writes, says, at)


def _with_other_functions(joint: Joint, names: Names) -> Iterator[Mutant]:
    """Another function in the place of one that has a name, with its value and its slope."""
    for called in functions_of(joint):
        region = called.region
        for name, known in others(called) if called.names else ():
            yield Mutant(
                region.end,
                value_of(joint, region, known),
                f"the gradient is that of a loss with {name} in the place of {called.own}{names.in_layer(region.end)}",
                joint.layers[region.end],
                f"the loss has {called.own} there, of {names.name(region.start)}",
                "take the gradient of the loss as it is written",
                {region.back: slope_at(region, known)},
            )


def _mutant(joint: Joint, writes: dict[int, Write], says: str, at: int) -> Mutant:
    node, edit, others = slopes_by(joint, lambda values: gradients(joint, values, writes))
    return Mutant(
        node,
        edit,
        f"the gradient is that of a loss with {says}",
        joint.layers[at],
        "with that loss every entry would be right",
        "take the gradient of the loss as it is written",
        others,
    )


def _ways(joint: Joint, names: Names, position: int) -> Iterator[tuple[str, Write]]:
    node = joint.node(position)
    moving = [i for i in node.inputs if i in joint.adjoint]
    if node.op in FORGOTTEN:
        for place, kept in enumerate(node.inputs):
            if kept in moving and joint.node(kept).shape == node.shape:
                yield _without(names, node.op, node.inputs, place)
        one, other = node.inputs
        if node.op == "subtract":
            yield f"{names.name(one)} + {names.name(other)}", lambda s: s[one] + s[other]
        if node.op == "add":
            yield f"{names.name(one)} - {names.name(other)}", lambda s: s[one] - s[other]
        if node.op == "multiply" and one != other:
            yield f"{names.name(one)} / {names.name(other)}", lambda s: s[one] / s[other]
        if node.op == "divide":
            yield f"{names.name(one)} * {names.name(other)}", lambda s: s[one] * s[other]
    if node.op in ("mean", "sum", "max", "min"):
        yield from _reductions(joint, position)
    if node.op in ("max", "min", "maximum", "minimum"):
        yield from _choices(joint, names, position)
    if node.op == "where":
        for which, place in (("the first choice", 1), ("the second choice", 2)):
            if node.inputs[place] in moving:
                yield f"{which} everywhere", lambda s, place=place: s[node.inputs[place]]  # type: ignore[misc]
    if node.op in ("exp", "softmax", "log_softmax", "logsumexp") and len(node.shape) >= 2:
        yield from _hidden_ahead(joint, position)


def _without(names: Names, op: str, inputs: Sequence[int], place: int) -> tuple[str, Write]:
    kept, left = inputs[place], inputs[1 - place]
    says = f"{names.name(kept)} alone, without the {FORGOTTEN[op]} {names.name(left)},"
    if op == "subtract" and place == 1:
        return says, lambda s: -s[kept]
    if op == "divide" and place == 1:
        return says, lambda s: 1 / s[kept]
    return says, lambda s: s[kept]


def _reductions(joint: Joint, position: int) -> Iterator[tuple[str, Write]]:
    node = joint.node(position)
    inside, axes = node.inputs[0], tuple(node.params["axis"])
    shape = joint.node(inside).shape
    count = int(np.prod([shape[a] for a in axes], dtype=np.int64))
    keep = bool(node.params["keepdims"])
    functions: dict[str, Callable[..., Any]] = {"mean": np.mean, "sum": np.sum, "max": np.max, "min": np.min}
    for op, function in functions.items():
        if op != node.op and {op, node.op} != {"mean", "sum"}:
            yield f"the {op}", lambda s, f=function: f(s[inside], axis=axes, keepdims=keep)  # type: ignore[misc]
    if node.op == "mean" and count > 1:
        yield f"a mean over {count - 1}", lambda s: s[position] * (count / (count - 1))
    if node.op in ("mean", "sum") and count > 1:
        times = float(count) if node.op == "mean" else 1.0 / count
        yield f"a {'sum' if node.op == 'mean' else 'mean'}", lambda s: s[position] * times
    if keep:
        for axis in range(len(shape)):
            if (axis,) != axes:
                yield (
                    f"the {node.op} along axis {axis}",
                    lambda s, axis=axis: functions[node.op](s[inside], axis=axis, keepdims=True),  # type: ignore[misc]
                )
        yield f"the {node.op} of all entries", lambda s: functions[node.op](s[inside], keepdims=True)


def _choices(joint: Joint, names: Names, position: int) -> Iterator[tuple[str, Write]]:
    node = joint.node(position)
    if node.op in ("maximum", "minimum"):
        for kept in node.inputs:
            if kept in joint.adjoint and joint.node(kept).shape == node.shape:
                yield f"{names.name(kept)} alone", lambda s, kept=kept: s[kept]  # type: ignore[misc]
        return
    inside, axes = node.inputs[0], tuple(node.params["axis"])
    if len(axes) == 1:
        for which, place in (("first", 0), ("last", -1)):
            yield (
                f"the {which} of each group",
                lambda s, place=place: np.reshape(_taken(s[inside], axes[0], place), node.shape),  # type: ignore[misc]
            )


def _taken(value: Any, axis: int, place: int) -> Any:
    return value[(*([slice(None)] * axis), place)]


def _hidden_ahead(joint: Joint, position: int) -> Iterator[tuple[str, Write]]:
    """A softmax that sees no places ahead of each row's own: of square tables of scores."""
    node = joint.node(position)
    inside = node.inputs[0]
    shape = joint.node(inside).shape
    if shape[-1] != shape[-2] or shape[-1] < 2:
        return
    for says, seen in (("a causal mask", np.tri(shape[-1])), ("no place's own score", 1 - np.eye(shape[-1]))):
        if node.op == "exp":
            yield f"{says} on {node.op}", lambda s, seen=seen: np.exp(s[inside]) * seen  # type: ignore[misc]
        elif node.op == "softmax":
            yield (
                f"{says} on {node.op}",
                lambda s, seen=seen: _shared(np.exp(s[inside] - np.max(joint.value(inside))) * seen),  # type: ignore[misc]
            )


def _shared(powers: Any) -> Any:
    return powers / np.sum(powers, axis=-1, keepdims=True)


def _statistics(joint: Joint, names: Names) -> Iterator[Mutant]:
    """All means and sums of one kind together: a normalisation along another axis, or over everything."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op in ("mean", "sum") and node.params["keepdims"] and position in joint.adjoint:
            groups.setdefault((joint.node(node.inputs[0]).shape, tuple(node.params["axis"])), []).append(position)
    for (shape, axes), members in groups.items():
        ways: dict[str, Any] = {f"axis {a}": a for a in range(len(shape)) if (a,) != axes}
        ways["all entries"] = None
        for says, axis in ways.items() if len(members) > 1 else ():
            writes = {m: _along(joint, m, axis) for m in members}
            where = names.in_layer(members[0])
            yield _mutant(
                joint,
                writes,
                f"means and sums over {says} in the place of those over axis {axes[0]}{where}",
                members[0],
            )


def _along(joint: Joint, position: int, axis: int | None) -> Write:
    node = joint.node(position)
    function = np.mean if node.op == "mean" else np.sum
    return lambda s: function(s[node.inputs[0]], axis=axis, keepdims=True)


def slips(step: Step) -> Iterator[Slip]:
    """The square of the mean where the loss is the mean of the squares."""
    for key, wrong in squares_last(step):
        says = "that is another loss: this one is made of the squares, and is not the square of a sum"
        yield Slip(wrong, says, {}, (key,), late=True)
    if step.quantity.name != "loss" or step.turned:
        return
    for place, part in step.parts("total"):
        terms = [step.lines.get(t[1], t) if t[0] == "cell" else t for t in part[1:]]
        if len(terms) > 1 and all(t[0] == "power" for t in terms):
            says = "that is another loss: this one is made of the squares"
            sizes = step.with_part(place, ("total", *(("absolute", t[1]) for t in terms)))
            yield Slip(sizes, says, {}, ("sizes",), late=True)
            yield Slip(("sqrt", step.tree), says, {}, ("root",), late=True)
    yield from _of_shares(step)
    p, y = step.quantities.get("p"), step.quantities.get("y")
    if p is not None and y is not None and not p.shape and any(True for _ in step.parts("log")):
        says = "that is another loss: this one is made of logarithms"
        square = ("power", ("subtract", ("cell", p.first), ("cell", y.first)), ("known", 2.0))
        yield Slip(square, says, {}, ("squares",), late=True)


def _of_shares(step: Step) -> Iterator[Slip]:
    """Of -(y1 log p1 + y2 log p2 + ...): the squares of p - y added up, and 1 less the share."""
    tree = step.tree[1] if step.tree[0] == "negative" else step.tree
    pairs = [factors(term) for term in tree[1:]] if tree[0] == "total" else []
    if pairs and all(len(pair) == 2 and pair[1][0] == "log" for pair in pairs):
        says = "that is another loss: this one is made of logarithms"
        squares = ("total", *(("power", ("subtract", log[1], y), ("known", 2.0)) for y, log in pairs))
        yield Slip(squares, says, {}, ("squares",), late=True)
        share = ("total", *(("multiply", y, log[1]) for y, log in pairs))
        yield Slip(("subtract", ("known", 1.0), share), says, {}, ("one less",), late=True)


CAUSE = Cause(
    code="GW267",
    name="another loss",
    summary="The gradient is right for a loss that differs from this one in one step.",
    explain="The gradient was derived for another version of the loss: a normalisation over the rows in place of the "
    "columns, a variance over n - 1, a mean where the loss has the largest, a mask that the loss does not have, a term "
    "that was added or taken out later. Every slope fits that version; one of the two has to be changed.",
    broken="""
import numpy as np

def loss(w, x):
    z = x @ w
    return np.sum(np.max(z, axis=1) ** 2)

def gradient(w, x):
    z = x @ w
    g = 2 * z.mean(axis=1)[:, None] * np.ones_like(z) / z.shape[1]
    return x.T @ g
""",
    mended="""
def gradient(w, x):
    z = x @ w
    g = 2 * z * (z == z.max(axis=1, keepdims=True))
    return x.T @ g
""",
    mutants=mutants,
    slips=slips,
    late=True,
    rank=46,
    bugs=(28,),
)
