"""Checking a filled-in working: which of its printed numbers cannot be right, and what each would have to be.

What is to be trusted (the givens) is put in, everything else is worked out from it alone by the working's own lines,
turned round where they have to be. A printed number is right if it equals what follows to its last printed digit. Where
several wrong numbers would all follow from one other value of a given, that is said: they were divided by 0.001, say,
where the nudge is 0.01.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradwork.formats.display import Shown
from gradwork.notation.document import Block, Document, Heading, Paragraph, Table
from gradwork.worksheets.faults import Fault, conflict, faults_of, name_of, wrong_names
from gradwork.worksheets.filled import Filled, Printed
from gradwork.worksheets.following import values_from
from gradwork.worksheets.rounding import number_text, rounded


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
        blocks: list[Block] = [Heading(self.title, 1), Paragraph(self._verdict(), "result" if self.ok else "warning")]
        for fault in self.faults:
            blocks += _blocks(fault)
        if self.unknown:
            text = "nothing that is printed fixes these: " + ", ".join(self.unknown)
            blocks.append(Paragraph(text, "note"))
        return Document(self.title, tuple(blocks), facts=self.facts())

    def _verdict(self) -> str:
        count = len(self.faults)
        if not count:
            return _all_follow(self.checked)
        return f"{count} {'thing' if count == 1 else 'things'} that cannot be right, of {self.checked} checked:"

    def facts(self) -> dict[str, Any]:
        """The report as plain numbers and texts."""
        return {
            "ok": self.ok,
            "checked": self.checked,
            "faults": [fault.facts() for fault in self.faults],
            "answers": {str(k): v for k, v in self.answers.items()},
            "unknown": list(self.unknown),
        }


def _blocks(fault: Fault) -> list[Block]:
    blocks: list[Block] = [Heading(fault.what, 3, aside=fault.exercise), Paragraph(fault.why)]
    if len(fault.cells) > 1:
        numbers = zip(fault.cells, fault.printed, fault.follows, strict=True)
        rows = tuple((cell, number_text(printed), number_text(follows)) for cell, printed, follows in numbers)
        blocks.append(Table(("", "printed", "follows"), rows, align="lrr"))
    return blocks


def _all_follow(checked: int) -> str:
    if not checked:
        return "No printed number could be checked."
    what = "1 printed number or name follows" if checked == 1 else f"{checked} printed numbers and names follow"
    return f"{what} from what is given."


def verify(title: str, exercises: Sequence[Filled]) -> Verified:
    """Check every printed number and every claim of a working."""
    faults: list[Fault] = []
    unknown: list[str] = []
    answers: dict[int, float] = {}
    checked = 0
    for filled in exercises:
        values, odd = values_from(filled.plan, filled.given)
        faults += [conflict(filled, relation, values) for relation in odd]
        wrong: list[tuple[Printed, float]] = []
        for one in filled.printed:
            value = values[one.cell]
            if math.isnan(value):
                unknown.append(name_of(filled, one))
                continue
            checked += 1
            if one.number is not None:
                answers[one.number] = rounded(value, 9)
            if not one.is_right(value):
                wrong.append((one, rounded(value, 9)))
        faults += faults_of(filled, wrong, values)
        faults += wrong_names(filled)
        checked += len(filled.claims)
    return Verified(title, tuple(faults), checked, tuple(unknown), dict(sorted(answers.items())))
