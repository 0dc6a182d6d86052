"""Where a formula for paper may be parted, and about how wide it will be.

A part goes to a line of its own where the line before has no room for it; a matrix that is too large for a page is
parted too. What is short is one part, whatever it is made of: its brackets then grow with what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradwork.formats._typst_math import TypstMath, mark_of, quoted, row, stands_upright
from gradwork.notation import layout as pieces
from gradwork.notation.layout import Layout, Number
from gradwork.notation.numbers import decimal_text

LONG = 56  # letters of a formula; what is wider may be parted
_MOST_ROWS = 32  # rows of a matrix that stand on one page


class PartedMath(TypstMath):
    """Formulas that can be parted."""

    def segments(self, piece: Layout) -> list[str]:
        """The formula in parts that may go to lines of their own, as fine as its length asks for."""
        if extent(piece) <= LONG and not is_tall(piece):
            return [self.write(piece)]
        match piece:
            case pieces.Sum(terms=terms, signs=signs):
                marks = [f'bin("{"−" if sign < 0 else "+"}")' for sign in signs]
                marks[0] = 'pre("−")' if signs[0] < 0 else ""
                return self._side_by_side(piece, terms, marks)
            case pieces.Product(factors=factors):
                return self._side_by_side(piece, factors, ["", *['bin("·")'] * (len(factors) - 1)])
            case pieces.Infix(operator=operator, operands=operands):
                return self._side_by_side(piece, operands, ["", *[self.operator(operator)] * (len(operands) - 1)])
            case pieces.Negative(body=body):
                return self._side_by_side(piece, (body,), ['pre("−")'])
            case pieces.Listed(items=items):
                return self._side_by_side(piece, items, ["", *['comma(",")'] * (len(items) - 1)])
            case pieces.Call(name=name, arguments=(argument,), below=None):
                return self._between(f"named({quoted(name)})", "(", argument, ")")
            case pieces.Fence(left=left, body=body, right=right):
                return self._between("", left, body, right)
            case pieces.Matrix():
                return self._bands(piece)
            case _:
                return [self.write(piece)]

    def _side_by_side(self, parent: Layout, children: Sequence[Layout], marks: Sequence[str]) -> list[str]:
        found: list[str] = []
        for position, (child, mark) in enumerate(zip(children, marks, strict=True)):
            fenced = self.fenced(parent, child, position)
            first, *others = self._between("", "(", child, ")") if fenced else self.segments(child)
            found += [row([mark, first]) if mark else first, *others]
        return found

    def _between(self, before: str, left: str, body: Layout, right: str) -> list[str]:
        """Parts between brackets; where they are on several lines, the brackets are of one height."""
        inside = self.segments(body)
        if len(inside) == 1:
            own = f"fenced({mark_of(left, 'opening')}, {inside[0]}, {mark_of(right, 'closing')})"
            return [row([before, own]) if before else own]
        inside[0] = row([part for part in (before, f'math.class("opening", {quoted(left)})', inside[0]) if part])
        inside[-1] = row([inside[-1], f'math.class("closing", {quoted(right)})'])
        return inside

    def _bands(self, piece: pieces.Matrix) -> list[str]:
        """A matrix that no page holds: some rows after the others, and some columns after the others."""
        found = []
        for start in range(0, len(piece.rows), _MOST_ROWS):
            rows = piece.rows[start : start + _MOST_ROWS]
            said = self.say("rows {first} to {last}:", first=start + 1, last=start + len(rows))
            label = f"w({quoted(f' {said} ')})"
            first, *others = self._columns(pieces.Matrix(rows))
            found += [row([label, first]) if len(piece.rows) > _MOST_ROWS else first, *others]
        return found

    def _columns(self, piece: pieces.Matrix) -> list[str]:
        longest = max((len(row) for row in piece.rows), default=0)
        starts, used = [0], 0
        for column in range(longest):
            wide = 2 + max(extent(row[column]) for row in piece.rows if column < len(row))
            if used and used + wide > LONG:
                starts.append(column)
                used = 0
            used += wide
        parts = []
        for start, stop in zip(starts, [*starts[1:], longest], strict=True):
            left, right = "none" if start else "sym.bracket.l", "sym.bracket.r" if stop == longest else "none"
            parts.append(self.table(tuple(row[start:stop] for row in piece.rows), left, right))
        return parts


def extent(piece: Layout) -> int:
    """About how many letters a formula is wide, as it is set on paper."""
    match piece:
        case pieces.Matrix(rows=rows):
            longest = max((len(row) for row in rows), default=0)
            return 2 + sum(2 + max(extent(row[i]) for row in rows if i < len(row)) for i in range(longest))
        case pieces.Fraction() | pieces.Derivative():
            return 2 + max(extent(part) for part in piece.parts())
        case pieces.Cases(cases=cases):
            return 4 + max((extent(value) + extent(condition) for value, condition in cases), default=0)
        case pieces.Blank(choices=choices):
            return max(9, sum(len(choice) + 4 for choice in choices) if not stands_upright(piece) else 60)
        case Number():
            return len(decimal_text(piece.value, piece.digits or 6))
        case pieces.Symbol(name=text) | pieces.Words(text=text):
            return len(text)
        case pieces.Call(name=text):
            return len(text) + 2 + sum(1 + extent(part) for part in piece.parts())
        case _:
            return 1 + sum(2 + extent(part) for part in piece.parts())


def is_tall(piece: Layout) -> bool:
    """Whether a matrix in it has more rows than one page."""
    return any(is_tall(part) for part in piece.parts()) or (
        isinstance(piece, pieces.Matrix) and len(piece.rows) > _MOST_ROWS
    )
