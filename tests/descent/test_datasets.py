"""The sets that scikit-learn carries: named in a model file, split by seed, and scored as scikit-learn scores."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import gradwork as gw
from gradwork.cli import main
from gradwork.errors import ArgumentError, MissingExtraError, ModelError, UsageError
from gradwork.models import load
from gradwork.models.datasets import SETS, data_set

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_the_one_that_scikit_learn_carries(name):
    import sklearn.datasets

    table = data_set(f"sklearn:{name}")
    found = getattr(sklearn.datasets, f"load_{name}")(**SETS[name])
    assert np.array_equal(table.numbers("X"), found.data)
    assert np.array_equal(table.numbers("Y"), found.target)
    for column in table.within:
        assert column.isidentifier()
        assert table.numbers(column).shape == (len(found.target),)


def test_a_model_uses_single_columns_by_their_names():
    model = load('data = "sklearn:diabetes"\nloss = "mean((bmi*w + b - Y)^2)"\n[parameters]\nw = 0.0\nb = 0.0\n')
    assert model.data["bmi"][0] == pytest.approx(32.1)
    assert "442 rows of sklearn:diabetes" in model.notes


def test_a_set_that_there_is_not_is_named_with_the_nearest():
    with pytest.raises(ModelError, match="no data set 'sklearn:digit'") as caught:
        load('title = "d"\ndata = "sklearn:digit"\n[[layer]]\nunits = 1\n')
    assert caught.value.where.line == 2
    assert "sklearn:digits" in caught.value.hint


def test_a_missing_scikit_learn_says_its_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match="needs scikit-learn") as caught:
        load(EXAMPLES / "digits.toml")
    assert 'pip install "scikit-learn>=1.4"' in caught.value.hint
    assert caught.value.where.source().startswith("data")


# -- scores -----------------------------------------------------------------------------------------------------------


def test_digits_are_read_by_a_small_network():
    found = load(EXAMPLES / "digits.toml").descend(progress=False)
    assert found.scores.name == "accuracy"
    assert found.scores.test > 0.95
    assert (found.scores.test_rows, found.scores.train_rows) == (449, 1348)
    assert not set(found.test.numbers) & set(found.problem.numbers)
    table = data_set("sklearn:digits")
    x, y = table.columns["X"][found.test.numbers], table.columns["Y"][found.test.numbers]
    w1, b1, w2, b2 = found.leaves
    right = np.argmax(np.maximum(x @ w1 + b1, 0) @ w2 + b2, axis=1) == y
    assert found.scores.test == pytest.approx(right.mean())


def test_a_linear_model_of_diabetes_is_scikit_learns_to_many_digits():
    from sklearn.linear_model import LinearRegression

    found = load(EXAMPLES / "diabetes.toml").descend(progress=False)
    table = data_set("sklearn:diabetes")
    x, y = table.columns["X"], table.columns["Y"]
    fitted = LinearRegression().fit(x[found.problem.numbers], y[found.problem.numbers])
    np.testing.assert_allclose(np.ravel(found.leaves[0]), fitted.coef_, rtol=1e-4)
    assert found.scores.test == pytest.approx(fitted.score(x[found.test.numbers], y[found.test.numbers]), abs=1e-6)
    assert found.scores.train == pytest.approx(
        fitted.score(x[found.problem.numbers], y[found.problem.numbers]), abs=1e-9
    )


@pytest.mark.parametrize("columns", [1, 3])
def test_r_squared_and_accuracy_are_scikit_learns(columns):
    from sklearn.metrics import accuracy_score, r2_score

    r = np.random.default_rng(columns)
    x, w = r.normal(size=(5000, 4)), r.normal(size=(4, columns))
    y = x @ w + r.normal(size=(5000, columns))
    found = gw.descend(lambda w, x, y: np.mean((x @ w - y) ** 2), w * 0, (x, y), steps=3, learning_rate=0.1)
    assert found.scores.train == pytest.approx(r2_score(y, x @ found.params), abs=1e-12)
    assert found.scores.test is None
    labels = (y[:, 0] > 0).astype(float)
    start = np.zeros(4)

    def logistic(w, x, t):
        p = 1 / (1 + np.exp(-(x @ w)))
        return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))

    found = gw.descend(logistic, start, (x, labels), steps=5, learning_rate=0.5)
    assert found.scores.name == "accuracy"
    assert found.scores.train == pytest.approx(accuracy_score(labels, x @ found.params > 0))


def test_the_seed_draws_the_test_rows():
    def rows(seed):
        found = gw.descend("mean((x*w - x)^2)", {"w": 0.0}, {"x": np.arange(40.0)}, test=0.25, seed=seed, steps=1)
        return found.test.numbers.tolist()

    assert rows(1) == rows(1) != rows(2)
    assert len(rows(1)) == 10


def test_test_rows_take_no_part_in_the_steps():
    x = np.arange(40.0)
    y = 2 * x
    first = gw.descend("mean((x*w - y)^2)", {"w": 0.0}, {"x": x, "y": y}, test=0.25, steps=3, learning_rate=1e-4)
    other = y.copy()
    other[first.test.numbers] *= -1
    again = gw.descend("mean((x*w - y)^2)", {"w": 0.0}, {"x": x, "y": other}, test=0.25, steps=3, learning_rate=1e-4)
    assert again.path.tobytes() == first.path.tobytes()
    assert again.scores.test < first.scores.test


def test_a_loss_without_predictions_has_no_score_and_says_so():
    found = gw.descend("mean((x*w)^4)", {"w": 1.0}, {"x": np.arange(10.0)}, test=0.2, steps=2, learning_rate=1e-6)
    with pytest.raises(ArgumentError, match="no predictions"):
        _ = found.scores
    assert "have no score" in str(found)


def test_shares_that_leave_no_row_are_refused():
    for share in (0.0, 1.0, 0.01, 0.99, "a"):
        with pytest.raises(ArgumentError):
            gw.descend("mean((x*w - 1)^2)", {"w": 0.0}, {"x": np.arange(10.0)}, test=share)
    text = 'layout = "columns"\n[data]\nX = [[1, 2]]\nY = [[1, 2]]\n[[layer]]\nunits = 1\n[descend]\ntest = 0.5\n'
    with pytest.raises(UsageError, match="test takes rows"):
        load(text).descend()


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_tells_the_score(capsys):
    assert main(["descend", str(EXAMPLES / "diabetes.toml"), "--test", "0.3"]) == 0
    printed = capsys.readouterr().out
    assert "on 133 test rows" in printed.replace("\n", " ")
    assert main(["descend", str(EXAMPLES / "diabetes.toml"), "--to", "json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_the_command_spreads_steps_over_processes_and_takes_jax(capsys):
    options = ["descend", str(EXAMPLES / "cars.toml"), "--steps", "5", "--to", "json"]
    alone = []
    for more in ([], ["--workers", "2"], ["--backend", "jax"]):
        if more == ["--backend", "jax"]:
            pytest.importorskip("jax", reason="JAX is not installed")
        assert main([*options, *more]) == 0
        alone.append(json.loads(capsys.readouterr().out))
    assert str(alone[0])[:40] == str(alone[1])[:40] == str(alone[2])[:40]
