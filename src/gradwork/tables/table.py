"""A table that has been read: named columns of numbers or of text, and the places of its rows."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradwork.errors import DataError, Where
from gradwork.graph.formula.tokens import Source

Column = np.ndarray[Any, Any]
_LISTED = 6


@dataclass(frozen=True)
class Fault:
    """Why a column's cells cannot be taken as numbers. `rows` are those cells, `cell` is the text of the first."""

    rows: tuple[int, ...]
    cell: str
    why: str
    hint: str


@dataclass(frozen=True, eq=False)
class Table:
    """Columns by name. A column of numbers is float64, with NaN where a value is missing; one of text holds strings.

    source: the file, or what kind of frame it was.
    lines:  the line of the file on which each row stands; None where there are no lines, and rows are counted from 1.
    notes:  what was decided when it was read, for people.
    faults: for each column of text, why it does not hold numbers.
    within: columns that are also part of another one, which is a matrix.
    checked: whether every number is known to be finite. Then columns may stay on disk.

    >>> import numpy as np
    >>> table = Table(("x",), {"x": np.array([1.0, np.nan, 3.0])}, "a frame")
    >>> table.complete(["x"], missing="drop").columns["x"]
    array([1., 3.])
    """

    names: tuple[str, ...]
    columns: dict[str, Column]
    source: str
    lines: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    faults: dict[str, Fault] = field(default_factory=dict)
    text: str = field(default="", repr=False)
    separator: str = ","
    within: dict[str, str] = field(default_factory=dict)
    checked: bool = False

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def numbers(self, name: str) -> Column:
        """A column as numbers. Raises DataError, naming the cell, where one is no finite number."""
        column = self.column(name)
        if name in self.faults:
            raise self._no_numbers(name, self.faults[name])
        if self.checked:
            return column
        bad = np.nonzero(_by_row(~np.isfinite(column)))[0]
        if bad.size and np.isnan(column[bad]).any():
            raise self._missing({name: bad})
        if bad.size:
            why = "a slope at infinity is no number, and one infinite entry makes the whole loss infinite"
            raise self._error(f"{name} is infinite in {self._listed(bad)}", name, int(bad[0]), why, "a finite number")
        return column

    def labels(self, name: str) -> Column:
        """A column as labels: text, or the numbers that stand for classes. Raises DataError where one is missing."""
        column = self.column(name)
        self._refuse_missing([name])
        return column

    def column(self, name: str) -> Column:
        """A column as it was read. Raises DataError, with the names that there are, where there is none."""
        if name in self.columns:
            return self.columns[name]
        by_lower = {known.lower(): known for known in self.names}
        near = [by_lower[word] for word in difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)]
        raise DataError(
            f"there is no column {name!r} in {Where(self.source)}",
            where=self.where(None, None),
            why=f"its columns are {', '.join(self.names)}",
            hint=" or ".join(near) or "one of these",
        )

    def complete(self, names: Sequence[str], missing: str = "error") -> Table:
        """The table without rows in which one of these columns has no value.

        missing: "error" refuses such rows, each named by its line; "drop" leaves them out, and notes which.
        """
        if missing == "error":
            self._refuse_missing(names)
            return self
        gone = self._gone(names)
        if not gone:
            return self
        bad = np.unique(np.concatenate(list(gone.values())))
        keep = np.setdiff1d(np.arange(self.rows), bad)
        if not keep.size:
            raise DataError(
                f"no row of {Where(self.source)} is complete",
                where=self.where(None, None),
                details=tuple(self._gaps(gone)),
                why='missing = "drop" leaves out every row with a missing value, and that is all of them',
                hint="leave a column with many gaps out of the model",
            )
        note = f"{bad.size} of {self.rows} rows left out, with a value missing: {self._listed(bad, most=20)}"
        return self._only(keep, note)

    def _only(self, keep: np.ndarray[Any, Any], note: str) -> Table:
        positions = {int(row): i for i, row in enumerate(keep)}
        faults = {}
        for name, fault in self.faults.items():
            rows = tuple(positions[row] for row in fault.rows if row in positions)
            if rows:
                faults[name] = replace(fault, rows=rows, cell=str(self.columns[name][keep[rows[0]]]))
        columns = {name: column[keep] for name, column in self.columns.items()}
        for name in self.faults.keys() - faults.keys():
            columns[name] = _reread(columns[name])
        lines = tuple(self.lines[int(row)] for row in keep) if self.lines else None
        return replace(self, columns=columns, lines=lines, faults=faults, notes=(*self.notes, note))

    # -- places -----------------------------------------------------------------------------------------------------

    def where(self, row: int | None, name: str | None) -> Where:
        """The place of a row, or of one of its cells, in the file."""
        if row is None or self.lines is None:
            return Where(self.source)
        line = self.lines[row]
        text = self.text.split("\n")[line - 1] if self.text else ""
        if not text:
            return Where(self.source, line)
        start, end = cell_span(text, self.separator, self.names.index(name) if name else 0)
        return Source(text.rstrip("\r"), self.source, line).where(start, end)

    def place(self, row: int) -> str:
        """What a row is called: its line in a file, its number elsewhere."""
        return f"line {self.lines[row]}" if self.lines is not None else f"row {row + 1}"

    def _listed(self, rows: Any, most: int = _LISTED) -> str:
        numbers = [self.lines[row] if self.lines is not None else row + 1 for row in map(int, rows)]
        word = ("line" if self.lines is not None else "row") + ("s" if len(numbers) > 1 else "")
        more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
        return f"{word} {', '.join(map(str, numbers[:most]))}{more}"

    # -- faults -----------------------------------------------------------------------------------------------------

    def _gone(self, names: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
        if self.checked:
            return {}
        gone = {name: np.nonzero(is_missing(self.column(name)))[0] for name in names}
        return {name: rows for name, rows in gone.items() if rows.size}

    def _refuse_missing(self, names: Sequence[str]) -> None:
        gone = self._gone(names)
        if gone:
            raise self._missing(gone)

    def _gaps(self, gone: dict[str, np.ndarray[Any, Any]]) -> list[str]:
        return [f"{name}: {self._listed(rows)}" for name, rows in gone.items()]

    def _missing(self, gone: dict[str, np.ndarray[Any, Any]]) -> DataError:
        first, rows = next(iter(gone.items()))
        bad = np.unique(np.concatenate(list(gone.values())))
        places = self._listed(bad)
        headline = f"{first} has no value in {places}" if len(gone) == 1 else f"values are missing in {places}"
        details = tuple(self._gaps(gone)) if len(gone) > 1 else ()
        why = "an empty cell, NA, NaN, null, - and ? stand for a value that nobody knows; a loss cannot use it"
        hint = 'missing = "drop" in the model file leaves these rows out, or fill the values in'
        return self._error(headline, first, int(rows[0]), why, hint, details)

    def _no_numbers(self, name: str, fault: Fault) -> DataError:
        row = fault.rows[0]
        if len(fault.rows) == self.rows and self.rows > 1:
            headline = f"{name} holds text, such as {fault.cell!r}, where numbers are needed"
        else:
            headline = f"{name} is no number in {self.place(row)}: {fault.cell!r}"
        others = fault.rows[1:]
        details = (f"and in {self._listed(others)}",) if others and len(fault.rows) < self.rows else ()
        return self._error(headline, name, row, fault.why, fault.hint, details)

    def _error(
        self, headline: str, name: str, row: int, why: str, hint: str, details: tuple[str, ...] = ()
    ) -> DataError:
        where = self.where(row, name) if self.lines is not None else Where(self.source)
        return DataError(headline, where=where, why=why, hint=hint, details=details)


def is_missing(column: Column) -> np.ndarray[Any, Any]:
    """For each row, whether its value is missing."""
    if column.dtype == object:
        return np.array([value is None or value == "" for value in column], dtype=bool)
    return _by_row(np.isnan(column))


def _by_row(mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(mask.any(axis=tuple(range(1, mask.ndim)))) if mask.ndim > 1 else mask


def _reread(column: Column) -> Column:
    """A column of text whose doubtful cells are gone, as numbers."""
    try:
        return np.array([float(value) for value in column])
    except ValueError:
        return column


def cell_span(text: str, separator: str, index: int) -> tuple[int, int]:
    """Where the cell with that index starts and ends in a line; the whole line when it has fewer cells.

    >>> cell_span('4,"a, b",10', ",", 2)
    (9, 11)
    """
    start, quoted, count = 0, False, 0
    for position, character in enumerate(text + separator):
        if character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            if count == index:
                return start, max(position, start + 1)
            count, start = count + 1, position + 1
    return 0, len(text)
