"""How a formula is read aloud: for those who hear a page, and for the text of tests and programs.

Brackets are spoken only where leaving them out would say something else.
"""

from __future__ import annotations

from gradwork.notation import layout as pieces
from gradwork.notation.layout import Layout, Negative, Number, Symbol, Words
from gradwork.notation.names import GREEK_NAMES, clean, split_name
from gradwork.notation.numbers import decimal_text, mantissa_and_exponent
from gradwork.notation.writer import Writer

_OPERATORS = {
    "=": "equals",
    "@": "matrix times",
    "<": "is less than",
    ">": "is greater than",
    "≤": "is at most",
    "<=": "is at most",
    "≥": "is at least",
    ">=": "is at least",
    "≠": "is not equal to",
    "!=": "is not equal to",
    "≈": "is about",
    "→": "goes to",
    "->": "goes to",
    "±": "plus or minus",
    "·": "times",
    "×": "times",
    "*": "times",
    "⊙": "times, entry by entry,",
    "∘": "after",
    "∈": "in",
    "/": "over",
}
_OF = {"log": "the logarithm of", "exp": "e to the power of", "sqrt": "the square root of", "sum": "the sum of"}
_OF |= {"mean": "the mean of", "max": "the maximum of", "min": "the minimum of", "abs": "the absolute value of"}
_OPEN = {"(": "open bracket", "[": "open square bracket", "{": "open brace", "|": "", "‖": ""}
_CLOSE = {")": "close bracket", "]": "close square bracket", "}": "close brace", "|": "", "‖": ""}
_POWERS = {2: "squared", 3: "cubed"}
_ROOTS = {2: "the square root of", 3: "the cube root of"}
_DOTS = {"horizontal": "and so on", "vertical": "and so on down", "diagonal": "and so on"}
_MARKS = {"struck": "struck out", "right": "right", "wrong": "wrong"}
_MOST_CELLS = 16  # a larger matrix is described by its shape


def spoken(piece: Layout, digits: int = 6) -> str:
    """Say the formula in words.

    >>> from gradwork.notation.layout import Derivative, call, equation, multiply
    >>> gradient = Derivative(Symbol("loss"), Symbol("w"))
    >>> spoken(equation(gradient, call("mean", multiply(Number(2), Symbol("error"), Symbol("x")))))
    'd loss by d w equals the mean of 2 times error times x'
    """
    return " ".join(_Speaker(digits).whole(piece).split())


