"""How many there are of what: rows, entries, ones in a mask, uses of a parameter. Factors come from these."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.diagnoses._paths import ends_of
from gradwork.check.evidence import Evidence, Joint
from gradwork.graph.graph import CONSTANT, INPUT

_COUNTS: Beside[Evidence, list[tuple[int, str]]] = Beside()


def counts(evidence: Evidence) -> list[tuple[int, str]]:
    """Lengths that a factor may come from, the likelier ones first, each with what there are that many of."""
    if evidence not in _COUNTS:
        found: dict[int, str] = {}
        for count, what in _all_counts(evidence):
            if count > 1:
                found.setdefault(count, what)
        _COUNTS[evidence] = list(found.items())
    return _COUNTS[evidence]


def _all_counts(evidence: Evidence) -> Iterator[tuple[int, str]]:
    first = [*_of_reductions(evidence), *((n, what) for n, what, _ in masks_of(evidence)), *_of_data(evidence)]
    yield from first
    yield from _of_uses(evidence)
    several = list(dict.fromkeys((n, what) for n, what in first if n > 1))[:6]
    for (a, one), (b, other) in itertools.combinations(several, 2):
        if a != b:
            yield a * b, f"{one} times the {other}"
    yield from _of_parameters(evidence)


def masks_of(evidence: Evidence) -> Iterator[tuple[int, str, int]]:
    """How many entries a mask in the data lets through: the tokens that are there, the rows that have a label.

    The last number is how many there are in all.
    """
    joint = evidence.joint
    if joint is None:
        return
    checked = set(joint.place.values())
    for position in range(joint.forward):
        node = joint.node(position)
        given = node.op in (INPUT, CONSTANT) and position not in checked and node.dtype.kind in "fiub"
        value = np.asarray(joint.values[position])
        if given and value.ndim and value.size > 1 and np.all((value == 0) | (value == 1)) and np.any(value):
            name = node.name or "the data"
            yield int(np.sum(value)), f"ones in {name}", value.size
            if value.ndim > 1:
                yield int(np.sum(np.any(value, axis=-1))), f"rows of {name} with a one", len(value)


def _of_uses(evidence: Evidence) -> Iterator[tuple[int, str]]:
    """How often a parameter is used: at each turn of a loop, at each place of a window."""
    joint = evidence.joint
    for name in evidence.fitting if joint is not None else ():
        uses = ends_of(joint, joint.slope[name], math.inf) if name in joint.slope else []  # type: ignore[arg-type, union-attr]
        if len(uses) > 2:
            yield len(uses), f"uses of {name}"


def _of_reductions(evidence: Evidence) -> Iterator[tuple[int, str]]:
    joint = evidence.joint
    if joint is None:
        return
    moving = joint.graph.depends_on(list(joint.place.values()))
    for op in ("mean", "sum"):
        for position in range(joint.forward - 1, -1, -1):
            node = joint.node(position)
            if node.op == op and moving[position]:
                inside = joint.node(node.inputs[0]).shape
                lengths = [inside[a] for a in node.params["axis"]]
                yield int(np.prod(lengths, dtype=np.int64)), f"entries that the {op} is over"
                if len(lengths) > 1 and lengths[0] > 1:
                    yield lengths[0], f"rows that the {op} is over"


def _of_data(evidence: Evidence) -> Iterator[tuple[int, str]]:
    shapes: list[tuple[str, tuple[int, ...]]] = []
    joint = evidence.joint
    if joint is not None:
        checked = set(joint.place.values())
        inputs = [i for i in joint.graph.inputs if i not in checked]
        shapes += [(joint.node(i).name or "the data", joint.node(i).shape) for i in inputs]
        arrays = [i for i in range(joint.forward) if joint.node(i).op == CONSTANT and np.ndim(joint.values[i])]
        shapes += [("the data", joint.node(i).shape) for i in arrays]
    else:
        values = {id(leaf.value) for leaf in evidence.leaves}
        for value in [*evidence.call[0], *evidence.call[1].values()]:
            if isinstance(value, np.ndarray) and id(value) not in values:
                shapes.append(("the data", value.shape))
    for axis in range(max((len(s) for _, s in shapes), default=0)):
        for name, shape in shapes:
            if axis < len(shape):
                yield shape[axis], f"{_lines(axis)} of {name}"


def _of_parameters(evidence: Evidence) -> Iterator[tuple[int, str]]:
    for leaf in evidence.leaves:
        for axis, length in enumerate(leaf.shape):
            yield length, f"{_lines(axis) if len(leaf.shape) > 1 else 'entries'} of {leaf.name}"


def _lines(axis: int) -> str:
    return {0: "rows", 1: "columns"}.get(axis, f"places on axis {axis}")


def totals(evidence: Evidence) -> Iterator[tuple[float, str]]:
    joint = evidence.joint
    checked = set(joint.place.values()) if joint is not None else ()
    for position in joint.graph.inputs if joint is not None else ():
        node = joint.node(position)  # type: ignore[union-attr]
        value = np.asarray(joint.values[position])  # type: ignore[union-attr]
        if position not in checked and value.ndim and value.size > 1 and node.dtype.kind in "fiub" and node.name:
            total = float(np.sum(value))
            if np.all(value >= 0) and np.isfinite(total) and total > 0:
                yield total, node.name


def let_through(evidence: Evidence) -> list[tuple[int, str]]:
    """How many entries a relu, a clip or a choice of the loss lets through, where it is not all of them."""
    joint = evidence.joint
    if joint is None:
        return []
    found: dict[int, str] = {}
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op in ("greater", "less", "greater_equal", "less_equal") and node.shape:
            count, size = int(np.sum(joint.value(position))), int(np.prod(node.shape))
            if 1 < count < size:
                found.setdefault(count, "entries that its mask lets through")
                found.setdefault(size - count, "entries that its mask does not let through")
        elif node.op in ("maximum", "minimum") and node.shape:
            one, other = (joint.value(i) for i in node.inputs)
            value = joint.value(position)
            constant = one if np.ptp(one) == 0 else other
            count, size = int(np.sum(value != constant)), int(np.prod(node.shape))
            if 1 < count < size:
                found.setdefault(count, f"entries that the {node.op} lets through")
    return [(n, what) for n, what in found.items() if n > 1]


_DIVISORS: Beside[Joint, list[float]] = Beside()


def divides_by(evidence: Evidence, count: int) -> bool:
    """Whether the loss divides by this count, or by a multiple of it; where it cannot be read, any may be."""
    joint = evidence.joint
    if joint is None:
        return True
    if joint not in _DIVISORS:
        _DIVISORS[joint] = [v for v in _divisors(joint) if np.isfinite(v) and v > 1]
    return any(abs(v / count - round(v / count)) < 1e-9 * v and round(v / count) for v in _DIVISORS[joint])


def _divisors(joint: Joint) -> Iterator[float]:
    """What is divided by: the number of entries of a mean, a number below the line, one over a factor."""
    for position in range(joint.forward):
        node = joint.node(position)
        if any(np.asarray(joint.values[i]).dtype.kind not in "fiub" for i in node.inputs):
            continue
        if node.op in ("mean", "var", "std"):
            inside = joint.node(node.inputs[0]).shape
            yield float(np.prod([inside[a] for a in node.params["axis"]], dtype=np.int64))
        numbers = [abs(float(np.reshape(joint.values[i], -1)[0])) for i in node.inputs if np.size(joint.values[i]) == 1]
        if node.op == "divide" and np.size(joint.values[node.inputs[1]]):
            yield from {abs(float(v)) for v in np.reshape(joint.values[node.inputs[1]], -1)[:64].astype(float)}
        elif node.op == "multiply":
            yield from (1.0 / v for v in numbers if v)
        elif node.op == "reciprocal":
            yield from numbers
