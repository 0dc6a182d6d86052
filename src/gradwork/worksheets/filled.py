"""A filled-in working: what is to be trusted, what is printed, and what its quantities are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradwork.worksheets.answers import Reading
from gradwork.worksheets.claims import Claim
from gradwork.worksheets.plan import Plan
from gradwork.worksheets.rounding import SLACK, rounded


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


def reading_of(value: Any) -> Reading:
    """A number of a file as it is printed there: its decimals are those that it is written with."""
    text = repr(float(value)) if not isinstance(value, int) else str(value)
    mantissa, _, exponent = text.partition("e")
    places = len(mantissa.partition(".")[2].rstrip("0")) - int(exponent or 0)
    return Reading(float(value), max(places, 0))
