"""Evaluating a graph: every node once, in order, every value kept.

This is the reading that the printed working shows. Values that a graph holds for a run of equal numbers (a literal
2 beside an array of 50) stay one number inside and are spread out only when somebody looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, GradworkError, ShapeError
from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.op import REGISTER, Op


@dataclass(frozen=True, eq=False)
class Run:
    """Every value of one evaluation. `run[3]` or `run["error"]` gives a node's value, in its full shape."""

    graph: Graph
    values: tuple[Any, ...]

    def __getitem__(self, key: int | str) -> Any:
        position = self.graph.find(key) if isinstance(key, str) else key
        return spread(self.values[position], self.graph.nodes[position].shape)

    @property
    def outputs(self) -> tuple[Any, ...]:
        """The values of the graph's outputs."""
        return tuple(self[i] for i in self.graph.outputs)

    @property
    def guards_hold(self) -> bool:
        """Whether every decision that Python took when tracing would be taken again."""
        return all(guard.holds(self[guard.node]) for guard in self.graph.guards)

    def replaced(self, changes: Mapping[int | str, Any]) -> Run:
        """The same run with some values replaced and everything after them evaluated again.

        This is what a carried answer is: the learner's own number stands at one node, and the rest follows from it.
        """
        positions = {self.graph.find(k) if isinstance(k, str) else k: v for k, v in changes.items()}
        inputs = [positions.get(i, self.values[i]) for i in self.graph.inputs]
        return run(self.graph, inputs, replaced=positions)


def spread(value: Any, shape: tuple[int, ...]) -> Any:
    """`value` in its full shape: one number that stands for many becomes an array of them."""
    return value if value.shape == shape else np.broadcast_to(value, shape)


def apply_op(op: Op, values: Sequence[Any], shapes: Sequence[tuple[int, ...]], params: Mapping[str, Any]) -> Any:
    """The value of one op. Ops that do not act entry by entry see every input in its full shape."""
    if not op.elementwise:
        values = [v if v.shape == s else np.broadcast_to(v, s) for v, s in zip(values, shapes, strict=True)]
    return op.function(*values, **params)


def run(
    graph: Graph,
    inputs: Sequence[Any] | Mapping[str, Any],
    *,
    replaced: Mapping[int, Any] | None = None,
    known: Sequence[Any] = (),
) -> Run:
    """Evaluate every node of `graph`.

    inputs:   one value an input, in order, or a mapping by name. Shapes have to be those of the graph.
    replaced: values that stand at a node instead of what it would compute.
    known:    values of the first nodes, taken as they are.

    Raises ArgumentError for a missing or unknown input, ShapeError for a shape that does not fit.

    >>> import gradwork as gw
    >>> graph = gw.trace("(x*w - y)^2", x=3.0, w=2.0, y=5.0)
    >>> run(graph, {"x": 3.0, "w": 4.0, "y": 5.0}).outputs
    (np.float64(49.0),)
    """
    given = _ordered(graph, inputs)
    values: list[Any] = list(known)
    nodes = graph.nodes
    slots = dict(zip(graph.inputs, given, strict=True))
    for position in range(len(values), len(nodes)):
        node = nodes[position]
        if replaced and position in replaced:
            values.append(_as_value(replaced[position], node.shape, f"node {position}"))
        elif node.op == INPUT:
            values.append(_as_value(slots[position], node.shape, f"input {node.name or position}"))
        elif node.op == CONSTANT:
            values.append(graph.constants[position])
        else:
            arguments = [values[i] for i in node.inputs]
            shapes = [nodes[i].shape for i in node.inputs]
            try:
                values.append(apply_op(REGISTER.named(node.op), arguments, shapes, node.params))
            except GradworkError as error:
                error.where = error.where or node.where
                raise
    return Run(graph, tuple(values))


def _ordered(graph: Graph, inputs: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
    names = graph.input_names
    if isinstance(inputs, Mapping):
        missing = [n for n in names if n not in inputs]
        unknown = [n for n in inputs if n not in names]
        if missing or unknown:
            raise ArgumentError(
                f"the graph's inputs are {', '.join(names)}"
                + (f"; missing: {', '.join(missing)}" if missing else "")
                + (f"; unknown: {', '.join(map(str, unknown))}" if unknown else "")
            )
        return [inputs[n] for n in names]
    if len(inputs) != len(names):
        raise ArgumentError(f"the graph has {len(names)} inputs ({', '.join(names)}), {len(inputs)} values were given")
    return list(inputs)


def _as_value(value: Any, shape: tuple[int, ...], what: str) -> Any:
    array = value if isinstance(value, (np.ndarray, np.generic)) else np.asarray(value)[()]
    if np.shape(array) != shape:
        raise ShapeError(
            f"{what} has shape {np.shape(array)}, and the graph was traced with {shape}",
            why="a graph is made for the shapes that it was traced with",
            hint="trace the function again with the new shapes",
        )
    return array
