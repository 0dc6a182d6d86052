"""Pages as text: the engine of the formats `plain` and `terminal`. No line is wider than the page."""

from __future__ import annotations

from collections.abc import Sequence

from gradwork.formats._box import Box, beside, crop, pad, text_box, wrap
from gradwork.formats._formula import Formula
from gradwork.formats._page import PageWriter, alignments, as_equation, grouped, pieces_of, sides, with_title
from gradwork.formats._plot import figure_lines
from gradwork.formats._signs import GLUE, Signs, finished, paint, prepare, unpainted, width
from gradwork.formats._table import Cells, table_lines
from gradwork.notation.document import (
    Block,
    Document,
    Equation,
    Equations,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Section,
    Step,
    Style,
    Table,
    Text,
)
from gradwork.notation.language import ENGLISH, Language

_NARROWEST = 12
_INDENT = "  "
_LABELS = {"why": "why", "warning": "warning"}
_SHORT_NAME = 8  # a column's name that is no longer stays on one line: row 12
_NOTE_ROOM = 22  # a remark that has less than this goes under its formula


def render_text(document: Document, style: Style, signs: Signs) -> str:
    """The whole page."""
    lines = TextPage(style, signs, document.say).page(with_title(document))
    return "\n".join(finished(line, style.color) for line in lines) + "\n"


