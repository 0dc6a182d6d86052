"""Files of data: CSV in its many forms, NumPy's own, and JSON."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gradwork.errors import DataError, MissingFileError, Where
from gradwork.graph.formula.tokens import Source
from gradwork.tables.arrays import table_of
from gradwork.tables.cells import columns_of
from gradwork.tables.table import Table
from gradwork.tables.text import decode, read_cells

_OTHER_KINDS = (".xlsx", ".xls", ".ods", ".parquet", ".feather", ".arrow", ".pkl", ".pickle", ".mat", ".h5", ".hdf5")


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a file of data.

    path: CSV (cells between `,` `;` tabs, bars or spaces; decimal points or commas; any common encoding), `.npy`,
    `.npz` or `.json` (a list of records, or lists by name).
    Gives a `Table`. Its columns of numbers have NaN where a value is missing; use `Table.numbers` for a column that
    has to be complete. Raises MissingFileError, and DataError with the line.

    >>> read_table("examples/cars.csv").names                          # doctest: +SKIP
    ('speed_mph', 'stopping_distance_ft')
    """
    file = Path(path)
    if not file.exists():
        raise not_there(file)
    if file.is_dir():
        raise DataError(f"{file.name} is a folder", where=Where(str(path)), why="data is read from a file")
    reader = _READERS.get(file.suffix.lower(), _read_text)
    try:
        return reader(file)
    except OSError as error:
        raise DataError(
            f"{file.name} cannot be read", where=Where(str(path)), why=error.strerror or str(error)
        ) from error


def _read_text(file: Path) -> Table:
    data = file.read_bytes()
    if file.suffix.lower() in _OTHER_KINDS or data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1")):
        raise DataError(
            f"{file.name} is not a text file",
            where=Where(str(file)),
            why="spreadsheets and binary tables are not read",
            hint="save it as CSV, or load it with pandas and hand the frame over: gw.load(model, data=frame)",
        )
    text, notes = decode(data, str(file))
    sheet = read_cells(text, str(file))
    read = columns_of(sheet.cells, sheet.separator)
    columns = {name: array for name, (array, _) in zip(sheet.names, read, strict=True)}
    faults = {name: fault for name, (_, fault) in zip(sheet.names, read, strict=True) if fault is not None}
    return Table(sheet.names, columns, str(file), sheet.lines, notes + sheet.notes, faults, sheet.text, sheet.separator)


def _read_numpy(file: Path) -> Table:
    try:
        # NumPy leaves a file open that it cannot read, so it is not given the path.
        with file.open("rb") as stream:
            data: Any = np.load(stream, allow_pickle=False)
            if not isinstance(data, np.ndarray):
                data = {name: data[name] for name in data.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _not_numpy(file, error) from error
    return table_of(data, str(file))


def _not_numpy(file: Path, error: Exception) -> DataError:
    pickled = "pickle" in str(error).lower()
    why = "files with Python objects in them can run code, and are never opened" if pickled else str(error)
    hint = "arrays of numbers, saved by np.save or np.savez"
    return DataError(f"{file.name} holds no plain arrays", where=Where(str(file)), why=why, hint=hint)


def _read_json(file: Path) -> Table:
    text, notes = decode(file.read_bytes(), str(file))
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        where = Source(text.split("\n")[line - 1], str(file), line).where(max(column - 1, 0))
        why = getattr(error, "msg", "it is nested too deeply")
        raise DataError(f"{file.name} is not JSON", where=where, why=why) from error
    if isinstance(data, list) and data and all(isinstance(record, dict) for record in data):
        names = dict.fromkeys(name for record in data for name in record)
        data = {name: [record.get(name) for record in data] for name in names}
    if not isinstance(data, dict) or not all(isinstance(values, list) for values in data.values()):
        raise DataError(
            f"{file.name} holds no table",
            where=Where(str(file)),
            why="a table in JSON is a list of records, or an object with a list for each column",
            hint='[{"x": 1, "y": 2}, {"x": 3, "y": 4}]',
        )
    return replace(table_of(data, str(file)), notes=notes)


_READERS: dict[str, Callable[[Path], Table]] = {".npy": _read_numpy, ".npz": _read_numpy, ".json": _read_json}


def not_there(file: Path) -> MissingFileError:
    """The error for a file that is not there, with the names of those that are."""
    from gradwork.graph.formula.evaluate import close

    folder = file.parent
    others = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    near = close(file.name, others)
    why = f"the folder {folder} is not there" if not folder.is_dir() else f"the folder {folder} has no such file"
    return MissingFileError(
        f"there is no file {file.name}", where=Where(str(file)), why=why, hint=" or ".join(near) or None
    )
