"""Ways in which a value of the forward pass comes out otherwise when it is worked out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names, without_copies
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.op import REGISTER

MOST_ARRAYS = 4
Way = tuple[str, Callable[[Sequence[Any]], Any]]

# What people do to the data before a product that the loss does not do, or do there and not in the gradient.
PREPARED: dict[str, Callable[[Array], Array]] = {
    "with the columns of {} centred": lambda x: x - np.mean(x, 0),
    "with the rows of {} centred": lambda x: x - np.mean(x, -1, keepdims=True),
    "with the columns of {} centred and divided by their deviations": lambda x: (x - np.mean(x, 0)) / np.std(x, 0),
    "with the columns of {} divided by their deviations": lambda x: x / np.std(x, 0),
    "with the rows of {} divided by their lengths": lambda x: x / np.sqrt(np.sum(x * x, -1, keepdims=True)),
    "with the largest of {} taken as 1": lambda x: x / np.max(np.abs(x)),
    "with the rows of {} in reverse": lambda x: np.flip(x, 0),
    "with the columns of {} in reverse": lambda x: np.flip(x, -1),
    "with {} shifted by one row": lambda x: np.roll(x, 1, 0),
    "with {} shifted back by one row": lambda x: np.roll(x, -1, 0),
    "with {} shifted by one column": lambda x: np.roll(x, 1, -1),
    "with {} shifted back by one column": lambda x: np.roll(x, -1, -1),
    "with {} rounded": np.round,
    "with the size of {}": np.abs,
    "with the square of {}": np.square,
    "with the sign of {}": np.sign,
    "with -{}": np.negative,
}
CHANGED: dict[str, Callable[[Array], Array]] = {
    "and rounds it to whole numbers": np.round,
    "and rounds it down": np.floor,
    "and rounds it to one digit": lambda a: np.round(a, 1),
    "and rounds it to two digits": lambda a: np.round(a, 2),
    "and rounds it to three digits": lambda a: np.round(a, 3),
    "in half precision": lambda a: a.astype(np.float16).astype(a.dtype),
    "in single precision": lambda a: a.astype(np.float32).astype(a.dtype),
    "with the opposite sign": np.negative,
    "without its sign": np.abs,
    "and takes 0 for what is negative": lambda a: np.maximum(a, 0),
    "and cuts it off at 0 and 1": lambda a: np.clip(a, 0, 1),
    "and cuts it off at -1 and 1": lambda a: np.clip(a, -1, 1),
    "as its square": np.square,
    "as its root": lambda a: np.sqrt(np.abs(a)),
    "less its mean": lambda a: a - np.mean(a),
    "less the means of its columns": lambda a: a - np.mean(a, 0),
    "less the means of its rows": lambda a: a - np.mean(a, -1, keepdims=True),
    "as one over it": lambda a: 1 / a,
    "as its exponential": np.exp,
    "as its logarithm": np.log,
}

SWAPPED = {"add": "-*", "subtract": "+*", "multiply": "+/", "divide": "*"}


def ways(joint: Joint, names: Names, position: int) -> Iterator[Way]:
    """The wrong values of one node, each with words that follow "the way back works out it"."""
    node = joint.node(position)
    for number in (0.0, 1.0):
        yield f"as {number:g}", lambda v, number=number: np.full(node.shape, number)  # type: ignore[misc]
    if node.op == "matmul":
        yield from _product(joint, names, position)
    if node.op in ("mean", "sum"):
        yield from _reduced(joint, position)
    if node.op == "sqrt":
        yield from _root(joint, names, position)
    if node.op in SWAPPED:
        yield from _swapped(joint, names, position)
    if node.op == "max":
        yield "as the mean in place of the largest", _by(joint, position, np.mean)
        yield "as the smallest in place of the largest", _by(joint, position, np.min)
    for says, change in CHANGED.items():
        yield says, lambda v, change=change: change(np.asarray(v[position]))  # type: ignore[misc]
    if node.shape:
        yield from _within_data(joint, names, position)


def _swapped(joint: Joint, names: Names, position: int) -> Iterator[Way]:
    """Another sign between two values: plus for minus, times for divided by."""
    node = joint.node(position)
    one, other = node.inputs
    for sign in SWAPPED[node.op]:
        function = REGISTER.named({"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}[sign]).function
        says = f"as {names.name(one)} {sign} {names.name(other)}"
        yield says, lambda v, f=function: np.broadcast_to(f(v[one], v[other]), node.shape)  # type: ignore[misc]


def _product(joint: Joint, names: Names, position: int) -> Iterator[Way]:
    node = joint.node(position)
    function = REGISTER.named("matmul").function
    shapes = [joint.node(i).shape for i in node.inputs]

    def of(place: int, change: Callable[[Array], Array]) -> Callable[[Sequence[Any]], Any]:
        def edit(values: Sequence[Any]) -> Any:
            sides = [np.broadcast_to(values[i], s) for i, s in zip(node.inputs, shapes, strict=True)]
            sides[place] = change(sides[place])
            return function(*sides)

        return edit

    for place, side in enumerate(node.inputs):
        name = names.name(side)
        for says, change in PREPARED.items():
            yield says.format(name), of(place, change)
        if len(shapes[place]) == 2 and shapes[place][0] == shapes[place][1]:
            yield f"with {name} transposed", of(place, np.transpose)

    def precisely(kind: Any) -> Callable[[Sequence[Any]], Any]:
        def edit(values: Sequence[Any]) -> Any:
            sides = [np.broadcast_to(values[i], s).astype(kind) for i, s in zip(node.inputs, shapes, strict=True)]
            return function(*sides).astype(node.dtype)

        return edit

    yield "with both factors in half precision", precisely(np.float16)
    yield "with both factors in single precision", precisely(np.float32)


def _reduced(joint: Joint, position: int) -> Iterator[Way]:
    node = joint.node(position)
    inside = joint.node(node.inputs[0]).shape
    count = int(np.prod([inside[a] for a in node.params["axis"]], dtype=np.int64))
    if node.op == "sum":
        yield "as the number of its entries", lambda v: np.full(node.shape, float(count))
        unpicked = _unpicked(joint, node.inputs[0])
        if unpicked is not None and not node.shape:
            yield "as the sum over all, and not over what is picked", lambda v: np.sum(unpicked(v))
    if count < 2:
        return
    if node.op == "mean":
        yield f"as a sum, not divided by {count}", lambda v: v[position] * count
        yield f"divided by {count - 1}, not by {count}", lambda v: v[position] * count / (count - 1)
        yield f"divided by {count + 1}, not by {count}", lambda v: v[position] * count / (count + 1)
        yield "as the median", _by(joint, position, np.median)
    else:
        yield f"as a mean, divided by {count}", lambda v: v[position] / count
    for length in dict.fromkeys(inside):
        if length != count and length > 1:
            yield f"divided by {length} more", lambda v, length=length: v[position] / length  # type: ignore[misc]
    yield "as the largest", _by(joint, position, np.max)
    for which, place in (("first", 0), ("last", -1)):
        yield (
            f"as the {which} term alone",
            _by(joint, position, lambda a, axis, keepdims, p=place: _term(a, axis, keepdims, p)),
        )
    # Along another axis, where the shape is the same: of square tables.
    for axis in range(len(inside)):
        along = tuple(node.params["axis"])
        if len(along) == 1 and along != (axis,) and inside[axis] == inside[along[0]]:
            yield f"along axis {axis}", _by(joint, position, np.mean if node.op == "mean" else np.sum, axis)
    if node.shape:
        function = np.mean if node.op == "mean" else np.sum
        yield "over all entries together", lambda v: np.broadcast_to(function(_whole(joint, position, v)), node.shape)


def _unpicked(joint: Joint, position: int) -> Callable[[Sequence[Any]], Any] | None:
    """A value entry by entry of what is picked of an array, worked out of all of the array; None where it is not so."""
    steps: list[int] = []
    node = joint.node(position)
    while len(node.inputs) == 1 and REGISTER.named(node.op).elementwise:
        steps.insert(0, position)
        (position,) = node.inputs
        node = joint.node(position)
    if node.op != "getitem":
        return None
    whole = joint.node(position).inputs[0]

    def work(values: Sequence[Any]) -> Any:
        made = values[whole]
        for step in steps:
            node = joint.node(step)
            made = REGISTER.named(node.op).function(made, **node.params)
        return made

    return work


def _whole(joint: Joint, position: int, values: Sequence[Any]) -> Array:
    inside = joint.node(position).inputs[0]
    return np.asarray(np.broadcast_to(values[inside], joint.node(inside).shape))


def _by(
    joint: Joint, position: int, function: Callable[..., Any], axis: int | None = None
) -> Callable[[Sequence[Any]], Any]:
    node = joint.node(position)
    axes = tuple(node.params["axis"]) if axis is None else (axis,)

    def edit(values: Sequence[Any]) -> Any:
        made = np.asarray(function(_whole(joint, position, values), axis=axes, keepdims=True))
        return np.reshape(made, node.shape)

    return edit


def _term(array: Array, axis: Any, keepdims: bool, place: int) -> Array:
    for one in axis:
        array = np.take(array, [place % array.shape[one]], one)
    return array


def _root(joint: Joint, names: Names, position: int) -> Iterator[Way]:
    """The small number under a root: outside of it, left out, or another one."""
    (under,) = joint.node(position).inputs
    node = joint.node(under)
    if node.op != "add":
        return
    flat = [i for i in node.inputs if np.size(joint.values[i]) and np.ptp(joint.values[i]) == 0]
    small = next((i for i in flat if not _moves(joint, i)), None)
    if small is None:
        return
    name = names.name(small)
    yield f"with {name} added outside of the root", lambda v: np.sqrt(v[under] - v[small]) + v[small]
    # Where nothing else is under the root, its slope is taken as 0, as that of a sign is.
    yield f"without {name} under the root", lambda v: np.sqrt(np.maximum(v[under] - v[small], 1e-300))
    yield f"with {name} squared under the root", lambda v: np.sqrt(v[under] - v[small] + v[small] ** 2)
    yield "without taking the root", lambda v: v[under]
    for other in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12):
        yield f"with {other:g} in place of {name}", lambda v, other=other: np.sqrt(v[under] - v[small] + other)  # type: ignore[misc]


def _moves(joint: Joint, position: int) -> bool:
    return without_copies(joint, position) in joint.adjoint


def _within_data(joint: Joint, names: Names, position: int) -> Iterator[Way]:
    """Cut off at the smallest and largest number of an array of the data."""
    checked = set(joint.place.values())
    found = 0
    for k in range(joint.forward):
        node = joint.node(k)
        stored = node.op == INPUT or (node.op == CONSTANT and node.shape and np.ndim(joint.values[k]))
        if stored and k not in checked and node.shape == joint.node(position).shape and found < MOST_ARRAYS:
            found += 1
            yield (
                f"and cuts it off at the smallest and the largest of {names.name(k)}",
                lambda v, k=k: np.clip(v[position], np.min(v[k]), np.max(v[k])),  # type: ignore[misc]
            )
    for low, high in ((1, 5), (0.05, 0.95), (0.01, 0.99), (0.1, 0.9), (-5, 5), (-10, 10)):
        yield (
            f"and cuts it off at {low:g} and {high:g}",
            lambda v, low=low, high=high: np.clip(v[position], low, high),  # type: ignore[misc]
        )