class TextPage(PageWriter[list[str]]):
    """Turns blocks into lines that hold style marks still."""

    def __init__(self, style: Style, signs: Signs, say: Language = ENGLISH) -> None:
        self.signs = signs
        self.say = say
        self.digits = style.digits
        self.wide = max(_NARROWEST, style.width)
        self.depth = 0
        self.flat = Formula(signs, style.digits, say=say)

    @property
    def room(self) -> int:
        """The columns that a block has for itself."""
        return max(_NARROWEST - 2, self.wide - len(_INDENT) * self.depth)

    def page(self, blocks: Sequence[Block]) -> list[str]:
        """The lines of blocks one after the other, with empty lines where they help."""
        lines: list[str] = []
        previous: Block | tuple[Step, ...] | None = None
        for block in grouped(blocks):
            own = self._placed(block)
            if lines and own and _parted(previous, block):
                lines.append("")
            lines += own
            previous = block
        return lines

    def _placed(self, block: Block | tuple[Step, ...]) -> list[str]:
        if isinstance(block, Heading):
            self.depth = max(0, min(block.level, 4) - 2)
            lines = self._indented(self.block(block))
            self.depth = max(0, min(block.level, 4) - 1)
            return lines
        return self.block(block) if isinstance(block, Section) else self._indented(self.block(block))

    def _indented(self, lines: list[str]) -> list[str]:
        return [_INDENT * self.depth + line if line else line for line in lines]

    def inline(self, text: Text) -> str:
        """Running text with its formulas on the line."""
        return "".join(
            prepare(piece, self.signs) if isinstance(piece, str) else self.flat.whole(piece).line
            for piece in pieces_of(text)
        )

    # --- blocks of words

    def heading(self, block: Heading) -> list[str]:
        text, aside = paint(self.inline(block.text), "heading"), self.inline(block.aside)
        lines = wrap(text, self.room)
        if aside.strip():
            column = max(width(lines[0]) + 3, 24)
            if len(lines) == 1 and column + width(aside) <= self.room:
                lines = [pad(lines[0], column) + aside]
            else:
                lines += wrap(aside, self.room, _INDENT, _INDENT)
        if block.level == 1:
            longest = max(width(line) for line in lines)
            lines.append(paint(self.signs.double_rule * longest, "dim"))
        return lines

    def paragraph(self, block: Paragraph) -> list[str]:
        text = self.inline(block.text)
        name = _LABELS.get(block.kind)
        label = f"{self.say(name)}: " if name else ""
        if text.lstrip().lower().startswith(label.split(":")[0]):
            label = ""
        if block.kind in ("result", "warning"):
            text = paint(text, block.kind)
        return wrap(text, self.room, label, " " * min(len(label), 4))

    def listing(self, block: Listing) -> list[str]:
        lines = [prepare(line.expandtabs(4), self.signs).rstrip() for line in block.text.splitlines()]
        return [part for line in lines for part in self._cut(line)]

    def _cut(self, line: str) -> list[str]:
        """A line of program text in parts that fit: its spaces are kept."""
        indent = " " * min(len(line) - len(line.lstrip(" ")), self.room // 2)
        if width(line) <= self.room:
            return [line.replace(" ", GLUE)]
        return [
            part.replace(" ", GLUE) for part in wrap(line.strip(), self.room, indent, indent + "    "[: self.room // 8])
        ]

    def section(self, block: Section) -> list[str]:
        depth = self.depth
        lines = self.page((block.heading, *block.blocks))
        self.depth = depth
        return lines

    def figure(self, block: Figure) -> list[str]:
        caption = self.inline(block.caption)
        return [*(wrap(caption, self.room) if caption else []), *figure_lines(block, self.room, self.signs)]

    def table(self, block: Table) -> list[str]:
        columns = max([len(block.columns), *(len(row) for row in block.rows)])
        header = [self._column_name(text) for text in block.columns]
        rows = [[self.inline(cell) for cell in row] for row in block.rows]
        align = alignments(block.align, columns, block.rows, block.row_headings)
        filled = [tuple(cell.strip(" ") for cell in row) + ("",) * (columns - len(row)) for row in (header, *rows)]
        caption = self.inline(block.caption)
        lines = table_lines(Cells(filled[0], tuple(filled[1:]), align), self.room, self.signs)
        return [*(wrap(caption, self.room) if caption else []), *lines]

    def _column_name(self, text: Text) -> str:
        name = self.inline(text)
        return paint(name.replace(" ", GLUE) if width(name) <= _SHORT_NAME else name, "bold")

    # --- formulas

    def equation(self, block: Equation) -> list[str]:
        return self.equations(Equations((block,)))

    def equations(self, block: Equations) -> list[str]:
        return [line for lines, _ in self._rows(block.rows, self.room) for line in lines]

    def step(self, block: Step) -> list[str]:
        return self.steps((block,))

    def steps(self, steps: tuple[Step, ...]) -> list[str]:
        rules = [paint(prepare(step.rule, self.signs), "rule") for step in steps]
        column = min(max(width(rule) for rule in rules), 26) + 3
        equations = [as_equation(step) for step in steps]
        if self.room - column < 30:
            rows = self._rows(equations, self.room - 2)
            pairs = zip(rules, rows, strict=True)
            return [x for rule, (own, _) in pairs for x in (*wrap(rule, self.room), *(_INDENT + line for line in own))]
        lines = []
        for rule, (own, baseline) in zip(rules, self._rows(equations, self.room - column), strict=True):
            names = [""] * baseline + wrap(rule, column - 3)
            for i in range(max(len(names), len(own))):
                name, line = (part[i] if i < len(part) else "" for part in (names, own))
                lines.append((pad(name, column) + line).rstrip())
        return lines

    def _rows(self, equations: Sequence[Equation], room: int) -> list[tuple[list[str], int]]:
        """For each equation its lines and the line that its first equals sign stands on."""
        bodies = self._bodies(equations, room)
        notes = [self.inline(equation.note) for equation in equations]
        noted = [max(box.width for box in body) for body, note in zip(bodies, notes, strict=True) if note.strip()]
        column = max([wide for wide in noted if wide + 3 + _NOTE_ROOM <= room], default=0) + 3
        return [self._with_note(body, note, column, room) for body, note in zip(bodies, notes, strict=True)]

    def _with_note(self, body: list[Box], note: str, column: int, room: int) -> tuple[list[str], int]:
        lines, baseline = [line for box in body for line in box.lines], body[0].baseline
        if not note.strip():
            return lines, baseline
        column = max(column, max(width(line) for line in lines) + 3)
        if column + min(_NOTE_ROOM, width(note)) > room:
            return lines + wrap(note, room, "    "[: room // 8], "    "[: room // 8]), baseline
        remark = [""] * baseline + wrap(note, room - column)
        lines += [""] * (len(remark) - len(lines))
        remark += [""] * (len(lines) - len(remark))
        return [(pad(line, column) + own).rstrip() for line, own in zip(lines, remark, strict=True)], baseline

    def _bodies(self, equations: Sequence[Equation], room: int) -> list[list[Box]]:
        parted = [self._segments(equation, room) for equation in equations]
        lefts = [parts[0].width for parts, equation in zip(parted, equations, strict=True) if sides(equation)]
        common = max([left for left in lefts if left <= room * 0.45], default=0) if len(lefts) > 1 else 0
        filled = []
        for parts, equation in zip(parted, equations, strict=True):
            if sides(equation) and parts[0].flat:
                parts[0] = text_box(pad(parts[0].line, common))
            filled.append(self._filled(parts, room))
        return filled

    def _segments(self, equation: Equation, room: int) -> list[Box]:
        from gradwork.notation.writer import trimmed

        body = trimmed(equation.body, Formula.deepest)
        writer = Formula(self.signs, self.digits, flat=False, room=max(6, room - 8), say=self.say)
        parts = writer.segments(body)
        if all(part.flat for part in parts) or max(part.width for part in parts) + 4 <= room:
            return parts
        return self.flat.segments(body)

    def _filled(self, parts: list[Box], room: int) -> list[Box]:
        """The parts of a formula on as few lines as hold them; later lines are set in."""
        indent = "    "[: max(1, room // 8)]
        if len(parts) == 1 or sum(part.width + 1 for part in parts) <= room + 1:
            return self._fitting(_spaced(parts), room, indent)
        under_first = width(parts[0].line) + 1
        if parts[0].flat and under_first <= room // 3 and under_first + max(p.width for p in parts[1:]) <= room:
            indent = " " * under_first
        lines: list[Box] = []
        line: list[Box] = []
        for part in parts:
            used = sum(box.width + 1 for box in line)
            if len(line) > bool(lines) and used + part.width > room:
                lines.append(_spaced(line))
                line = [text_box(indent[1:])]
            line.append(part)
        return [fitting for box in [*lines, _spaced(line)] for fitting in self._fitting(box, room, indent)]

    def _fitting(self, box: Box, room: int, indent: str) -> list[Box]:
        if box.width <= room:
            return [box]
        if not box.flat:
            return [Box(tuple(crop(line, room, self.signs) for line in box.lines), box.baseline)]
        text = box.line
        first = text[: len(unpainted(text)) - len(unpainted(text).lstrip(" "))]
        return [text_box(line) for line in wrap(text, room, first, indent if len(indent) < room // 2 else "  ")]


def _spaced(parts: Sequence[Box]) -> Box:
    spaced: list[Box] = []
    for position, part in enumerate(parts):
        spaced += [text_box(" ")] * bool(position) + [part]
    return beside(*spaced)


def _parted(previous: Block | tuple[Step, ...] | None, block: Block | tuple[Step, ...]) -> bool:
    """Whether an empty line stands between two blocks."""
    if previous is None or (isinstance(previous, Heading) and not isinstance(block, (Heading, Section))):
        return isinstance(previous, Heading) and previous.level == 1
    wide = (Heading, Section, Figure, Listing)
    if isinstance(block, wide) or isinstance(previous, wide):
        return True
    if isinstance(block, Table):
        return not isinstance(previous, Paragraph) or block.caption != ""
    return isinstance(block, Paragraph) and isinstance(previous, (Paragraph, Table)) and block.kind == "plain"
