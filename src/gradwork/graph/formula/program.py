"""Named formulas in order: `error = x*w - y; loss = error^2`. The last one is the loss."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gradwork.errors import FormulaError, Where
from gradwork.graph.formula.parse import parse
from gradwork.graph.formula.pieces import NUMBER_NAMES, Formula
from gradwork.graph.formula.tokens import Source, tokens

_LINE_NAME = re.compile(r"\s*([^\W\d][\w\u0300-\u036f]*)\s*=(?!=)")
_RESERVED = ("True", "False", "None", *NUMBER_NAMES)


@dataclass(frozen=True)
class Program:
    """Lines in the order in which they are worked out. A line may use the lines before it.

    lines: (name, formula) pairs; a formula alone has the name "".

    >>> parse_program("error = x*w - y; loss = error^2").names
    ('x', 'w', 'y')
    """

    lines: tuple[tuple[str, Formula], ...]

    def __post_init__(self) -> None:
        places = {name: formula.source.where(0) for name, formula in reversed(self.lines)}
        defined: set[str] = set()
        for name, formula in self.lines:
            if name in defined:
                headline, why = f"the line {name} stands twice", "each name means one value"
                raise _both(headline, formula.source.where(0), places[name], why, "another name for one of them")
            for used in formula.names:
                if used in places and used not in defined and used:
                    raise _too_early(used, name, formula, places[used])
            defined.add(name)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names that need a value from outside, in order of appearance."""
        defined = {name for name, _ in self.lines}
        used = (name for _, formula in self.lines for name in formula.names)
        return tuple(dict.fromkeys(name for name in used if name not in defined))

    @property
    def loss(self) -> Formula:
        """The last formula."""
        return self.lines[-1][1]

    def __str__(self) -> str:
        return "\n".join(f"{name} = {formula}" if name else str(formula) for name, formula in self.lines)


def parse_program(
    source: str | Mapping[str, str],
    file: str = "<formula>",
    lines: Mapping[str, int] | None = None,
    *,
    first: int | None = None,
) -> Program:
    """Read named formulas: a text with `;` or line ends between them, or a mapping from names to formulas.

    lines: for a mapping, the line of the file on which each name stands.
    first: for a text, the line of the file on which it starts.
    The last formula of a text needs no name. Raises FormulaError.

    >>> print(parse_program({"error": "x*w - y", "loss": "error^2"}))
    error = x*w - y
    loss = error^2
    """
    if isinstance(source, str):
        return Program(tuple(_named_lines(source, file, first)))
    at = lines or {}
    if not source:
        raise FormulaError("there are no lines", why="the last line is the loss", hint='loss = "mean((x*w - y)^2)"')
    return Program(tuple((line_name(n, file, at.get(n)), parse(t, file, at.get(n))) for n, t in source.items()))


def _named_lines(text: str, file: str, first: int | None) -> list[tuple[str, Formula]]:
    parts = _split(Source(text, file))
    numbered = first is not None or "\n" in text.strip()
    named: list[tuple[str, Formula]] = []
    for start, end in parts or [(0, 0)]:
        line = text.count("\n", 0, start) + (first or 1) if numbered else None
        part = text[start:end]
        match = _LINE_NAME.match(part)
        name = line_name(match[1], file, line) if match else ""
        if not name and parts and end != parts[-1][1]:
            why = "every line but the last needs a name, or nothing could use its value"
            hint = "name = formula; a formula that goes over several lines stands in brackets"
            raise Source(part, file, line).error("a line has no name", 0, len(part), why=why, hint=hint)
        named.append((name, parse(part[match.end() :].strip() if match else part, file, line)))
    return named


def _split(source: Source) -> list[tuple[int, int]]:
    """The spans between `;` and those line ends that lie outside brackets; blank ones are left out."""
    spans: list[tuple[int, int]] = []
    text, start, depth, last = source.text, 0, 0, 0

    def cut(end: int) -> None:
        spaces = len(text[start:end]) - len(text[start:end].lstrip())
        if spaces < end - start:
            spans.append((start + spaces, start + len(text[start:end].rstrip())))

    for token in tokens(source):
        if depth <= 0 and (ends := text.find("\n", last, token.start)) >= 0:
            cut(ends)
            start = ends + 1
        depth += (token.kind in "([") - (token.kind in ")]") if len(token.kind) == 1 else 0
        if token.kind == ";":
            cut(token.start)
            start, depth = token.end, 0
        last = token.end
    cut(len(text))
    return spans


def line_name(name: str, file: str, line: int | None) -> str:
    """The name of a line as formulas read it. Raises FormulaError where it cannot be used as one."""
    """The name of a line as formulas read it. Raises FormulaError where it cannot be used as one."""
    words = tokens(Source(name, file, line))
    if len(words) != 2 or words[0].kind != "name":
        why = "a line's name is one word of letters, digits and underscores"
        raise FormulaError(f"{name!r} cannot name a line", where=Where(file, line), why=why, hint="z1, error, loss")
    if words[0].value in _RESERVED:
        why = "this word already has a meaning in formulas"
        raise FormulaError(f"{name} cannot name a line", where=Where(file, line), why=why, hint="another name")
    return words[0].value


def _too_early(used: str, name: str, formula: Formula, defined: Where) -> FormulaError:
    where = formula.where_name(used)
    if used == name:
        return FormulaError(
            f"the line {name} uses itself",
            where=where,
            why="its value would have to be known before it is worked out",
            hint=f"a new name, for instance new_{name}",
        )
    why = f"lines are worked out in order, and {used} stands further down"
    return _both(f"{used} is used before it is worked out", where, defined, why, f"the line {used} before this one")


def _both(headline: str, where: Where, other: Where, why: str, hint: str) -> FormulaError:
    return FormulaError(headline, where=where, details=tuple(line[2:] for line in other.show()), why=why, hint=hint)
