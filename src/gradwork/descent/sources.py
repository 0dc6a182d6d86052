"""Data that need not fit into memory: gone through in parts, each of which does.

Parts are runs of rows of memory-mapped arrays, or the chunks that the user's own function gives. Only one part at a
time is in memory (with an executor, a few), so what is used does not grow with the number of rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gradwork.descent.faults import check_data
from gradwork.descent.left_behind import LeftBehind
from gradwork.descent.mapped import Mapped, is_mapped, mapped

Array = np.ndarray[Any, Any]
Batch = tuple[Any, ...]
LARGE = 64 * 2**20  # bytes of mapped arrays; below, they are read into memory
PART = 4 * 2**20  # bytes of a part


class Ticket(Protocol):
    """How a worker comes by a part itself."""

    def load(self) -> Batch | None:
        """The part; None where the worker cannot read it."""


class Source(Protocol):
    """Rows in parts."""

    @property
    def counts(self) -> Sequence[int]:
        """How many rows each part has."""

    @property
    def varying(self) -> tuple[bool, ...]:
        """What has a row for each row of the data."""

    @property
    def can_jump(self) -> bool:
        """Whether a part can be had without those before it."""

    def parts(self, first: int = 0) -> Iterator[Batch]:
        """The parts in order, from the given one on."""

    def ticket(self, index: int) -> Ticket | None:
        """How a worker comes by a part itself; None where it has to be sent."""

    def numbers(self, index: int) -> Any:
        """The numbers of a part's rows among all rows, from 0."""


def fingerprint(source: Source) -> str:
    """A hash of all rows."""
    hashed = hashlib.sha256()
    for part in source.parts():
        for array in part:
            hashed.update(f"{np.asarray(array).dtype}{np.shape(array)}".encode())
            hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()


# -- memory-mapped arrays ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class MappedRows:
    """Arrays of which at least one is memory-mapped, in runs of rows."""

    arrays: tuple[Any, ...]
    varying: tuple[bool, ...]
    size: int
    counts: tuple[int, ...]
    can_jump: bool = True

    def __getstate__(self) -> dict[str, Any]:
        """Files are told by their places, and not sent along."""
        return {**self.__dict__, "arrays": tuple((mapped(a) if is_mapped(a) else None) or a for a in self.arrays)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__["arrays"] = tuple(_opened(a) if isinstance(a, Mapped) else a for a in self.arrays)

    def parts(self, first: int = 0) -> Iterator[Batch]:
        """The parts in order."""
        for index in range(first, len(self.counts)):
            yield self._ticket(index).load_here(self.arrays)

    def ticket(self, index: int) -> Ticket | None:
        """Files and places in them. None where an array is in memory alone."""
        ticket = self._ticket(index)
        return ticket if all(p is not None for p, v in zip(ticket.places, self.varying, strict=True) if v) else None

    def numbers(self, index: int) -> Any:
        """The numbers of a part's rows."""
        return np.arange(index * self.size, index * self.size + self.counts[index])

    def _ticket(self, index: int) -> _MappedTicket:
        rows = slice(index * self.size, index * self.size + self.counts[index])
        places = tuple(mapped(a[rows]) if v and is_mapped(a) else None for a, v in self._each())
        others = tuple(None if v else a for a, v in self._each())
        return _MappedTicket(places, others, rows)

    def _each(self) -> list[tuple[Any, bool]]:
        return list(zip(self.arrays, self.varying, strict=True))


def _opened(place: Mapped) -> Any:
    found = place.opened()
    why, hint = "it was removed or changed after the run", "the file as it was then"
    return LeftBehind(f"the file {place.file}", why, hint) if found is None else found


@dataclass(frozen=True)
class _MappedTicket:
    places: tuple[Mapped | None, ...]
    others: tuple[Any, ...]
    rows: slice

    def load(self) -> Batch | None:
        """The part, from the files."""
        found = [
            other if place is None else place.read() for place, other in zip(self.places, self.others, strict=True)
        ]
        return None if any(f is None for f in found) else tuple(found)

    def load_here(self, arrays: tuple[Any, ...]) -> Batch:
        """The part, from the files or else from the arrays."""
        found = []
        for place, other, array in zip(self.places, self.others, arrays, strict=True):
            read = other if place is None else place.read()
            found.append(np.array(array[self.rows]) if read is None else read)
        return tuple(found)


def in_parts(
    names: Sequence[str], values: tuple[Any, ...], varying: tuple[bool, ...]
) -> tuple[MappedRows | None, tuple[Any, ...]]:
    """The source for data of which much is memory-mapped, looked through; or None, and all of the data in memory.

    A path stands for the `.npy` file that it names. Raises DataError with the row of a number that is not finite.
    """
    much = sum(v.nbytes for v, is_row in zip(values, varying, strict=True) if is_row and is_mapped(v))
    if much < LARGE:
        values = tuple(np.array(v) if is_mapped(v) else np.asarray(v) if np.ndim(v) else v for v in values)
        for name, value in zip(names, values, strict=True):
            check_data(name, value)
        return None, values
    source = mapped_rows(values, varying)
    for index, part in enumerate(source.parts()):
        for name, value in zip(names, part, strict=True):
            check_data(name, value, index * source.size)
    return source, ()


def mapped_rows(arrays: tuple[Any, ...], varying: tuple[bool, ...]) -> MappedRows:
    """The source for arrays with a row each for all rows."""
    ours = [a for a, v in zip(arrays, varying, strict=True) if v]
    rows = len(ours[0])
    width = sum(a.nbytes for a in ours) // max(1, rows)
    size = max(1, PART // max(1, width))
    counts = tuple(min(size, rows - first) for first in range(0, rows, size))
    return MappedRows(arrays, varying, size, counts)


# -- some of the rows -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Picked:
    """A share of the rows of each part, drawn from the seed; or with `rest` all others."""

    source: Source
    share: float
    seed: int
    rest: bool

    @property
    def counts(self) -> Sequence[int]:
        """Rows of each part."""
        held = [round(self.share * count) for count in self.source.counts]
        return [count - h if self.rest else h for count, h in zip(self.source.counts, held, strict=True)]

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
        for index, part in enumerate(self.source.parts(first), first):
            yield _of_rows(part, self.varying, self._rows(index))

    def ticket(self, index: int) -> Ticket | None:
        """As the whole part's, with the rows."""
        whole = self.source.ticket(index)
        return None if whole is None else _PickedTicket(whole, self.varying, self._rows(index))

    def numbers(self, index: int) -> Any:
        """The numbers of a part's rows among all rows of the data."""
        return self.source.numbers(index)[self._rows(index)]

    def _rows(self, index: int) -> Array:
        count = self.source.counts[index]
        order = np.random.default_rng([self.seed, index, count]).permutation(count)
        held = round(self.share * count)
        return np.sort(order[held:] if self.rest else order[:held])


@dataclass(frozen=True)
class _PickedTicket:
    whole: Ticket
    varying: tuple[bool, ...]
    rows: Array

    def load(self) -> Batch | None:
        """The rows of the part."""
        part = self.whole.load()
        return None if part is None else _of_rows(part, self.varying, self.rows)


def _of_rows(part: Batch, varying: tuple[bool, ...], rows: Any) -> Batch:
    return tuple(a[rows] if v else a for a, v in zip(part, varying, strict=True))
