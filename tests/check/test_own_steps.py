"""Causes that are read from the gradient function's own steps: what one of them would have to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.check.evidence import Evidence

R = np.random.default_rng(41)


def shape_of(*shape: int) -> Any:
    return R.normal(size=shape)


def named(loss: Any, gradient: Any, *args: Any) -> str:
    found = gw.check(loss, gradient, *args)
    assert not found.ok
    return " | ".join(str(d) for d in found.diagnoses)


def program(loss: Any, gradient: Any, *args: Any) -> Any:
    evidence = gw.check(loss, gradient, *args).evidence
    assert isinstance(evidence, Evidence)
    return evidence.program


# -- a path is weighed by all that lead to it: a forward and a backward sum over a ladder of products -----------------


def ladder(a: Any, b: Any) -> Any:
    """The logarithm of a sum over all paths: at every rung one goes on, by a, or over to the other side, by b."""
    s = np.zeros(2)
    for t in range(len(a)):
        stay, cross = s + a[t], s[::-1] + b[t]
        s = np.logaddexp(stay, cross)
    return np.logaddexp(s[0], s[1])


def ladder_gradient(bug: str) -> Any:
    """By what leads to each rung and what leads on from it, not by going back."""

    def gradient(a: Any, b: Any) -> Any:
        n = len(a)
        ahead, behind = np.zeros((n + 1, 2)), np.zeros((n + 1, 2))
        for t in range(n):
            ahead[t + 1] = np.logaddexp(ahead[t] + a[t], ahead[t][::-1] + b[t])
        for t in range(n - 1, -1, -1):
            over = behind[t][::-1] if bug == "not yet known" else behind[t + 1][::-1]
            cross = over + (b[t] if bug == "side" else b[t][::-1])
            stay = behind[t + 1] + a[t]
            behind[t] = np.maximum(stay, cross) if bug == "best" else np.logaddexp(stay, cross)
        last = ahead[n] if bug != "rung before" else ahead[n - 1]
        whole = np.logaddexp(last[0], last[1])
        da, db = np.zeros(a.shape), np.zeros(b.shape)
        for t in range(n):
            on = behind[t] if bug == "same rung" else behind[t + 1]
            da[t] = np.exp(ahead[t] + a[t] + on - whole)
            db[t] = np.exp(ahead[t][::-1] + b[t] + (0 if bug == "ahead only" else behind[t + 1]) - whole)
        return da, db

    return gradient


LADDER = (shape_of(5, 2), shape_of(5, 2))


@pytest.mark.parametrize(
    ("bug", "words"),
    [
        ("side", ["b", "moved on"]),
        ("best", ["maximum stands where logaddexp belongs"]),
        ("rung before", ["ahead"]),
        ("same rung", ["behind"]),
        ("ahead only", ["behind"]),
    ],
)
def test_a_sum_over_paths_by_two_recursions_gets_its_cause(bug: str, words: list[str]) -> None:
    assert gw.check(ladder, ladder_gradient(""), *LADDER).ok
    said = named(ladder, ladder_gradient(bug), *LADDER)
    assert "in line" in said and all(word in said for word in words), said


# -- implicit differentiation: a root that a few steps of Newton find -------------------------------------------------


def root_loss(p: Any, q: Any, y: Any) -> Any:
    """The real root of x^3 + p x + q, by Newton's steps, against y."""
    x = -q
    for _ in range(40):
        x = x - (x**3 + p * x + q) / (3 * x**2 + p)
    return np.sum((x - y) ** 2)


def root_gradient(bug: str) -> Any:
    def gradient(p: Any, q: Any, y: Any) -> Any:
        x = -q
        for _ in range(40):
            x = x - (x**3 + p * x + q) / (3 * x**2 + p)
        below = 3 * x**2 + (0 if bug == "p" else p)
        dx = 2 * (x - y)
        lam = dx / below if bug == "sign" else -dx / below
        return (lam if bug == "x" else lam * x), lam

    return gradient


ROOT = (1 + R.uniform(0.2, 1.0, 4), shape_of(4), shape_of(4))


