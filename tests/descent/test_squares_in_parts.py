"""Gauss-Newton and Levenberg-Marquardt on rows that are gone through in parts, or spread over workers."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import nist
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.descent import sources
from gradwork.descent.problem import problem_of
from gradwork.descent.searches.squares import squares_of
from gradwork.descent.searches.squares_in_parts import all_squares, some_squares
from gradwork.errors import ArgumentError

METHODS = ("gauss-newton", "levenberg-marquardt")
T = np.linspace(0, 4, 300)
Y = 2 * np.exp(-1.3 * T) + 0.5 + 0.05 * np.random.default_rng(0).normal(size=300)
START = {"a": 1.5, "c": 1.0, "d": 0.2}
MEAN = "mean((a*exp(-c*t) + d - y)^2)"
SUM = "sum((a*exp(-c*t) + d - y)^2)"
LOSSES = (MEAN, SUM, f"{SUM} + 0.3*a^2", f"{MEAN} + 0.01*a^2 + 0.02*(c - d)^2", f"{SUM} + 0.5*(a^2 + c^2 + d^2)")


def pieces(*cuts, data=None):
    data = {"t": T, "y": Y} if data is None else data
    edges = [0, *cuts, len(next(iter(data.values())))]
    return lambda: ({name: v[a:b] for name, v in data.items()} for a, b in pairwise(edges))


def plain(p, t, y):
    return np.mean((p["a"] * np.exp(-p["c"] * t) + p["d"] - y) ** 2)


# -- the squares themselves -------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    loss=st.sampled_from(LOSSES),
    cuts=st.lists(st.integers(1, 299), max_size=6, unique=True).map(sorted),
    moved=st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=3),
)
def test_folded_rows_have_the_products_of_all_rows(loss, cuts, moved):
    parts, whole = (problem_of(loss, START, data, "numpy") for data in (pieces(*cuts), {"t": T, "y": Y}))
    leaves = [leaf + move for leaf, move in zip(whole.start, moved, strict=True)]
    other = [leaf * 0.9 for leaf in leaves]
    folded, beside = all_squares(parts, leaves, other)
    full = squares_of(whole, leaves)
    there = squares_of(whole, other).residual
    close = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(folded.jacobian.T @ folded.jacobian, full.jacobian.T @ full.jacobian, **close)
    np.testing.assert_allclose(folded.jacobian.T @ folded.residual, full.jacobian.T @ full.residual, **close)
    np.testing.assert_allclose(folded.residual @ folded.residual, full.residual @ full.residual, **close)
    np.testing.assert_allclose(folded.jacobian.T @ beside, full.jacobian.T @ there, **close)
    np.testing.assert_allclose(beside @ folded.residual, there @ full.residual, **close)
    weight = np.abs(np.array(leaves, float))
    assert folded.size == pytest.approx(float(np.linalg.norm(np.abs(full.jacobian) @ weight)), rel=1e-10)


def test_fewer_rows_than_parameters_in_a_part_are_no_hindrance():
    random = np.random.default_rng(2)
    x, y = random.normal(size=(40, 8)), random.normal(size=40)
    loss = lambda w, x, y: np.sum((x @ w - y) ** 2)  # noqa: E731
    chunks = [(x[a : a + 3], y[a : a + 3]) for a in range(0, 40, 3)]
    found = gw.descend(loss, np.zeros(8), chunks, method="gauss-newton")
    np.testing.assert_allclose(found.params, np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-10)


def test_slopes_that_do_nothing_are_folded_too():
    found = gw.descend("mean((a*t + 0*c - y)^2)", {"a": 0.0, "c": 1.0}, pieces(100), method="levenberg-marquardt")
    assert found.reason == "converged"
    assert float(found.params["a"]) == pytest.approx(float(T @ Y / (T @ T)), rel=1e-9)


# -- whole runs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_parts_end_where_the_whole_does(method, loss, decay):
    options = {"method": method, "weight_decay": decay}
    whole = gw.descend(loss, START, {"t": T, "y": Y}, **options)
    parts = gw.descend(loss, START, pieces(7, 100, 101, 250), **options)
    assert whole.reason == parts.reason == "converged"
    np.testing.assert_allclose(parts.path[-1], whole.path[-1], rtol=1e-7)
    np.testing.assert_allclose(parts.path[:4], whole.path[:4], rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_large_files_end_where_arrays_do(method, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LARGE", 1000)
    monkeypatch.setattr(sources, "PART", 71 * 16)
    np.save(tmp_path / "t.npy", T)
    np.save(tmp_path / "y.npy", Y)
    found = gw.descend(plain, START, (tmp_path / "t.npy", tmp_path / "y.npy"), method=method)
    whole = gw.descend(plain, START, (T, Y), method=method)
    np.testing.assert_allclose(found.path[-1], whole.path[-1], rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", [(T, Y), [(T[:120], Y[:120]), (T[120:], Y[120:])]])
def test_the_path_does_not_hang_on_the_number_of_workers(method, data):
    found = []
    for workers in (1, 3):
        with ThreadPoolExecutor(workers) as executor:
            found.append(gw.descend(plain, START, data, method=method, executor=executor))
    assert found[0].path.tobytes() == found[1].path.tobytes() and found[0].losses.tobytes() == found[1].losses.tobytes()
    np.testing.assert_allclose(found[0].path[-1], gw.descend(plain, START, (T, Y), method=method).path[-1], rtol=1e-9)


def test_processes_give_the_bits_that_threads_give():
    runs = []
    for pool in (ThreadPoolExecutor(2), ProcessPoolExecutor(2, mp_context=get_context("spawn"))):
        with pool as executor:
            runs.append(gw.descend(MEAN, START, {"t": T, "y": Y}, method="levenberg-marquardt", executor=executor))
    assert runs[0].path.tobytes() == runs[1].path.tobytes()


@pytest.mark.parametrize("name", ["Thurber", "Misra1a", "Gauss1", "Hahn1"])
def test_certified_parameters_are_reached_in_parts(name):
    given_ = nist.PROBLEMS[next(key for key in nist.PROBLEMS if key.lower() == name.lower())]
    rows = len(next(iter(given_.data.values())))
    chunks = pieces(rows // 3, rows // 2, data=given_.data)
    found = gw.descend(given_.loss, given_.starts[1], chunks, method="levenberg-marquardt")
    assert found.reason == "converged" and given_.digits(found.params) >= 7


def test_the_page_shows_the_first_residuals_as_they_count():
    found = gw.descend(MEAN, START, pieces(100), method="levenberg-marquardt", work=1)
    whole = squares_of(problem_of(MEAN, START, {"t": T, "y": Y}, "numpy"), list(found.problem.start))
    first = some_squares(found.problem, list(found.problem.start))
    np.testing.assert_allclose(first.residual, whole.residual[:100])
    assert f"{whole.residual[0]:.6g}" in str(found) and "gone through in parts" in str(found)


def test_a_checkpoint_goes_on_to_the_same_bits_in_parts(tmp_path):
    options = {"method": "levenberg-marquardt", "checkpoint": tmp_path / "run.npz"}
    gw.descend(MEAN, START, pieces(100), steps=3, **options)
    on = gw.descend(MEAN, START, pieces(100), **options)
    assert on.path.tobytes() == gw.descend(MEAN, START, pieces(100), method="levenberg-marquardt").path.tobytes()


def test_a_loss_of_another_kind_is_refused_in_parts_too():
    with pytest.raises(ArgumentError, match="not a sum or a mean of squares"):
        gw.descend("mean(abs(a*t + c - d - y))", START, pieces(100), method="gauss-newton")
