"""How much of an array a page shows: a corner, unless more is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.reading import table
from gradwork.notation.layout import Layout, Number

_EVERYTHING = 1_000_000_000


@dataclass(frozen=True, slots=True)
class View:
    """rows, columns: the corner of an array that is shown; digits: significant digits of a number; full: all of it.

    `entries` is how many single parameters are worked one by one.
    """

    rows: int = 4
    columns: int = 6
    digits: int = 6
    full: bool = False

    @classmethod
    def of(
        cls, rows: int | None = None, columns: int | None = None, digits: int | None = None, full: bool = False
    ) -> View:
        """A view from a command's options, where None means: as usual."""
        usual = cls()
        return cls(rows or usual.rows, columns or usual.columns, digits or usual.digits, full)

    @property
    def corner(self) -> tuple[int, int]:
        """How many rows and columns of an array are shown."""
        return (_EVERYTHING, _EVERYTHING) if self.full else (self.rows, self.columns)

    @property
    def entries(self) -> int:
        """How many entries are listed one by one."""
        return _EVERYTHING if self.full else max(self.rows * 4, 12)

    def array(self, value: Any) -> Layout:
        """A number, vector or matrix as a piece, cut to its corner."""
        if np.ndim(value) == 0:
            return Number(np.asarray(value).item())
        return table(value, *self.corner)


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape for people.

    >>> shape_text(()), shape_text((50,)), shape_text((2, 3))
    ('one number', '50', '2×3')
    """
    return "×".join(map(str, shape)) if shape else "one number"
