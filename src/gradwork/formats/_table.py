"""Tables as lines of text, at any width: cells are wrapped, then rows set as lists or columns left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradwork.formats._box import pad, wrap
from gradwork.formats._page import parts_of_number
from gradwork.formats._signs import GLUE, Signs, paint, unpainted, width

_MOST_RECORD_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class Cells:
    """A table whose cells are strings; `align` has a letter a column."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str


def table_lines(cells: Cells, wide: int, signs: Signs) -> list[str]:
    """The table's lines, none wider than `wide`."""
    columns = len(cells.header)
    if not columns:
        return []
    lined_up = _with_decimals_lined_up(cells)
    for gap in (3, 2):
        if _total(_natural(lined_up), gap) <= wide:
            return _set(lined_up, _natural(lined_up), gap)
    if _total(_least(lined_up), 2) <= wide:
        return _set(lined_up, _shared(lined_up, wide), 2)
    if 2 < columns <= _MOST_RECORD_COLUMNS:
        return _records(cells, wide)
    return _fewer_columns(lined_up, wide, signs)


def _fewer_columns(cells: Cells, wide: int, signs: Signs) -> list[str]:
    for kept in range(len(cells.header) - 1, 1, -1):
        fewer = _without_middle(cells, kept, signs)
        if _total(_least(fewer), 2) <= wide:
            return _set(fewer, _shared(fewer, wide), 2)
    return _records(cells, wide) if len(cells.header) <= 2 else _records(_without_middle(cells, 2, signs), wide)


def _without_middle(cells: Cells, kept: int, signs: Signs) -> Cells:
    before, after = (kept + 1) // 2, kept // 2

    def cut(row: Sequence[str], mark: str) -> tuple[str, ...]:
        return (*row[:before], mark, *row[len(row) - after :])

    rows = tuple(cut(row, signs.ellipsis) for row in cells.rows)
    return Cells(cut(cells.header, signs.ellipsis), rows, "".join(cut(cells.align, "c")))


def _with_decimals_lined_up(cells: Cells) -> Cells:
    columns = list(zip(*cells.rows, strict=True)) if cells.rows else []
    set_columns = [_lined_up(c) if letter == "." else c for c, letter in zip(columns, cells.align, strict=False)]
    return replace(cells, rows=tuple(zip(*set_columns, strict=True)))


def _lined_up(column: Sequence[str]) -> tuple[str, ...]:
    parted = [parts_of_number(unpainted(cell)) for cell in column]
    after = max((width(parts[1]) for parts in parted if parts), default=0)
    filled = []
    for cell, parts in zip(column, parted, strict=True):
        missing = after - width(parts[1]) if parts else 0
        filled.append(cell.replace(" ", GLUE) + GLUE * missing if parts else cell)
    return tuple(filled)


def _natural(cells: Cells) -> list[int]:
    return [max(width(cell) for cell in column) for column in zip(cells.header, *cells.rows, strict=True)]


def _least(cells: Cells) -> list[int]:
    """The width of each column's longest word."""
    columns = zip(cells.header, *cells.rows, strict=True)
    return [max(width(word) for cell in column for word in cell.split(" ")) for column in columns]


def _total(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def _shared(cells: Cells, wide: int) -> list[int]:
    """Widths that fit: the widest column gives way first, none below its longest word."""
    widths, least = _natural(cells), _least(cells)
    while _total(widths, 2) > wide:
        loose = [i for i in range(len(widths)) if widths[i] > least[i]]
        widest = max(loose, key=lambda i: widths[i])
        widths[widest] -= 1
    return widths


def _set(cells: Cells, widths: Sequence[int], gap: int) -> list[str]:
    lines = []
    for number, row in enumerate((cells.header, *cells.rows)):
        if number == 0 and not any(unpainted(cell).strip() for cell in row):
            continue
        wrapped = [wrap(cell, wide) for cell, wide in zip(row, widths, strict=True)]
        for i in range(max(len(cell) for cell in wrapped)):
            parts = [cell[i] if i < len(cell) else "" for cell in wrapped]
            lines.append((" " * gap).join(_placed(parts, widths, cells.align)).rstrip())
    return lines


def _placed(parts: Sequence[str], widths: Sequence[int], align: str) -> list[str]:
    letters = align.replace(".", "r")
    return [pad(part, wide, letter) for part, wide, letter in zip(parts, widths, letters, strict=True)]


def _records(cells: Cells, wide: int) -> list[str]:
    """Each row as a heading with a list under it: nothing is lost where there is no room for columns."""
    names = [unpainted(name).strip() for name in cells.header]
    label_width = min(max(width(name) for name in names[1:] or names), max(4, (wide - 4) // 2))
    lines = []
    for row in cells.rows:
        values = [cell.replace(GLUE, " ").strip() for cell in row]
        heading = [value for name, value in zip(names, values, strict=True) if value and not name]
        heading = heading if not names[0] else [values[0], *heading]
        lines += wrap(paint("  ".join(heading), "bold"), wide) if any(heading) else []
        for name, value in zip(names[1:], values[1:], strict=True):
            lines += _entry(name, value, label_width, wide) if name and value else []
    return lines


def _entry(name: str, value: str, label_width: int, wide: int) -> list[str]:
    labels = wrap(name, label_width)
    values = wrap(value, max(1, wide - label_width - 4))
    longest = max(len(labels), len(values))
    labels += [""] * (longest - len(labels))
    values += [""] * (longest - len(values))
    return [f"  {pad(label, label_width)}  {own}".rstrip() for label, own in zip(labels, values, strict=True)]
