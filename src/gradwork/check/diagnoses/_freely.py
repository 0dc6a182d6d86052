"""The way back with values of other shapes in it, spread as NumPy spreads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op, spread


def freely(joint: Joint, values: Sequence[Any], edits: Mapping[int, Edit]) -> dict[str, Array]:
    """The gradients when some nodes have other values, of whatever shape.

    Raises ValueError where the shapes do not fit in the end.
    """
    nodes = joint.graph.nodes
    found, changed = [values[i] for i in range(len(nodes))], set[int]()
    for position in range(min(edits), len(nodes)):
        node = nodes[position]
        if position in edits:
            value = np.asarray(edits[position](found))
        elif node.op in (INPUT, CONSTANT) or not any(i in changed for i in node.inputs):
            continue
        else:
            shapes = [np.shape(found[i]) if i in changed else nodes[i].shape for i in node.inputs]
            value = apply_op(REGISTER.named(node.op), [found[i] for i in node.inputs], shapes, node.params)
        found[position] = value
        changed.add(position)
    return {name: np.asarray(spread(np.asarray(found[i]), nodes[i].shape)) for name, i in joint.slope.items()}


def slopes_by(joint: Joint, work: Callable[[Sequence[Any]], Mapping[str, Array]]) -> tuple[int, Edit, dict[int, Edit]]:
    """One node with its edit, and the others with theirs, that put worked-out gradients in place of all slopes."""
    made: dict[str, Any] = {}

    def of(name: str) -> Edit:
        def edit(values: Sequence[Any]) -> Any:
            if made.get("values") is not values:
                made["values"], made["slopes"] = values, work(values)
            return made["slopes"][name]

        return edit

    (first, name), *others = sorted((node, name) for name, node in joint.slope.items() if node >= joint.forward)
    return first, of(name), {node: of(n) for node, n in others}
