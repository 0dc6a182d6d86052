"""Where values stand at a corner, the slope is a convention: this says which, where it mattered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.op import REGISTER, Kink, Op
from gradwork.graph.run import Run
from gradwork.notation.numbers import decimal_text


def corner_notes(graph: Graph, run: Run, wrt: Sequence[int]) -> Iterator[str]:
    """A sentence for each corner that values of `run` stand at, on the way from `wrt` to the outputs.

    >>> import gradwork as gw
    >>> graph = gw.trace("relu(x)", x=0.0)
    >>> list(corner_notes(graph, graph.run(0.0), [0]))
    ['relu stands at a corner: slope 0 on one side, 1 on the other; 0 is taken (a unit at rest stays at rest)']
    """
    moving = graph.depends_on(wrt)
    for position, node in enumerate(graph.nodes):
        if not moving[position] or node.op in (INPUT, CONSTANT):
            continue
        op = REGISTER.named(node.op)
        values = [np.asarray(run[i]) for i in node.inputs]
        said: set[str] = set()
        for kink in op.kinks:
            count = _at_corner(op, kink, values) if moving[node.inputs[kink.path]] else 0
            name = f"{node.op} in {node.name}" if node.name else node.op
            sentence = _sentence(name, count, int(np.size(run[position])), kink)
            if count and sentence not in said:
                said.add(sentence)
                yield sentence


def _at_corner(op: Op, kink: Kink, values: Sequence[Any]) -> int:
    """How many entries stand at the corner. One largest entry alone is no tie."""
    with np.errstate(all="ignore"):
        count = int(np.count_nonzero(kink.at(*values)))
    return count if op.elementwise or count > 1 else 0


def _sentence(name: str, count: int, size: int, kink: Kink) -> str:
    entries = f" in {count} of {size} entries" if size > 1 else ""
    sides = f"slope {decimal_text(kink.left)} on one side, {decimal_text(kink.right)} on the other"
    return f"{name} stands at a corner{entries}: {sides}; {decimal_text(kink.chosen)} is taken ({kink.because})"
