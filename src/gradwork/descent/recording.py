"""The path of a descent: one row of numbers for each point that is kept, in one array that grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.descent.curvature import flat, shaped
from gradwork.descent.problem import Array, Leaves

FIRST_ROOM = 128  # rows


class Path:
    """Points, as leaves of the shapes of `like`. They are kept as rows of numbers.

    >>> path = Path([np.float64(1.0), np.zeros(2)])
    >>> path.append([np.float64(2.0), np.ones(2)])
    >>> path.numbers().tolist(), len(path)
    ([[2.0, 1.0, 1.0]], 1)
    """

    def __init__(self, like: Leaves, points: Sequence[Leaves] = ()) -> None:
        self.like = list(like)
        row = flat(self.like)
        self.rows: Array = np.empty((max(FIRST_ROOM, len(points)), row.size), row.dtype)
        self.count = 0
        for point in points:
            self.append(point)

    def room(self, count: int) -> Array:
        """The rows, with place for so many in all."""
        if count > len(self.rows):
            more = np.empty((max(count, 2 * len(self.rows)), self.rows.shape[1]), self.rows.dtype)
            more[: self.count] = self.rows[: self.count]
            self.rows = more
        return self.rows

    def numbers(self) -> Array:
        """The points as rows: an array of its own."""
        return self.rows[: self.count].copy()

    def append(self, point: Leaves) -> None:
        """Keep a point."""
        self.room(self.count + 1)[self.count] = flat(point)
        self.count += 1

    @property
    def rests(self) -> bool:
        """Whether the last two points are the same."""
        return self.count > 1 and self.rows[self.count - 1].tobytes() == self.rows[self.count - 2].tobytes()

    def cut(self, count: int) -> None:
        """Keep the first `count` points only."""
        self.count = min(self.count, count)

    def point(self, place: int) -> Leaves:
        """One point, as leaves."""
        return shaped(self.rows[: self.count][place], self.like)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [shaped(row, self.like) for row in self.rows[: self.count][place]]
        return self.point(place)

    def __iter__(self) -> Iterator[Leaves]:
        return (shaped(row, self.like) for row in self.rows[: self.count])