@pytest.mark.parametrize(("bug", "words"), [("p", "p"), ("sign", "sign"), ("x", "x")])
def test_a_root_that_is_differentiated_implicitly_gets_its_cause(bug: str, words: str) -> None:
    assert gw.check(root_loss, root_gradient(""), *ROOT).ok
    assert words in named(root_loss, root_gradient(bug), *ROOT)


# -- places, axes and brackets ----------------------------------------------------------------------------------------


def picture_loss(k: Any, x: Any, rows: Any, weights: Any) -> Any:
    """Rows of a picture, weighed along the columns, gathered by number, with a softmax over the rows."""
    z = x[rows] * k + np.sum(k**2) * weights
    p = np.exp(z - z.max(axis=0)) / np.sum(np.exp(z - z.max(axis=0)), axis=0)
    return np.sum(weights * p * x[rows])


def picture_gradient(bug: str) -> Any:
    def gradient(k: Any, x: Any, rows: Any, weights: Any) -> Any:
        some = x[rows]
        z = some * k + np.sum(k**2) * weights
        e = np.exp(z - z.max(axis=0))
        p = e / e.sum(axis=0)
        dp = weights * some
        dz = p * (dp - np.sum(p * dp, axis=1 if bug == "axis" else 0, keepdims=True))
        from_rows = np.sum(dz * (x[: len(rows)] if bug == "places" else some), axis=0)
        total = np.sum(dz * weights)
        dk = from_rows + 2 * k * total
        if bug == "brackets":
            dk = 2 * k * (from_rows + total)
        dx = np.zeros_like(x)
        direct = weights * p + dz * k
        if bug == "overwritten":
            dx[rows] = dx[rows] + direct
        else:
            np.add.at(dx, rows, np.roll(direct, 1, axis=0) if bug == "moved on" else direct)
        return dk, dx

    return gradient


PICTURE = (shape_of(4), shape_of(6, 4), np.array([0, 2, 2, 5]), shape_of(4, 4))


@pytest.mark.parametrize("bug", ["axis", "places", "brackets", "overwritten", "moved on"])
def test_axes_places_and_brackets_get_a_cause(bug: str) -> None:
    assert gw.check(picture_loss, picture_gradient(""), *PICTURE).ok
    assert named(picture_loss, picture_gradient(bug), *PICTURE)


# -- what can be followed ---------------------------------------------------------------------------------------------


def plain_loss(w: Any, x: Any) -> Any:
    return np.sum(np.tanh(x @ w) ** 2)


def plain_gradient(w: Any, x: Any) -> Any:
    a = np.tanh(x @ w)
    return x.T @ (2 * a * (1 - a**2))


def test_a_gradient_function_of_numpy_is_followed_step_by_step() -> None:
    args = shape_of(3), shape_of(5, 3)
    found = program(plain_loss, plain_gradient, *args)
    assert found is not None
    (output,) = found.joint.slope.values()
    assert np.allclose(found.joint.value(output), plain_gradient(*args))


def test_arrays_and_functions_that_need_plain_numbers_are_not_followed() -> None:
    args = shape_of(3), shape_of(5, 3)
    assert program(plain_loss, plain_gradient(*args), *args) is None
    assert program(plain_loss, lambda w, x: np.frombuffer(plain_gradient(w, x).tobytes()), *args) is None


def test_a_gradient_function_is_asked_on_copies_of_its_arguments() -> None:
    def writing(w: Any, x: Any) -> Any:
        g = plain_gradient(w, x)
        w *= 0
        return 2 * g

    w, x = shape_of(3), shape_of(5, 3)
    before = w.copy()
    gw.check(plain_loss, writing, w, x)
    assert np.array_equal(w, before)


@pytest.mark.parametrize("seed", range(4))
def test_what_no_step_explains_has_no_name(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=(2, 3))

    def noisy(w: Any, x: Any) -> Any:
        g = np.frombuffer(plain_gradient(w, x).tobytes())
        return g * (1 + 0.01 * noise[0]) + 0.01 * noise[1]

    assert not gw.check(plain_loss, noisy, shape_of(3), shape_of(5, 3)).diagnoses
