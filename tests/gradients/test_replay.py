"""A way back that was gone before is gone again: the same numbers as if it were written anew."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gradwork as gw
from gradwork.gradients import replay
from gradwork.gradients.traced_slopes import backpropagate_trace, results
from gradwork.graph.op import REGISTER
from gradwork.graph.trace import trace_call

X = np.array([0.7, -1.3, 2.1])


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr("gradwork.gradients.traced_slopes.REPLAYS", replay.Replays())


def anew(f, *args):
    traced = trace_call(f, args, floating=True)
    builder, slopes = backpropagate_trace(traced, traced.graph.inputs)
    return results(builder, slopes, traced)


def test_replayed_slopes_are_those_of_a_fresh_way_back(monkeypatch):
    runs = []
    run = replay.Program.run
    monkeypatch.setattr(replay.Program, "run", lambda self, values: runs.append(1) or run(self, values))

    def f(w, b, x):
        return np.mean(np.tanh(x @ w + b) ** 2) + np.sum(np.maximum(w, 0))

    random = np.random.default_rng(3)
    gradient = gw.grad(f, wrt=(0, 1, 2))
    for _ in range(5):
        w, b, x = random.normal(size=(3, 2)), random.normal(size=2), random.normal(size=(4, 3))
        for new, right in zip(gradient(w, b, x), anew(f, w, b, x), strict=True):
            assert np.array_equal(new, right)
    assert len(runs) == 3  # the first two were written, the second was remembered


def test_whatever_a_rule_may_look_at_is_compared():
    exponents = [2.0, 2.0, 2.0, 0.0, 2.0, 3.0, -1.0, 1.0]
    power = [0.0]
    gradient = gw.grad(lambda x: np.sum(x ** power[0]))
    for power[0] in exponents:
        expected = power[0] * np.abs(X) ** (power[0] - 1)
        assert np.allclose(gradient(np.abs(X)), expected)


def test_other_shapes_dtypes_branches_and_inputs():
    def f(x):
        return np.sum(x**2) if np.sum(x) > 0 else np.sum(np.sin(x))

    gradient = gw.grad(f)
    for x in [X, X, X, -X, -X, -X, X.astype(np.float32), X[:2], np.stack([X, X]), X]:
        expected = 2 * x if np.sum(x) > 0 else np.cos(x)
        assert np.allclose(gradient(x), expected)
        assert gradient(x).dtype == x.dtype
    both = gw.grad(lambda a, b: a * b**2, wrt=1), gw.grad(lambda a, b: a * b**2, wrt=0)
    for _ in range(4):
        assert (both[0](2.0, 3.0), both[1](2.0, 3.0)) == (12.0, 9.0)


def test_constants_may_change():
    weights = np.ones(3)
    offset = [0.5]
    gradient = gw.grad(lambda x: np.sum(weights * (x + offset[0]) ** 2))
    for k in range(6):
        weights[:] = k
        offset[0] = k / 2
        assert np.allclose(gradient(X), 2 * k * (X + k / 2))


def test_a_rule_that_decides_by_a_value_is_asked_again(monkeypatch):
    monkeypatch.setattr(REGISTER, "by_name", dict(REGISTER.by_name))
    sine = REGISTER.named("sin")

    def slope(y, a):
        return np.cos(a) if np.all(a > 0) else np.cos(a) * 1.0

    REGISTER.by_name["sin"] = dataclasses.replace(sine, slopes=(slope,))
    gradient = gw.grad(lambda x: np.sum(np.sin(x)))
    for x in (np.abs(X), np.abs(X), np.abs(X), X, X, np.abs(X)):
        assert np.allclose(gradient(x), np.cos(x))


def test_an_op_that_is_declared_anew_counts(monkeypatch):
    monkeypatch.setattr(REGISTER, "by_name", dict(REGISTER.by_name))
    gradient = gw.grad(lambda x: np.sum(np.sin(x)))
    for _ in range(3):
        gradient(X)
    REGISTER.by_name["sin"] = dataclasses.replace(REGISTER.named("sin"), slopes=(lambda y, a: 7 * np.cos(a),))
    assert np.allclose(gradient(X), 7 * np.cos(X))


def test_what_is_handed_out_is_the_callers_own():
    gradient = gw.grad(lambda x: np.sum(x))
    for _ in range(4):
        slopes = gradient(X)
        assert slopes.tolist() == [1.0, 1.0, 1.0]
        slopes[:] = 5.0


def test_room_is_limited(monkeypatch):
    monkeypatch.setattr(replay, "_MOST_IN_ALL", 100)
    replays = replay.Replays()
    monkeypatch.setattr("gradwork.gradients.traced_slopes.REPLAYS", replays)

    def chain(n):
        def f(x):
            for _ in range(n):
                x = np.sin(x)
            return x

        return f

    for n in range(1, 40):
        for _ in range(3):
            gw.grad(chain(n))(0.5)
    assert sum(len(key[0]) for key in replays._programs) <= 100 + 41
