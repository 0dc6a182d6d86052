"""A small graph as straight-line Python on single numbers: for tiny networks, where most time goes into calls of NumPy.

Every entry of every node becomes one number. The loss is written out once at the point and once for each nudged entry;
what two of them have in common is written once. The text is made from the names of the ops in the tables below, from
positions and from numbers alone: nothing that a user wrote gets into it.

Source: straight-line programs, Griewank and Walther, Evaluating Derivatives, 2008, section 2.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwork.gradients.nudging.passing import REARRANGING
from gradwork.gradients.nudging.subject import Array
from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.op import REGISTER

MOST = 6000  # numbers; beyond, arrays are faster

# How an entry of a value is written from entries of the inputs. A name in braces twice makes it a number of its own.
WRITTEN = {
    "add": "({0}+{1})", "subtract": "({0}-{1})", "multiply": "({0}*{1})", "divide": "({0}/{1})", "negative": "(-{0})",
    "positive": "{0}", "square": "({0}*{0})", "power": "pow({0},{1})", "reciprocal": "(1.0/{0})",
    "absolute": "abs({0})", "sqrt": "sqrt({0})", "exp": "exp({0})", "expm1": "expm1({0})", "log": "log({0})",
    "log1p": "log1p({0})",
    "sin": "sin({0})", "cos": "cos({0})", "tanh": "tanh({0})", "sigmoid": "(1.0/(1.0+exp(-{0})))",
    "relu": "({0} if {0}>0.0 else 0.0)", "maximum": "({0} if {0}>{1} else {1})",
    "minimum": "({0} if {0}<{1} else {1})", "greater": "({0}>{1})", "less": "({0}<{1})",
    "greater_equal": "({0}>={1})", "less_equal": "({0}<={1})", "where": "({1} if {0} else {2})",
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(math, name) for name in ("pow", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh")
}
Key = tuple[Any, ...]


class _Numbers:
    """All numbers that are worked out, each once: a key says from which others, and how."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self.known: dict[Key, int] = {}

    def number(self, *key: Any) -> int:
        found = self.known.get(key)
        if found is None:
            if len(self.keys) >= MOST:
                raise TooLarge
            found = self.known[key] = len(self.keys)
            self.keys.append(key)
        return found


class TooLarge(Exception):
    """The graph has too many numbers, or an op that is not written here."""


def straight_line(
    graph: Graph, values: Sequence[Any], inputs: Sequence[int]
) -> Callable[[list[float], float], Any] | None:
    """`slopes(point, h)`: the loss at the point, and the one-way slope of every entry of `inputs`, in one row.

    point: the entries of `inputs` in one row; all other inputs stay as they are in `values`. None where the graph is
    too large, or has an op that is not written here. The function made raises ArithmeticError or ValueError where
    NumPy would give infinity or nan.
    """
    numbers = _Numbers()
    if graph.nodes[graph.outputs[0]].shape != () or graph.guards:
        return None
    count = sum(int(np.prod(graph.nodes[i].shape, dtype=np.int64)) for i in inputs)
    try:
        before = _written(graph, values, inputs, numbers, None)
        after = [_written(graph, values, inputs, numbers, k) for k in range(count)]
    except TooLarge:
        return None
    return _compiled(numbers, before, after, count)


def _written(graph: Graph, values: Sequence[Any], inputs: Sequence[int], numbers: _Numbers, nudged: int | None) -> int:
    """The number of the loss, with one entry nudged."""
    at: dict[int, Array] = {}
    first = 0
    for position, node in enumerate(graph.nodes):
        if position in inputs:
            size = int(np.prod(node.shape, dtype=np.int64))
            mine = [numbers.number("nudged" if k == nudged else "entry", k) for k in range(first, first + size)]
            at[position] = np.array(mine, dtype=int).reshape(node.shape)
            first += size
        elif node.op in (INPUT, CONSTANT):
            whole = np.broadcast_to(values[position], node.shape)
            at[position] = np.array([numbers.number("known", repr(_plain(v))) for v in whole.reshape(-1)], dtype=int)
            at[position] = at[position].reshape(node.shape)
        else:
            at[position] = _applied(numbers, node.op, [at[i] for i in node.inputs], node, values, node.inputs)
    return int(at[graph.outputs[0]])


def _plain(value: Any) -> float | bool:
    if value.dtype.kind == "b":
        return bool(value)
    if not np.isfinite(value) or value.dtype.kind not in "iuf":
        raise TooLarge
    return float(value)


def _applied(
    numbers: _Numbers, op: str, tables: list[Array], node: Any, values: Sequence[Any], inputs: tuple[int, ...]
) -> Array:
    if op in WRITTEN:
        rows = zip(*(t.reshape(-1).tolist() for t in tables), strict=True)
        if op == "power" and _is_two(numbers, tables[1]):
            return _shaped([numbers.number("square", a) for a, _ in rows], node.shape)
        return _shaped([numbers.number(op, *row) for row in rows], node.shape)
    if op in REARRANGING or op in ("concatenate", "stack", "copy"):
        others = [values[i] for i in inputs[1:]] if op == "getitem" else tables[1:]
        return np.asarray(REGISTER.named(op).function(tables[0], *others, **node.params)).reshape(node.shape)
    if op == "matmul" and max(t.ndim for t in tables) <= 2:
        a, b = np.atleast_2d(tables[0]), tables[1].reshape(len(tables[1]), -1)
        dots = [
            numbers.number(
                "dot", *(numbers.number("multiply", x, y) for x, y in zip(r.tolist(), c.tolist(), strict=True))
            )
            for r in a
            for c in b.T
        ]
        return _shaped(dots, node.shape)
    if op in GROUPED:
        return _grouped(numbers, op, tables[0], node)
    raise TooLarge


