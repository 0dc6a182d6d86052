"""Which rows a step takes: all of them, or a few, in an order that the seed gives for each pass over the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.descent.problem import Problem


class Batches:
    """The batches of a run. Each is found from the seed and the number of its step alone, so a run can be resumed."""

    def __init__(self, problem: Problem, batch: int | None, seed: int) -> None:
        self.problem, self.seed = problem, seed
        self.size = None if batch is None or batch >= problem.rows else batch
        self._epoch = -1
        self._order: Any = None

    @property
    def an_epoch(self) -> int:
        """How many steps one pass over the data takes."""
        return 1 if self.size is None else -(-self.problem.rows // self.size)

    def rows(self, step: int) -> Any:
        """The rows of a step; None where it takes all."""
        if self.size is None:
            return None
        epoch, place = divmod(step, self.an_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self.seed, epoch]).permutation(self.problem.rows)
        return self._order[place * self.size : (place + 1) * self.size]

    def of(self, step: int) -> tuple[Any, ...]:
        """The data of a step."""
        rows = self.rows(step)
        return self.problem.data if rows is None else self.problem.batch(rows)
