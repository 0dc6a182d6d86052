"""Cells of text as numbers: with a decimal point or a decimal comma, and nothing that could mean two things."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from gradwork.tables.table import Column, Fault

MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", "?"))

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|[+-]?inf(?:inity)?", re.IGNORECASE)
_COMMA_NUMBER = re.compile(r"[+-]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?[0-9]+")
# 1,234 and 1.234: the same digits, in two countries a thousandfold apart. 0,125 and 12,5 can only be decimals.
_TWO_READINGS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[ ’'.,\u00a0\u202f_][0-9]{3})+(?:[.,][0-9]+)?")
_WITH_UNIT = re.compile(r"([+-]?[0-9]+(?:[.,][0-9]+)?)\s*([^\W\d].*|[%€$£°].*)")
_PLAIN = str.maketrans({"−": "-"})


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number, with a point or a comma.

    >>> is_number("1,5"), is_number("1.5e3"), is_number("x1")
    (True, True, False)
    """
    cell = cell.translate(_PLAIN)
    return bool(_NUMBER.fullmatch(cell) or _COMMA_NUMBER.fullmatch(cell))


def columns_of(cells: Sequence[list[str]], separator: str) -> list[tuple[Column, Fault | None]]:
    """Each column as numbers where all of its cells are some, else as text with the reason."""
    read = [_with_points(column) for column in cells]
    points = any(_has_mark(column, ".") for column, array in zip(cells, read, strict=True) if array is not None)
    commas = any(_has_mark(column, ",") for column in cells)
    # A comma between decimals is the rule where something else separates the cells.
    usual = separator != "," and not points
    results: list[tuple[Column, Fault | None]] = []
    for column, array in zip(cells, read, strict=True):
        doubt = _two_readings(column, ".") if array is not None and commas and separator != "," else None
        if array is None:
            array = _with_commas(column)
            doubt = _two_readings(column, ",") if array is not None and not usual else None
        if array is not None and doubt is None:
            results.append((array, None))
        else:
            text = np.array(["" if cell.lower() in MISSING else cell for cell in column] or [""], dtype=object)
            results.append((text[: len(column)], doubt or _fault(column)))
    return results


def _with_points(cells: Sequence[str]) -> Column | None:
    return _floats(cells, lambda cell: cell)


def _with_commas(cells: Sequence[str]) -> Column | None:
    if any("." in cell and cell.lower() not in MISSING for cell in cells):
        return None
    return _floats(cells, lambda cell: cell.replace(",", "."))


def _floats(cells: Sequence[str], spelled: Callable[[str], str]) -> Column | None:
    try:
        numbers = [
            float("nan") if cell.lower() in MISSING else float(spelled(cell.translate(_PLAIN))) for cell in cells
        ]
    except ValueError:
        return None
    # Python reads 1_000 as a number; in a table it is more likely to be a name.
    return None if any("_" in cell for cell in cells) else np.array(numbers, dtype=np.float64)


def _has_mark(cells: Sequence[str], mark: str) -> bool:
    return any(mark in cell and is_number(cell) for cell in cells)


def _two_readings(cells: Sequence[str], mark: str) -> Fault | None:
    rows = tuple(row for row, cell in enumerate(cells) if mark in cell)
    if not rows or not all(_TWO_READINGS.fullmatch(cells[row]) for row in rows):
        return None
    cell = cells[rows[0]]
    digits = cell.replace(mark, "")
    decimal = cell.replace(mark, ".")
    why = f"it could mean {digits} or {decimal}, and nothing else in the column tells which"
    return Fault(rows, cell, why, f"{digits} or {decimal}0, whichever is meant, in the file")


def _fault(cells: Sequence[str]) -> Fault:
    mixed = _has_mark(cells, ",") and _has_mark(cells, ".")
    commas, points = (sum(mark in cell and is_number(cell) for cell in cells) for mark in ",.")
    strange = "," if commas < points else "."
    rows = tuple(
        row
        for row, cell in enumerate(cells)
        if cell.lower() not in MISSING and (not _reads(cell) or (mixed and strange in cell and is_number(cell)))
    )
    rows = rows or tuple(row for row, cell in enumerate(cells) if cell.lower() not in MISSING)
    cell = cells[rows[0]] if rows else ""
    why, hint = _reason(cell, mixed)
    return Fault(rows, cell, why, hint)


def _reads(cell: str) -> bool:
    return is_number(cell) and "_" not in cell


def _reason(cell: str, mixed: bool) -> tuple[str, str]:
    if _THOUSANDS.fullmatch(cell) and not _WHOLE.fullmatch(cell):
        bare = re.sub(r"[ ’'\u00a0\u202f_]", "", cell)
        groups = re.split(r"[.,]", bare)
        decimals = len(groups) > 1 and (len(groups[-1]) != 3 or len({c for c in bare if c in ".,"}) == 2)
        plain = "".join(groups[:-1]) + "." + groups[-1] if decimals else "".join(groups)
        return "thousands that are set apart by a sign can be taken for decimals", plain
    if mixed and is_number(cell):
        return "the column has decimals with a point and decimals with a comma", "one of the two throughout"
    united = _WITH_UNIT.fullmatch(cell)
    if united:
        if united[2].startswith("%"):
            return "a percent sign stands behind the number", "the number alone, as 0.05 or as 5"
        return f"{united[2]!r} stands behind the number", f"{united[1]}, with the unit in the column's name"
    return "the cell cannot be read as a number", "a number, an empty cell for a missing one, or another column"
