"""The layout tree: how a piece of mathematics is laid out, and nothing of what it means.

A dozen kinds of piece are enough for every op. A format turns each kind into its own marks; it never
meets an op. Pieces are frozen and hold only other pieces, strings and numbers.

Who needs a fence (a pair of brackets) is decided here, once, by `binding` and `needs_fence`; a format
says only which of its layouts already hold together by themselves (a stacked fraction, a raised exponent).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from gradwork.notation.numbers import decimal_text


@dataclass(frozen=True, slots=True)
class Layout:
    """Any piece. Use one of the classes below."""

    def parts(self) -> Iterator[Layout]:
        """The pieces directly inside this one, in reading order."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Layout):
                yield value
            elif isinstance(value, tuple):
                for row in value:
                    yield from (p for p in (row if isinstance(row, tuple) else (row,)) if isinstance(p, Layout))


@dataclass(frozen=True, slots=True)
class Number(Layout):
    """A number. `digits` significant digits at most; None leaves it to the page."""

    value: float | int | complex | bool
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Symbol(Layout):
    """A name as the user wrote it: `w`, `yhat`, `W1`, `learning_rate`, `alpha`."""

    name: str


@dataclass(frozen=True, slots=True)
class Words(Layout):
    """Plain words inside mathematics: "for each row"."""

    text: str


@dataclass(frozen=True, slots=True)
class Sum(Layout):
    """Terms joined by + and -. `signs[i]` is +1 or -1 and belongs to `terms[i]`."""

    terms: tuple[Layout, ...]
    signs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Product(Layout):
    """Factors side by side, as in 2 error x. Two numbers that meet get a dot or a cross between them."""

    factors: tuple[Layout, ...]


@dataclass(frozen=True, slots=True)
class Infix(Layout):
    """Any other operator between pieces: `@`, `=`, `<`, `→`, `≈`, `and`."""

    operator: str
    operands: tuple[Layout, ...]


@dataclass(frozen=True, slots=True)
class Negative(Layout):
    """A minus sign before one piece."""

    body: Layout


@dataclass(frozen=True, slots=True)
class Fraction(Layout):
    """Top over bottom."""

    top: Layout
    bottom: Layout


@dataclass(frozen=True, slots=True)
class Power(Layout):
    """A base with a raised exponent."""

    base: Layout
    exponent: Layout


@dataclass(frozen=True, slots=True)
class Transpose(Layout):
    """A matrix with a raised T."""

    body: Layout


@dataclass(frozen=True, slots=True)
class Subscript(Layout):
    """A piece with lowered indices, which count from 1: `W` with (2, 3)."""

    base: Layout
    indices: tuple[Layout, ...]


@dataclass(frozen=True, slots=True)
class Root(Layout):
    """A square root, or another root where `degree` says so."""

    body: Layout
    degree: int = 2


@dataclass(frozen=True, slots=True)
class Call(Layout):
    """A named function of its arguments: mean(u), log(x). `below` are small remarks, such as an axis."""

    name: str
    arguments: tuple[Layout, ...]
    below: Layout | None = None


@dataclass(frozen=True, slots=True)
class Fence(Layout):
    """A piece between two marks: ( ), [ ], | |, ‖ ‖."""

    left: str
    body: Layout
    right: str


@dataclass(frozen=True, slots=True)
class BigSum(Layout):
    """A sum sign with what runs below and above it, before its body."""

    body: Layout
    below: Layout | None = None
    above: Layout | None = None


@dataclass(frozen=True, slots=True)
class Derivative(Layout):
    """d top / d bottom, of `order`; `partial` writes the rounded d. The top may be any piece."""

    top: Layout
    bottom: Layout
    order: int = 1
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Matrix(Layout):
    """A table of pieces in square brackets. A missing corner is shown by `Dots` pieces.

    `shape` is the shape of the whole array that the cells stand for; a vector has one row or one column.
    """

    rows: tuple[tuple[Layout, ...], ...]
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Dots(Layout):
    """Left-out entries; `direction` is "horizontal", "vertical" or "diagonal"."""

    direction: str = "horizontal"


@dataclass(frozen=True, slots=True)
class Cases(Layout):
    """One value or another: each case is (value, condition); the last condition may be Words("otherwise")."""

    cases: tuple[tuple[Layout, Layout], ...]


@dataclass(frozen=True, slots=True)
class Listed(Layout):
    """Pieces in a row, separated by `separator` (a comma, or a space)."""

    items: tuple[Layout, ...]
    separator: str = ", "


@dataclass(frozen=True, slots=True)
class Blank(Layout):
    """A numbered place for an answer.

    again:   the same blank met once more on the page: its number stands there, and nothing is written in.
    choices: the answers to choose from, where it is no number.
    label:   in words what belongs there: "row 2, column 1 of dW".
    """

    number: int
    again: bool = False
    choices: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Marked(Layout):
    """A piece that carries a mark for the eye: `kind` is "new", "struck", "right", "wrong" or "result"."""

    body: Layout
    kind: str


# How tightly each kind holds together: a piece inside a tighter one needs a fence.
_BINDING: dict[type[Layout], int] = {
    Cases: 0,
    Listed: 0,
    Infix: 1,
    Sum: 2,
    Negative: 3,
    BigSum: 3,
    Product: 4,
    Fraction: 4,
    Derivative: 4,
    Power: 6,
    Transpose: 6,
}
_ATOM = 9

# The operators that multiply or divide; any other joins relations, as `=` and `and` do.
_MULTIPLYING = frozenset("⊙ ⊗ ∘ · × * / % // ÷ mod".split())


