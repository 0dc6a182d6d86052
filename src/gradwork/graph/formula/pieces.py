"""A formula that has been read: a flat, frozen list of pieces, in the order in which they are worked out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gradwork.errors import Where
from gradwork.graph.formula.tokens import Source

NUMBER_NAMES = ("pi", "π")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a formula: a number, a name, or an operation on earlier pieces.

    kind:     number, word (True, False, None, ...), text, name, sign, operator, call, index, slice, tuple, list
              or transpose.
    value:    the number, name, operator or function.
    inputs:   positions of the pieces that it works on.
    keywords: for a call, the names of its last inputs.
    start, end: its place in the text.
    """

    kind: str
    value: object
    inputs: tuple[int, ...]
    start: int
    end: int
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Formula:
    """A formula that has been read. Frozen, and free of any values.

    >>> from gradwork.graph.formula import parse
    >>> parse("mean((x*w + b - y)^2)").names
    ('x', 'w', 'b', 'y')
    """

    source: Source
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The formula as it was written."""
        return self.source.text

    @property
    def root(self) -> Piece:
        """The piece that is worked out last: the whole formula."""
        return self.pieces[-1]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names that need a value, in order of appearance: functions, `pi` and `π` do not."""
        used = (str(piece.value) for piece in self.pieces if piece.kind == "name")
        return tuple(dict.fromkeys(name for name in used if name not in NUMBER_NAMES))

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The functions that it calls, in order of appearance."""
        return tuple(dict.fromkeys(str(piece.value) for piece in self.pieces if piece.kind == "call"))

    def where(self, piece: Piece) -> Where:
        """The place of a piece in the user's text."""
        return self.source.where(piece.start, piece.end)

    def where_name(self, name: str) -> Where:
        """The place where a name is used first."""
        used = (p for p in self.pieces if p.kind == "name" and p.value == name)
        return self.where(min(used, key=lambda piece: piece.start))

    def written(self, piece: Piece) -> str:
        """The text of a piece, on one line, shortened when it is long."""
        text = " ".join(self.text[piece.start : piece.end].split())
        return text if len(text) <= 40 else text[:37] + "..."

    def __str__(self) -> str:
        return self.text
