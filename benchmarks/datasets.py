"""gradwork beside scikit-learn on the sets that scikit-learn carries, on the same rows; writes DATASETS.md.

    python benchmarks/datasets.py [--quick]      where scikit-learn is installed

Every row of the table is the mean over several splits: gradwork draws a quarter of the rows from a seed, and
scikit-learn is given the very same rows. Linear models have one answer, so there both have to find it; networks start
at random, and only their scores can be compared.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import gradwork as gw  # noqa: E402
from gradwork.models import load  # noqa: E402
from gradwork.models.datasets import data_set  # noqa: E402

PENALTY = 0.01
Row = tuple[str, str, float, float, str]


class Split:
    """The rows of a run of gradwork, and its scores."""

    def __init__(self, found: Any, took: float) -> None:
        self.found, self.took = found, took
        self.train, self.test = found.problem.numbers, found.test.numbers
        self.score = found.scores.test


def standard(x: Any, rows: Any) -> Any:
    """Columns with mean 0 and spread 1 on these rows; a pixel that is always white stays as it is."""
    spread = x[rows].std(axis=0)
    return (x - x[rows].mean(axis=0)) / np.where(spread > 0, spread, 1)


def run(model: str, seed: int, **options: Any) -> Split:
    """A model file, with another split."""
    loaded = load(ROOT / "examples" / model if model.endswith(".toml") else model, seed=seed)
    began = time.perf_counter()
    found = loaded.descend(seed=seed, progress=False, **options)
    return Split(found, time.perf_counter() - began)


def peer(estimator: Any, name: str, split: Split, scaled: bool) -> tuple[float, float, Any]:
    """scikit-learn's score on the test rows, how long its fit took, and the estimator."""
    table = data_set(f"sklearn:{name}")
    x, y = table.columns["X"], table.columns["Y"]
    if scaled:
        x = standard(x, split.train)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that so many passes are not enough for its own idea of convergence
        estimator.fit(x[split.train], y[split.train])
    took = time.perf_counter() - began
    return estimator.score(x[split.test], y[split.test]), took, estimator


def compared(
    what: str, name: str, ours: Callable[[int], Split], theirs: Callable[[int], Any], seeds: int, scaled: bool
) -> tuple[Row, list[tuple[Split, Any]]]:
    """One row of the table."""
    mine, others, times, pairs = [], [], [], []
    for seed in range(seeds):
        split = ours(seed)
        score, took, fitted = peer(theirs(seed), name, split, scaled)
        mine.append(split.score)
        others.append(score)
        times.append((split.took, took))
        pairs.append((split, fitted))
    spent = [statistics.median(t) for t in zip(*times, strict=True)]
    estimator = type(pairs[0][1]).__name__
    return (
        what,
        estimator,
        statistics.mean(mine),
        statistics.mean(others),
        f"{spent[0]:.2f} s, {spent[1]:.2f} s",
    ), pairs


LAYER = '[[layer]]\nunits = {}\nactivation = "{}"\n'


def diabetes_network(seed: int) -> Split:
    text = 'title = "d"\ndata = "sklearn:diabetes"\n' + LAYER.format(8, "tanh") + LAYER.format(1, "linear")
    return run(text, seed, method="adam", learning_rate=0.3, steps=200, standardise=True, test=0.25)


def penalised(name: str, classes: int) -> Callable[[int], Split]:
    """Softmax regression with the penalty that LogisticRegression has, on its weights alone."""
    table = data_set(f"sklearn:{name}")
    x, y = table.columns["X"], np.eye(classes)[table.columns["Y"].astype(int)]

    def loss(params: Any, x: Any, y: Any) -> Any:
        logp = gw.log_softmax(x @ params["W"] + params["b"], axis=1)
        return -np.mean(np.sum(y * logp, axis=1)) + PENALTY / 2 * np.sum(params["W"] ** 2)

    def ours(seed: int) -> Split:
        start = {"W": np.zeros((x.shape[1], classes)), "b": np.zeros(classes)}
        began = time.perf_counter()
        first = gw.descend(loss, start, (x, y), steps=0, learning_rate=1.0, test=0.25, seed=seed, progress=False)
        rows = first.problem.numbers
        scaled = standard(x, rows)
        found = gw.descend(
            loss, start, (scaled, y), method="conjugate-gradient", steps=400, test=0.25, seed=seed, progress=False
        )
        return Split(found, time.perf_counter() - began)

    return ours


