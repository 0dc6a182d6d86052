"""Mistakes that the search names by its own machinery: other quantities, other steps of a loop, two at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.check.search import _tells

R = np.random.default_rng(11)
X = R.normal(size=(6, 3))


def shape_of(*shape: int) -> Any:
    return R.normal(size=shape) * 0.7


def named(loss: Any, gradient: Any, *args: Any) -> str:
    found = gw.check(loss, gradient, *args)
    assert not found.ok
    return " | ".join(str(d) for d in found.diagnoses)


def norm_loss(W: Any, gain: Any, x: Any, y: Any) -> Any:
    z = x @ W
    c = z - z.mean(axis=1, keepdims=True)
    return np.sum((gain * c / np.sqrt(np.mean(c**2, axis=1, keepdims=True) + 1e-3) - y) ** 2)


def norm_gradient(bug: str) -> Any:
    def gradient(W: Any, gain: Any, x: Any, y: Any) -> Any:
        z = x @ W
        c = z - z.mean(axis=1, keepdims=True)
        s = np.sqrt(np.mean(c**2, axis=1, keepdims=True) + 1e-3)
        hat = c / s
        d = 2 * (gain * hat - y)
        g = d * gain
        spread = hat * np.mean(g * hat, axis=1, keepdims=True)
        if bug == "without hat":
            spread = np.mean(g * hat, axis=1, keepdims=True)
        if bug == "five":
            spread = spread * 4 / 3
        if bug == "of z":
            spread = hat * np.mean(g * z, axis=1, keepdims=True)
        if bug == "other axis":
            spread = hat * np.mean(g * hat, axis=0, keepdims=True)
        dz = (g - g.mean(axis=1, keepdims=True) - spread) / s
        if bug == "variance":
            dz = dz / s
        return x.T @ dz, np.sum(d * (z if bug == "gain of z" else hat), axis=0)

    return gradient


@pytest.mark.parametrize(
    ("bug", "words"),
    [
        ("without hat", "normalised(z) is missing"),
        ("five", "4/3"),
        ("of z", "z stands where normalised(z) belongs"),
        ("other axis", "is taken over the rows (axis 0), and belongs over the columns (axis 1)"),
        ("variance", "/sqrt(mean(c^2; over columns) + 0.001) stands where d_"),
        ("gain of z", "z stands where normalised(z) belongs"),
    ],
)
def test_a_mistake_in_the_three_terms_of_a_normalisation_is_named(bug: str, words: str) -> None:
    args = (shape_of(3, 4), shape_of(4) + 2, X, R.normal(size=(6, 4)))
    assert gw.check(norm_loss, norm_gradient(""), *args).ok
    assert words in named(norm_loss, norm_gradient(bug), *args)


def steps_loss(W: Any, U: Any, x: Any) -> Any:
    h = np.zeros(3)
    for t in range(4):
        h = np.tanh(x[t] @ W + h @ U)
    return np.sum(h**3)


def steps_gradient(bug: str) -> Any:
    def gradient(W: Any, U: Any, x: Any) -> Any:
        states = [np.zeros(3)]
        for t in range(4):
            states.append(np.tanh(x[t] @ W + states[-1] @ U))
        dW, dU, dh = np.zeros_like(W), np.zeros_like(U), 3 * states[-1] ** 2
        for t in reversed(range(4)):
            h = states[t] if bug == "slope of the state before" else states[t + 1]
            da = dh * (1 - h**2)
            dW += np.outer(x[t - 1] if bug == "input before" else x[t], da)
            dU += np.outer(states[t + 1] if bug == "state after" else states[t], da)
            dh = U @ da
        return dW, dU

    return gradient


@pytest.mark.parametrize("bug", ["slope of the state before", "input before", "state after"])
def test_a_value_of_another_step_is_named(bug: str) -> None:
    args = (shape_of(3, 3), shape_of(3, 3), R.normal(size=(4, 3)))
    assert gw.check(steps_loss, steps_gradient(""), *args).ok
    said = named(steps_loss, steps_gradient(bug), *args)
    words = {"state after": "step after", "input before": "x with its rows one on"}
    assert words.get(bug, "step before") in said


def two_layers(W: Any, v: Any, x: Any, y: Any) -> Any:
    return np.sum((np.tanh(x @ W) @ v - y) ** 2)


def two_layers_gradient(*bugs: str) -> Any:
    def gradient(W: Any, v: Any, x: Any, y: Any) -> Any:
        a = np.tanh(x @ W)
        d = 2 * (a @ v - y)
        if "by the count" in bugs:
            d = d / len(x)
        g = np.outer(d, np.sign(v) if "signs" in bugs else v)
        slope = a * (1 - a) if "sigmoid's" in bugs else 1 - a**2
        return x.T @ (g * slope), (a**2 if "squares" in bugs else a).T @ d

    return gradient


@pytest.mark.parametrize(
    ("bugs", "words"),
    [
        (("signs",), ["sign(v) stands where v belongs"]),
        (("squares",), ["a1^2 stands where a1 belongs"]),
        (("sigmoid's", "by the count"), ["sigmoid", "1/6"]),
        (("squares", "signs"), ["a1^2 stands where a1 belongs", "sign(v) stands where v belongs"]),
    ],
)
def test_other_quantities_and_two_mistakes_are_named(bugs: tuple[str, ...], words: list[str]) -> None:
    args = (shape_of(3, 4), shape_of(4), X, R.normal(size=6))
    assert gw.check(two_layers, two_layers_gradient(), *args).ok
    said = named(two_layers, two_layers_gradient(*bugs), *args)
    assert all(word in said for word in words), said


@pytest.mark.parametrize("seed", range(6))
def test_noise_has_no_name(seed: int) -> None:
    random = np.random.default_rng(seed)
    args = (shape_of(3, 4), shape_of(4), X, R.normal(size=6))
    right = two_layers_gradient()(*args)
    wrong = tuple(np.asarray(a) * (1 + 1e-3 * random.normal(size=np.shape(a))) for a in right)
    found = gw.check(two_layers, wrong, *args)
    assert not found.ok and not [d for d in found.diagnoses if d.edits]


def test_one_number_alone_tells_too_little_for_a_rare_mistake() -> None:
    few, many = (type("C", (), {"code": code}) for code in ("GW209", "GW236"))
    finding: Any = type("F", (), {"explains": ("w",), "cause": few, "says": "the slope of tanh is missing"})()
    evidence: Any = type("E", (), {"second": None})()
    evidence.yours, evidence.right = {"w": np.array(1.5)}, {"w": np.array(1.0)}
    evidence.tolerance = {"w": np.array(1e-4)}
    evidence.verdicts = {}
    assert not _tells(finding, evidence)
    evidence.tolerance = {"w": np.array(1e-12)}
    assert _tells(finding, evidence)
    finding.cause = many  # of which there are so many that one of them comes that near by chance
    assert not _tells(finding, evidence)
