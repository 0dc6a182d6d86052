"""The mark of one blank, and what counts how much."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradwork.check.cause import Cause

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Asked

RIGHT, FEW_DIGITS, CARRIED, MISTAKE, WRONG = "right", "too few digits", "carried", "mistake", "wrong"
EMPTY, UNREADABLE = "empty", "unreadable"
FOLLOWS = "the method is right: it follows from your blank {numbers}"


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
