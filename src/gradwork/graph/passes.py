"""Rewritings of a graph, each keeping its meaning and the `origin` of what it keeps.

*Source form* is what the tracer wrote. `teaching_form` is what pages print: a weight seen as w^1, a square as a power.
`simplified` writes products and sums as a person would leave them. `pruned` drops what no output hangs on.
Each gives the new graph and a map from old positions to new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT, Graph, Guard, Node, Origin
from gradwork.graph.op import REGISTER

Map = dict[int, int]
TEACHING = "teaching form"
SIMPLIFIED = "simplified"
RAISED = "to the power 1"

# Ops that only repeat or rearrange what they are given: a page shows what is inside.
TRANSPARENT = frozenset({"broadcast_to", "reshape", "positive", "copy", "astype"})


class Rewriter:
    """A builder that copies a graph node by node, with a chance to write something else in a node's place."""

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self.name = name
        self.builder = Builder(concrete=False)
        self.at: Map = {}

    def copy(self, position: int) -> int:
        """Copy one node as it is, reading the rewritten inputs."""
        node = self.graph.nodes[position]
        self._stand_at(node)
        if node.op == INPUT:
            new = self.builder.input(None, node.name, shape=node.shape, dtype=node.dtype)
        elif node.op == CONSTANT:
            new = self.builder.constant(self.graph.constants[position], shape=node.shape, name=node.name)
        else:
            self.builder.rows.append(
                (
                    node.op,
                    tuple(self.at[i] for i in node.inputs),
                    node.params,
                    node.shape,
                    node.dtype,
                    node.where,
                    node.origin,
                )
            )
            new = len(self.builder.rows) - 1
        if node.name:
            self.builder.names[new] = node.name
        return new

    def emit(self, op: str, inputs: Sequence[int], like: Node, source: int, role: str = "") -> int:
        """Add an op in place of a node; it has that node's line and says that the pass made it."""
        self._stand_at(like)
        if like.origin.kind == "user":
            self.builder.origin = Origin("pass", self.name, source, None, f"{role or self.name} of node {source}")
        return self.builder.emit(REGISTER.named(op), tuple(inputs))

    def number(self, value: Any, like: Node, source: int) -> int:
        """Add a constant, in the shape and dtype of a node."""
        self._stand_at(like)
        if like.origin.kind == "user":
            self.builder.origin = Origin("pass", self.name, source, None, f"{self.name} of node {source}")
        return self.builder.constant(np.asarray(value, like.dtype)[()], shape=like.shape)

    def _stand_at(self, node: Node) -> None:
        self.builder.mark, self.builder.origin = node.where, node.origin

    def finished(self) -> tuple[Graph, Map]:
        """The new graph, its outputs and guards where they were, and the map."""
        graph = self.builder.graph([self.at[i] for i in self.graph.outputs])
        guards = tuple(Guard(self.at[g.node], g.outcome, g.where) for g in self.graph.guards if g.node in self.at)
        return replace(graph, guards=guards), self.at


def pruned(graph: Graph) -> tuple[Graph, Map]:
    """Only the inputs and what the outputs and guards hang on."""
    needed = set(graph.outputs) | set(graph.inputs) | {g.node for g in graph.guards}
    for position in range(len(graph.nodes) - 1, -1, -1):
        if position in needed:
            needed.update(graph.nodes[position].inputs)
    rewriter = Rewriter(graph, "pruned")
    for position in sorted(needed):
        rewriter.at[position] = rewriter.copy(position)
    return rewriter.finished()


