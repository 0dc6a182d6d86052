"""Strange input that is legal, and input that is not: both get an answer in words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import GradworkError

R = np.random.default_rng(0)
READ_ONLY = R.normal(size=4)
READ_ONLY.flags.writeable = False


def squares(w: Any) -> Any:
    return np.sum(np.asarray(w) ** 2)


def twice(w: Any) -> Any:
    return 2 * np.asarray(w)


@pytest.mark.parametrize(
    "w",
    [
        np.array(3.0),
        np.array(3),
        3,
        10**20,
        np.array([1, 2, 3]),
        np.array([1, 2, 3], np.uint8),
        np.array([1.5, 2], np.float16),
        np.array([1.5, 2], np.longdouble),
        R.normal(size=(6, 6))[::2, ::3],
        np.asfortranarray(R.normal(size=(3, 4))),
        R.normal(size=5)[::-1],
        READ_ONLY,
        np.broadcast_to(3.0, (4,)),
        [1.0, 2.0],
        [[1.0, 2.0], [3.0, 4.0]],
        (1, 2),
    ],
    ids=str,
)
def test_any_number_array_or_list_of_numbers_is_checked(w: Any) -> None:
    assert gw.check(squares, twice, w).ok
    assert not gw.check(squares, lambda w: 1.5 * twice(w), w).ok


def test_parts_that_hold_no_number_may_be_left_out() -> None:
    params = {"w": np.array([1.0, 2.0]), "act": "relu", "more": None}
    for rest in ({}, {"act": None, "more": None}, {"act": "relu", "more": None}):
        assert gw.check(lambda p: np.sum(p["w"] ** 2), lambda p, rest=rest: {"w": 2 * p["w"], **rest}, params).ok
    assert gw.check(lambda p, x: x**2, lambda p, x: ({}, 2 * x), {}, 3.0).ok


def test_a_part_without_a_gradient_does_not_disturb_the_search_for_a_cause() -> None:
    params = [np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    found = gw.check(lambda p: np.sum(p[0] ** 2 * p[1]), lambda p: [None, -(p[0] ** 2)], params)
    assert found.diagnoses[0].cause.code == "GW203"


def test_an_imaginary_part_is_refused_and_one_of_zeros_is_not() -> None:
    w = np.array([1.0, 2.0])
    assert gw.check(squares, lambda w: 2 * w + 0j, w).ok
    with pytest.raises(GradworkError, match="complex"):
        gw.check(squares, lambda w: 2 * w + 1j, w)


def test_arrays_without_entries_are_no_check_by_themselves() -> None:
    found = gw.check(squares, twice, np.zeros((0, 3)))
    assert not found.ok
    assert "nothing was tested" in str(found)
    assert gw.check(lambda a, b: np.sum(a) + b**2, lambda a, b: (np.ones_like(a), 2 * b), np.zeros(0), 3.0).ok


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: gw.check(squares, twice, np.array([True, False])), "dtype bool"),
        (lambda: gw.check(squares, twice, np.array([1.0], object)), "dtype object"),
        (lambda: gw.check(lambda w: w * w, lambda w: 2 * w, Fraction(1, 3)), "Fraction"),
        (lambda: gw.check(lambda p: 1.0, lambda p: {}, {}), "empty"),
        (lambda: gw.check(lambda: 1.0, lambda: ()), "no arguments"),
        (lambda: gw.check(squares, lambda w: None, READ_ONLY), "None"),
        (lambda: gw.check(squares, lambda: 1.0, READ_ONLY), "does not take the arguments"),
        (lambda: gw.check(squares, (), READ_ONLY), "fits no argument"),
        (lambda: gw.check(squares, lambda w: "hello", READ_ONLY), "fits no argument"),
        (lambda: gw.check(lambda w: np.sum(np.abs(w)), lambda w: 2 * w, np.array([1j])), "complex"),
        (lambda: gw.check(lambda w: "x", twice, READ_ONLY), "returned a str"),
        (lambda: gw.check(squares, twice, np.array([1.0, np.nan])), "nan"),
    ],
)
def test_what_cannot_be_checked_is_said(call: Any, said: str) -> None:
    with pytest.raises(GradworkError, match=said):
        call()
