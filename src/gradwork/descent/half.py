"""One of the two halves of the rows in which a step is worked out, as a function: see `halves.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwork.descent.bias_rows import joined
from gradwork.descent.problem import Array, Problem
from gradwork.descent.program import Memory
from gradwork.lowering.compiled_form import compiled_form
from gradwork.lowering.loop_body import LoopBody
from gradwork.lowering.loop_form import known_data, loop_form
from gradwork.lowering.numpy_program import Careful, compiled_text


def half_of(problem: Problem, memory: Memory, rows: slice, gradient: Array) -> Callable[[], float] | None:
    """A function that works out loss and gradient of some rows, the latter into `gradient`; None without one."""
    batch, floats = problem.batch(rows), memory.dtype == np.float64
    program = problem.gradient_program(batch)
    graph, count = program.graph, len(problem.start)
    if graph.guards or program.moving or not all(program.slots.taken[:count]):
        return None
    given = [value for value, taken in zip(batch, program.slots.taken[count:], strict=True) if taken]
    typed = zip(graph.inputs[count:], given, program.slots.dtypes[count:], strict=True)
    form = loop_form(compiled_form(known_data(graph, {i: np.asarray(v, dtype) for i, v, dtype in typed})))
    if len(set(form.graph.outputs)) < len(form.graph.outputs):
        return None
    layers = joined(form)
    form = layers.form
    bound: dict[str, Any] = {"np": np, "Careful": Careful}
    weights, slopes = (memory.joined(vector, layers.leaves) for vector in (memory.weights, gradient))
    names = [f"{k}" for k, _ in layers.leaves]
    bound.update({f"leaf{k}": view for k, view in zip(names, weights, strict=True)})
    bound.update({f"slope{k}": view for k, view in zip(names, slopes, strict=True)})
    leaves, (loss, *ends) = form.graph.inputs, form.graph.outputs
    called = {i: f"leaf{k}" if view.ndim else f"p{k}" for i, k, view in zip(leaves, names, weights, strict=False)}
    into = {i: (f"slope{k}", view) for i, k, view in zip(ends, names, slopes, strict=True)}
    for position, array in layers.read.items():
        called[position] = f"ones_below{position}"
        bound[called[position]] = array
    for position, part in layers.filled.items():
        into[position] = (f"filled{position}", part)
        bound[f"filled{position}"] = part
    body = LoopBody(form, "t", bound, called, dict(zip(leaves, weights, strict=False)), into, floats, [])
    read = ".item()" if floats else "[()]"
    numbers = [f"p{k} = leaf{k}{read}" for k, view in zip(names, weights, strict=True) if not view.ndim]
    lines = [*numbers, *body.body(), f"return float({body.names[loss]})"]
    return compiled_text("def half():\n" + "".join(f"    {line}\n" for line in lines), "half", bound)
