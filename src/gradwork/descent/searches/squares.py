"""A loss that is a sum of squares: its residuals, and their slopes by every parameter.

The squares are found on the graph of the loss, whatever the way that they are written: a mean or a sum of e^2, e*e,
|e|^2, e @ e or a norm squared, times numbers that do not hang on the parameters, and sums of such terms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.descent.problem import Array, Leaves, Problem
from gradwork.errors import ArgumentError, Where
from gradwork.gradients.slope_tables import jacobian_blocks
from gradwork.graph.graph import CONSTANT, INPUT, Graph, freeze
from gradwork.graph.run import spread
from gradwork.graph.trace import Trace, trace_call

MOST_SLOPES = 100_000_000  # of a Jacobian: 800 MB
_SAME_PRODUCT = ("matmul", "dot", "vdot", "inner", "vecdot")
_SAME_NUMBERS = ("reshape", "ravel", "squeeze", "expand_dims", "transpose", "copy", "positive")


@dataclass(frozen=True, eq=False)
class Squares:
    """A sum of squares at a point: loss = sum(residual^2), but for what does not hang on the parameters.

    residual: one number for each square.    jacobian: its slopes, a column for each number of the parameters.
    size:     the length of |jacobian| |weight|, where these are folded rows; None where it is read off them.
    """

    residual: Array
    jacobian: Array
    size: float | None = None


def squares_of(
    problem: Problem, leaves: Leaves, batch: Sequence[Any] | None = None, none: Sequence[Any] | None = None
) -> Squares:
    """The squares of the loss at a point. Raises ArgumentError for a loss that is no sum of squares.

    none: data without rows; squares that there are with these too, such as a penalty, are left out.
    """
    traced, terms = _found(problem, leaves, batch, none)
    graph = traced.graph
    terms = [term for term in terms if math.prod(graph.nodes[term[0]].shape)]
    check_size(sum(math.prod(graph.nodes[i].shape) for i, _ in terms), problem.size)
    if not terms:
        return Squares(np.zeros(0), np.zeros((0, problem.size)))
    blocks = jacobian_blocks(traced, traced.builder.fork(), [i for i, _ in terms], list(graph.inputs))
    rows = []
    for (position, weight), slopes in zip(terms, blocks, strict=True):
        root = _root(weight, graph.nodes[position].shape)
        rows.append(root[:, None] * np.concatenate([np.reshape(s, (root.size, -1)) for s in slopes], axis=1))
    return Squares(_values(traced, terms), np.concatenate(rows, axis=0).astype(np.float64))


def check_size(count: int, size: int) -> None:
    """Raise ArgumentError where the slopes of so many residuals by so many parameters are too many."""
    if count * size > MOST_SLOPES:
        raise ArgumentError(
            f"the slopes of {count:,} residuals by {size:,} parameters are too many to hold",
            why=f"this method solves with all of them at once, up to {MOST_SLOPES:,}",
            hint='method="adam", or method="conjugate-gradient"',
        )


def residuals_of(
    problem: Problem, leaves: Leaves, batch: Sequence[Any] | None = None, none: Sequence[Any] | None = None
) -> Array:
    """The residuals alone, in the order of `squares_of`."""
    return _values(*_found(problem, leaves, batch, none))


def _found(
    problem: Problem, leaves: Leaves, batch: Sequence[Any] | None, none: Sequence[Any] | None = None
) -> tuple[Trace, list[tuple[int, Any]]]:
    data = problem.data if batch is None else batch
    loss = lambda at, *rest: problem.f(problem.params(at), *rest)  # noqa: E731
    traced = trace_call(loss, (leaves, *data), {}, only=(0,), floating=True)
    terms = _Finding(traced.graph, traced.values).terms(traced.graph.outputs[0])
    if none is None:
        return traced, terms
    alone, left = _found(problem, leaves, none)
    sizes = [[math.prod(t.graph.nodes[i].shape) for i, _ in found] for t, found in ((traced, terms), (alone, left))]
    return traced, [term for term, size, with_none in zip(terms, *sizes, strict=True) if size != with_none]


def _root(weight: Any, shape: tuple[int, ...]) -> Array:
    root: Array = np.sqrt(np.broadcast_to(weight, shape)).ravel()
    return root


def _values(traced: Trace, terms: Sequence[tuple[int, Any]]) -> Array:
    shapes = [traced.graph.nodes[i].shape for i, _ in terms]
    parts = [
        _root(weight, shape) * np.ravel(spread(np.asarray(traced.values[position]), shape))
        for (position, weight), shape in zip(terms, shapes, strict=True)
    ]
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)


class _Finding:
    """The walk from a loss down to its squares."""

    def __init__(self, graph: Graph, values: Sequence[Any]) -> None:
        self.graph, self.values = graph, values
        self.moves = graph.depends_on(graph.inputs)
        self.alike = _alike(graph)

    def terms(self, loss: int) -> list[tuple[int, Any]]:
        """Nodes and weights: the loss is the sum of weight * node^2 over their entries."""
        found: list[tuple[int, Any]] = []
        waiting: list[tuple[int, Any]] = [(loss, np.float64(1.0))]
        while waiting:
            position, weight = waiting.pop()
            if not self.moves[position]:
                continue
            base = self._base(position)
            if base is None:
                waiting += self._parts(position, weight)
            elif np.min(weight) < 0:
                raise _no_squares(self.graph.nodes[position].where, "a square is taken off, and not added")
            else:
                found.append((base, weight))
        if not found:
            raise _no_squares(self.graph.nodes[loss].where, "it does not hang on the parameters")
        return found[::-1]

    def _base(self, position: int) -> int | None:
        """What is squared at this node; None where nothing is, or where the square undoes a root."""
        node = self.graph.nodes[position]
        base: int | None = None
        if self._is_square(position):
            base = node.inputs[0]
        while base is not None and self.graph.nodes[base].op in ("abs", "absolute", "negative"):
            base = self.graph.nodes[base].inputs[0]
        return None if base is None or self.graph.nodes[base].op in ("sqrt", "root_of_sum") else base

    def _is_square(self, position: int) -> bool:
        node = self.graph.nodes[position]
        if node.op in ("power", "float_power"):
            return self._is_two(node.inputs[1])
        if node.op == "multiply":
            return self.alike[node.inputs[0]] == self.alike[node.inputs[1]]
        return node.op == "square" or (node.op in _SAME_PRODUCT and self._is_square_sum(position))

    def _is_two(self, position: int) -> bool:
        return not self.moves[position] and bool(np.all(np.asarray(self.values[position]) == 2))

    def _is_square_sum(self, position: int) -> bool:
        first, second = self.graph.nodes[position].inputs[:2]
        return self.alike[first] == self.alike[second] and len(self.graph.nodes[first].shape) == 1

    def _parts(self, position: int, weight: Any) -> list[tuple[int, Any]]:
        """What a node is put together from, with the weight that each part has in the loss."""
        node = self.graph.nodes[position]
        shapes = [self.graph.nodes[i].shape for i in node.inputs]
        if node.op in ("sum", "mean"):
            return [(node.inputs[0], self._over(position, weight, shapes[0]))]
        if node.op == "add":
            return [(i, weight) for i in node.inputs]
        if node.op == "subtract":
            return [(node.inputs[0], weight), (node.inputs[1], -weight)]
        if node.op == "negative":
            return [(node.inputs[0], -weight)]
        if node.op == "multiply" and not all(self.moves[i] for i in node.inputs):
            moving = 0 if self.moves[node.inputs[0]] else 1
            return [(node.inputs[moving], weight * self._value(node.inputs[1 - moving]))]
        if node.op == "divide" and not self.moves[node.inputs[1]]:
            return [(node.inputs[0], weight / self._value(node.inputs[1]))]
        if node.op in _SAME_NUMBERS:
            full = np.broadcast_to(weight, node.shape)
            axes = node.params.get("axes")
            back = full.transpose(None if axes is None else np.argsort(axes)) if node.op == "transpose" else full
            return [(node.inputs[0], back.reshape(shapes[0]))]
        if node.op == "broadcast_to":
            return [(node.inputs[0], _summed(np.broadcast_to(weight, node.shape), shapes[0]))]
        if node.op in ("square", "power", "float_power", "multiply"):
            root = self.graph.nodes[node.inputs[0]]
            if root.op in ("sqrt", "root_of_sum"):
                return [(root.inputs[0], weight)]
        raise _no_squares(node.where, f"{node.op} stands where a square would have to")

    def _over(self, position: int, weight: Any, shape: tuple[int, ...]) -> Any:
        """The weight of each entry that a sum or a mean is taken over."""
        node = self.graph.nodes[position]
        axis = node.params.get("axis")
        axes = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
        axes = [a % len(shape) for a in axes] if shape else []
        kept = tuple(1 if a in axes else n for a, n in enumerate(shape))
        count = math.prod(shape[a] for a in axes) if node.op == "mean" else 1
        return np.broadcast_to(weight, node.shape).reshape(kept) / count

    def _value(self, position: int) -> Any:
        return spread(np.asarray(self.values[position]), self.graph.nodes[position].shape)


def _alike(graph: Graph) -> list[int]:
    """For each node the first one that is worked out in the same way from the same numbers."""
    first: dict[Any, int] = {}
    found: list[int] = []
    for position, node in enumerate(graph.nodes):
        key: Any = position
        if node.op == CONSTANT:
            value = np.asarray(graph.constants[position])
            key = (CONSTANT, value.dtype.str, value.shape, value.tobytes(), node.shape)
        elif node.op != INPUT:
            key = (node.op, tuple(found[i] for i in node.inputs), _attributes(node.params), node.shape)
        found.append(first.setdefault(key, position))
    return found


def _attributes(params: Any) -> Any:
    """The attributes of a node as something to be compared."""
    return tuple(sorted((name, freeze(value)) for name, value in params.items()))


def _summed(weight: Array, shape: tuple[int, ...]) -> Array:
    """The weights added up over the copies of a broadcast."""
    more = weight.ndim - len(shape)
    weight = weight.sum(axis=tuple(range(more)))
    axes = tuple(a for a, n in enumerate(shape) if n == 1 and weight.shape[a] != 1)
    return weight.sum(axis=axes, keepdims=True) if axes else weight


def _no_squares(where: Where | None, what: str) -> ArgumentError:
    return ArgumentError(
        "this loss is not a sum or a mean of squares",
        where=where,
        why=f"{what}; this method solves for the residuals, the numbers that are squared",
        hint='a loss such as mean((prediction - y)^2); or method="line-search", which takes any loss',
    )
