"""Where a number stopped being finite: in the data, on the way to the loss, or on the way back to a slope.

Rows are counted from 1 here, among all rows of the data; a part of large data, a shard or a batch knows its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.errors import DataError
from gradwork.gradients.backprop import backpropagate
from gradwork.graph.graph import Graph
from gradwork.graph.run import run, spread
from gradwork.graph.trace import trace_call

if TYPE_CHECKING:
    from gradwork.descent.problem import Leaves, Problem

Array = np.ndarray[Any, Any]


def check_data(name: str, value: Any, before: int = 0, chunk: int | None = None) -> None:
    """Raise DataError, with the row, for what is no number and for numbers that are not finite.

    before: how many rows stand before these.    chunk: which chunk they are, from 0.
    """
    array = np.asarray(value)
    with np.errstate(all="ignore"):
        total = np.sum(array, dtype=np.float64) if array.dtype.kind == "f" else 0.0
    if array.dtype.kind not in "fiub":
        hint = "numbers, or a file of them: np.save(file, x)"
        if array.dtype.kind not in "US":
            hint = f"{name} as an array of numbers: np.asarray(values, dtype=float)"
        raise DataError(f"{name} is not numbers", why=f"its type is {array.dtype}", hint=hint)
    if array.dtype.kind != "f" or np.isfinite(total) or np.all(np.isfinite(array)):
        return
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    if not place:
        raise DataError(f"{name} is {array}", hint="a number")
    column = f", column {', '.join(str(i + 1) for i in place[1:])}" if place[1:] else ""
    of_chunk = f" (row {place[0] + 1} of chunk {chunk + 1})" if chunk is not None else ""
    raise DataError(
        f"{name} is {array[place]} in row {before + place[0] + 1}{column}{of_chunk}",
        why="a loss that hangs on it has no slope (rows are counted from 1 here)",
        hint="leave that row out, or fill in a number",
    )


def fault(problem: Problem, leaves: Leaves, batch: Sequence[Any], rows: Any = None) -> str:
    """Where in the loss or its gradient a number stopped being finite: the op, the line, and the row where it has one.

    batch: the data; nothing for all rows of a large problem.
    rows:  which rows of the data the batch is, from 0, where it is not all of them.
    """
    parts = getattr(problem, "numbered_parts", None)
    if not batch and parts is not None:
        for part, numbers in parts():
            with np.errstate(all="ignore"):
                value, slopes = problem.value_and_gradient(leaves, part)
            if not (np.isfinite(value) and all(np.all(np.isfinite(s)) for s in slopes)):
                return fault(problem, leaves, part, numbers)
        return "every part of the rows is finite, and their sum is not"
    if rows is None and problem.numbers is not None:
        rows = problem.numbers
    elif rows is not None and problem.numbers is not None and parts is None:
        rows = problem.numbers[rows]
    return _in_graph(problem, leaves, batch, rows)


def _in_graph(problem: Problem, leaves: Leaves, batch: Sequence[Any], rows: Any) -> str:
    with np.errstate(all="ignore"):
        traced = trace_call(lambda at, *data: problem.f(problem.params(at), *data), (leaves, *batch), {})
        inputs = [i for i in traced.argument(0).inputs if traced.graph.nodes[i].dtype.kind == "f"]
        back = backpropagate(traced.graph, inputs, traced.values).graph
        values = run(back, [traced.values[i] for i in traced.graph.inputs]).values
    forward = len(traced.graph.nodes)
    for position in range(len(back.nodes)):
        place = _first_odd(back, values, position)
        if place is None:
            continue
        if position < forward:
            return _told(back, position, place, "gives", values[position], rows)
        came_from = back.nodes[position].origin.node
        if came_from is not None and came_from < forward:
            return _told(back, came_from, place, "has the slope", values[position], rows)
        return "a slope is not finite, and every number on the way to the loss is"
    return "a slope is not finite, and every number on the way to the loss is"


def _first_odd(graph: Graph, values: Sequence[Any], position: int) -> tuple[int, ...] | None:
    value = np.asarray(spread(np.asarray(values[position]), graph.nodes[position].shape))
    if value.dtype.kind != "f" or np.all(np.isfinite(value)):
        return None
    return tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])


def _told(graph: Graph, position: int, place: tuple[int, ...], verb: str, value: Any, rows: Any) -> str:
    node = graph.nodes[position]
    number = np.asarray(spread(np.asarray(value), node.shape if np.ndim(value) == 0 else np.shape(value)))[place]
    size = node.shape[0] if node.shape else 0
    row = ""
    if place:
        of_data = rows is not None and size == len(rows)
        row = f", row {int(rows[place[0]]) + 1 if of_data else place[0] + 1}"
    where = f" ({node.where})" if node.where is not None else ""
    named = f", in {node.name}" if node.name else ""
    what = "a parameter" if node.op == "input" and position in graph.inputs and not node.name else node.op
    return f"{node.name if node.op == 'input' and node.name else what} {verb} {number:g}{row}{where}" + (
        "" if node.op == "input" else named
    )
