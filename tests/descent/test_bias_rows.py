"""Weights and bias as one matrix: the same steps, whatever the order of the leaves and whoever else reads them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.descent import half, written_loop
from gradwork.descent.batches import Batches
from gradwork.descent.bias_rows import joined
from gradwork.descent.loop import Plan, begin, take_steps
from gradwork.descent.method import method_named
from gradwork.descent.problem import problem_of

STEPS = 6


def softmax_loss(scores, labels):
    scores = scores - np.max(scores, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - scores[np.arange(len(labels)), labels])


def by_layers(p, x, labels):
    return softmax_loss(np.tanh(x @ p["W"] + p["b"]) @ p["V"] + p["c"], labels)


def relu(p, x, labels):
    return softmax_loss(np.maximum(x @ p["W"] + p["b"], 0.0) @ p["V"] + p["c"], labels)


def without_a_bias(p, x, labels):
    return softmax_loss(np.tanh(x @ p["W"]) @ p["V"] + p["c"], labels) + 0.1 * np.mean(p["b"] ** 2)


def with_a_penalty(p, x, labels):
    return by_layers(p, x, labels) + 0.01 * (np.sum(p["W"] ** 2) + np.sum(p["b"] ** 2))


def with_two_heads(p, x, labels):
    hidden = np.tanh(x @ p["W"] + p["b"])
    return softmax_loss(hidden @ p["V"] + p["c"], labels) + np.mean((hidden @ p["U"] + p["d"]) ** 2)


def residual(p, x, labels):
    hidden = np.tanh(x @ p["W"] + p["b"])
    deeper = hidden + np.tanh(hidden @ p["S"] + p["s"])
    return softmax_loss(deeper @ p["V"] + p["c"], labels)


def tied(p, x, labels):
    hidden = np.tanh(x @ p["W"] + p["b"])
    return softmax_loss(hidden @ p["V"] + p["c"], labels) + np.mean((hidden @ p["W"].T - x) ** 2)


def twice(p, x, labels):
    return softmax_loss((np.tanh(x @ p["W"] + p["b"]) + np.tanh(x @ p["W"] - p["b"])) @ p["V"] + p["c"], labels)


def squares(p, x, labels):
    return np.mean((np.tanh(x @ p["W"] + p["b"]) @ p["V"] + p["c"] - np.eye(5)[labels]) ** 2)


LOSSES = (by_layers, relu, without_a_bias, with_a_penalty, with_two_heads, residual, tied, twice, squares)
NAMES = ("W", "b", "V", "c", "U", "d", "S", "s")


def network(random, order, dtype):
    sizes = {"W": (32, 24), "b": (24,), "V": (24, 5), "c": (5,), "U": (24, 2), "d": (2,), "S": (24, 24), "s": (24,)}
    start = {name: (0.3 * random.normal(size=sizes[name])).astype(dtype) for name in order}
    return start, random.normal(size=(2400, 32)).astype(dtype), random.integers(0, 5, size=2400)


def taken(problem, rule, step):
    plan = Plan(problem, rule, 0.1, STEPS, Batches(problem, None, 0), step)
    state = begin(problem, rule)
    take_steps(plan, state)
    return np.array(state.losses), state.path.numbers()


@settings(max_examples=30, deadline=None)
@given(
    loss=st.sampled_from(LOSSES),
    order=st.permutations(NAMES),
    method=st.sampled_from(["gd", "adam"]),
    dtype=st.sampled_from([np.float64, np.float64, np.float32]),
    seed=st.integers(0, 100),
)
def test_the_joined_loop_takes_the_plain_steps(loss, order, method, dtype, seed):
    # Adam divides by the size of the slope: where that is rounding alone, its sign decides on a whole step.
    assume(method == "gd" or dtype == np.float64)
    start, x, labels = network(np.random.default_rng(seed), order, dtype)
    problem, rule = problem_of(loss, start, (x, labels), "numpy"), method_named(method)
    losses, points = taken(problem, rule, problem.step(rule, 0.0, None))
    expected, plain = taken(problem, rule, problem.one_step(rule, 0.0, None))
    exact = 1e-9 if dtype == np.float64 else 2e-3
    np.testing.assert_allclose(losses, expected, rtol=exact)
    np.testing.assert_allclose(points, plain, rtol=exact, atol=exact)


@pytest.mark.parametrize("order", [NAMES[:4], ("b", "W", "c", "V"), ("W", "b", "c", "V")])
def test_biases_beside_their_weights_are_joined_and_others_are_not(order, monkeypatch):
    found = []
    monkeypatch.setattr(half, "joined", lambda form: found.append(joined(form)) or found[-1])
    start, x, labels = network(np.random.default_rng(0), order, np.float64)
    problem = problem_of(by_layers, start, (x, labels), "numpy")
    assert written_loop.loop_of(problem, method_named("gd"), 0.0, None).form == "halves"
    assert [layers.leaves for layers in found] == [[(0, 2), (2, 2)]] * 2
    start = {name: start[name] for name in ("W", "V", "b", "c")}
    problem = problem_of(by_layers, start, (x, labels), "numpy")
    written_loop.loop_of(problem, method_named("gd"), 0.0, None)
    assert found[-1].leaves == [(0, 1), (1, 1), (2, 1), (3, 1)]


def test_a_network_of_many_rows_learns_as_one_that_is_stepped_by_hand():
    start, x, labels = network(np.random.default_rng(1), NAMES[:4], np.float64)
    found = gw.descend(by_layers, start, (x, labels), learning_rate=0.2, steps=20, progress=False)
    p, slopes = start, gw.grad(by_layers)
    for _ in range(20):
        g = slopes(p, x, labels)
        p = {name: p[name] - 0.2 * g[name] for name in p}
    for name in p:
        np.testing.assert_allclose(found.params[name], p[name], rtol=1e-9, atol=1e-12)
