"""What is already in memory as a table: frames of pandas and polars, dicts of arrays, arrays.

Frames are known by what they can do, so neither library is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.errors import DataError, Where
from gradwork.tables.table import Column, Fault, Table

_HINT = "a pandas or polars DataFrame, a dict of arrays, or a NumPy array with one column per axis-1 entry"


def table_of(frame: Any, source: str | None = None) -> Table:
    """A frame, a dict of columns or an array as a table.

    frame: a pandas or polars DataFrame, a mapping from names to columns, a structured array, or an array (rows,) or
    (rows, columns), whose columns are then called col1, col2, ...
    Raises DataError where it has no rows, or columns of different lengths.

    >>> table_of({"x": [1, 2], "kind": ["a", "b"]}).columns
    {'x': array([1., 2.]), 'kind': array(['a', 'b'], dtype=object)}
    """
    if isinstance(frame, Table):
        return frame
    name = source or f"{type(frame).__module__.split('.')[0]} {type(frame).__name__}".removeprefix("builtins ")
    columns = _columns(frame, name)
    read: dict[str, Column] = {}
    faults: dict[str, Fault] = {}
    for label, values in columns.items():
        read[label], fault = _column(values, label, name)
        if fault is not None:
            faults[label] = fault
    _check_lengths(read, name)
    return Table(tuple(read), read, name, faults=faults)


def _columns(frame: Any, name: str) -> dict[str, Any]:
    if isinstance(frame, Mapping):
        return {str(label): values for label, values in frame.items()}
    if isinstance(frame, np.ndarray):
        return _of_array(frame, name)
    labels = getattr(frame, "columns", None)
    if labels is None or not hasattr(frame, "__getitem__"):
        raise DataError(f"{type(frame).__name__} is no table", why="it has no columns", hint=_HINT)
    columns: dict[str, Any] = {}
    for label in labels:
        if str(label) in columns:
            why = "a model calls columns by name, so each name can stand once"
            raise DataError(f"two columns are called {label}", where=Where(name), why=why, hint="rename one of them")
        column = frame[label]
        columns[str(label)] = column.to_numpy() if hasattr(column, "to_numpy") else column
    return columns


def _of_array(array: np.ndarray[Any, Any], name: str) -> dict[str, Any]:
    if array.dtype.names:
        return {label: array[label] for label in array.dtype.names}
    if array.ndim == 1:
        return {"col1": array}
    if array.ndim == 2:
        return {f"col{i + 1}": array[:, i] for i in range(array.shape[1])}
    raise DataError(
        f"an array of shape {array.shape} is no table",
        where=Where(name),
        why="a table has rows, and a column for each entry of a row",
        hint="an array of shape (rows,) or (rows, columns)",
    )


def _column(values: Any, label: str, source: str) -> tuple[Column, Fault | None]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        why = f"its entries do not make a column or a matrix: {error}"
        raise DataError(f"{label} cannot be read", where=Where(source), why=why) from error
    if array.dtype.kind in "biuf":
        return np.array(array, dtype=np.float64), None
    if array.dtype.kind == "c":
        why = "a table holds real numbers"
        raise DataError(
            f"{label} holds complex numbers", where=Where(source), why=why, hint="two columns, .real and .imag"
        )
    return _of_objects(array.astype(object) if array.dtype.kind != "M" else array.astype(str).astype(object), label)


def _of_objects(array: Column, label: str) -> tuple[Column, Fault | None]:
    """A column of Python objects: numbers with gaps, or text."""
    flat = [None if is_gap(value) else value for value in array.ravel().tolist()]
    bad = [i for i, value in enumerate(flat) if value is not None and not _is_number(value)]
    if not bad:
        numbers = np.array([np.nan if value is None else float(value) for value in flat], dtype=np.float64)
        return numbers.reshape(array.shape), None
    text = np.array(["" if value is None else str(value) for value in flat], dtype=object).reshape(array.shape)
    width = max(1, len(flat) // max(1, len(array)))
    rows = tuple(dict.fromkeys(i // width for i in bad))
    first = flat[bad[0]]
    why = f"it is a {type(first).__name__}, and a slope needs numbers"
    return text, Fault(rows, str(first), why, f'numbers, for instance by frame["{label}"].astype(float)')


def _is_number(value: Any) -> bool:
    # numbers.Real knows neither Decimal nor every library's scalars; text that looks like a number is still text.
    return not isinstance(value, str | bytes) and hasattr(value, "__float__")


def is_gap(value: Any) -> bool:
    """Whether a cell of a frame stands for a missing value: None, NaN, pandas' NA and NaT.

    >>> is_gap(None), is_gap(float("nan")), is_gap(0)
    (True, True, False)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _check_lengths(columns: Mapping[str, Column], source: str) -> None:
    sizes = {label: len(column) if column.ndim else None for label, column in columns.items()}
    single = [label for label, size in sizes.items() if size is None]
    if single:
        why = "a column has one value for each row"
        raise DataError(f"{single[0]} is a single number, not a column", where=Where(source), why=why)
    if not sizes or not any(sizes.values()):
        raise DataError(f"{source} has no rows", where=Where(source), why="a loss needs at least one row of data")
    if len(set(sizes.values())) > 1:
        listed: Sequence[str] = [f"{label} {size}" for label, size in sizes.items()]
        raise DataError(
            "the columns have different lengths",
            where=Where(source),
            why=f"every row needs a value in each column; the lengths are {', '.join(listed)}",
            hint="columns of one length",
        )
