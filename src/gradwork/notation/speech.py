"""How a formula is read aloud: for those who hear a page, and for the text of tests and programs.

Brackets are spoken only where leaving them out would say something else. What is said in words are whole phrases, with
names in braces for the parts: another language may put them into another order.
"""

from __future__ import annotations

from gradwork.notation import layout as pieces
from gradwork.notation.language import ENGLISH, Language
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
    "∘": "composed with",
    "∈": "in",
    "/": "over",
}
_OF = {
    "log": "the logarithm of",
    "exp": "e to the power of",
    "sqrt": "the square root of",
    "sum": "the sum of",
    "mean": "the mean of",
    "max": "the maximum of",
    "min": "the minimum of",
    "abs": "the absolute value of",
}
_OPEN = {"(": "open bracket", "[": "open square bracket", "{": "open brace", "|": "", "‖": ""}
_CLOSE = {")": "close bracket", "]": "close square bracket", "}": "close brace", "|": "", "‖": ""}
_POWERS = {2: "{base} squared", 3: "{base} cubed"}
_ROOTS = {2: "the square root of", 3: "the cube root of"}
_DOTS = {"horizontal": "and so on", "vertical": "and so on down", "diagonal": "and so on"}
_MARKS = {"struck": "struck out", "right": "right", "wrong": "wrong"}
_MOST_CELLS = 16  # a larger matrix is described by its shape


PHRASES = (
    *_OPERATORS.values(),
    *_OF.values(),
    *_OPEN.values(),
    *_CLOSE.values(),
    *_POWERS.values(),
    *_ROOTS.values(),
    *_DOTS.values(),
    *_MARKS.values(),
)


def spoken(piece: Layout, digits: int = 6, say: Language = ENGLISH) -> str:
    """Say the formula in words.

    >>> from gradwork.notation.layout import Derivative, call, equation, multiply
    >>> gradient = Derivative(Symbol("loss"), Symbol("w"))
    >>> spoken(equation(gradient, call("mean", multiply(Number(2), Symbol("error"), Symbol("x")))))
    'd loss by d w equals the mean of 2 times error times x'
    """
    return " ".join(_Speaker(digits, say).whole(piece).split())


def operator_spoken(operator: str, say: Language = ENGLISH) -> str:
    """What a sign between two sides says.

    >>> operator_spoken("≤")
    'is at most'
    """
    return say(_OPERATORS.get(operator, clean(operator)))


