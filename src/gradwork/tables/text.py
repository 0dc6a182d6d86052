"""Text files of data as cells: how the bytes are encoded, what separates the cells, where each row stands."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gradwork.errors import DataError, Where
from gradwork.graph.formula.tokens import Source
from gradwork.tables.cells import is_number

SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "spaces", "|": "bars"}
_SAMPLE = 60
_EXCEL_HINT = re.compile(r"sep=(.)\s*$", re.IGNORECASE)
_LISTED = 6


@dataclass(frozen=True)
class Sheet:
    """The cells of a file: one list a column, all of one length, and the line of each row."""

    names: tuple[str, ...]
    cells: tuple[list[str], ...]
    lines: tuple[int, ...]
    text: str
    separator: str
    notes: tuple[str, ...]


def decode(data: bytes, file: str) -> tuple[str, tuple[str, ...]]:
    """The text of a file, and a note where its encoding had to be guessed.

    >>> decode("größe".encode("latin-1"), "a.csv")[0]
    'größe'
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _lines_of(data.decode(name, errors="replace")), ()
    if b"\0" in data[:4096]:
        half = data[:4096]
        for name, high in (("utf-16-le", half[1::2]), ("utf-16-be", half[::2])):
            if high.count(0) * 2 > len(high):
                return _lines_of(data.decode(name, errors="replace")), ("read as UTF-16",)
        raise DataError(
            f"{Where(file)} is not a text file",
            where=Where(file),
            why="it holds bytes that stand for no character",
            hint="save the table as CSV (in a spreadsheet: Save as, CSV UTF-8)",
        )
    try:
        return _lines_of(data.decode("utf-8")), ()
    except UnicodeDecodeError:
        note = "read as Latin-1, since the text is not UTF-8: look at letters such as ä and é"
        return _lines_of(data.decode("cp1252" if _fits_windows(data) else "latin-1")), (note,)


def _fits_windows(data: bytes) -> bool:
    return not any(byte in data for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D))


