"""Means and spreads of columns whose rows are gone through in parts, in one pass.

Source: Chan, Golub and LeVeque (1983), Algorithms for computing the sample variance: the means and the squared
deviations of two sets of rows give those of both together, and no digits are lost to large means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.descent.sources import Batch, Source, Ticket

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Totals:
    """Of the entries of a row, over all rows: means, sums of squared deviations, smallest and largest numbers."""

    count: int
    mean: Array
    squares: Array
    lowest: Array
    highest: Array

    @classmethod
    def of(cls, rows: Array) -> Totals:
        """Of some rows in memory."""
        mean = np.asarray(np.mean(rows, axis=0, dtype=np.float64))
        squares = np.asarray(np.sum((rows - mean) ** 2, axis=0, dtype=np.float64))
        return cls(len(rows), mean, squares, np.min(rows, axis=0), np.max(rows, axis=0))

    def __add__(self, other: Totals) -> Totals:
        count = self.count + other.count
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.count / count)
        squares = self.squares + other.squares + apart**2 * (self.count * other.count / count)
        lowest, highest = np.minimum(self.lowest, other.lowest), np.maximum(self.highest, other.highest)
        return Totals(count, mean, squares, lowest, highest)

    def statistics(self, axis: int | None) -> tuple[Array, Array]:
        """Means and spreads, with an axis of one entry for the rows; of all entries together where axis is None.

        0 and 1 for a column whose numbers are all equal.
        """
        mean, squares = self.mean[None], self.squares[None]
        highest = np.maximum(np.abs(self.lowest), np.abs(self.highest))[None]
        count: float = self.count
        over = tuple(a for a in range(mean.ndim) if a != axis and a > 0)
        if over:
            each, mean = mean, np.mean(mean, axis=over, keepdims=True)
            squares = np.sum(squares + self.count * (each - mean) ** 2, axis=over, keepdims=True)
            count *= each.size / mean.size
            highest = np.max(highest, axis=over, keepdims=True)
        spread = np.sqrt(squares / count)
        equal = spread <= 1e-12 * highest
        return np.where(equal, 0.0, mean), np.where(equal, 1.0, spread)


def totals_of(source: Source) -> list[Totals | None]:
    """The totals of each piece of data; None for what has no row for each row, and for what is no numbers."""
    found: list[Totals | None] = [None] * len(source.varying)
    for part in source.parts():
        for position, (array, varying) in enumerate(zip(part, source.varying, strict=True)):
            if not varying or not len(array) or np.asarray(array).dtype.kind not in "fiu":
                continue
            more, before = Totals.of(np.asarray(array)), found[position]
            found[position] = more if before is None else before + more
    return found


@dataclass(frozen=True, eq=False)
class Standardised:
    """Rows of a source, with some columns standardised. `columns` are told by their positions."""

    source: Source
    columns: dict[int, Any]

    @property
    def counts(self) -> Any:
        """Rows of each part."""
        return self.source.counts

    @property
    def varying(self) -> tuple[bool, ...]:
        """What has a row for each row."""
        return self.source.varying

    @property
    def can_jump(self) -> bool:
        """Whether a part can be had without those before it."""
        return self.source.can_jump

    def parts(self, first: int = 0) -> Iterator[Batch]:
        """The parts in order."""
        return (_standard(part, self.columns) for part in self.source.parts(first))

    def ticket(self, index: int) -> Ticket | None:
        """As the source's, with the columns."""
        own = self.source.ticket(index)
        return None if own is None else _StandardTicket(own, self.columns)

    def numbers(self, index: int) -> Any:
        """The numbers of a part's rows among all rows of the data."""
        return self.source.numbers(index)


@dataclass(frozen=True)
class _StandardTicket:
    own: Ticket
    columns: dict[int, Any]

    def load(self) -> Batch | None:
        """The rows of the part."""
        part = self.own.load()
        return None if part is None else _standard(part, self.columns)


def _standard(part: Batch, columns: dict[int, Any]) -> Batch:
    return tuple(columns[i].standard(array) if i in columns else array for i, array in enumerate(part))
