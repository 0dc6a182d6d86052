"""A batch that is split over the workers of an executor: the gradient of a sum is the sum of the gradients.

The shards are a fixed number of runs of rows, whatever the number of workers, and their gradients are added in order:
so the path is the same to the last bit with one worker or with many. The loss may be a mean over rows (with a term of
the parameters alone, if it has one) or a sum over rows; which of the two is measured at the start.
"""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import Executor
from itertools import pairwise
from typing import Any

import numpy as np

from gradwork.descent.method import Method
from gradwork.descent.problem import Leaves, Problem, Step
from gradwork.errors import ArgumentError

SHARDS = 8
_HERE: dict[str, Problem] = {}  # a worker's own: the problem that it was sent last


class Shards:
    """The problem, spread over an executor."""

    def __init__(self, problem: Problem, executor: Executor) -> None:
        self.problem, self.executor = problem, executor
        without_data = Problem(
            problem.f, problem.structure, problem.start, problem.names, (), problem.varying, problem.backend
        )
        self._carried, self._key = _pickled(without_data), f"{id(self)}-{np.random.default_rng().integers(2**62)}"
        self.is_mean = self._kind()

    def value_and_gradient(self, leaves: Leaves, batch: tuple[Any, ...]) -> tuple[Any, Leaves]:
        """The loss and the gradient of a batch, from its shards."""
        parts = self._parts(batch)
        counts = [self._count(part) for part in parts]
        found = self._evaluated(leaves, parts)
        weights = [count / sum(counts) for count in counts] if self.is_mean else [1.0] * len(parts)
        loss: Any = 0.0
        gradient: Leaves = [leaf * 0 for leaf in leaves]
        for weight, (value, slopes) in zip(weights, found, strict=True):
            loss = loss + weight * value
            gradient = [total + weight * slope for total, slope in zip(gradient, slopes, strict=True)]
        return loss, gradient

    def step(self, method: Method, weight_decay: float, clip: float | None) -> Step:
        """The step of the loop, with loss and gradient from the workers."""
        update = self.problem.update(method, weight_decay, clip)

        def step(leaves: Leaves, states: list[Leaves], rate: Any, number: Any, *batch: Any) -> Any:
            loss, gradient = self.value_and_gradient(leaves, batch)
            return (loss, *update(leaves, gradient, states, rate, number))

        return step

    def _count(self, batch: tuple[Any, ...]) -> int:
        return next(len(d) for d, v in zip(batch, self.problem.varying, strict=True) if v)

    def _parts(self, batch: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        count = self._count(batch)
        edges = [count * i // SHARDS for i in range(SHARDS + 1)]
        spans = [slice(a, b) for a, b in pairwise(edges) if b > a]
        varying = self.problem.varying
        return [tuple(d[span] if v else d for d, v in zip(batch, varying, strict=True)) for span in spans]

    def _evaluated(self, leaves: Leaves, parts: list[tuple[Any, ...]]) -> list[tuple[Any, Leaves]]:
        """The parts' values and gradients, in order; a worker that lacks the problem is sent it."""
        waiting = [self.executor.submit(_evaluate, self._key, None, leaves, part) for part in parts]
        try:
            found = [future.result() for future in waiting]
            lacking = [i for i, value in enumerate(found) if value is None]
            again = {i: self.executor.submit(_evaluate, self._key, self._carried, leaves, parts[i]) for i in lacking}
            waiting += again.values()
            for i, future in again.items():
                found[i] = future.result()
            return [value for value in found if value is not None]
        finally:
            for future in waiting:
                future.cancel()

    def _kind(self) -> bool:
        """Whether the loss is a mean over rows; else it is a sum. Raises ArgumentError where it is neither."""
        data, start = self.problem.data, self.problem.start
        if not self.problem.rows:
            raise ArgumentError("there are no rows to split", why="executor= splits the rows of the data")
        whole, slopes = self.problem.value_and_gradient(start, data)
        for is_mean in (True, False):
            self.is_mean = is_mean
            value, gradient = self.value_and_gradient(start, data)
            close = np.allclose(value, whole, rtol=1e-6, atol=0) and all(
                np.allclose(g, s, rtol=1e-5, atol=1e-7 * max(1e-300, float(np.max(np.abs(s), initial=0.0))))
                for g, s in zip(gradient, slopes, strict=True)
            )
            if close:
                return is_mean
        raise ArgumentError(
            "this loss cannot be split over rows",
            why="put together from parts of the rows, as a mean and as a sum, it is another number than on all of them",
            hint="a loss that is a mean over rows or a sum over rows; or no executor",
        )


def _pickled(problem: Problem) -> bytes:
    """The problem for another process; cloudpickle, where something has brought it, also takes what is local."""
    other = sys.modules.get("cloudpickle")
    try:
        return bytes(other.dumps(problem)) if other is not None else pickle.dumps(problem)
    except Exception as error:
        raise ArgumentError(
            "the loss cannot be sent to another process",
            why=str(error),
            hint="define it at the top of a module",
        ) from error


def _evaluate(key: str, carried: bytes | None, leaves: Leaves, batch: tuple[Any, ...]) -> tuple[Any, Leaves] | None:
    """In a worker: the loss and gradient of one shard; None where the problem is not here yet."""
    problem = _HERE.get(key)
    if problem is None:
        if carried is None:
            return None
        problem = pickle.loads(carried)
        _HERE.clear()
        _HERE[key] = problem
    return problem.value_and_gradient(leaves, batch)
