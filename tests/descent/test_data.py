"""Data that need not fit into memory: files and chunks give the numbers that arrays give, in bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwork as gw
from gradwork.descent import sources
from gradwork.descent.large import Large, LargeBatches
from gradwork.descent.mapped import is_mapped, mapped, open_mapped
from gradwork.descent.problem import problem_of
from gradwork.errors import ArgumentError, DataError, GradworkError, MissingFileError
from gradwork.models import load

RNG = np.random.default_rng(3)
X = RNG.normal(size=(1000, 4))
Y = np.sin(X[:, 0]) + X[:, 1]
START = {"W": RNG.normal(size=(4, 3)), "b": np.zeros(3), "v": RNG.normal(size=3)}
SIZE = 83  # rows of a part


def loss(params, x, y):
    return np.mean((np.tanh(x @ params["W"] + params["b"]) @ params["v"] - y) ** 2)


def chunks():
    for first in range(0, len(X), SIZE):
        yield X[first : first + SIZE], Y[first : first + SIZE]


def bits(found):
    return found.losses.tobytes() + found.path.tobytes()


def descend(data, **options):
    return gw.descend(loss, START, data, progress=False, **{"steps": 20, "learning_rate": 0.05, **options})


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The data as files that count as large, in parts of 83 rows."""
    monkeypatch.setattr(sources, "LARGE", 1000)
    monkeypatch.setattr(sources, "PART", SIZE * 5 * 8)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    return tmp_path


def maps(folder):
    return np.load(folder / "x.npy", mmap_mode="r"), np.load(folder / "y.npy", mmap_mode="r")


# -- the same numbers -------------------------------------------------------------------------------------------------


def test_files_maps_and_chunks_give_the_same_bits(files):
    paths = descend((files / "x.npy", str(files / "y.npy")))
    assert isinstance(paths.problem, Large)
    assert bits(paths) == bits(descend(maps(files))) == bits(descend(chunks)) == bits(descend(list(chunks())))


def test_parts_give_what_arrays_give_to_rounding(files):
    np.testing.assert_allclose(descend(maps(files)).path, descend((X, Y), moments=False).path, rtol=1e-10, atol=1e-12)