def _lines_of(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_cells(text: str, file: str) -> Sheet:
    """The cells of a text: a line of names, then rows. Raises DataError with the line where it does not hold."""
    skipped, separator = _separator(text)
    rows, lines = _records(text, file, separator)
    rows, lines = rows[skipped:], lines[skipped:]
    if not rows:
        raise DataError(f"{Where(file)} is empty", where=Where(file), why="there is no line with the names of columns")
    header, header_line = [name.strip() for name in rows[0]], lines[0]
    names, notes = _names(header, Source(text.split("\n")[header_line - 1], file, header_line), separator)
    body, lines, blank = _body(rows[1:], lines[1:])
    width = len(names)
    while width > 1 and names[width - 1] == "" and not any(row[width - 1].strip() for row in body if len(row) >= width):
        width -= 1
    names = [name or f"column_{i + 1}" for i, name in enumerate(names[:width])]
    notes += [
        f"column {i + 1} has no name, and is called column_{i + 1}" for i, n in enumerate(header[:width]) if not n
    ]
    body = [_trimmed(row, width) for row in body]
    _check_widths(body, lines, names, text, file, separator)
    if not body:
        why = "below the names of the columns there is no row"
        raise DataError(f"{Where(file)} has no data", where=Where(file, header_line), why=why)
    _check_twice(names, Source(text.split("\n")[header_line - 1], file, header_line))
    cells = tuple([cell.strip() for cell in column] for column in zip(*body, strict=True))
    if blank:
        notes.append(f"{blank} rows without any value left out")
    return Sheet(tuple(names), cells, tuple(lines), text, separator, tuple(notes))


def _body(rows: list[list[str]], lines: list[int]) -> tuple[list[list[str]], list[int], int]:
    """The rows that have a value in some cell; a spreadsheet writes its empty rows as `;;;`."""
    keep = [i for i, row in enumerate(rows) if any(cell and not cell.isspace() for cell in row)]
    return [rows[i] for i in keep], [lines[i] for i in keep], len(rows) - len(keep)


def _trimmed(row: list[str], width: int) -> list[str]:
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    return row


# --- separators ------------------------------------------------------------------------------------------------------


def _separator(text: str) -> tuple[int, str]:
    """How many lines to skip, and what separates the cells: what divides the first lines evenly.

    The line of names decides which signs come into question, so that `1,5;2,5` is two numbers and not three.
    """
    sample = [line for line in text[:200_000].split("\n") if line.strip()][:_SAMPLE]
    told = _EXCEL_HINT.match(sample[0]) if sample else None
    if told and told[1] in SEPARATORS:
        return 1, told[1]
    if not sample:
        return 0, ","
    found = [sign for sign in ("\t", ";", ",", "|") if sign in _unquoted(sample[0])]
    even = [sign for sign in found if len({_count(line, sign) for line in sample}) == 1]
    if even or found:
        return 0, max(even or found, key=lambda sign: (_count(sample[0], sign), sign != ","))
    words = {len(line.split()) for line in sample}
    if len(words) == 1 and words != {1} and len(sample) > 1 and not any('"' in line for line in sample):
        return 0, " "
    return 0, next((sign for sign in ("\t", ";") if any(sign in line for line in sample)), "\t")


def _unquoted(line: str) -> str:
    return re.sub(r'"(?:[^"]|"")*"', "", line)


def _count(line: str, sign: str) -> int:
    return _unquoted(line).rstrip(" ").count(sign)


def _records(text: str, file: str, separator: str) -> tuple[list[list[str]], list[int]]:
    # Cells between spaces may have several spaces between them, which for this reader are empty cells.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                rows.append([cell for cell in row if cell] if separator == " " else row)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        shown = text.split("\n")[line - 1] if line <= text.count("\n") + 1 else ""
        raise DataError(
            f"the quotation marks in line {line} do not close",
            where=Source(shown, file, line).where(max(shown.find('"'), 0)),
            why=f"a cell in quotation marks goes on to the next mark, over line ends too ({error})",
            hint='close the cell with ", or write "" for a mark within it',
        ) from error
    return rows, lines


# --- names and widths ------------------------------------------------------------------------------------------------


def _names(header: list[str], line: Source, separator: str) -> tuple[list[str], list[str]]:
    if all(is_number(name) for name in header if name) and any(header):
        raise DataError(
            "the first line holds numbers, not the names of columns",
            where=line.where(0, len(line.text)),
            why="columns are called by name in a model, so the first line has to name them",
            hint=f"a first line such as {separator.join('xyzuvw'[: len(header)] if len(header) < 7 else 'xyz')}",
        )
    notes = [f"cells are separated by {SEPARATORS[separator]}"] if separator not in ",\t" else []
    return header, notes


def _check_twice(names: Sequence[str], line: Source) -> None:
    for position, name in enumerate(names):
        first = list(names).index(name)
        if first != position:
            start = line.text.rfind(name)
            raise DataError(
                f"two columns are called {name}",
                where=line.where(max(start, 0), max(start, 0) + len(name)),
                why=f"columns {first + 1} and {position + 1} could not be told apart",
                hint="another name for one of them",
            )


def _check_widths(
    rows: list[list[str]], lines: Sequence[int], names: Sequence[str], text: str, file: str, separator: str
) -> None:
    wrong = [i for i, row in enumerate(rows) if len(row) != len(names)]
    if not wrong:
        return
    row, line = rows[wrong[0]], lines[wrong[0]]
    shown = text.split("\n")[line - 1]
    others = [f"line {lines[i]} has {len(rows[i])}" for i in wrong[1:_LISTED]]
    if len(wrong) > _LISTED:
        others.append(f"and {len(wrong) - _LISTED} more")
    decimals = separator == "," and len(row) > len(names)
    raise DataError(
        f"line {line} has {len(row)} cells, and there are {len(names)} columns",
        where=Source(shown, file, line).where(0, len(shown)),
        details=tuple(others),
        why=f"the columns are {', '.join(names)}, and the cells are separated by {SEPARATORS[separator]}",
        hint='decimals with a point, or in quotation marks: "1,5"' if decimals else "one cell for each column",
    )
