"""The words and signs of a formula, each with its place in the text."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from gradwork.errors import FormulaError, Where

LONGEST = 1_000_000
DEEPEST = 200
_SHOWN = 100

# What people type or paste in place of the signs of a keyboard.
_SPELLINGS = {
    "**": "^",
    "·": "*",
    "×": "*",
    "⋅": "*",
    "∗": "*",
    "−": "-",
    "–": "-",
    "÷": "/",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "…": "...",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_BRACKETS = {"(": ")", "[": "]"}
_TOKEN = re.compile(
    r"""
    (?P<space>   [ \t\r\n\u00a0\u2009\ufeff]+ )
  | (?P<number>  (?: [0-9]+(?:_[0-9]+)* (?:\.(?!\.)[0-9]*)? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
  | (?P<power>   [⁻⁺]?[⁰¹²³⁴-⁹]+ )
  | (?P<name>    (?: (?![⁰¹²³⁴-⁹]) [\w\u0300-\u036f] )+ )
  | (?P<text>    '[^'\n]*' | "[^"\n]*" )
  | (?P<sign>    \*\* | <= | >= | == | != | \.\.\. | [-+*/^@<>()\[\],:=.;√·×⋅∗−–÷≤≥≠…] )
    """,
    re.VERBOSE,
)
_ADVICE = {
    "%": "a percentage is a number: write 0.05 for 5 %",
    "&": "(a > 0) * (b > 0) is 1 where both hold",
    "|": "maximum(a > 0, b > 0) is 1 where one of them holds, and abs(x) is the size of x",
    "{": "round brackets: (a + b)",
    "}": "round brackets: (a + b)",
    "\\": "sqrt(x), a/b and x*y: plain signs instead of LaTeX",
    "$": "the formula alone, without $",
    "!": "a != b for “not equal”",
    "'": "closing the quotation mark",
    '"': "closing the quotation mark",
    "#": "the formula alone: remarks stand on lines of their own in the model file",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign. `kind` is number, power, name, text or end; a sign's kind is the sign itself."""

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Source:
    """A formula's text, and the place that it has in the user's file.

    line: where the text starts in its file, counted from 1; None for a formula that was typed.

    >>> str(Source("x*w", "cars.toml", 11).where(2, 3))
    'cars.toml:11'
    """

    text: str
    file: str = "<formula>"
    line: int | None = None

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        lengths = (len(line) for line in self.text.split("\n"))
        return tuple(accumulate((length + 1 for length in lengths), initial=0))[:-1]

    def where(self, start: int, end: int | None = None) -> Where:
        """The place of `text[start:end]`. Of a long line only the part around it is shown."""
        row = bisect_right(self._starts, start) - 1
        first = self._starts[row]
        last = self._starts[row + 1] - 1 if row + 1 < len(self._starts) else len(self.text)
        width = max(1, min(start + 1 if end is None else end, last) - start)
        cut = first if last - first <= _SHOWN else max(first, start - _SHOWN // 2)
        shown = self.text[cut : min(last, cut + _SHOWN)]
        shown = "".join(character if character.isprintable() else " " for character in shown)
        column = start - cut + 1
        numbered = self.line is not None or len(self._starts) > 1
        line = (self.line or 1) + row if numbered else None
        return Where(self.file, line, column, min(width, _SHOWN - column + 1), shown)

    def error(
        self, headline: str, start: int, end: int | None = None, *, why: str = "", hint: str = "", other: int = -1
    ) -> FormulaError:
        """An error that points at a part of the text; `other` is a second place to show."""
        details = tuple(line[2:] for line in self.where(other).show()) if other >= 0 else ()
        where = self.where(start, end)
        return FormulaError(headline, where=where, why=why or None, hint=hint or None, details=details)


def tokens(source: Source) -> list[Token]:
    """All words and signs, and an end. Brackets are known to fit from here on.

    >>> [token.value for token in tokens(Source("2·x²"))]
    ['2', '*', 'x', '2', '']
    """
    text = source.text
    if len(text) > LONGEST:
        why = f"formulas of up to {LONGEST:,} characters are read"
        raise source.error(f"a formula of {len(text):,} characters is too long", 0, why=why, hint="several named lines")
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _stray(source, position)
        position = match.end()
        if match.lastgroup != "space":
            found.append(_KINDS[match.lastgroup](source, match.group(), match.start(), match.end()))
    found.append(Token("end", "", len(text), len(text)))
    return found


def _number(source: Source, text: str, start: int, end: int) -> Token:
    if float(text) == float("inf"):
        raise source.error(f"the number {text[:12]}… is too large", start, end, why="numbers go up to about 1.8e308")
    return Token("number", text, start, end)


def _power(source: Source, text: str, start: int, end: int) -> Token:
    if len(text) > 4:
        raise source.error(f"the power {text[:12]} is too large", start, end, hint="x^n, with a number for n")
    return Token("power", text.translate(_SUPERSCRIPTS), start, end)


def _name(source: Source, text: str, start: int, end: int) -> Token:
    # Python reads its own names in this normal form too, so a keyword argument and a formula mean the same name.
    name = unicodedata.normalize("NFKC", text)
    if not name.isidentifier():
        raise _stray(source, start)
    if name.startswith("__"):
        why = "names with two underscores in front are Python's own"
        raise source.error(f"the name {name} cannot be used in a formula", start, end, why=why, hint="another name")
    return Token("name", name, start, end)


def _sign(source: Source, text: str, start: int, end: int) -> Token:
    sign = _SPELLINGS.get(text, text)
    if sign == "/" and source.text[end : end + 1] == "/":
        raise source.error("// is no operation here", start, end + 1, hint="floor(a / b), or a / b")
    return Token(sign, sign, start, end)


_KINDS: dict[str, Callable[[Source, str, int, int], Token]] = {
    "number": _number,
    "power": _power,
    "name": _name,
    "text": lambda source, text, start, end: Token("text", text[1:-1], start, end),
    "sign": _sign,
}


def _stray(source: Source, position: int) -> FormulaError:
    character = source.text[position]
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    why = "a formula is made of numbers, names, + - * / ^ @, comparisons, brackets and commas"
    return source.error(
        f"the sign {shown} has no meaning in a formula", position, why=why, hint=_ADVICE.get(character, "")
    )


def check_brackets(source: Source, words: list[Token]) -> None:
    """Raise FormulaError unless every bracket is closed by its own kind, and none lies too deep."""
    opened: list[Token] = []
    for token in words:
        if token.kind in _BRACKETS:
            opened.append(token)
            if len(opened) > DEEPEST:
                why = f"up to {DEEPEST} brackets within one another are read"
                raise source.error("the brackets lie too deep", token.start, why=why, hint="named lines for its parts")
        elif token.kind in _BRACKETS.values():
            if not opened:
                raise source.error(f"{token.kind} closes nothing", token.start, why="no bracket is open here")
            if _BRACKETS[opened[-1].kind] != token.kind:
                headline = f"{opened[-1].kind} is closed by {token.kind}"
                hint = f"{_BRACKETS[opened[-1].kind]} in place of {token.kind}"
                raise source.error(headline, token.start, other=opened[-1].start, hint=hint)
            opened.pop()
    if opened:
        last = opened[-1]
        closer = _BRACKETS[last.kind]
        end = words[-1].start
        headline = f"{last.kind} is never closed"
        why = f"the formula ends before its {closer}"
        raise source.error(headline, last.start, other=max(end - 1, 0), why=why, hint=f"{closer} where it ends")
