"""Mistakes in the steps of a simulation, and in counts that are read as plain numbers."""

from __future__ import annotations

import numpy as np
import pytest

import gradwork as gw

RATES, START, STEP, TURNS = np.array([0.8, 0.6, 0.5]), np.array([0.9, 0.7]), 0.1, 5


def predators(rates, start, step):
    x, y = start[0], start[1]
    total = 0.0
    for _ in range(TURNS):
        x, y = x + step * (rates[0] * x - rates[1] * x * y), y + step * (rates[1] * x * y - rates[2] * y)
        total = total + np.log(x) ** 2 + y * y
    return total


def back(rates, start, step, *, crossed=1.0, own=1.0, late=0):
    xs, ys = [start[0]], [start[1]]
    for _ in range(TURNS):
        x, y = xs[-1], ys[-1]
        xs.append(x + step * (rates[0] * x - rates[1] * x * y))
        ys.append(y + step * (rates[1] * x * y - rates[2] * y))
    d_rates, dx, dy = np.zeros(3), 0.0, 0.0
    for t in range(TURNS, 0, -1):
        dx, dy = dx + 2 * np.log(xs[t]) / xs[t], dy + 2 * ys[t]
        x, y = xs[t - 1 + late], ys[t - 1 + late]
        d_rates += step * np.array([dx * x, (dy - dx) * x * y, -dy * y])
        dx, dy = (
            dx * (own + step * (rates[0] - rates[1] * y)) + crossed * dy * step * rates[1] * y,
            dy * (own + step * (rates[1] * x - rates[2])) - dx * step * rates[1] * x,
        )
    return d_rates, np.array([dx, dy])


def said(gradient):
    report = gw.check(predators, gradient, RATES, START, STEP)
    return report, " ".join(d.says for d in report.diagnoses)


def test_a_right_simulation_is_not_accused():
    assert gw.check(predators, back, RATES, START, STEP).ok


@pytest.mark.parametrize("other", [{"crossed": 0.0}, {"crossed": -1.0}, {"crossed": 0.5}, {"own": 0.0}])
def test_what_a_step_passes_back_is_told_at_the_first_turn_as_well(other):
    report, says = said(lambda *point: back(*point, **other))
    assert not report.ok
    assert "path" in says


def test_states_of_the_step_after_are_told_for_both_states_at_once():
    report, says = said(lambda *point: back(*point, late=1))
    assert not report.ok
    assert "from the step after" in says


def test_a_loss_that_needs_its_counts_as_plain_numbers_is_followed():
    counts, x = np.array([0, 2, 3, 1]), np.array([[1.0, 0.3], [0.5, -0.7], [1.2, 0.1], [-0.4, 0.9]])

    def loss(w, x, counts):
        steps = np.arange(counts.max())
        below = (steps[None, :] < counts[:, None]).astype(float)
        rate = np.exp(x @ w)
        return np.sum(rate) - np.sum(below * np.log(steps + 1 + rate[:, None]))

    def gradient(w, x, counts):
        steps = np.arange(counts.max())
        below = (steps[None, :] < counts[:, None]).astype(float)
        rate = np.exp(x @ w)
        return x.T @ (1 - np.sum(below / (steps + 1 + rate[:, None]), axis=1))

    report = gw.check(loss, gradient, np.array([0.2, -0.3]), x, counts)
    assert [d.cause.code for d in report.diagnoses][:1] == ["GW209"]


@pytest.mark.parametrize("wrong", [6, 2])
def test_means_that_are_divided_by_another_length_are_told_together(wrong):
    x, y = np.random.default_rng(3).normal(size=(2, 6, 4))

    def loss(x, y):
        centred = x - x.mean(axis=1, keepdims=True)
        z = centred / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + 1e-3)
        return np.sum((z - y) ** 3)

    def gradient(x, y):
        spread = np.sqrt(x.var(axis=1, keepdims=True) + 1e-3)
        z = (x - x.mean(axis=1, keepdims=True)) / spread
        d = 3 * (z - y) ** 2
        return (d - (d.sum(axis=1, keepdims=True) + z * (d * z).sum(axis=1, keepdims=True)) / wrong) / spread

    report = gw.check(loss, gradient, x, y)
    assert not report.ok
    assert f"1/{wrong}" in " ".join(d.says for d in report.diagnoses)
