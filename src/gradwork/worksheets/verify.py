"""Checking a filled-in working: which of its printed numbers cannot be right, and what each would have to be.

What is to be trusted (the givens) is put in, everything else is worked out from it alone by the working's own lines,
turned round where they have to be. A printed number is right if it equals what follows to its last printed digit. Where
several wrong numbers would all follow from one other value of a given, that is said: they were divided by 0.001, say,
where the nudge is 0.01.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.formats.display import Shown
from gradwork.notation.document import Block, Document, Heading, Paragraph, Table
from gradwork.worksheets.answers import Reading
from gradwork.worksheets.claims import Claim, objection
from gradwork.worksheets.plan import GIVEN, Plan, Relation
from gradwork.worksheets.rounding import SLACK, number_text, rounded
from gradwork.worksheets.solver import coefficients, turn


@dataclass(frozen=True)
class Printed:
    """A number as it is printed. `number` is that of its blank, None where it has none."""

    cell: int
    reading: Reading
    number: int | None = None

    def is_right(self, value: float) -> bool:
        """Whether it equals this value to its last printed digit."""
        if self.reading.decimals is None:
            return abs(self.reading.value - value) <= SLACK * max(1.0, abs(value))
        half = 0.5 * 10.0**-self.reading.decimals
        exact = abs(value - rounded(value, 9)) < SLACK and rounded(value, self.reading.decimals) == rounded(value, 9)
        return abs(self.reading.value - value) <= (SLACK * max(1.0, abs(value)) if exact else half * (1 + 1e-6))


@dataclass(frozen=True, eq=False)
class Filled:
    """A working with printed numbers.

    given:   cells that are to be trusted, with their values.   printed: what is to be checked.
    claims:  names that the working gives to its quantities.
    """

    title: str
    plan: Plan
    given: Mapping[int, float]
    printed: Sequence[Printed]
    claims: Sequence[Claim] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True, eq=False, repr=False)
class Verified(Shown):
    """What was found in a filled-in working. `ok` says that nothing is wrong.

    answers: number of a blank → what follows for it from what is to be trusted.
    unknown: the printed numbers that nothing can be said about, by name.
    """

    title: str
    faults: tuple[Fault, ...]
    checked: int
    unknown: tuple[str, ...]
    answers: Mapping[int, float]

    @property
    def ok(self) -> bool:
        """Whether everything that is printed can be right."""
        return not self.faults

    def document(self) -> Document:
        """The report."""
        blocks: list[Block] = [Heading(self.title, 1)]
        count = len(self.faults)
        verdict = (
            f"{self.checked} printed numbers and names follow from what is given."
            if self.ok
            else f"{count} {'thing' if count == 1 else 'things'} that cannot be right, of {self.checked} checked:"
        )
        blocks.append(Paragraph(verdict, "result" if self.ok else "warning"))
        for fault in self.faults:
            blocks += [Heading(fault.what, 3, aside=fault.exercise), Paragraph(fault.why)]
            if len(fault.cells) > 1:
                rows = tuple(
                    (cell, number_text(p), number_text(f))
                    for cell, p, f in zip(fault.cells, fault.printed, fault.follows, strict=True)
                )
                blocks.append(Table(("", "printed", "follows"), rows, align="lrr"))
        if self.unknown:
            text = "nothing that is printed fixes these: " + ", ".join(self.unknown)
            blocks.append(Paragraph(text, "note"))
        facts = {
            "ok": self.ok,
            "checked": self.checked,
            "faults": [
                {
                    "what": f.what,
                    "why": f.why,
                    "exercise": f.exercise,
                    "blanks": list(f.numbers),
                    "cells": list(f.cells),
                    "printed": list(f.printed),
                    "follows": list(f.follows),
                }
                for f in self.faults
            ],
            "answers": {str(k): v for k, v in self.answers.items()},
            "unknown": list(self.unknown),
        }
        return Document(self.title, tuple(blocks), facts=facts)


def verify(title: str, exercises: Sequence[Filled]) -> Verified:
    """Check every printed number and every claim of a working."""
    faults: list[Fault] = []
    unknown: list[str] = []
    answers: dict[int, float] = {}
    checked = 0
    for filled in exercises:
        values, odd = values_from(filled.plan, filled.given)
        faults += [_conflict(filled, relation, values) for relation in odd]
        wrong: list[tuple[Printed, float]] = []
        for one in filled.printed:
            value = values[one.cell]
            if math.isnan(value):
                unknown.append(_name(filled, one))
                continue
            checked += 1
            if one.number is not None:
                answers[one.number] = rounded(value, 9)
            if not one.is_right(value):
                wrong.append((one, rounded(value, 9)))
        faults += _faults(filled, wrong, values)
        for claim in filled.claims:
            checked += 1
            if (why := objection(claim, filled.plan.quantities[claim.of].shape)) is not None:
                faults.append(Fault(filled.title, f"{claim.of} is no {claim.name}", why, cells=()))
    return Verified(title, tuple(faults), checked, tuple(unknown), dict(sorted(answers.items())))


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


# -- what cannot be right ---------------------------------------------------------------------------------------------


def _faults(filled: Filled, wrong: Sequence[tuple[Printed, float]], values: Sequence[float]) -> Iterator[Fault]:
    left = list(wrong)
    if len(left) > 1:
        for cell, instead, explained in _other_givens(filled, left, values):
            if all(pair in left for pair in explained):
                yield _one_cause(filled, cell, instead, explained)
                left = [pair for pair in left if pair not in explained]
    for one, value in left:
        name = _name(filled, one)
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


def _conflict(filled: Filled, relation: Relation, values: Sequence[float]) -> Fault:
    plan = filled.plan
    cells = dict.fromkeys((relation.cell, *relation.reads))
    told = ", ".join(f"{plan.cell_name(c, 0)} = {number_text(values[c])}" for c in cells)
    name, here = plan.cell_name(relation.cell, 0), values[relation.cell]
    value = relation.value(values)
    what = f"what is given does not go together: {name}"
    why = f"with {told}, {name} would be {number_text(rounded(value, 9))}"
    return Fault(filled.title, what, why, (), (name,), (here,), (value,))


def _name(filled: Filled, one: Printed) -> str:
    name = filled.plan.cell_name(one.cell, 0)
    base = filled.plan.owner[one.cell].name
    label = name.replace(base, filled.labels.get(base, base), 1)
    return f"blank {one.number} ({label})" if one.number is not None else label


def reading_of(value: Any) -> Reading:
    """A number of a file as it is printed there: its decimals are those that it is written with."""
    text = repr(float(value)) if not isinstance(value, int) else str(value)
    mantissa, _, exponent = text.partition("e")
    places = len(mantissa.partition(".")[2].rstrip("0")) - int(exponent or 0)
    return Reading(float(value), max(places, 0))
