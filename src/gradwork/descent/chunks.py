"""Chunks of rows from the user's own function, or from an object that can be gone through again and again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.descent.sources import Batch, Ticket
from gradwork.errors import ArgumentError, DataError


@dataclass(eq=False)
class Chunks:
    """What a function (or an object that can be gone through again and again) gives, chunk by chunk.

    by_name: whether a chunk that is a table, as of pandas, is taken as its columns; else as an array of numbers.
    """

    make: Callable[[], Iterator[Any]]
    keys: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    varying: tuple[bool, ...] = ()
    can_jump: bool = False
    by_name: bool = False
    _kinds: list[Any] = field(default_factory=list)
    _still: list[Any] = field(default_factory=list)

    def parts(self, first: int = 0) -> Iterator[Batch]:
        """The chunks in order; those before `first` are passed over. Raises DataError where they are others now."""
        index = -1
        for index, chunk in enumerate(self.make()):
            if index >= len(self.counts):
                raise self._changed(f"more than {len(self.counts)} chunks come")
            if index < first:
                continue
            part = self._read(chunk, index)
            count = len(next(a for a, v in zip(part, self.varying, strict=True) if v))
            if count != self.counts[index]:
                raise self._changed(f"chunk {index + 1} has {count} rows, and had {self.counts[index]}")
            yield part
        if index + 1 < len(self.counts):
            raise self._changed(
                f"{index + 1 or 'no'} chunk{'s' if index else ''} come, and there were {len(self.counts)}"
            )

    def ticket(self, index: int) -> Ticket | None:
        """A chunk has to be sent."""
        return None

    def numbers(self, index: int) -> Any:
        """The numbers of a chunk's rows."""
        before = sum(self.counts[:index])
        return np.arange(before, before + self.counts[index])

    def look(self, check: Callable[[str, Any, int, int], None]) -> None:
        """Go through all chunks once: count their rows, and check them. Raises DataError and ArgumentError."""
        counts: list[int] = []
        for index, chunk in enumerate(self.make()):
            part = self._read(chunk, index)
            count = len(next((a for a, v in zip(part, self.varying, strict=True) if v), ()))
            for name, array in zip(self.names(), part, strict=True):
                check(name, array, sum(counts), index)
            counts.append(count)
        if not sum(counts):
            raise DataError("the chunks have no rows", why="a loss needs at least one row of data")
        self.counts = tuple(counts)

    def names(self) -> list[str]:
        """What the entries of a chunk are called in messages."""
        return list(self.keys) or [f"data[{i}]" for i in range(len(self.varying))]

    def _read(self, chunk: Any, index: int) -> Batch:
        if isinstance(chunk, Mapping) or (self.by_name and is_table(chunk)):
            if not self._kinds:
                self.keys = tuple(chunk)
            if set(chunk) != set(self.keys):
                raise _odd(
                    index, f"it has {', '.join(map(str, chunk))}, the first one {', '.join(self.keys) or 'no names'}"
                )
            chunk = [chunk[key] for key in self.keys]
        elif not isinstance(chunk, (tuple, list)):
            chunk = (chunk,)
        part = tuple(np.asarray(value) if np.ndim(value) else value for value in chunk)
        kinds = [(np.shape(a)[1:], np.ndim(a)) for a in part]
        if not self._kinds:
            count = next((len(a) for a in part if np.ndim(a)), None)
            if count is None:
                raise _odd(index, f"it is {type(chunk[0]).__name__ if len(chunk) else 'empty'}, and has no rows")
            self.varying = tuple(bool(np.ndim(a)) and len(a) == count for a in part)
            self._kinds = kinds
            self._still = [None if v else a for a, v in zip(part, self.varying, strict=True)]
        if kinds != self._kinds:
            shapes, first = ", ".join(str(k[0]) for k in kinds), ", ".join(str(k[0]) for k in self._kinds)
            raise _odd(index, f"a row of it has the shapes {shapes}, one of the first chunk {first}")
        lengths = {len(a) for a, v in zip(part, self.varying, strict=True) if v}
        if len(lengths) > 1:
            raise _odd(index, f"its arrays have {' and '.join(map(str, sorted(lengths)))} rows")
        if not all(v or np.array_equal(a, s) for a, v, s in zip(part, self.varying, self._still, strict=True)):
            raise _odd(index, "what has no rows in it is another number than in the first chunk")
        return part

    def _changed(self, what: str) -> DataError:
        return DataError(
            "the chunks are not the same as in the first pass",
            details=(what,),
            why="descent goes through the data again and again, and every pass needs all of them",
            hint="a function that makes the iterator anew at each call: data=lambda: read_chunks(file)",
        )


def _odd(index: int, why: str) -> DataError:
    hint = "arrays as the loss takes them after its parameters, (x, y), with a row for each row"
    return DataError(f"chunk {index + 1} of the data cannot be used", why=why, hint=hint)


def chunks_of(data: Any) -> Chunks | None:
    """The chunks that data give where they are a function or can be gone through; None for arrays and the like.

    Raises ArgumentError for an iterator that can be gone through once.
    """
    if isinstance(data, (str, bytes, os.PathLike, Mapping, tuple, np.ndarray, np.generic)) or data is None:
        return None
    if isinstance(data, list):
        of_chunks = data and all(
            isinstance(d, (tuple, Mapping))
            and any(isinstance(a, np.ndarray) for a in (d.values() if isinstance(d, Mapping) else d))
            for d in data
        )
        return Chunks(lambda: iter(data)) if of_chunks else None
    if hasattr(data, "__array__") or hasattr(data, "columns"):
        return None
    if callable(data):
        return Chunks(lambda: _called(data))
    if not hasattr(data, "__iter__"):
        return None
    if iter(data) is data:
        raise ArgumentError(
            f"the data are {_a(type(data).__name__)}, which can be gone through once",
            why="descent goes through the data in every pass, and once before to look at them",
            hint="a function that makes it anew at each call: data=lambda: read_chunks(file); or a list of chunks",
        )
    return Chunks(lambda: iter(data))


def is_table(data: Any) -> bool:
    """Whether data are a table with named columns, as of pandas, which is no dict and also an array."""
    return hasattr(data, "columns") and hasattr(data, "__array__") and not isinstance(data, (np.ndarray, Mapping))


def _called(data: Callable[[], Any]) -> Iterator[Any]:
    try:
        found = data()
    except TypeError as error:
        if error.__traceback__ is None or error.__traceback__.tb_next is not None:
            raise
        raise ArgumentError(
            "the function for the data cannot be called",
            why=f"{error}; it is called without arguments, and gives the chunks",
            hint="data=lambda: read_chunks(file)",
        ) from None
    if not hasattr(found, "__iter__") or isinstance(found, (Mapping, str)):
        why = f"it gives {_a(type(found).__name__)}"
        raise ArgumentError("the function for the data gives no chunks", why=why, hint="yield (x, y) for each chunk")
    return iter(found)


def _a(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
