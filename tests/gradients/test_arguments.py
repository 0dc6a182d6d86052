"""Arguments that a gradient cannot be taken by, and calls in another form: what is said, and to whom."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, StepError


@pytest.mark.parametrize(
    "value, kind",
    [
        ("a", "a str"),
        (None, "a NoneType"),
        (np.array([["a"]]), "an array of dtype <U1"),
        (np.array([1.0, 2.0], object), "an array of dtype object"),
        (np.array(["2020"], "datetime64[D]"), "an array of dtype datetime64"),
        (Fraction(1, 2), "a Fraction"),
        (Decimal("0.5"), "a Decimal"),
        ([], "it is empty"),
    ],
)
@pytest.mark.parametrize("take", [gw.grad, gw.value_and_grad, gw.jacobian, gw.hessian])
def test_an_argument_without_numbers_is_named_with_its_kind(take: Any, value: Any, kind: str) -> None:
    with pytest.raises(ArgumentError, match="argument 0 holds no number") as told:
        take(lambda w: (w * 2 - 1) ** 2)(value)
    assert kind in str(told.value)


def test_an_error_of_the_function_is_shown_as_it_is() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        gw.grad(lambda w: w + "a")(1.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda given: gw.vjp(lambda w: w, 1.0, kwargs=given),
        lambda given: gw.jvp(lambda w: w, (1.0,), (1.0,), kwargs=given),
        lambda given: gw.nudge(lambda w: w, 1.0, kwargs=given),
        lambda given: gw.derive("w^2", kwargs=given),
        lambda given: gw.work(lambda w: w, 1.0, kwargs=given),
        lambda given: gw.compile(lambda w: w, 1.0, kwargs=given),
    ],
)
@pytest.mark.parametrize("given", [3, [("x", 1.0)], {1: 2.0}])
def test_keywords_are_a_dict_by_names(call: Any, given: Any) -> None:
    with pytest.raises(ArgumentError, match="kwargs is"):
        call(given)


def test_jvp_takes_its_arguments_as_a_tuple() -> None:
    with pytest.raises(ArgumentError, match="args is a ndarray"):
        gw.jvp(lambda w: w * 2, np.arange(2.0), np.ones(2))


def test_a_step_that_is_text_is_told_with_a_number() -> None:
    with pytest.raises(StepError, match=r"step=0\.5"):
        gw.nudge(lambda w: w**2, 1.0, step="0.5")
    with pytest.raises(StepError, match=r"step=0\.01"):
        gw.nudge(lambda w: w**2, 1.0, step="a")


def test_a_function_whose_arguments_have_no_names_is_derived_at_a_value_only() -> None:
    with pytest.raises(ArgumentError, match="the function names no arguments"):
        gw.derive(np.sin)
    assert str(gw.derive(lambda x: np.sin(x)).result) == "cos(x)"
    assert gw.derive(np.sin, 0.0).value == 1.0
