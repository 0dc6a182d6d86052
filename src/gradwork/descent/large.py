"""A problem whose rows are gone through in parts: the loss and the gradient of all rows are those of the parts, added.

Without a batch, everything here is about all rows; with one (a few rows, in memory) it is as in `Problem` itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradwork.descent.batches import Batches
from gradwork.descent.by_rows import Batch, Split, put_together, split_of, without_rows
from gradwork.descent.method import Method
from gradwork.descent.one_thread import one_thread
from gradwork.descent.problem import Leaves, Problem, Step
from gradwork.descent.sources import Picked, Source

HEAD = 16 * 2**20  # bytes of the first rows that stand for all where the curvature is measured


@dataclass(frozen=True, eq=False)
class Large(Problem):
    """What is descended, with its rows in a source; `data` is empty, and stands for all of them."""

    source: Source | None = None

    @property
    def rows(self) -> int:
        """How many rows of data there are."""
        return sum(self.own.counts)

    @property
    def own(self) -> Source:
        """The source."""
        assert self.source is not None, "a large problem is made with its source"
        return self.source

    @cached_property
    def sample(self) -> Batch:
        """The first part that has rows."""
        return next(part for part, count in zip(self.own.parts(), self.own.counts, strict=False) if count)

    @cached_property
    def split(self) -> Split:
        """How the loss is put together from parts. Raises ArgumentError where it cannot be."""
        return split_of(self.plain(self.sample), self.sample)

    def plain(self, batch: Batch) -> Problem:
        """The problem of some rows in memory."""
        return Problem(self.f, self.structure, self.start, self.names, batch, self.varying, self.backend)

    def of_rows(self, rows: Any) -> Problem:
        """The problem of some rows, in memory: of the first ones as many as there is room for, or of those numbered."""
        if not isinstance(rows, slice):
            return self._numbered(np.asarray(rows))
        assert not rows.start, "only the first rows of a large problem are taken out by a slice"
        held: list[Batch] = []
        count = size = 0
        for part, many in zip(self.own.parts(), self.own.counts, strict=False):
            if not many:
                continue
            held.append(tuple(d[: rows.stop - count] if v else d for d, v in zip(part, self.varying, strict=True)))
            count += min(many, rows.stop - count)
            size += sum(np.asarray(d).nbytes for d in held[-1])
            if count >= rows.stop or size >= HEAD:
                break
        return self.plain(self._joined(held))

    def _numbered(self, rows: Any) -> Problem:
        """The problem of rows with these places, counted through all parts, in order."""
        held: list[Batch] = []
        before = 0
        for part, many in zip(self.own.parts(), self.own.counts, strict=True):
            mine = rows[(rows >= before) & (rows < before + many)] - before
            before += many
            if mine.size:
                held.append(tuple(d[mine] if v else d for d, v in zip(part, self.varying, strict=True)))
        return self.plain(self._joined(held))

    def _joined(self, held: list[Batch]) -> Batch:
        columns = enumerate(self.varying)
        return tuple(np.concatenate([np.asarray(part[i]) for part in held]) if v else held[0][i] for i, v in columns)

    def apart(self, share: float, seed: int) -> tuple[Large, Large]:
        """The rows for the steps, and a share of each part that is held out."""
        used, apart = (replace(self, source=Picked(self.own, share, seed, rest), _kept={}) for rest in (True, False))
        return used, apart

    def value(self, leaves: Leaves, batch: Sequence[Any] | None = None) -> float:
        """The loss on a batch; on all rows where none is given."""
        if batch:
            return super().value(leaves, batch)
        with one_thread():
            return float(self._all(leaves, lambda part: (Problem.value(self, leaves, part), []))[0])

    def value_and_gradient(self, leaves: Leaves, batch: Sequence[Any] | None = None) -> tuple[Any, Leaves]:
        """The loss and its slope by each leaf."""
        if batch:
            return super().value_and_gradient(leaves, batch)
        with one_thread():
            return self._all(leaves, lambda part: Problem.value_and_gradient(self, leaves, part))

    def _all(self, leaves: Leaves, worked_out: Callable[[Batch], tuple[Any, Leaves]]) -> tuple[Any, Leaves]:
        counts = self.own.counts
        parts = ((n, *worked_out(part)) for n, part in zip(counts, self.own.parts(), strict=True) if n)
        return put_together(self.split, parts, self.rows, lambda: worked_out(without_rows(self, self.sample)))

    def step(self, method: Method, weight_decay: float, clip: float | None) -> Step:
        """A step on a batch is one program; one on all rows goes through the parts."""
        on_a_batch, update = super().step(method, weight_decay, clip), self.update(method, weight_decay, clip)

        def step(leaves: Leaves, states: list[Leaves], rate: Any, number: Any, *batch: Any) -> Any:
            if batch:
                return on_a_batch(leaves, states, rate, number, *batch)
            loss, gradient = self.value_and_gradient(leaves)
            return (loss, *update(leaves, gradient, states, rate, number))

        return step

    def numbered_parts(self) -> Iterator[tuple[Batch, Any]]:
        """Every part with the numbers of its rows."""
        for index, (part, count) in enumerate(zip(self.own.parts(), self.own.counts, strict=True)):
            if count:
                yield part, self.own.numbers(index)


class LargeBatches(Batches):
    """Batches within parts: the rows of each part in an order that the seed gives for each pass over the data.

    Parts of files come in another order in each pass too; chunks come in their own.
    """

    def __init__(self, problem: Large, batch: int | None, seed: int) -> None:
        super().__init__(problem, batch, seed)
        self.large = problem
        self._parts: Iterator[Batch] | None = None
        self._at: tuple[int, Batch] | None = None
        self._next = 0
        self._known: tuple[int, int, Any] | None = None

    @property
    def an_epoch(self) -> int:
        """How many steps one pass over the data takes."""
        return 1 if self.size is None else sum(-(-n // self.size) for n in self.large.own.counts)

    def rows(self, step: int) -> Any:
        """The numbers of the rows of a step; None where it takes all."""
        if self.size is None:
            return None
        index, rows = self._place(step)
        return self.large.own.numbers(index)[rows]

    def of(self, step: int) -> Batch:
        """The data of a step; nothing where it takes all."""
        if self.size is None:
            return ()
        index, rows = self._place(step)
        return tuple(d[rows] if v else d for d, v in zip(self._part(index), self.large.varying, strict=True))

    def _place(self, step: int) -> tuple[int, Any]:
        """The part of a step, and which of its rows."""
        assert self.size is not None
        counts = self.large.own.counts
        epoch, place = divmod(step, self.an_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            order = np.arange(len(counts))
            if self.large.own.can_jump:
                order = np.random.default_rng([self.seed, epoch]).permutation(len(counts))
            ends = np.cumsum([-(-counts[int(i)] // self.size) for i in order])
            self._order = order, ends
        order, ends = self._order
        which = int(np.searchsorted(ends, place, "right"))
        index = int(order[which])
        if self._known is None or self._known[:2] != (epoch, index):
            rows = np.random.default_rng([self.seed, epoch, index]).permutation(counts[index])
            self._known = epoch, index, rows
        before = int(ends[which - 1]) if which else 0
        first = (place - before) * self.size
        return index, self._known[2][first : first + self.size]

    def _part(self, index: int) -> Batch:
        """A part; going on in the chunks where they stand before it, and else from their beginning."""
        if self._at is not None and self._at[0] == index:
            return self._at[1]
        if self._parts is None or self.large.own.can_jump or self._next > index:
            self._parts, self._next = self.large.own.parts(index), index
        for _ in range(index - self._next):
            next(self._parts)
        part = next(self._parts)
        self._next = index + 1
        self._at = index, part
        return part


def sample_of(problem: Problem) -> Batch:
    """Data to look at the loss with: some rows of a large problem, all of another."""
    return problem.sample if isinstance(problem, Large) else problem.data


def batches_of(problem: Problem, batch: int | None, seed: int) -> Batches:
    """The batches of a run."""
    return LargeBatches(problem, batch, seed) if isinstance(problem, Large) else Batches(problem, batch, seed)
