"""Marking what is no number of a working: shapes, names of rules, and choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gradwork.check.diagnoses.transposed import CAUSE as TRANSPOSED
from gradwork.worksheets.answers import is_empty, read_number
from gradwork.worksheets.exercise import BySign
from gradwork.worksheets.marks import CARRIED, EMPTY, FOLLOWS, MISTAKE, RIGHT, UNREADABLE, WRONG, Credit, Mark
from gradwork.worksheets.own_work import OwnWork

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Asked, Sheet

EXCHANGED_SHAPE = "rows and columns are exchanged"


def marks_of_others(sheet: Sheet, answers: Mapping[int, str]) -> dict[int, Mark]:
    """The marks of all blanks that ask for no number of the working, by the blank's number."""
    others = [b for b in sheet.blanks if b.kind != "cell"]
    marks = {b.number: _mark(b, answers.get(b.number, ""), sheet) for b in others}
    for one, two in shapes(sheet):
        typed = [_whole(answers.get(b.number, "")) for b in (one, two)]
        if typed == [two.answer, one.answer] and one.answer != two.answer:
            for b in (one, two):
                says = sheet.language(EXCHANGED_SHAPE)
                marks[b.number] = replace(marks[b.number], status=MISTAKE, says=says, cause=TRANSPOSED)
    return marks


def carried_choices(
    sheet: Sheet, marks: Mapping[int, Mark], work: OwnWork, index: int, credit: Credit
) -> dict[int, Mark]:
    """The choices of one exercise that are wrong, and follow from the learner's own numbers."""
    found = {}
    for blank in sheet.blanks:
        if blank.item != index or blank.kind != "choice" or marks[blank.number].status != WRONG:
            continue
        by = sheet.items[index].choice(blank.place).answer
        if not isinstance(by, BySign):
            continue
        cells = [work.plan.quantities[name].first for name in (by.of, by.less) if name]
        numbers = [work.own[c] for c in cells]
        meant = blank.choices[by.position(numbers[0] - sum(numbers[1:]))].casefold()
        if meant != _chosen(marks[blank.number].typed, [choice.casefold() for choice in blank.choices]):
            continue
        wrong = sorted(work.blanks[c].number for c in cells if c in work.blanks and work.own[c] != work.key[c])
        says = sheet.language(FOLLOWS, numbers=", ".join(map(str, wrong)))
        found[blank.number] = replace(marks[blank.number], status=CARRIED, credit=credit.carried, says=says)
    return found


def shapes(sheet: Sheet) -> Iterator[tuple[Asked, Asked]]:
    """The blanks that ask for the rows and the columns of the same matrix."""
    found: dict[tuple[int, str], list[Asked]] = {}
    for blank in sheet.blanks:
        if blank.kind == "shape":
            found.setdefault((blank.item, blank.place[1]), []).append(blank)
    yield from ((pair[0], pair[1]) for pair in found.values() if len(pair) == 2)


def _whole(typed: str) -> float | None:
    readings = read_number(typed)
    return readings[0].value if readings else None


def _mark(blank: Asked, typed: str, sheet: Sheet) -> Mark:
    """A shape, the name of a rule, or a choice."""
    if is_empty(typed):
        return Mark(blank, typed, EMPTY)
    if blank.choices:
        chosen = _chosen(typed, [choice.casefold() for choice in blank.choices])
        if chosen is None:
            says = sheet.language("it is one of: {all}", all=", ".join(blank.choices))
            return Mark(blank, typed, UNREADABLE, says=says)
        right = chosen == str(blank.answer).casefold()
    else:
        readings = read_number(typed)
        if not readings:
            return Mark(blank, typed, UNREADABLE, says=sheet.language("this cannot be read as a number"))
        right = any(r.value == blank.answer for r in readings)
    return Mark(blank, typed, RIGHT if right else WRONG, float(right))


def _chosen(typed: str, choices: Sequence[str]) -> str | None:
    """The choice that was meant: by its words, its number, or a part of it that is in no other."""
    text = " ".join(typed.split()).casefold().rstrip(".!")
    if text in choices:
        return text
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= len(choices):
        return choices[int(text) - 1]
    starting = [choice for choice in choices if choice.startswith(text)]
    fitting = starting or [choice for choice in choices if f" {text} " in f" {choice} "]
    return fitting[0] if len(fitting) == 1 else None
