"""Data, or a number of the loss, that the gradient reads otherwise than the loss does, all the way through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._read_back import read_otherwise_back
from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT

MOST_NUMBERS = 12
USUAL = (0.0, 1.0, 0.5, 2.0)
SMALL = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)

ARRAYS: dict[str, Callable[[Array], Array]] = {
    "1 - {}": lambda d: 1 - d,
    "-{}": np.negative,
    "2 {} - 1": lambda d: 2 * d - 1,
    "({} + 1)/2": lambda d: (d + 1) / 2,
    "0": np.zeros_like,
    "1": np.ones_like,
    "1/2": lambda d: np.full_like(d, 0.5),
    "{} shifted by one row": lambda d: np.roll(d, 1, 0),
    "{} shifted back by one row": lambda d: np.roll(d, -1, 0),
    "{} shifted by one column": lambda d: np.roll(d, 1, -1),
    "{} shifted back by one column": lambda d: np.roll(d, -1, -1),
    "{} with its rows in reverse": lambda d: np.flip(d, 0),
    "{} with its columns in reverse": lambda d: np.flip(d, -1),
    "the size of {}": np.abs,
    "the sign of {}": np.sign,
    "1 where {} is above 0": lambda d: (d > 0) * 1.0,
    "the square of {}": np.square,
    "the root of {}": lambda d: np.sqrt(np.abs(d)),
    "1/{}": lambda d: 1 / d,
    "the logarithm of {}": np.log,
    "the exponential of {}": np.exp,
    "{} rounded to whole numbers": np.round,
    "{} rounded down to whole numbers": np.floor,
    "{} cut to whole numbers": np.trunc,
    "{} less its mean": lambda d: d - np.mean(d),
    "{} less the means of its columns": lambda d: d - np.mean(d, 0),
    "{} less the means of its rows": lambda d: d - np.mean(d, -1, keepdims=True),
    "{} with centred columns of deviation 1": lambda d: (d - np.mean(d, 0)) / np.std(d, 0),
    "{} divided by its largest": lambda d: d / np.max(np.abs(d)),
    "{} divided by its sum": lambda d: d / np.sum(d),
    "{} divided by the lengths of its rows": lambda d: d / np.sqrt(np.sum(d * d, -1, keepdims=True)),
    "the mean of {}, everywhere,": lambda d: np.full_like(d, np.mean(d)),
    "the means of the columns of {}": lambda d: np.broadcast_to(np.mean(d, 0), d.shape),
    "the first row of {}, for all,": lambda d: np.broadcast_to(d[:1], d.shape),
    "the last row of {}, for all,": lambda d: np.broadcast_to(d[-1:], d.shape),
    "{} transposed": np.transpose,
    "{} taken for degrees": np.deg2rad,
    "{} in half precision": lambda d: d.astype(np.float16).astype(d.dtype),
}
MASKS: dict[str, Callable[[Array], Array]] = {
    "{} turned round": lambda d: (1 - d.astype(int)).astype(d.dtype),
    "1 everywhere": np.ones_like,
    "{} transposed": np.transpose,
    "{} shifted by one row": lambda d: np.roll(d, 1, 0),
    "{} shifted back by one row": lambda d: np.roll(d, -1, 0),
    "{} shifted by one column": lambda d: np.roll(d, 1, -1),
    "{} shifted back by one column": lambda d: np.roll(d, -1, -1),
    "{} without its diagonal": lambda d: d * (1 - np.eye(*d.shape)).astype(d.dtype),
}
INDICES: dict[str, Callable[[Array, int], Array]] = {
    "{} one row on": lambda d, top: np.roll(d, 1, 0),
    "{} one row back": lambda d, top: np.roll(d, -1, 0),
    "{} in the reverse order": lambda d, top: np.flip(d, 0),
    "{} + 1": lambda d, top: (d + 1) % top,
    "{} - 1": lambda d, top: (d - 1) % top,
}
NUMBERS: dict[str, Callable[[Array], Array]] = {
    "{}^2": np.square,
    "the root of {}": lambda c: np.sqrt(np.abs(c)),
    "2 {}": lambda c: 2 * c,
    "{}/2": lambda c: c / 2,
    "1/{}": lambda c: 1 / c,
    "-{}": np.negative,
    "1 - {}": lambda c: 1 - c,
    "1 + {}": lambda c: 1 + c,
    "10 {}": lambda c: 10 * c,
    "{}/10": lambda c: c / 10,
    "the exponential of {}": np.exp,
    "the logarithm of {}": np.log,
    "{} + 1": lambda c: c + 1,
    "{} - 1": lambda c: c - 1,
}


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each array of the data and each number of the loss: something else in its place, forward and back."""
    names = Names.of(joint)
    yield from read_otherwise_back(joint, names)
    checked = set(joint.place.values())
    numbers: dict[int, str] = {}
    for position in range(joint.forward):
        node = joint.node(position)
        if position in checked or node.op not in (INPUT, CONSTANT) or node.dtype.kind not in "fiub":
            continue
        if np.ndim(joint.values[position]) and np.size(joint.values[position]) > 1:
            name = node.name or "the data"
            if node.dtype.kind in "fu":
                yield from _of_array(joint, position, name)
            else:
                yield from _of_choice(joint, position, name)
        elif np.size(joint.values[position]) == 1 and node.dtype.kind == "f":
            numbers[position] = node.name or names.name(position)
    for position in list(numbers)[:MOST_NUMBERS]:
        yield from _of_number(joint, position, numbers)


