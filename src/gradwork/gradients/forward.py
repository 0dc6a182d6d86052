"""Forwards: how far every node moves when the inputs move in a given direction, as a graph of the same ops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradwork.gradients.backprop import in_dtype, sweep
from gradwork.gradients.rules import carries_slope, push_forward
from gradwork.graph.builder import Builder
from gradwork.graph.graph import Origin
from gradwork.graph.traced import Traced
from gradwork.ops.equal_values import asked_of, is_blind, told


def sweep_forward(
    builder: Builder, tangents: dict[int, Traced], last: int, outputs: Sequence[int] | None = None
) -> dict[int, Traced]:
    """Carry `tangents` (by node) forward to every node up to `last` that moves; with `outputs`, only to those that
    these hang on, so that nothing is asked of a rule whose answer nobody looks at."""
    moving = dict(tangents)
    start = len(builder.rows)
    asked = None if outputs is None else _asked(builder, outputs)
    for position in range(last + 1):
        inputs = builder.rows[position][1]
        if asked is not None and position not in asked:
            continue
        if position in moving or not inputs or not any(i in moving for i in inputs):
            continue
        if not carries_slope(builder, position):
            continue
        moved = push_forward(builder, position, [moving.get(i) for i in inputs])
        if moved is not None:
            moving[position] = in_dtype(builder, moved, builder.dtype(position))
    if outputs and builder.concrete and is_blind(builder.rows[:start]):
        _ask_backwards(builder, outputs, list(tangents))
    for position in outputs or ():
        if position in moving and position not in tangents:
            moving[position] = _looked_at(builder, position, moving[position], start)
    return moving


def _ask_backwards(builder: Builder, outputs: Sequence[int], wrt: Sequence[int]) -> None:
    """Go back from the outputs once, with weights that are nowhere alike, for the sake of what is refused there."""
    again = builder.fork()
    starts = {}
    for position in outputs:
        if again.dtype(position).kind in "fc":
            count = math.prod(again.shape(position))
            weights = np.modf(0.618033988749895 * np.arange(1, count + 1))[0].reshape(again.shape(position))
            starts[position] = Traced(again, again.constant(weights.astype(again.dtype(position))[()]))
    if starts:
        sweep(again, starts, wrt)


def _looked_at(builder: Builder, position: int, moved: Traced, start: int) -> Traced:
    """What a result moves by, refused where a factorisation marked it on the way as having no slope."""
    found = asked_of(builder.rows[start:])
    if found is None:
        return moved
    with builder.by_rule(Origin("rule", "identity rule", position, None, "whether there is a slope"), found[1]):
        return told(moved, Traced(builder, position), found[0])  # type: ignore[no-any-return]


def _asked(builder: Builder, outputs: Sequence[int]) -> set[int]:
    asked = set(outputs)
    for position in range(max(asked, default=-1), -1, -1):
        if position in asked:
            asked.update(builder.rows[position][1])
    return asked
