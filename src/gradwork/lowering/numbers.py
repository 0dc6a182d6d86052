"""A small graph entry by entry: every entry of every value as a number of its own, and these as text.

What is worked out twice is one number. Numbers are written by the templates that ops declare (`scalar`), from positions
and from numbers alone; the few ops that look at whole arrays are taken apart here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.op import REGISTER

MOST_NUMBERS = 6000
DEEPEST = 12  # operations within one expression
LEAVES = ("entry", "known")
Table = np.ndarray[Any, Any]  # of positions in `Numbers`, one an entry
MATH = {
    name: getattr(math, name)
    for name in (
        "sqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
        "cosh", "tanh", "asinh", "acosh", "atanh", "atan2", "hypot", "floor", "ceil", "copysign", "cbrt", "exp2", "erf",
        "pow", "isfinite", "degrees", "radians",
    )
}  # fmt: skip


class TooLarge(Exception):
    """The graph has too many numbers, or an op that is not written for single numbers."""


class Numbers:
    """All numbers that are worked out, each once: a key says from which others, and how."""

    def __init__(self) -> None:
        self.keys: list[tuple[Any, ...]] = []
        self.known: dict[tuple[Any, ...], int] = {}

    def number(self, *key: Any) -> int:
        """The number of that key."""
        found = self.known.get(key)
        if found is None:
            if len(self.keys) >= MOST_NUMBERS:
                raise TooLarge
            found = self.known[key] = len(self.keys)
            self.keys.append(key)
        return found

    def constant(self, value: Any) -> int:
        """A number that is known."""
        value = bool(value) if isinstance(value, (bool, np.bool_)) else float(value)
        if not math.isfinite(value):
            raise TooLarge
        return self.number("known", repr(value))

    def value(self, number: int) -> Any:
        """The value of a known number; None of any other."""
        op, *rest = self.keys[number]
        return float(rest[0]) if op == "known" and rest[0] not in ("True", "False") else None

    def product(self, a: int, b: int) -> int:
        """The product; a factor of 1 is left out."""
        if self.value(a) == 1.0:
            return b
        return a if self.value(b) == 1.0 else self.number("multiply", a, b)

    def sum(self, terms: Sequence[int]) -> int:
        """Terms added up from the left; those that are exactly 0 are left out."""
        terms = [t for t in terms if self.keys[t] != ("known", "0.0")]
        if len(terms) < 2:
            return terms[0] if terms else self.constant(0.0)
        return self.number("total", *terms)


# -- from nodes to numbers --------------------------------------------------------------------------------------------


def tables_of(
    numbers: Numbers,
    graph: Graph,
    entry: Callable[[int, int], int],
    *,
    cut: Callable[[int, Table], Table] | None = None,
    ways: Mapping[str, Way] | None = None,
) -> list[Table]:
    """For each node, the numbers of its entries. `entry(position, k)` is the number of the k-th entry of an input.

    cut:  may put other numbers in a node's place for those who read it: how a computation is cut into lines.
    ways: how further ops are taken apart.

    Raises TooLarge where there would be too many, and where an op cannot be taken apart.
    """
    tables: list[Table] = []
    for position, node in enumerate(graph.nodes):
        if ways and node.op in ways:
            table = ways[node.op](numbers, graph, node, [tables[i] for i in node.inputs])
        else:
            table = _table(numbers, graph, position, node, tables, entry)
        tables.append(cut(position, table) if cut else table)
    return tables


def _table(
    numbers: Numbers,
    graph: Graph,
    position: int,
    node: Node,
    tables: list[Table],
    entry: Callable[[int, int], int],
) -> Table:
    if node.op == INPUT:
        return shaped([entry(position, k) for k in range(math.prod(node.shape))], node.shape)
    if node.op == CONSTANT:
        if node.dtype.kind not in "fb" and _are_places(graph, position):
            return np.zeros(0, int)  # what reads them looks at the constant itself
        value = np.broadcast_to(graph.constants[position], node.shape)
        if value.size > MOST_NUMBERS:
            raise TooLarge
        return shaped([numbers.constant(v) for v in value.reshape(-1).tolist()], node.shape)
    op = REGISTER.named(node.op)
    inputs = [tables[i] for i in node.inputs]
    if op.elementwise:
        if not op.scalar:
            raise TooLarge
        spread = [np.broadcast_to(t, node.shape).reshape(-1).tolist() for t in inputs]
        return shaped([_applied(numbers, node.op, row) for row in zip(*spread, strict=True)], node.shape)
    way = STRUCTURAL.get(node.op)
    if way is None:
        raise TooLarge
    return way(numbers, graph, node, inputs)


def _are_places(graph: Graph, position: int) -> bool:
    """Whether a constant only says where something stands."""
    values = {"getitem": 1, "scatter": 1, "add_at": 2}  # inputs of these that are no places
    readers = [graph.nodes[i] for i in graph.consumers[position]]
    return all(node.op in values and position not in node.inputs[: values[node.op]] for node in readers)


def _applied(numbers: Numbers, op: str, row: Sequence[int]) -> int:
    if op == "multiply" or (op == "chain_product" and any(numbers.value(n) is not None for n in row)):
        return numbers.product(*row)
    if op == "add":
        return numbers.sum(row)
    return numbers.number(op, *row)


def shaped(made: list[int], shape: tuple[int, ...]) -> Table:
    """Numbers in reading order, as a table of this shape."""
    return np.array(made, dtype=int).reshape(shape)


def _moved(numbers: Numbers, graph: Graph, node: Node, inputs: list[Table]) -> Table:
    """Ops that only put entries elsewhere are applied to the table itself."""
    positions = [graph.constants.get(i) for i in node.inputs[1:]]
    if node.op == "getitem":
        if any(p is None for p in positions):
            raise TooLarge
        inputs = [inputs[0], *positions]  # type: ignore[list-item]
    return np.asarray(REGISTER.named(node.op).function(*inputs, **node.params)).reshape(node.shape)


def _product(numbers: Numbers, graph: Graph, node: Node, inputs: list[Table]) -> Table:
    if max(t.ndim for t in inputs) > 2:
        raise TooLarge
    left, right = np.atleast_2d(inputs[0]), inputs[1].reshape(len(inputs[1]), math.prod(inputs[1].shape[1:]))
    made = [
        numbers.sum([numbers.product(x, y) for x, y in zip(row, column, strict=True)])
        for row in left.tolist()
        for column in right.T.tolist()
    ]
    return shaped(made, node.shape)


def grouped(combine: Callable[[Numbers, list[int]], int]) -> Callable[..., Table]:
    """A way to take a reduction apart: `combine` makes one number of each group of entries."""

    def way(numbers: Numbers, graph: Graph, node: Node, inputs: list[Table]) -> Table:
        table, axes = inputs[0], node.params["axis"]
        moved = np.moveaxis(table, axes, range(table.ndim - len(axes), table.ndim))
        groups = moved.reshape(-1, max(math.prod(table.shape[a] for a in axes), 1)) if table.size else None
        if groups is None:
            raise TooLarge
        return shaped([combine(numbers, group) for group in groups.tolist()], node.shape)

    return way


def _extreme(op: str) -> Callable[[Numbers, list[int]], int]:
    def combine(numbers: Numbers, group: list[int]) -> int:
        found = group[0]
        for other in group[1:]:
            found = numbers.number(op, found, other)
        return found

    return combine


def _put(numbers: Numbers, graph: Graph, node: Node, inputs: list[Table]) -> Table:
    """Entries put back at known places, onto zeros or onto another table."""
    onto = node.op == "add_at"
    value = inputs[1] if onto else inputs[0]
    places = [graph.constants.get(i) for i in node.inputs[2 if onto else 1 :]]
    if any(p is None for p in places):
        raise TooLarge
    key = tuple(places[e[1]] if isinstance(e, tuple) else e for e in node.params["index"])
    table = inputs[0].copy() if onto else np.full(node.shape, numbers.constant(0.0), int)
    where = np.arange(table.size).reshape(table.shape)[key]
    flat = table.reshape(-1)
    for place, number in zip(where.reshape(-1), np.broadcast_to(value, where.shape).reshape(-1), strict=True):
        flat[place] = numbers.sum([int(flat[place]), int(number)])
    return flat.reshape(node.shape)


Way = Callable[[Numbers, Graph, Node, list[Table]], Table]
STRUCTURAL: dict[str, Way] = {
    "broadcast_to": _moved,
    "reshape": _moved,
    "transpose": _moved,
    "getitem": _moved,
    "concatenate": _moved,
    "stack": _moved,
    "copy": _moved,
    "matmul": _product,
    "sum": grouped(lambda numbers, group: numbers.sum(group)),
    "max": grouped(_extreme("maximum")),
    "min": grouped(_extreme("minimum")),
    "scatter": _put,
    "add_at": _put,
}


# -- from numbers to text ---------------------------------------------------------------------------------------------


class Text:
    """Writes numbers as lines of Python, each with a name where it is read more than once.

    leaf: how a number that comes from outside is called, from the rest of its key.
    ends: the numbers that will be asked for.
    """

    def __init__(self, numbers: Numbers, leaf: Callable[..., str], ends: Sequence[int]) -> None:
        self.numbers, self.leaf = numbers, leaf
        self.lines: list[str] = []
        self.uses = self._counted(ends)
        self._texts: dict[int, str] = {}
        self._depths: dict[int, int] = {}

    def _counted(self, ends: Sequence[int]) -> list[int]:
        """How often each number is read. What is written twice in a text counts twice; what nobody reads, counts 0."""
        uses = [0] * len(self.numbers.keys)
        for end in ends:
            uses[end] += 1
        for n in range(len(uses) - 1, -1, -1):
            op, *rest = self.numbers.keys[n]
            if uses[n] and op not in LEAVES:
                template = "" if op == "total" else REGISTER.named(op).scalar
                for place, i in enumerate(rest):
                    uses[i] += 1 if op == "total" else template.count(f"{{{place}}}")
        return uses

    def of(self, end: int) -> str:
        """The expression for a number; what it hangs on is in `lines` by then. Chains may be long: no recursion."""
        waiting = [end]
        while waiting:
            n = waiting[-1]
            op, *rest = self.numbers.keys[n]
            missing = [] if n in self._texts or op in LEAVES else [i for i in rest if i not in self._texts]
            if missing:
                waiting += missing[::-1]
                continue
            waiting.pop()
            if n not in self._texts:
                self._texts[n], self._depths[n] = self._written(n, op, rest)
        return self._texts[end]

    def _written(self, n: int, op: str, rest: list[Any]) -> tuple[str, int]:
        if op == "entry":
            return self.leaf(*rest), 0
        if op == "known":
            return (f"({rest[0]})" if rest[0].startswith("-") else rest[0]), 0
        inside = [self._texts[i] for i in rest]
        text = f"({' + '.join(inside)})" if op == "total" else REGISTER.named(op).scalar.format(*inside)
        depth = 1 + max((self._depths[i] for i in rest), default=0)
        if self.uses[n] > 1 or depth > DEEPEST:
            self.lines.append(f"t{n} = {text[1:-1] if _one_bracket(text) else text}")
            return f"t{n}", 0
        return text, depth


def _one_bracket(text: str) -> bool:
    """Whether the first bracket opens at the very beginning and closes at the very end."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return False
