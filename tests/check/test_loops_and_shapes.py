"""Mistakes that show in loops, in reshaped arrays and in recomputed values; and which of two names is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwork as gw

R = np.random.default_rng(5)


def named(loss: Any, gradient: Any, *args: Any) -> str:
    found = gw.check(loss, gradient, *args)
    assert not found.ok
    return " | ".join(str(d) for d in found.diagnoses)


def heads_loss(W: Any, X: Any, T: Any) -> Any:
    return np.sum(np.sin((X @ W).reshape(5, 2, 3).transpose(1, 0, 2)) * T)


def heads_gradient(W: Any, X: Any, T: Any) -> Any:
    z = (X @ W).reshape(5, 2, 3).transpose(1, 0, 2)
    return X.T @ (np.cos(z) * T).reshape(5, 6)


def test_heads_that_are_put_together_in_another_order_are_named() -> None:
    args = R.normal(size=(4, 6)), R.normal(size=(5, 4)), R.normal(size=(2, 5, 3))
    assert "without changing its axes back" in named(heads_loss, heads_gradient, *args)


def words_loss(E: Any, words: Any, y: Any) -> Any:
    return sum(np.sum((E[words[i]].mean(axis=0) - y[i]) ** 2) for i in range(len(words)))


def words_gradient(adding: str) -> Any:
    def gradient(E: Any, words: Any, y: Any) -> Any:
        dE = np.zeros_like(E)
        for i in range(len(words)):
            d = 2 * (E[words[i]].mean(axis=0) - y[i]) / words.shape[1]
            if adding == "all":
                np.add.at(dE, words[i], d)
            elif adding == "once a turn":
                dE[words[i]] += d
            else:
                dE[words[i]] = d
        return dE

    return gradient


@pytest.mark.parametrize(
    ("adding", "words"), [("once a turn", "one pick's slope alone"), ("over", "writes over what the others have put")]
)
def test_rows_that_are_overwritten_in_a_loop_are_named(adding: str, words: str) -> None:
    args = R.normal(size=(5, 3)), np.array([[0, 1, 0], [1, 2, 3], [4, 4, 0]]), R.normal(size=(3, 3))
    assert gw.check(words_loss, words_gradient("all"), *args).ok
    assert words in named(words_loss, words_gradient(adding), *args)


def at_risk_loss(b: Any, X: Any, times: Any) -> Any:
    eta = X @ b
    return sum(np.log(np.sum(np.exp(eta[times >= times[i]]))) - eta[i] for i in range(len(times)))


def at_risk_gradient(b: Any, X: Any, times: Any) -> Any:
    risk, found = np.exp(X @ b), np.zeros_like(b)
    for i in range(len(times)):
        at = times <= times[i]
        found += risk[at] @ X[at] / risk[at].sum() - X[i]
    return found


def test_another_comparison_at_every_turn_is_named() -> None:
    args = R.normal(size=3), R.normal(size=(6, 3)), R.permutation(6) + 1.0
    assert "<=" in named(at_risk_loss, at_risk_gradient, *args)


def states_loss(U: Any, x: Any) -> Any:
    h, total = np.zeros(3), 0.0
    for t in range(4):
        h = np.tanh(x[t] + U @ h)
        total = total + np.sum(h**3)
    return total


def states_gradient(U: Any, x: Any) -> Any:
    h = [np.zeros(3)]
    for t in range(4):
        h.append(np.tanh(x[t] + U @ h[-1]))
    dU, carried = np.zeros_like(U), np.zeros(3)
    for t in reversed(range(4)):
        da = (3 * h[t + 1] ** 2 + carried) * (1 - h[t + 1] ** 2)
        dU += np.outer(da, h[t])
        carried = carried + U.T @ da
    return dU


def test_what_piles_up_from_turn_to_turn_is_named() -> None:
    assert "piles up" in named(states_loss, states_gradient, 0.5 * R.normal(size=(3, 3)), R.normal(size=(4, 3)))


def shares_loss(W: Any, X: Any, labels: Any) -> Any:
    z = X @ W
    z = z - z.max(axis=1, keepdims=True)
    return -np.mean((z - np.log(np.exp(z).sum(axis=1, keepdims=True)))[np.arange(len(labels)), labels])


def shares_gradient(W: Any, X: Any, labels: Any) -> Any:
    z = X @ W
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p[np.arange(len(labels)), labels] -= 1
    return X.T @ p / len(labels)


def test_shares_that_are_not_divided_are_named_where_the_largest_is_taken_off() -> None:
    args = R.normal(size=(3, 4)), R.normal(size=(6, 3)), np.array([0, 1, 2, 3, 1, 1])
    assert "not divided by their sum" in named(shares_loss, shares_gradient, *args)


def mean_loss(w: Any, X: Any, y: Any) -> Any:
    return np.mean((X @ w - y) ** 2)


def test_a_factor_two_that_is_also_another_length_is_named_as_both() -> None:
    args = R.normal(size=5), R.normal(size=(10, 5)), R.normal(size=10)
    said = named(mean_loss, lambda w, X, y: 2 * X.T @ (X @ w - y) / X.shape[1], *args)
    assert "GW202" in said and "the factor 1/5 stands where 1/10 belongs" in said


def centred_loss(W: Any, X: Any, T: Any) -> Any:
    z = X @ W
    mu = z.mean(axis=0)
    var = ((z - mu) ** 2).mean(axis=0)
    return np.sum((z - mu) / np.sqrt(var + 0.1) * T)


def test_a_statistic_that_is_held_is_not_told_as_a_slope_that_is_missing() -> None:
    def gradient(W: Any, X: Any, T: Any) -> Any:
        z = X @ W
        g = T / np.sqrt(z.var(axis=0) + 0.1)
        return X.T @ (g - g.mean(axis=0))

    args = R.normal(size=(3, 4)), R.normal(size=(6, 3)), R.normal(size=(6, 4))
    assert "GW221" in named(centred_loss, gradient, *args)


def test_the_regulariser_left_out_beside_another_mistake_is_named() -> None:
    def loss(w: Any, X: Any, y: Any) -> Any:
        return np.mean(np.tanh(X @ w - y) ** 2) + 0.3 * np.sum(w**2)

    def gradient(w: Any, X: Any, y: Any) -> Any:
        return 2 * X.T @ np.tanh(X @ w - y) / len(y)

    said = named(loss, gradient, R.normal(size=3), R.normal(size=(6, 3)), R.normal(size=6))
    assert "the regulariser is left out; and the slope of tanh" in said
