"""By the rules: the textbook's steps, the textbook's names, and numbers that are right."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.errors import ArgumentError, GradworkError
from gradwork.gradients.expression import one_line

CARS = {"x": np.array([4.0, 4.0, 7.0]), "y": np.array([2.0, 10.0, 4.0]), "w": 0.5, "b": -1.0}
LINES = "yhat = x*w + b; error = yhat - y; loss = mean(error^2)"


def test_a_free_symbol_stays_a_symbol() -> None:
    made = gw.derive("x^n", wrt="x")
    assert str(made.result) == "n x^(n - 1)"
    assert made.value is None
    assert made.result.value(x=2.0, n=3.0) == 12.0
    assert made.steps[0].rule == "power rule"


@pytest.mark.parametrize(
    ("formula", "rules", "result"),
    [
        ("7", [], "0"),
        ("3*x", ["constant factor rule", "power rule"], "3"),
        ("x^3", ["power rule"], "3 x^2"),
        ("x + sin(x)", ["sum rule", "sine rule"], "1 + cos(x)"),
        ("x*exp(x)", ["product rule", "exponential rule"], "e^x + x e^x"),
        ("sin(x)/x", ["quotient rule", "sine rule"], "(cos(x) x - sin(x))/x^2"),
        ("log(x)", ["logarithm rule"], "1/x"),
        ("exp(-x)", ["exponential rule", "constant factor rule"], "-e^(-x)"),
        ("2^x", ["exponential rule"], "2^x log(2)"),
        ("sqrt(x)", ["square root rule"], "1/(2 sqrt(x))"),
        ("tan(x)", ["tangent rule"], "1 + tan(x)^2"),
        ("1/x", ["reciprocal rule"], "-1/x^2"),
        ("log(1 + x^2)", ["logarithm rule", "sum rule", "power rule"], "2 x/(1 + x^2)"),
        ("tanh(w*x)", ["tanh rule", "constant factor rule", "power rule"], None),
    ],
)
def test_textbook_rules_by_their_names(formula: str, rules: list[str], result: str | None) -> None:
    made = gw.derive(formula + " + 0*x" if formula == "7" else formula, wrt="x")
    if formula != "7":
        assert [s.rule for s in made.steps] == rules
    if result is not None and formula != "7":
        assert str(made.result) == result


def test_a_constant_has_slope_zero() -> None:
    made = gw.derive("a^2", wrt="x", kwargs={"a": 3.0, "x": 1.0})
    assert made.value == 0


def test_lines_come_one_by_one_and_the_chain_rule_puts_them_together() -> None:
    made = gw.derive(LINES, wrt="w", kwargs=CARS)
    assert [line.name for line in made.lines] == ["loss", "u", "error", "yhat"]
    assert " = ".join(map(one_line, made.chain)) == (
        "d loss/d w = mean(d u/d error * d error/d yhat * d yhat/d w) = mean(2 error x)"
    )
    error = CARS["x"] * CARS["w"] + CARS["b"] - CARS["y"]
    assert made.value == pytest.approx(np.mean(2 * error * CARS["x"]), rel=1e-15)
    assert [one_line(e.body) for e in made.numbers] == [
        "2 * (-1) * 4 = -8",
        "2 * (-9) * 4 = -72",
        "2 * (-1.5) * 7 = -21",
        "mean over all 3 rows = -33.6667",
    ]


def test_constants_drop_out_and_are_named() -> None:
    made = gw.derive(LINES, wrt="b", kwargs=CARS)
    notes = [step.note for step in made.steps if step.note]
    assert notes == [
        "y does not depend on yhat: constant rule, 0",
        "x w does not depend on b: constant rule, 0",
    ]


def test_several_parameters_give_several_derivations() -> None:
    slope_w, slope_b = gw.derive(LINES, wrt=("w", "b"), kwargs=CARS)
    assert (slope_w.wrt, slope_b.wrt) == ("w", "b")


def test_higher_derivatives() -> None:
    made = gw.derive("x^4", wrt="x", kwargs={"x": 2.0}, order=3)
    assert (made.value, made.higher.value, made.higher.higher.value) == (32.0, 48.0, 48.0)
    assert str(made.higher.higher.result) == "24 x"


def test_a_function_is_derived_like_a_formula() -> None:
    def loss(x: float, w: float) -> float:
        error = x * w - 1
        return error**2

    made = gw.derive(loss, 3.0, 2.0, wrt="w")
    assert str(made.result) == "2 error x"
    assert made.value == 30.0


def test_a_value_that_is_used_twice_brings_both_paths() -> None:
    made = gw.derive("u = x^2; loss = u*sin(u)", wrt="x", kwargs={"x": 1.3})
    x = 1.3
    assert made.value == pytest.approx((np.sin(x**2) + x**2 * np.cos(x**2)) * 2 * x, rel=1e-14)


def network() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    shapes = {"X": (4, 2), "W1": (2, 3), "b1": (3,), "W2": (3, 1), "b2": (1,), "Y": (4, 1)}
    return {name: random.normal(size=shape) for name, shape in shapes.items()}


NET = "z1 = X @ W1 + b1; a1 = relu(z1); z2 = a1 @ W2 + b2; loss = mean((z2 - Y)^2)"


@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2", "X"])
def test_matrices_are_derived_one_rule_a_line(name: str) -> None:
    values = network()
    made = gw.derive(NET, wrt=name, kwargs=values)
    np.testing.assert_allclose(made.value, gw.grad(NET, wrt=name)(**values), rtol=1e-13)


def test_the_matrix_product_rule_is_printed_with_transposes() -> None:
    made = gw.derive(NET, wrt="W1", kwargs=network())
    text = [str(step) for step in made.steps]
    assert any("d loss/d W1 = X^T @ (d loss/d z1)" in t for t in text)
    assert any("relu rule: d loss/d z1 = d loss/d a1 (*) [z1 > 0]" in t for t in text)


def test_what_cannot_be_derived_is_said() -> None:
    with pytest.raises(ArgumentError, match="no argument of that name"):
        gw.derive("x^2", wrt="z")
    with pytest.raises(ArgumentError, match="table"):
        gw.derive("X @ W", wrt="W", kwargs={"X": np.ones((2, 2)), "W": np.ones((2, 2))})
    with pytest.raises(ArgumentError, match="order"):
        gw.derive("x^2", wrt="x", order=0)


# -- random formulas: the printed result, the value and the other ways are one ----------------------------------------

LEAVES = st.sampled_from(["x", "x", "x", "a", "2", "3", "0.5", "1", "0"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda p: f"({p[0]} + {p[1]})"),
        pair.map(lambda p: f"({p[0]} - {p[1]})"),
        pair.map(lambda p: f"({p[0]} * {p[1]})"),
        pair.map(lambda p: f"({p[0]} / (2 + ({p[1]})^2))"),
        inner.map(lambda s: f"(-{s})"),
        inner.map(lambda s: f"sin({s})"),
        inner.map(lambda s: f"tanh({s})"),
        inner.map(lambda s: f"exp(0.1*tanh({s}))"),
        inner.map(lambda s: f"log(2 + sin({s}))"),
        inner.map(lambda s: f"({s})^2"),
        inner.map(lambda s: f"({s})^1"),
        inner.map(lambda s: f"sqrt(3 + cos({s}))"),
    )


FORMULAS = st.recursive(LEAVES, _grown, max_leaves=12)


@settings(max_examples=60, deadline=None)
@given(formula=FORMULAS, x=st.floats(-2, 2), a=st.floats(-2, 2))
def test_rules_backprop_and_the_printed_result_agree_on_random_formulas(formula: str, x: float, a: float) -> None:
    values = {"x": x, "a": a}
    made = gw.derive(f"{formula} + 0*x*a", wrt="x", kwargs=values)
    back = gw.grad(f"{formula} + 0*x*a", wrt="x")(**values)
    scale = max(1.0, abs(back))
    assert abs(made.value - back) <= 1e-9 * scale
    assert abs(made.result.value(**values) - back) <= 1e-9 * scale
    again = gw.trace(_as_formula(str(made.result)), **values, e=np.e).run(x, a, np.e).outputs[0]
    assert abs(again - back) <= 1e-4 * scale


def _as_formula(printed: str) -> str:
    """The printed result as a formula: factors that stand side by side are multiplied."""
    return re.sub(r"(?<=[\w)]) (?=[\w(])", " * ", printed)


def test_errors_of_a_derivation_are_ours() -> None:
    with pytest.raises(GradworkError):
        gw.derive("x +", wrt="x")
