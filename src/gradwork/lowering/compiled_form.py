"""The compiled form of a graph: the same values with fewer and cheaper operations.

Dead code, repeated subexpressions, copies that are spread over rows, needless transposes and products with 1 go; means
become sums, squares and cubes products; scores, their logarithms and what comes back from them are computed stably and
once (`pieces`). Values equal those of the graph to rounding. The result is a graph again, and can be run as one.

Sources: common subexpressions and dead code: Aho, Lam, Sethi and Ullman, Compilers, 2006, chapter 9.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Guard, Node, Params
from gradwork.lowering import pieces
from gradwork.lowering.draft import Draft

Rewrite = Callable[[Draft, tuple[int, ...], Node], int | None]


@dataclass(frozen=True, eq=False)
class CompiledForm:
    """A graph in compiled form.

    guards:  decisions of the traced function; where one comes out otherwise, the graph does not hold.
    careful: nodes of truth values: where one is not true throughout (an infinite score, say), values have to be taken
             from the source graph, which costs more and holds always.
    at:      where each node of the source graph stands here, for those that are still there.
    """

    graph: Graph
    guards: tuple[Guard, ...]
    careful: tuple[int, ...]
    at: dict[int, int]


def compiled_form(graph: Graph) -> CompiledForm:
    """Rewrite `graph` for speed.

    >>> import gradwork as gw
    >>> graph = gw.trace(lambda x: (x * 1.0) ** 2 + (x * 1.0) ** 2, 3.0)
    >>> print(compiled_form(graph).graph)
    graph(u0)
      u1 = square(u0)
      u2 = u1 + u1
      return u2
    """
    draft = Draft(graph)
    at: dict[int, int] = {}
    for position in needed_nodes(graph):
        node = graph.nodes[position]
        draft.working_on = position
        if node.op == INPUT:
            at[position] = draft.input(node)
        elif node.op == CONSTANT:
            at[position] = draft.constant(graph.constants[position], node.shape)
        else:
            rewritten = rewrite(draft, tuple(at[i] for i in node.inputs), node)
            at[position] = draft.spread(rewritten, node.shape)
    small = {position: draft.peeled(row) for position, row in at.items()}
    outputs = [at[i] for i in graph.outputs]
    made, moved = draft.graph(outputs, [(at[g.node], g.outcome) for g in graph.guards])
    where = {p: moved.get(at[p], moved.get(small[p], -1)) for p in at}
    return CompiledForm(
        made,
        tuple(Guard(moved[at[g.node]], g.outcome, g.where) for g in graph.guards),
        tuple(moved[i] for i in dict.fromkeys(draft.careful)),
        {p: i for p, i in where.items() if i >= 0},
    )


def needed_nodes(graph: Graph) -> list[int]:
    """The inputs, and the nodes that an output or a guard hangs on, in order."""
    needed = {*graph.inputs, *graph.outputs, *(g.node for g in graph.guards)}
    for position in range(len(graph.nodes) - 1, -1, -1):
        if position in needed:
            needed.update(graph.nodes[position].inputs)
    return sorted(needed)


def rewrite(draft: Draft, inputs: tuple[int, ...], node: Node) -> int:
    """One node, in fewer or cheaper rows where a way is known."""
    way = REWRITES.get(node.op)
    found = way(draft, inputs, node) if way is not None else None
    return found if found is not None else draft.emit(node.op, inputs, node.params, node.dtype, node.shape)


# -- arithmetic -------------------------------------------------------------------------------------------------------


def _multiply(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    left, right = inputs
    a, b = draft.number(left), draft.number(right)
    if a is not None and b is None:
        left, right, a, b = right, left, b, a
    if b is not None and a is None and draft.dtype(left) == node.dtype:
        scaled = left if b == 1 else _scaled(draft, left, b)
        if scaled is not None:
            return scaled
    shared = pieces.shared_quotient(draft, left, right, node)
    return shared if shared is not None else pieces.shared_quotient(draft, right, left, node)


def _scaled(draft: Draft, row: int, factor: Any) -> int | None:
    """A row times a number: numbers that stand beside each other become one."""
    shape, inside = draft.shape(row), draft.peeled(row)
    name, inputs, params, _, dtype = draft.rows[inside]
    if dtype.kind not in "fc" or not np.isfinite(factor):
        return None
    if name == "negative" and draft.dtype(inputs[0]) == dtype:
        return draft.spread(_times(draft, inputs[0], -factor), shape)
    if name == "multiply":
        other = next((k for k in (0, 1) if draft.number(inputs[k]) is not None), None)
        if other is not None:
            both = draft.number(inputs[other]) * factor
            if _plain(both):
                return draft.spread(_times(draft, inputs[1 - other], both), shape)
    if name == "scatter":
        return draft.emit("scatter", (_times(draft, inputs[0], factor), *inputs[1:]), params)
    return None


def _times(draft: Draft, row: int, factor: Any) -> int:
    if factor == 1:
        return row
    number = draft.number(row)
    if number is not None:
        return draft.spread(draft.like(number * factor, row), draft.shape(row))
    return draft.emit("multiply", (row, draft.like(factor, row)))


def _plain(number: Any) -> bool:
    """Whether a product of numbers lost nothing to overflow or underflow."""
    size = abs(number)
    return bool(np.isfinite(size) and (size == 0 or size > 1e-30))


def _chain_product(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    left, right = inputs
    for one, other in ((left, right), (right, left)):
        number = draft.number(one)
        if number is not None and np.isfinite(number) and (number != 0 or one == right):
            slope = draft.rows[draft.peeled(other)]
            if slope[0] == "divide" and draft.number(slope[1][0]) is not None:
                top = draft.number(slope[1][0]) * number
                return draft.emit("divide", (draft.like(top, slope[1][1]), slope[1][1]))
            return rewrite(draft, (other, one), _named(node, "multiply"))
    if not pieces.may_be_infinite(draft, right):
        return rewrite(draft, inputs, _named(node, "multiply"))
    return None


def _named(node: Node, op: str) -> Node:
    return Node(op, node.inputs, Params(), node.shape, node.dtype, None, node.where, node.origin)


def _negative(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    row = draft.peeled(inputs[0])
    if draft.is_op(row, "negative"):
        return draft.spread(draft.rows[row][1][0], node.shape)
    if node.dtype.kind == "f" and draft.is_op(row, "multiply", "scatter"):
        return _scaled(draft, inputs[0], node.dtype.type(-1))
    return None


def _power(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    base, exponent = inputs[0], draft.number(inputs[1])
    if exponent is None or draft.dtype(base) != node.dtype or node.dtype.kind not in "fc":
        return None
    if exponent == 1:
        return base
    if exponent == 2:
        return draft.emit("square", (base,))
    if exponent == 3:
        return draft.emit("multiply", (draft.emit("square", (base,)), base))
    if exponent == 4:
        return draft.emit("square", (draft.emit("square", (base,)),))
    return None


def _add(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    left, right = inputs
    for one, other in ((left, right), (right, left)):
        if draft.is_op(one, "scatter") and not draft.is_op(other, "scatter"):
            put = draft.rows[one]
            if pieces.places_apart(draft, one) and draft.dtype(other) == node.dtype == put[4]:
                value = put[1][0] if draft.number(put[1][0]) is None else draft.peeled(put[1][0])
                return draft.emit("add_at", (other, value, *put[1][1:]), Params(index=put[2]["index"]), node.dtype)
        if node.origin.kind == "rule" and draft.number(one) == 0 and draft.dtype(other) == node.dtype:
            return other
    return None


def _subtract(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    if draft.is_op(inputs[1], "negative") and draft.dtype(inputs[1]) == node.dtype:
        return draft.emit("add", (inputs[0], draft.rows[inputs[1]][1][0]), dtype=node.dtype)
    return None


# -- sums -------------------------------------------------------------------------------------------------------------


def _mean(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    count = math.prod(draft.shape(inputs[0])[a] for a in node.params["axis"])
    if draft.dtype(inputs[0]) != node.dtype or node.dtype.kind not in "fc" or node.dtype.itemsize < 4 or not count:
        return None
    total = _sum(draft, inputs, node)
    if total is None:
        total = draft.emit("sum", inputs, node.params, node.dtype)
    return draft.emit("divide", (total, draft.like(count, total)), dtype=node.dtype)


def _sum(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    row, axes = inputs[0], node.params["axis"]
    shape = draft.shape(row)
    if draft.dtype(row) != node.dtype:
        return None
    number = draft.number(row)
    if number is not None and node.dtype.kind == "f":
        return draft.like(number * math.prod(shape[a] for a in axes), row)
    if all(shape[a] == 1 for a in axes):
        return _reshaped(draft, row, node.shape)
    if len(axes) == 1 and draft.is_op(row, "scatter"):
        return pieces.sum_of_scatter(draft, row, axes[0], node)
    if draft.is_op(row, "negative", "multiply") and node.dtype.kind == "f":
        return _sum_of_multiple(draft, row, node)
    return None


def _sum_of_multiple(draft: Draft, row: int, node: Node) -> int | None:
    """A number that every term shares stands before the sum; a sum over scattered terms is then seen as one."""
    name, inputs, *_ = draft.rows[row]
    if name == "negative":
        inside, factor = inputs[0], node.dtype.type(-1)
    else:
        place = next((k for k in (0, 1) if draft.number(inputs[k]) is not None), None)
        if place is None or draft.dtype(inputs[1 - place]) != node.dtype:
            return None
        inside, factor = inputs[1 - place], draft.number(inputs[place])
    if draft.shape(inside) != draft.shape(row) or not np.isfinite(factor) or not draft.is_op(inside, "scatter"):
        return None
    total = _sum(draft, (inside,), node)
    return None if total is None else _times(draft, total, factor)


# -- shapes -----------------------------------------------------------------------------------------------------------


def _reshaped(draft: Draft, row: int, shape: tuple[int, ...]) -> int:
    number = draft.number(row)
    if number is not None:
        return draft.constant(number, shape)
    while draft.is_op(row, "reshape"):
        row = draft.rows[row][1][0]
    return row if draft.shape(row) == shape else draft.emit("reshape", (row,), Params(shape=shape))


def _transposed(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    row, axes = inputs[0], tuple(node.params["axes"])
    if axes == tuple(range(len(axes))):
        return row
    if draft.number(row) is not None:
        return draft.constant(draft.number(row), node.shape)
    if draft.is_op(row, "transpose"):
        _, inside, params, *_ = draft.rows[row]
        both = tuple(params["axes"][a] for a in axes)
        if both == tuple(range(len(both))):
            return inside[0]
        return draft.emit("transpose", inside, Params(axes=both))
    return None


def _same(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    """A copy: nothing is written to here, so the thing itself will do."""
    return inputs[0] if draft.dtype(inputs[0]) == node.dtype else None


def _broadcast(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    return draft.spread(inputs[0], node.shape)


REWRITES: dict[str, Rewrite] = {
    "multiply": _multiply,
    "chain_product": _chain_product,
    "negative": _negative,
    "power": _power,
    "add": _add,
    "subtract": _subtract,
    "mean": _mean,
    "sum": _sum,
    "reshape": lambda draft, inputs, node: _reshaped(draft, inputs[0], node.shape),
    "transpose": _transposed,
    "broadcast_to": _broadcast,
    "copy": _same,
    "positive": _same,
    "astype": _same,
    "exp": pieces.exponential,
    "logsumexp": pieces.log_sum_exp,
    "log_softmax": pieces.log_softmax,
    "softmax": pieces.softmax,
    "sigmoid": pieces.sigmoid,
    "share": pieces.share,
    "above": pieces.above,
}
