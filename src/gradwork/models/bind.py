"""Data for the names of a loss: columns of a file or a frame, and numbers in the model file itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from gradwork.descent.mapped import open_mapped
from gradwork.errors import DataError, GradworkError
from gradwork.models import datasets, values
from gradwork.models.large import large_or_read, large_table, side_by_side
from gradwork.models.text import ModelText, Path, describe
from gradwork.models.values import Array
from gradwork.tables import Table, read_table, table_of


@dataclass
class Data:
    """Where the names of a model get their data from.

    table:   the file or frame, if there is one.
    columns: for names of [columns], one column, several (a matrix), or numbers.
    inline:  for names of [data], numbers; `given` are numbers that a caller handed over.
    """

    text: ModelText
    table: Table | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    inline: dict[str, Any] = field(default_factory=dict)
    given: dict[str, float] = field(default_factory=dict)
    missing: str = "error"
    layout: str = "rows"

    @property
    def names(self) -> tuple[str, ...]:
        """All names that data can be found for, those of the model file first."""
        own = self.table.names if self.table else ()
        return tuple(dict.fromkeys((*self.columns, *self.inline, *self.given, *own)))

    def prepare(self, names: Sequence[str]) -> None:
        """Deal with missing values in the columns that these names use. Raises DataError."""
        for name in self.columns:
            for column in self._columns_of(name):
                self._column(name, column)
        used = dict.fromkeys(column for name in names for column in self._columns_of(name))
        if self.table is not None and used:
            self.table = self.table.complete(list(used), self.missing)

    def numbers(self, name: str) -> float | Array:
        """The numbers for a name: one, a column, or a matrix as the layout has it. Raises DataError, ModelError."""
        if name in self.given:
            return self.given[name]
        path = self._path(name)
        spec = self.columns.get(name, self.inline.get(name))
        columns = self._columns_of(name)
        if isinstance(spec, str) and name in self.inline:
            return self._file(name, spec)
        if not columns:
            return values.array(self.text, spec, path) if isinstance(spec, list) else self._single(spec, path)
        assert self.table is not None
        arrays = [self.table.numbers(column) for column in columns]
        if not isinstance(spec, list):
            return arrays[0]
        view = side_by_side(arrays)
        if view is not None:
            return view if self.layout == "rows" else view.T
        matrix = np.stack(arrays, axis=1) if all(a.ndim == 1 for a in arrays) else np.concatenate(arrays, axis=1)
        return matrix if self.layout == "rows" else matrix.T.copy()

    def labels(self, name: str) -> Array:
        """Labels of classes for a name: text, or numbers."""
        columns = self._columns_of(name)
        if len(columns) == 1 and self.table is not None:
            column = self.table.labels(columns[0])
            return column if columns[0] in self.table.faults else self.table.numbers(columns[0])
        spec = self.columns.get(name, self.inline.get(name))
        if isinstance(spec, list) and spec and not columns and all(isinstance(item, str) for item in spec):
            return np.array(spec, dtype=object)
        return np.asarray(self.numbers(name))

    def check_lengths(self, bound: Mapping[str, Any]) -> None:
        """Raise ModelError where two columns of the model file differ in length."""
        sizes = {name: len(value) for name, value in bound.items() if getattr(value, "ndim", 0) == 1}
        first = next(iter(sizes), "")
        for name, size in sizes.items():
            if size != sizes[first]:
                raise self.text.error(
                    self._path(name),
                    f"{first} has {sizes[first]} numbers, {name} has {size}",
                    "every row of the data needs a value in each column",
                    "columns of one length; numbers that are no column go in as a matrix, [[1, 2]]",
                )

    def read_notes(self, bound: Mapping[str, Any]) -> list[str]:
        """What was read, and what of it is not used."""
        idle = [name for name in (*self.columns, *self.inline) if name not in bound]
        notes = [f"data not used: {', '.join(idle)}"] if idle else []
        if self.table is None:
            return notes
        used = {column for name in bound for column in self._columns_of(name)}
        within = self.table.within
        seen = {name for name in used if name not in within} | {n for n in within if within[n] in used}
        seen |= {within[name] for name in used if name in within}
        spare = [name for name in self.table.names if name not in used and name not in seen]
        notes += [f"columns not used: {', '.join(spare)}"] if spare else []
        return [f"{self.table.rows} rows of {FilePath(self.table.source).name}", *self.table.notes, *notes]

    # -- inside -----------------------------------------------------------------------------------------------------

    def _file(self, name: str, file: str) -> Array:
        """The array of a `.npy` file beside the model file. A large one stays on disk."""
        where = self.text.where("data", name)
        try:
            return large_or_read(name, open_mapped(beside(self.text, file)))
        except GradworkError as error:
            error.where = where
            if not file.endswith(".npy"):
                error.headline = f"{name} has to be numbers here, or a .npy file"
                error.why, error.hint = f"it is {describe(file)}", f'{name} = [1.0, 2.0], or {name} = "file.npy"'
            raise

    def _path(self, name: str) -> Path:
        return ("columns", name) if name in self.columns else ("data", name)

    def _columns_of(self, name: str) -> list[str]:
        spec = self.columns.get(name)
        if isinstance(spec, str):
            return [spec]
        if isinstance(spec, list) and self.table is not None and spec and all(isinstance(i, str) for i in spec):
            return spec
        direct = spec is None and name not in self.inline and name not in self.given
        return [name] if direct and self.table is not None and name in self.table.names else []

    def _column(self, name: str, column: str) -> None:
        if self.table is None:
            raise self.text.error(
                self._path(name),
                f"there is no data to take the column {column!r} from",
                "[columns] names columns of the data file, and the model has none",
                'data = "file.csv" at the top of the model file',
            )
        try:
            self.table.column(column)
        except DataError as error:
            error.where = self.text.where(*self._path(name))
            raise

    def _single(self, spec: Any, path: Path) -> float:
        if isinstance(spec, str) or spec is None:
            why = f"it is {describe(spec)}"
            raise self.text.error(path, f"{path[-1]} has to be numbers here", why, f"{path[-1]} = [1.0, 2.0]")
        return values.number(self.text, spec, path)


def find_data(text: ModelText, tables: Mapping[str, Any], frame: Any = None, layout: str = "rows") -> Data:
    """The data that a model file names, or `frame` in its place. Raises MissingFileError, DataError, ModelError."""
    data = Data(text, layout=layout)
    where = tables.get("data")
    if isinstance(where, dict):
        data.inline = {text.check_name(name, ("data", name)): value for name, value in where.items()}
    elif where is not None and not isinstance(where, str):
        why = f"it is {describe(where)}"
        raise text.error(("data",), "data has to be a file or a table", why, 'data = "file.csv", or a table [data]')
    if frame is not None:
        data.table, data.given = _handed_over(frame)
    elif isinstance(where, str):
        data.table = _read(text, where)
    columns = text.take(dict(tables), "columns", dict, "a table") or {}
    data.columns = {text.check_name(name, ("columns", name)): spec for name, spec in columns.items()}
    for name, spec in data.columns.items():
        if isinstance(spec, dict) or spec == []:
            why = f"it is {describe(spec)}"
            raise text.error(("columns", name), f"{name} has to be a column", why, f'{name} = "name of a column"')
    data.missing = _policy(text, tables.get("missing", "error"))
    return data


def _policy(text: ModelText, word: Any) -> str:
    if word not in ("error", "drop"):
        raise values.unknown(text, ("missing",), str(word), ("error", "drop"))
    return str(word)


def _read(text: ModelText, name: str) -> Table:
    if datasets.is_named(name):
        return datasets.data_set(name, text.where("data"))
    path = beside(text, name)
    try:
        return large_table(path) or read_table(path)
    except FileNotFoundError as error:
        assert isinstance(error, GradworkError)
        error.where = text.where("data")
        raise


def beside(text: ModelText, name: str) -> FilePath:
    """A file that is named in a model file: it is looked for beside that."""
    return FilePath(text.file).parent / name if FilePath(text.file).suffix else FilePath(name)


def _handed_over(frame: Any) -> tuple[Table | None, dict[str, float]]:
    """A frame as a table; single numbers in a dict are constants."""
    if not isinstance(frame, Mapping):
        return table_of(frame), {}
    single = {str(name): float(v) for name, v in frame.items() if isinstance(v, int | float | np.number)}
    columns = {str(name): value for name, value in frame.items() if str(name) not in single}
    table = table_of(columns, "the data") if columns else None
    return (replace(table, notes=()) if table else None), single
