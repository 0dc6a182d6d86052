"""Large `.npy` files that a model file names: they stay on disk, and a descent goes through them in parts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from gradwork.descent import sources
from gradwork.descent.faults import check_data
from gradwork.descent.mapped import is_mapped, open_mapped
from gradwork.errors import DataError, Where
from gradwork.tables import Table

Array = np.ndarray[Any, Any]


def large_or_read(name: str, array: Array) -> Array:
    """A mapped array that is large as it is, a small one read. Raises DataError with the row of an odd number."""
    if array.nbytes < sources.LARGE:
        read = np.array(array)
        check_data(name, read)
        return read.astype(np.float64) if read.dtype.kind in "iub" else read
    rows = sources.mapped_rows((array,), (True,))
    for index, (part,) in enumerate(rows.parts()):
        check_data(name, part, index * rows.size)
    return array


def large_table(path: Path) -> Table | None:
    """A large `.npy` file of rows and columns as a table whose columns stay on disk; None for every other file."""
    if path.suffix != ".npy" or not path.is_file() or path.stat().st_size < sources.LARGE:
        return None
    array = open_mapped(path)
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiub":
        return None  # told where files are read at once
    try:
        large_or_read(path.name, array)
    except DataError as error:
        error.where = Where(str(path))
        raise
    columns = {"col1": array} if array.ndim == 1 else {f"col{i + 1}": array[:, i] for i in range(array.shape[1])}
    return Table(tuple(columns), columns, str(path), checked=True)


def side_by_side(columns: Sequence[Array]) -> Array | None:
    """Columns on disk that stand side by side in one array, as a view of it; None for all others."""
    first = columns[0]
    if not all(is_mapped(c) and c.ndim == 1 and c.strides == first.strides and c.dtype == first.dtype for c in columns):
        return None
    starts = [c.__array_interface__["data"][0] for c in columns]
    base = first.base
    apart = {b - a for a, b in pairwise(starts)}
    if not isinstance(base, np.ndarray) or base.ndim != 2 or any(c.base is not base for c in columns):
        return None
    if apart and apart != {base.strides[1]}:
        return None
    place = (starts[0] - base.__array_interface__["data"][0]) // base.strides[1]
    return base[:, place : place + len(columns)]
