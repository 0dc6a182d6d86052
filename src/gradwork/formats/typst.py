"""A page as Typst's own source, with nothing outside of it: `typst compile page.typ` makes the PDF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from gradwork.errors import UsageError
from gradwork.formats import Format
from gradwork.formats._formula import Formula
from gradwork.formats._mathml import minus
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
from gradwork.formats._typst_figure import figure
from gradwork.formats._typst_math import array, extent_of_digits, quoted, shown, silent
from gradwork.formats._typst_parts import LONG, PartedMath, extent, is_tall
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
    Step,
    Style,
    Table,
    Text,
)
from gradwork.notation.language import ENGLISH, Language
from gradwork.notation.layout import Infix, Layout, Number, Sum
from gradwork.notation.numbers import decimal_text, mantissa_and_exponent
from gradwork.notation.speech import spoken
from gradwork.notation.writer import trimmed

PAPERS = {"a4": "a4", "letter": "us-letter"}
_WORDY = 24  # letters of a cell that may be broken
_BAND = 118  # letters that stand side by side in a table
_LINE = 80  # letters that certainly find room on a line
_ALIGN = {"l": "left", "r": "right", "c": "center", ".": "right"}


def render(document: Document, style: Style) -> str:
    """The whole source."""
    return source([sheet(document, style, 1)], document)


def source(sheets: Sequence[str], first: Document) -> str:
    """The source of sheets one after the other; its title and language are the first one's."""
    title = silent(first.title if _visible(first.title) else "gradwork")
    return f"{_look()}\n#set document(title: {title}, date: none)\n#show: look\n\n" + "\n".join(sheets)


def sheet(document: Document, style: Style, number: int, footer: str = "", code: str = "") -> str:
    """One document as a call for the page: its own page numbers, its footer, and its code as SVG."""
    body = TypstPage(style.digits, document.say).page(with_title(document))
    settings = [
        f'paper: "{paper(style.paper)}"',
        f'lang: "{_language(document.language)}"',
        f"last: <last-{number}>",
        *([f"footer: {quoted(footer)}"] if footer else []),
        *([f"code: {quoted(code)}, code-said: {silent(document.say('QR code of this sheet'))}"] if code else []),
    ]
    return f"#sheet({', '.join(settings)}, {{\n{body}\n}})\n"


def paper(name: str) -> str:
    """Typst's name of a paper; UsageError for one that there is not.

    >>> paper("letter")
    'us-letter'
    """
    if str(name).lower() not in PAPERS:
        raise UsageError(f"there is no paper {name!r}", why=f"there are: {', '.join(PAPERS)}", hint='paper="a4"')
    return PAPERS[str(name).lower()]


