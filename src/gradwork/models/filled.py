"""A filled-in working as a file: TOML with equations, values as printed, what to trust, and claims; or CSV.

    title = "..."
    [[exercise]]
    title = "..."
    lines = "dZ = Z_after - Z_before; slope = dZ / dW"
    also = ["slope = X"]
    given = { X = 2, dW = 1, Z_before = 6, Z_after = 8 }       what is to be trusted
    blanks = { 1 = "dZ", 2 = "slope" }                         number of a blank → what stands there
    printed = { 1 = 2, 2 = 2 }                                 number of a blank, or a name → what is printed
    claims = { slope = "gradient" }                            what a quantity is called
    labels = { slope = "dZ/dW" }

Arrays are nested lists counted from 0; an entry that is not known is "?" or the number of a blank, "b36".
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gradwork.errors import DataError, GradworkError, MissingFileError, ModelError
from gradwork.models.text import ModelText
from gradwork.worksheets.answers import Reading, read_number
from gradwork.worksheets.claims import Claim
from gradwork.worksheets.filled import Filled, Printed, reading_of
from gradwork.worksheets.plan import Plan, shape_of
from gradwork.worksheets.planning import plan_of
from gradwork.worksheets.verify import Verified, verify

_KEYS = ("title", "page", "kind", "lines", "also", "shapes", "given", "blanks", "printed", "claims", "labels", "note")
_UNKNOWN = re.compile(r"\?|b\d+")


def verify_file(path: str | Path) -> Verified:
    """Check a filled-in working. Raises MissingFileError, ModelError or DataError for a file that cannot be used."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise MissingFileError(f"there is no file {file}", hint="a filled-in working as .toml or .csv") from error
    except IsADirectoryError as error:
        raise DataError(f"{file} is a folder", hint="a filled-in working as .toml or .csv") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file.name} is no text", why="a filled-in working is TOML or CSV, in UTF-8") from error
    if file.suffix.lower() == ".csv":
        return verify(file.stem, [_from_csv(text, file.name)])
    title, exercises = filled_from(text, str(file))
    return verify(title, exercises)


def filled_from(text: str, file: str = "<working>") -> tuple[str, list[Filled]]:
    """The exercises of a TOML file."""
    source = ModelText(text, file)
    tables = source.parse()
    source.check_keys(tables, ("title", "blanks", "layout", "exercise"))
    exercises = source.take(tables, "exercise", list, "a list of tables") or []
    if not exercises:
        raise ModelError(
            "there is nothing to check", why="a filled-in working has [[exercise]] tables", hint="[[exercise]]"
        )
    found = []
    for k, table in enumerate(exercises):
        source.check_keys(table, _KEYS, ("exercise", k), "of an [[exercise]]")
        if "lines" not in table:
            why = "its printed values are worked out from them"
            raise source.error(
                ("exercise", k), f"exercise {k + 1} has no lines", why, 'lines = "dZ = Z_after - Z_before"'
            )
        try:
            found.append(_filled(table, k))
        except ModelError:
            raise
        except (GradworkError, KeyError, ValueError, TypeError) as error:
            headline = f"exercise {k + 1} cannot be read"
            raise source.error(("exercise", k), headline, str(error).split("\n")[0]) from error
    return str(tables.get("title", Path(file).stem)), found


def _filled(table: Mapping[str, Any], k: int) -> Filled:
    given = dict(table.get("given", {}))
    shapes = {name: tuple(shape) for name, shape in table.get("shapes", {}).items()}
    shapes = {**{name: shape_of(value) for name, value in given.items()}, **shapes}
    blanks = {int(number): str(place) for number, place in table.get("blanks", {}).items()}
    for place in blanks.values():  # an input that is a blank itself is one number
        shapes.setdefault(place.partition("[")[0].strip(), ())
    plan = plan_of(str(table["lines"]), shapes, also=tuple(table.get("also", ())))
    known = {cell: value for name, value in given.items() for cell, value in _cells(plan, name, value)}
    printed = list(_printed(plan, table.get("printed", {}), blanks))
    claims = [Claim(name, str(called)) for name, called in table.get("claims", {}).items()]
    title = str(table.get("title", table.get("kind", f"exercise {k + 1}")))
    return Filled(title, plan, known, printed, claims, dict(table.get("labels", {})))


