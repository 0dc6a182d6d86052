"""Losses that are saturated, and points at which every slope drowns: no right gradient is called wrong there, and a
wrong one does not pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwork as gw

Array = Any


def sigmoid(z: Array) -> Array:
    """The logistic function without overflow."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + small), small / (1 + small))


def shares(z: Array) -> Array:
    """Softmax."""
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


def less_first(z: Array) -> Array:
    """The shares less 1 at the first score, with all digits."""
    p = shares(z)
    return np.concatenate([[-np.sum(p[1:])], p[1:]])


def cross_entropy(z: Array) -> Array:
    top = np.max(z)
    return top + np.log(np.sum(np.exp(z - top))) - z[0]


FAMILIES: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "cross entropy": (cross_entropy, less_first),
    "cross entropy, p - 1": (cross_entropy, lambda z: shares(z) - np.eye(len(z))[0]),
    "log of the share": (lambda z: -np.log(shares(z)[0]), less_first),
    "softplus": (lambda z: np.sum(np.log(1 + np.exp(z))), sigmoid),
    "softplus less z": (lambda z: np.sum(np.log1p(np.exp(z)) - z), lambda z: -sigmoid(-z)),
    "log sigmoid": (lambda z: -np.sum(np.log(1 / (1 + np.exp(-z)))), lambda z: -sigmoid(-z)),
    "1 - sigmoid": (lambda z: np.sum(1 - 1 / (1 + np.exp(-z))), lambda z: -sigmoid(z) * sigmoid(-z)),
    "tanh": (lambda z: np.sum(np.tanh(z)), lambda z: 1 / np.cosh(z) ** 2),
    "1 - tanh": (lambda z: np.sum(1 - np.tanh(z)), lambda z: -1 / np.cosh(z) ** 2),
    "(1 - tanh)^2": (lambda z: np.sum((1 - np.tanh(z)) ** 2), lambda z: -4 * sigmoid(-2 * z) / np.cosh(z) ** 2),
    "1 - tanh^2": (lambda z: np.sum(1 - np.tanh(z) ** 2), lambda z: -2 * np.tanh(z) / np.cosh(z) ** 2),
    "log cosh less |z|": (
        lambda z: np.sum(np.log(np.cosh(z)) - np.abs(z)),
        lambda z: -2 * np.sign(z) * np.exp(-2 * np.abs(z)) / (1 + np.exp(-2 * np.abs(z))),
    ),
    "1 - exp(-z^2)": (lambda z: np.sum(1 - np.exp(-(z**2))), lambda z: 2 * z * np.exp(-(z**2))),
    "a share": (lambda z: 1 - shares(z)[0], lambda z: shares(z)[0] * less_first(z)),
    "squares that cancel": (lambda z: np.sum((1 + z) ** 2 - 1 - 2 * z - z**2), lambda z: 0 * z),
}


def hidden(f: Callable[[Array], Array]) -> Callable[[Array], float]:
    """The same loss as a black box."""
    return lambda z: float(f(np.frombuffer(np.ascontiguousarray(z, dtype=float).tobytes())))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("scale", [3.0, 20.0, 40.0, 100.0])
def test_no_right_gradient_is_called_wrong_and_no_wrong_one_passes(name: str, scale: float) -> None:
    f, g = FAMILIES[name]
    random = np.random.default_rng([int(scale), len(name)])
    for _ in range(2):
        z = random.normal(size=4) * scale
        z[0] = abs(z[0]) + scale
        for loss in (f, hidden(f)):
            with np.errstate(all="ignore"):
                right = gw.check(loss, g, z)
                twice = gw.check(loss, lambda z: 2 * g(z), z)
            assert not any(v.wrong for v in right.verdicts.values()), (z, str(right))
            assert not twice.ok or not np.any(g(z)), (z, str(twice))


def test_where_nudging_sees_nothing_backprop_speaks_for_a_right_gradient() -> None:
    z = np.array([45.0, -3.0, 1.0])
    found = gw.check(cross_entropy, lambda z: shares(z) - np.eye(3)[0], z)
    assert found.ok
    assert "yours is what backprop gives" in str(found)
    assert not gw.check(cross_entropy, lambda z: 2 * (shares(z) - np.eye(3)[0]), z).ok


def rosenbrock(x: Array) -> Array:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def d_rosenbrock(x: Array) -> Array:
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


HALF = np.random.default_rng(1).normal(size=(5, 5))
TABLE, TARGET = HALF @ HALF.T, HALF.sum(axis=1)


@pytest.mark.parametrize(
    ("loss", "gradient", "bottom"),
    [
        (rosenbrock, d_rosenbrock, np.ones(5)),
        (lambda x: 0.5 * x @ TABLE @ x - TARGET @ x, lambda x: TABLE @ x - TARGET, np.linalg.solve(TABLE, TARGET)),
        (lambda x: np.sum((x - 3) ** 2), lambda x: 2 * (x - 3), np.full(4, 3.0)),
    ],
    ids=["Rosenbrock", "bowl", "squares"],
)
def test_at_a_bottom_a_second_point_tells_right_from_wrong(loss: Any, gradient: Any, bottom: Array) -> None:
    found = gw.check(loss, gradient, bottom)
    assert found.ok
    assert "second point" in str(found)
    for wrong in (lambda x: 2 * gradient(x), lambda x: -gradient(x), lambda x: 0 * x, lambda x: gradient(x)[::-1]):
        doubted = gw.check(loss, wrong, bottom)
        assert not doubted.ok
        assert not any(v.wrong for v in doubted.verdicts.values())


def test_at_a_bottom_a_gradient_that_is_no_function_is_not_passed() -> None:
    assert not gw.check(rosenbrock, np.zeros(5), np.ones(5)).ok


def test_tiny_parameters_of_a_recurrent_net_are_judged_by_backprop() -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=(6, 3))

    def loss(W: Array) -> Array:
        h = np.zeros(3)
        for row in x:
            h = np.tanh(row * 1e-6 + W @ h)
        return np.sum((h - 1) ** 2)

    def gradient(W: Array, factor: float = 1.0) -> Array:
        states = [np.zeros(3)]
        for row in x:
            states.append(np.tanh(row * 1e-6 + W @ states[-1]))
        back, total = 2 * (states[-1] - 1), np.zeros_like(W)
        for k in range(len(x), 0, -1):
            back = back * (1 - states[k] ** 2)
            total += np.outer(back, states[k - 1])
            back = W.T @ back
        return factor * total

    W = 1e-6 * random.normal(size=(3, 3))
    assert gw.check(loss, gradient, W).ok
    assert not gw.check(loss, lambda W: gradient(W, 2.0), W).ok


def test_entries_that_are_little_beside_what_cannot_be_told_do_not_speak_for_an_array() -> None:
    z = np.array([24.25852778, 7.05480373, 25.23161149, 9.80904683])

    def focal(z: Array) -> Array:
        return np.sum((1 - sigmoid(z)) ** 3 * np.log1p(np.exp(-z)))

    def back(z: Array) -> Array:
        return -3 * sigmoid(-z) ** 3 * sigmoid(z) * np.log1p(np.exp(-z)) - sigmoid(-z) ** 4

    assert not gw.check(hidden(focal), lambda z: 2 * back(z), z).ok
