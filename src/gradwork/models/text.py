"""A model file as text: TOML, the line of each of its keys, and the checks that hold for all of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gradwork.errors import FormulaError, ModelError, Where
from gradwork.graph.formula.evaluate import close
from gradwork.graph.formula.program import line_name
from gradwork.graph.formula.tokens import Source

Path = tuple[str | int, ...]
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*=""")
_TABLE = re.compile(r"""\s*(\[\[?)\s*([A-Za-z_][\w.-]*)\s*\]""")
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")


@dataclass(frozen=True)
class ModelText:
    """The text of a model file. `where` gives the place of a key, such as ("layer", 1, "units")."""

    text: str
    file: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the file."""
        return self.text.split("\n")

    @cached_property
    def _places(self) -> dict[Path, tuple[int, int, int]]:
        places: dict[Path, tuple[int, int, int]] = {}
        section: Path = ()
        counts: dict[str, int] = {}
        for number, line in enumerate(self.lines, 1):
            if table := _TABLE.match(line):
                section = tuple(table[2].split("."))
                if table[1] == "[[":
                    counts[table[2]] = counts.get(table[2], -1) + 1
                    section = (*section, counts[table[2]])
                places.setdefault(section, (number, table.start(2), table.end(2)))
            elif key := _KEY.match(line):
                places.setdefault((*section, key[1].strip("\"'")), (number, key.start(1), key.end(1)))
        return places

    def where(self, *path: str | int) -> Where:
        """The place of a key; of the table that it stands in where the key itself cannot be found."""
        while path and path not in self._places:
            path = path[:-1]
        if not path:
            return Where(self.file)
        line, start, end = self._places[path]
        return Source(self.lines[line - 1], self.file, line).where(start, end)

    def line(self, *path: str | int) -> int | None:
        """The line on which the text of a key starts: below the key where that opens a text of several lines."""
        if path not in self._places:
            return None
        line = self._places[path][0]
        return line + 1 if self.lines[line - 1].rstrip().endswith(('"""', "'''")) else line

    def error(
        self, path: Path, headline: str, why: str, hint: str | None = None, details: tuple[str, ...] = ()
    ) -> ModelError:
        """An error that points at a key."""
        return ModelError(headline, where=self.where(*path), why=why, hint=hint, details=details)

    # -- reading ----------------------------------------------------------------------------------------------------

    def parse(self) -> dict[str, Any]:
        """The file's tables. Raises ModelError with the line and column where it is no TOML."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise self._not_toml(str(error)) from error
        except RecursionError as error:
            raise ModelError(
                "the brackets lie too deep", where=Where(self.file), why="arrays may nest a little"
            ) from error

    def _not_toml(self, message: str) -> ModelError:
        at = _AT.search(message)
        line = int(at[1]) if at and at[1] else len(self.lines)
        column = int(at[2]) if at and at[2] else max(1, len(self.lines[-1]))
        text = self.lines[min(line, len(self.lines)) - 1]
        where = Source(text, self.file, line).where(min(column - 1, max(len(text) - 1, 0)))
        reason = _AT.sub("", message).rstrip(".")
        return ModelError(
            f"line {line} cannot be read",
            where=where,
            why=f"a model file is written in TOML: {reason[:1].lower()}{reason[1:]}",
            hint=_advice(text, reason),
        )

    # -- checks -----------------------------------------------------------------------------------------------------

    def check_keys(self, table: dict[str, Any], known: Iterable[str], path: Path = (), place: str = "") -> None:
        """Raise ModelError for a key that has no meaning, with the one that may have been meant."""
        known = tuple(known)
        for key in table:
            if key not in known:
                near = close(key, known)
                why = f"the keys {place or 'of a model file'} are {', '.join(known)}"
                raise self.error((*path, key), f"the key {key} is not known", why, " or ".join(near) or None)

    def check_name(self, name: str, path: Path) -> str:
        """A name as formulas read it. Raises ModelError for one that they cannot use."""
        try:
            return line_name(name, self.file, None)
        except FormulaError as error:
            why = "a name in a formula is one word of letters, digits and underscores, and pi, True and None are taken"
            raise self.error(path, f"{name!r} cannot be used as a name", why, "another name") from error

    def take(self, table: dict[str, Any], key: str, kind: type, what: str, path: Path = ()) -> Any:
        """The value of a key that is there and of the right kind; None where it is not there."""
        value = table.get(key)
        wrong = not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
        if value is not None and wrong:
            why = f"it is {describe(value)}"
            raise self.error((*path, key), f"{key} has to be {what}", why, f"{key} = {_EXAMPLES.get(what, '...')}")
        return value


_EXAMPLES = {"a text": '"..."', "a whole number": "3", "a table": "{ ... }", "a list of tables": "[[layer]]"}


def describe(value: object) -> str:
    """A value of a model file in a few words.

    >>> describe([1, 2]), describe("x"), describe(True)
    ('a list', "the text 'x'", 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {value[:30]!r}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    return f"a {type(value).__name__}"


def _advice(text: str, reason: str) -> str | None:
    key, equals, value = text.partition("=")
    value = value.strip()
    if "overwrite" in reason.lower() or "twice" in reason.lower():
        return "each key once; put the second under another name"
    if equals and value[:1] not in ("", '"', "'", "[", "{") and re.search(r"[A-Za-z(]", value):
        return f'{key.strip()} = "{value}": formulas and names stand in quotation marks'
    if not key.strip().isascii():
        return 'a key with other letters than a-z stands in quotation marks: "größe" = 1'
    return 'key = value, with texts in quotation marks: loss = "mean((x*w - y)^2)"'
