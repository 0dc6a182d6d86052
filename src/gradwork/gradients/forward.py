"""Forwards: how far every node moves when the inputs move in a given direction, as a graph of the same ops."""

from __future__ import annotations

from gradwork.gradients.backprop import in_dtype
from gradwork.gradients.rules import carries_slope, push_forward
from gradwork.graph.builder import Builder
from gradwork.graph.traced import Traced


def sweep_forward(builder: Builder, tangents: dict[int, Traced], last: int) -> dict[int, Traced]:
    """Carry `tangents` (by node) forward to every node up to `last` that moves."""
    moving = dict(tangents)
    for position in range(last + 1):
        inputs = builder.rows[position][1]
        if position in moving or not inputs or not any(i in moving for i in inputs):
            continue
        if not carries_slope(builder, position):
            continue
        moved = push_forward(builder, position, [moving.get(i) for i in inputs])
        if moved is not None:
            moving[position] = in_dtype(builder, moved, builder.dtype(position))
    return moving
