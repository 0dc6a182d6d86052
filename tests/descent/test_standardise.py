"""Standardised columns: the same descent as on columns standardised by hand, and parameters in the data's own units."""

from __future__ import annotations

import functools
import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.cli import main
from gradwork.descent import sources
from gradwork.descent.column_totals import Totals
from gradwork.descent.curvature import flat
from gradwork.descent.linear_columns import _statistics
from gradwork.descent.problem import problem_of
from gradwork.descent.standardise import standard_of
from gradwork.errors import ArgumentError
from gradwork.models import load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def line(p, x, y):
    return np.mean((x @ p["w"] + p["b"] - y) ** 2)


def network(p, x, y):
    return np.mean((np.tanh(x @ p["W"] + p["b"]) @ p["v"] + p["c"] - y) ** 2)


def columns(seed, rows=30, count=3):
    r = np.random.default_rng(seed)
    x = r.normal(size=(rows, count)) * 10.0 ** r.uniform(-3, 3, count) + 10.0 ** r.uniform(-2, 3, count)
    return x, ((x - x.mean(0)) / x.std(0)) @ r.normal(size=count) + r.normal()


def by_hand(x):
    return (x - x.mean(0)) / x.std(0)


# -- the same as by hand ----------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), method=st.sampled_from(["gd", "momentum", "adam", "line-search"]))
def test_the_losses_are_those_of_columns_standardised_by_hand(seed, method):
    x, y = columns(seed)
    start = {"w": np.zeros(3), "b": 0.0}
    found = gw.descend(line, start, (x, y), method=method, steps=20, learning_rate=0.05, standardise=True)
    hand = gw.descend(line, start, (by_hand(x), y), method=method, steps=20, learning_rate=0.05)
    np.testing.assert_allclose(found.losses, hand.losses, rtol=1e-6, atol=1e-12)
    w = hand.params["w"] / x.std(0)
    np.testing.assert_allclose(found.params["w"], w, rtol=1e-6, atol=1e-9 * np.max(np.abs(w)))
    np.testing.assert_allclose(found.params["b"], hand.params["b"] - x.mean(0) @ w, rtol=1e-5, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_parameters_of_every_kept_step_give_its_loss_on_the_data_as_they_are(seed):
    x, y = columns(seed)
    r = np.random.default_rng(seed)
    start = {"W": r.normal(size=(3, 4)) / x.std(0)[:, None], "b": r.normal(size=4), "v": r.normal(size=4), "c": 0.5}
    found = gw.descend(network, start, (x, y), steps=8, learning_rate=0.01, standardise=True)
    for row, value in zip(found.path, found.losses, strict=True):
        names = ("W", "b", "v", "c")
        parts = np.split(row, np.cumsum([12, 4, 4]))
        params = {n: p.reshape(np.shape(start[n])) for n, p in zip(names, parts, strict=True)}
        assert network(params, x, y) == pytest.approx(value, rel=1e-6)
    assert found.loss == pytest.approx(network(found.params, x, y), rel=1e-9)
    assert found.losses[0] == pytest.approx(network(start, x, y), rel=1e-6)


def test_the_worst_columns_converge_where_plain_steps_do_not():
    x, y = columns(5)
    start = {"w": np.zeros(3), "b": 0.0}
    plain, standard = (gw.descend(line, start, (x, y), standardise=s) for s in (False, True))
    best = np.linalg.lstsq(np.column_stack([x, np.ones(30)]), y, rcond=None)[0]
    assert standard.reason == "converged" and plain.reason != "converged"
    np.testing.assert_allclose(standard.params["w"], best[:3], rtol=1e-5)


WRITTEN = {
    "bias first": lambda p, x, y: np.mean((p["b"] + x @ p["w"] - y) ** 2),
    "taken off": lambda p, x, y: np.mean((y - (x @ p["w"] + p["b"])) ** 2),
    "each taken off": lambda p, x, y: np.mean((y - x @ p["w"] - p["b"]) ** 2),
    "minus the bias": lambda p, x, y: np.mean((x @ p["w"] - p["b"] - y) ** 2),
    "a negative product": lambda p, x, y: np.mean((-(x @ p["w"]) + p["b"] - y) ** 2),
    "np.dot": lambda p, x, y: np.mean((np.dot(x, p["w"]) + p["b"] - y) ** 2),
    "in a sigmoid": lambda p, x, y: np.mean((1 / (1 + np.exp(-(x @ p["w"] + p["b"]) * 0.01)) - y) ** 2),
    "cross-entropy": lambda p, x, y: np.mean(np.log1p(np.exp(-0.001 * y * (x @ p["w"] + p["b"])))),
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_start_goes_in_and_comes_back_unchanged_with_the_same_loss(written, seed):
    x, y = columns(seed)
    r = np.random.default_rng(seed)
    problem = problem_of(WRITTEN[written], {"w": r.normal(size=3), "b": r.normal()}, (x, y), "numpy")
    standard = standard_of(problem, True)
    inside = standard.problem(problem)
    assert inside.value(inside.start) == pytest.approx(problem.value(problem.start), rel=1e-9)
    np.testing.assert_allclose(flat(standard.outward(inside.start)), flat(problem.start), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(inside.data[0].mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(inside.data[0].std(0), 1, rtol=1e-9)
    assert standard.left == ("data[1]",)


def test_single_columns_in_a_formula_share_one_bias():
    x, y = columns(3, count=2)
    found = gw.descend(
        "mean((x1*w1 + x2*w2 + b - y)^2)",
        {"w1": 0.0, "w2": 0.0, "b": 0.0},
        {"x1": x[:, 0], "x2": x[:, 1], "y": y},
        standardise=True,
    )
    best = np.linalg.lstsq(np.column_stack([x, np.ones(30)]), y, rcond=None)[0]
    np.testing.assert_allclose([float(found.params[n]) for n in ("w1", "w2", "b")], best, rtol=1e-4)


def test_a_column_of_ones_does_the_work_of_a_bias():
    x, y = columns(4)
    with_ones = np.column_stack([np.full(30, 2.0), x])
    found = gw.descend(lambda w, x, y: np.mean((x @ w - y) ** 2), np.zeros(4), (with_ones, y), standardise=True)
    best = np.linalg.lstsq(with_ones, y, rcond=None)[0]
    assert found.reason == "converged"
    np.testing.assert_allclose(found.params, best, rtol=1e-4)


def test_only_the_columns_that_are_named_are_standardised():
    x, y = columns(6, count=2)
    data = {"x1": x[:, 0], "x2": x[:, 1], "y": y}
    start = {"w1": 0.1, "w2": 0.2, "b": 0.3}
    found = gw.descend("mean((x1*w1 + x2*w2 + b - y)^2)", start, data, standardise=["x2"], steps=2, learning_rate=1e-9)
    assert any(note.startswith("x2 is standardised") for note in found.notes)
    assert not any(note.startswith("x1 is standardised") for note in found.notes)


def test_held_out_rows_are_standardised_as_the_rows_of_the_steps():
    x, y = columns(7, rows=60)
    found = gw.descend(line, {"w": np.zeros(3), "b": 0.0}, (x, y), standardise=True, holdout=0.25, steps=300)
    step, value = min(found.held_out, key=lambda pair: pair[1])
    at = found.path[int(np.flatnonzero(found.path_steps == step)[0])]
    used = set(found.problem.numbers.tolist())
    held = np.array([k for k in range(60) if k not in used])
    assert line({"w": at[:3], "b": at[3]}, x[held], y[held]) == pytest.approx(value, rel=1e-5, abs=1e-12)


def test_a_random_start_is_one_for_the_standardised_columns():
    x, y = columns(8)
    start = {"W": np.zeros((3, 4)), "b": np.zeros(4), "v": np.zeros(4), "c": 0.0}
    found = gw.descend(network, start, (x, y), init="glorot", seed=3, standardise=True, steps=0, learning_rate=1.0)
    drawn = gw.descend(network, start, (by_hand(x), y), init="glorot", seed=3, steps=0, learning_rate=1.0)
    assert found.losses[0] == pytest.approx(drawn.losses[0], rel=1e-9)
    np.testing.assert_allclose(found.params["W"], drawn.params["W"] / x.std(0)[:, None], rtol=1e-9)


# -- what cannot be put back ------------------------------------------------------------------------------------------

REFUSED = {
    "a power": (lambda p, x, y: np.mean(((x**2) @ p["w"] + p["b"] - y) ** 2), "power"),
    "a product with another column": (lambda p, x, y: np.mean((x[:, 0] * x[:, 1] * p["b"] - y) ** 2), "stands in"),
    "no bias": (lambda p, x, y: np.mean((x @ p["w"] - y) ** 2) + p["b"] ** 2, "no bias"),
    "a weight with a penalty": (
        lambda p, x, y: np.mean((x @ p["w"] + p["b"] - y) ** 2) + np.sum(p["w"] ** 2),
        "used elsewhere",
    ),
    "a bias with a penalty": (
        lambda p, x, y: np.mean((x @ p["w"] + p["b"] - y) ** 2) + p["b"] ** 2,
        "no bias",
    ),
    "a bias behind a bend": (lambda p, x, y: np.mean((np.tanh(x @ p["w"]) + p["b"] - y) ** 2), "no bias"),
    "used twice": (lambda p, x, y: np.mean((x @ p["w"] + p["b"] - y + x[:, 0]) ** 2), "stands in"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_put_back_is_refused_with_its_reason(kind):
    f, why = REFUSED[kind]
    x, y = columns(9)
    with pytest.raises(ArgumentError, match="no column can be standardised") as caught:
        gw.descend(f, {"w": np.ones(3), "b": 1.0}, (x, y), standardise=True)
    assert why in str(caught.value) and caught.value.hint


def test_a_target_that_is_asked_for_by_name_is_refused():
    x, y = columns(10)
    with pytest.raises(ArgumentError, match=r"data\[1\] cannot be standardised"):
        gw.descend(line, {"w": np.zeros(3), "b": 0.0}, (x, y), standardise=["data[1]"])
    with pytest.raises(ArgumentError, match="there is no data called 'z'"):
        gw.descend(line, {"w": np.zeros(3), "b": 0.0}, (x, y), standardise="z")


# -- model files and the command line ---------------------------------------------------------------------------------


def test_a_model_file_may_ask_for_standardised_columns(tmp_path):
    text = (EXAMPLES / "cars.toml").read_text("utf-8").replace("[descend]", "[descend]\nstandardise = true")
    text = text.replace("learning_rate = 0.003\n", "")
    (tmp_path / "cars.csv").write_bytes((EXAMPLES / "cars.csv").read_bytes())
    (tmp_path / "cars.toml").write_text(text)
    found = load(tmp_path / "cars.toml").descend()
    assert found.reason == "converged" and found.steps < 100
    assert float(found.params["w"]) == pytest.approx(3.932409, rel=1e-6)
    assert float(found.params["b"]) == pytest.approx(-17.579095, rel=1e-6)


def test_the_command_line_says_what_was_standardised(capsys):
    assert main(["descend", str(EXAMPLES / "cars.toml"), "--standardise", "--steps", "5", "--work", "1"]) == 0
    page = capsys.readouterr().out
    assert "x is standardised: (x - 15.4)/5.2345" in page
    assert "left as they are: y" in page and "own units" in page


def test_the_other_layout_is_put_back_too():
    r = np.random.default_rng(12)
    x, y = r.normal(size=(3, 20)) * [[100], [1], [0.1]] + 7, r.normal(size=(2, 20))
    text = f"""layout = "columns"
loss = "mse"
[data]
X = {x.tolist()}
Y = {y.tolist()}
[[layer]]
units = 4
activation = "tanh"
[[layer]]
units = 2
"""
    found = load(text).descend(standardise=True, steps=5, learning_rate=0.01, init="he", seed=2)
    p = found.params
    hidden = np.tanh(p["W1"] @ x + p["b1"])
    assert found.loss == pytest.approx(np.mean((p["W2"] @ hidden + p["b2"] - y) ** 2), rel=1e-9)
    assert found.losses[-1] == pytest.approx(found.loss, rel=1e-9)


# -- rows in parts ----------------------------------------------------------------------------------------------------


def in_parts(x, y, cuts):
    edges = [0, *sorted(cuts), len(x)]
    return [(x[a:b], y[a:b]) for a, b in itertools.pairwise(edges)]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(1, 29), max_size=4, unique=True))
def test_chunks_are_standardised_as_arrays_are(seed, cuts):
    x, y = columns(seed)
    start = {"w": np.zeros(3), "b": 0.0}
    options = {"steps": 15, "learning_rate": 0.05, "standardise": True}
    found = gw.descend(line, start, in_parts(x, y, cuts), **options)
    whole = gw.descend(line, start, (x, y), moments=False, **options)
    np.testing.assert_allclose(found.losses, whole.losses, rtol=1e-9, atol=1e-12)
    for name in start:
        np.testing.assert_allclose(found.params[name], whole.params[name], rtol=1e-7)
    assert found.loss == pytest.approx(line(found.params, x, y), rel=1e-9)
    assert any("data[0] is standardised" in note for note in found.notes)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shape=st.sampled_from([(20,), (20, 3), (20, 3, 2)]),
    cuts=st.lists(st.integers(1, 19), max_size=5, unique=True),
    far=st.sampled_from([0.0, 1e6, -1e9]),
)
def test_totals_of_parts_are_those_of_all_rows(seed, shape, cuts, far):
    values = np.random.default_rng(seed).normal(size=shape) + far
    edges = [0, *sorted(cuts), 20]
    parts = [Totals.of(values[a:b]) for a, b in itertools.pairwise(edges)]
    found = functools.reduce(Totals.__add__, parts)
    for axis in (None, *range(1, len(shape))):
        for one, other in zip(found.statistics(axis), _statistics(values, axis), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-7)
            assert one.shape == other.shape


def test_large_files_batches_and_held_out_rows_are_standardised(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LARGE", 1000)
    monkeypatch.setattr(sources, "PART", 4 * 8 * 40)
    x, y = columns(3, rows=200)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    files, start = (tmp_path / "x.npy", tmp_path / "y.npy"), {"w": np.zeros(3), "b": 0.0}
    options = {"standardise": True, "learning_rate": 0.05, "steps": 300}
    found = gw.descend(line, start, files, **options)
    whole = gw.descend(line, start, (x, y), moments=False, **options)
    np.testing.assert_allclose(found.path[-1], whole.path[-1], rtol=1e-6)
    for more in ({"batch": 10}, {"holdout": 0.2}, {"test": 0.2}, {"init": "normal"}):
        other = gw.descend(line, start, files, **options, **more)
        assert other.loss < 0.05 * float(np.var(y))
    with ThreadPoolExecutor(2) as executor:
        spread = gw.descend(line, start, files, executor=executor, **options)
    assert spread.path.tobytes() == found.path.tobytes()
    assert other.scores is not None


def test_a_column_of_ones_in_all_chunks_does_the_work_of_a_bias():
    x, y = columns(8)
    with_ones = np.column_stack([np.ones(30), x])
    loss = lambda w, x, y: np.mean((x @ w - y) ** 2)  # noqa: E731
    found = gw.descend(loss, np.zeros(4), in_parts(with_ones, y, [7, 20]), standardise=True, steps=3000)
    best = np.linalg.lstsq(with_ones, y, rcond=None)[0]
    np.testing.assert_allclose(found.params, best, rtol=1e-4)


def test_a_column_that_is_equal_in_each_chunk_alone_is_no_column_of_ones():
    x = np.column_stack([np.repeat([1.0, 2.0], 15), columns(8)[0]])
    loss = lambda w, x, y: np.mean((x @ w - y) ** 2)  # noqa: E731
    with pytest.raises(ArgumentError, match="no bias beside it"):
        gw.descend(loss, np.zeros(4), in_parts(x, columns(8)[1], [15]), standardise=True)
