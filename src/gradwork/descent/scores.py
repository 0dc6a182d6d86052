"""How well parameters predict: the share of classes that are right, or how much of the scatter is explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwork.descent.large import Large
from gradwork.descent.predictions import MOST, Predictions, predictions
from gradwork.descent.problem import Array, Leaves, Problem
from gradwork.errors import ArgumentError


@dataclass(frozen=True)
class Scores:
    """A score on the rows that were used, and on those kept apart for it; `test` is None where there are none.

    name: "R²" or "accuracy".    train_rows, test_rows: how many rows each is of.
    """

    name: str
    train: float
    test: float | None
    train_rows: int
    test_rows: int

    def __str__(self) -> str:
        train = f"{self.name} {self.train:.4f} on the {self.train_rows:,} rows used"
        return train if self.test is None else f"{self.name} {self.test:.4f} on {self.test_rows:,} test rows, {train}"


def scores(problem: Problem, test: Problem | None, leaves: Leaves) -> Scores:
    """The scores of parameters. Raises ArgumentError where no predictions are found in the loss.

    >>> from gradwork.descent.problem import problem_of
    >>> data = {"x": np.array([1.0, 2.0, 3.0]), "y": np.array([2.0, 4.0, 6.5])}
    >>> print(scores(problem_of("mean((x*w - y)^2)", {"w": 0.0}, data, "numpy"), None, [np.float64(2.0)]))
    R² 0.9754 on the 3 rows used
    """
    name, train = _score(problem, leaves)
    return Scores(
        name, train, None if test is None else _score(test, leaves)[1], problem.rows, test.rows if test else 0
    )


def _score(problem: Problem, leaves: Leaves) -> tuple[str, float]:
    """R² is 1 - sum((y - yhat)^2) / sum((y - mean(y))^2), the mean of it over columns, as scikit-learn has it."""
    with np.errstate(all="ignore"):
        found = list(_pieces(problem, leaves))
    if found[0].kind == "classes":
        return "accuracy", float(sum(np.sum(_right(piece)) for piece in found) / problem.rows)
    measured = np.concatenate([_by_rows(piece.measured) for piece in found])
    off = measured - np.concatenate([_by_rows(piece.predicted) for piece in found])
    scatter = np.sum((measured - measured.mean(axis=0)) ** 2, axis=0)
    if not np.all(scatter > 0):
        raise ArgumentError("R² cannot be told", why="the measured values are all the same", hint="more rows")
    return "R²", float(np.mean(1 - np.sum(off**2, axis=0) / scatter))


def _pieces(problem: Problem, leaves: Leaves) -> Iterator[Predictions]:
    parts = problem.own.parts() if isinstance(problem, Large) else (problem.data,)
    for part in parts:
        plain = problem.plain(part) if isinstance(problem, Large) else problem
        for first in range(0, plain.rows, MOST):
            piece = predictions(plain.of_rows(slice(first, first + MOST)), leaves)
            if len(piece.measured) != min(MOST, plain.rows - first):
                why = "the measured values do not have a row for each row of the data"
                raise ArgumentError("there is no score of this loss", why=why, hint='layout = "rows"')
            yield piece


def _by_rows(array: Array) -> Array:
    return array.reshape(len(array), -1)


def _right(piece: Predictions) -> Array:
    measured, predicted = _by_rows(piece.measured), _by_rows(piece.predicted)
    if measured.shape[1] == 1:
        right: Array = (predicted > 0.5) == (measured > 0.5)
        return right
    return np.asarray(np.argmax(predicted, axis=1) == np.argmax(measured, axis=1))
