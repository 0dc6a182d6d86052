"""A small loss, nudged, as straight-line Python on single numbers: for tiny networks, where calls of NumPy cost most.

The loss is written out once at the point and once for each nudged entry; what two of them have in common is written
once. Numbers and their text are those of compiled programs (`gradwork.lowering.numbers`).

Source: straight-line programs, Griewank and Walther, Evaluating Derivatives, 2008, section 2.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwork.graph.graph import Graph
from gradwork.lowering.compiled_form import CompiledForm, compiled_form
from gradwork.lowering.numbers import MATH, Numbers, Table, Text, TooLarge, tables_of
from gradwork.lowering.numpy_program import compiled_text

POINT, NUDGED = "p", "q"


def straight_line(
    graph: Graph, values: Sequence[Any], inputs: Sequence[int]
) -> Callable[[list[float], float], Any] | None:
    """`slopes(point, h)`: the loss at the point, and the one-way slope of every entry of `inputs`, in one row.

    point: the entries of `inputs` in one row; all other inputs stay as they are in `values`. None where the graph is
    too large, or has an op that is not written for single numbers. The function made raises ArithmeticError or
    ValueError where NumPy would give infinity or nan.
    """
    output = graph.nodes[graph.outputs[0]]
    if output.shape != () or graph.guards or any(values[i].dtype != np.float64 for i in inputs):
        return None
    form = compiled_form(graph)
    given = dict(zip(graph.inputs, form.graph.inputs, strict=True))
    sizes = [math.prod(graph.nodes[i].shape) for i in inputs]
    starts = dict(zip((given[i] for i in inputs), np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    known = {given[i]: np.broadcast_to(values[i], graph.nodes[i].shape) for i in graph.inputs}
    numbers = Numbers()
    try:
        # The numbers at the point come first: what a nudge leaves alone is then found there.
        before = _tables(numbers, form, starts, known, None)
        after = [_tables(numbers, form, starts, known, k) for k in range(sum(sizes))]
    except TooLarge:
        return None
    return _compiled(numbers, form, before, [int(t[form.graph.outputs[0]]) for t in after])


def _tables(
    numbers: Numbers, form: CompiledForm, starts: dict[int, int], known: dict[int, Any], nudged: int | None
) -> list[Table]:
    """The numbers of every node, with one entry nudged."""

    def entry(position: int, k: int) -> int:
        if position not in starts:
            return numbers.constant(known[position].reshape(-1)[k].item())
        k += starts[position]
        return numbers.number("entry", NUDGED if k == nudged else POINT, k)

    return tables_of(numbers, form.graph, entry)


def _compiled(
    numbers: Numbers, form: CompiledForm, before: list[Table], after: list[int]
) -> Callable[[list[float], float], Any]:
    loss = int(before[form.graph.outputs[0]])
    careful = [int(n) for i in form.careful for n in before[i].reshape(-1)]
    text = Text(numbers, lambda kind, k: f"{kind}{k}", [loss, *after, *careful])
    count = len(after)
    if count:
        text.lines.append(f"{', '.join(f'{POINT}{k}' for k in range(count))}, = point")
    text.lines += [f"{NUDGED}{k} = {POINT}{k} + h" for k in range(count)]
    for n in careful:
        test = text.of(n)
        text.lines.append(f"if not {test}: raise ArithmeticError")
    here = text.of(loss)
    text.lines.append(f"loss = {here}")
    slopes = [f"({text.of(n)} - loss)/({NUDGED}{k} - {POINT}{k})" for k, n in enumerate(after)]
    body = "\n".join(f"    {line}" for line in [*text.lines, f"return loss, [{', '.join(slopes)}]"])
    return compiled_text(f"def slopes(point, h):\n{body}\n", "slopes", MATH)
