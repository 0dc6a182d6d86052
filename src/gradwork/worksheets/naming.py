"""The name of a mistake: which slips of the catalogue give what was typed, and which of them is the likeliest.

Each way to a blank with a mistake in it, made by the causes of the catalogue, is worked out on the numbers of the key
and on the learner's own. What explains a whole matrix is preferred to what explains one number of it, and where two
mistakes give the same number, both are named.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradwork.check.cause import Cause, causes
from gradwork.check.diagnoses.copied import BESIDE as COPIED_SAYS
from gradwork.check.diagnoses.copied import CAUSE as COPIED
from gradwork.check.diagnoses.misplaced import CAUSE as MISPLACED
from gradwork.check.diagnoses.misplaced import EXCHANGED
from gradwork.check.diagnoses.reckoned import CAUSE as RECKONED
from gradwork.check.diagnoses.reckoned import SAYS as RECKONED_SAYS
from gradwork.check.paper import ByDigits, Slip
from gradwork.notation.language import Language
from gradwork.worksheets.agreeing import is_beside, shows
from gradwork.worksheets.answers import Reading
from gradwork.worksheets.marks import CARRIED, MISTAKE, RIGHT, WRONG, Mark
from gradwork.worksheets.own_work import OwnWork
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

_MOST = 3  # others that are named beside one
Kind = tuple[Any, ...]  # cause, what is alike over a matrix, which way, and whether on the learner's own numbers
Throughout = Mapping[tuple[str, Any], int]  # how many wrong numbers of the sheet a cause, or one kind of it, explains


@functools.cache
def slips_of_the_pen() -> tuple[tuple[Cause, ByDigits], ...]:
    """The causes that are seen on the digits of a number."""
    return tuple((cause, cause.digits) for cause in causes() if cause.digits is not None)


def _written(reading: Reading) -> str:
    """A number as it was written: whoever writes 2.0 has not rounded to a whole number."""
    text = number_text(reading.value)
    return f"{text}." if reading.decimals and "." not in text else text


@dataclass(frozen=True, eq=False)
class _Name:
    """What some wrong numbers of one matrix are called."""

    cells: list[int]
    cause: Cause
    slips: Mapping[int, Slip]
    others: tuple[Cause, ...]


class Naming:
    """The wrong numbers of one exercise. `done`: the marks of the others."""

    def __init__(self, work: OwnWork, done: Mapping[int, Mark], say: Language) -> None:
        self.work, self.done, self.say = work, done, say
        self.hits: dict[int, dict[Kind, tuple[Cause, Slip]]] = {}

    def look_at(self, cell: int) -> None:
        """Find the slips that give what was typed, while the learner's own numbers are those before this blank."""
        work, found = self.work, self.hits.setdefault(cell, {})
        routes = work.item.routes(cell)
        for own in (False, True) if routes and work.changed(routes[0].reads, cell) else (False,) if routes else ():
            for cause, slip in self._of_the_pen(cell, routes[0], own):
                found[cause.code, slip.key, 0, own] = (cause, slip)
        if (other := work.exchanged_with(cell)) is not None:
            pair = (work.blanks[cell].number, work.blanks[other].number)
            key = ("exchanged", min(pair))
            slip = Slip(("known", work.key[other]), EXCHANGED, {"number": str(pair[1])}, key)
            found[MISPLACED.code, key, 0, False] = (MISPLACED, slip)
        for way, route in enumerate(routes):
            mixed = work.changed(route.reads, cell)
            for cause, slip in route.slips:
                for own in (False, True) if mixed or slip.likely else (False,):
                    if self._gives(slip, cell, own):
                        found.setdefault((cause.code, slip.key, way, own), (cause, slip))
        for slip in self._from_beside(cell, likely=not found):
            found[COPIED.code, slip.key, 0, False] = (COPIED, slip)

    def has_slip(self, cell: int) -> bool:
        """Whether a mistake that is not rare gives exactly what was typed."""
        for route in self.work.item.routes(cell)[:1]:
            for value in (self._value(slip, False) for _, slip in route.slips if not slip.rare):
                if value is not None and any(abs(r.value - value) <= SLACK for r in self.work.readings[cell]):
                    return True
        return False

    def settle(self) -> None:
        """Once all are looked at: two numbers are exchanged where neither is right, or follows from another."""
        for cell, hits in self.hits.items():
            other = self.work.exchanged_with(cell)
            if other is not None and other not in self.hits:
                for kind in [k for k in hits if k[1][0] == "exchanged"]:
                    del hits[kind]

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """What explains a wrong number of this exercise: each cause and each kind of it, once a number."""
        for hits in self.hits.values():
            yield from {(code, key) for code, key, _, _ in hits}
            yield from {(code, None) for code, _, _, _ in hits}

    def marks(self, throughout: Throughout) -> list[Mark]:
        """The marks of the wrong numbers: with a name where there is one."""
        found, left = [], list(self.hits)
        while left and (name := self._best(left, throughout)) is not None:
            found += [self._mark(cell, name) for cell in name.cells]
            left = [c for c in left if c not in name.cells]
        return [*found, *(Mark(self.work.blanks[c], self.work.typed[c], WRONG) for c in left)]

    def _mark(self, cell: int, name: _Name) -> Mark:
        slip, work = name.slips[cell], self.work
        says, key = self.say(slip.says, **slip.names), (name.cause.code, *slip.key)
        return Mark(work.blanks[cell], work.typed[cell], MISTAKE, 0.0, says, name.cause, name.others, key)

    # -- which slips give it ------------------------------------------------------------------------------------------

    def _gives(self, slip: Slip, cell: int, own: bool) -> bool:
        value, key = self._value(slip, own), self.work.key[cell]
        if value is None or abs(value - key) <= SLACK * max(1.0, abs(value)):
            return False
        return any(shows(r, value, self.work.decimals, 2) for r in self.work.readings[cell])

    def _value(self, slip: Slip, own: bool) -> float | None:
        try:
            value = slip.value(self.work.own if own else self.work.key)
        except (ArithmeticError, ValueError, IndexError):
            return None
        return value if not isinstance(value, complex) and math.isfinite(value) else None

    def _of_the_pen(self, cell: int, route: Route, own: bool) -> Iterator[tuple[Cause, Slip]]:
        """Slips in writing down the right number, or what follows from the learner's own."""
        work = self.work
        try:
            value = rounded(route.value(work.own), work.decimals) if own else work.key[cell]
        except (ArithmeticError, ValueError):
            return
        right = number_text(value)
        for cause, digits in slips_of_the_pen():
            if any(digits.test(_written(r), right) for r in work.readings[cell]):
                yield cause, Slip(("known", value), digits.says, {"value": right}, ("digits",), digits.rare)

    def _from_beside(self, cell: int, *, likely: bool) -> Iterator[Slip]:
        """The number of the blank before or after, copied: likely where nothing else gives it."""
        work, number = self.work, self.work.blanks[cell].number
        for other, blank in work.blanks.items():
            if abs(blank.number - number) == 1 and any(r.value == work.own[other] for r in work.readings[cell]):
                names = {"number": str(blank.number)}
                yield Slip(("cell", other), COPIED_SAYS, names, ("blank", blank.number - number), rare=not likely)

    # -- which of them is the likeliest -------------------------------------------------------------------------------

    def _best(self, left: Sequence[int], throughout: Throughout) -> _Name | None:
        """The slip that is likeliest: it explains a whole matrix, or the same happens throughout the sheet."""
        cells_of: dict[Kind, list[int]] = {}
        for cell in left:
            for key in self.hits[cell]:
                cells_of.setdefault((self.work.plan.owner[cell].name, *key), []).append(cell)
        ranked = []
        for key, cells in cells_of.items():
            cause, slip = self.hits[cells[0]][key[1:]]
            ranked.append((self._weight(key, cells, cause, slip, throughout), key, cause))
        ranked.sort(key=lambda r: r[0], reverse=True)
        if not ranked:
            beside = [cell for cell in left if self._is_beside(cell)]
            return self._reckoned(beside[0], ()) if beside else None
        most, key, cause = ranked[0]
        cells = cells_of[key]
        by_chance = most < LEAST and self._is_beside(cells[0])
        if most + BESIDE * by_chance < LEAST:
            return None
        others = {c.code: c for w, k, c in ranked[1:] if most - w < NEAR and set(cells_of[k]) == set(cells)}
        others.pop(cause.code, None)
        if by_chance:
            return self._reckoned(cells[0], (cause, *others.values()))
        slips = {c: self.hits[c][key[1:]][1] for c in cells}
        return _Name(cells, cause, slips, tuple(others.values())[:_MOST])

    def _reckoned(self, cell: int, others: tuple[Cause, ...]) -> _Name:
        """A slip of arithmetic; what would have given the number too is told beside it."""
        slip = Slip(("cell", cell), RECKONED_SAYS, key=("beside",))
        return _Name([cell], RECKONED, {cell: slip}, others[:_MOST])

    def _weight(self, key: Kind, cells: Sequence[int], cause: Cause, slip: Slip, throughout: Throughout) -> float:
        """How much speaks for a slip: what its numbers say, and where else it is made; and what speaks against it."""
        _, code, kind, way, own = key
        weight: float = sum(self._says(cell) for cell in cells)
        if len(cells) == 1 and throughout[code, kind] < 2:  # that a slip happens twice alike is not likely
            weight -= BESIDE * self._is_beside(cells[0])
        weight += ALSO * min(throughout[code, kind] - len(cells), 3) + min(throughout[code, None] - len(cells), 3) / 2
        if "slip" not in cause.paper:  # which happens at one number and not at another
            weight -= AGAINST * min(self._against(key), 3)
        likely = slip.likely and not self._against(key, everywhere=True)
        weight -= cause.rank / RANK + RARE * (slip.rare - likely) + TURNED * bool(way)
        mixed = self.work.changed(self.work.item.routes(cells[0])[way].reads, cells[0])
        return weight - OWN * (bool(own) != mixed and not slip.likely)

    def _says(self, cell: int) -> float:
        """How much a number says: one with many digits is met by few slips, a small one by many."""
        digits = number_text(abs(self.work.number(cell))).replace(".", "").strip("0")
        return SAYS_BY_DIGITS[min(len(digits), 3)]

    def _is_beside(self, cell: int) -> bool:
        """Whether a number is most likely a slip of arithmetic."""
        return is_beside(self.work.number(cell), self.work.key[cell]) and is_reckoned(self.work.item, cell)

    def _against(self, key: Kind, *, everywhere: bool = False) -> int:
        """How many right numbers of the same matrix, or of all, would be wrong with this mistake there too."""
        name, code, kind, way, own = key
        return sum(
            self._would_be_wrong(cell, (code, kind), way, own)
            for cell, mark in self.done.items()
            if mark.status in (RIGHT, CARRIED) and (everywhere or self.work.plan.owner[cell].name == name)
        )

    def _would_be_wrong(self, cell: int, kind: tuple[str, Any], way: int, own: bool) -> bool:
        routes = self.work.item.routes(cell)
        slips = routes[way].slips if way < len(routes) else ()
        slip = next((slip for cause, slip in slips if (cause.code, slip.key) == kind), None)
        value = None if slip is None else self._value(slip, own)
        return value is not None and abs(value - self.work.key[cell]) > SLACK * max(1.0, abs(value))
