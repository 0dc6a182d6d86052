"""Marking a sheet as a good teacher does: credit for a carried error, and the name of the mistake.

Each blank is worked out in every way that leads to it: from the numbers of the key, and from the learner's own. What
is neither right nor carried is given to `naming`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradwork.worksheets.agreeing import agrees, has_one_digit, is_short_of, shows
from gradwork.worksheets.answers import Reading, is_empty
from gradwork.worksheets.item import Item
from gradwork.worksheets.marks import CARRIED, EMPTY, FEW_DIGITS, FOLLOWS, MISTAKE, RIGHT, UNREADABLE, Credit, Mark
from gradwork.worksheets.naming import Naming
from gradwork.worksheets.other_blanks import carried_choices, marks_of_others
from gradwork.worksheets.own_work import OwnWork
from gradwork.worksheets.rounding import SLACK, number_text, rounded
from gradwork.worksheets.routes import Route
from gradwork.worksheets.weights import ROOM

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Asked, Sheet


def mark_sheet(sheet: Sheet, answers: Mapping[int, str], credit: Credit | None = None) -> tuple[Mark, ...]:
    """Mark every blank. `answers`: number of the blank → what was typed; a blank that is not there is empty."""
    credit = credit or Credit()
    marks = marks_of_others(sheet, answers)
    markings = []
    for index, item in enumerate(sheet.items):
        blanks = {b.place: b for b in sheet.blanks if b.item == index}
        markings.append(_Marking(item, blanks, answers, sheet, credit))
        marks |= carried_choices(sheet, marks, markings[-1].work, index, credit)
    throughout = Counter(kind for marking in markings for kind in marking.naming.kinds())
    for marking in markings:
        for mark in (*marking.done.values(), *marking.naming.marks(throughout)):
            marks[mark.blank.number] = mark
    return tuple(marks[b.number] for b in sheet.blanks)


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
        self.naming.settle()

    def _simple(self, cell: int) -> Mark | None:
        """Empty, unreadable, right, or carried; None for what is wrong."""
        work, say = self.work, self.sheet.language
        blank, text, readings = work.blanks[cell], work.typed[cell], work.readings[cell]
        if is_empty(text):
            return Mark(blank, text, EMPTY)
        if not readings:
            return Mark(blank, text, UNREADABLE, says=say("this cannot be read as a number"))
        if self._is_right(cell, readings):
            return Mark(blank, text, RIGHT, 1.0)
        if self._is_short(cell, readings):
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

    def _is_short(self, cell: int, readings: Sequence[Reading]) -> bool:
        exact = self.item.exercise.exact
        values = (self.work.key[cell], *(() if exact else (self.item.unrounded[cell],)))
        short = [r for r in readings if any(is_short_of(r, value, exact) for value in values)]
        if exact and short and all(has_one_digit(r) for r in short):
            return not self.naming.has_slip(cell)  # P for P (1 - P) is no rounding
        return bool(short)

    def _carried(self, cell: int, readings: Sequence[Reading]) -> Mark | None:
        own, partner = self.work.own, self.work.exchanged_with(cell)
        routes = self.item.routes(cell)
        # Nobody turns a line round whose own way is open, and leads to the right number.
        open_way = any(not route.turned and not self._changed(route) for route in routes)
        for way, route in enumerate(routes):
            changed = self._changed(route)
            if not changed or (route.turned and (open_way or changed == [partner])):
                continue
            try:
                value = route.value(own)
            except (ArithmeticError, ValueError):
                continue
            endless = abs(value - rounded(value, self.work.decimals)) > SLACK
            # Few digits are met by chance: they count on the plain way, where there was something to round.
            if any(shows(r, value, self.work.decimals, 2 if endless and not way else 3) for r in readings):
                return self._following(cell, value, changed)
            if endless and not way and self._is_within_rounding(route, value, readings):
                return self._following(cell, value, changed)
        return None

    def _changed(self, route: Route) -> list[int]:
        """What a way reads where the learner has another number than the key."""
        own, key = self.work.own, self.work.key
        return [c for c in route.reads if abs(own[c] - key[c]) > SLACK * max(1.0, abs(key[c]))]

    def _is_within_rounding(self, route: Route, value: float, readings: Sequence[Reading]) -> bool:
        """Whether it is what follows from the learner's own numbers before they were rounded for the page."""
        own, half = list(self.work.own), 0.5 * 10.0**-self.work.decimals
        room = half
        for c in route.reads:
            if c in self.work.blanks:
                own[c] += half
                try:
                    room += abs(route.value(own) - value)
                except (ArithmeticError, ValueError):
                    return False
                own[c] -= half
        enough = (r.value for r in readings if r.decimals is None or r.decimals >= self.work.decimals)
        return room <= ROOM * max(1.0, abs(value)) and any(abs(typed - value) <= room for typed in enough)

    def _following(self, cell: int, value: float, changed: Sequence[int]) -> Mark:
        """What follows from the learner's own numbers in `changed`."""
        work, say = self.work, self.sheet.language
        numbers = ", ".join(map(str, sorted({work.blanks[c].number for c in changed if c in work.blanks})))
        if self._is_trivial(changed, value, cell):
            text = say(
                "this follows from blank {numbers}, but with a 0 there nothing is left to work out", numbers=numbers
            )
            return Mark(work.blanks[cell], work.typed[cell], CARRIED, 0.0, says=text)
        text = say(FOLLOWS, numbers=numbers)
        return Mark(work.blanks[cell], work.typed[cell], CARRIED, self.credit.carried, says=text)

    def _is_trivial(self, changed: Sequence[int], value: float, cell: int) -> bool:
        """Whether an earlier 0 that is no known mistake has taken the work away."""
        if value != 0 or self.work.key[cell] == 0:
            return False
        zeros = [c for c in changed if self.work.own[c] == 0]
        known = (self.done[c].status in (CARRIED, MISTAKE) for c in zeros if c in self.done)
        return bool(zeros) and not any(known)