def test_chunks_by_name_fit_a_formula():
    def pieces():
        for x, y in chunks():
            yield {"x": x[:, 1], "y": y}

    found = gw.descend("mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, pieces, steps=30)
    alone = gw.descend("mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, {"x": X[:, 1], "y": Y}, steps=30, moments=False)
    np.testing.assert_allclose(found.path[-1], alone.path[-1], rtol=1e-5)


def test_something_that_can_be_gone_through_again_is_chunks():
    class Loader:
        def __iter__(self):
            return chunks()

    assert bits(descend(Loader())) == bits(descend(chunks))


@settings(max_examples=15, deadline=None)
@given(edges=st.lists(st.integers(1, 999), max_size=6, unique=True))
def test_the_loss_does_not_hang_on_where_chunks_are_cut(edges):
    cuts = [0, *sorted(edges), 1000]
    found = problem_of(loss, START, lambda: ((X[a:b], Y[a:b]) for a, b in pairwise(cuts)), "numpy")
    whole = problem_of(loss, START, (X, Y), "numpy")
    value, gradient = found.value_and_gradient(found.start)
    wanted, slopes = whole.value_and_gradient(whole.start)
    np.testing.assert_allclose(value, wanted, rtol=1e-12)
    for g, s in zip(gradient, slopes, strict=True):
        np.testing.assert_allclose(g, s, rtol=1e-10, atol=1e-14)


def test_a_sum_with_a_penalty_counts_the_penalty_once(files):
    def penalised(p, x, y):
        return np.sum((x @ p["v"] - y) ** 2) + 3 * np.sum(p["v"] ** 2)

    start = {"v": np.ones(4)}
    parts = gw.descend(penalised, start, maps(files), steps=20, learning_rate=1e-4)
    whole = gw.descend(penalised, start, (X, Y), steps=20, learning_rate=1e-4, moments=False)
    np.testing.assert_allclose(parts.path, whole.path, rtol=1e-10)
    np.testing.assert_allclose(parts.losses, whole.losses, rtol=1e-10)


@pytest.mark.parametrize("method", ["momentum", "adam", "line-search", "conjugate-gradient"])
def test_methods_take_data_in_parts(files, method):
    parts = descend(maps(files), method=method)
    whole = descend((X, Y), method=method, moments=False)
    np.testing.assert_allclose(parts.path, whole.path, rtol=1e-6, atol=1e-9)


def test_single_precision_stays_single(files):
    np.save(files / "x.npy", X.astype(np.float32))
    np.save(files / "y.npy", Y.astype(np.float32))
    start = {name: value.astype(np.float32) for name, value in START.items()}
    found = gw.descend(loss, start, maps(files), steps=5, learning_rate=0.05)
    assert found.path.dtype == np.float32


def test_a_chosen_learning_rate_and_the_page_work_with_parts(files):
    found = gw.descend(loss, START, maps(files), steps=5, work=2)
    assert found.why_learning_rate
    assert "Step 2" in str(found)
    formula = gw.descend("mean((y*w - y)^2)", {"w": 0.0}, {"y": maps(files)[1]}, steps=3, work=1)
    assert f"{formula.losses[0]:.6g}" in str(formula)


@pytest.mark.parametrize("kind", ["loss", "contour", "path", "predictions"])
def test_pictures_are_drawn_of_data_in_parts(files, kind):
    data = {"x": maps(files)[0][:, 1], "y": maps(files)[1]}
    found = gw.descend("mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, data, steps=5)
    assert str(found.picture(kind))


# -- batches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["files", "chunks"])
@settings(max_examples=10, deadline=None)
@given(batch=st.integers(1, 400), seed=st.integers(0, 99))
def test_every_row_is_taken_once_in_a_pass(kind, batch, seed):
    rows = sources.MappedRows((X, Y), (True, True), SIZE, (SIZE,) * 12 + (4,))
    problem = Large(loss, None, [], (), (), (True, True), source=rows)
    if kind == "chunks":
        problem = problem_of(loss, START, chunks, "numpy")
    batches = LargeBatches(problem, batch, seed)
    for epoch in range(2):
        steps = range(epoch * batches.an_epoch, (epoch + 1) * batches.an_epoch)
        taken = [batches.rows(step) for step in steps]
        assert sorted(np.concatenate(taken).tolist()) == list(range(1000))
        for step, numbers in zip(steps, taken, strict=True):
            assert np.array_equal(batches.of(step)[1], Y[numbers])


def test_batches_of_parts_are_the_same_from_any_step_on(files):
    problem = problem_of(loss, START, maps(files), "numpy")
    straight = [LargeBatches(problem, 30, 5).of(k) for k in range(100)]
    for first in (99, 3, 40):
        again = LargeBatches(problem, 30, 5).of(first)
        assert np.array_equal(again[0], straight[first][0])


@pytest.mark.parametrize("options", [{"batch": 32}, {"batch": 32, "holdout": 0.2}, {"holdout": 0.3}], ids=str)
def test_parts_learn_with_batches_and_held_out_rows(files, options):
    for data in (maps(files), chunks):
        found = descend(data, steps=100, method="adam", learning_rate=0.05, **options)
        assert found.losses[-1] < 0.3 * found.losses[0]
        assert bits(found) == bits(descend(data, steps=100, method="adam", learning_rate=0.05, **options))


def test_held_out_and_test_rows_are_no_others(files):
    found = descend(maps(files), steps=3, test=0.25, holdout=0.2)
    used = [row for i in range(13) for row in found.problem.own.numbers(i)]
    tested = [row for i in range(13) for row in found.test.own.numbers(i)]
    assert len(tested) == pytest.approx(250, abs=13)
    assert not set(used) & set(tested)
    assert found.scores.name == "R²"
    assert found.scores.test_rows == len(tested)


# -- memory -----------------------------------------------------------------------------------------------------------

BIG = """
import sys, tracemalloc, numpy as np, gradwork as gw
def highest():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))
def loss(p, x, y):
    return np.mean((x @ p["w"] + p["b"] - y) ** 2)
start = {"w": np.zeros(32), "b": 0.0}
gw.descend(loss, start, (np.ones((64, 32)), np.ones(64)), steps=2, batch=8)
before = highest()
tracemalloc.start()
files = (sys.argv[1] + "/x.npy", sys.argv[1] + "/y.npy")
found = gw.descend(loss, start, files, steps=4, learning_rate=0.3, progress=False)
some = gw.descend(loss, start, files, steps=200, learning_rate=0.05, batch=500, holdout=0.01, progress=False)
print(found.losses[-1] / found.losses[0], some.loss, tracemalloc.get_traced_memory()[1] / 2**20, highest() - before)
"""


def test_a_file_of_300_megabytes_is_descended_in_a_few(tmp_path):
    rows, width = 1_200_000, 32
    x = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype=np.float64, shape=(rows, width))
    y = np.lib.format.open_memmap(tmp_path / "y.npy", mode="w+", dtype=np.float64, shape=(rows,))
    for first in range(0, rows, 100_000):
        x[first : first + 100_000] = np.random.default_rng(first).normal(size=(100_000, width))
        y[first : first + 100_000] = x[first : first + 100_000] @ np.linspace(-1, 1, width) + 2
    x.flush(), y.flush()
    del x, y
    assert os.path.getsize(tmp_path / "x.npy") > 300e6
    environment = {**os.environ, "PYTHONPATH": str(Path(gw.__file__).parents[1])}
    command = [sys.executable, "-c", BIG, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=200)
    for name in ("x.npy", "y.npy"):
        (tmp_path / name).unlink()
    fell, loss_of_batches, traced, resident = map(float, done.stdout.split())
    assert fell < 0.05
    assert loss_of_batches < 0.01
    assert traced < 60
    assert resident < 100


# -- what cannot be used ----------------------------------------------------------------------------------------------


def refused(data, match, kind=GradworkError):
    with pytest.raises(kind, match=match) as caught:
        descend(data)
    assert caught.value.hint
    return caught.value


def test_chunks_that_cannot_be_used_say_what_and_why():
    refused(iter(chunks()), "can be gone through once", ArgumentError)
    refused(chunks(), "can be gone through once", ArgumentError)
    kept = chunks()
    refused(lambda: kept, "not the same as in the first pass", DataError)
    refused(lambda n: n, "cannot be called", ArgumentError)
    refused(lambda: 5, "gives no chunks", ArgumentError)
    refused(lambda: iter([1, 2]), "chunk 1 of the data", DataError)
    refused(lambda: iter([(X, Y), (X[:, :2], Y)]), "chunk 2 of the data", DataError)
    refused(lambda: iter([(X, Y), {"x": X, "y": Y}]), "chunk 2 of the data", DataError)
    refused([(X, Y), (X, Y[:5])], "chunk 2 of the data", DataError)
    with pytest.raises(DataError, match="have no rows"):
        descend(lambda: iter(()))


def test_an_error_of_the_users_own_function_stays_his_own():
    def broken():
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        descend(broken)


def test_chunks_that_change_between_passes_are_noticed():
    calls = []

    def fewer():
        calls.append(1)
        yield X[:100], Y[:100]
        if len(calls) < 6:
            yield X[100:], Y[100:]

    assert "1 chunk come" in str(refused(fewer, "not the same", DataError)).replace("comes", "come")


def test_files_that_cannot_be_used_say_what_and_why(files):
    refused((files / "z.npy", files / "y.npy"), "no file z.npy", MissingFileError)
    (files / "t.npy").write_text("hello")
    refused((files / "t.npy", files / "y.npy"), "no plain array", DataError)
    refused(("x.csv", files / "y.npy"), r"no \.npy file", DataError)
    np.save(files / "o.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    assert "can run code" in str(refused((files / "o.npy", files / "y.npy"), "no plain array", DataError))
    np.savez(files / "two.npz", a=X)
    (files / "two.npz").rename(files / "two.npy")
    refused((files / "two.npy", files / "y.npy"), "no single array", DataError)


def test_a_loss_that_mixes_rows_is_refused_for_parts(files):
    with pytest.raises(ArgumentError, match="cannot be split over rows") as caught:
        gw.descend(lambda w, x: np.std(x * w), 1.0, maps(files)[1])
    assert "test_data.py" in str(caught.value)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_an_odd_number_is_named_with_its_row(files, odd):
    y = Y.copy()
    y[777] = odd
    np.save(files / "odd.npy", y)
    refused((files / "x.npy", files / "odd.npy"), rf"data\[1\] is {odd} in row 778\n", DataError)
    pieces = [(X[a : a + 100], y[a : a + 100]) for a in range(0, 1000, 100)]
    refused(lambda: iter(pieces), r"in row 778 \(row 78 of chunk 8\)", DataError)
    refused((X, y), r"in row 778\n", DataError)


def test_a_fault_on_the_way_names_op_line_row_and_step(files):
    x = np.linspace(0.5, 2, 1000)
    x[600:] += 4.0
    np.save(files / "p.npy", x)

    def faulty(w, x):
        return np.mean(np.sqrt(5.5 - x * w)) - w

    for data in (np.load(files / "p.npy", mmap_mode="r"), lambda: iter([x[:500], x[500:]]), x):
        found = gw.descend(faulty, 0.5, data, learning_rate=0.3, steps=50)
        assert found.reason == "diverged"
        assert "sqrt gives nan, row " in found.explanation
        row = int(found.explanation.split("row ")[1].split()[0])
        assert row > 600
        assert "after step" in found.explanation and "test_data.py" in found.explanation


@pytest.mark.parametrize("share", [None, 0.3])
def test_a_slope_that_is_not_finite_names_its_op_and_row(share):
    x = np.ones(20)
    x[12] = 0.0

    def cornered(w, x):
        return np.mean(np.sqrt(w * x) * (1 + x))

    with pytest.raises(DataError, match="gradient is not finite") as caught:
        gw.descend(cornered, 0.5, x, learning_rate=0.1, holdout=share, seed=2)
    assert "sqrt has the slope inf, row 13 (test_data.py" in str(caught.value)


# -- mapped arrays ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_view_of_a_file_is_read_again_from_the_file(tmp_path, order):
    np.save(tmp_path / "x.npy", np.asarray(X, order=order))
    whole = open_mapped(tmp_path / "x.npy")
    for view, wanted in (
        (whole, X),
        (whole[10:50], X[10:50]),
        (whole[:, 1:3], X[:, 1:3]),
        (np.asarray(whole), X),
        (whole[::2, 3], X[::2, 3]),
        (whole[5:5], X[5:5]),
    ):
        assert is_mapped(view)
        assert np.array_equal(mapped(view).read(), wanted)
    assert not is_mapped(X) and not is_mapped(whole + 1)
    assert mapped(whole[::-1]) is None
    held = mapped(whole)
    np.save(tmp_path / "x.npy", X[:10])
    assert held.read() is None


def test_a_file_that_is_gone_is_read_through_the_map_that_is_there(files):
    data = maps(files)
    wanted = descend(data)
    (files / "x.npy").unlink()
    assert bits(descend(data)) == bits(wanted)


# -- model files ------------------------------------------------------------------------------------------------------

MODELS = {
    "two files": '[data]\nX = "x.npy"\nY = "y.npy"\n[[layer]]\nunits = 1\n',
    "columns of one file": 'data = "all.npy"\n[columns]\nX = ["col1", "col2"]\nY = "col5"\n[[layer]]\nunits = 1\n',
    "a formula": 'data = "all.npy"\nloss = "mean((col1*w + col2*v - col5)^2)"\n[parameters]\nw = 0.0\nv = 0.0\n',
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_file_names_files_and_large_ones_stay_on_disk(files, name, monkeypatch):
    np.save(files / "all.npy", np.column_stack([X, Y]))
    (files / "m.toml").write_text(MODELS[name] + "[descend]\nsteps = 50\ntest = 0.2\n")
    parts = load(files / "m.toml").descend(progress=False)
    assert isinstance(parts.problem, Large)
    monkeypatch.setattr(sources, "LARGE", 10**9)
    whole = load(files / "m.toml").descend(progress=False)
    assert not isinstance(whole.problem, Large)
    assert parts.loss == pytest.approx(whole.loss, rel=0.2)  # the rows that are kept apart are others
    assert parts.scores.test > 0.5 and whole.scores.test > 0.5


def test_a_file_of_a_model_with_an_odd_number_is_named(files):
    (files / "m.toml").write_text(MODELS["two files"])
    np.save(files / "x.npy", np.where(np.arange(4) == 2, np.nan, X))
    with pytest.raises(DataError, match="X is nan in row 1, column 3"):
        load(files / "m.toml")
    (files / "m.toml").write_text(MODELS["two files"].replace("x.npy", "q.npy"))
    with pytest.raises(MissingFileError, match=r"no file q\.npy") as caught:
        load(files / "m.toml")
    assert caught.value.where.line == 2
