"""What follows from the numbers that are given: by any relation, turned any way round, or by several together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gradwork.worksheets.plan import Plan, Relation
from gradwork.worksheets.rounding import rounded
from gradwork.worksheets.solver import coefficients, turn


def values_from(plan: Plan, given: Mapping[int, float]) -> tuple[list[float], list[Relation]]:
    """All cells that follow from the given ones (NaN for the others), and the relations that do not hold among them."""
    values = [math.nan] * plan.size
    for cell, value in given.items():
        values[cell] = value
    waiting = list(plan.relations)
    odd: list[Relation] = []
    moved = True
    while moved:
        moved = False
        for relation in list(waiting):
            cells = dict.fromkeys((relation.cell, *relation.reads))
            left = [c for c in cells if math.isnan(values[c])]
            if not left:
                waiting.remove(relation)
                if not _holds(relation, values):
                    odd.append(relation)
            elif len(left) == 1:
                found = turn(relation, left[0], values)
                if found is not None and math.isfinite(found):
                    values[left[0]] = rounded(found, 12)
                    waiting.remove(relation)
                    moved = True
        if not moved:
            moved = _together(waiting, values)
    return values, odd


def _holds(relation: Relation, values: Sequence[float]) -> bool:
    try:
        value = relation.value(values)
    except (ArithmeticError, ValueError):
        return True
    here = float(values[relation.cell])
    return bool(abs(value - here) <= 1e-6 * max(1.0, abs(here), abs(value)))


def _together(waiting: Sequence[Relation], values: list[float]) -> bool:
    """Cells that several linear relations give together."""
    rows = []
    for relation in waiting:
        cells = tuple(c for c in dict.fromkeys((relation.cell, *relation.reads)) if math.isnan(values[c]))
        if 1 < len(cells) <= 3 and (found := coefficients(relation, cells, values)) is not None:
            rows.append((dict(zip(cells, found[1], strict=True)), found[0]))
    columns = list(dict.fromkeys(c for row, _ in rows for c in row))
    if len(rows) < 2 or not columns:
        return False
    matrix = np.array([[row.get(c, 0.0) for c in columns] for row, _ in rows])
    target = -np.array([base for _, base in rows])
    _, sizes, right = np.linalg.svd(matrix)
    rank = int(np.sum(sizes > 1e-9 * max(sizes[0], 1.0)))
    solution = np.linalg.lstsq(matrix, target, rcond=None)[0]
    if np.max(np.abs(matrix @ solution - target)) > 1e-6 * (1 + np.max(np.abs(target))):
        return False
    free = right[rank:]
    found_any = False
    for k, cell in enumerate(columns):
        if np.all(np.abs(free[:, k]) < 1e-9):
            values[cell] = rounded(float(solution[k]), 9)
            found_any = True
    return found_any
