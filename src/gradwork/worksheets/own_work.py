"""One exercise as a learner did it: what was typed, and the numbers that they have from there on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradwork.worksheets.agreeing import agrees
from gradwork.worksheets.answers import read_number
from gradwork.worksheets.item import Item
from gradwork.worksheets.rounding import SLACK, rounded

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Asked


class OwnWork:
    """What one learner typed in the blanks of an exercise that ask for a number.

    item, plan, decimals: the exercise.     blanks: cell → its blank.     typed, readings: cell → text, and as numbers.
    key: the numbers of all cells.          own: the same as the learner has them, as far as was gone on.
    """

    def __init__(self, item: Item, blanks: Mapping[tuple[Any, ...], Asked], answers: Mapping[int, str]) -> None:
        self.item, self.plan, self.decimals = item, item.plan, item.exercise.decimals
        self.blanks: dict[int, Asked] = {place[1]: blank for place, blank in blanks.items() if place[0] == "cell"}
        self.typed = {cell: answers.get(blank.number, "") for cell, blank in self.blanks.items()}
        self.readings = {cell: read_number(text) for cell, text in self.typed.items()}
        self.key: Sequence[float] = item.values
        self.own = list(self.key)
        self._unseen = [r for c, r in self.plan.definitions.items() if c not in item.shown]

    def in_order(self) -> list[int]:
        """The blanks, each after those from which it follows."""
        found = [s.cell for s in self.item.solution.steps if s.cell in self.blanks]
        return [*found, *(c for c in self.blanks if c not in found)]

    def exchanged_with(self, cell: int) -> int | None:
        """The blank before or after, where each of the two has the other's number, and it is another one."""
        number = self.blanks[cell].number
        for other, blank in self.blanks.items():
            apart = abs(self.key[other] - self.key[cell])
            if abs(blank.number - number) == 1 and apart > SLACK and all(map(self._is, (cell, other), (other, cell))):
                return other
        return None

    def _is(self, cell: int, other: int) -> bool:
        """Whether what was typed in a blank is the key of another."""
        return any(agrees(r, self.key[other], self.decimals) for r in self.readings[cell])

    def number(self, cell: int) -> float:
        """What was typed; of several readings the one that is nearest to the key."""
        return min((r.value for r in self.readings[cell]), key=lambda v: abs(v - self.key[cell]))

    def go_on_from(self, cell: int) -> None:
        """Take what was typed as the learner's own from here on, and what is not on the page as it follows from it."""
        if not self.readings[cell] or self.number(cell) == self.own[cell]:
            return
        self.own[cell] = self.number(cell)
        for relation in self._unseen:
            try:
                self.own[relation.cell] = rounded(relation.value(self.own), self.decimals)
            except (ArithmeticError, ValueError):
                continue

    def changed(self, cells: Sequence[int], cell: int) -> bool:
        """Whether any of these cells but the one itself is another number than in the key."""
        return any(self.own[c] != self.key[c] for c in cells if c != cell)
