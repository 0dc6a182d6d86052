"""The ways in which a blank can be worked out, each as an expression for it, and the slips on each way.

A line read forwards gives its own number; turned round it gives one of the numbers that it reads. Both are expressions
over cells, so a carried answer and a mistake are worked out in the same way for a result and for a missing input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gradwork.check.cause import Cause, causes
from gradwork.check.paper import Slip, Step
from gradwork.check.trees import Tree, Values, Worked, cells_in, together
from gradwork.worksheets.plan import Plan, Relation
from gradwork.worksheets.solver import turn
from gradwork.worksheets.turning import Turned, turned


@dataclass(frozen=True, eq=False)
class Route:
    """One way to a cell.

    way:    the cell in terms of others, None where it stands in the relation more than once.
    turned: whether the relation was turned round.
    """

    plan: Plan
    cell: int
    relation: Relation
    way: Turned | None
    turned: bool

    @property
    def tree(self) -> Tree | None:
        """The expression of the way."""
        return self.way.tree if self.way else None

    @cached_property
    def reads(self) -> tuple[int, ...]:
        """The cells that it needs."""
        if self.tree is None:
            return tuple(c for c in (self.relation.cell, *self.relation.reads) if c != self.cell)
        return tuple(dict.fromkeys(cells_in(self.tree)))

    @cached_property
    def value(self) -> Worked:
        """Works the cell out. It raises ArithmeticError or ValueError where it has no one value."""
        return self.way.value if self.way else self._balanced

    def _balanced(self, values: Values) -> float:
        found = turn(self.relation, self.cell, values)
        if found is None:
            raise ArithmeticError
        return found

    @cached_property
    def slips(self) -> tuple[tuple[Cause, Slip], ...]:
        """Every mistake of the catalogue that can be made on this way, the more particular first."""
        if self.tree is None:
            return ()
        lines = {cell: relation.tree for cell, relation in self.plan.definitions.items()}
        step = Step(self.tree, self.cell, self.turned, self.plan.owner, self.plan.quantities, self.plan.count, lines)
        found = []
        met: set[Any] = {self.tree}
        for cause in sorted((c for c in causes() if c.slips is not None), key=lambda c: c.rank):
            assert cause.slips is not None
            for slip in cause.slips(step):
                # Of two causes of one number the more particular is kept, and for marking both.
                if slip.tree not in met or slip.tree[0] == "cell" or (slip.late and (cause.code, slip.tree) not in met):
                    met |= {slip.tree, (cause.code, slip.tree)}
                    found.append((cause, slip))
        return tuple(found)

    @cached_property
    def usual(self) -> tuple[tuple[Cause, Slip], ...]:
        """The slips that are neither rare nor for marking alone."""
        return tuple(pair for pair in self.slips if not pair[1].rare and not pair[1].late)

    @cached_property
    def _together(self) -> Callable[[Values], tuple[Any, ...]]:
        return together([slip.tree for _, slip in self.usual])

    def usual_values(self, values: Values) -> Sequence[float | None]:
        """What each of the usual slips gives; None where it gives nothing."""
        try:
            return self._together(values)
        except (ArithmeticError, ValueError):
            return [_value(slip, values) for _, slip in self.usual]


def _value(slip: Slip, values: Values) -> float | None:
    try:
        found = slip.value(values)
    except (ArithmeticError, ValueError):
        return None
    return None if isinstance(found, complex) else found


def routes_to(plan: Plan, cell: int) -> tuple[Route, ...]:
    """All ways to a cell, its own definition first."""
    found = []
    for relation in plan.about[cell]:
        if relation.cell == cell:
            if cell not in relation.reads:
                found.append(Route(plan, cell, relation, Turned(relation.tree), False))
        else:
            found.append(Route(plan, cell, relation, turned(relation.cell, relation.tree, cell), True))
    return tuple(sorted(found, key=lambda route: (route.turned, route.relation.extra)))
