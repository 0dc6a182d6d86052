"""A gradient given as formulas: read by name, for one argument or several, and refused with the place that is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import FormulaError

X, Y = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0, 9.0])
LOSS = "error = w*x + b - y; loss = mean(error^2)"
POINT = {"w": 1.0, "x": X, "b": 0.5, "y": Y}


def test_a_single_formula_is_the_gradient_by_wrt() -> None:
    assert gw.check(LOSS, "2*mean(error*x)", wrt="w", kwargs=POINT).ok
    assert not gw.check(LOSS, "2*mean(error)", wrt="w", kwargs=POINT).ok


def test_lines_named_after_the_arguments_are_their_gradients() -> None:
    found = gw.check(LOSS, "back = 2*error/3; dw = sum(back*x); db = sum(back)", kwargs=POINT)
    assert found.ok and set(found.verdicts) == {"w", "b"}


def test_a_dict_and_a_tuple_of_formulas() -> None:
    loss = lambda w, b, x, y: np.mean((w * x + b - y) ** 2)  # noqa: E731
    assert gw.check(loss, {"w": "2*mean((w*x + b - y)*x)", "b": "2*mean(w*x + b - y)"}, 1.0, 0.5, X, Y).ok
    assert gw.check(loss, ("2*mean((w*x + b - y)*x)", "2*mean(w*x + b - y)"), 1.0, 0.5, X, Y).ok


def test_a_line_of_the_gradient_takes_the_place_of_the_losss_own() -> None:
    found = gw.check(LOSS, "error = w*x - y; dw = 2*mean(error*x)", kwargs=POINT)
    assert not found.ok


def test_numbers_in_words_are_numbers() -> None:
    assert gw.check("x^2", "6", 3.0).ok
    found = gw.check("x^2", "5", 3.0)
    assert not found.ok and not found.diagnoses


def test_matrices() -> None:
    W, x = np.arange(6.0).reshape(2, 3) + 1, np.array([[1.0], [2.0], [5.0]])
    assert gw.check("sum((W @ x)^2)", "2*(W @ x) @ x.T", W, x, wrt="W").ok


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        ("2*z", "z has no value"),
        ("2*", "ends after"),
        ("2*x^T", "W.T for the transpose"),
        ("foo(x)", "no function named foo"),
    ],
)
def test_what_cannot_be_read_is_shown_where(gradient: str, words: str) -> None:
    with pytest.raises(FormulaError) as caught:
        gw.check("x^2", gradient, 3.0)
    assert words in str(caught.value)


def test_a_formula_is_parsed_and_never_run() -> None:
    with pytest.raises(FormulaError):
        gw.check("x^2", "__import__('os').getcwd()", 3.0)
