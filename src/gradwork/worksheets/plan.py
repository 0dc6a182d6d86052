"""The plan of an exercise: its quantities, number by number, and how each follows from others.

A plan is made once from the named lines of an exercise (a graph, with the way back where it is wanted) and serves every
sheet that has the same lines and shapes. The numbers, the key, the order in which blanks can be found, carried answers
and mistakes are all read off its relations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradwork.check.trees import Tree, Worked, cells_in, text_of, tree_of, worked
from gradwork.errors import ArgumentError
from gradwork.graph.formula import Program, parse, parse_program
from gradwork.graph.graph import Graph
from gradwork.graph.trace import trace
from gradwork.lowering.numbers import MATH, Numbers, Table, tables_of
from gradwork.worksheets.backward import Backward, backward_lines
from gradwork.worksheets.entries import WAYS

GIVEN, LINE, BACK, SLOPE = "given", "line", "back", "slope"


@dataclass(frozen=True)
class Quantity:
    """A number, vector or matrix with a name. Its cells are `first`, `first + 1`, ... in reading order.

    role: "given", "line" (a line of the exercise), "back" (what comes back to a line), "slope" (a local slope).
    node: what is read to print its definition, in the plan's graph.
    leaf: the node that whoever uses it reads: the same, but for what comes back.
    """

    name: str
    shape: tuple[int, ...]
    role: str
    first: int
    node: int
    leaf: int

    @property
    def cells(self) -> range:
        """Its cells."""
        return range(self.first, self.first + math.prod(self.shape))

    def place(self, cell: int) -> tuple[int, ...]:
        """Where a cell of it stands, counted from 0."""
        return tuple(int(i) for i in np.unravel_index(cell - self.first, self.shape)) if self.shape else ()


@dataclass(frozen=True, eq=False)
class Relation:
    """What one cell is, in terms of others. `line` names the line that says so; `extra` ones are a second way."""

    cell: int
    tree: Tree
    line: str
    extra: bool = False

    @cached_property
    def reads(self) -> tuple[int, ...]:
        """The cells that it is worked out from, each once."""
        return tuple(dict.fromkeys(cells_in(self.tree)))

    @cached_property
    def value(self) -> Worked:
        """Works the cell out from the values of all cells."""
        return worked(self.tree)


@dataclass(frozen=True, eq=False)
class Plan:
    """The quantities and relations of an exercise: those that define cells, in order, then the second ways.

    fixed: the lines that are a number of themselves, such as the slope of 3x, or another name for something.
    """

    graph: Graph
    program: Program
    quantities: dict[str, Quantity]
    relations: tuple[Relation, ...]
    back: Backward | None
    fixed: Mapping[str, float | str] = field(default_factory=dict)
    _routes: dict[int, Any] = field(default_factory=dict, repr=False)

    def routes(self, cell: int) -> tuple[Any, ...]:
        """All ways to a cell: see `gradwork.worksheets.routes`."""
        if cell not in self._routes:
            from gradwork.worksheets.routes import routes_to

            self._routes[cell] = routes_to(self, cell)
        return self._routes[cell]  # type: ignore[no-any-return]

    @cached_property
    def count(self) -> int:
        """Over how many entries the last line takes its mean; 1 where it takes none."""
        found = 1
        for node in self.graph.nodes:
            if node.op == "mean":
                found = max(found, math.prod(self.graph.nodes[node.inputs[0]].shape[a] for a in node.params["axis"]))
        return found

    @cached_property
    def size(self) -> int:
        """How many cells there are."""
        return sum(len(q.cells) for q in self.quantities.values())

    @cached_property
    def owner(self) -> tuple[Quantity, ...]:
        """For each cell, its quantity."""
        owners: list[Any] = [None] * self.size
        for quantity in self.quantities.values():
            for cell in quantity.cells:
                owners[cell] = quantity
        return tuple(owners)

    @cached_property
    def definitions(self) -> dict[int, Relation]:
        """The relation that works each computed cell out."""
        return {r.cell: r for r in self.relations if not r.extra}

    @cached_property
    def about(self) -> tuple[tuple[Relation, ...], ...]:
        """For each cell, the relations that it stands in."""
        found: list[list[Relation]] = [[] for _ in range(self.size)]
        for relation in self.relations:
            for cell in (relation.cell, *relation.reads):
                if relation not in found[cell]:
                    found[cell].append(relation)
        return tuple(map(tuple, found))

    @cached_property
    def _program(self) -> Callable[[list[float], Callable[[float], float]], None]:
        lines = [f"    v[{r.cell}] = r({text_of(r.tree)})" for r in self.relations if not r.extra]
        scope: dict[str, Any] = dict(MATH)
        exec("def fill(v, r):\n" + ("\n".join(lines) or "    pass"), scope)
        return scope["fill"]  # type: ignore[no-any-return]

    def fill(self, given: Mapping[str, Any], printed: Callable[[float], float]) -> list[float]:
        """All cells, from the givens: each is rounded as it is printed, and later ones go on from there.

        Raises ArithmeticError or ValueError where a cell has no value.
        """
        values = [math.nan] * self.size
        for name, value in given.items():
            if name not in self.quantities:
                raise ArgumentError(f"{name} has a value, and no line uses it", hint=", ".join(self.quantities))
            quantity = self.quantities[name]
            flat = [value] if not quantity.shape else flattened(value)
            values[quantity.first : quantity.first + len(flat)] = map(float, flat)
        self._program(values, printed)
        return values

    def cell_name(self, cell: int, first: int = 1) -> str:
        """A cell by its name, counted from 1 as people do: `dW[1, 2]`; or from `first`."""
        quantity = self.owner[cell]
        place = quantity.place(cell)
        return quantity.name + (f"[{', '.join(str(i + first) for i in place)}]" if place else "")

    def array(self, name: str, values: Sequence[float]) -> Any:
        """The values of a quantity, as an array."""
        quantity = self.quantities[name]
        found = np.array([values[c] for c in quantity.cells])
        return found.reshape(quantity.shape)


def flattened(value: Any) -> list[float]:
    """Nested lists or an array as one list, in reading order."""
    if isinstance(value, (list, tuple)):
        return [x for part in value for x in flattened(part)]
    return [float(x) for x in value.reshape(-1)] if isinstance(value, np.ndarray) else [float(value)]


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a number, an array or nested lists."""
    return tuple(np.shape(value))


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
    extra = [equation.split("=", 1) for equation in also]
    whole = {name or "loss": str(f) for name, f in program.lines}
    hidden = {f"also_{k}": right.strip() for k, (_, right) in enumerate(extra)}
    order = [*whole, *hidden]
    missing = [n for n in program.names if n not in shapes]
    if missing:
        raise ArgumentError(f"{missing[0]} has no value", why=f"the lines use it: {', '.join(program.names)}")
    fixed: dict[str, float | str] = {n: value for n, text in whole.items() if (value := _constant(text)) is not None}
    if not gradients:
        fixed |= {n: text.strip() for n, text in whole.items() if text.strip() in {*program.names, *whole}}
    values: dict[str, Any] = {n: np.full(shapes[n], 0.5) if shapes[n] else 0.5 for n in program.names}
    lines_left = {n: text for n, text in whole.items() if n not in fixed}
    for name, behind in fixed.items():
        shape = () if isinstance(behind, float) else _shape_behind(behind, fixed, shapes, lines_left, values)
        values[name] = np.full(shape, 0.5) if shape else 0.5
    positions, graph = _traced(lines_left, hidden, values)
    names = {n: positions[n] for n in [*program.names, *whole]}
    back = None
    if gradients:
        for name in gradients:
            if name not in names:
                raise ArgumentError(f"there is no quantity {name!r} to go back to", hint=", ".join(names))
        loss = graph.with_outputs([positions[list(whole)[-1]]])
        back = backward_lines(loss, gradients, names, slopes=slopes)
    return _Planning(program, back.graph if back else graph, positions, back, order, extra, fixed).plan()


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


def _constant(text: str) -> float | None:
    """The value of a line that is a number and nothing else: it is a line all the same, and may be a blank."""
    try:
        return float(text)
    except ValueError:
        return None


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
        tables = tables_of(self.numbers, self.graph, self._entry, cut=self._cut, ways=WAYS)
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
