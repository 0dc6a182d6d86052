"""A result with the numbers put in: for a mean or a sum, row by row; else once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwork.gradients.lines import Lines
from gradwork.gradients.reading import inner, read, table
from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.run import Run
from gradwork.notation.document import Equation
from gradwork.notation.layout import Layout, Number, Words, equation

_ROWS = 3


def numbers_put_in(graph: Graph, position: int, lines: Lines, run: Run) -> tuple[Equation, ...]:
    """The equations that lead from the values of the names to the value of node `position`."""
    node = graph.nodes[position]
    value = run[position]
    if node.op in ("mean", "sum") and not node.shape and len(graph.nodes[node.inputs[0]].shape) in (1, 2):
        return _row_by_row(graph, position, lines, run)
    if np.ndim(value):
        return ()
    put_in = read(graph, position, dict(_leaves(graph, position, lines, run, None)))
    if isinstance(put_in, Number):
        return ()
    at = [
        f"{n.name} = {run[i].item():.6g}" for i, n in enumerate(graph.nodes) if n.op == INPUT and np.ndim(run[i]) == 0
    ]
    return (Equation(equation(put_in, Number(float(value))), note=f"at {', '.join(at)}" if at else ""),)


def _row_by_row(graph: Graph, position: int, lines: Lines, run: Run) -> tuple[Equation, ...]:
    node = graph.nodes[position]
    (body,) = node.inputs
    shape = graph.nodes[body].shape
    places = [np.unravel_index(k, shape) for k in range(min(_ROWS, int(np.prod(shape))))]
    rows = []
    for place in places:
        put_in = read(graph, body, dict(_leaves(graph, body, lines, run, place)))
        own = Number(float(np.asarray(run[body])[place]))
        label = (
            "row " + ", ".join(str(int(i) + 1) for i in place)
            if len(place) == 1
            else "entry " + ", ".join(str(int(i) + 1) for i in place)
        )
        rows.append(Equation(put_in if isinstance(put_in, Number) else equation(put_in, own), note=label))
    count = int(np.prod(shape))
    left = Words(f"{node.op} over all {count} {'rows' if len(shape) == 1 else 'entries'}")
    return (*rows, Equation(equation(left, Number(float(run[position])))))


def _leaves(graph: Graph, position: int, lines: Lines, run: Run, place: Any) -> Iterator[tuple[int, Layout]]:
    """What names stand for, at one place of an array or as a whole."""
    names = lines.spelled_out()
    for i, node in enumerate(graph.nodes[: position + 1]):
        if i not in names and node.op not in (INPUT, CONSTANT):
            if node.op == "broadcast_to" and place is not None and inner(graph, i) not in names:
                continue
            if node.op == "broadcast_to" and place is not None:
                yield i, Number(_at(run[i], place))
            continue
        if node.op == CONSTANT and i not in names:
            continue
        value = run[i]
        if np.ndim(value) == 0:
            yield i, Number(np.asarray(value).item())
        elif place is not None and np.shape(value) == np.shape(run[position]):
            yield i, Number(_at(value, place))
        else:
            yield i, table(value)


def _at(value: Any, place: Any) -> Any:
    return np.asarray(value)[place].item()
