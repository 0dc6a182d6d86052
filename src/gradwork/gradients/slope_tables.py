"""Whole tables of slopes: every output by every input, row by row, column by column, or in one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwork.gradients.backprop import sweep
from gradwork.gradients.forward import sweep_forward
from gradwork.gradients.many import along_units
from gradwork.gradients.traced_slopes import results, slopes_at_inputs
from gradwork.graph.builder import Builder
from gradwork.graph.graph import Origin
from gradwork.graph.trace import Trace
from gradwork.graph.traced import Traced


def jacobian_blocks(traced: Trace, builder: Builder, outputs: Sequence[int], inputs: Sequence[int]) -> list[list[Any]]:
    """For each output, its table of slopes by each input: arrays of output shape + input shape."""
    if any(isinstance(s, Traced) for s in traced.sources):
        return _whole_table(traced, builder, outputs, inputs)
    rows = sum(math.prod(builder.shape(i)) for i in outputs)
    columns = sum(math.prod(builder.shape(i)) for i in inputs)
    if columns < rows and all(builder.dtype(i).kind == "f" for i in (*inputs, *outputs)):
        return _column_by_column(traced, builder, outputs, inputs)
    return [_row_by_row(traced, builder, output, inputs) for output in outputs]


def _row_by_row(traced: Trace, builder: Builder, output: int, inputs: Sequence[int]) -> list[Any]:
    """One pullback an entry of the output."""
    shape = builder.shape(output)
    block = [np.zeros((math.prod(shape), *builder.shape(i)), _real_dtype(builder, i)) for i in inputs]
    if math.prod(shape):
        back = builder.fork()
        start = back.input(np.ones(shape, _real_dtype(builder, output))[()], "cotangent")
        pulled = back.graph(slopes_at_inputs(back, sweep(back, {output: Traced(back, start)}, inputs), inputs))
        for turn, slopes in along_units(pulled, traced.sources, builder.values, shape, _real_dtype(builder, output)):
            for target, slope in zip(block, slopes, strict=True):
                target[turn] = slope
    return [b.reshape(shape + b.shape[1:])[()] for b in block]


def _column_by_column(
    traced: Trace, builder: Builder, outputs: Sequence[int], inputs: Sequence[int]
) -> list[list[Any]]:
    """One pushforward an entry of the inputs, for all outputs at once."""
    blocks = [[np.zeros(builder.shape(o) + builder.shape(i), builder.dtype(i)) for i in inputs] for o in outputs]
    for k, i in enumerate(inputs):
        ahead = builder.fork()
        shape, dtype = builder.shape(i), builder.dtype(i)
        start = Traced(ahead, ahead.input(np.ones(shape, dtype)[()], "tangent"))
        moved = sweep_forward(ahead, {i: start}, max(outputs), outputs)
        pushed = ahead.graph(slopes_at_inputs(ahead, moved, outputs))
        for turn, moves in along_units(pushed, traced.sources, builder.values, shape, dtype):
            for block, slope in zip(blocks, moves, strict=True):
                flat = block[k].reshape(*slope.shape[1:], math.prod(shape))
                flat[..., turn] = np.moveaxis(slope, 0, -1)
    return [[b[()] for b in row] for row in blocks]


def _whole_table(traced: Trace, builder: Builder, outputs: Sequence[int], inputs: Sequence[int]) -> list[list[Any]]:
    """The whole table as one graph, added to the outer trace."""
    tables: list[int] = []
    for output in outputs:
        shape = builder.shape(output)
        rows: list[list[Traced]] = [[] for _ in inputs]
        for unit in _units(shape, _real_dtype(builder, output)):
            start = Traced(builder, builder.constant(unit))
            at = slopes_at_inputs(builder, sweep(builder, {output: start}, inputs), inputs)
            for row, slope in zip(rows, at, strict=True):
                row.append(Traced(builder, slope))
        for row, i in zip(rows, inputs, strict=True):
            tables.append(_stacked(builder, row, shape + builder.shape(i), _real_dtype(builder, i)))
    flat = results(builder, tables, traced)
    return [flat[k * len(inputs) : (k + 1) * len(inputs)] for k in range(len(outputs))]


def _stacked(builder: Builder, rows: Sequence[Traced], shape: tuple[int, ...], dtype: Any) -> int:
    if not rows:
        return builder.constant(np.zeros(shape, dtype))
    with builder.by_rule(Origin("rule", "rearranging rule", None, None, "the rows of the table, put together")):
        table: Any = np.reshape(np.stack(rows), shape)
        return int(table.index)


def _units(shape: tuple[int, ...], dtype: Any) -> Any:
    """One array a place, 1 there and 0 elsewhere."""
    for k in range(int(np.prod(shape, dtype=np.int64))):
        unit = np.zeros(shape, dtype)
        unit.reshape(-1)[k] = 1
        yield unit[()]


def _real_dtype(builder: Builder, position: int) -> Any:
    dtype = builder.dtype(position)
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)
