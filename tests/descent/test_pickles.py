"""Results of a descent are pickled and copied, and say of themselves what they said before."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import gradwork as gw
from gradwork.descent import sources
from gradwork.descent.method import method_named
from gradwork.descent.methods import names
from gradwork.errors import ArgumentError

X = np.linspace(0, 1, 60)
Y = 3 * X + 1 + 0.1 * np.sin(40 * X)
START = {"w": 0.0, "b": 0.5}
FORMULA = "mean((x*w + b - y)^2)"


def line(p, x, y):
    return np.mean((x * p["w"] + p["b"] - y) ** 2)


def there_and_back(value):
    return pickle.loads(pickle.dumps(value))


RUNS = {
    "formula": lambda: gw.descend(FORMULA, START, {"x": X, "y": Y}, steps=30, work=2),
    "function": lambda: gw.descend(line, START, (X, Y), steps=30, method="adam", work=1),
    "by name": lambda: gw.descend(line, START, {"x": X, "y": Y}, steps=30),
    "diverged": lambda: gw.descend(line, START, (X, Y), learning_rate=5.0),
    "held out": lambda: gw.descend(line, START, (X, Y), steps=40, holdout=0.2, test=0.2, batch=8),
    "standardised": lambda: gw.descend(line, START, (X, Y), steps=30, standardise=True),
    "solved": lambda: gw.descend(FORMULA, START, {"x": X, "y": Y}, method="levenberg-marquardt", work=1),
    "line search": lambda: gw.descend(FORMULA, START, {"x": X, "y": Y}, method="line-search", work=1),
    "without data": lambda: gw.descend("(a - 1)^2", {"a": 0.0}, steps=5),
    "chunks": lambda: gw.descend(line, START, [(X[:20], Y[:20]), (X[20:], Y[20:])], steps=10),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("way", [there_and_back, copy.copy, copy.deepcopy])
def test_a_copy_says_what_the_result_says(name, way):
    found = RUNS[name]()
    other = way(found)
    assert str(other) == str(found) and repr(other) == repr(found)
    assert other.losses.tobytes() == found.losses.tobytes() and other.path.tobytes() == found.path.tobytes()
    assert other.params == found.params and other.reason == found.reason and other.method is found.method


@pytest.mark.parametrize("name", ["formula", "function", "standardised", "held out"])
def test_scores_and_pictures_are_those_of_the_result(name):
    found = RUNS[name]()
    other = there_and_back(found)
    assert str(other.scores) == str(found.scores)
    for kind in ("loss", "contour", "path", "predictions"):
        assert other.picture(kind).svg() == found.picture(kind).svg()


def test_a_page_of_a_pickled_result_is_written(tmp_path):
    there_and_back(RUNS["formula"]()).save(tmp_path / "run.html")
    assert "<svg" in (tmp_path / "run.html").read_text(encoding="utf-8")


def test_a_deep_copy_has_numbers_of_its_own():
    found = RUNS["function"]()
    other = copy.deepcopy(found)
    other.losses[:] = 0
    other.params["w"] = 7.0
    assert found.losses[0] > 0 and found.params["w"] != 7.0


def test_a_local_loss_is_left_behind_and_what_asks_for_it_is_told():
    found = gw.descend(lambda p, x, y: line(p, x, y), START, (X, Y), steps=10)
    other = there_and_back(found)
    assert str(other) == str(found)
    with pytest.raises(ArgumentError, match=r"has come without the loss <lambda>[\s\S]*top of a module"):
        other.picture("contour")


def test_chunks_are_left_behind_and_what_asks_for_them_is_told():
    other = there_and_back(RUNS["chunks"]())
    with pytest.raises(ArgumentError, match="has come without its data"):
        other.picture("contour")


def test_large_files_are_found_again_and_are_not_sent_along(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LARGE", 1000)
    x = np.random.default_rng(0).normal(size=20_000)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", 2 * x)
    found = gw.descend(line, START, (tmp_path / "x.npy", tmp_path / "y.npy"), steps=3)
    sent = pickle.dumps(found)
    assert len(sent) < 50_000
    assert str(pickle.loads(sent).scores) == str(found.scores)
    (tmp_path / "y.npy").unlink()
    gone = pickle.loads(sent)
    assert str(gone) == str(found)
    with pytest.raises(ArgumentError, match=r"has come without the file .*y\.npy"):
        print(gone.scores)


@pytest.mark.parametrize("name", names())
def test_a_method_is_pickled_as_its_name(name):
    assert there_and_back(method_named(name)) is method_named(name)
