"""Making the plan of an exercise: its lines are traced, and cut into relations between numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.check.trees import tree_of
from gradwork.errors import ArgumentError
from gradwork.graph.formula import Program, parse, parse_program
from gradwork.graph.graph import Graph
from gradwork.graph.trace import trace
from gradwork.lowering.numbers import Numbers, Table, TooLarge, tables_of
from gradwork.worksheets.backward import Backward, backward_lines
from gradwork.worksheets.entries import WAYS, refusal
from gradwork.worksheets.plan import BACK, GIVEN, LINE, SLOPE, Plan, Quantity, Relation


def plan_of(
    lines: str | Mapping[str, str],
    shapes: Mapping[str, tuple[int, ...]],
    *,
    also: Sequence[str] = (),
    gradients: Sequence[str] = (),
    slopes: bool = False,
) -> Plan:
    """Make a plan.

    lines:     named formulas in order; with `gradients` the last one is the loss.
    shapes:    the shape of each name that is given from outside.
    also:      equations that hold too, "slope = X": a second way to what stands on the left.
    gradients: what the way back leads to. What comes back to a line Z is called dZ, the local slope of A by Z dA/dZ.
    slopes:    whether local slopes are lines of their own.

    Raises FormulaError, ShapeError or ArgumentError for lines that cannot be used.

    >>> plan = plan_of("Z = W * X; dL = 2*Z", {"W": (), "X": ()})
    >>> plan.fill({"W": 3, "X": 2.1}, lambda x: round(x, 6))
    [3.0, 2.1, 6.3, 12.6]
    """
    program = lines if isinstance(lines, Program) else parse_program(lines)
    _check_given(program, shapes)
    whole = {name or "loss": str(f) for name, f in program.lines}
    extra = [equation.split("=", 1) for equation in also]
    hidden = {f"also_{k}": right.strip() for k, (_, right) in enumerate(extra)}
    fixed = _fixed_lines(program, whole, other_names=not gradients)
    lines_left = {name: text for name, text in whole.items() if name not in fixed}
    positions, graph = _traced(lines_left, hidden, _stand_ins(program, shapes, fixed, lines_left))
    back = None
    if gradients:
        names = {name: positions[name] for name in [*program.names, *whole]}
        back = _way_back(graph, gradients, names, list(whole)[-1], slopes)
        graph = back.graph
    return _Planning(program, graph, positions, back, [*whole, *hidden], extra, fixed).plan()


def _check_given(program: Program, shapes: Mapping[str, tuple[int, ...]]) -> None:
    missing = [name for name in program.names if name not in shapes]
    if missing:
        raise ArgumentError(f"{missing[0]} has no value", why=f"the lines use it: {', '.join(program.names)}")


def _fixed_lines(program: Program, lines: Mapping[str, str], *, other_names: bool) -> dict[str, float | str]:
    """The lines that are a number of themselves, and, with `other_names`, those that name something once more."""
    fixed: dict[str, float | str] = {n: value for n, text in lines.items() if (value := _constant(text)) is not None}
    if other_names:
        fixed |= {n: text.strip() for n, text in lines.items() if text.strip() in {*program.names, *lines}}
    return fixed


def _constant(text: str) -> float | None:
    """The value of a line that is a number and nothing else: it is a line all the same, and may be a blank."""
    try:
        return float(text)
    except ValueError:
        return None


def _stand_ins(
    program: Program,
    shapes: Mapping[str, tuple[int, ...]],
    fixed: Mapping[str, float | str],
    lines: Mapping[str, str],
) -> dict[str, Any]:
    """A value of the right shape for each name that the lines read: a plan is made before any number is drawn."""
    values: dict[str, Any] = {name: _filled(shapes[name]) for name in program.names}
    for name, behind in fixed.items():
        values[name] = _filled(() if isinstance(behind, float) else _shape_behind(behind, fixed, shapes, lines, values))
    return values


def _filled(shape: tuple[int, ...]) -> Any:
    return np.full(shape, 0.5) if shape else 0.5


def _shape_behind(
    name: str,
    fixed: Mapping[str, float | str],
    shapes: Mapping[str, tuple[int, ...]],
    lines: Mapping[str, str],
    values: Mapping[str, Any],
) -> tuple[int, ...]:
    """The shape of what a line gives another name to."""
    while isinstance(behind := fixed.get(name), str):
        name = behind
    if name in fixed:
        return ()
    if name in shapes:
        return shapes[name]
    before = dict(list(lines.items())[: list(lines).index(name) + 1])
    usable = {n: v for n, v in values.items() if any(n in parse(t).names for t in before.values())}
    return trace(parse_program(before), **usable).nodes[-1].shape


def _traced(
    whole: Mapping[str, str], hidden: Mapping[str, str], values: Mapping[str, Any]
) -> tuple[dict[str, int], Graph]:
    """The graph of all lines, and the node of each name.

    A line that only gives another name to something (A = Z) is no node of its own.
    """
    lines = {**whole, **hidden}
    last = "every_line"  # the value of a program is its last line: nothing else may be the result here
    text = {**lines, last: " + ".join(f"sum({n})" for n in lines)}
    with np.errstate(all="ignore"):  # shapes are what matters here, and not the numbers
        graph = trace(parse_program(text), **values)
    nodes = {node.name: i for i, node in enumerate(graph.nodes) if node.name}
    positions: dict[str, int] = {}
    for name in (*values, *lines):
        right = lines.get(name, "").strip()
        positions[name] = positions[right] if right in positions else nodes[name]
    return positions, graph


def _way_back(graph: Graph, gradients: Sequence[str], names: Mapping[str, int], loss: str, slopes: bool) -> Backward:
    for name in gradients:
        if name not in names:
            raise ArgumentError(f"there is no quantity {name!r} to go back to", hint=", ".join(names))
    return backward_lines(graph.with_outputs([names[loss]]), gradients, names, slopes=slopes)


class _Planning:
    """Puts the pieces together: tables of numbers, cut where a quantity stands."""

    def __init__(
        self,
        program: Program,
        graph: Graph,
        positions: Mapping[str, int],
        back: Backward | None,
        order: Sequence[str],
        extra: Sequence[Sequence[str]],
        fixed: Mapping[str, float | str],
    ) -> None:
        self.program, self.graph, self.positions, self.back, self.extra = program, graph, positions, back, extra
        self.fixed = fixed
        self.numbers = Numbers()
        self.quantities: dict[str, Quantity] = {}
        self.made: dict[int, Table] = {}
        size = 0
        backs = list(back.order) if back else []
        forward = [n for n in order if not n.startswith("also_")]
        for name in (*program.names, *forward, *backs):
            if name in program.names:
                role, node = GIVEN, positions[name]
            elif back and name in back.inputs:
                role, node = (SLOPE if name in back.slopes else BACK), back.defined[name]
            else:
                role, node = LINE, positions[name]
            at = back.inputs[name] if back and name in back.inputs else node
            quantity = Quantity(name, graph.nodes[at].shape, role, size, node, at)
            self.quantities[name] = quantity
            size += len(quantity.cells)
        self.leaves: dict[int, Quantity] = {}  # node → the quantity that whoever reads the node, reads
        for quantity in self.quantities.values():
            self.leaves.setdefault(quantity.leaf, quantity)

    def plan(self) -> Plan:
        try:
            tables = tables_of(self.numbers, self.graph, self._entry, cut=self._cut, ways=WAYS)
        except TooLarge:
            raise refusal(self.graph, self.numbers) from None
        relations: list[Relation] = []
        for quantity in self.quantities.values():
            if quantity.role == GIVEN:
                continue
            if quantity.name in self.fixed:
                relations += self._fixed(quantity)
                continue
            node = quantity.node
            own = node == quantity.leaf and self.leaves[node] is quantity
            table = self.made[node] if own else tables[node]
            relations += self._relations(quantity, table, quantity.name)
        for k, (left, _) in enumerate(self.extra):
            relations += self._second(left.strip(), tables[self.positions[f"also_{k}"]], f"also_{k}")
        return Plan(self.graph, self.program, self.quantities, tuple(relations), self.back, dict(self.fixed))

    def _fixed(self, quantity: Quantity) -> list[Relation]:
        value = self.fixed[quantity.name]
        if isinstance(value, float):
            return [Relation(quantity.first, ("known", value), quantity.name)]
        first = self.quantities[value].first
        pairs = zip(quantity.cells, range(first, first + len(quantity.cells)), strict=True)
        return [Relation(cell, ("cell", other), quantity.name) for cell, other in pairs]

    def _entry(self, position: int, k: int) -> int:
        return self.numbers.number("cell", self.leaves[position].first + k)

    def _cut(self, position: int, table: Table) -> Table:
        quantity = self.leaves.get(position)
        if quantity is None:
            return table
        self.made[position] = table
        return np.array([self.numbers.number("cell", c) for c in quantity.cells], int).reshape(quantity.shape)

    def _relations(self, quantity: Quantity, table: Table, line: str, *, extra: bool = False) -> list[Relation]:
        flat = np.broadcast_to(table, quantity.shape).reshape(-1).tolist()
        return [
            Relation(cell, tree_of(self.numbers, n), line, extra) for cell, n in zip(quantity.cells, flat, strict=True)
        ]

    def _second(self, left: str, table: Table, line: str) -> list[Relation]:
        quantity = self.quantities.get(left)
        if quantity is None:
            raise ArgumentError(f"there is no line {left!r}", hint=", ".join(self.quantities))
        if np.broadcast_shapes(table.shape, quantity.shape) != quantity.shape:
            raise ArgumentError(f"{left} and the other side of its equation have other shapes")
        return self._relations(quantity, table, line, extra=True)
