"""Extremes that make no difference: log(sum(exp(z - m))) + m is the same whatever m is, as long as nothing overflows.

Networks subtract the largest score before exp. Which score is the largest may change within a nudge, and no corner of
the loss comes of it. Whether a node makes a difference is tried, not derived: it alone is moved, and the result has to
stay where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwork.graph.graph import Graph
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op

EXTREMES = ("max", "min")
MOST, LEAST = -1, -8  # powers of two: by such shares of what the op was given its entries are moved, up and down
ROUNDING = 2.0**-46


def idle_nodes(graph: Graph, values: Sequence[Any], positions: Sequence[int]) -> frozenset[int]:
    """Those extremes among the nodes at `positions` whose own value no output and no decision hangs on.

    The same extreme of the same scores may have been taken several times: such nodes are one.
    """
    groups: dict[Any, list[int]] = {}
    for p in positions:
        node = graph.nodes[p]
        if node.op in EXTREMES:
            groups.setdefault((node.op, node.inputs, repr(node.params["axis"])), []).append(p)
    with np.errstate(all="ignore"):
        return frozenset(p for group in groups.values() if _are_idle(graph, values, group) for p in group)


def _are_idle(graph: Graph, values: Sequence[Any], group: Sequence[int]) -> bool:
    moving = graph.depends_on(group)
    if any(moving[guard.node] for guard in graph.guards):
        return False
    size = float(np.max(np.abs(values[graph.nodes[group[0]].inputs[0]]), initial=0.0))
    if not 0 < size < np.inf:
        return False
    drawn = np.random.default_rng(4).uniform(-1.0, 1.0, np.size(values[group[0]]))
    shares = np.copysign(np.exp2(LEAST + (MOST - LEAST) * np.abs(drawn)), drawn)
    try:
        return _stays(graph, values, moving, group, size * shares)
    except Exception:
        return False  # an op that does not take what it is given there


def _stays(graph: Graph, values: Sequence[Any], moving: Sequence[bool], group: Sequence[int], change: Any) -> bool:
    now = list(values)
    level = 0.0
    for p in range(group[0], len(graph.nodes)):
        node = graph.nodes[p]
        if p in group:
            now[p] = (values[p] + change.reshape(np.shape(values[p])))[()]
        elif moving[p] and node.inputs:
            arguments = [now[i] for i in node.inputs]
            shapes = [graph.nodes[i].shape for i in node.inputs]
            now[p] = apply_op(REGISTER.named(node.op), arguments, shapes, node.params)
            if node.dtype.kind == "f":
                level = max(level, float(np.max(np.abs(now[p]), initial=0.0)))
    return all(bool((np.abs(now[e] - values[e]) <= ROUNDING * level).all()) for e in graph.outputs)