def teaching_form(graph: Graph, wrt: Sequence[int] = ()) -> tuple[Graph, Map]:
    """As a textbook would write it: squares as powers, and each single number of `wrt`, where it is added or
    multiplied, as itself to the power 1, so that the power rule can be seen at work.

    >>> import gradwork as gw
    >>> graph = gw.trace("x*weight - y", x=3.0, weight=2.0, y=5.0)
    >>> print(teaching_form(graph, [graph.find("weight")])[0])
    graph(x, weight, y)
      u4 = weight ** 1
      u5 = x * u4
      u6 = u5 - y
      return u6
    """
    rewriter = Rewriter(graph, TEACHING)
    raised = {i: 0 for i in wrt if not graph.nodes[i].shape and _stands_in_polynomial(graph, i)}
    for position, node in enumerate(graph.nodes):
        if node.op == "square":
            two = rewriter.number(2, node, position)
            rewriter.at[position] = rewriter.emit("power", (rewriter.at[node.inputs[0]], two), node, position)
            if node.name:
                rewriter.builder.names[rewriter.at[position]] = node.name
        else:
            rewriter.at[position] = _copied(rewriter, position, node, raised)
    return rewriter.finished()


def _copied(rewriter: Rewriter, position: int, node: Node, raised: Map) -> int:
    meant = [i for i in node.inputs if i in raised]
    if not meant or node.op not in (*_POLYNOMIAL, "broadcast_to"):
        return rewriter.copy(position)
    kept = {i: rewriter.at[i] for i in meant}
    for i in meant:
        if not raised[i]:
            one = rewriter.number(1, rewriter.graph.nodes[i], i)
            raised[i] = rewriter.emit(
                "power", (kept[i], one), replace(rewriter.graph.nodes[i], where=node.where), i, RAISED
            )
        rewriter.at[i] = raised[i]
    new = rewriter.copy(position)
    rewriter.at.update(kept)
    return new


_POLYNOMIAL = ("add", "subtract", "multiply")


def _stands_in_polynomial(graph: Graph, position: int) -> bool:
    """Whether every use of a node, copies included, is a sum or a product."""
    readers = list(graph.consumers[position])
    seen = []
    while readers:
        reader = graph.nodes[readers[-1]]
        position = readers.pop()
        if reader.op == "broadcast_to":
            readers += graph.consumers[position]
        else:
            seen.append(reader.op)
    return bool(seen) and all(op in _POLYNOMIAL for op in seen)


# -- simplifying ------------------------------------------------------------------------------------------------------


def simplified(graph: Graph, keep: int = 0) -> tuple[Graph, Map]:
    """Products and sums as a person would leave them: 1 x is x, x^0 is 1, numbers stand in front, 0 terms are gone.

    keep: the first so many nodes stay as they are (those of the forward pass, as the user wrote them).
    """
    work = _Simplifier(graph)
    for position in range(len(graph.nodes)):
        node = graph.nodes[position]
        simplify = _SIMPLIFY.get(node.op) if position >= keep else None
        new = simplify(work, position, node) if simplify else None
        work.at[position] = work.copy(position) if new is None else new
    return work.finished()


