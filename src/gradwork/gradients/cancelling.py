"""Quantities that cancel: the largest score, taken off all scores before the exponential, leaves the result as it is.

Its slope is zero by the whole of the formula and not by any single rule, so going back through it costs much and gives
rounding. Here it is found by following how each value moves when such a quantity grows by t: by c t (a sum moves
along), by the factor e^(c t) (its exponential does), or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gradwork.graph.graph import Graph


@dataclass(frozen=True)
class Moves:
    """How a value moves when the quantity grows by t: by `by` t, or by the factor e^(by t)."""

    factor: bool
    by: float
    evenly: bool = True  # the same along every axis of length 1 of the quantity


def cancelling(graph: Graph) -> tuple[int, ...]:
    """The nodes that cancel in the result: nothing need go back through them.

    >>> import numpy as np, gradwork as gw
    >>> def loss(z):
    ...     s = z - np.max(z)
    ...     return np.log(np.sum(np.exp(s))) - s[0]
    >>> graph = gw.trace(loss, np.array([1.0, 2.0]))
    >>> [graph.nodes[i].op for i in cancelling(graph)]
    ['max']
    """
    return tuple(i for i in _candidates(graph) if _cancels(graph, i))


def _candidates(graph: Graph) -> list[int]:
    """What is taken off a value whose exponential is taken, where a largest entry stands behind it."""
    found = []
    for node in graph.nodes:
        if node.op == "subtract":
            taken = node.inputs[1]
            while graph.nodes[taken].op == "broadcast_to":
                taken = graph.nodes[taken].inputs[0]
            behind = taken
            while graph.nodes[behind].op in ("reshape", "getitem", "broadcast_to"):
                behind = graph.nodes[behind].inputs[0]
            if graph.nodes[behind].op == "max" and taken not in found:
                found.append(taken)
    return found


def _cancels(graph: Graph, quantity: int) -> bool:
    if quantity in graph.outputs or any(g.node == quantity for g in graph.guards):
        return False
    moves: dict[int, Moves] = {quantity: Moves(False, 1.0)}
    level = graph.nodes[quantity].shape
    for position in range(quantity + 1, len(graph.nodes)):
        node = graph.nodes[position]
        if not any(i in moves for i in node.inputs):
            continue
        moved = _moved(graph, position, [moves.get(i) for i in node.inputs], level)
        if moved is None:
            return False
        if moved.by:
            moves[position] = moved
    return not any(i in moves for i in graph.outputs)


def _moved(graph: Graph, position: int, inputs: Sequence[Moves | None], level: tuple[int, ...]) -> Moves | None:
    """How a node moves when its inputs do; None where it is not known."""
    node = graph.nodes[position]
    first = inputs[0]
    if node.op in ("add", "subtract") and not any(m and m.factor for m in inputs):
        sign = 1 if node.op == "add" else -1
        return Moves(False, _by(inputs[0]) + sign * _by(inputs[1]), _evenly(inputs))
    if node.op in ("multiply", "divide") and not any(m and not m.factor for m in inputs):
        sign = 1 if node.op == "multiply" else -1
        return Moves(True, _by(inputs[0]) + sign * _by(inputs[1]), _evenly(inputs))
    if first is None:
        return None
    if node.op == "exp" and not first.factor:
        return Moves(True, first.by, first.evenly)
    if node.op == "log" and first.factor:
        return Moves(False, first.by, first.evenly)
    if node.op == "negative" and not first.factor:
        return Moves(False, -first.by, first.evenly)
    if node.op in ("broadcast_to", "copy", "positive"):
        return first
    if node.op == "sum" and first.factor and first.evenly and _along(graph, position, level):
        return Moves(True, first.by, node.params["keepdims"] or node.shape == ())
    if node.op in ("reshape", "getitem", "transpose"):
        return Moves(first.factor, first.by, False)
    return None


def _by(moves: Moves | None) -> float:
    return 0.0 if moves is None else moves.by


def _evenly(inputs: Sequence[Moves | None]) -> bool:
    return all(m is None or m.evenly for m in inputs)


def _along(graph: Graph, position: int, level: tuple[int, ...]) -> bool:
    """Whether the quantity is one number along the axes that are summed over."""
    node = graph.nodes[position]
    shape = graph.nodes[node.inputs[0]].shape
    padded = (1,) * (len(shape) - len(level)) + level
    return math.prod(level) == 1 or all(padded[a] == 1 for a in node.params["axis"])
