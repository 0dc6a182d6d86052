"""A graph as a program that a person can read."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.op import REGISTER

_MOST_LINES = 200


def labels(graph: Graph) -> list[str]:
    """A name for every node, each told apart: the user's own, or u and its position."""
    taken: dict[str, int] = {}
    names = []
    for position, node in enumerate(graph.nodes):
        name = node.name or f"u{position}"
        taken[name] = taken.get(name, 0) + 1
        names.append(name if taken[name] == 1 else f"{name}_{taken[name]}")
    return names


def program_text(graph: Graph) -> str:
    """The graph as a program: one line a node, constants written where they stand."""
    names = labels(graph)
    for position, value in graph.constants.items():
        if not graph.nodes[position].name:
            names[position] = _constant_text(value, graph.nodes[position])
    lines = [f"graph({', '.join(names[i] for i in graph.inputs)})"]
    body = [
        f"  {names[position]} = {_operation(node, [names[i] for i in node.inputs])}"
        for position, node in enumerate(graph.nodes)
        if node.op not in (INPUT, CONSTANT)
    ]
    if len(body) > _MOST_LINES:
        half = _MOST_LINES // 2
        body = [*body[:half], f"  ... {len(body) - 2 * half} more lines ...", *body[-half:]]
    guards = [f"  guard {names[g.node]} is {_short(g.outcome)}" for g in graph.guards[:20]]
    return "\n".join([*lines, *body, *guards, f"  return {', '.join(names[i] for i in graph.outputs)}"])


def _constant_text(value: Any, node: Node) -> str:
    if np.ndim(value) == 0:
        number = value.item()
        return (
            str(int(number))
            if isinstance(number, float) and number.is_integer() and abs(number) < 1e15
            else str(number)
        )
    return f"<{'x'.join(map(str, node.shape))} array>"


def _short(value: Any) -> str:
    return str(value) if np.ndim(value) == 0 else f"<{'x'.join(map(str, np.shape(value)))} array as traced>"


def _operation(node: Node, arguments: list[str]) -> str:
    op = REGISTER.named(node.op)
    if op.symbol and len(arguments) == 2:
        return f"{arguments[0]} {op.symbol} {arguments[1]}"
    if node.op == "getitem":
        entries = [arguments[1 + e[1]] if isinstance(e, tuple) else _index_text(e) for e in node.params["index"]]
        return f"{arguments[0]}[{', '.join(entries)}]"
    if node.op == "negative":
        return f"-{arguments[0]}"
    options = [f"{key}={value!r}" for key, value in node.params.items()]
    whole = node.params.get("axis") is not None and op.linear == "each" and not node.shape
    if whole:
        options = []
    return f"{node.op}({', '.join([*arguments, *options])})"


def _index_text(entry: Any) -> str:
    if isinstance(entry, slice):
        text = f"{'' if entry.start is None else entry.start}:{'' if entry.stop is None else entry.stop}"
        return text if entry.step is None else f"{text}:{entry.step}"
    return "..." if entry is Ellipsis else str(entry)
