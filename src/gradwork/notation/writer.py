"""What every reading of a layout shares: finding the method for a piece, trimming, and where a product needs a dot.

A format turns a formula into its own marks by a `Writer` with one method a kind of piece, named like the kind in
small letters: `fraction` for `Fraction`. Writers recurse, so what they are given is trimmed first: nobody reads a
formula that is nested a hundred deep, and Python could not either.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Generic, TypeVar

from gradwork.notation.layout import (
    Blank,
    Call,
    Derivative,
    Dots,
    Fraction,
    Layout,
    Marked,
    Matrix,
    Negative,
    Number,
    Power,
    Product,
    Subscript,
    Symbol,
    Transpose,
    Words,
    needs_fence,
)

Written = TypeVar("Written")

DEEPEST = 100
MOST_PIECES = 6_000

# A bracket right after one of these would read as the argument of a function.
_LIKE_A_FUNCTION = (Symbol, Subscript, Transpose, Power, Call)


class Writer(Generic[Written]):
    """Turns a layout into `Written`. A subclass has a method for each kind of piece.

    `stacked` says that fractions are set one above the other and exponents are raised.
    """

    stacked = False
    deepest = DEEPEST

    def whole(self, piece: Layout) -> Written:
        """The formula `piece`, trimmed first where it is too deep or too large."""
        return self.write(trimmed(piece, self.deepest))

    def write(self, piece: Layout) -> Written:
        """One piece with all that is inside it."""
        for kind in type(piece).__mro__:
            method = getattr(self, kind.__name__.lower(), None)
            if method is not None and kind is not Layout:
                written: Written = method(piece)
                return written
        raise NotImplementedError(f"{type(self).__name__} cannot write a {type(piece).__name__}")

    def part(self, parent: Layout, child: Layout, position: int) -> Written:
        """A piece inside `parent`, in brackets where it needs them."""
        written = self.write(child)
        return self.bracketed(written) if self.fenced(parent, child, position) else written

    def fenced(self, parent: Layout, child: Layout, position: int) -> bool:
        """Whether the child stands in brackets."""
        return needs_fence(parent, child, position, stacked=self.stacked)

    def bracketed(self, written: Written) -> Written:
        """What was written, between round brackets."""
        raise NotImplementedError


def trimmed(piece: Layout, deepest: int = DEEPEST, most: int = MOST_PIECES) -> Layout:
    """`piece` itself, or a copy with dots where it is nested more than `deepest` deep or has too many pieces.

    >>> from gradwork.notation.layout import Negative, Symbol
    >>> trimmed(Negative(Negative(Negative(Symbol("x")))), deepest=2)
    Negative(body=Negative(body=Dots(direction='horizontal')))
    """
    if _fits(piece, deepest, most):
        return piece
    copy: Layout = _Trimmer(most).trim(piece, deepest)
    return copy


def _fits(piece: Layout, deepest: int, most: int) -> bool:
    waiting, seen = [(piece, 0)], 0
    while waiting:
        current, depth = waiting.pop()
        seen += 1
        if depth > deepest or seen > most:
            return False
        waiting += [(part, depth + 1) for part in current.parts()]
    return True


class _Trimmer:
    """Copies a tree down to a depth, and only so many pieces of it: a tree that shares its parts can be endless."""

    def __init__(self, most: int) -> None:
        self.left = most

    def trim(self, value: Any, deepest: int) -> Any:
        if isinstance(value, tuple):
            return tuple(self.trim(item, deepest) for item in value)
        if not isinstance(value, Layout):
            return value
        self.left -= 1
        if self.left < 0 or (deepest <= 0 and any(True for _ in value.parts())):
            return Dots()
        changes = {field.name: self.trim(getattr(value, field.name), deepest - 1) for field in fields(value)}
        return replace(value, **changes)


def needs_dot(left: Layout, right: Layout, *, right_fenced: bool, stacked: bool) -> bool:
    """Whether two factors need a dot between them, or may stand side by side.

    >>> needs_dot(Number(2), Number(4), right_fenced=False, stacked=True)
    True
    """
    if isinstance(left, Words) or isinstance(right, Words):
        return False
    solid = (Derivative, Matrix, Blank, Dots) if stacked else (Derivative, Matrix, Blank, Dots, Fraction)
    if isinstance(_bare(left), solid) or isinstance(_bare(right), solid):
        return True
    first = _leading(right)
    if isinstance(first, (Number, Negative)):
        return True
    if isinstance(first, Fraction):
        return isinstance(_bare(left), (Number, Fraction))
    return right_fenced and isinstance(_bare(left), _LIKE_A_FUNCTION)


def _bare(piece: Layout) -> Layout:
    while isinstance(piece, Marked):
        piece = piece.body
    return piece


def _leading(piece: Layout) -> Layout:
    """The piece that the eye meets first."""
    while True:
        match piece:
            case Marked(body=inner) | Transpose(body=inner) | Power(base=inner) | Subscript(base=inner):
                piece = inner
            case Product(factors=(inner, *_)):
                piece = inner
            case _:
                return piece