def _of_array(joint: Joint, position: int, name: str) -> Iterator[Mutant]:
    node = joint.node(position)
    added = _added(joint, position, name)
    for says, change in ARRAYS.items():
        made = _mutant(joint, position, name, says.format(name), lambda v, c=change: c(np.asarray(v[position])))  # type: ignore[misc]
        if added and says == "-{}":
            made = replace(made, says=f"the gradient is that of a loss with {added}")
        yield made
    for other in range(joint.forward):
        there = joint.node(other)
        alike = there.op == INPUT and there.shape == node.shape and there.dtype == node.dtype
        if other > position and alike and other not in joint.place.values():
            first, second = _exchanged(position, other)
            yield Mutant(
                position,
                first,
                f"the gradient is that of a loss with {name} and {there.name or 'another array'} exchanged",
                0,
                f"the loss reads {name} there",
                f"read {name} in the gradient as in the loss",
                {other: second},
            )
        if other != position and alike:
            yield _mutant(joint, position, name, there.name or "another array", lambda v, o=other: v[o])  # type: ignore[misc]


def _added(joint: Joint, position: int, name: str) -> str:
    """ "A + B in the place of A - B", where an array stands in one sum or difference alone: with -A it is that."""
    readers = [r for r in joint.graph.consumers[position] if r < joint.forward]
    node = joint.node(readers[0]) if len(readers) == 1 else None
    if node is None or node.op not in ("add", "subtract") or len(set(node.inputs)) == 1:
        return ""
    one, other = (Names.of(joint).name(i) for i in node.inputs)
    own, turned = ("-", "+") if node.op == "subtract" else ("+", "-")
    minus = "-" if node.inputs[0] == position and node.op == "subtract" else ""
    same = " (or its negative)" if minus or node.inputs[0] == position else ""
    return f"{one} {turned} {other} in the place of {one} {own} {other}{same}"


def _of_choice(joint: Joint, position: int, name: str) -> Iterator[Mutant]:
    """A mask or an index of the data."""
    value = np.asarray(joint.values[position])
    if value.dtype.kind == "b" or not set(np.unique(value)) - {0, 1}:
        for says, change in MASKS.items():
            yield _mutant(joint, position, name, says.format(name), lambda v, c=change: c(np.asarray(v[position])))  # type: ignore[misc]
    if value.dtype.kind in "iu" and value.size and value.min() >= 0:
        top = int(value.max()) + 1
        for says, shifted in INDICES.items():
            yield _mutant(
                joint,
                position,
                name,
                says.format(name),
                lambda v, c=shifted: c(np.asarray(v[position]), top),  # type: ignore[misc]
            )


def _exchanged(one: int, other: int) -> tuple[Edit, Edit]:
    """Two values in each other's place; the first is kept until the second is asked for."""
    kept: list[Any] = []

    def first(values: Sequence[Any]) -> Any:
        kept[:] = [values[one]]
        return values[other]

    return first, lambda values: kept[0]


def _of_number(joint: Joint, position: int, numbers: dict[int, str]) -> Iterator[Mutant]:
    name = numbers[position]
    own = np.asarray(joint.values[position], float)
    exact = joint.node(position).op == CONSTANT and float(own.reshape(-1)[0]) in (0.0, 1.0, 2.0)
    for number in (*USUAL, *(SMALL if 0 < abs(float(own.reshape(-1)[0])) <= 0.1 else ())):
        yield _mutant(joint, position, name, f"{number:g}", lambda v, n=number: np.full(np.shape(v[position]), n))  # type: ignore[misc]
    for says, change in () if exact else NUMBERS.items():
        yield _mutant(joint, position, name, says.format(name), lambda v, c=change: c(np.asarray(v[position], float)))  # type: ignore[misc]
    for other, label in () if exact else numbers.items():
        if other != position and joint.node(other).op == INPUT:
            yield _mutant(joint, position, name, label, lambda v, o=other: np.reshape(v[o], np.shape(v[position])))  # type: ignore[misc]


def _mutant(joint: Joint, position: int, name: str, instead: str, edit: Callable[[Sequence[Any]], Any]) -> Mutant:
    shape, kind = joint.node(position).shape, joint.node(position).dtype

    def full(values: Sequence[Any]) -> Any:
        made = np.asarray(edit(values))
        return np.broadcast_to(made.astype(kind) if kind.kind in "fb" else made, shape)

    return Mutant(
        position,
        full,
        f"the gradient is that of a loss with {instead} in the place of {name}",
        0,
        f"the loss reads {name} there",
        f"read {name} in the gradient as in the loss",
    )


CAUSE = Cause(
    code="GW266",
    name="read otherwise",
    summary="The gradient reads the data, or a number of the loss, otherwise than the loss does.",
    explain="The formulas are right, and the gradient is that of the same loss with something else in it: labels "
    "turned round or of -1 and 1, data that are centred, shifted by a row or rounded, a margin or limit of 1 where the "
    "loss has another, another small number, angles in degrees, two numbers exchanged.",
    broken="""
import numpy as np

def loss(w, x, y):
    return np.sum((x @ w - y) ** 2)

def gradient(w, x, y):
    return 2 * x.T @ (x @ w - (y - y.mean()))
""",
    mended="""
def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y)
""",
    mutants=mutants,
    rank=44,
    bugs=(28,),
)
