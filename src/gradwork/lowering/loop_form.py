"""A graph as it is best run many times: what is known before a loop begins is worked out before it begins."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.lowering.compiled_form import CompiledForm
from gradwork.lowering.draft import Draft
from gradwork.lowering.long_axis import along_the_long_axis
from gradwork.lowering.numpy_program import adds_all
from gradwork.lowering.stacked import stacked

MOST_DENSE = 64  # entries that may be added for each one that is put back: a whole pass is so much quicker


def known_data(graph: Graph, values: Mapping[int, Any]) -> Graph:
    """The graph with some inputs as constants: what hangs on them alone is then worked out once."""
    nodes = list(graph.nodes)
    for position in values:
        nodes[position] = replace(nodes[position], op=CONSTANT)
    constants = {**graph.constants, **{i: np.asarray(v, nodes[i].dtype)[()] for i, v in values.items()}}
    inputs = tuple(i for i in graph.inputs if i not in values)
    return replace(graph, nodes=tuple(nodes), inputs=inputs, constants=constants)


def loop_form(form: CompiledForm, data: Collection[int] = ()) -> CompiledForm:
    """A compiled form without decisions, as it is best run many times.    data: inputs that stay as they are."""
    order = {position: k for k, position in enumerate(form.graph.inputs)}
    form = _Rewriter(along_the_long_axis(form, products=True)).rewritten()
    return stacked(form, [form.graph.inputs[order[i]] for i in data])


class _Rewriter:
    """Writes a form anew: known numbers at known places are added as a whole array, and a factor of a long value that
    only small ones are made from is left to these."""

    def __init__(self, form: CompiledForm) -> None:
        self.form, self.graph = form, form.graph
        self.draft = Draft(form.graph)
        self.at: dict[int, int] = {}
        self.factors: dict[int, Any] = {}  # what has still to be multiplied by this

    def rewritten(self) -> CompiledForm:
        """The new form."""
        for position, node in enumerate(self.graph.nodes):
            self.draft.working_on = position
            self.at[position] = self._row(position, node)
        outputs = [self.at[i] for i in self.graph.outputs]
        self.draft.careful = [self.at[i] for i in self.form.careful]
        made, moved = self.draft.graph(outputs)
        careful = tuple(moved[self.at[i]] for i in self.form.careful)
        where = {p: moved[row] for p, i in self.form.at.items() if (row := self.at[i]) in moved}
        return CompiledForm(made, (), careful, where)

    def _row(self, position: int, node: Node) -> int:
        draft = self.draft
        if node.op == INPUT:
            return draft.input(node)
        if node.op == CONSTANT:
            return draft.constant(self.graph.constants[position], node.shape)
        inputs = [self.at[i] for i in node.inputs]
        left_out = [self.factors[i] for i in node.inputs if i in self.factors]
        if node.op == "multiply":
            number = next((draft.number(i) for i in inputs if draft.number(i) is not None), None)
            array = next((i for i in inputs if draft.number(i) is None), None)
            if number is not None and array is not None and not left_out and self._is_left_to_readers(position):
                self.factors[position] = number
                return draft.spread(array, node.shape)
        if node.op == "add_at":
            dense = self._dense(node)
            if dense is not None:
                return draft.emit("add", (inputs[0], draft.constant(dense)), dtype=node.dtype)
        row = draft.emit(node.op, inputs, node.params, node.dtype, node.shape)
        if not left_out:
            return row
        factor = math.prod(left_out)
        if node.op in _PASSING or self._is_inner(position):
            self.factors[position] = factor
            return row
        return draft.emit("multiply", (row, draft.like(factor, row)), dtype=node.dtype)

    def _dense(self, node: Node) -> Any:
        """What an add_at of known numbers at known places adds; None where not all is known, or it is mostly zeros."""
        _, value, *arrays = node.inputs
        if any(i not in self.graph.constants for i in (value, *arrays)) or node.dtype.kind != "f":
            return None
        known = [self.graph.constants[i] for i in (value, *arrays)]
        dense = np.zeros(node.shape, node.dtype)
        index = tuple(known[1 + e[1]] if isinstance(e, tuple) else e for e in node.params["index"])
        places = np.zeros(node.shape, bool)
        places[index] = True
        if dense.size > MOST_DENSE * max(1, int(np.count_nonzero(places))):
            return None
        np.add.at(dense, index, known[0])
        return dense

    # -- factors ----------------------------------------------------------------------------------------------------

    def _is_left_to_readers(self, position: int) -> bool:
        size = math.prod(self.graph.nodes[position].shape)
        return size > 1 and self._made_from(position, position) * 2 <= size

    def _made_from(self, position: int, source: int) -> float:
        """How many numbers the readers of a value have in all; infinite where one cannot take the factor over."""
        if position in self.graph.outputs or position in self.form.careful:
            return math.inf
        total = 0.0
        for reader in self.graph.consumers[position]:
            node = self.graph.nodes[reader]
            if any(i in self.factors or self._has_factor(i) for i in node.inputs if i != position):
                return math.inf
            if node.inputs.count(position) > 1:
                return math.inf
            if node.op in _PASSING or self._is_inner(reader):
                total += self._made_from(reader, source)
            elif node.op == "sum" or (node.op == "matmul" and max(len(self._shape(i)) for i in node.inputs) <= 2):
                total += max(1, math.prod(node.shape))
            else:
                return math.inf
        return total

    def _shape(self, position: int) -> tuple[int, ...]:
        return self.graph.nodes[position].shape

    def _has_factor(self, position: int) -> bool:
        """Whether a value, as yet unwritten, is itself a long one times a number: one of two is enough."""
        node = self.graph.nodes[position]
        return node.op == "multiply" and any(
            i in self.graph.constants and np.ndim(self.graph.constants[i]) == 0 for i in node.inputs
        )

    def _is_inner(self, position: int) -> bool:
        """A product of two arrays that is only added up."""
        graph = self.graph
        node = graph.nodes[position]
        return (
            node.op == "multiply"
            and all(graph.nodes[i].shape == node.shape for i in node.inputs)
            and [adds_all(graph, r) for r in graph.consumers[position]] == [True]
        )


_PASSING = frozenset({"transpose", "reshape"})
