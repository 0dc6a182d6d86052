"""A graph that is being written for speed: like a builder without values, but each thing stands in it once.

In the compiled form an op that acts entry by entry may read inputs of smaller shapes, as NumPy itself allows: a copy
that is spread over rows is then never made. Running such a graph gives the same values.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwork.graph.builder import infer
from gradwork.graph.graph import CONSTANT, INPUT, NO_PARAMS, Graph, Node, Origin, Params
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.run import apply_op

COMPILED = "compiled form"
MOST_FOLDED = 1_000_000  # entries of a constant that is worked out beforehand


class Draft:
    """Rows `(op, inputs, params, shape, dtype)`; what is written twice is one row."""

    def __init__(self, source: Graph) -> None:
        self.source = source
        self.rows: list[tuple[str, tuple[int, ...], Params, tuple[int, ...], Any]] = []
        self.constants: dict[int, Any] = {}
        self.inputs: list[int] = []
        self.of: list[int] = []  # the node of the source that each row was first written for
        self.careful: list[int] = []  # rows of truth values: where one is not true, the short way must not be taken
        self.known: dict[Any, int] = {}
        self.working_on = 0

    # -- reading ----------------------------------------------------------------------------------------------------

    def shape(self, row: int) -> tuple[int, ...]:
        """The shape of a row."""
        return self.rows[row][3]

    def dtype(self, row: int) -> Any:
        """The dtype of a row."""
        return self.rows[row][4]

    def number(self, row: int) -> Any:
        """The single number that a row is everywhere; None where it is not known."""
        value = self.constants.get(self.peeled(row))
        return value if value is not None and np.ndim(value) == 0 else None

    def is_op(self, row: int, *names: str) -> bool:
        """Whether a row is one of these ops."""
        return self.rows[row][0] in names

    def peeled(self, row: int) -> int:
        """What is spread over more entries in this row; the row itself where nothing is."""
        while self.rows[row][0] == "broadcast_to":
            row = self.rows[row][1][0]
        return row

    # -- writing ----------------------------------------------------------------------------------------------------

    def input(self, node: Node) -> int:
        """Add an input."""
        row = self._append(INPUT, (), NO_PARAMS, node.shape, node.dtype)
        self.inputs.append(row)
        return row

    def constant(self, value: Any, shape: tuple[int, ...] | None = None) -> int:
        """A constant; a number may be spread over `shape`."""
        key = (CONSTANT, value.dtype, value.tobytes()) if np.ndim(value) == 0 else (CONSTANT, id(value))
        row = self.known.get(key)
        if row is None:
            row = self.known[key] = self._append(CONSTANT, (), NO_PARAMS, np.shape(value), value.dtype)
            self.constants[row] = value
        return row if shape is None else self.spread(row, shape)

    def like(self, value: Any, row: int) -> int:
        """A number, in the dtype of another row."""
        return self.constant(self.dtype(row).type(value))

    def spread(self, row: int, shape: tuple[int, ...]) -> int:
        """The row in `shape`."""
        if self.shape(row) == shape:
            return row
        row = self.peeled(row)
        return row if self.shape(row) == shape else self._row("broadcast_to", (row,), Params(shape=shape), shape)

    def emit(
        self,
        name: str,
        inputs: Sequence[int],
        params: Params = NO_PARAMS,
        dtype: Any = None,
        shape: tuple[int, ...] | None = None,
    ) -> int:
        """Add an op on rows. Inputs of an op that acts entry by entry may differ in shape, as in NumPy.

        dtype, shape: those of the result, where they are known; otherwise they are inferred.
        """
        op = REGISTER.named(name)
        if op.elementwise:
            return self._entries(op, inputs, params, dtype)
        inputs = tuple(inputs)
        folded = self._folded(op, inputs, params)
        if folded is not None:
            return folded
        if shape is None or dtype is None:
            found = infer(op, tuple((self.shape(i), self.dtype(i)) for i in inputs), params)
            shape, dtype = found[0] if shape is None else shape, found[1] if dtype is None else dtype
        return self._row(name, inputs, params, shape, dtype)

    def _entries(self, op: Op, inputs: Sequence[int], params: Params, dtype: Any) -> int:
        shape = common_shape(tuple(self.shape(i) for i in inputs))
        small = tuple(self.peeled(i) for i in inputs)
        folded = self._folded(op, small, params)
        if folded is None:
            if dtype is None:
                dtype = infer(op, tuple(((), self.dtype(i)) for i in small), params)[1]
            folded = self._row(op.name, small, params, common_shape(tuple(self.shape(i) for i in small)), dtype)
        return self.spread(folded, shape)

    def _folded(self, op: Op, inputs: tuple[int, ...], params: Params) -> int | None:
        """What an op of constants alone gives, worked out beforehand."""
        if not inputs or any(i not in self.constants for i in inputs) or not op.fixed:
            return None
        values = [self.constants[i] for i in inputs]
        with np.errstate(all="ignore"):
            value = np.asarray(apply_op(op, values, [np.shape(v) for v in values], params))[()]
        return self.constant(value) if np.size(value) <= MOST_FOLDED else None

    def _row(
        self, name: str, inputs: tuple[int, ...], params: Params, shape: tuple[int, ...], dtype: Any = None
    ) -> int:
        dtype = self.dtype(inputs[0]) if dtype is None else dtype
        key = (name, inputs, params, dtype)
        row = self.known.get(key)
        if row is None:
            row = self.known[key] = self._append(name, inputs, params, shape, dtype)
        return row

    def _append(self, name: str, inputs: tuple[int, ...], params: Params, shape: tuple[int, ...], dtype: Any) -> int:
        self.rows.append((name, inputs, params, shape, dtype))
        self.of.append(self.working_on)
        return len(self.rows) - 1

    # -- the result -------------------------------------------------------------------------------------------------

    def graph(self, outputs: Sequence[int], guards: Sequence[tuple[int, Any]] = ()) -> tuple[Graph, dict[int, int]]:
        """What the outputs hang on, frozen, and where each row stands in it. Inputs stay, used or not."""
        needed = set(outputs) | set(self.inputs) | {row for row, _ in guards} | set(self.careful)
        for row in range(len(self.rows) - 1, -1, -1):
            if row in needed:
                needed.update(self.rows[row][1])
        at = {row: position for position, row in enumerate(sorted(needed))}
        nodes = []
        for row in at:
            name, inputs, params, shape, dtype = self.rows[row]
            made_for = self.source.nodes[self.of[row]]
            own = made_for.origin if name in (INPUT, made_for.op) else Origin("pass", COMPILED, self.of[row])
            nodes.append(Node(name, tuple(at[i] for i in inputs), params, shape, dtype, None, made_for.where, own))
        graph = Graph(
            nodes=tuple(nodes),
            inputs=tuple(at[i] for i in self.inputs),
            outputs=tuple(at[i] for i in outputs),
            constants={at[i]: v for i, v in self.constants.items() if i in at},
        )
        return graph, at


@functools.lru_cache(maxsize=4096)
def common_shape(shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """The shape that all of them broadcast to."""
    if len(set(shapes)) == 1:
        return shapes[0]
    return np.broadcast_shapes(*shapes)
