"""How formulas are read aloud."""

from __future__ import annotations

import pytest

from gradwork.notation.language import Language
from gradwork.notation.layout import (
    Blank,
    Call,
    Derivative,
    Fraction,
    Infix,
    Layout,
    Matrix,
    Number,
    Power,
    Product,
    Subscript,
    Sum,
    Symbol,
    Transpose,
    equation,
)
from gradwork.notation.speech import spoken

x, y, w = Symbol("x"), Symbol("y"), Symbol("w")


@pytest.mark.parametrize(
    ("piece", "said"),
    [
        (Number(-1.5), "minus 1.5"),
        (Number(2e-8), "2 times 10 to the power of minus 8"),
        (Number(float("nan")), "not a number"),
        (Number(float("-inf")), "minus infinity"),
        (Symbol("learning_rate"), "learning rate"),
        (Symbol("η"), "eta"),
        (Symbol("W1"), "W 1"),
        (Power(x, Number(2)), "x squared"),
        (Power(x, y), "x to the power of y"),
        (Sum((x, y), (1, -1)), "x minus y"),
        (Product((Number(2), Sum((x, y), (1, 1)))), "2 times open bracket x plus y close bracket"),
        (Fraction(x, y), "x over y"),
        (Derivative(Symbol("loss"), w), "d loss by d w"),
        (Call("mean", (Sum((x, y), (1, 1)),)), "the mean of open bracket x plus y close bracket"),
        (Call("tanh", (x,)), "tanh of x"),
        (Infix("@", (Symbol("X"), Transpose(Symbol("A")))), "X matrix times A transposed"),
        (equation(Subscript(x, (Number(1),)), Blank(3)), "x sub 1 equals blank 3"),
        (Matrix(((Number(1), Number(2)),)), "the 1 by 2 matrix: 1, 2; end of matrix"),
        (Matrix(((Number(1),) * 20,), (20,)), "a vector of 20"),
    ],
)
def test_spoken(piece: Layout, said: str) -> None:
    assert spoken(piece) == said


def test_another_language_puts_the_parts_where_it_wants_them() -> None:
    latin = Language("la", "Latine", {"{base} squared": "quadratum de {base}", "plus": "et", "minus": "sine"})
    piece = Sum((Power(x, Number(2)), Number(-1.5)), (1, 1))
    assert spoken(piece, say=latin) == "quadratum de x et open bracket sine 1.5 close bracket"
    assert spoken(Symbol("{base}"), say=latin) == "{base}"


def test_what_is_in_braces_is_never_filled_in_twice() -> None:
    assert spoken(Power(Symbol("{exponent}"), y)) == "{exponent} to the power of y"
