"""Data that the way back reads otherwise than the forward pass: shifted, in reverse, the first row for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Mutant
from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op

MOST_READERS, MOST_STEPS = 400, 6
CHANGES: dict[str, Callable[[Array], Array]] = {
    "the first row of {}, for all rows,": lambda d: np.broadcast_to(d[:1], d.shape),
    "the last row of {}, for all rows,": lambda d: np.broadcast_to(d[-1:], d.shape),
    "the mean of the rows of {}, for all rows,": lambda d: np.broadcast_to(np.mean(d, 0), d.shape),
    "{} with its rows in reverse": lambda d: np.flip(d, 0),
    "{} with its columns in reverse": lambda d: np.flip(d, -1),
    "{} with its rows one on": lambda d: np.roll(d, 1, 0),
    "{} with its rows one back": lambda d: np.roll(d, -1, 0),
    "{} with its columns one on": lambda d: np.roll(d, 1, -1),
    "{} with its columns one back": lambda d: np.roll(d, -1, -1),
    "{} with its last two axes exchanged": lambda d: np.swapaxes(d, -1, -2),
    "the size of {}": np.abs,
    "{} less the means of its columns": lambda d: d - np.mean(d, 0),
}


def read_otherwise_back(joint: Joint, names: Names) -> Iterator[Mutant]:
    """At all places together at which the way back reads one array of the data, or parts of it."""
    for source in range(joint.forward):
        node = joint.node(source)
        given = node.op in (INPUT, CONSTANT) and len(node.shape) > 1 and node.dtype.kind == "f"
        if not given or source in joint.place.values():
            continue
        chains = _chains(joint, source)
        readers = [r for at in chains for r in joint.graph.consumers[at] if r >= joint.forward]
        if not 0 < len(readers) <= MOST_READERS:
            continue
        name = node.name or "the data"
        for says, change in CHANGES.items():
            if _shape_of(change, node.shape) != node.shape:
                continue
            edits = {r: _reading(joint, r, chains, change) for r in sorted(set(readers))}
            first, *rest = edits
            yield Mutant(
                first,
                edits[first],
                f"the way back reads {says.format(name)} where {name} belongs",
                0,
                f"the loss reads {name} there",
                f"read {name} as going forward",
                {r: edits[r] for r in rest},
            )


def _shape_of(change: Callable[[Array], Array], shape: tuple[int, ...]) -> tuple[int, ...]:
    return np.shape(change(np.zeros(shape)))


def _chains(joint: Joint, source: int) -> dict[int, list[int]]:
    """The array itself and what is picked or turned out of it alone, each with the steps that lead there."""
    found: dict[int, list[int]] = {source: []}
    for position in range(source + 1, joint.forward):
        node = joint.node(position)
        alone = len(node.inputs) == 1 and node.inputs[0] in found and node.op in ("getitem", "transpose", "reshape")
        if alone and len(found[node.inputs[0]]) < MOST_STEPS:
            found[position] = [*found[node.inputs[0]], position]
    return found


def _reading(joint: Joint, position: int, chains: dict[int, list[int]], change: Callable[[Array], Array]) -> Edit:
    node = joint.node(position)
    source = next(iter(chains))

    def edit(values: Sequence[Any]) -> Any:
        arguments = [
            _worked(joint, chains[i], change(np.asarray(values[source]))) if i in chains else values[i]
            for i in node.inputs
        ]
        return np.broadcast_to(_done(joint, position, arguments), node.shape)

    return edit


def _worked(joint: Joint, steps: list[int], value: Array) -> Any:
    for step in steps:
        value = _done(joint, step, [value])
    return value


def _done(joint: Joint, position: int, arguments: list[Any]) -> Any:
    node = joint.node(position)
    return apply_op(REGISTER.named(node.op), arguments, [joint.node(i).shape for i in node.inputs], node.params)