class TypstPage(PageWriter[str]):
    """Turns blocks into calls of what the look of a page defines."""

    def __init__(self, digits: int, say: Language = ENGLISH) -> None:
        self.digits = digits
        self.say = say
        self.math = PartedMath(digits, say)
        self.flat = Formula(UNICODE, digits, say=say)
        self.level = 0

    def page(self, blocks: Sequence[Block]) -> str:
        """Blocks one after the other."""
        return "\n".join(self.block(block) for block in grouped(blocks))

    def inline(self, text: Text, *, display: bool = False) -> str:
        """Running text with its formulas, as one expression; `none` where there is nothing to see."""
        found = [self._inline(piece, display) for piece in pieces_of(text) if not isinstance(piece, str) or piece]
        if not any(_visible(piece) if isinstance(piece, str) else True for piece in pieces_of(text)):
            return "none"
        return f"j({', '.join(found)})"

    def _inline(self, piece: Inline, display: bool = False) -> str:
        if isinstance(piece, str):
            return f"text({shown(re.sub(' {2,}', chr(0x2003), piece))})"
        if isinstance(piece, Number):
            return self._number(piece)
        piece = trimmed(piece, self.math.deepest)
        if self._breaks(piece):
            return self.math.formula(piece, display=display)
        return self._rows([("", Equation(piece))])

    def _breaks(self, piece: Layout) -> bool:
        """Whether a formula finds room in a line, or is broken there as words are."""
        parts = piece.parts() if isinstance(piece, (Infix, Sum)) else (piece,)
        return all(extent(part) <= LONG for part in parts)

    def _number(self, piece: Number) -> str:
        mantissa, exponent = mantissa_and_exponent(decimal_text(piece.value, piece.digits or self.digits))
        text = minus(mantissa).replace("inf", "∞")
        if exponent is None:
            return f"text({quoted(text)})"
        return f"j(text({quoted(f'{text} × 10')}), super({quoted(minus(str(exponent)))}))"

    # --- blocks of words

    def heading(self, block: Heading) -> str:
        words = self.inline(block.text)
        if words == "none" or not _visible(self._as_text(block.text)):
            return ""
        # Readers of a page by ear go from heading to heading: none may be left out between them.
        self.level = min(max(1, block.level), self.level + 1)
        said = "" if "rows(" not in words else f", said: {silent(self._said(block.text))}"
        return f"title({self.level}, {max(1, block.level)}, {words}, {self.inline(block.aside)}{said})"

    def _said(self, text: Text) -> str:
        found = [piece if isinstance(piece, str) else spoken(piece, self.digits, self.say) for piece in pieces_of(text)]
        return " ".join(found)[:200] or self.say("a formula")

    def paragraph(self, block: Paragraph) -> str:
        kind = block.kind if block.kind in ("note", "why", "result", "warning") else "plain"
        return f'paragraph("{kind}", {self.inline(block.text)})'

    def listing(self, block: Listing) -> str:
        lines = block.text.expandtabs(4).rstrip("\n").splitlines()
        code = "\\n".join(shown(line)[1:-1] for line in lines)
        return f'listing("{code}")'

    def section(self, block: Section) -> str:
        return self.page((block.heading, *block.blocks))

    def figure(self, block: Figure) -> str:
        return figure(block, self.inline(block.caption))

    # --- formulas

    def equation(self, block: Equation) -> str:
        return self.equations(Equations((block,)))

    def equations(self, block: Equations) -> str:
        return self._rows([("", row) for row in block.rows])

    def step(self, block: Step) -> str:
        return self.steps((block,))

    def steps(self, steps: tuple[Step, ...]) -> str:
        return self._rows([(step.rule, as_equation(step)) for step in steps])

    def _rows(self, rows: Sequence[tuple[str, Equation]]) -> str:
        kind = "short-rows" if all(self._has_room(rule, row) for rule, row in rows) else "rows"
        return f"{kind}(\n{''.join(f'  {self._row(rule, row)},{chr(10)}' for rule, row in rows)})"

    def _has_room(self, rule: str, row: Equation) -> bool:
        """Whether a row certainly fits on one line with its rule and its remark."""
        body = trimmed(row.body, self.math.deepest)
        beside = len(rule) + min(self._width(row.note), _WORDY)
        return len(rule) <= _WORDY and extent(body) * 1.15 + beside <= _LINE and not is_tall(body)

    def _row(self, rule: str, row: Equation) -> str:
        body = trimmed(row.body, self.math.deepest)
        left, parts = "none", [self.math.segments(body)]
        if sides(row) and isinstance(body, Infix):
            parts = [self._side(body, position) for position in range(1, len(body.operands))]
            if extent(body.operands[0]) <= LONG:
                left = self.math.part(body, body.operands[0], 0)
            else:
                parts.insert(0, self.math.segments(body.operands[0]))
        given = array([array(side) for side in parts])
        note, rule = self.inline(row.note), quoted(rule) if _visible(rule) else '""'
        return f"(rule: {rule}, alt: {self.math.said(body)}, left: {left}, parts: {given}, note: {note})"

    def _side(self, body: Infix, position: int) -> list[str]:
        """One side of an equation behind its sign, in parts that may go to lines of their own."""
        sign, operand = self.math.operator(body.operator), body.operands[position]
        if self.math.fenced(body, operand, position):
            return [f"j({sign}, {self.math.part(body, operand, position)})"]
        first, *others = self.math.segments(operand)
        return [f"j({sign}, {first})", *others]

    # --- tables

    def table(self, block: Table) -> str:
        columns = max([len(block.columns), *(len(row) for row in block.rows)])
        if not columns:
            return f'paragraph("note", {self.inline(block.caption)})'
        align = alignments(block.align, columns, block.rows, block.row_headings)
        rows = [[*row, *[""] * (columns - len(row))] for row in (block.columns, *block.rows)]
        wide = [max(self._width(cell) for cell in column) for column in zip(*rows, strict=True)]
        bands = _bands([min(own, _WORDY) for own in wide], block.row_headings)
        return "\n".join(
            self._band(rows, align, wide, band, block.caption if not i else "") for i, band in enumerate(bands)
        )

    def _band(self, rows: list[list[Text]], align: str, wide: list[int], band: list[int], caption: Text) -> str:
        """The columns of a table that stand side by side."""
        head, *given = [[row[i] for i in band] for row in rows]
        letters = [align[i] for i in band]
        lines = [array([self._cell(*pair) for pair in zip(row, letters, strict=True)]) for row in given]
        names = "none"
        if any(text != "" for text in head):
            names = array([self._shown(text) for text in head])
        shares = [str(wide[i]) if self._wordy([row[i] for row in rows]) else "0" for i in band]
        sides = array([_ALIGN[letter] for letter in letters])
        rooms = array([self._room([row[k] for row in given]) if a == "." else "0em" for k, a in enumerate(letters)])
        kind = "short-table" if sum(wide[i] + 3 for i in band) <= _LINE else "long-table"
        given_rows = "".join(f"  {line},\n" for line in lines)
        return f"{kind}({self.inline(caption)}, {sides}, {names}, {rooms}, {array(shares)}, (\n{given_rows}))"

    def _room(self, cells: list[Text]) -> str:
        """How much stands behind the decimal points of a column; `auto` where not only digits do."""
        behind = [parts[1] for parts in map(self._parts, cells) if parts]
        if not all(text.lstrip(".").isdigit() or not text for text in behind):
            return "auto"
        return f"{max(map(extent_of_digits, behind), default=0.0):.3f}em"

    def _wordy(self, cells: list[Text]) -> bool:
        return any(self._width(cell) > _WORDY and not isinstance(cell, Layout) for cell in cells)

    def _width(self, cell: Text) -> int:
        return width(self._as_text(cell))

    def _as_text(self, text: Text) -> str:
        return "".join(piece if isinstance(piece, str) else self.flat.whole(piece).line for piece in pieces_of(text))

    def _cell(self, cell: Text, letter: str) -> str:
        parts = self._parts(cell) if letter == "." else None
        if parts is None:
            return self._shown(cell)
        return f"(text({quoted(parts[0])}), text({quoted(parts[1])}))"

    def _shown(self, cell: Text) -> str:
        shown = self.inline(cell, display=True)
        return "[]" if shown == "none" else shown

    def _parts(self, cell: Text) -> tuple[str, str] | None:
        """A cell of numbers and words, parted before its decimals."""
        written = ""
        for piece in pieces_of(cell):
            if not isinstance(piece, (str, Number)):
                return None
            if isinstance(piece, Number) and "e" in decimal_text(piece.value, piece.digits or self.digits):
                return None
            written += piece if isinstance(piece, str) else decimal_text(piece.value, piece.digits or self.digits)
        parts = parts_of_number(written)
        return (minus(parts[0]), minus(parts[1])) if parts else None


def _bands(wide: list[int], row_headings: bool) -> list[list[int]]:
    """Which columns stand side by side; the first, where it names the rows, stands in each band."""
    first = [0] if row_headings and len(wide) > 1 else []
    bands: list[list[int]] = []
    band, used = [*first], sum(wide[i] + 2 for i in first)
    for column in range(len(first), len(wide)):
        if len(band) > len(first) and used + wide[column] + 2 > _BAND:
            bands.append(band)
            band, used = [*first], sum(wide[i] + 2 for i in first)
        band.append(column)
        used += wide[column] + 2
    return [*bands, band]


def _visible(text: str) -> bool:
    from gradwork.notation.names import clean

    return bool(clean(text).strip())


def _language(language: str) -> str:
    return language[:3].split("-")[0].lower() if re.match(r"[A-Za-z]{2,3}(-|$)", language) else "en"


@cache
def _look() -> str:
    from importlib.resources import files

    return (files("gradwork.formats") / "assets" / "page.typ").read_text(encoding="utf-8")


FORMAT = Format("typst", ".typ", "text/vnd.typst", "the source of the PDF, for Typst", render)