def rows_of(quick: bool) -> tuple[list[Row], list[str]]:
    """The table, and what the linear models say to one another."""
    linear = importlib.import_module("sklearn.linear_model")
    network = importlib.import_module("sklearn.neural_network")
    seeds = 2 if quick else 5
    table: list[Row] = []
    said: list[str] = []
    row, pairs = compared(
        "diabetes, linear (examples/diabetes.toml)",
        "diabetes",
        lambda s: run("diabetes.toml", s),
        lambda s: linear.LinearRegression(),
        seeds,
        False,
    )
    table.append(row)
    apart = max(np.max(np.abs(np.ravel(p.found.leaves[0]) / f.coef_ - 1)) for p, f in pairs)
    said.append(f"diabetes: the ten weights of both differ by {apart:.1e} of their size at most")
    row, _ = compared(
        "diabetes, 10-8-1",
        "diabetes",
        diabetes_network,
        lambda s: network.MLPRegressor(
            hidden_layer_sizes=(8,),
            activation="tanh",
            alpha=0,
            learning_rate_init=0.3,
            batch_size=400,
            max_iter=200,
            tol=0,
            n_iter_no_change=200,
            random_state=s,
        ),
        seeds,
        True,
    )
    table.append(row)
    row, _ = compared(
        "digits, 64-32-10 (examples/digits.toml)",
        "digits",
        lambda s: run("digits.toml", s),
        lambda s: network.MLPClassifier(
            hidden_layer_sizes=(32,),
            alpha=0,
            learning_rate_init=0.005,
            batch_size=64,
            max_iter=46,
            tol=0,
            random_state=s,
        ),
        seeds,
        False,
    )
    table.append(row)
    for name, classes in (("iris", 3), ("wine", 3), ("breast_cancer", 2), ("digits", 10)):
        ours = penalised(name, classes)

        def theirs(seed: int, name: str = name, ours: Any = ours) -> Any:
            train = len(data_set(f"sklearn:{name}").columns["Y"])
            train -= round(0.25 * train)
            return linear.LogisticRegression(
                C=1 / (PENALTY * train) * (2 if name == "breast_cancer" else 1), max_iter=5000, tol=1e-10
            )

        row, pairs = compared(f"{name}, softmax regression", name, ours, theirs, seeds, True)
        table.append(row)
        apart = max(_slopes_apart(p.found.leaves[0], f.coef_) for p, f in pairs)
        said.append(f"{name}: the weights of both differ by {apart:.1e} of the largest at most")
    return table, said


def _slopes_apart(ours: Any, theirs: Any) -> float:
    """Softmax weights are the same up to a number for all classes; with two classes only their difference is told."""
    mine = ours[:, 1] - ours[:, 0] if len(theirs) == 1 else (ours - ours.mean(axis=1, keepdims=True)).T
    other = theirs[0] if len(theirs) == 1 else theirs - theirs.mean(axis=0)
    return float(np.max(np.abs(mine - other)) / np.max(np.abs(other)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two splits in place of five; nothing is written")
    quick = parser.parse_args().quick
    table, said = rows_of(quick)
    versions = {
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "scikit-learn": importlib.import_module("sklearn").__version__,
    }
    lines = [
        "# On real data, beside scikit-learn",
        "",
        "Made by `python benchmarks/datasets.py`. A quarter of the rows, drawn from a seed, is kept apart for the",
        f"score; both are given the same rows. Means over {2 if quick else 5} splits: R² for diabetes, else accuracy.",
        "Times are medians of one fit each, of gradwork and of scikit-learn.",
        "",
        " · ".join([str(datetime.date.today()), *(f"{name} {version}" for name, version in versions.items())]),
        "",
        "| data and model | gradwork | scikit-learn | its estimator | times |",
        "|---|---:|---:|---|---:|",
        *(f"| {what} | {mine:.4f} | {other:.4f} | {name} | {spent} |" for what, name, mine, other, spent in table),
        "",
        "Linear models have one answer, and both find it:",
        "",
        *(f"- {line}" for line in said),
        "",
        "Networks start at random and end in other places. There only the scores can be compared.",
        "",
    ]
    print("\n".join(lines))
    if not quick:
        (ROOT / "benchmarks" / "DATASETS.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
