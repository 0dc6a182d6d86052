"""A page as one HTML file that needs nothing else: MathML, SVG and fonts are inside. There is no script, but for one
that moves sliders where the page has any.

`fragment` is the same for notebooks: no head, no fonts, all styles under the class `gradwork`.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import count

from gradwork.formats import Format
from gradwork.formats._formula import Formula
from gradwork.formats._mathml import MathML, minus, words
from gradwork.formats._page import (
    PageWriter,
    alignments,
    as_equation,
    grouped,
    parts_of_number,
    pieces_of,
    sides,
    with_title,
)
from gradwork.formats._signs import UNICODE, width
from gradwork.formats._sliders import sliders
from gradwork.formats._svg import legend, svg
from gradwork.notation.document import (
    Block,
    Document,
    Equation,
    Equations,
    Figure,
    Heading,
    Inline,
    Listing,
    Paragraph,
    Section,
    Sliders,
    Step,
    Style,
    Table,
    Text,
)
from gradwork.notation.language import ENGLISH, Language
from gradwork.notation.layout import Infix, Number
from gradwork.notation.numbers import decimal_text, mantissa_and_exponent
from gradwork.notation.speech import spoken

_LONG = 34  # characters of a formula that a phone has no room for
_FONTS = (
    ("Gradwork Math", "stix-two-math-subset", "normal", "normal"),
    ("Gradwork Text", "stix-two-text-subset", "normal", "normal"),
    ("Gradwork Text", "stix-two-text-italic-subset", "italic", "normal"),
    ("Gradwork Text", "stix-two-text-bold-subset", "normal", "bold"),
)


def render(document: Document, style: Style) -> str:
    """The whole file."""
    title = words(document.title) or "gradwork"
    page = HtmlPage(style.digits, slides=True, say=document.say)
    body = page.page(with_title(document))
    script = f"<script>\n{asset('sliders.js')}</script>\n" if page.slid else ""
    sheet = asset("sliders.css") if page.slid else ""
    return (
        f'<!doctype html>\n<html lang="{words(document.language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{title}</title>\n'
        f"<style>\n{font_faces()}{asset('page.css')}{asset('gradwork.css')}{sheet}</style>\n</head>\n"
        f'<body>\n<main class="gradwork">\n{body}\n</main>\n{script}</body>\n</html>\n'
    )


def fragment(document: Document, style: Style | None = None, *, fonts: bool = False) -> str:
    """The page without head and body, for a notebook or another page; `fonts` adds 100 kB of fonts."""
    style = style or Style(digits=document.digits)
    body = HtmlPage(style.digits, top=3, say=document.say).page(with_title(document))
    faces = font_faces() if fonts else ""
    return (
        f"<style>\n{faces}{asset('fragment.css')}{asset('gradwork.css')}</style>\n"
        f'<div class="gradwork gradwork-fragment" lang="{words(document.language)}">\n{body}\n</div>\n'
    )


class HtmlPage(PageWriter[str]):
    """Turns blocks into HTML. `top` is the level of heading that the page's title gets.

    slides: whether the page may hold a script, which moves what has sliders; `slid` says whether it has any.
    """

    def __init__(self, digits: int, top: int = 1, slides: bool = False, say: Language = ENGLISH) -> None:
        self.digits = digits
        self.say = say
        self.top = top
        self.slides, self.slid = slides, False
        self.figures = count(1)
        self.math = MathML(digits, say)
        self.flat = Formula(UNICODE, digits, say=say)

    def page(self, blocks: tuple[Block, ...]) -> str:
        """Blocks one after the other."""
        return "\n".join(self.block(block) for block in grouped(blocks))

    def inline(self, text: Text, *, display: bool = False) -> str:
        """Running text with its formulas; with `display`, they are as large as on a line of their own."""
        return "".join(self._inline(piece, display) for piece in pieces_of(text))

    def _inline(self, piece: Inline, display: bool) -> str:
        if isinstance(piece, str):
            # Two spaces and more part what stands in a row; HTML would make one of them.
            return re.sub(" {2,}", "\u2003", words(piece))
        if isinstance(piece, Number):
            return f'<span class="number">{self._number(piece)}</span>'
        return self.math.formula(piece, display=display)

    def _number(self, piece: Number) -> str:
        mantissa, exponent = mantissa_and_exponent(decimal_text(piece.value, piece.digits or self.digits))
        text = minus(mantissa).replace("inf", "∞")
        return text if exponent is None else f"{text}\u202f×\u202f10<sup>{minus(str(exponent))}</sup>"

    # --- blocks of words

    def heading(self, block: Heading) -> str:
        level = min(6, max(1, block.level) + self.top - 1)
        aside = f' <small class="aside">{self.inline(block.aside)}</small>' if block.aside != "" else ""
        return f"<h{level}><span>{self.inline(block.text)}</span>{aside}</h{level}>"

    def paragraph(self, block: Paragraph) -> str:
        long = any(self._is_long(piece) for piece in pieces_of(block.text))
        focus = ' tabindex="0"' if long else ""
        return f'<p class="{words(block.kind)}"{focus}>{self.inline(block.text)}</p>'

    def _is_long(self, piece: Inline) -> bool:
        return not isinstance(piece, str) and width(self.flat.whole(piece).line) > _LONG

    def listing(self, block: Listing) -> str:
        text = "\n".join(words(line.expandtabs(4)) for line in block.text.rstrip("\n").splitlines())
        code = f'<code class="language-{words(block.language)}">{text}</code>'
        return _scrolling("listing", self.say("Program"), f"<pre>{code}</pre>")

    def section(self, block: Section) -> str:
        heading, body = self.block(block.heading), self.page(block.blocks)
        if block.detail:
            return f"<details>\n<summary>{heading}</summary>\n{body}\n</details>"
        return f"<section>\n{heading}\n{body}\n</section>"

    def figure(self, block: Figure) -> str:
        caption = f"<figcaption>{self.inline(block.caption)}</figcaption>" if block.caption != "" else ""
        return f"<figure>\n{svg(block, next(self.figures))}\n{legend(block)}{caption}</figure>"

    def sliders(self, block: Sliders) -> str:
        if not self.slides or not block.runs:
            return self.figure(block)
        self.slid = True
        number = next(self.figures)
        next(self.figures)
        return sliders(block, number, self.inline(block.caption))

    # --- formulas

    def equation(self, block: Equation) -> str:
        return self.equations(Equations((block,)))

    def equations(self, block: Equations) -> str:
        rows = "".join(f'<div class="row">{self._equation(row)}</div>\n' for row in block.rows)
        return _scrolling("formulas", self.say("Formula"), f'<div class="rows">\n{rows}</div>')

    def step(self, block: Step) -> str:
        return self.steps((block,))

    def steps(self, steps: tuple[Step, ...]) -> str:
        items = "".join(
            f'<li class="row"><span class="rule">{words(step.rule)}</span>{self._equation(as_equation(step))}</li>\n'
            for step in steps
        )
        return _scrolling("formulas", self.say("Steps"), f'<ol class="rows steps">\n{items}</ol>')

    def _equation(self, equation: Equation) -> str:
        body = equation.body
        note = f'<span class="note">{self.inline(equation.note)}</span>' if equation.note != "" else ""
        if sides(equation) and isinstance(body, Infix):
            left, right = self.math.first_side(body), self.math.other_sides(body)
            return f'<span class="first-side">{left}</span><span class="other-sides">{right}</span>{note}'
        return f'<span class="whole">{self.math.formula(body, display=True)}</span>{note}'

    # --- tables

    def table(self, block: Table) -> str:
        columns = max([len(block.columns), *(len(row) for row in block.rows)])
        align = alignments(block.align, columns, block.rows, block.row_headings)
        decimals = [self._decimals(block, i) if letter == "." else 0 for i, letter in enumerate(align)]
        header = "".join(self._head(text, letter) for text, letter in zip(block.columns, align, strict=False))
        head = f"<thead><tr>{header}</tr></thead>\n" if any(text != "" for text in block.columns) else ""
        rows = "".join(
            "<tr>"
            + "".join(self._cell(cell, i, align[i], decimals[i], block.row_headings) for i, cell in enumerate(row))
            + "</tr>\n"
            for row in block.rows
        )
        table = f"<table>\n{head}<tbody>\n{rows}</tbody>\n</table>"
        if block.caption == "":
            return _scrolling("tabular", self.say("Table"), table)
        # A `caption` would be as narrow as its table.
        said = "".join(
            piece if isinstance(piece, str) else spoken(piece, say=self.say) for piece in pieces_of(block.caption)
        )
        return f'<p class="caption">{self.inline(block.caption)}</p>\n{_scrolling("tabular", said, table)}'

    def _head(self, text: Text, letter: str) -> str:
        if text == "":
            return "<td></td>"
        return f'<th scope="col" class="{_ALIGN[letter]}">{self.inline(text)}</th>'

    def _cell(self, cell: Text, column: int, letter: str, decimals: int, row_headings: bool) -> str:
        inside = self._lined_up(cell, decimals) if decimals else self.inline(cell, display=True)
        if column == 0 and row_headings:
            return f'<th scope="row" class="{_ALIGN[letter]}">{inside}</th>'
        prose = " prose" if letter == "l" and isinstance(cell, str) and len(cell) > _PROSE else ""
        return f'<td class="{_ALIGN[letter]}{prose}">{inside}</td>'

    def _decimals(self, table: Table, column: int) -> int:
        parted = [self._parted(row[column]) for row in table.rows if column < len(row)]
        return max((len(re.sub("<[^>]*>", "", parts[1])) for parts in parted if parts), default=0)

    def _lined_up(self, cell: Text, decimals: int) -> str:
        parts = self._parted(cell)
        if parts is None:
            return self.inline(cell, display=True)
        # All right parts of a column are as wide as the longest, so that the points stand under one another.
        return (
            f'<span class="number">{parts[0]}<span class="decimals" style="width:{decimals}ch">{parts[1]}</span></span>'
        )

    def _parted(self, cell: Text) -> tuple[str, str] | None:
        """A cell of numbers and words, parted before its decimals."""
        written = ""
        for piece in pieces_of(cell):
            if not isinstance(piece, (str, Number)):
                return None
            written += words(piece) if isinstance(piece, str) else self._number(piece)
        return parts_of_number(written)


_PROSE = 40  # characters: a cell that has more is running text, and goes on on a line of its own
_ALIGN = {"l": "left", "r": "right-aligned", "c": "center", ".": "right-aligned"}


def _scrolling(kind: str, label: str, body: str) -> str:
    """A box that scrolls by itself, by keyboard too: the page never does sideways."""
    return f'<div class="scroll {kind}" role="group" aria-label="{words(label)}" tabindex="0">{body}</div>'


def font_faces() -> str:
    """The fonts, as style rules that hold them."""
    return "".join(
        f'@font-face{{font-family:"{family}";font-style:{slope};font-weight:{weight};'
        f'src:url("data:font/woff2;base64,{_font(file)}") format("woff2")}}\n'
        for family, file, slope, weight in _FONTS
    )


@cache
def _font(name: str) -> str:
    from base64 import b64encode

    return b64encode(_read(f"{name}.woff2")).decode()


@cache
def asset(name: str) -> str:
    """A file of this package's assets, as text."""
    return _read(name).decode()


def _read(name: str) -> bytes:
    from importlib.resources import files

    return (files("gradwork.formats") / "assets" / name).read_bytes()


FORMAT = Format("html", ".html", "text/html; charset=utf-8", "one file for the browser, with nothing loaded", render)
