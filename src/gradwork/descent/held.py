"""What the data alone decide, taken out of a loop: it is worked out before the loop begins, and anew for other data.

A program whose data are no part of its text serves the next data of the same shapes as well (`kept.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, NO_PARAMS, Graph, Node
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.run import apply_op
from gradwork.lowering.compiled_form import CompiledForm
from gradwork.lowering.draft import MOST_FOLDED


@dataclass
class Recipe:
    """How values follow from data: steps on earlier values, which are numbered, the data first."""

    count: int
    dtypes: list[Any]
    steps: list[tuple[Op, tuple[Any, ...], Mapping[str, Any]]] = field(default_factory=list)

    def add(self, op: Op, sources: tuple[Any, ...], params: Mapping[str, Any], dtype: Any) -> int:
        """Add a step; each source is the number of a value, or an array. Gives the number of its result."""
        self.steps.append((op, sources, params))
        self.dtypes.append(dtype)
        return self.count + len(self.steps) - 1

    @np.errstate(all="ignore")
    def values(self, data: Sequence[Any]) -> list[Any]:
        """All values for these data."""
        found = [np.asarray(value, dtype)[()] for value, dtype in zip(data, self.dtypes, strict=False)]
        for (op, sources, params), dtype in zip(self.steps, self.dtypes[self.count :], strict=True):
            given = [found[s] if type(s) is int else s for s in sources]
            found.append(np.asarray(apply_op(op, given, [np.shape(v) for v in given], params), dtype)[()])
        return found


def apart(form: CompiledForm, held: Mapping[int, int], recipe: Recipe) -> tuple[CompiledForm, dict[int, int]]:
    """The form without what the data alone decide, and which of its inputs are which values of the recipe.

    held: inputs of the form that are data, with their numbers in the recipe. Other inputs come first, in their order.
    """
    graph = form.graph
    known = dict(held)
    for position, node in enumerate(graph.nodes):
        if node.op not in (INPUT, CONSTANT) and position not in form.careful and _is_known(graph, node, known):
            sources = tuple(known[i] if i in known else graph.constants[i] for i in node.inputs)
            known[position] = recipe.add(REGISTER.named(node.op), sources, node.params, node.dtype)
    read = {i for p, node in enumerate(graph.nodes) if p not in known for i in node.inputs}
    read.update(graph.outputs, form.careful)
    at: dict[int, int] = {}
    nodes: list[Node] = []
    for position, node in enumerate(graph.nodes):
        if position in known:
            if position not in read:
                continue
            made = Node(INPUT, (), NO_PARAMS, node.shape, node.dtype, None, node.where, node.origin)
        else:
            made = Node(node.op, tuple(at[i] for i in node.inputs), node.params, node.shape, node.dtype, None,
                        node.where, node.origin)  # fmt: skip
        at[position] = len(nodes)
        nodes.append(made)
    left = {at[p]: number for p, number in known.items() if p in at}
    inputs = [at[i] for i in graph.inputs if i not in known]
    rest = Graph(
        nodes=tuple(nodes),
        inputs=(*inputs, *left),
        outputs=tuple(at[i] for i in graph.outputs),
        constants={at[i]: value for i, value in graph.constants.items() if i in at},
    )
    return CompiledForm(rest, (), tuple(at[i] for i in form.careful), {}), left


def _is_known(graph: Graph, node: Node, known: Mapping[int, int]) -> bool:
    if not any(i in known for i in node.inputs) or math.prod(node.shape) > MOST_FOLDED:
        return False
    return all(i in known or i in graph.constants for i in node.inputs) and REGISTER.named(node.op).fixed
