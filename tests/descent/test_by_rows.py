"""Which losses are sums or means over rows: read off the graph, and refused with the line where they are not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.descent.by_rows import put_together, split_of, without_rows
from gradwork.descent.problem import problem_of
from gradwork.errors import ArgumentError

RNG = np.random.default_rng(0)
X, Y, L = RNG.normal(size=(20, 3)), RNG.normal(size=20), RNG.integers(0, 4, 20)
P = {"w": RNG.normal(size=3), "b": 0.1, "W": RNG.normal(size=(3, 4))}


def scores(p, x):
    return x @ p["W"]


def shares(p, x):
    powers = np.exp(scores(p, x))
    return powers / np.sum(powers, axis=1, keepdims=True)


def residual(p, x, y):
    return x @ p["w"] - y


def square(e):
    return e @ e


MEANS = {
    "mean of squares": lambda p, x, y, c: np.mean(residual(p, x, y) ** 2),
    "mean and a penalty": lambda p, x, y, c: np.mean(residual(p, x, y) ** 2) + 0.1 * np.sum(p["w"] ** 2),
    "sum over the number of rows": lambda p, x, y, c: square(residual(p, x, y)) / len(y),
    "loop over the number of rows": lambda p, x, y, c: (
        sum(residual(p, x[i], y[i]) ** 2 for i in range(len(y))) / len(y)
    ),
    "cross-entropy by index": lambda p, x, y, c: -np.mean(np.log(shares(p, x))[np.arange(len(c)), c]),
    "cross-entropy by taking": lambda p, x, y, c: -np.mean(np.take_along_axis(np.log(shares(p, x)), c[:, None], 1)),
    "largest score": lambda p, x, y, c: np.mean(np.max(scores(p, x), axis=1)),
    "sorted within a row": lambda p, x, y, c: np.mean(np.sort(scores(p, x), axis=1)[:, 0]),
    "only some rows count": lambda p, x, y, c: np.mean(np.where(y > 0, x @ p["w"], 0)),
    "mean times a parameter": lambda p, x, y, c: np.exp(p["b"]) * np.mean(residual(p, x, y) ** 2) + p["b"],
    "outer product": lambda p, x, y, c: np.mean((np.tanh(np.outer(y, p["w"])) @ p["w"] - y) ** 2),
    "Fourier transform of a row": lambda p, x, y, c: np.mean(np.abs(np.fft.fft(scores(p, x), axis=1)) ** 2),
    "no rows at all": lambda p, x, y, c: np.sum(p["w"] ** 2),
}
SUMS = {
    "sum of squares": lambda p, x, y, c: np.sum(residual(p, x, y) ** 2),
    "sum and a penalty": lambda p, x, y, c: np.sum(residual(p, x, y) ** 2) + 0.1 * np.sum(p["w"] ** 2),
    "dot product": lambda p, x, y, c: square(residual(p, x, y)) / 2,
    "einsum": lambda p, x, y, c: np.einsum("ij,ij->", scores(p, x), scores(p, x)),
    "trace": lambda p, x, y, c: np.trace(scores(p, x).T @ scores(p, x)),
    "weighted Gram matrix": lambda p, x, y, c: np.sum((scores(p, x).T @ scores(p, x)) * np.eye(4)),
    "norm of each row": lambda p, x, y, c: np.sum(np.linalg.norm(scores(p, x), axis=1)),
    "loop over rows": lambda p, x, y, c: sum(residual(p, x[i], y[i]) ** 2 for i in range(len(y))),
    "a system for each row": lambda p, x, y, c: np.sum(
        np.linalg.solve(
            np.eye(3)[None] + x[:, :, None] * x[:, None, :], np.broadcast_to(p["w"], (len(y), 3))[:, :, None]
        )
    ),
}
NEITHER = {
    "deviations from the mean of the batch": lambda p, x, y, c: np.mean((x @ p["w"] - np.mean(x @ p["w"])) ** 2),
    "standard deviation": lambda p, x, y, c: np.std(x @ p["w"]),
    "root of a sum": lambda p, x, y, c: np.sqrt(np.sum(residual(p, x, y) ** 2)),
    "over n - 1": lambda p, x, y, c: square(residual(p, x, y)) / (len(y) - 1),
    "sum plus mean": lambda p, x, y, c: np.sum(residual(p, x, y) ** 2) + np.mean(y * p["b"]),
    "largest of all": lambda p, x, y, c: np.max(residual(p, x, y) ** 2),
    "first row": lambda p, x, y, c: (x[0] @ p["w"]) ** 2,
    "all but the first row": lambda p, x, y, c: np.sum(residual(p, x, y)[1:] ** 2),
    "weights by place": lambda p, x, y, c: np.sum(residual(p, x, y) ** 2 * np.arange(len(y))),
    "neighbours": lambda p, x, y, c: np.sum((x @ p["w"])[1:] * (x @ p["w"])[:-1]),
    "zero at the start": lambda p, x, y, c: np.mean(residual(p, x, y) ** 2) + (p["b"] - 0.1) * np.mean(y * p["b"]) ** 2,
    "softmax over rows": lambda p, x, y, c: np.sum(y * np.exp(x @ p["w"]) / np.sum(np.exp(x @ p["w"]))),
    "weighted mean": lambda p, x, y, c: np.average((x @ p["w"]) ** 2, weights=y**2),
    "decision on the rows": lambda p, x, y, c: np.mean((x @ p["w"]) ** 2) if np.mean(y) > 5 else np.mean(x @ p["w"]),
    "sorted over rows": lambda p, x, y, c: np.sum(np.sort(x @ p["w"]) * 2.0),
    "median": lambda p, x, y, c: np.median(residual(p, x, y) ** 2),
    "rows that are no data": lambda p, x, y, c: np.mean((x @ p["w"] - Y) ** 2),
    "determinant": lambda p, x, y, c: np.linalg.slogdet(x.T @ x * p["b"])[1],
}


def problem(loss):
    return problem_of(loss, P, (X, Y, L), "numpy")


@pytest.mark.parametrize("name", MEANS)
def test_a_mean_over_rows_is_known_as_one(name):
    assert split_of(problem(MEANS[name]), (X, Y, L)).is_mean


@pytest.mark.parametrize("name", SUMS)
def test_a_sum_over_rows_is_known_as_one(name):
    split = split_of(problem(SUMS[name]), (X, Y, L))
    assert not split.is_mean
    assert split.has_more == (name == "sum and a penalty")


@pytest.mark.parametrize("name", NEITHER)
def test_what_is_neither_is_refused_with_its_reason(name):
    with pytest.raises(ArgumentError, match="cannot be") as caught:
        split_of(problem(NEITHER[name]), (X, Y, L))
    assert caught.value.why and caught.value.hint and caught.value.details


def test_the_line_that_mixes_rows_is_named():
    def loss(w, x):
        centred = x - np.mean(x * w)
        return np.mean(centred**2)

    with pytest.raises(ArgumentError) as caught:
        split_of(problem_of(loss, 1.0, Y, "numpy"), (Y,))
    assert "centred**2" in str(caught.value)


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 19), max_size=5), name=st.sampled_from([*MEANS, *SUMS]))
def test_parts_put_together_are_the_whole_wherever_they_are_cut(cuts, name):
    made = problem((MEANS | SUMS)[name])
    edges = sorted({0, 20, *cuts})
    leaves = made.start
    split = split_of(made, made.data)
    found = []
    for first, last in pairwise(edges):
        found.append((last - first, *made.value_and_gradient(leaves, made.batch(slice(first, last)))))
    value, gradient = put_together(
        split, found, 20, lambda: made.value_and_gradient(leaves, without_rows(made, made.data))
    )
    whole, slopes = made.value_and_gradient(leaves)
    np.testing.assert_allclose(value, whole, rtol=1e-12)
    for g, s in zip(gradient, slopes, strict=True):
        np.testing.assert_allclose(g, s, rtol=1e-9, atol=1e-12)


def test_a_loss_that_mixes_rows_is_refused_for_workers():
    with ThreadPoolExecutor(1) as executor, pytest.raises(ArgumentError, match="cannot be split over rows"):
        gw.descend(NEITHER["standard deviation"], P, (X, Y, L), executor=executor)
