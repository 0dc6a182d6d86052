"""Marking a sheet as a good teacher does: credit for a carried error, and the name of the mistake.

Each blank is worked out in every way that leads to it: from the numbers of the key, and from the learner's own. The
same ways with a mistake in them, made by the causes of the catalogue, are worked out on both as well. What explains a
whole matrix is preferred to what explains one number of it, and where two mistakes give the same number, both are
named.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gradwork.check.cause import Cause
from gradwork.check.diagnoses.digits_swapped import CAUSE as EXCHANGED
from gradwork.check.diagnoses.digits_swapped import SAYS, are_exchanged
from gradwork.check.diagnoses.reckoned import CAUSE as RECKONED
from gradwork.check.diagnoses.reckoned import SAYS as RECKONED_SAYS
from gradwork.check.paper import Slip
from gradwork.worksheets.agreeing import agrees, is_beside, is_short_of, shows
from gradwork.worksheets.answers import Reading, read_number
from gradwork.worksheets.item import Item
from gradwork.worksheets.rounding import SLACK, number_text, rounded
from gradwork.worksheets.routes import Route
from gradwork.worksheets.weights import (
    AGAINST,
    ALSO,
    BESIDE,
    LEAST,
    NEAR,
    OWN,
    RANK,
    RARE,
    SAYS_BY_DIGITS,
    TURNED,
    is_reckoned,
)

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Asked, Sheet

RIGHT, FEW_DIGITS, CARRIED, MISTAKE, WRONG = "right", "too few digits", "carried", "mistake", "wrong"
EMPTY, UNREADABLE = "empty", "unreadable"
_MOST = 3  # others that are named beside one


@dataclass(frozen=True, eq=False)
class Credit:
    """What counts how much: full credit is 1."""

    carried: float = 1.0
    few_digits: float = 0.5


@dataclass(frozen=True, eq=False)
class Mark:
    """One blank, marked.

    status: "right", "too few digits", "carried", "mistake", "wrong", "empty" or "unreadable".
    credit: from 0 to 1.     says: a sentence for the learner, "" where there is nothing to say.
    cause:  the mistake by its entry in the catalogue.   others: what would have given the same number.
    """

    blank: Asked
    typed: str
    status: str
    credit: float = 0.0
    says: str = ""
    cause: Cause | None = None
    others: tuple[Cause, ...] = ()
    key: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def code(self) -> str:
        """The code of the named mistake, or ""."""
        return self.cause.code if self.cause else ""


def mark_sheet(sheet: Sheet, answers: Mapping[int, str], credit: Credit | None = None) -> tuple[Mark, ...]:
    """Mark every blank. `answers`: number of the blank → what was typed; a blank that is not there is empty."""
    credit = credit or Credit()
    marks = {b.number: _mark_other(b, answers.get(b.number, ""), sheet) for b in sheet.blanks if b.kind != "cell"}
    markings = []
    for index, item in enumerate(sheet.items):
        blanks = {b.place: b for b in sheet.blanks if b.item == index}
        markings.append(_Marking(item, blanks, answers, sheet, credit))
    throughout = Counter(kind for marking in markings for kind in marking.kinds())
    for marking in markings:
        for mark in marking.marks(throughout):
            marks[mark.blank.number] = mark
    return tuple(marks[b.number] for b in sheet.blanks)


def _mark_other(blank: Asked, typed: str, sheet: Sheet) -> Mark:
    """A shape, the name of a rule, or a choice."""
    if not typed.strip():
        return Mark(blank, typed, EMPTY)
    if blank.choices:
        text = " ".join(typed.split()).casefold()
        folded = [c.casefold() for c in blank.choices]
        chosen = text if text in folded else None
        if chosen is None and text.isascii() and text.isdecimal() and 1 <= int(text) <= len(folded):
            chosen = folded[int(text) - 1]
        if chosen is None:
            fitting = [c for c in folded if c.startswith(text)]
            chosen = fitting[0] if len(fitting) == 1 else None
        if chosen is None:
            return Mark(
                blank, typed, UNREADABLE, says=sheet.language("it is one of: {all}", all=", ".join(blank.choices))
            )
        right = chosen == str(blank.answer).casefold()
        return Mark(blank, typed, RIGHT if right else WRONG, float(right))
    readings = read_number(typed)
    if not readings:
        return Mark(blank, typed, UNREADABLE, says=sheet.language("this cannot be read as a number"))
    right = any(r.value == blank.answer for r in readings)
    return Mark(blank, typed, RIGHT if right else WRONG, float(right))


class _Marking:
    """One exercise of a sheet, with one learner's answers."""

    def __init__(
        self,
        item: Item,
        blanks: Mapping[tuple[Any, ...], Asked],
        answers: Mapping[int, str],
        sheet: Sheet,
        credit: Credit,
    ) -> None:
        self.item, self.sheet, self.credit = item, sheet, credit
        self.plan, self.decimals = item.plan, item.exercise.decimals
        self.blanks = {place[1]: blank for place, blank in blanks.items() if place[0] == "cell"}
        self.typed = {cell: answers.get(blank.number, "") for cell, blank in self.blanks.items()}
        self.readings = {cell: read_number(text) for cell, text in self.typed.items()}
        self.key: Sequence[float] = item.values
        self.own = list(self.key)  # as the learner has them: what was typed in the blanks marked so far
        self.unseen = [r for c, r in self.plan.definitions.items() if c not in item.shown]
        self.hits: dict[int, dict[tuple[Any, ...], tuple[Cause, Slip]]] = {}
        self.done: dict[int, Mark] = {}
        self._look()

    def _go_on_from(self, cell: int) -> None:
        """Take what was typed as the learner's own from here on, and what is not on the page as it follows from it."""
        if not self.readings[cell]:
            return
        typed = min((r.value for r in self.readings[cell]), key=lambda v: abs(v - self.key[cell]))
        if typed == self.own[cell]:
            return
        self.own[cell] = typed
        for relation in self.unseen:
            try:
                self.own[relation.cell] = rounded(relation.value(self.own), self.decimals)
            except (ArithmeticError, ValueError):
                continue

    # -- blank by blank -----------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Mark what is right, carried or nothing at all, and see which slips explain the others."""
        for cell in self._in_order():
            mark = self._simple(cell, self.done)
            if mark is None:
                self.hits[cell] = self._hits(cell)
            else:
                self.done[cell] = mark
            self._go_on_from(cell)

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """What explains a wrong number of this exercise: each cause and each kind of it, once a number."""
        for hits in self.hits.values():
            yield from {(code, key) for code, key, _, _ in hits}
            yield from {(code, None) for code, _, _, _ in hits}

    def marks(self, throughout: Mapping[tuple[str, Any], int]) -> list[Mark]:
        """Every blank of the exercise that asks for a number. `throughout`: what is explained on the whole sheet."""
        named = self._mistakes(list(self.hits), throughout) if self.hits else {}
        return [*self.done.values(), *named.values()]

    def _in_order(self) -> list[int]:
        found = [s.cell for s in self.item.solution.steps if s.cell in self.blanks]
        return [*found, *(c for c in self.blanks if c not in found)]

    def _simple(self, cell: int, done: Mapping[int, Mark]) -> Mark | None:
        """Empty, unreadable, right, or carried; None for what is wrong."""
        blank, text, readings = self.blanks[cell], self.typed[cell], self.readings[cell]
        say = self.sheet.language
        if not text.strip():
            return Mark(blank, text, EMPTY)
        if not readings:
            return Mark(blank, text, UNREADABLE, says=say("this cannot be read as a number"))
        if self._is_right(cell, readings):
            return Mark(blank, text, RIGHT, 1.0)
        if any(is_short_of(r, self.key[cell], self.item.exercise.exact) for r in readings):
            text_of_key = say("right, with too few digits: {value}", value=number_text(self.key[cell]))
            return Mark(blank, text, FEW_DIGITS, self.credit.few_digits, says=text_of_key)
        return self._carried(cell, readings, done)

    def _is_right(self, cell: int, readings: Sequence[Reading]) -> bool:
        if any(agrees(r, self.key[cell], self.decimals) for r in readings):
            return True
        if self.item.exercise.exact:
            return False
        # Whoever did not round on the way gets this instead.
        low, high = sorted((self.key[cell], self.item.unrounded[cell]))
        if any(agrees(r, self.item.unrounded[cell], self.decimals) for r in readings):
            return True
        unit = 10.0**-self.decimals
        for r in readings:
            enough = r.decimals is None or r.decimals >= self.decimals
            if enough and low - 0.51 * unit <= r.value <= high + 0.51 * unit:
                return True
        return False

    def _carried(self, cell: int, readings: Sequence[Reading], done: Mapping[int, Mark]) -> Mark | None:
        for route in self.item.routes(cell):
            changed = [c for c in route.reads if abs(self.own[c] - self.key[c]) > SLACK * max(1.0, abs(self.key[c]))]
            if not changed:
                continue
            try:
                value = route.value(self.own)
            except (ArithmeticError, ValueError):
                continue
            if not any(shows(r, value, self.decimals, 3) for r in readings):
                continue
            from_ = [self.blanks[c].number for c in changed if c in self.blanks]
            say = self.sheet.language
            numbers = ", ".join(map(str, sorted(set(from_))))
            if self._is_trivial(changed, value, cell, done):
                text = say(
                    "this follows from blank {numbers}, but with a 0 there nothing is left to work out", numbers=numbers
                )
                return Mark(self.blanks[cell], self.typed[cell], CARRIED, 0.0, says=text)
            text = say("the method is right: it follows from your blank {numbers}", numbers=numbers)
            return Mark(self.blanks[cell], self.typed[cell], CARRIED, self.credit.carried, says=text)
        return None

    def _is_trivial(self, changed: Sequence[int], value: float, cell: int, done: Mapping[int, Mark]) -> bool:
        """Whether an earlier 0 that is no known mistake has taken the work away."""
        if value != 0 or self.key[cell] == 0:
            return False
        zeros = [c for c in changed if self.own[c] == 0]
        return bool(zeros) and not any(done.get(c) is not None and done[c].status in (CARRIED, MISTAKE) for c in zeros)

    # -- mistakes -----------------------------------------------------------------------------------------------------

    def _mistakes(self, wrong: Sequence[int], throughout: Mapping[tuple[str, Any], int]) -> dict[int, Mark]:
        found: dict[int, Mark] = {}
        left = list(wrong)
        while left:
            best = self._best(left, throughout)
            if best is None:
                break
            cells, cause, slips, others = best
            for cell in cells:
                slip = slips[cell]
                says = self.sheet.language(slip.says, **slip.names)
                found[cell] = Mark(
                    self.blanks[cell], self.typed[cell], MISTAKE, 0.0, says, cause, others, (cause.code, *slip.key)
                )
            left = [c for c in left if c not in cells]
        for cell in left:
            found[cell] = Mark(self.blanks[cell], self.typed[cell], WRONG)
        return found

    def _hits(self, cell: int) -> dict[tuple[Any, ...], tuple[Cause, Slip]]:
        """The slips that give what was typed, by what is alike in them over a matrix."""
        readings = self.readings[cell]
        found: dict[tuple[Any, ...], tuple[Cause, Slip]] = {}
        changed = {c for c in range(self.plan.size) if self.own[c] != self.key[c] and c != cell}
        for k, route in enumerate(self.item.routes(cell)[:1]):
            for own in (False, True) if changed.intersection(route.reads) else (False,):
                exchanged = self._exchanged(cell, route, own)
                if exchanged is not None:
                    found[EXCHANGED.code, exchanged.key, k, own] = (EXCHANGED, exchanged)
        for k, route in enumerate(self.item.routes(cell)):
            mixed = bool(changed.intersection(route.reads))
            for cause, slip in route.slips:
                for own in (False, True) if mixed else (False,):
                    value = self._value(slip, own)
                    if value is None or abs(value - self.key[cell]) <= SLACK * max(1.0, abs(value)):
                        continue
                    if any(shows(r, value, self.decimals, 2) for r in readings):
                        found.setdefault((cause.code, slip.key, k, own), (cause, slip))
        return found

    def _exchanged(self, cell: int, route: Route, own: bool) -> Slip | None:
        """Two digits in each other's place, of the right number or of what follows from the learner's own."""
        try:
            value = rounded(route.value(self.own), self.decimals) if own else self.key[cell]
        except (ArithmeticError, ValueError):
            return None
        right = number_text(value)
        if any(are_exchanged(number_text(r.value), right) for r in self.readings[cell]):
            return Slip(("known", value), SAYS, {"value": right}, ("digits",))
        return None

    def _value(self, slip: Slip, own: bool) -> float | None:
        try:
            value = slip.value(self.own if own else self.key)
        except (ArithmeticError, ValueError, IndexError):
            return None
        return value if not isinstance(value, complex) and math.isfinite(value) else None

    def _best(
        self, left: Sequence[int], throughout: Mapping[tuple[str, Any], int]
    ) -> tuple[list[int], Cause, dict[int, Slip], tuple[Cause, ...]] | None:
        """The slip that is likeliest: it explains a whole matrix, or the same happens throughout the sheet."""
        cells_of: dict[tuple[Any, ...], list[int]] = {}
        for cell in left:
            for key in self.hits[cell]:
                cells_of.setdefault((self.plan.owner[cell].name, *key), []).append(cell)
        ranked = []
        for key, cells in cells_of.items():
            cause, slip = self.hits[cells[0]][key[1:]]
            weight = self._weight(key, cells, cause, slip, throughout)
            ranked.append((weight, key, cause))
        ranked.sort(key=lambda r: r[0], reverse=True)
        if not ranked:
            return None
        most, key, cause = ranked[0]
        cells = cells_of[key]
        by_chance = most < LEAST and self._is_beside(cells[0])
        if most + BESIDE * by_chance < LEAST:
            return None
        others = {c.code: c for w, k, c in ranked[1:] if most - w < NEAR and set(cells_of[k]) == set(cells)}
        others.pop(cause.code, None)
        if by_chance:
            several = (cause, *others.values())[:_MOST]
            return cells[:1], RECKONED, {cells[0]: Slip(("cell", cells[0]), RECKONED_SAYS, key=("beside",))}, several
        return cells, cause, {c: self.hits[c][key[1:]][1] for c in cells}, tuple(others.values())[:_MOST]

    def _weight(
        self,
        key: tuple[Any, ...],
        cells: Sequence[int],
        cause: Cause,
        slip: Slip,
        throughout: Mapping[tuple[str, Any], int],
    ) -> float:
        """How much speaks for a slip: what its numbers say, and where else it is made; and what speaks against it."""
        _, code, kind, way, own = key
        weight: float = sum(self._says(cell) for cell in cells)
        weight += ALSO * min(throughout[code, kind] - len(cells), 3) + min(throughout[code, None] - len(cells), 3) / 2
        if "slip" not in cause.paper:  # which happens at one number and not at another
            weight -= AGAINST * min(self._against(key, self.done), 3)
        weight -= cause.rank / RANK + RARE * slip.rare + TURNED * bool(way)
        return weight - OWN * (bool(own) != self._mixed(cells[0], way))

    def _mixed(self, cell: int, way: int) -> bool:
        """Whether a way reads a number that the learner has otherwise than the key."""
        return any(self.own[c] != self.key[c] for c in self.item.routes(cell)[way].reads if c != cell)

    def _says(self, cell: int) -> float:
        """How much a number says: one with many digits is met by few slips, a small one by many.

        A number beside the right one, or with one other digit, is most often a slip of the pen.
        """
        typed = min((r.value for r in self.readings[cell]), key=lambda v: abs(v - self.key[cell]))
        digits = number_text(abs(typed)).replace(".", "").strip("0")
        says = SAYS_BY_DIGITS[min(len(digits), 3)]
        return says - BESIDE * self._is_beside(cell)

    def _is_beside(self, cell: int) -> bool:
        """Whether a number is most likely a slip of arithmetic."""
        typed = min((r.value for r in self.readings[cell]), key=lambda v: abs(v - self.key[cell]))
        return is_beside(typed, self.key[cell]) and is_reckoned(self.item, cell)

    def _against(self, key: tuple[Any, ...], done: Mapping[int, Mark]) -> int:
        """How many right numbers of the same matrix would be wrong if this mistake had been made there too."""
        name, code, slip_key, k, own = key
        count = 0
        for cell, mark in done.items():
            if mark.status not in (RIGHT, CARRIED) or self.plan.owner[cell].name != name:
                continue
            routes = self.item.routes(cell)
            if k >= len(routes):
                continue
            for cause, slip in routes[k].slips:
                if (cause.code, slip.key) == (code, slip_key):
                    value = self._value(slip, own)
                    if value is not None and abs(value - self.key[cell]) > SLACK * max(1.0, abs(value)):
                        count += 1
                    break
        return count


def with_credit(mark: Mark, credit: float) -> Mark:
    """The same mark with another credit."""
    return replace(mark, credit=credit)
