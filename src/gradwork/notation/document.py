"""Document blocks: what stands on a page, in order, before any format has seen it.

Text inside a block is a string or a tuple of strings and layout pieces, so that a sentence can hold
mathematics. Numbers in table cells are `Number` pieces: the format lines them up and rounds them by the
page's `digits`, and JSON writes them in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradwork.notation.language import ENGLISH, Language
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
    """A line through points (x, y); NaN breaks it.

    `kind` is "curve", "secant", "tangent", "path" (each point is marked), "points" (no line), or "contour": a line of
    equal height, whose label stands on it. `notes` has a few words for each point of a path.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    label: str = ""
    kind: str = "curve"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dot:
    """A point that is marked, with its label."""

    x: float
    y: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Figure(Block):
    """A plot. `alt` says in words what it shows, for those who cannot see it.

    `logarithmic` names the axes whose ticks are powers: "", "x", "y" or "xy"; what is not above 0 is not drawn there.
    `window` is left, right, bottom and top of what is shown; all points by default.
    `seconds`: where a format can, its paths are drawn in so many seconds; 0 stands still.
    """

    curves: tuple[Curve, ...]
    dots: tuple[Dot, ...] = ()
    x_label: str = "x"
    y_label: str = "y"
    caption: Text = ""
    alt: str = ""
    logarithmic: str = ""
    window: tuple[float, float, float, float] | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a `Sliders`: its name and what became of it, and for each of its steps where it stood.

    places are points of the figure, heights of the second one; `values` are what the lines put in, as they are shown.
    """

    name: str
    said: str
    steps: tuple[int, ...]
    places: tuple[tuple[float, float], ...]
    heights: tuple[tuple[float, float], ...]
    values: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Sliders(Figure):
    """A figure whose runs are slid through, step by step and run by run; a format that cannot shows the figure.

    second: a curve over the steps.     chosen: the run that is shown first.     run_name: what the runs differ in.
    lines:  for each line of numbers its label and its pieces: texts, and positions in `values`.
    """

    second: Figure | None = None
    runs: tuple[Run, ...] = ()
    chosen: int = 0
    run_name: str = ""
    lines: tuple[tuple[str, tuple[str | int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Section(Block):
    """Blocks under one heading; `detail` sections may be folded where the format can fold."""

    heading: Heading
    blocks: tuple[Block, ...]
    detail: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """What a reader may change without changing what is said. `width` is in characters; `paper` is "a4" or "letter"."""

    digits: int = 6
    width: int = 80
    color: bool = False
    unicode: bool = True
    paper: str = "a4"


@dataclass(frozen=True)
class Document:
    """A page: a title, blocks, and the facts behind them for the JSON format.

    `facts` holds plain numbers, strings, lists and dicts: what a program would want to read off the page.
    `texts` are the sentences of its language, for what formats say by themselves; `say` says them.
    """

    title: str
    blocks: tuple[Block, ...]
    facts: Mapping[str, object] = field(default_factory=dict)
    language: str = "en"
    digits: int = 6
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def say(self) -> Language:
        """What formats say by themselves, in the language of the page; in English where it has no words."""
        return Language(self.language, "", self.texts) if self.texts else ENGLISH