class _Speaker(Writer[str]):
    def __init__(self, digits: int, say: Language) -> None:
        self.digits = digits
        self.say = say

    def bracketed(self, written: str) -> str:
        return self.say("open bracket {body} close bracket", body=written)

    # --- leaves

    def number(self, piece: Number) -> str:
        value = piece.value
        if isinstance(value, float) and value != value:
            return self.say("not a number")
        text = decimal_text(value, piece.digits or self.digits)
        mantissa, exponent = mantissa_and_exponent(text)
        said = self._digits(mantissa)
        if exponent is None:
            return said
        return self.say(
            "{number} times 10 to the power of {exponent}", number=said, exponent=self._digits(f"{exponent}")
        )

    def _digits(self, text: str) -> str:
        text = text.replace("inf", self.say("infinity"))
        return text.replace("-", f"{self.say('minus')} ").replace("+", self.say("plus"))

    def symbol(self, piece: Symbol) -> str:
        name, index = split_name(piece.name)
        letters = "".join(f" {GREEK_NAMES[letter]} " if letter in GREEK_NAMES else letter for letter in clean(name))
        return f"{letters.replace('_', ' ')} {index}"

    def words(self, piece: Words) -> str:
        return clean(piece.text)

    def dots(self, piece: pieces.Dots) -> str:
        return self.say(_DOTS.get(piece.direction, _DOTS["horizontal"]))

    def blank(self, piece: pieces.Blank) -> str:
        if piece.again or not piece.choices:
            return self.say("blank {number}", number=piece.number)
        choices = "; ".join(clean(choice) for choice in piece.choices)
        return self.say("blank {number}, one of: {choices}; end of choices", number=piece.number, choices=choices)

    # --- rows

    def sum(self, piece: pieces.Sum) -> str:
        said = []
        for position, (sign, term) in enumerate(zip(piece.signs, piece.terms, strict=True)):
            word = self.say("minus") if sign < 0 else self.say("plus") if position else ""
            said.append(f"{word} {self.part(piece, term, position)}")
        return " ".join(said)

    def product(self, piece: pieces.Product) -> str:
        factors = (self.part(piece, factor, i) for i, factor in enumerate(piece.factors))
        return f" {self.say('times')} ".join(factors)

    def infix(self, piece: pieces.Infix) -> str:
        operands = (self.part(piece, operand, i) for i, operand in enumerate(piece.operands))
        return f" {operator_spoken(piece.operator, self.say)} ".join(operands)

    def listed(self, piece: pieces.Listed) -> str:
        return ", ".join(self.write(item) for item in piece.items)

    # --- signs around a piece

    def negative(self, piece: Negative) -> str:
        return f"{self.say('minus')} {self.part(piece, piece.body, 0)}"

    def fraction(self, piece: pieces.Fraction) -> str:
        return f"{self.part(piece, piece.top, 0)} {self.say('over')} {self.part(piece, piece.bottom, 1)}"

    def power(self, piece: pieces.Power) -> str:
        base = self.part(piece, piece.base, 0)
        value = piece.exponent.value if isinstance(piece.exponent, Number) else None
        if value in _POWERS and not isinstance(value, complex):
            return self.say(_POWERS[int(value or 0)], base=base)
        return self.say("{base} to the power of {exponent}", base=base, exponent=self.part(piece, piece.exponent, 1))

    def transpose(self, piece: pieces.Transpose) -> str:
        return self.say("{matrix} transposed", matrix=self.part(piece, piece.body, 0))

    def subscript(self, piece: pieces.Subscript) -> str:
        indices = " ".join(self.write(index) for index in piece.indices)
        return self.say("{name} sub {indices}", name=self.part(piece, piece.base, 0), indices=indices)

    def root(self, piece: pieces.Root) -> str:
        known = _ROOTS.get(piece.degree)
        opening = self.say(known) if known else self.say("the root of degree {degree} of", degree=piece.degree)
        return f"{opening} {self._grouped(piece.body)}"

    def call(self, piece: pieces.Call) -> str:
        known = _OF.get(piece.name)
        name = clean(piece.name).replace("_", " ")
        opening = self.say(known) if known else self.say("{function} of", function=name)
        below = f", {self.write(piece.below)}," if piece.below is not None else ""
        one = len(piece.arguments) == 1
        said = f" {self.say('and')} ".join(self._grouped(a) if one else self.write(a) for a in piece.arguments)
        return f"{opening}{below} {said}"

    def _grouped(self, body: Layout) -> str:
        # "the mean of a plus b" would leave open where the mean ends.
        said = self.write(body)
        return self.bracketed(said) if isinstance(body, (pieces.Sum, pieces.Infix, pieces.Negative)) else said

    def fence(self, piece: pieces.Fence) -> str:
        body = self.write(piece.body)
        if piece.left == piece.right == "|":
            return self.say("the absolute value of {body}, end of absolute value", body=body)
        if piece.left == piece.right == "‖":
            return self.say("the norm of {body}, end of norm", body=body)
        left, right = _OPEN.get(piece.left, clean(piece.left)), _CLOSE.get(piece.right, clean(piece.right))
        return f"{self.say(left)} {body} {self.say(right)}"

    def bigsum(self, piece: pieces.BigSum) -> str:
        body = self.part(piece, piece.body, 0)
        if piece.below is None:
            return self.say("the sum of {body}", body=body)
        below = self.write(piece.below)
        if piece.above is None:
            return self.say("the sum over {below} of {body}", below=below, body=body)
        return self.say(
            "the sum from {below} to {above} of {body}", below=below, above=self.write(piece.above), body=body
        )

    def derivative(self, piece: pieces.Derivative) -> str:
        top, bottom = self.part(piece, piece.top, 0), self.part(piece, piece.bottom, 1)
        order = {1: "", 2: self.say("second derivative: ")}.get(piece.order)
        if order is None:
            order = self.say("derivative of order {order}: ", order=piece.order)
        if piece.partial:
            return order + self.say("partial {top} by partial {bottom}", top=top, bottom=bottom)
        return order + self.say("d {top} by d {bottom}", top=top, bottom=bottom)

    def marked(self, piece: pieces.Marked) -> str:
        mark = _MARKS.get(piece.kind)
        return f"{self.write(piece.body)}, {self.say(mark)}," if mark else self.write(piece.body)

    # --- tables

    def matrix(self, piece: pieces.Matrix) -> str:
        shape = piece.shape or (len(piece.rows), max((len(row) for row in piece.rows), default=0))
        size = f" {self.say('by')} ".join(str(length) for length in shape)
        if sum(len(row) for row in piece.rows) > _MOST_CELLS:
            return self.say("a vector of {size}" if len(shape) == 1 else "a {size} matrix", size=size)
        rows = "; ".join(", ".join(self.write(cell) for cell in row) for row in piece.rows)
        if len(shape) == 1:
            return self.say("the vector of {size}: {rows}; end of vector", size=size, rows=rows)
        return self.say("the {size} matrix: {rows}; end of matrix", size=size, rows=rows)

    def cases(self, piece: pieces.Cases) -> str:
        return "; ".join(f"{self.write(value)} {self._condition(condition)}" for value, condition in piece.cases)

    def _condition(self, condition: Layout) -> str:
        said = self.write(condition)
        return said if isinstance(condition, Words) else f"{self.say('if')} {said}"