class _Speaker(Writer[str]):
    def __init__(self, digits: int) -> None:
        self.digits = digits

    def bracketed(self, written: str) -> str:
        return f"open bracket {written} close bracket"

    def number(self, piece: Number) -> str:
        value = piece.value
        if isinstance(value, float) and value != value:
            return "not a number"
        text = decimal_text(value, piece.digits or self.digits)
        mantissa, exponent = mantissa_and_exponent(text)
        said = mantissa if exponent is None else f"{mantissa} times 10 to the power of {exponent}"
        return said.replace("inf", "infinity").replace("-", "minus ").replace("+", "plus")

    def symbol(self, piece: Symbol) -> str:
        name, index = split_name(piece.name)
        letters = "".join(f" {GREEK_NAMES[letter]} " if letter in GREEK_NAMES else letter for letter in clean(name))
        return f"{letters.replace('_', ' ')} {index}"

    def words(self, piece: Words) -> str:
        return clean(piece.text)

    def sum(self, piece: pieces.Sum) -> str:
        said = []
        for position, (sign, term) in enumerate(zip(piece.signs, piece.terms, strict=True)):
            word = "minus" if sign < 0 else "plus" if position else ""
            said.append(f"{word} {self.part(piece, term, position)}")
        return " ".join(said)

    def product(self, piece: pieces.Product) -> str:
        return " times ".join(self.part(piece, factor, i) for i, factor in enumerate(piece.factors))

    def infix(self, piece: pieces.Infix) -> str:
        word = _OPERATORS.get(piece.operator, clean(piece.operator))
        return f" {word} ".join(self.part(piece, operand, i) for i, operand in enumerate(piece.operands))

    def negative(self, piece: Negative) -> str:
        return f"minus {self.part(piece, piece.body, 0)}"

    def fraction(self, piece: pieces.Fraction) -> str:
        return f"{self.part(piece, piece.top, 0)} over {self.part(piece, piece.bottom, 1)}"

    def power(self, piece: pieces.Power) -> str:
        base = self.part(piece, piece.base, 0)
        value = piece.exponent.value if isinstance(piece.exponent, Number) else None
        if value in _POWERS and not isinstance(value, complex):
            return f"{base} {_POWERS[int(value or 0)]}"
        return f"{base} to the power of {self.part(piece, piece.exponent, 1)}"

    def transpose(self, piece: pieces.Transpose) -> str:
        return f"{self.part(piece, piece.body, 0)} transposed"

    def subscript(self, piece: pieces.Subscript) -> str:
        indices = " ".join(self.write(index) for index in piece.indices)
        return f"{self.part(piece, piece.base, 0)} sub {indices}"

    def root(self, piece: pieces.Root) -> str:
        opening = _ROOTS.get(piece.degree, f"the root of degree {piece.degree} of")
        return f"{opening} {self._grouped(piece.body)}"

    def call(self, piece: pieces.Call) -> str:
        opening = _OF.get(piece.name, f"{clean(piece.name).replace('_', ' ')} of")
        below = f", {self.write(piece.below)}," if piece.below is not None else ""
        one = len(piece.arguments) == 1
        said = " and ".join(self._grouped(a) if one else self.write(a) for a in piece.arguments)
        return f"{opening}{below} {said}"

    def _grouped(self, body: Layout) -> str:
        # "the mean of a plus b" would leave open where the mean ends.
        said = self.write(body)
        return self.bracketed(said) if isinstance(body, (pieces.Sum, pieces.Infix, pieces.Negative)) else said

    def fence(self, piece: pieces.Fence) -> str:
        body = self.write(piece.body)
        if piece.left == piece.right == "|":
            return f"the absolute value of {body}, end of absolute value"
        if piece.left == piece.right == "‖":
            return f"the norm of {body}, end of norm"
        return f"{_OPEN.get(piece.left, clean(piece.left))} {body} {_CLOSE.get(piece.right, clean(piece.right))}"

    def bigsum(self, piece: pieces.BigSum) -> str:
        below = f" over {self.write(piece.below)}" if piece.below is not None else ""
        if piece.below is not None and piece.above is not None:
            below = f" from {self.write(piece.below)} to {self.write(piece.above)}"
        return f"the sum{below} of {self.part(piece, piece.body, 0)}"

    def derivative(self, piece: pieces.Derivative) -> str:
        order = {1: "", 2: "second derivative: "}.get(piece.order, f"derivative of order {piece.order}: ")
        sign = "partial" if piece.partial else "d"
        return f"{order}{sign} {self.part(piece, piece.top, 0)} by {sign} {self.part(piece, piece.bottom, 1)}"

    def matrix(self, piece: pieces.Matrix) -> str:
        shape = piece.shape or (len(piece.rows), max((len(row) for row in piece.rows), default=0))
        size = " by ".join(str(length) for length in shape)
        kind = f"vector of {size}" if len(shape) == 1 else f"{size} matrix"
        if sum(len(row) for row in piece.rows) > _MOST_CELLS:
            return f"a {kind}"
        rows = "; ".join(", ".join(self.write(cell) for cell in row) for row in piece.rows)
        return f"the {kind}: {rows}; end of {'vector' if len(shape) == 1 else 'matrix'}"

    def dots(self, piece: pieces.Dots) -> str:
        return _DOTS.get(piece.direction, "and so on")

    def cases(self, piece: pieces.Cases) -> str:
        said = [(self.write(value), condition) for value, condition in piece.cases]
        return "; ".join(
            f"{value} {'' if isinstance(condition, Words) else 'if '}{self.write(condition)}"
            for value, condition in said
        )

    def listed(self, piece: pieces.Listed) -> str:
        return ", ".join(self.write(item) for item in piece.items)

    def blank(self, piece: pieces.Blank) -> str:
        if piece.again or not piece.choices:
            return f"blank {piece.number}"
        return f"blank {piece.number}, one of: {'; '.join(clean(choice) for choice in piece.choices)}; end of choices"

    def marked(self, piece: pieces.Marked) -> str:
        mark = _MARKS.get(piece.kind)
        return f"{self.write(piece.body)}, {mark}," if mark else self.write(piece.body)
