"""Mistakes of a calculus text, in formulas of single numbers: each is found and has its name."""

from __future__ import annotations

import pytest

import gradwork as gw

# the loss, what somebody made of it, and the causes that may be named
MISTAKES = [
    ("x^3", "x^2", "GW273 GW245"),
    ("x^3", "3*x^3", "GW273"),
    ("x^4", "4*x^2", "GW286"),
    ("x^3", "2*x^2", "GW286"),
    ("x^3", "x^4/4", "GW286"),
    ("x^5", "20*x^3", "GW286"),
    ("1/x", "-1/x", "GW286"),
    ("1/x", "1/x^2", "GW203"),
    ("sqrt(x)", "sqrt(x)/2", "GW286"),
    ("sqrt(x)", "1/sqrt(x)", "GW202"),
    ("tan(x)", "1/cos(x)", "GW286"),
    ("exp(x)", "x*exp(x-1)", "GW286"),
    ("exp(3*x)", "3*x*exp(3*x-1)", "GW286"),
    ("2^x", "x*2^(x-1)", "GW286"),
    ("2^x", "2^x", "GW245 GW209"),
    ("exp(2*x)", "exp(2*x)", "GW209"),
    ("cos(x)", "sin(x)", "GW203"),
    ("log(x)", "x*log(x) - x", "GW286"),
    ("(2*x+1)^3", "3*(2*x+1)^2", "GW209 GW245"),
    ("(3*x+1)^4", "4*3^3", "GW286"),
    ("(2*x+1)^3", "6*(2*x+1)^3", "GW273"),
    ("sin(x^2)", "cos(2*x)", "GW286"),
    ("sin(x^2)", "2*x*cos(2*x)", "GW286"),
    ("sin(x^2)", "cos(x^2)", "GW209"),
    ("exp(x^3)", "x^3*exp(x^3)", "GW286 GW273"),
    ("sin(x)^2", "cos(x)^2", "GW286"),
    ("x*sin(x)", "cos(x)", "GW286"),
    ("x^2*exp(x)", "2*x*exp(x)", "GW286 GW214 GW227"),
    ("x*sin(x)", "sin(x) - x*cos(x)", "GW243 GW203"),
    ("sin(x)/x", "cos(x)", "GW286"),
    ("sin(x)/x", "(x*cos(x) - sin(x))/x", "GW286"),
    ("sin(x)/x", "x*cos(x) - sin(x)", "GW286"),
    ("x/(x+2)", "(x + (x+2))/(x+2)^2", "GW243"),
    ("x^2 + 3*x", "2*x + 3*x", "GW286"),
    ("x^2 + 3*x + 7", "2*x + 3 + 7", "GW286"),
    ("x^2 + 3*x", "2*x", "GW207 GW214"),
    ("5*x^2", "2*x", "GW245 GW209"),
    ("5*x^2", "10", "GW286"),
    ("tanh(x)", "1 - x^2", "GW210"),
    ("sigmoid(x)", "sigmoid(x)", "GW211"),
]


@pytest.mark.parametrize(("loss", "gradient", "codes"), MISTAKES, ids=lambda text: text.replace(" ", ""))
@pytest.mark.parametrize("x", [0.83, 1.37, 0.61])
def test_a_mistake_has_its_name(loss: str, gradient: str, codes: str, x: float) -> None:
    found = gw.check(loss, gradient, x)
    assert not found.ok
    assert found.diagnoses, str(found)
    assert found.diagnoses[0].cause.code in codes.split(), str(found)


RIGHT = [
    ("x^3", "3*x^2"),
    ("sin(x)^2", "2*sin(x)*cos(x)"),
    ("sin(x)^2", "sin(2*x)"),
    ("sin(x)/x", "(x*cos(x) - sin(x))/x^2"),
    ("2^x", "2^x*log(2)"),
    ("x^x", "x^x*(log(x) + 1)"),
    ("exp(-x^2)", "-2*x*exp(-x^2)"),
    ("log(x^2 + 1)", "2*x/(x^2 + 1)"),
    ("tan(x)", "1 + tan(x)^2"),
]


@pytest.mark.parametrize(("loss", "gradient"), RIGHT)
def test_what_is_right_passes_in_any_form(loss: str, gradient: str) -> None:
    found = gw.check(loss, gradient, 0.83)
    assert found.ok and not found.diagnoses


def test_one_rule_may_be_wrong_for_one_of_two_parameters() -> None:
    found = gw.check("(w*x + b)^3", {"w": "3*(w*x + b)^2", "b": "3*(w*x + b)^2"}, kwargs={"w": 0.7, "x": 1.3, "b": 0.4})
    assert found.verdicts["b"].right and not found.verdicts["w"].right
    assert found.diagnoses[0].cause.code == "GW209"


def test_no_rule_is_blamed_by_chance() -> None:
    for wrong in ("0.41*x + 0.2", "x^2 - 0.313", "cos(x)/7.1", "1.234567"):
        assert not gw.check("x*sin(x) + x^2/3", wrong, 0.83).diagnoses