class _Simplifier(Rewriter):
    """A rewriter that knows numbers and products with a number in front."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph, SIMPLIFIED)

    def known(self, new: int) -> Any:
        """The number that a node is, everywhere; None where it is not one."""
        value = self.builder.constants.get(new)
        return value.item() if value is not None and np.ndim(value) == 0 and new not in self.builder.names else None

    def split(self, new: int) -> tuple[float, int | None]:
        """A node as a number times the rest; the rest is None where the number is all."""
        number = self.known(new)
        if number is not None:
            return number, None
        op, inputs, *_ = self.builder.rows[new]
        if op == "negative":
            coefficient, rest = self.split(inputs[0])
            return -coefficient, rest
        if op in ("multiply", "chain_product") and self.builder.rows[new][6].kind != "user":
            number = self.known(inputs[0])
            if number is not None:
                return number, inputs[1]
        return 1.0, new

    def joined(self, coefficient: float, rest: int | None, like: Node, source: int) -> int:
        """A number times the rest, written as short as it can be."""
        if rest is None or coefficient == 0:
            return self.number(coefficient, like, source)
        if coefficient == 1:
            return rest
        if coefficient == -1:
            return self.emit("negative", (rest,), like, source)
        return self.emit("multiply", (self.number(coefficient, like, source), rest), like, source)


def _simple_product(work: _Simplifier, position: int, node: Node) -> int | None:
    (c, a), (d, b) = (work.split(work.at[i]) for i in node.inputs)
    if not (np.isfinite(c) and np.isfinite(d)):
        return None
    if a is None or b is None:
        return work.joined(c * d, b if a is None else a, node, position)
    for top, bottom in ((a, b), (b, a)):
        op, inputs, *_, origin = work.builder.rows[bottom]
        if op == "divide" and origin.kind != "user" and work.known(inputs[0]) is not None:
            over = work.joined(c * d * work.known(inputs[0]), top, node, position)
            return work.emit("divide", (over, inputs[1]), node, position)
    if c == d == 1:
        return None
    return work.joined(c * d, work.emit(node.op, (a, b), node, position), node, position)


def _simple_sum(work: _Simplifier, position: int, node: Node) -> int | None:
    sign = -1 if node.op == "subtract" else 1
    left, right = (work.at[i] for i in node.inputs)
    first, second = work.known(left), work.known(right)
    if first is not None and second is not None:
        return work.number(first + sign * second, node, position)
    if second == 0:
        return left
    if first == 0:
        return right if sign == 1 else work.joined(*_negated(work, right), node, position)
    coefficient, rest = work.split(right)
    if coefficient < 0 and rest is not None and work.builder.rows[right][6].kind != "user":
        flipped = work.joined(-coefficient, rest, node, position)
        return work.emit("subtract" if sign == 1 else "add", (left, flipped), node, position)
    return None


def _negated(work: _Simplifier, new: int) -> tuple[float, int | None]:
    coefficient, rest = work.split(new)
    return -coefficient, rest


def _simple_power(work: _Simplifier, position: int, node: Node) -> int | None:
    base, exponent = (work.at[i] for i in node.inputs)
    n, value = work.known(exponent), work.known(base)
    if n == 0:
        return work.number(1, node, position)
    if n == 1:
        return base
    return work.number(value**n, node, position) if n is not None and value not in (None, 0) else None


def _simple_negative(work: _Simplifier, position: int, node: Node) -> int | None:
    coefficient, rest = work.split(work.at[node.inputs[0]])
    return work.joined(-coefficient, rest, node, position)


def _simple_quotient(work: _Simplifier, position: int, node: Node) -> int | None:
    top, bottom = (work.at[i] for i in node.inputs)
    n, d = work.known(top), work.known(bottom)
    if d == 1:
        return top
    if n == 0 and d != 0:
        return work.number(0, node, position)
    if n is not None and d:
        return work.number(n / d, node, position)
    return None


def _simple_copies(work: _Simplifier, position: int, node: Node) -> int | None:
    number = work.known(work.at[node.inputs[0]])
    return None if number is None else work.number(number, node, position)


def _simple_total(work: _Simplifier, position: int, node: Node) -> int | None:
    number = work.known(work.at[node.inputs[0]])
    if number is None:
        return None
    inside, outside = (int(np.prod(s, dtype=np.int64)) for s in (work.graph.nodes[node.inputs[0]].shape, node.shape))
    return work.number(number * (inside // max(outside, 1) if node.op == "sum" else 1), node, position)


_SIMPLIFY: dict[str, Callable[[_Simplifier, int, Node], int | None]] = {
    "multiply": _simple_product,
    "chain_product": _simple_product,
    "add": _simple_sum,
    "subtract": _simple_sum,
    "power": _simple_power,
    "negative": _simple_negative,
    "divide": _simple_quotient,
    "broadcast_to": _simple_copies,
    "reshape": _simple_copies,
    "transpose": _simple_copies,
    "mean": _simple_total,
    "sum": _simple_total,
    "positive": lambda work, position, node: work.at[node.inputs[0]],
}
