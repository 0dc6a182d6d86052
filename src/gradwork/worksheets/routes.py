"""The ways in which a blank can be worked out, each as an expression for it, and the slips on each way.

A line read forwards gives its own number; turned round it gives one of the numbers that it reads. Both are expressions
over cells, so a carried answer and a mistake are worked out in the same way for a result and for a missing input.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gradwork.check.cause import Cause, causes
from gradwork.check.paper import Slip, Step
from gradwork.check.trees import Tree, Worked, cells_in, worked
from gradwork.worksheets.plan import Plan, Relation


@dataclass(frozen=True, eq=False)
class Route:
    """One way to a cell.

    tree: the cell in terms of others.   reads: these others.   turned: the relation was turned round.
    """

    plan: Plan
    cell: int
    relation: Relation
    tree: Tree
    turned: bool

    @cached_property
    def reads(self) -> tuple[int, ...]:
        """The cells that it needs."""
        return tuple(dict.fromkeys(cells_in(self.tree)))

    @cached_property
    def value(self) -> Worked:
        """Works the cell out."""
        return worked(self.tree)

    @cached_property
    def slips(self) -> tuple[tuple[Cause, Slip], ...]:
        """Every mistake of the catalogue that can be made on this way, the more particular first."""
        step = Step(self.tree, self.cell, self.turned, self.plan.owner, self.plan.quantities, self.plan.count)
        found = []
        met = {self.tree}
        for cause in sorted((c for c in causes() if c.slips is not None), key=lambda c: c.rank):
            assert cause.slips is not None
            for slip in cause.slips(step):
                if slip.tree not in met or slip.tree[0] == "cell":
                    met.add(slip.tree)
                    found.append((cause, slip))
        return tuple(found)


def routes_to(plan: Plan, cell: int) -> tuple[Route, ...]:
    """All ways to a cell, its own definition first."""
    found = []
    for relation in plan.about[cell]:
        if relation.cell == cell:
            if cell not in relation.reads:
                found.append(Route(plan, cell, relation, relation.tree, False))
        elif (tree := turned(relation, cell)) is not None:
            found.append(Route(plan, cell, relation, tree, True))
    return tuple(sorted(found, key=lambda route: (route.turned, route.relation.extra)))


def turned(relation: Relation, cell: int) -> Tree | None:
    """The relation turned round to one of the cells that it reads, where that stands in it once."""
    if list(cells_in(relation.tree)).count(cell) != 1:
        return None
    target: Tree = ("cell", relation.cell)
    tree = relation.tree
    while tree[0] != "cell":
        op, *parts = tree
        at = next(k for k, part in enumerate(parts) if cell in cells_in(part))
        rest = [part for k, part in enumerate(parts) if k != at]
        undone = _undone(op, at, rest, target)
        if undone is None:
            return None
        target, tree = undone, parts[at]
    return target


def _undone(op: str, at: int, rest: list[Tree], y: Tree) -> Tree | None:
    match op:
        case "total" | "add":
            for part in rest:
                y = ("subtract", y, part)
            return y
        case "multiply" | "chain_product":
            return ("divide", y, rest[0])
        case "negative":
            return ("negative", y)
        case "subtract":
            return ("total", y, rest[0]) if at == 0 else ("subtract", rest[0], y)
        case "divide":
            return ("multiply", y, rest[0]) if at == 0 else ("divide", rest[0], y)
        case "relu":
            return y
        case "exp":
            return ("log", y)
        case "log":
            return ("exp", y)
        case "power" if at == 0 and rest[0] == ("known", 1.0):
            return y
        case _:
            return None
