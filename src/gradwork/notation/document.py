"""Document blocks: what stands on a page, in order, before any format has seen it.

Text inside a block is a string or a tuple of strings and layout pieces, so that a sentence can hold
mathematics. Numbers in table cells are `Number` pieces: the format lines them up and rounds them by the
page's `digits`, and JSON writes them in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradwork.notation.layout import Layout

Inline = str | Layout
Text = Inline | tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Any block. Use one of the classes below."""


@dataclass(frozen=True, slots=True)
class Heading(Block):
    """A title. `level` 1 is the page's own, 2 a section, 3 a part of a section."""

    text: Text
    level: int = 2
    aside: Text = ""


@dataclass(frozen=True, slots=True)
class Paragraph(Block):
    """Running text. `kind` is "plain", "note", "why", "result" or "warning"."""

    text: Text
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class Equation(Block):
    """One formula on a line of its own, with an optional remark at its right."""

    body: Layout
    note: Text = ""


@dataclass(frozen=True, slots=True)
class Equations(Block):
    """Several formulas under one another, lined up at their first equals sign; each with a remark."""

    rows: tuple[Equation, ...]


@dataclass(frozen=True, slots=True)
class Table(Block):
    """Rows under column headings. The first column is a row heading where `row_headings` says so.

    `align` has a letter a column: "l" left, "r" right, "c" centre, "." lined up at the decimal point.
    """

    columns: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    caption: Text = ""
    align: str = ""
    row_headings: bool = True


@dataclass(frozen=True, slots=True)
class Step(Block):
    """One step of a derivation: the rule by its textbook name, what it was applied to, what came out."""

    rule: str
    before: Layout
    after: Layout
    note: Text = ""


@dataclass(frozen=True, slots=True)
class Listing(Block):
    """Program text, set as it is."""

    text: str
    language: str = "python"


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points (x, y); NaN breaks it. `kind` is "curve", "secant", "tangent" or "path"."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    label: str = ""
    kind: str = "curve"


@dataclass(frozen=True, slots=True)
class Dot:
    """A point that is marked, with its label."""

    x: float
    y: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Figure(Block):
    """A plot. `alt` says in words what it shows, for those who cannot see it."""

    curves: tuple[Curve, ...]
    dots: tuple[Dot, ...] = ()
    x_label: str = "x"
    y_label: str = "y"
    caption: Text = ""
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Section(Block):
    """Blocks under one heading; `detail` sections may be folded where the format can fold."""

    heading: Heading
    blocks: tuple[Block, ...]
    detail: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """What a reader may change without changing what is said. `width` is in characters."""

    digits: int = 6
    width: int = 80
    color: bool = False
    unicode: bool = True


@dataclass(frozen=True)
class Document:
    """A page: a title, blocks, and the facts behind them for the JSON format.

    `facts` holds plain numbers, strings, lists and dicts: what a program would want to read off the page.
    """

    title: str
    blocks: tuple[Block, ...]
    facts: Mapping[str, object] = field(default_factory=dict)
    language: str = "en"
    digits: int = 6
