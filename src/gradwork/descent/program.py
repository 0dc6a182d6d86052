"""The loop as one generated program: loss, gradient, update, the checks and the record of each step, in a row.

The text is written in `written_loop.py`; here are the memory that it works in and how it is run. What a step gives
depends on the state before it alone, so a run that is continued takes the very same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from gradwork.descent.held import Recipe
from gradwork.descent.problem import Array, Leaves, Problem

RUNNING, DIVERGED, CONVERGED = 0, 1, 2
_ALONE = nullcontext()


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

    def joined(self, vector: Array, leaves: Sequence[tuple[int, int]]) -> list[Array]:
        """As `views`, with some matrices and the vector of a row's length beside them as one matrix: given as the first
        leaf and how many they are."""
        parts = []
        for first, count in leaves:
            size = sum(self.sizes[first : first + count])
            part = vector[self.starts[first] : self.starts[first] + size]
            columns = max(np.shape(leaf)[-1:] for leaf in self.like[first : first + count])
            parts.append(part.reshape(np.shape(self.like[first]) if count == 1 else (-1, *columns)))
        return parts

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


@dataclass
class Held:
    """What a loop reads of the data.

    data:   which of the data the recipe begins with.
    names:  for values of the recipe, the names that the program knows them by.
    places: for values of the recipe, the arrays that they lie in too: single numbers in ones without axes, vectors in
            the rows of tables.
    rows:   names of whole data, from which batches are gathered.
    """

    data: list[int]
    recipe: Recipe
    names: dict[int, str] = field(default_factory=dict)
    places: dict[int, list[Array]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def bind(self, names: dict[str, Any], places: dict[int, list[Array]], data: Sequence[Any], whole: bool) -> None:
        """Bind the names for these data, and fill the places.    whole: arrays have to lie in one piece."""
        values = self.recipe.values([data[k] for k in self.data]) if self.names else []
        for number, name in self.names.items():
            value = values[number]
            if np.ndim(value):
                names[name] = np.ascontiguousarray(value) if whole else value
            else:
                names[name] = float(value) if value.dtype == np.float64 else value
            for place in places.get(number, ()):
                place[...] = value
        names.update({name: data[k] for name, k in self.rows.items()})


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
        held: Held | None = None,
    ) -> None:
        self.held = held
        self.memory, self.function, self.text, self.batches, self.form = memory, function, text, batches, form
        self.around = around if around is not None else _ALONE
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

    def renewed(self, problem: Problem) -> Loop:
        """The same program for these data, in memory of its own. Itself where it is not shared (in two halves)."""
        if self.around is not _ALONE or self.held is None:
            return self
        memory = Memory(problem.start, len(self.memory.states))
        pairs = [(self.memory.weights, memory.weights), (self.memory.gradient, memory.gradient)]
        pairs += zip(self.memory.states, memory.states, strict=True)
        moved = {id(old): new for old, new in pairs}
        names = {
            name: _moved(value, moved) if type(value) is np.ndarray else value
            for name, value in self.function.__globals__.items()
        }
        places = {number: [_moved(place, moved) for place in each] for number, each in self.held.places.items()}
        self.held.bind(names, places, problem.data, self.form == "numbers")
        batches = [None if batch is None else _moved(batch, moved) for batch in self.batches]
        function = FunctionType(self.function.__code__, names, self.function.__name__)
        return Loop(memory, function, self.text, batches, self.form, held=self.held)


def _moved(array: Array, moved: dict[int, Array]) -> Array:
    """An array as a part of the memory that was put in place of its own."""
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    if not root.flags.writeable:
        return array
    if id(root) not in moved:
        moved[id(root)] = root.copy("K")
    new = moved[id(root)]
    if array is root or not array.size:
        return new if array is root else np.empty(array.shape, array.dtype)
    begins = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    return np.ndarray(array.shape, array.dtype, new.data, begins, array.strides)
