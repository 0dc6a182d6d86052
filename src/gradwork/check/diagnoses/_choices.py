"""What a loss picks and compares, written otherwise: other rows of the data at every turn of a loop."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np

from gradwork.check.diagnoses._rewritten import Steps, Write
from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names
from gradwork.check.turns import Turns
from gradwork.graph.graph import CONSTANT, INPUT

MOST_MEMBERS, MOST_MASKS = 60, 4
COMPARING: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "greater": (">", np.greater),
    "greater_equal": (">=", np.greater_equal),
    "less": ("<", np.less),
    "less_equal": ("<=", np.less_equal),
}
Ways = Iterator[tuple[str, Callable[[int], Write]]]


def other_choices(joint: Joint, names: Names) -> Iterator[tuple[str, dict[int, Write], int]]:
    """Comparisons with another sign, masks that pick other rows, slices that are not cut off: in words, and how."""
    groups: dict[Hashable, list[int]] = {}
    keys = Turns.of(joint).loose
    for position in range(joint.forward):
        op = joint.node(position).op
        if op in COMPARING or (op == "getitem" and position not in joint.adjoint and is_cut(joint, position)):
            groups.setdefault(keys[position], []).append(position)
    for members in groups.values():
        if len(members) > MOST_MEMBERS:
            continue
        first = members[0]
        ways = _compared(joint, names, first) if joint.node(first).op in COMPARING else _uncut(joint, names, first)
        several = f", and so each of the {len(members)} times that this line runs" if len(members) > 1 else ""
        for says, write in ways:
            yield f"{says}{several}", {m: write(m) for m in members}, first


def _value(steps: Steps, position: int) -> Array:
    return np.asarray(steps.builder.values[steps.at.get(position, position)])


def _compared(joint: Joint, names: Names, first: int) -> Ways:
    node = joint.node(first)
    one, other = (names.name(i) for i in node.inputs)
    own = COMPARING[node.op][0]
    for sign, function in COMPARING.values():
        if sign == own:
            continue
        if sign == own[:1] and len(own) == 2:
            yield f"{one} {sign} {other} in the place of {one} {own} {other}", _by(joint, function, kept=True)
        yield f"{one} {sign} {other} in the place of {one} {own} {other}", _by(joint, function)
    readers = (joint.node(r) for r in joint.graph.consumers[first])
    if not any(reader.op == "getitem" and first in reader.inputs[1:] for reader in readers):
        return
    yield f"all entries in the place of those with {one} {own} {other}", _masked(lambda mask: np.ones_like(mask))
    for position in _masks(joint, node.shape):
        name, chosen = names.name(position), np.asarray(joint.value(position)) == 1
        yield (
            f"those with {one} {own} {other} and {name} in the place of those with {one} {own} {other}",
            _masked(lambda mask, chosen=chosen: mask & chosen if (mask & chosen).any() else mask),  # type: ignore[misc]
        )


def _by(joint: Joint, function: Callable[[Any, Any], Any], kept: bool = False) -> Callable[[int], Write]:
    """Compared with another sign.  kept: but as it was where nothing would be left."""

    def of(position: int) -> Write:
        one, other = joint.node(position).inputs

        def write(steps: Steps) -> Any:
            made = np.broadcast_to(function(_value(steps, one), _value(steps, other)), joint.node(position).shape)
            return np.array(made) if made.any() or not kept else np.array(_value(steps, position))

        return write

    return of


def _masked(change: Callable[[Array], Array]) -> Callable[[int], Write]:
    return lambda position: lambda steps: change(np.array(_value(steps, position), bool))


def _masks(joint: Joint, shape: tuple[int, ...]) -> list[int]:
    """Data of zeros and ones of this shape."""
    found = []
    for position in range(joint.forward):
        node = joint.node(position)
        given = node.op in (INPUT, CONSTANT) and node.shape == shape and node.dtype.kind in "fiub" and shape
        if given and position not in joint.place.values() and set(np.unique(joint.values[position])) == {0, 1}:
            found.append(position)
    return found[:MOST_MASKS]


def is_cut(joint: Joint, position: int) -> bool:
    """Whether data are cut off at a length, as padded rows are."""
    node = joint.node(position)
    parts = [k for k in node.params["index"] if isinstance(k, slice)]
    whole = len(node.inputs) == 1 and node.dtype.kind in "iuf"
    return whole and bool(node.shape) and any(k.stop is not None or k.start is not None for k in parts)


def _uncut(joint: Joint, names: Names, first: int) -> Ways:
    def of(position: int) -> Write:
        node = joint.node(position)
        key = tuple(slice(None) if isinstance(k, slice) else k for k in node.params["index"])
        return lambda steps: np.array(_value(steps, node.inputs[0])[key])

    name = names.name(joint.node(first).inputs[0])
    yield f"whole rows of {name} in the place of {names.name(first)}", of
