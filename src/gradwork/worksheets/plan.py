"""The plan of an exercise: its quantities, number by number, and how each follows from others.

A plan is made once from the named lines of an exercise (a graph, with the way back where it is wanted) and serves every
sheet that has the same lines and shapes. The numbers, the key, the order in which blanks can be found, carried answers
and mistakes are all read off its relations. `planning` makes one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradwork.check.trees import Tree, Worked, cells_in, text_of, worked
from gradwork.errors import ArgumentError
from gradwork.graph.formula import Program
from gradwork.graph.graph import Graph
from gradwork.lowering.numbers import MATH
from gradwork.worksheets.backward import Backward

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
