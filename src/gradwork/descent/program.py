"""The loop as one generated program: loss, gradient, update, the checks and the record of each step, in a row.

The text is written in `written_loop.py`; here are the memory that it works in and how it is run. What a step gives
depends on the state before it alone, so a run that is continued takes the very same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

from gradwork.descent.problem import Array, Leaves

RUNNING, DIVERGED, CONVERGED = 0, 1, 2


class Taken(NamedTuple):
    """What came of some steps: where they ended, whether something ended them, and the gradients' square norms."""

    step: int
    code: int
    loss: float
    square: float
    latest: float
    steepest: float


class Memory:
    """The parameters of a run, their gradient, and what its method remembers, each in one vector that stays."""

    def __init__(self, like: Leaves, states: int) -> None:
        self.like = like
        self.dtype = like[0].dtype
        self.sizes = [int(np.size(leaf)) for leaf in like]
        self.starts = [sum(self.sizes[:i]) for i in range(len(like))]
        size = sum(self.sizes)
        self.weights, self.gradient = np.zeros(size, self.dtype), np.zeros(size, self.dtype)
        self.states = [np.zeros(size, self.dtype) for _ in range(states)]
        self._weights = self.views(self.weights)
        self._states = [self.views(vector) for vector in self.states]

    def views(self, vector: Array) -> list[Array]:
        """A vector as the leaves: arrays that show its memory, without axes for single numbers."""
        parts = zip(self.starts, self.sizes, self.like, strict=True)
        return [vector[at : at + size].reshape(np.shape(leaf)) for at, size, leaf in parts]

    def load(self, leaves: Leaves, states: Sequence[Leaves]) -> None:
        """Take up a state."""
        for view, leaf in zip(self._weights, leaves, strict=True):
            view[...] = leaf
        for j, views in enumerate(self._states):
            for view, row in zip(views, states, strict=True):
                view[...] = row[j]

    def leaves(self) -> Leaves:
        """The parameters, as they are now."""
        return [self._own(view) for view in self._weights]

    def remembered(self) -> list[Leaves]:
        """What is remembered for each leaf."""
        return [[self._own(views[i]) for views in self._states] for i in range(len(self.like))]

    def _own(self, view: Array) -> Any:
        return view.copy() if view.ndim else self.dtype.type(view)


class Loop:
    """The program of a problem, a method and a kind of batch. Text and function are made when it is made."""

    def __init__(
        self,
        memory: Memory,
        function: Callable[..., Any],
        text: str,
        batches: Sequence[Array | None],
        form: str,
        around: Any = None,
    ) -> None:
        self.memory, self.function, self.text, self.batches, self.form = memory, function, text, batches, form
        self.around = around if around is not None else nullcontext()
        self.number = memory.dtype.type if memory.dtype != np.float64 else float

    def run(
        self, first: int, rates: Sequence[Any], limit: float, tiny: float, steepest: float, keep: Any, rows: Array,
        stride: int, chosen: Any,
    ) -> Taken:  # fmt: skip
        """Take as many steps as there are rates, from the state in memory.

        keep: is handed each loss.     rows: the record, with row k for the point after step k * stride.
        chosen: the rows of each step, where it is a batch.
        """
        numbers = rates if self.number is float else [self.number(rate) for rate in rates]
        with self.around:
            return Taken(*self.function(first, numbers, limit, tiny, steepest, keep, rows, stride, chosen))
