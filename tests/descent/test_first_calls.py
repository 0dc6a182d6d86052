"""The first calls of a loss: what it is told before any step is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, ChangedArgumentError, DataError, NotRepeatableError, ShapeError

X, Y = np.arange(8.0).reshape(4, 2), np.arange(4.0)


def loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((x @ w - y) ** 2)


def test_data_of_different_lengths_are_named() -> None:
    with pytest.raises(ShapeError, match=r"data\[0\] 4, data\[1\] 3"):
        gw.descend(loss, np.zeros(2), (X, Y[:3]))


def test_data_without_rows_are_named() -> None:
    with pytest.raises(DataError, match=r"data\[0\] has no rows"):
        gw.descend(loss, np.zeros(2), (X[:0], Y[:0]))


def test_a_loss_that_gives_nothing_is_told_so() -> None:
    with pytest.raises(ArgumentError, match="the function returned nothing"):
        gw.descend(lambda w: None, 1.0)


def test_a_loss_that_writes_into_its_parameters_is_told_so() -> None:
    def writes(w: Any) -> Any:
        w *= 2
        return np.sum(w**2)

    start = np.ones(3)
    with pytest.raises(ChangedArgumentError, match="in place"):
        gw.descend(writes, start)
    assert start.tolist() == [1, 1, 1]


def test_a_loss_that_draws_random_numbers_is_told_so() -> None:
    draws = np.random.default_rng(0)
    with pytest.raises(NotRepeatableError):
        gw.descend(lambda w: w**2 + draws.normal(), 1.0)


def test_an_error_of_the_loss_itself_is_shown_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        gw.descend(lambda w: 1 / 0, 1.0)


def test_a_schedule_of_one_argument_is_refused_before_the_run() -> None:
    with pytest.raises(ArgumentError, match="the schedule does not take two arguments"):
        gw.descend(loss, np.zeros(2), (X, Y), schedule=lambda step: 1.0)
