"""Formulas as MathML Core, written straight from the layout tree. Each method returns exactly one element.

Two things that browsers ask for: a bracketed group is a row of its own, or its brackets grow to the height of
whatever stands beside it; and an operator that browsers do not know, such as @, states its own spacing.
"""

from __future__ import annotations

from html import escape

from gradwork.formats._page import parts_of_number
from gradwork.notation import layout as pieces
from gradwork.notation.language import ENGLISH, Language
from gradwork.notation.layout import Layout, Number
from gradwork.notation.names import GREEK, GREEK_NAMES, clean, split_name
from gradwork.notation.numbers import decimal_text, mantissa_and_exponent
from gradwork.notation.speech import operator_spoken, spoken
from gradwork.notation.writer import Writer, needs_dot, trimmed

_THIN = '<mspace width="0.17em"/>'
_GAP = '<mspace width="0.6em"/>'
_SIGNS = {"*": "·", "<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "=>": "⇒", "-": "−"}
_KNOWN = set("=<>≤≥≠≈→⇒±·×+−⊙⊗∘∈:/,;")
_DOTS = {"vertical": "⋮", "diagonal": "⋱"}
_MARKS = {"right": "✓", "wrong": "✗"}
_LONGEST_SPEECH = 600
_TALL = ("<mfrac", "</mtr><mtr>", "<munder", "<mover", "<msqrt", "<mroot", 'class="blank"')


def minus(text: str) -> str:
    """The text of a number with a true minus sign."""
    return text.replace("-", "−")


def words(text: str) -> str:
    """A user's text, safe between tags and in attributes."""
    return escape(clean(text))


class MathML(Writer[str]):
    """Writes layouts as MathML elements."""

    stacked = True

    def __init__(self, digits: int, say: Language = ENGLISH) -> None:
        self.digits = digits
        self.say = say

    def formula(self, piece: Layout, *, display: bool = False) -> str:
        """A whole `math` element, with what it says in words."""
        piece = trimmed(piece, self.deepest)
        said = spoken(piece, self.digits, self.say)
        said = said if len(said) <= _LONGEST_SPEECH else said[:_LONGEST_SPEECH] + " …"
        style = ' displaystyle="true"' if display else ""
        return f'<math{style} alttext="{escape(said)}">{self.write(piece)}</math>'

    def bracketed(self, written: str) -> str:
        return _fenced("(", written, ")")

    # --- leaves

    def number(self, piece: Number) -> str:
        text = decimal_text(piece.value, piece.digits or self.digits)
        sign = '<mo form="prefix">−</mo>' if text.startswith("-") and not isinstance(piece.value, complex) else ""
        mantissa, exponent = mantissa_and_exponent(text)
        digits = mantissa[1:] if sign else mantissa
        if digits == "inf":
            body = "<mi>∞</mi>"
        elif exponent is None:
            body = f"<mn>{minus(digits)}</mn>"
        else:
            power = f"<mn>{exponent}</mn>" if exponent >= 0 else f"<mrow><mo>−</mo><mn>{-exponent}</mn></mrow>"
            body = f"<mn>{digits}</mn><mo>×</mo><msup><mn>10</mn>{power}</msup>"
        return _row(sign + body) if sign or exponent is not None else body

    def symbol(self, piece: pieces.Symbol) -> str:
        name, index = split_name(piece.name)
        letter = _name(name)
        if not index:
            return letter
        low = f"<mn>{escape(index)}</mn>" if index.isdigit() else f'<mi class="name">{words(index)}</mi>'
        return f"<msub>{letter}{low}</msub>"

    def words(self, piece: pieces.Words) -> str:
        return f"<mtext>{words(piece.text)}</mtext>"

    def dots(self, piece: pieces.Dots) -> str:
        return f"<mtext>{_DOTS.get(piece.direction, '…')}</mtext>"

    def blank(self, piece: pieces.Blank) -> str:
        number = f'<span class="blank-number">{piece.number}</span>'
        if piece.again:
            return f'<mtext><span class="blank-again">{piece.number}</span></mtext>'
        choices = "".join(f'<span class="blank-choice">{words(choice)}</span>' for choice in piece.choices)
        kind = "blank blank-choices" if choices else "blank"
        return f'<mtext><span class="{kind}">{number}{choices}</span></mtext>'

    # --- rows

    def sum(self, piece: pieces.Sum) -> str:
        parts = []
        for position, (sign, term) in enumerate(zip(piece.signs, piece.terms, strict=True)):
            mark = "−" if sign < 0 else "+" if position else ""
            form = "infix" if position else "prefix"
            parts.append((f'<mo form="{form}">{mark}</mo>' if mark else "") + self.part(piece, term, position))
        return _row("".join(parts))

    def product(self, piece: pieces.Product) -> str:
        parts: list[str] = []
        for position, factor in enumerate(piece.factors):
            fenced = self.fenced(piece, factor, position)
            if position:
                dot = needs_dot(piece.factors[position - 1], factor, right_fenced=fenced, stacked=True)
                parts.append("<mo>·</mo>" if dot else f"<mo>\u2062</mo>{_THIN}")
            parts.append(self.part(piece, factor, position))
        return _row("".join(parts))

    def infix(self, piece: pieces.Infix) -> str:
        return _row(self._between(piece, 0, len(piece.operands)))

    def first_side(self, piece: pieces.Infix) -> str:
        """What stands before the first operator, as a formula of its own."""
        return self.formula(piece.operands[0], display=True)

    def other_sides(self, piece: pieces.Infix) -> str:
        """The first operator and all that follows, as a formula of its own."""
        rest = pieces.Infix(piece.operator, piece.operands[1:])
        sign = self.operator(piece.operator)
        sign_said = operator_spoken(piece.operator, self.say)
        said = f"{sign_said} {spoken(rest, self.digits, self.say)}"[:_LONGEST_SPEECH]
        body = self._between(trimmed(piece, self.deepest), 1, len(piece.operands))
        return f'<math displaystyle="true" alttext="{words(said)}"><mrow>{sign}{body}</mrow></math>'

    def _between(self, piece: Layout, start: int, stop: int) -> str:
        assert isinstance(piece, pieces.Infix)
        sign = self.operator(piece.operator)
        return sign.join(self.part(piece, piece.operands[i], i) for i in range(start, stop))

    def operator(self, operator: str) -> str:
        """The element of an operator."""
        sign = clean(_SIGNS.get(operator, operator)).strip()
        if sign in _KNOWN:
            return f"<mo>{escape(sign)}</mo>"
        if sign.isalpha():
            return f"<mtext>\u00a0{escape(sign)}\u00a0</mtext>"
        return f'<mo lspace="0.25em" rspace="0.25em">{escape(sign)}</mo>'

    def listed(self, piece: pieces.Listed) -> str:
        mark = words(piece.separator.strip())
        between = f'<mo separator="true">{mark}</mo>' if mark == "," else f"<mtext>{mark}\u00a0</mtext>"
        return _row(between.join(self.write(item) for item in piece.items))

    # --- signs around a piece

    def negative(self, piece: pieces.Negative) -> str:
        return _row('<mo form="prefix">−</mo>' + self.part(piece, piece.body, 0))

    def fraction(self, piece: pieces.Fraction) -> str:
        return f"<mfrac>{self.part(piece, piece.top, 0)}{self.part(piece, piece.bottom, 1)}</mfrac>"

    def derivative(self, piece: pieces.Derivative) -> str:
        sign = "<mi>∂</mi>" if piece.partial else "<mi>d</mi>"
        order = f"<mn>{piece.order}</mn>"
        top, bottom = self.part(piece, piece.top, 0), self.part(piece, piece.bottom, 1)
        if piece.order == 1:
            return f"<mfrac><mrow>{sign}{_THIN}{top}</mrow><mrow>{sign}{_THIN}{bottom}</mrow></mfrac>"
        raised = f"<msup>{sign}{order}</msup>"
        low = f"<msup>{bottom}{order}</msup>"
        return f"<mfrac><mrow>{raised}{_THIN}{top}</mrow><mrow>{sign}{_THIN}{low}</mrow></mfrac>"

    def power(self, piece: pieces.Power) -> str:
        return f"<msup>{self.part(piece, piece.base, 0)}{self.part(piece, piece.exponent, 1)}</msup>"

    def transpose(self, piece: pieces.Transpose) -> str:
        return f'<msup>{self.part(piece, piece.body, 0)}<mi mathvariant="normal">T</mi></msup>'

    def subscript(self, piece: pieces.Subscript) -> str:
        indices = '<mo separator="true">,</mo>'.join(self.write(index) for index in piece.indices)
        if isinstance(piece.base, pieces.Symbol) and split_name(piece.base.name)[1]:
            # W1 is set with a lowered 1 already; an index below that would read as 11.
            return _row(self.write(piece.base) + _fenced("[", indices, "]"))
        return f"<msub>{self.part(piece, piece.base, 0)}{_row(indices)}</msub>"

    def root(self, piece: pieces.Root) -> str:
        body = self.write(piece.body)
        return f"<msqrt>{body}</msqrt>" if piece.degree == 2 else f"<mroot>{body}<mn>{piece.degree}</mn></mroot>"

    def call(self, piece: pieces.Call) -> str:
        name = f'<mi mathvariant="normal">{words(piece.name)}</mi>'
        if piece.below is not None:
            name = f"<munder>{name}{self.write(piece.below)}</munder>"
        arguments = '<mo separator="true">,</mo>'.join(self.write(argument) for argument in piece.arguments)
        return _row(f"{name}<mo>\u2061</mo>{self.bracketed(arguments)}")

    def fence(self, piece: pieces.Fence) -> str:
        return _fenced(words(piece.left), self.write(piece.body), words(piece.right))

    def bigsum(self, piece: pieces.BigSum) -> str:
        sign = '<mo movablelimits="false">∑</mo>'
        if piece.below is not None and piece.above is not None:
            sign = f"<munderover>{sign}{self.write(piece.below)}{self.write(piece.above)}</munderover>"
        elif piece.below is not None:
            sign = f"<munder>{sign}{self.write(piece.below)}</munder>"
        elif piece.above is not None:
            sign = f"<mover>{sign}{self.write(piece.above)}</mover>"
        return _row(sign + self.part(piece, piece.body, 0))

    def marked(self, piece: pieces.Marked) -> str:
        sign = f"<mtext>\u00a0{_MARKS[piece.kind]}</mtext>" if piece.kind in _MARKS else ""
        return f'<mrow class="mark mark-{words(piece.kind)}">{self.write(piece.body)}{sign}</mrow>'

    # --- tables

    def matrix(self, piece: pieces.Matrix) -> str:
        if len(piece.rows) == 1:  # a row by itself stands on the line, as its brackets do
            return _fenced("[", _GAP.join(self.write(cell) for cell in piece.rows[0]), "]")
        longest = max((len(row) for row in piece.rows), default=0)
        columns = [[row[i] if i < len(row) else pieces.Words("") for row in piece.rows] for i in range(longest)]
        cells = zip(*(self._column(column) for column in columns), strict=True)
        rows = "".join(f"<mtr>{''.join(row)}</mtr>" for row in cells)
        return _fenced("[", f'<mtable class="matrix">{rows}</mtable>' if rows else "", "]")

    def _column(self, cells: list[Layout]) -> list[str]:
        """The cells of a column; numbers get invisible decimals, so that their points stand under one another."""
        parted = [self._parted(cell) for cell in cells]
        longest = max((parts[1] for parts in parted if parts), key=len, default="")
        if all(parts is None for parts in parted):
            return [f"<mtd>{self.write(cell)}</mtd>" for cell in cells]
        return [self._cell(cell, parts, longest) for cell, parts in zip(cells, parted, strict=True)]

    def _parted(self, cell: Layout) -> tuple[str, str] | None:
        if not isinstance(cell, Number):
            return None
        parts = parts_of_number(decimal_text(cell.value, cell.digits or self.digits))
        return parts if (parts and parts[1].lstrip(".").isdigit()) or (parts and not parts[1]) else None

    def _cell(self, cell: Layout, parts: tuple[str, str] | None, longest: str) -> str:
        if parts is None:
            return f"<mtd>{self.write(cell)}</mtd>"
        missing = longest[len(parts[1]) :]
        filler = f"<mphantom><mn>{missing}</mn></mphantom>" if missing else ""
        return f'<mtd class="number">{_row(self.write(cell) + filler) if filler else self.write(cell)}</mtd>'

    def cases(self, piece: pieces.Cases) -> str:
        rows = "".join(f"<mtr><mtd>{self.write(v)}</mtd><mtd>{self._condition(c)}</mtd></mtr>" for v, c in piece.cases)
        return _row(f'<mo fence="true" form="prefix">{{</mo><mtable class="cases">{rows}</mtable>')

    def _condition(self, condition: Layout) -> str:
        body = self.write(condition)
        return body if isinstance(condition, pieces.Words) else _row(f"<mtext>{self.say('if')}\u00a0</mtext>{body}")


def _row(body: str) -> str:
    return f"<mrow>{body}</mrow>"


def _fenced(left: str, body: str, right: str) -> str:
    # A bracket that may stretch is set with the room of its largest size: only those that do stretch may.
    stretch = "true" if any(mark in body for mark in _TALL) else "false"
    opening = f'<mo form="prefix" stretchy="{stretch}">{left}</mo>' if left else ""
    closing = f'<mo form="postfix" stretchy="{stretch}">{right}</mo>' if right else ""
    return _row(opening + body + closing)


def _name(name: str) -> str:
    """A single letter, which browsers slope by themselves, or a name of several."""
    if name in GREEK:
        return f"<mi>{GREEK[name]}</mi>"
    return (
        f"<mi>{words(name)}</mi>" if len(name) == 1 or name in GREEK_NAMES else f'<mi class="name">{words(name)}</mi>'
    )