def _cells(plan: Plan, name: str, value: Any) -> Iterator[tuple[int, float]]:
    if name not in plan.quantities:
        raise DataError(f"{name} stands in no line", why="every given is used by a line: " + ", ".join(plan.quantities))
    quantity = plan.quantities[name]
    flat = _flat(value)
    if len(flat) != len(quantity.cells):
        raise DataError(f"{name} has {len(flat)} numbers", why=f"its lines give it {len(quantity.cells)}")
    for cell, one in zip(quantity.cells, flat, strict=True):
        if not (isinstance(one, str) and _UNKNOWN.fullmatch(one.strip())):
            yield cell, float(one)


def _flat(value: Any) -> list[Any]:
    return [x for part in value for x in _flat(part)] if isinstance(value, list) else [value]


def _printed(plan: Plan, printed: Mapping[str, Any], blanks: Mapping[int, str]) -> Iterator[Printed]:
    for key, value in printed.items():
        number = int(key) if key.isdecimal() else None
        place = blanks[number] if number is not None else key
        name = place.partition("[")[0].strip()
        if "[" in place or not isinstance(value, list):
            yield Printed(_cell(plan, place), _reading(value), number)
            continue
        for cell, one in zip(plan.quantities[name].cells, _flat(value), strict=True):
            if not (isinstance(one, str) and _UNKNOWN.fullmatch(one.strip())):
                yield Printed(cell, _reading(one), number)


def _reading(value: Any) -> Reading:
    if isinstance(value, str):
        readings = read_number(value)
        if not readings:
            raise DataError(f"{value!r} cannot be read as a number")
        return readings[0]
    return reading_of(value)


def _cell(plan: Plan, place: str) -> int:
    name, _, inside = place.partition("[")
    quantity = plan.quantities.get(name.strip())
    if quantity is None:
        raise DataError(f"there is no {name.strip()}", why="there are: " + ", ".join(plan.quantities))
    flat = 0
    indices = [int(i) for i in inside.rstrip("] ").split(",")] if inside else []
    if len(indices) != len(quantity.shape):
        raise DataError(f"{place} is not one number", why=f"{quantity.name} has the shape {quantity.shape}")
    for i, n in zip(indices, quantity.shape, strict=True):
        if not 0 <= i < n:
            raise DataError(
                f"{place} lies outside", why=f"{quantity.name} has the shape {quantity.shape}, counted from 0"
            )
        flat = flat * n + i
    return quantity.first + flat


def _from_csv(text: str, name: str) -> Filled:
    """Rows of name, formula, value, given: one named number a row; `given` says that it is to be trusted."""
    rows = _rows(text)
    if not rows or "name" not in rows[0] or "value" not in rows[0]:
        raise DataError(
            f"{name} has no columns name and value",
            why="a row has a name, a formula or nothing, a value as printed, and yes under given where it is trusted",
            hint="name,formula,value,given",
        )
    lines, given, printed = [], {}, []
    seen: set[str] = set()
    for row in rows:
        called, formula = row["name"], row.get("formula", "")
        trusted = row.get("given", "").casefold() in ("yes", "true", "1", "x", "given")
        readings = read_number(row["value"])
        if not readings and row["value"]:
            raise DataError(f"{row['value']!r} cannot be read as a number", why=f"it stands beside {called} in {name}")
        if called in seen:
            raise DataError(f"{called} stands twice in {name}", why="each name is one number", hint="another name")
        seen.add(called)
        if formula:
            lines.append(f"{called} = {formula}")
        if readings and (trusted or not formula):
            given[called] = readings[0]
        elif readings:
            printed.append((called, readings[0]))
    plan = plan_of("\n".join(lines), dict.fromkeys(given, ()))
    known = {
        plan.quantities[called].first: reading.value for called, reading in given.items() if called in plan.quantities
    }
    shown = [Printed(plan.quantities[called].first, reading) for called, reading in printed]
    if not any(math.isfinite(v) for v in known.values()):
        raise DataError(f"{name} gives nothing to start from", why="values without a formula are the givens")
    return Filled(Path(name).stem, plan, known, shown)


def _rows(text: str) -> list[dict[str, str]]:
    """The rows of a table by the names of their columns, whatever stands between the cells; empty rows are left out."""
    head = text.split("\n", 1)[0]
    mark = max(";\t,", key=head.count)  # a decimal comma is usual where columns are parted by semicolons
    rows = csv.DictReader(io.StringIO(text), delimiter=mark, restkey="", restval="")
    found = [{(k or "").strip().casefold(): v.strip() for k, v in row.items() if isinstance(v, str)} for row in rows]
    return [row for row in found if any(row.values())]
