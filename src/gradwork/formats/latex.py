"""A page as a LaTeX article that compiles as it is, with pdfLaTeX, XeLaTeX and LuaLaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradwork.formats import Format
from gradwork.formats._formula import Formula
from gradwork.formats._latex_math import LatexMath, escaped
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
from gradwork.formats._tikz import tikz
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
from gradwork.notation.numbers import decimal_text
from gradwork.notation.writer import trimmed

_PREAMBLE = r"""\documentclass[11pt,fleqn]{article}
\ifdefined\Umathcode\else\usepackage[T1]{fontenc}\usepackage{textcomp}\fi
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage{booktabs}
%(tikz)s\setlength{\textwidth}{16.5cm}
\setlength{\oddsidemargin}{-0.3cm}
\setlength{\textheight}{23.5cm}
\setlength{\topmargin}{-1.5cm}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5em plus 0.2em}
\setlength{\mathindent}{0.5cm}
\allowdisplaybreaks
\emergencystretch=3em
%% A letter that only engines of today can set; others show its number.
\DeclareRobustCommand{\unicodeletter}[2]{\ifdefined\Umathcode #1\else\texttt{U+#2}\fi}
\newcommand{\blank}[1]{\fbox{\rule{0pt}{1.1em}\scriptsize\textsf{#1}\hspace{2.6em}}}
\newcommand{\again}[1]{\mbox{\scriptsize\textsf{(#1)}}}
\newcommand{\choices}[2]{\mbox{\fbox{\rule{0pt}{1.1em}\scriptsize\textsf{#1}\quad\normalsize #2}}}
\newcommand{\struck}[1]{\ooalign{$#1$\cr\hidewidth\rule[0.5ex]{1.6em}{0.5pt}\hidewidth}}
\begin{document}
"""
_HEADINGS = (r"\section*", r"\section*", r"\subsection*", r"\subsubsection*", r"\paragraph*")
_LONG = 72  # characters of plain text that are about as wide as the page
_ACROSS = 95
_MOST_COLUMNS = 14


def render(document: Document, style: Style) -> str:
    """The whole article."""
    body = LatexPage(style.digits, document.say).page(with_title(document))
    preamble = _PREAMBLE % {"tikz": "\\usepackage{tikz}\n" if r"\begin{tikzpicture}" in body else ""}
    return f"{preamble}{body}\n\\end{{document}}\n"


class LatexPage(PageWriter[str]):
    """Turns blocks into LaTeX."""

    def __init__(self, digits: int, say: Language = ENGLISH) -> None:
        self.digits = digits
        self.math = LatexMath(digits, say)
        self.flat = Formula(UNICODE, digits, say=say)

    def page(self, blocks: Sequence[Block]) -> str:
        """Blocks one after the other."""
        return "\n\n".join(self.block(block) for block in grouped(blocks))

    def inline(self, text: Text) -> str:
        """Running text with its formulas."""
        return "".join(self._inline(piece) for piece in pieces_of(text))

    def _inline(self, piece: Inline) -> str:
        if isinstance(piece, str):
            return re.sub(" {2,}", r"\\quad{}", escaped(piece))
        return f"${self.math.whole(piece)}$"

    # --- blocks of words

    def heading(self, block: Heading) -> str:
        text, aside = self.inline(block.text), self.inline(block.aside)
        aside = rf" \quad {{\normalfont\small {aside}}}" if aside.strip() else ""
        if block.level <= 1:
            return rf"{{\LARGE\bfseries\boldmath {text}}}{aside}\par\medskip\hrule\medskip"
        return rf"{_HEADINGS[min(block.level, len(_HEADINGS)) - 1]}{{{text}{aside}}}"

    def paragraph(self, block: Paragraph) -> str:
        text = self.inline(block.text)
        if block.kind in ("note", "why"):
            return rf"{{\small {text}\par}}"
        if block.kind in ("result", "warning"):
            return rf"{{\bfseries\boldmath {text}\par}}"
        return text

    def listing(self, block: Listing) -> str:
        lines = [_program(line) for line in block.text.expandtabs(4).splitlines()] or [""]
        return "{\\ttfamily\\small\\raggedright\\noindent\n" + "\\\\\n".join(lines) + "\\par}"

    def section(self, block: Section) -> str:
        return self.page((block.heading, *block.blocks))

    def figure(self, block: Figure) -> str:
        caption = self.inline(block.caption)
        labels = "; ".join(escaped(f"{curve.label} ({curve.kind})") for curve in block.curves if curve.label)
        below = [rf"\par\small {text}" for text in (caption, labels) if text.strip()]
        return "\n".join([r"\begin{center}", tikz(block), *below, r"\end{center}"])

    # --- formulas

    def equation(self, block: Equation) -> str:
        return self.equations(Equations((block,)))

    def equations(self, block: Equations) -> str:
        return self._aligned([("", row) for row in block.rows])

    def step(self, block: Step) -> str:
        return self.steps((block,))

    def steps(self, steps: tuple[Step, ...]) -> str:
        return self._aligned([(step.rule, as_equation(step)) for step in steps])

    def _aligned(self, rows: Sequence[tuple[str, Equation]]) -> str:
        named = any(rule for rule, _ in rows)
        lines = []
        for rule, row in rows:
            name = rf"& \text{{{escaped(rule)}}} \qquad & " if named else ""
            note = rf" \qquad && \text{{\small {self.inline(row.note)}}}" if row.note != "" else ""
            first, *others = self._lines(row)
            lines.append(f"{name}{first}{note}")
            lines += [("& & " if named else "") + line for line in others]
        body = " \\\\[0.35em]\n".join(lines)
        return f"\\begin{{alignat*}}{{{2 + named}}}\n{body}\n\\end{{alignat*}}"

    def _lines(self, row: Equation) -> list[str]:
        """The formula, in lines where it is too long for one; aligned at its first sign."""
        body = trimmed(row.body, self.math.deepest)
        if not (sides(row) and isinstance(body, Infix)):
            return [f"& {line}" for line in self._parted(body)]
        left = self.math.part(body, body.operands[0], 0)
        sign = self.math.operator(body.operator)
        lines: list[str] = []
        for position, operand in enumerate(body.operands[1:], 1):
            first, *others = self._parted(operand, self.math.fenced(body, operand, position))
            lines += [f"{sign} {first}", *(rf"\quad {line}" for line in others)]
        if width(self.flat.write(body).line) <= _LONG:
            return [f"{left} & {' '.join(lines)}"]
        return [f"{left} & {lines[0]}", *(f"& {line}" for line in lines[1:])]

    def _parted(self, piece: Layout, fenced: bool = False) -> list[str]:
        if fenced:
            return [self.math.bracketed(self.math.write(piece))]
        if not isinstance(piece, Sum) or width(self.flat.write(piece).line) <= _LONG:
            return [self.math.write(piece)]
        lines: list[str] = [""]
        used = 0
        for position, (sign, term) in enumerate(zip(piece.signs, piece.terms, strict=True)):
            long = width(self.flat.write(term).line) + 3
            if used and used + long > _LONG:
                lines.append("")
                used = 0
            mark = "- " if sign < 0 else "+ " if position else ""
            lines[-1] += f" {mark}{self.math.part(piece, term, position)}"
            used += long
        return lines

    # --- tables

    def table(self, block: Table) -> str:
        columns = max([len(block.columns), *(len(row) for row in block.rows)])
        align = alignments(block.align, columns, block.rows, block.row_headings)
        rows = [[*row, *[""] * (columns - len(row))] for row in (block.columns, *block.rows)]
        kept = _kept(columns)
        align = "".join("c" if i < 0 else align[i] for i in kept)
        rows = [["…" if i < 0 else row[i] for i in kept] for row in rows]
        wide = self._widths(rows)
        header = " & ".join(self._head(text, letter) for text, letter in zip(rows[0], align, strict=True))
        lines = [" & ".join(self._cell(c, a) for c, a in zip(row, align, strict=True)) + r" \\" for row in rows[1:]]
        size = "" if sum(wide) + 3 * len(wide) <= _ACROSS else r"\footnotesize\setlength{\tabcolsep}{3pt}"
        caption = rf"{self.inline(block.caption)}\par\smallskip" + "\n" if block.caption != "" else ""
        head = f"{header} \\\\\n\\midrule\n" if any(text != "" for text in rows[0]) else ""
        begin = f"\\begin{{tabular}}{{{_columns(align, wide)}}}\n\\toprule\n"
        return f"{{{size}{caption}{begin}{head}" + "\n".join(lines) + "\n\\bottomrule\n\\end{tabular}\\par}"

    def _widths(self, rows: Sequence[Sequence[Text]]) -> list[int]:
        return [max(self._width(cell) for cell in column) for column in zip(*rows, strict=True)]

    def _width(self, cell: Text) -> int:
        return sum(width(p if isinstance(p, str) else self.flat.whole(p).line) for p in pieces_of(cell))

    def _head(self, text: Text, letter: str) -> str:
        if letter == ".":
            return rf"\multicolumn{{2}}{{c}}{{{self.inline(text)}}}"
        return self.inline(text)

    def _cell(self, cell: Text, letter: str) -> str:
        if letter != ".":
            return self.inline(cell)
        parts = self._parts(cell)
        if parts is None:
            return rf"\multicolumn{{2}}{{r}}{{{self.inline(cell)}}}"
        return f"${parts[0]}$ & {parts[1]}"

    def _parts(self, cell: Text) -> tuple[str, str] | None:
        """A cell that begins with a number, parted before its decimals."""
        first, *others = [piece for piece in pieces_of(cell) if piece != ""] or [""]
        if not isinstance(first, Number):
            return None
        parts = parts_of_number(decimal_text(first.value, first.digits or self.digits))
        if parts is None or (parts[1] and not parts[1][1:].isdigit()):
            return None
        return parts[0], parts[1] + self.inline(tuple(others))


def _kept(columns: int) -> list[int]:
    """Which columns a page has room for; -1 stands for those left out."""
    if columns <= _MOST_COLUMNS:
        return [*range(columns)]
    half = _MOST_COLUMNS // 2
    return [*range(half), -1, *range(columns - half + 1, columns)]


def _columns(align: str, wide: Sequence[int]) -> str:
    natural = sum(wide) + 3 * len(wide)
    letters = []
    for letter, own in zip(align, wide, strict=True):
        if letter == ".":
            letters.append("r@{}l")
        elif own > 24 and natural > _ACROSS:
            letters.append(rf"p{{{max(0.12, 0.9 * own / natural):.2f}\textwidth}}")
        else:
            letters.append(letter)
    return "".join(letters)


def _program(line: str) -> str:
    """A line of program text: spaces kept, quotes and dashes as they are typed."""
    text = escaped(line).replace("--", "{-}{-}").replace(" ", "~")
    return text or "~"


FORMAT = Format("latex", ".tex", "application/x-tex", "an article that compiles as it is", render)
