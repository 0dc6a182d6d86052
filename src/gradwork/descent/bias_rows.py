"""Weights and biases of a layer as one matrix, where they lie beside each other in memory.

W x + b is the product of the matrix with b as one more column (the leaves lie row by row: one more row below W, or
above it) and of x with a row of ones below: the sum is a pass over the layer less, and the slopes of W and b come out
of one product. A layer's values are on their side here, one row a unit (`lowering/long_axis.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, NO_PARAMS, Graph, Node, Params
from gradwork.graph.op import REGISTER
from gradwork.lowering.compiled_form import CompiledForm

Array = np.ndarray[Any, Any]


@dataclass
class Joined:
    """A form with some weights and biases as one input and one output each.

    leaves: for each input and each slope, the first of its leaves and how many they are, 1 or 2.
    filled: nodes whose values go into a part of a larger array, the rest of which is ones: that part.
    read:   the inputs that are these larger arrays.
    """

    form: CompiledForm
    leaves: list[tuple[int, int]]
    filled: dict[int, Array] = field(default_factory=dict)
    read: dict[int, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class _Layer:
    """Where a layer stands in a graph: nodes by position. `below`: the bias is the row below the weights."""

    weight: int
    bias: int
    turned: int
    product: int
    column: int
    total: int
    values: int
    slope: int
    bias_slope: int
    below: bool


def joined(form: CompiledForm) -> Joined:
    """The form with weights and biases joined where that is possible. Its inputs are the leaves, its outputs the loss
    and the slopes of the leaves, in their order."""
    graph = form.graph
    layers: dict[int, _Layer] = {}
    below: dict[int, bool] = {}  # where the row of ones is, for values that several layers read
    for k in range(len(graph.inputs) - 1):
        layer = _layer(graph, k, True) or _layer(graph, k, False)
        if layer is not None and k - 1 not in layers and below.setdefault(layer.values, layer.below) == layer.below:
            layers[k] = layer
    return _Joiner(form, layers).joined()


def _layer(graph: Graph, k: int, below: bool) -> _Layer | None:
    """The layer whose weights and bias are leaves k and k + 1 (the other way round if not `below`), if there is one."""
    first, second = (k, k + 1) if below else (k + 1, k)
    weight, bias = graph.inputs[first], graph.inputs[second]
    slope, bias_slope = graph.outputs[1 + first], graph.outputs[1 + second]
    shape = graph.nodes[weight].shape
    if len(shape) != 2 or graph.nodes[bias].shape != shape[1:]:
        return None
    total, turned, product, column = -1, -1, -1, _only(graph, bias, "reshape")
    readers = [i for i in graph.consumers[weight] if graph.nodes[i].op == "transpose"]
    if len(readers) == 1:
        turned = readers[0]
        product = _only(graph, turned, "matmul")
        total = _only(graph, product, "add")
    if total < 0 or column < 0 or _only(graph, column, "add") != total or graph.nodes[product].inputs[0] != turned:
        return None
    values = graph.nodes[product].inputs[1]
    ends, sums = graph.nodes[slope], graph.nodes[bias_slope]
    if ends.op != "matmul" or sums.op != "sum" or sums.params["axis"] != (1,) or sums.params["keepdims"]:
        return None
    back, rows = ends.inputs[1], graph.nodes[values].shape
    is_back = graph.nodes[back].op == "transpose" and graph.nodes[back].inputs == sums.inputs
    if not is_back or not _are_same(graph, ends.inputs[0], values) or rows != (shape[0], graph.nodes[total].shape[1]):
        return None
    dtypes = {graph.nodes[i].dtype for i in (weight, bias, product, values, total, slope, bias_slope)}
    if total in graph.outputs or len(dtypes) > 1 or any(graph.consumers[i] for i in (slope, bias_slope)):
        return None
    if graph.nodes[values].op != CONSTANT and not _can_be_filled(graph, values):
        return None
    return _Layer(weight, bias, turned, product, column, total, values, slope, bias_slope, below)


def _only(graph: Graph, position: int, op: str) -> int:
    """The one reader of a node, if it is of this op; else -1."""
    readers = graph.consumers[position] if position >= 0 else ()
    return readers[0] if len(readers) == 1 and graph.nodes[readers[0]].op == op else -1


def _are_same(graph: Graph, one: int, other: int) -> bool:
    if one == other:
        return True
    if one not in graph.constants or other not in graph.constants:
        return False
    a, b = np.asarray(graph.constants[one]), np.asarray(graph.constants[other])
    return a.shape == b.shape and bool(np.array_equal(a, b))


def _can_be_filled(graph: Graph, position: int) -> bool:
    node = graph.nodes[position]
    op = REGISTER.named(node.op) if node.op != INPUT else None
    return op is not None and op.elementwise and isinstance(op.function, np.ufunc) and position not in graph.outputs


class _Joiner:
    """Writes the graph anew."""

    def __init__(self, form: CompiledForm, layers: dict[int, _Layer]) -> None:
        self.form, self.graph, self.layers = form, form.graph, layers
        self.nodes: list[Node] = []
        self.constants: dict[int, Any] = {}
        self.at: dict[int, int] = {}
        self.longer: dict[int, int] = {}  # where values with their row of ones stand
        every = layers.values()
        self.left_out = {p for y in every for p in (y.bias, y.turned, y.product, y.column, y.bias_slope)}
        read = {i for y in every for i in (y.values, self.graph.nodes[y.slope].inputs[0])}
        self.left_out |= (read & set(self.graph.constants)) - self._read_elsewhere()
        self.by_weight = {y.weight: y for y in every}
        self.by_total = {y.total: y for y in every}
        self.by_slope = {y.slope: y for y in every}
        self.found = Joined(form, [])

    def joined(self) -> Joined:
        """The new form."""
        graph = self.graph
        for position, node in enumerate(graph.nodes):
            if position not in self.left_out:
                self.at[position] = self._written(position, node)
        inputs, outputs, k = [], [self.at[graph.outputs[0]]], 0
        while k < len(graph.inputs):
            layer = self.layers.get(k)
            inputs.append(self.at[layer.weight if layer else graph.inputs[k]])
            outputs.append(self.at[layer.slope if layer else graph.outputs[1 + k]])
            self.found.leaves.append((k, 2 if layer else 1))
            k += 2 if layer else 1
        made = Graph(tuple(self.nodes), (*inputs, *self.found.read), tuple(outputs), self.constants)
        self.found.form = CompiledForm(made, (), tuple(self.at[i] for i in self.form.careful), {})
        return self.found

    def _read_elsewhere(self) -> set[int]:
        """Nodes that are read by more than the products that are written anew."""
        own = {p for y in self.layers.values() for p in (y.product, y.slope)}
        return {i for p, node in enumerate(self.graph.nodes) if p not in own for i in node.inputs}

    def _append(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _written(self, position: int, node: Node) -> int:
        if position in self.by_weight:
            return self._append(replace(node, shape=(node.shape[0] + 1, node.shape[1])))
        if position in self.by_total:
            return self._product(self.by_total[position], node)
        if position in self.by_slope:
            longer = (node.shape[0] + 1, node.shape[1])
            inputs = (self._longer(self.by_slope[position]), self.at[node.inputs[1]])
            return self._append(replace(node, inputs=inputs, shape=longer))
        ends = tuple(self._weights_alone(i) if i in self.by_weight else self.at[i] for i in node.inputs)
        place = self._append(replace(node, inputs=ends))
        if position in self.graph.constants:
            # Turned data are a view: products are quicker on rows that lie in one piece.
            value = self.graph.constants[position]
            self.constants[place] = np.ascontiguousarray(value) if np.ndim(value) == 2 else value
        return place

    def _product(self, layer: _Layer, total: Node) -> int:
        longer, weights = self._longer(layer), self.at[layer.weight]
        shape = self.nodes[weights].shape[::-1]
        turned = self._append(replace(self.graph.nodes[layer.turned], inputs=(weights,), shape=shape))
        return self._append(replace(self.graph.nodes[layer.product], inputs=(turned, longer), shape=total.shape))

    def _weights_alone(self, position: int) -> int:
        """The weights without their bias, for who reads them beside their product."""
        source, below = self.graph.nodes[position], self.by_weight[position].below
        rows = slice(None, -1) if below else slice(1, None)
        params = Params(index=(rows, slice(None)))
        return self._append(Node("getitem", (self.at[position],), params, source.shape, source.dtype))

    def _longer(self, layer: _Layer) -> int:
        """The values that a layer reads, with a row of ones."""
        if layer.values in self.longer:
            return self.longer[layer.values]
        source = self.graph.nodes[layer.values]
        array = np.ones((source.shape[0] + 1, source.shape[1]), source.dtype)
        part = array[:-1] if layer.below else array[1:]
        is_known = layer.values in self.graph.constants
        place = self._append(Node(CONSTANT if is_known else INPUT, (), NO_PARAMS, array.shape, array.dtype))
        if is_known:
            part[...] = self.graph.constants[layer.values]
            self.constants[place] = array
        else:
            self.found.read[place] = array
            self.found.filled[self.at[layer.values]] = part
        self.longer[layer.values] = place
        return place
