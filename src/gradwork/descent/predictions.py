"""What a model predicts, found in its loss: where the measured values meet what was worked out from the parameters.

A target is a column of data that parameters are taken from, or that they are taken from: `yhat - y`. For classes it is
what logarithms of probabilities are multiplied by: `sum(Y*log_softmax(Z))`, `y*log(p) + (1 - y)*log(1 - p)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.descent.problem import Leaves, Problem
from gradwork.errors import ArgumentError
from gradwork.graph.graph import Graph
from gradwork.graph.run import run
from gradwork.graph.trace import trace_call

Array = np.ndarray[Any, Any]
MOST = 2_000  # rows of a picture
_SAME = ("broadcast_to", "reshape", "transpose", "identity")


@dataclass(frozen=True, eq=False)
class Predictions:
    """Measured values and what is predicted for them, of the same shape.

    kind: "values", or "classes": then `predicted` are probabilities, and `measured` is 0 or 1.
    rows: which rows of the data these are, where there are too many for a picture; else None.
    column: the place among the data of the one column that the prediction hangs on, where there is one.
    """

    kind: str
    measured: Array
    predicted: Array
    target: int
    column: int | None
    rows: Array | None


def predictions(problem: Problem, leaves: Leaves) -> Predictions:
    """The predictions of a loss at some parameters. Raises ArgumentError where there are none to be found."""
    rows = None
    if problem.rows > MOST or (problem.rows and not problem.data):
        rows = np.unique(np.linspace(0, problem.rows - 1, MOST).astype(int))
        problem = problem.of_rows(rows)
    made = _Made(problem, leaves, problem.data)
    # In y - a*exp(-(x - c)^2) both y and x have something taken from them: the target is where more data come together.
    candidates = [(made.reach(place), -i, place) for i, place in enumerate(made.meetings())]
    for _, _, (target, position, sign) in sorted(candidates, reverse=True):
        measured = np.asarray(problem.data[target], dtype=np.float64)
        column = made.column(position, target)
        if sign:
            return Predictions("values", measured, measured - sign * made.value(position), target, column, rows)
        return Predictions("classes", measured, np.exp(made.value(position)), target, column, rows)
    raise ArgumentError(
        "no predictions are found in this loss",
        why="they are what a column of the data is subtracted from, or the probabilities of classes",
        hint='a loss such as "mean((x*w + b - y)^2)", with x and y as data',
    )


def predicted_at(problem: Problem, leaves: Leaves, found: Predictions, x: Array) -> Array:
    """The predictions for other values of the one column that they hang on. Raises what the loss raises for them."""
    assert found.column is not None
    data = list(problem.data or getattr(problem, "sample", ()))
    for place, values in ((found.column, x), (found.target, np.zeros_like(x))):
        data[place] = _like(values, np.asarray(data[place]))
    made = _Made(problem, leaves, data)
    position, sign = next((p, s) for p, s in made.residuals(found.target) if made.predicts(p, data[found.target].shape))
    return np.ravel(-sign * made.value(position))


def _like(values: Array, column: Array) -> Array:
    """The values in the shape of a column: (n,), (n, 1) or (1, n)."""
    shape = tuple(len(values) if length == column.size else 1 for length in column.shape)
    return values.reshape(shape).astype(column.dtype if column.dtype.kind == "f" else np.float64)


class _Made:
    """The loss's graph on some data, with who uses what."""

    def __init__(self, problem: Problem, leaves: Leaves, data: Sequence[Any]) -> None:
        traced = trace_call(lambda leaves, *data: problem.f(problem.params(leaves), *data), (leaves, *data), {})
        self.graph: Graph = traced.graph
        self.run = run(self.graph, [traced.values[i] for i in self.graph.inputs])
        self.parameters = set(traced.arguments[0].inputs)
        self.columns = [argument.inputs[0] if argument.inputs else -1 for argument in traced.arguments[1:]]
        self.users: dict[int, list[int]] = {}
        self.sources: list[frozenset[int]] = []
        for position, node in enumerate(self.graph.nodes):
            for i in node.inputs:
                self.users.setdefault(i, []).append(position)
            own = {position} if position in self.graph.inputs else set()
            self.sources.append(frozenset(own.union(*(self.sources[i] for i in node.inputs))))

    def value(self, position: int) -> Array:
        return np.asarray(self.run[position], dtype=np.float64)

    def hangs_on_parameters(self, position: int) -> bool:
        return bool(self.sources[position] & self.parameters)

    def meetings(self) -> Iterator[tuple[int, int, int]]:
        """Each target with the node where it meets what is predicted, and the sign that it has there; 0 for classes."""
        for target, source in enumerate(self.columns):
            shape = self.graph.nodes[source].shape if source >= 0 else ()
            if not shape:
                continue
            whole = [(target, p, sign) for p, sign in self.residuals(target) if self.predicts(p, shape)]
            yield from whole[:1]
            measured = self.value(source)
            if np.all((measured == 0) | (measured == 1)):
                yield from [(target, p, 0) for p in self.logarithms(target) if self.predicts(p, shape)][:1]

    def predicts(self, position: int, shape: tuple[int, ...]) -> bool:
        return self.graph.nodes[position].shape == shape and self.hangs_on_parameters(position)

    def reach(self, meeting: tuple[int, int, int]) -> int:
        """How many columns of data come together in a meeting, its target among them."""
        target, position, _ = meeting
        return len((self.sources[position] | {self.columns[target]}) & set(self.columns))

    def residuals(self, target: int) -> Iterator[tuple[int, int]]:
        """Where the target stands in sums and differences, the longest first, each with the target's sign in it."""
        found, at, sign = [], self.columns[target], 1
        while at >= 0 and (step := self._next(at)) is not None:
            at, sign = step[0], sign * step[1]
            found.append((at, sign))
        yield from reversed(found)

    def _next(self, at: int) -> tuple[int, int] | None:
        for user in self.users.get(at, ()):
            node = self.graph.nodes[user]
            if len(self.users[at]) == 1 and node.op in _SAME:
                return user, 1
            if node.op == "negative":
                return user, -1
            if node.op in ("add", "subtract") and node.inputs.count(at) == 1:
                second = node.inputs[1] == at
                other = node.inputs[0 if second else 1]
                if not self.sources[other] & self.sources[at] & set(self.columns):
                    return user, -1 if node.op == "subtract" and second else 1
        return None

    def logarithms(self, target: int) -> Iterator[int]:
        """What of logarithms the target is multiplied by."""
        for user in self.users.get(self.columns[target], ()):
            node = self.graph.nodes[user]
            for i in node.inputs if node.op == "multiply" else ():
                if self.graph.nodes[i].op in ("log", "log_softmax", "log_sigmoid") and i not in self.columns:
                    yield i

    def column(self, position: int, target: int) -> int | None:
        """The one column of data that the node hangs on, beside the target; None where there are several."""
        size = int(np.size(self.run[self.columns[target]]))
        used = [
            i
            for i, source in enumerate(self.columns)
            if i != target and source in self.sources[position] and self.graph.nodes[source].shape
        ]
        alone = len(used) == 1 and int(np.prod(self.graph.nodes[self.columns[used[0]]].shape)) == size
        return used[0] if alone else None