def binding(piece: Layout) -> int:
    """How tightly `piece` holds together, from 0 (a list) and 1 (a relation) to 9 (a symbol)."""
    if isinstance(piece, Marked):
        return binding(piece.body)
    if isinstance(piece, Number):
        return _number_binding(piece)
    if isinstance(piece, Infix):
        return 5 if piece.operator == "@" else 4 if piece.operator in _MULTIPLYING else 1
    return _BINDING.get(type(piece), _ATOM)


def _number_binding(piece: Number) -> int:
    value = piece.value
    if isinstance(value, complex):
        return 2
    if isinstance(value, bool) or value != value:
        return _ATOM
    if value < 0:
        return 3
    return 4 if "e" in decimal_text(value) else _ATOM


def needs_fence(parent: Layout, child: Layout, position: int, *, stacked: bool = False) -> bool:
    """Whether `child`, the `position`-th part of `parent`, has to stand in brackets.

    `stacked` says that the format sets fractions one above the other and raises exponents, so that
    numerators, denominators, exponents and roots hold together without brackets.

    >>> x, y = Symbol("x"), Symbol("y")
    >>> needs_fence(Product((x, x)), Sum((x, y), (1, 1)), 0)
    True
    >>> needs_fence(Fraction(x, y), Sum((x, y), (1, 1)), 0, stacked=True)
    False
    """
    inner = binding(child)
    match parent:
        case Sum():
            return inner <= 1 or (inner <= 3 and position > 0 and not _is(child, BigSum)) or _is(child, Sum)
        case Product(factors=factors):
            if _is(child, BigSum):
                return position < len(factors) - 1  # a sum sign takes in all that follows it
            return inner in (1, 2, 5) or (inner == 3 and position > 0) or (_is(child, Infix) and inner < 5)
        case Negative():
            return inner <= 3
        case Infix(operator="@"):
            return inner <= 4 or (_is(child, Infix) and position > 0)
        case Infix(operator=operator) if operator in _MULTIPLYING:
            return inner <= 3 or _is(child, Infix) or (_is(child, Product) and position > 0)
        case Infix(operator=operator):
            return (inner < 1 and operator != "=") or (_is(child, Infix) and inner == 1 and not _joins(operator))
        case Fraction():
            return not stacked and (
                inner <= 2 or _is(child, BigSum, Fraction, Derivative) or position * inner in (3, 4, 5)
            )
        case Derivative():
            return inner < _ATOM and (position > 0 or not _is(child, Power, Transpose))
        case Power() | Subscript():
            return inner < _ATOM if position == 0 else (not stacked and inner < _ATOM)
        case Transpose():
            return inner < _ATOM
        case BigSum():
            return position == 0 and inner <= 2
        case _:
            return False


def _is(piece: Layout, *kinds: type[Layout]) -> bool:
    while isinstance(piece, Marked):
        piece = piece.body
    return isinstance(piece, kinds)


def _joins(operator: str) -> bool:
    # "a < b and b < c", "f: a = b → c = d" need no brackets; (a < b) = c does.
    return operator.isalpha() or operator in ("→", "⇒", "⟹", ":", ",", ";", "=", "≈")


def add(*terms: Layout) -> Layout:
    """A sum; sums inside it join it, and a term that begins with a minus sign is subtracted."""
    flat: list[tuple[int, Layout]] = []
    for term in terms:
        flat += _signed(term, 1)
    return _sum_of(flat)


def subtract(left: Layout, right: Layout) -> Layout:
    """A difference; the right side keeps its own brackets where it is a sum."""
    return _sum_of([*_signed(left, 1), (-1, right)])


def _signed(term: Layout, sign: int) -> list[tuple[int, Layout]]:
    if isinstance(term, Sum):
        return [(sign * s, t) for s, t in zip(term.signs, term.terms, strict=True)]
    if isinstance(term, Negative):
        return [(-sign, term.body)]
    return [(sign, term)]


def _sum_of(flat: list[tuple[int, Layout]]) -> Layout:
    if len(flat) == 1 and flat[0][0] == 1:
        return flat[0][1]
    return Sum(tuple(t for _, t in flat), tuple(s for s, _ in flat))


def multiply(*factors: Layout) -> Layout:
    """A product; products inside it join it."""
    flat: list[Layout] = []
    for factor in factors:
        flat += factor.factors if isinstance(factor, Product) else (factor,)
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def ordered_product(*factors: Layout) -> Layout:
    """A product with its numbers in front, as it is written by hand: x times 2 is 2 x."""
    product = multiply(*factors)
    if not isinstance(product, Product):
        return product
    if all(isinstance(f, Number) for f in product.factors):
        return product
    numbers = [f for f in product.factors if isinstance(f, Number)]
    return Product((*numbers, *(f for f in product.factors if not isinstance(f, Number))))


def call(name: str, *arguments: Layout, below: Layout | None = None) -> Layout:
    """A named function of its arguments."""
    return Call(name, arguments, below)


def equation(*sides: Layout) -> Layout:
    """Sides joined by equals signs."""
    return sides[0] if len(sides) == 1 else Infix("=", sides)


def infix(operator: str, *operands: Layout) -> Layout:
    """Operands joined by any operator."""
    return Infix(operator, operands)


def fence(marks: str, body: Layout) -> Layout:
    """A piece between `marks`: one mark for both sides, or a left and a right one."""
    return Fence(marks[0], body, marks[-1])


def row_vector(cells: Sequence[Layout], shape: tuple[int, ...] = ()) -> Layout:
    """One row in square brackets."""
    return Matrix((tuple(cells),), shape or (len(cells),))
