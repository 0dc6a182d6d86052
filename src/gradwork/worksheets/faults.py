"""What cannot be right in a filled-in working, said in words: one number by itself, or several with one cause."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gradwork.worksheets.claims import objection
from gradwork.worksheets.filled import Filled, Printed
from gradwork.worksheets.plan import GIVEN, Relation
from gradwork.worksheets.rounding import number_text, rounded
from gradwork.worksheets.solver import turn


@dataclass(frozen=True)
class Fault:
    """Something that cannot be right. `numbers` are blanks; `follows` is what would have to stand there."""

    exercise: str
    what: str
    why: str
    numbers: tuple[int, ...] = ()
    cells: tuple[str, ...] = ()
    printed: tuple[float, ...] = ()
    follows: tuple[float, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The fault as plain numbers and texts."""
        return {
            "what": self.what,
            "why": self.why,
            "exercise": self.exercise,
            "blanks": list(self.numbers),
            "cells": list(self.cells),
            "printed": list(self.printed),
            "follows": list(self.follows),
        }


def faults_of(filled: Filled, wrong: Sequence[tuple[Printed, float]], values: Sequence[float]) -> Iterator[Fault]:
    """The faults behind the wrong numbers, each with what would have to stand there."""
    left = list(wrong)
    if len(left) > 1:
        for cell, instead, explained in _other_givens(filled, left, values):
            if all(pair in left for pair in explained):
                yield _one_cause(filled, cell, instead, explained)
                left = [pair for pair in left if pair not in explained]
    for one, value in left:
        name = name_of(filled, one)
        shown = number_text(one.reading.value)
        yield Fault(
            filled.title,
            f"{name} cannot be {shown}",
            f"it has to be {number_text(value)}: {_because(filled, one, values)}",
            (one.number,) if one.number is not None else (),
            (filled.plan.cell_name(one.cell, 0),),
            (one.reading.value,),
            (value,),
        )


def _other_givens(
    filled: Filled, wrong: Sequence[tuple[Printed, float]], values: Sequence[float]
) -> Iterator[tuple[int, float, list[tuple[Printed, float]]]]:
    """Single givens that would explain several wrong numbers at once, if they had another value."""
    plan = filled.plan
    singles = [q.first for q in plan.quantities.values() if q.role == GIVEN and not q.shape and q.first in filled.given]
    for cell in singles:
        reading = [pair for pair in wrong if pair[0].cell in plan.definitions]
        reading = [pair for pair in reading if cell in plan.definitions[pair[0].cell].reads]
        instead: dict[float, list[tuple[Printed, float]]] = {}
        for one, value in reading:
            trial = list(values)
            trial[one.cell] = one.reading.value
            found = turn(plan.definitions[one.cell], cell, trial)
            if found is not None and math.isfinite(found):
                instead.setdefault(rounded(found, 9), []).append((one, value))
        for value, explained in instead.items():
            if len(explained) > 1 and len(explained) == len(reading):
                yield cell, value, explained


def _one_cause(filled: Filled, cell: int, instead: float, explained: Sequence[tuple[Printed, float]]) -> Fault:
    plan = filled.plan
    name = plan.cell_name(cell, 0)
    given = number_text(filled.given[cell])
    divided = all(_divides(plan.definitions[one.cell], cell) for one, _ in explained)
    verb = "were divided by" if divided else "were worked out with"
    names = sorted({plan.owner[one.cell].name for one, _ in explained})
    what = f"{' and '.join(names)} {verb} {number_text(instead)}, and {name} is {given}"
    why = f"all {len(explained)} numbers follow if {name} were {number_text(instead)}; with {given} others do"
    return Fault(
        filled.title,
        what,
        why,
        tuple(one.number for one, _ in explained if one.number is not None),
        tuple(plan.cell_name(one.cell, 0) for one, _ in explained),
        tuple(one.reading.value for one, _ in explained),
        tuple(value for _, value in explained),
    )


def _divides(relation: Relation, cell: int) -> bool:
    return bool(relation.tree[0] == "divide" and relation.tree[2] == ("cell", cell))


def _because(filled: Filled, one: Printed, values: Sequence[float]) -> str:
    """The line that fixes a number, with what it reads."""
    plan = filled.plan
    for relation in sorted(plan.about[one.cell], key=lambda r: r.cell != one.cell):
        others = [c for c in dict.fromkeys((relation.cell, *relation.reads)) if c != one.cell]
        if all(not math.isnan(values[c]) for c in others):
            told = ", ".join(f"{plan.cell_name(c, 0)} = {number_text(values[c])}" for c in others)
            formula = next((f"{n} = {f}" for n, f in plan.program.lines if n == relation.line), "")
            return f"{formula} with {told}" if formula else f"with {told}"
    return "it follows from what is given"


def wrong_names(filled: Filled) -> Iterator[Fault]:
    """The names that quantities of these shapes cannot have."""
    for claim in filled.claims:
        if (why := objection(claim, filled.plan.quantities[claim.of].shape)) is not None:
            yield Fault(filled.title, f"{claim.of} is no {claim.name}", why)


def conflict(filled: Filled, relation: Relation, values: Sequence[float]) -> Fault:
    """What is to be trusted, and does not go together."""
    plan = filled.plan
    cells = dict.fromkeys((relation.cell, *relation.reads))
    told = ", ".join(f"{plan.cell_name(c, 0)} = {number_text(values[c])}" for c in cells)
    name, here = plan.cell_name(relation.cell, 0), values[relation.cell]
    value = relation.value(values)
    what = f"what is given does not go together: {name}"
    why = f"with {told}, {name} would be {number_text(rounded(value, 9))}"
    return Fault(filled.title, what, why, (), (name,), (here,), (value,))


def name_of(filled: Filled, one: Printed) -> str:
    """A printed number by its blank and its quantity."""
    name = filled.plan.cell_name(one.cell, 0)
    base = filled.plan.owner[one.cell].name
    label = name.replace(base, filled.labels.get(base, base), 1)
    return f"blank {one.number} ({label})" if one.number is not None else label
