"""Of what degree a graph is as a polynomial of some of its inputs: proved node by node, or not known.

Sums and products of polynomials are polynomials; so is whatever is linear, and what hangs on none of these inputs is a
constant. Nothing is measured: a node of which this is not known has no degree, and nor has what is made from it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.op import REGISTER

MOST = 1000  # a degree beyond is of no use to anybody
SAME = frozenset({"negative", "positive"})


def degrees(graph: Graph, inputs: Sequence[int]) -> list[int | None]:
    """For each node its degree in `inputs`, or one that it does not exceed; None where it may be no polynomial.

    >>> import gradwork as gw
    >>> graph = gw.trace("(x*w + b - y)^2 + w*sin(x)", x=1.0, w=2.0, b=3.0, y=4.0)
    >>> degrees(graph, (graph.find("w"), graph.find("b")))[graph.outputs[0]]
    2
    >>> degrees(graph, (graph.find("x"),))[graph.outputs[0]] is None
    True
    """
    found: list[int | None] = []
    for position, node in enumerate(graph.nodes):
        if node.op in (INPUT, CONSTANT):
            found.append(1 if position in inputs else 0)
        else:
            degree = _degree(graph, node, [found[i] for i in node.inputs])
            found.append(degree if degree is None or degree <= MOST else None)
    return found


def _degree(graph: Graph, node: Node, inner: list[int | None]) -> int | None:
    known = [d for d in inner if d is not None]
    if len(known) < len(inner):
        return None
    if not any(known):
        return 0
    if node.dtype.kind not in "fc" or any(graph.nodes[i].dtype.kind not in "fc" for i, d in _moving(node, known)):
        return None  # to an integer or a truth value there are steps
    if node.op in ("add", "subtract"):
        return max(known)
    if node.op == "multiply":
        return sum(known)
    if node.op == "divide":
        return known[0] if known[1] == 0 else None
    if node.op == "square":
        return 2 * known[0]
    if node.op == "power":
        return _power(graph, node, known)
    if node.op in SAME:
        return known[0]
    linear = REGISTER.named(node.op).linear
    if linear == "joint":
        return max(known)
    return sum(known) if linear == "each" else None


def _moving(node: Node, known: list[int]) -> list[tuple[int, int]]:
    return [(i, d) for i, d in zip(node.inputs, known, strict=True) if d]


def _power(graph: Graph, node: Node, known: list[int]) -> int | None:
    exponent = graph.constants.get(node.inputs[1])
    if exponent is None:
        return None
    values = np.unique(np.asarray(exponent))
    whole = all(float(v).is_integer() and 0 <= v <= MOST for v in values)
    return known[0] * int(values[-1]) if whole and values.size else None
