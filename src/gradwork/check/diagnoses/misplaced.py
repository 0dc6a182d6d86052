"""The right numbers in the wrong cells: rows or columns reversed, shifted, exchanged; or rows out of step."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Finding, Mutant, explained
from gradwork.check.diagnoses._arranged import Arrange, arranged, differs
from gradwork.check.diagnoses._copies import layer_at
from gradwork.check.diagnoses._elsewhere import in_reverse
from gradwork.check.diagnoses._ratio import comparable, listed
from gradwork.check.diagnoses._reshaped import at_another_place, in_another_order
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.paper import Slip, Step
from gradwork.check.regression import row_counts
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT

MOST_SHIFTS = 3
MOST_LINES = 2000  # rows or columns that are matched one with another
FEWEST = 4  # clear entries before any order of entries says something


def find(evidence: Evidence) -> Iterator[Finding]:
    """One reordering of rows, columns or entries that makes what was given from what is right."""
    found: dict[str, dict[str, Array]] = {}
    for name in evidence.wrong:
        right = evidence.right[name]
        for says, arrange in _ways(evidence, name):
            made = arrange(right)
            if differs(evidence, name, made) and arranged(evidence, name, arrange):
                found.setdefault(says, {})[name] = made
                break
    for says, moved in found.items():
        names = [n for n in evidence.wrong if n in moved]
        yield explained(
            CAUSE,
            evidence,
            f"in {listed(names)}, {says}",
            names,
            moved,
            why="every number is right, and stands in another place",
            hint="check the order of the indices",
        )


def _ways(evidence: Evidence, name: str) -> Iterator[tuple[str, Arrange]]:
    right, yours = evidence.right[name], evidence.yours[name]
    shape, given = np.shape(right), np.shape(yours)
    if given != shape:
        if np.size(yours) == np.size(right) > 1 and np.squeeze(yours).shape != np.squeeze(right).shape:
            yield f"the right numbers are in the shape {given}, and belong in {shape}", lambda a: a.reshape(given)
        return
    if not comparable(evidence, name) or np.size(right) < 2:
        return
    for axis in range(len(shape)):
        yield from _along(axis, _lines(len(shape), axis), shape[axis])
    if len(shape) > 1:
        yield "all axes are in reverse", np.flip
        by_column, by_row = "entries are laid out column by column", "entries are laid out row by row"
        yield f"{by_column}, and belong row by row", lambda a: a.reshape(-1, order="F").reshape(shape)
        yield f"{by_row}, and belong column by column", lambda a: a.reshape(-1).reshape(shape, order="F")
    for axis in range(len(shape)):
        order = _matched(right, yours, axis)
        if order is not None:
            yield f"the {_lines(len(shape), axis)} are {_told(order)}", partial(_taken, order=order, axis=axis)


def _along(axis: int, lines: str, length: int) -> Iterator[tuple[str, Arrange]]:
    """Rows, or columns, in reverse or shifted."""
    yield f"the {lines} are in reverse", partial(np.flip, axis=axis)
    for by in range(1, min(MOST_SHIFTS, length - 1) + 1):
        for way, where in ((by, "on"), (-by, "back")):
            yield f"the {lines} are {by} too far {where}, round the end", partial(np.roll, shift=way, axis=axis)
    for way, where in ((1, "on"), (-1, "back")):
        yield f"the {lines} are 1 too far {where}, with zeros left", partial(_shifted, axis=axis, way=way)


def _taken(array: Array, order: Sequence[int], axis: int) -> Array:
    return np.take(array, order, axis)


def _lines(count: int, axis: int) -> str:
    return "entries" if count == 1 else {0: "rows", 1: "columns"}.get(axis, f"places on axis {axis}")


def _shifted(array: Array, axis: int, way: int) -> Array:
    made = np.roll(array, way, axis)
    index: list[Any] = [slice(None)] * array.ndim
    index[axis] = 0 if way > 0 else -1
    made[tuple(index)] = 0.0
    return np.asarray(made)


def _matched(right: Array, yours: Array, axis: int) -> list[int] | None:
    """Which row of the right array each given row is; None where they do not match up."""
    count = right.shape[axis]
    if not 2 <= count <= MOST_LINES:
        return None
    lines = np.moveaxis(right, axis, 0).reshape(count, -1)
    given = np.moveaxis(yours, axis, 0).reshape(count, -1)
    if lines.shape[1] == 1 and np.count_nonzero(lines) < min(FEWEST, count):
        return None
    mixed = np.random.default_rng(0).normal(size=lines.shape[1])
    here, there = np.argsort(lines @ mixed, kind="stable"), np.argsort(given @ mixed, kind="stable")
    order = np.empty(count, dtype=int)
    order[there] = here
    return None if np.array_equal(order, np.arange(count)) else [int(k) for k in order]


def _told(order: Sequence[int]) -> str:
    moved = [k for k, o in enumerate(order) if k != o]
    if len(moved) == 2:
        return f"exchanged: {moved[0] + 1} and {moved[1] + 1}"
    for shape in _shapes(len(order)):
        for axes in itertools.permutations(range(len(shape))):
            if list(np.arange(len(order)).reshape(shape).transpose(axes).reshape(-1)) == list(order):
                made = tuple(shape[a] for a in axes)
                belong = f"in the order of {made}, and belong in that of {shape}"
                return f"{belong}: the axes are exchanged before they are laid out"
    return "in another order"


def _shapes(count: int) -> Iterator[tuple[int, ...]]:
    """The tables with so many entries, those of two axes first."""
    two = [(n, count // n) for n in range(2, count) if count % n == 0]
    yield from two
    yield from ((m, n // m, k) for n, k in two for m in range(2, n) if n % m == 0)


def mutants(joint: Joint) -> Iterator[Mutant]:
    """The rows of an argument, or of one side of a product over the rows, reversed or one too far on."""
    names = Names.of(joint)
    counts = row_counts(joint)
    checked = set(joint.place.values())
    for position in range(joint.forward):
        node = joint.node(position)
        stored = node.op == CONSTANT and np.ndim(joint.values[position]) > 0
        if not node.shape or node.shape[0] < 2 or node.shape[0] not in counts or position in checked:
            continue
        if node.op == INPUT or stored:
            what = node.name or "the data"
            yield from _reordered(joint, position, position, 0, f"the rows of {what}", "the other arguments' rows")
    for position in range(joint.forward, len(joint.graph)):
        node = joint.node(position)
        if node.op != "matmul" or [len(joint.node(i).shape) for i in node.inputs] not in ([2, 2], [2, 1]):
            continue
        left, right = node.inputs
        if joint.node(right).shape[0] in counts and joint.node(left).shape[1] > 1:
            source = names.name(left) if left < joint.forward else "what the layer reads"
            yield from _product(joint, position, left, right, source)
    yield from in_another_order(joint, names)
    yield from at_another_place(joint, names)


ORDERS = (
    ("are in reverse", lambda a, axis: np.flip(a, axis)),
    ("are 1 too far on", lambda a, axis: np.roll(a, 1, axis)),
    ("are 1 too far back", lambda a, axis: np.roll(a, -1, axis)),
)


def _reordered(joint: Joint, node: int, source: int, axis: int, what: str, against: str) -> Iterator[Mutant]:
    shape = joint.node(source).shape
    for says, order in ORDERS:
        yield Mutant(
            node,
            lambda values, order=order: order(np.broadcast_to(values[source], shape), axis),  # type: ignore[misc]
            f"{what} {says}, against {against}",
            0,
            "each row belongs to the same row of the others",
            "take the rows of all in one order",
        )


def _product(joint: Joint, position: int, left: int, right: int, source: str) -> Iterator[Mutant]:
    layer = layer_at(joint, position)
    place = f", in layer {layer}" if layer else ""
    for says, order in ORDERS:
        yield Mutant(
            position,
            lambda values, order=order: order(values[left], 1) @ values[right],  # type: ignore[misc]
            f"in the product over the rows, those of {source} {says}{place}",
            layer,
            "row by row, what the layer reads belongs to what comes back",
            "take the rows of both in one order",
        )


EXCHANGED = "this number and that of blank {number} stand in each other's place"


def slips(step: Step) -> Iterator[Slip]:
    """The number of another place of the same matrix; an input that is read from its other end."""
    yield from in_reverse(step)
    own = step.quantity
    for other in range(own.first, own.first + math.prod(own.shape)):
        if other != step.cell:
            at = np.unravel_index(other - own.first, own.shape)
            place = ", ".join(str(int(i) + 1) for i in at)
            says = "that is the number of another place: {place}"
            yield Slip(("cell", other), says, {"place": place}, ("other", other - step.cell), rare=True)


CAUSE = Cause(
    code="GW225",
    name="misplaced",
    summary="The right numbers stand in the wrong cells, or rows of the data are out of step.",
    explain="Rows or columns are reversed, shifted by one, exchanged, or laid out in another order: an index i stands "
    "where j belongs, or a loop begins at 1. Where the rows of the data are out of step with those of the labels, each "
    "example gets the slope of another.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.sin(x @ w))

def gradient(w, x):
    return (np.cos(x @ w) @ x)[::-1]
""",
    mended="""
def gradient(w, x):
    return np.cos(x @ w) @ x
""",
    find=find,
    mutants=mutants,
    rank=14,
    paper=("M27",),
    bugs=(25,),
    slips=slips,
)
