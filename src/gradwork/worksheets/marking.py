"""Marking a sheet as a good teacher does: credit for a carried error, and the name of the mistake.

Each blank is worked out in every way that leads to it: from the numbers of the key, and from the learner's own. What
is neither right nor carried is given to `naming`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradwork.worksheets.agreeing import agrees, is_short_of, shows
from gradwork.worksheets.answers import Reading, read_number
from gradwork.worksheets.item import Item
from gradwork.worksheets.marks import CARRIED, EMPTY, FEW_DIGITS, MISTAKE, RIGHT, UNREADABLE, WRONG, Credit, Mark
from gradwork.worksheets.naming import Naming
from gradwork.worksheets.own_work import OwnWork
from gradwork.worksheets.rounding import SLACK, number_text

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Asked, Sheet


def mark_sheet(sheet: Sheet, answers: Mapping[int, str], credit: Credit | None = None) -> tuple[Mark, ...]:
    """Mark every blank. `answers`: number of the blank → what was typed; a blank that is not there is empty."""
    credit = credit or Credit()
    marks = {b.number: _mark_other(b, answers.get(b.number, ""), sheet) for b in sheet.blanks if b.kind != "cell"}
    markings = []
    for index, item in enumerate(sheet.items):
        blanks = {b.place: b for b in sheet.blanks if b.item == index}
        markings.append(_Marking(item, blanks, answers, sheet, credit))
    throughout = Counter(kind for marking in markings for kind in marking.naming.kinds())
    for marking in markings:
        for mark in (*marking.done.values(), *marking.naming.marks(throughout)):
            marks[mark.blank.number] = mark
    return tuple(marks[b.number] for b in sheet.blanks)


def _mark_other(blank: Asked, typed: str, sheet: Sheet) -> Mark:
    """A shape, the name of a rule, or a choice."""
    if not typed.strip():
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
    """The choice that was meant: by its words, its number, or its first letters where no other begins so."""
    text = " ".join(typed.split()).casefold()
    if text in choices:
        return text
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= len(choices):
        return choices[int(text) - 1]
    fitting = [choice for choice in choices if choice.startswith(text)]
    return fitting[0] if len(fitting) == 1 else None


class _Marking:
    """One exercise of a sheet, with one learner's answers: what is right, carried or nothing at all."""

    def __init__(
        self,
        item: Item,
        blanks: Mapping[tuple[Any, ...], Asked],
        answers: Mapping[int, str],
        sheet: Sheet,
        credit: Credit,
    ) -> None:
        self.item, self.sheet, self.credit = item, sheet, credit
        self.work = OwnWork(item, blanks, answers)
        self.done: dict[int, Mark] = {}
        self.naming = Naming(self.work, self.done, sheet.language)
        for cell in self.work.in_order():
            mark = self._simple(cell)
            if mark is None:
                self.naming.look_at(cell)
            else:
                self.done[cell] = mark
            self.work.go_on_from(cell)

    def _simple(self, cell: int) -> Mark | None:
        """Empty, unreadable, right, or carried; None for what is wrong."""
        work, say = self.work, self.sheet.language
        blank, text, readings = work.blanks[cell], work.typed[cell], work.readings[cell]
        if not text.strip():
            return Mark(blank, text, EMPTY)
        if not readings:
            return Mark(blank, text, UNREADABLE, says=say("this cannot be read as a number"))
        if self._is_right(cell, readings):
            return Mark(blank, text, RIGHT, 1.0)
        if any(is_short_of(r, work.key[cell], self.item.exercise.exact) for r in readings):
            text_of_key = say("right, with too few digits: {value}", value=number_text(work.key[cell]))
            return Mark(blank, text, FEW_DIGITS, self.credit.few_digits, says=text_of_key)
        return self._carried(cell, readings)

    def _is_right(self, cell: int, readings: Sequence[Reading]) -> bool:
        key, decimals = self.work.key[cell], self.work.decimals
        if any(agrees(r, key, decimals) for r in readings):
            return True
        if self.item.exercise.exact:
            return False
        # Whoever did not round on the way gets this instead, or something between the two.
        low, high = sorted((key, self.item.unrounded[cell]))
        if any(agrees(r, self.item.unrounded[cell], decimals) for r in readings):
            return True
        room = 0.51 * 10.0**-decimals
        enough = (r.value for r in readings if r.decimals is None or r.decimals >= decimals)
        return any(low - room <= value <= high + room for value in enough)

    def _carried(self, cell: int, readings: Sequence[Reading]) -> Mark | None:
        own, key = self.work.own, self.work.key
        for route in self.item.routes(cell):
            changed = [c for c in route.reads if abs(own[c] - key[c]) > SLACK * max(1.0, abs(key[c]))]
            if not changed:
                continue
            try:
                value = route.value(own)
            except (ArithmeticError, ValueError):
                continue
            if any(shows(r, value, self.work.decimals, 3) for r in readings):
                return self._following(cell, value, changed)
        return None

    def _following(self, cell: int, value: float, changed: Sequence[int]) -> Mark:
        """What follows from the learner's own numbers in `changed`."""
        work, say = self.work, self.sheet.language
        numbers = ", ".join(map(str, sorted({work.blanks[c].number for c in changed if c in work.blanks})))
        if self._is_trivial(changed, value, cell):
            text = say(
                "this follows from blank {numbers}, but with a 0 there nothing is left to work out", numbers=numbers
            )
            return Mark(work.blanks[cell], work.typed[cell], CARRIED, 0.0, says=text)
        text = say("the method is right: it follows from your blank {numbers}", numbers=numbers)
        return Mark(work.blanks[cell], work.typed[cell], CARRIED, self.credit.carried, says=text)

    def _is_trivial(self, changed: Sequence[int], value: float, cell: int) -> bool:
        """Whether an earlier 0 that is no known mistake has taken the work away."""
        if value != 0 or self.work.key[cell] == 0:
            return False
        zeros = [c for c in changed if self.work.own[c] == 0]
        known = (self.done[c].status in (CARRIED, MISTAKE) for c in zeros if c in self.done)
        return bool(zeros) and not any(known)
