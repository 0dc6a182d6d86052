"""Showing that every blank follows from what is printed, and in which order.

A relation in which one number alone is unknown gives that number, where it can be turned round to it: in a sum, in a
product with a factor other than 0, under a bar, inside a function that never gives the same value twice. Where no
single relation helps, the linear ones are taken together. What is found this way is found for certain: a blank that two
values would fit is never taken as found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gradwork.check.trees import cells_in
from gradwork.worksheets.plan import Plan, Relation
from gradwork.worksheets.turning import turned

_POINTS = (1.0, 2.0, 3.0, -1.5, 0.5)


@dataclass(frozen=True)
class Found:
    """One step of a solution: `cell` from `relations` (several where a system was solved)."""

    cell: int
    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class Solution:
    """The order in which cells can be found, and those that cannot."""

    steps: tuple[Found, ...]
    missing: tuple[int, ...]

    @property
    def solvable(self) -> bool:
        """Whether every cell that was asked for is found."""
        return not self.missing


def solve(
    plan: Plan,
    values: Sequence[float],
    unknown: Iterable[int],
    wanted: Iterable[int],
    told: Callable[[Relation], bool] = lambda relation: True,
) -> Solution:
    """Find an order for the `wanted` cells, where `unknown` ones are not printed and `told` relations are.

    >>> from gradwork.worksheets.planning import plan_of
    >>> plan = plan_of("Z = W * X", {"W": (), "X": ()})
    >>> solve(plan, [3.0, 2.0, 6.0], unknown=[1], wanted=[1]).solvable
    True
    >>> solve(plan, [0.0, 2.0, 0.0], unknown=[1], wanted=[1]).solvable
    False
    """
    left = set(unknown)
    goals = {c for c in wanted if c in left}
    known = [r for r in plan.relations if told(r)]
    steps: list[Found] = []
    waiting = dict.fromkeys(known)
    while goals & left:
        found = _one(waiting, values, left) or _system(waiting, values, left)
        if not found:
            break
        for step in found:
            left.discard(step.cell)
            steps.append(step)
    return Solution(_needed(steps, goals - left), tuple(sorted(goals & left)))


def _one(waiting: dict[Relation, None], values: Sequence[float], left: set[int]) -> list[Found]:
    """Every relation with one unknown, forwards where that can be: nobody solves what can be worked out."""
    turned: list[Found] = []
    taken: set[int] = set()
    for relation in list(waiting):
        open_cells = [c for c in (relation.cell, *relation.reads) if c in left]
        if not open_cells:
            del waiting[relation]
        elif len(set(open_cells)) == 1 and open_cells[0] not in taken:
            cell = open_cells[0]
            if cell == relation.cell and cell not in relation.reads:
                return [Found(cell, (relation,))]
            if turn(relation, cell, values) is not None:
                turned.append(Found(cell, (relation,)))
                taken.add(cell)
    return turned[:1]


def turn(relation: Relation, cell: int, values: Sequence[float]) -> float | None:
    """The value of `cell` that makes the relation true, where there is exactly one; else None."""
    if cell == relation.cell:
        if cell in relation.reads:
            return None
        try:
            return relation.value(values)
        except (ArithmeticError, ValueError):
            return None
    if cell not in relation.reads:
        return None
    way = turned(relation.cell, relation.tree, cell)
    if way is None:
        return _straight(relation, cell, values) if stands_often(relation, cell) else None
    try:
        found = way.value(values)
    except (ArithmeticError, ValueError):
        return None
    return found if math.isfinite(found) else None


def stands_often(relation: Relation, cell: int) -> bool:
    """Whether a relation reads a cell at more than one place."""
    return list(cells_in(relation.tree)).count(cell) > 1


def _straight(relation: Relation, cell: int, values: Sequence[float]) -> float | None:
    """As `turn`, for a cell that stands there more than once: where the relation is a straight line in it."""
    trial = list(values)
    heights = []
    try:
        for x in (0.0, *_POINTS):
            trial[cell] = x
            heights.append(relation.value(trial))
    except (ArithmeticError, ValueError):
        return None
    slope = heights[1] - heights[0]
    scale = max(map(abs, heights)) + 1
    if abs(slope) < 1e-9 * scale:
        return None
    if any(abs(heights[0] + slope * x - h) > 1e-9 * scale for x, h in zip(_POINTS, heights[1:], strict=True)):
        return None
    return (values[relation.cell] - heights[0]) / slope


def _system(waiting: dict[Relation, None], values: Sequence[float], left: set[int]) -> list[Found]:
    """Unknowns that several linear relations give together: at most six, from relations with at most three."""
    rows = []
    for relation in waiting:
        cells = tuple(c for c in dict.fromkeys((relation.cell, *relation.reads)) if c in left)
        if 1 < len(cells) <= 3:
            found = coefficients(relation, cells, values)
            if found is not None:
                rows.append((relation, dict(zip(cells, found[1], strict=True))))
    columns = list(dict.fromkeys(c for _, row in rows for c in row))
    if len(rows) < 2 or len(columns) > 12:
        return []
    matrix = np.array([[row.get(c, 0.0) for c in columns] for _, row in rows])
    _, sizes, right = np.linalg.svd(matrix)
    rank = int(np.sum(sizes > 1e-9 * max(sizes[0], 1.0)))
    free = right[rank:]
    fixed = [k for k in range(len(columns)) if rank and np.all(np.abs(free[:, k]) < 1e-9)]
    if not fixed or len(fixed) > 6:
        return []
    used = tuple(relation for relation, row in rows if any(columns[k] in row for k in fixed))
    return [Found(columns[k], used) for k in fixed]


def coefficients(relation: Relation, cells: Sequence[int], values: Sequence[float]) -> tuple[float, list[float]] | None:
    """How a relation hangs on these cells, where it does so linearly in all of them together.

    Gives b and the slopes s so that b + s·x = 0 says what the relation says; None where it is not linear.
    """
    trial = list(values)

    def height(*xs: float) -> float:
        for c, x in zip(cells, xs, strict=True):
            trial[c] = x
        return trial[relation.cell] - relation.value(trial)

    zero = [0.0] * len(cells)
    try:
        base = height(*zero)
        slopes = [height(*(float(k == j) for k in range(len(cells)))) - base for j in range(len(cells))]
        for point in ((1.5, -2.0, 0.5), (3.0, 2.5, -1.25)):
            at = point[: len(cells)]
            straight = base + sum(s * x for s, x in zip(slopes, at, strict=True))
            if abs(height(*at) - straight) > 1e-9 * (1 + abs(straight)):
                return None
    except (ArithmeticError, ValueError):
        return None
    return base, slopes


def _needed(steps: Sequence[Found], goals: set[int]) -> tuple[Found, ...]:
    """Only the steps that lead to the goals."""
    wanted, kept = set(goals), []
    for step in reversed(steps):
        if step.cell in wanted:
            kept.append(step)
            for relation in step.relations:
                wanted |= {relation.cell, *relation.reads}
    return tuple(reversed(kept))
