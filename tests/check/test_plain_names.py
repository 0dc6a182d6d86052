"""Of two names that fit, the plain one is given; what a few numbers fit by chance is not named."""

from __future__ import annotations

from typing import Any

import numpy as np

import gradwork as gw

R = np.random.default_rng(5)
W = np.array([0.7, -1.2, 0.4])


def named(loss: Any, gradient: Any, *args: Any) -> str:
    found = gw.check(loss, gradient, *args)
    assert not found.ok
    return " | ".join(str(d) for d in found.diagnoses)


def test_an_inner_slope_that_is_missing_is_no_other_parametrisation() -> None:
    says = named(lambda w: np.sum(np.log(w**2 + 1)), lambda w: 1 / (w**2 + 1), W)
    assert "the slope of power, 2 w, is missing" in says


def test_an_exponent_that_is_the_number_of_entries_as_well_is_named_too() -> None:
    says = named(lambda w: np.sum(w**3), lambda w: w**2, W)
    assert "number of entries" in says
    assert "the exponent 3" in says


def test_a_wrong_slope_at_a_kink_alone_has_no_cause() -> None:
    def gradient(w: Any) -> Any:
        return np.where(w > 0, 1.0, np.where(w == 0, 1.5, 0.0))

    assert named(lambda w: np.sum(np.maximum(w, 0)), gradient, np.array([0.7, 0.0, -0.4])) == ""


def test_weights_of_two_terms_that_are_exchanged_are_named_so() -> None:
    def loss(w: Any, x: Any, y: Any, mix: float) -> Any:
        r = x @ w - y
        return mix * np.mean(r**2) + (1 - mix) * np.mean(np.cos(r))

    def gradient(w: Any, x: Any, y: Any, mix: float) -> Any:
        r = x @ w - y
        return x.T @ ((1 - mix) * 2 * r - mix * np.sin(r)) / len(y)

    x, y = R.normal(size=(6, 3)), R.normal(size=6)
    assert "the weights mix and 1 - mix" in named(loss, gradient, W, x, y, 0.4)


def test_a_term_of_picked_rows_with_its_sign_turned_is_no_other_penalty() -> None:
    users = np.array([0, 1, 0, 2, 1])
    x, y = R.normal(size=(5, 2)), R.normal(size=5)

    def loss(p: Any, x: Any, y: Any, reg: float) -> Any:
        return np.sum((np.sum(p[users] * x, axis=1) - y) ** 2) + reg * np.sum(p[users] ** 2)

    def gradient(p: Any, x: Any, y: Any, reg: float) -> Any:
        found = np.zeros_like(p)
        e = np.sum(p[users] * x, axis=1) - y
        np.add.at(found, users, 2 * e[:, None] * x - 2 * reg * p[users])
        return found

    says = named(loss, gradient, R.normal(size=(3, 2)), x, y, 0.2)
    assert "GW203" in says or "GW220" in says
    assert "sign" in says


def test_two_uses_in_one_line_without_a_loop_are_two_places() -> None:
    def loss(w: Any, x: Any) -> Any:
        return np.sum(np.tanh(x @ w) * np.tanh(x @ (2 * w)) * x[:, 0])

    def gradient(w: Any, x: Any) -> Any:
        a, b = np.tanh(x @ w), np.tanh(x @ (2 * w))
        return x.T @ ((b * 1.0 + 2 * a * 1.0) * x[:, 0])

    assert "turns of the loop" not in named(loss, gradient, W, R.normal(size=(6, 3)))


def test_a_mean_over_one_of_two_axes_of_a_bias_is_named() -> None:
    def loss(b: Any, x: Any) -> Any:
        return np.sum(np.tanh(x + b[None, :, None]) ** 2)

    def gradient(b: Any, x: Any) -> Any:
        a = np.tanh(x + b[None, :, None])
        return (2 * a * (1 - a**2)).mean(axis=2).sum(axis=0)

    assert "the mean is taken over the 5 of axis 2" in named(loss, gradient, W, R.normal(size=(2, 3, 5)))