def _is_two(numbers: _Numbers, table: Array) -> bool:
    return {numbers.keys[n] for n in table.reshape(-1).tolist()} == {("known", "2.0")}


def _shaped(made: list[int], shape: tuple[int, ...]) -> Array:
    return np.array(made, dtype=int).reshape(shape)


def _grouped(numbers: _Numbers, op: str, table: Array, node: Any) -> Array:
    axes = node.params["axis"]
    moved = np.moveaxis(table, axes, range(table.ndim - len(axes), table.ndim))
    groups = moved.reshape(-1, int(np.prod([table.shape[a] for a in axes], dtype=np.int64))).tolist()
    if not groups or not groups[0]:
        raise TooLarge
    made = [GROUPED[op](numbers, group) for group in groups]
    if isinstance(made[0], list):
        back = np.array(made, dtype=int).reshape(moved.shape)
        return np.moveaxis(back, range(table.ndim - len(axes), table.ndim), axes)
    return _shaped(made, node.shape)


def _total(numbers: _Numbers, group: list[int]) -> int:
    return numbers.number("dot", *group)


def _mean(numbers: _Numbers, group: list[int]) -> int:
    return numbers.number("divide", _total(numbers, group), numbers.number("known", repr(float(len(group)))))


def _logsumexp(numbers: _Numbers, group: list[int]) -> int:
    largest = numbers.number("largest", *group)
    exps = [numbers.number("exp", numbers.number("subtract", x, largest)) for x in group]
    return numbers.number("add", numbers.number("log", _total(numbers, exps)), largest)


def _log_softmax(numbers: _Numbers, group: list[int]) -> list[int]:
    total = _logsumexp(numbers, group)
    return [numbers.number("subtract", x, total) for x in group]


def _softmax(numbers: _Numbers, group: list[int]) -> list[int]:
    return [numbers.number("exp", x) for x in _log_softmax(numbers, group)]


GROUPED: dict[str, Callable[[_Numbers, list[int]], Any]] = {
    "sum": _total,
    "mean": _mean,
    "max": lambda numbers, group: numbers.number("largest", *group),
    "min": lambda numbers, group: numbers.number("smallest", *group),
    "logsumexp": _logsumexp,
    "log_softmax": _log_softmax,
    "softmax": _softmax,
}


# -- the text ---------------------------------------------------------------------------------------------------------


def _compiled(numbers: _Numbers, before: int, after: list[int], count: int) -> Callable[[list[float], float], Any]:
    uses = _uses(numbers, [before, *after])
    texts: list[str] = []
    lines = [f"{', '.join(f'p{k}' for k in range(count))}, = point"] if count else []
    lines += [f"q{k} = p{k}+h" for k in range(count)]
    for n, key in enumerate(numbers.keys):
        text = _text(key, texts)
        leaf = key[0] in ("entry", "nudged", "known")
        if uses[n] > 1 and not leaf:
            lines.append(f"v{n} = {text}")
            text = f"v{n}"
        texts.append(text)
    slopes = ", ".join(f"({texts[a]}-loss)/(q{k}-p{k})" for k, a in enumerate(after))
    lines += [f"loss = {texts[before]}", f"return loss, [{slopes}]"]
    given = ", ".join(f"{name}={name}" for name in FUNCTIONS)
    source = f"def slopes(point, h, {given}):\n" + "\n".join(f"    {line}" for line in lines) + "\n"
    made: dict[str, Any] = dict(FUNCTIONS)
    # Only names and numbers of our own are in the text: see the module's words.
    exec(compile(source, "<gradwork: straight line>", "exec"), made)
    return made["slopes"]  # type: ignore[no-any-return]


def _uses(numbers: _Numbers, ends: list[int]) -> list[int]:
    """How often each number is read. What is written twice in a text counts twice; what nobody reads, counts 0."""
    uses = [0] * len(numbers.keys)
    for end in ends:
        uses[end] += 1
    for n in range(len(numbers.keys) - 1, -1, -1):
        op, *rest = numbers.keys[n]
        if uses[n] and op not in ("entry", "nudged", "known"):
            for place, i in enumerate(rest):
                uses[i] += WRITTEN[op].count(f"{{{place}}}") if op in WRITTEN else 1
    return uses


def _text(key: Key, texts: list[str]) -> str:
    op, *rest = key
    if op == "entry":
        return f"p{rest[0]}"
    if op == "nudged":
        return f"q{rest[0]}"
    if op == "known":
        return f"({rest[0]})" if rest[0].startswith("-") else str(rest[0])
    written = [texts[i] for i in rest]
    if op == "dot":
        return f"({'+'.join(written)})"
    if op in ("largest", "smallest"):
        return f"{'max' if op == 'largest' else 'min'}(({','.join(written)},))"
    return WRITTEN[op].format(*written)
