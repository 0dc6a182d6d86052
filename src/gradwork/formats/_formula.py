"""Formulas as text: on one line where they fit, with matrices as boxes of several lines where there is room.

Spaces between the terms of a formula are where a line may be broken; all others are glue.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from gradwork.formats._box import Box, beside, between, grid, pad, text_box
from gradwork.formats._signs import GLUE, Signs, paint, prepare, subscript, superscript, unpainted, width
from gradwork.notation import layout as pieces
from gradwork.notation.language import ENGLISH, Language
from gradwork.notation.layout import Layout, Number
from gradwork.notation.names import GREEK, split_name
from gradwork.notation.numbers import decimal_text
from gradwork.notation.writer import Writer, needs_dot

Item = TypeVar("Item")

_RAISED = re.compile(r"-?\d+")
_RELATIONS = {"<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "=>": "⇒"}
_DECIMAL = re.compile(r"[-+]?\d+(\.\d+)?$")


class Formula(Writer[Box]):
    """Writes layouts as boxes of text; with `flat`, as one line always. `room` is the width of the widest matrix."""

    def __init__(
        self, signs: Signs, digits: int, *, flat: bool = True, room: int = 80, say: Language = ENGLISH
    ) -> None:
        self.signs = signs
        self.digits = digits
        self.flat = flat
        self.room = room
        self.say = say

    def bracketed(self, written: Box) -> Box:
        return between("(", written, ")", self.signs)

    # --- leaves

    def number(self, piece: Number) -> Box:
        return text_box(decimal_text(piece.value, piece.digits or self.digits).replace(" ", GLUE))

    def symbol(self, piece: pieces.Symbol) -> Box:
        if not self.signs.unicode:
            return text_box(prepare(piece.name, self.signs, name=True).replace(" ", GLUE))
        name, index = split_name(piece.name)
        letter = GREEK.get(name)
        if letter is not None:
            return text_box(
                letter + (subscript(index) if index.isascii() and index.isdigit() else f"_{index}" * bool(index))
            )
        return text_box(prepare(piece.name, self.signs).replace(" ", GLUE))

    def words(self, piece: pieces.Words) -> Box:
        return text_box(prepare(piece.text, self.signs))

    def dots(self, piece: pieces.Dots) -> Box:
        signs = self.signs
        by_direction = {"vertical": signs.vertical_dots, "diagonal": signs.diagonal_dots}
        return text_box(by_direction.get(piece.direction, signs.ellipsis))

    def blank(self, piece: pieces.Blank) -> Box:
        choices = " | ".join(prepare(choice, self.signs) for choice in piece.choices)
        text = f"({piece.number})" if piece.again else f"[ {piece.number}{': ' if choices else ''}{choices} ]"
        return text_box(paint(text if choices else text.replace(" ", GLUE), "blank"))

    # --- sums, products and what else stands in a row

    def sum(self, piece: pieces.Sum) -> Box:
        return _joined(self._terms(piece))

    def _terms(self, piece: pieces.Sum) -> list[Box]:
        boxes = []
        for position, (sign, term) in enumerate(zip(piece.signs, piece.terms, strict=True)):
            mark = "-" if sign < 0 else "+" if position else ""
            space = GLUE if position and mark else ""
            boxes.append(beside(text_box(mark + space), self.part(piece, term, position)))
        return boxes

    def product(self, piece: pieces.Product) -> Box:
        return _joined(self._factors(piece))

    def _factors(self, piece: pieces.Product) -> list[Box]:
        boxes: list[Box] = []
        for position, factor in enumerate(piece.factors):
            box = self.part(piece, factor, position)
            fenced = self.fenced(piece, factor, position)
            left = piece.factors[position - 1]
            if position and needs_dot(left, factor, right_fenced=fenced, stacked=False):
                box = beside(text_box(f"{self.signs.dot}{GLUE}"), box)
            elif position and boxes[-1].flat and box.flat:
                # Factors side by side are one word to whoever breaks the line.
                boxes[-1] = text_box(boxes[-1].line + GLUE + box.line)
                continue
            boxes.append(box)
        return boxes

    def infix(self, piece: pieces.Infix) -> Box:
        return _joined(self._operands(piece))

    def _operands(self, piece: pieces.Infix) -> list[Box]:
        mark = text_box(self.operator(piece.operator) + GLUE)
        parts = [self.part(piece, operand, i) for i, operand in enumerate(piece.operands)]
        return [part if not i else beside(mark, part) for i, part in enumerate(parts)]

    def operator(self, operator: str) -> str:
        """An operator's sign."""
        if operator in ("·", "*", "×"):
            return self.signs.dot
        return prepare(_RELATIONS.get(operator, operator), self.signs).strip().replace(" ", GLUE)

    def listed(self, piece: pieces.Listed) -> Box:
        separator = prepare(piece.separator, self.signs)
        boxes: list[Box] = []
        for position, item in enumerate(piece.items):
            boxes += [text_box(separator)] * bool(position) + [self.write(item)]
        return beside(*boxes) if boxes else text_box("")

    # --- signs before, behind and around a piece

    def negative(self, piece: pieces.Negative) -> Box:
        return beside(text_box("-"), self.part(piece, piece.body, 0))

    def fraction(self, piece: pieces.Fraction) -> Box:
        return beside(self.part(piece, piece.top, 0), text_box("/"), self.part(piece, piece.bottom, 1))

    def derivative(self, piece: pieces.Derivative) -> Box:
        sign = self.signs.partial if piece.partial else "d"
        power = "" if piece.order == 1 else self._raised(str(piece.order))
        top, bottom = self.part(piece, piece.top, 0), self.part(piece, piece.bottom, 1)
        parts = (text_box(f"{sign}{power}{GLUE}"), top, text_box(f"/{sign}{GLUE}"), bottom, text_box(power))
        return beside(*parts)

    def power(self, piece: pieces.Power) -> Box:
        base = self.part(piece, piece.base, 0)
        if isinstance(piece.base, pieces.Root) and self.signs.unicode:
            base = self.bracketed(base)
        exponent = self._flat(piece.exponent)
        raised = self._raised(exponent)
        if raised.startswith("^") and self.fenced(piece, piece.exponent, 1):
            raised = f"^({exponent})"
        return _behind(base, raised)

    def _raised(self, text: str) -> str:
        return superscript(text) if self.signs.unicode and _RAISED.fullmatch(text) else f"^{text}"

    def transpose(self, piece: pieces.Transpose) -> Box:
        return _behind(self.part(piece, piece.body, 0), self.signs.transpose)

    def subscript(self, piece: pieces.Subscript) -> Box:
        base = self.part(piece, piece.base, 0)
        indices = [self._flat(index) for index in piece.indices]
        bare_name = not (base.line[-1:].isdigit() or unpainted(base.line[-1:]) in ("]", ")"))
        if len(indices) == 1 and bare_name and re.fullmatch(r"\w+", indices[0]):
            low = subscript(indices[0]) if self.signs.unicode and _RAISED.fullmatch(indices[0]) else f"_{indices[0]}"
            return beside(base, text_box(low))
        return beside(base, text_box(f"[{f',{GLUE}'.join(indices)}]"))

    def root(self, piece: pieces.Root) -> Box:
        body = self.write(piece.body)
        if not self.signs.unicode:
            name = {2: "sqrt", 3: "cbrt"}.get(piece.degree, f"root{piece.degree}")
            return beside(text_box(name), self.bracketed(body))
        sign = {2: "√", 3: "∛", 4: "∜"}.get(piece.degree, superscript(str(piece.degree)) + "√")
        simple = isinstance(piece.body, (pieces.Symbol, Number)) and re.fullmatch(r"\w+(\.\d+)?", body.line)
        return beside(text_box(sign), body if simple else self.bracketed(body))

    def call(self, piece: pieces.Call) -> Box:
        name = prepare(piece.name, self.signs, name=True)
        boxes: list[Box] = []
        for position, argument in enumerate(piece.arguments):
            boxes += [text_box(", ")] * bool(position) + [self.write(argument)]
        if piece.below is not None:
            boxes += [text_box("; " if boxes else ""), self.write(piece.below)]
        inside = beside(*boxes) if boxes else text_box("")
        return beside(text_box(name), self.bracketed(inside))

    def fence(self, piece: pieces.Fence) -> Box:
        left, right = prepare(piece.left, self.signs), prepare(piece.right, self.signs)
        return between(left, self.write(piece.body), right, self.signs)

    def bigsum(self, piece: pieces.BigSum) -> Box:
        limits = [self._flat(limit) for limit in (piece.below, piece.above) if limit is not None]
        to = f"{GLUE}{self.say('to')}{GLUE}"
        inside = f"[{to.join(limits)}]" if limits else ""
        return beside(text_box(f"{self.signs.sum}{inside}{GLUE}"), self.part(piece, piece.body, 0))

    def marked(self, piece: pieces.Marked) -> Box:
        box = self.write(piece.body)
        if piece.kind == "struck" and not self.signs.unicode:
            box = beside(text_box("~"), box, text_box("~"))
        elif piece.kind == "struck":
            box = Box(tuple(_struck(line) for line in box.lines), box.baseline)
        mark = {"right": self.signs.right, "wrong": self.signs.wrong}.get(piece.kind, "")
        style = piece.kind if piece.kind in ("new", "struck", "right", "wrong", "result") else "bold"
        box = beside(box, text_box(mark.replace(" ", GLUE)))
        return Box(tuple(paint(line, style) for line in box.lines), box.baseline)

    # --- tables inside formulas

    def matrix(self, piece: pieces.Matrix) -> Box:
        rows = [[self._flat(cell) for cell in row] for row in piece.rows]
        columns = max((len(row) for row in rows), default=0)
        rows = decimals_lined_up([row + [""] * (columns - len(row)) for row in rows]) if columns else rows
        if self.flat or len(rows) <= 1:
            return text_box(f"[{'; '.join(' '.join(cell.strip() for cell in row) for row in rows)}]")
        lines = grid(self._narrowed(rows), "  ")
        return between("[", Box(tuple(lines), (len(lines) - 1) // 2), "]", self.signs)

    def _narrowed(self, rows: list[list[str]]) -> list[list[str]]:
        """Columns left out of the middle until the rest has room."""
        widths = [max(width(cell) for cell in column) + 2 for column in zip(*rows, strict=True)]
        kept = len(widths)
        while kept > 2 and sum(_ends(widths, kept)) + (4 if kept < len(widths) else 0) > self.room:
            kept -= 1
        if kept == len(widths):
            return rows
        before = (kept + 1) // 2
        short = [_ends(row, kept) for row in rows]
        return [[*row[:before], self.signs.ellipsis, *row[before:]] for row in short]

    def cases(self, piece: pieces.Cases) -> Box:
        values = [self._flat(value) for value, _ in piece.cases]
        conditions = [self._condition(condition) for _, condition in piece.cases]
        if self.flat or len(values) < 2:
            return text_box("{" + "; ".join(f"{v} {c}" for v, c in zip(values, conditions, strict=True)) + "}")
        wide = max(width(value) for value in values)
        lines = [f"{v}{' ' * (wide - width(v))}  {c}" for v, c in zip(values, conditions, strict=True)]
        box = Box(tuple(lines), (len(lines) - 1) // 2)
        return between("{", box, "", self.signs)

    def _condition(self, condition: Layout) -> str:
        text = self._flat(condition)
        return text if isinstance(condition, pieces.Words) else f"{self.say('if')} {text}"

    def _flat(self, piece: Layout) -> str:
        """A part as one line that holds together."""
        flat, self.flat = self.flat, True
        box = self.write(piece)
        self.flat = flat
        return box.line.replace(" ", GLUE)

    # --- where a formula may be parted

    def segments(self, piece: Layout) -> list[Box]:
        """The formula in pieces that may go to lines of their own, the first signs of each at its front."""
        match piece:
            case pieces.Infix():
                first, *others = self._operands(piece)
                tail = self.segments(piece.operands[-1])
                if len(tail) < 2 or self.fenced(piece, piece.operands[-1], len(piece.operands) - 1):
                    return [first, *others]
                mark = text_box(self.operator(piece.operator) + GLUE)
                return [first, *others[:-1], beside(mark, tail[0]), *tail[1:]]
            case pieces.Sum():
                return self._terms(piece)
            case pieces.Product():
                return self._factors(piece)
            case _:
                return [self.write(piece)]


def _joined(boxes: Sequence[Box]) -> Box:
    spaced: list[Box] = []
    for position, box in enumerate(boxes):
        spaced += [text_box(" ")] * bool(position) + [box]
    return beside(*spaced) if spaced else text_box("")


def _behind(base: Box, mark: str) -> Box:
    """A mark at the upper right: behind the first line of a tall box, behind a flat one as it is."""
    if base.flat:
        return text_box(base.line + mark)
    return beside(base, Box((mark, *[""] * (len(base.lines) - 1)), base.baseline))


def _struck(line: str) -> str:
    return "".join(letter if letter in f" {GLUE}" else letter + "\u0336" for letter in unpainted(line))


def _ends(items: Sequence[Item], kept: int) -> list[Item]:
    """The first and last of the items, `kept` in all."""
    return [*items[: (kept + 1) // 2], *items[len(items) - kept // 2 :]]


def decimals_lined_up(rows: list[list[str]]) -> list[list[str]]:
    """Cells of each column with spaces behind them, so that decimal points stand under one another.

    >>> decimals_lined_up([["1.5"], ["10"], [":"]])
    [['1.5'], ['10  '], [' :  ']]
    """
    columns = [_lined_up(list(column)) for column in zip(*rows, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def _lined_up(cells: list[str]) -> list[str]:
    behind = [len(match[1] or "") if (match := _DECIMAL.match(unpainted(cell))) else -1 for cell in cells]
    most = max(behind)
    padded = [cell + " " * (most - own) if own >= 0 else cell for cell, own in zip(cells, behind, strict=True)]
    wide = max(width(cell) for cell in padded)
    # Dots and other pieces without a decimal point stand in the middle of their column.
    return [cell if own >= 0 else pad(cell, wide, "c") for cell, own in zip(padded, behind, strict=True)]
