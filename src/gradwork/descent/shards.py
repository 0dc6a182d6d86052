"""A batch that is split over the workers of an executor: the gradient of a sum is the sum of the gradients.

The shards are a fixed number of runs of rows (of large data, its parts), whatever the number of workers, each is worked
out on one thread, and their gradients are added in order: so the path is the same to the last bit with one worker or
with many. What a lost worker leaves undone is worked out here, and the run goes on.
"""

from __future__ import annotations

import pickle
import sys
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from gradwork.descent.by_rows import Batch, put_together, split_of, without_rows
from gradwork.descent.large import Large
from gradwork.descent.method import Method
from gradwork.descent.one_thread import one_thread
from gradwork.descent.problem import Leaves, Problem, Step
from gradwork.descent.sources import Ticket
from gradwork.errors import ArgumentError, GradworkError

SHARDS = 8
AHEAD = 16  # shards that are on their way at once
KEPT = 256 * 2**20  # bytes of data that a worker keeps
Work = Callable[[Problem, Any, Any], Any]  # (problem, where, rows) → what is put together
LACKS_PROBLEM, LACKS_DATA = "problem", "data"
_PROBLEMS: OrderedDict[str, Problem] = OrderedDict()  # in a worker: the problems that it was sent
_DATA: OrderedDict[str, Batch] = OrderedDict()  # and the shards of all rows


@dataclass(frozen=True)
class Shard:
    """A run of rows, and the ways that a worker may come by them: a key it may know, a file, the rows themselves."""

    count: int
    rows: Batch | None
    ticket: Ticket | None = None
    key: str = ""

    def light(self, large: Problem | None) -> Shard:
        """Without the rows, for a worker that may come by them itself."""
        return Shard(self.count, None, self.ticket, self.key) if self.ticket is not None or self.key else self


class Shards:
    """The problem, spread over an executor. `notes` says what went wrong with it on the way."""

    def __init__(self, problem: Problem, executor: Executor) -> None:
        self.problem, self.executor = problem, executor
        self.notes: list[str] = []
        if not problem.rows:
            raise ArgumentError("there are no rows to split", why="executor= splits the rows of the data")
        if not callable(getattr(executor, "submit", None)):
            raise ArgumentError(
                f"{type(executor).__name__} is no executor",
                why="work is given out by its method submit",
                hint="concurrent.futures.ProcessPoolExecutor(), or client.get_executor() of dask",
            )
        self.plain = Problem(
            problem.f, problem.structure, problem.start, problem.names, (), problem.varying, problem.backend
        )
        self.split = problem.split if isinstance(problem, Large) else split_of(self.plain, problem.data)
        self._near = isinstance(executor, ThreadPoolExecutor)
        self._carried = b"" if self._near else _pickled(replace(self.plain, _kept={}))
        self._key = f"{id(self)}-{np.random.default_rng().integers(2**62)}"
        if self._near:
            _keep_problem(self._key, self.plain)
        self._lost = 0
        self._worked = False

    def value_and_gradient(self, leaves: Leaves, batch: Batch | None = None) -> tuple[Any, Leaves]:
        """The loss and the gradient of a batch, from its shards; of all rows where none is given."""
        with one_thread():
            found = ((count, *result) for count, result in self._evaluated(_slopes, leaves, self._shards(batch)))
            rows = self._count(batch) if batch else self.problem.rows
            none = lambda: self.plain.value_and_gradient(leaves, self._none(batch))  # noqa: E731
            return put_together(self.split, found, rows, none)

    def each(self, work: Work, at: Any) -> Iterator[tuple[int, Any]]:
        """What `work(problem, at, rows)` gives for each shard of all rows, with its number of rows, in order."""
        with one_thread():
            yield from self._evaluated(work, at, self._shards(None))

    def value(self, leaves: Leaves, batch: Batch | None = None) -> float:
        """The loss of a batch."""
        return float(self.value_and_gradient(leaves, batch)[0])

    def step(self, method: Method, weight_decay: float, clip: float | None) -> Step:
        """The step of the loop, with loss and gradient from the workers."""
        update = self.problem.update(method, weight_decay, clip)

        def step(leaves: Leaves, states: list[Leaves], rate: Any, number: Any, *batch: Any) -> Any:
            loss, gradient = self.value_and_gradient(leaves, batch)
            return (loss, *update(leaves, gradient, states, rate, number))

        return step

    # -- shards -------------------------------------------------------------------------------------------------------

    def _none(self, batch: Batch | None) -> Batch:
        some = batch or (self.problem.sample if isinstance(self.problem, Large) else self.problem.data)
        return without_rows(self.plain, some)

    def _count(self, batch: Batch) -> int:
        return next(len(d) for d, v in zip(batch, self.problem.varying, strict=True) if v)

    def _shards(self, batch: Batch | None) -> Iterator[Shard]:
        if not batch and isinstance(self.problem, Large):
            yield from self._of_parts(self.problem)
            return
        of_all = (
            not batch
            or batch is self.problem.data
            or all(a is b for a, b in zip(batch, self.problem.data, strict=False))
        )
        batch = batch or self.problem.data
        count = self._count(batch)
        edges = [count * i // SHARDS for i in range(SHARDS + 1)]
        for index, (a, b) in enumerate(pairwise(edges)):
            if b > a:
                rows = tuple(d[a:b] if v else d for d, v in zip(batch, self.problem.varying, strict=True))
                yield Shard(b - a, rows, key=f"{self._key}/{index}" if of_all and not self._near else "")

    def _of_parts(self, problem: Large) -> Iterator[Shard]:
        """The parts of large data: read here only where a worker cannot."""
        source = problem.own
        if all(source.ticket(i) is not None for i in range(len(source.counts))):
            for index, count in enumerate(source.counts):
                if count:
                    yield Shard(count, None, source.ticket(index))
            return
        for count, part in zip(source.counts, source.parts(), strict=True):
            if count:
                yield Shard(count, part)

    # -- workers ------------------------------------------------------------------------------------------------------

    def _evaluated(self, work: Work, leaves: Any, shards: Iterator[Shard]) -> Iterator[tuple[int, Any]]:
        """What is worked out for the shards, in order. An interrupt gives up what has not begun."""
        waiting: deque[tuple[Shard, Future[Any] | None]] = deque()
        try:
            for shard in shards:
                waiting.append((shard, self._submit(None, work, leaves, shard.light(None))))
                if len(waiting) >= AHEAD:
                    yield self._result(work, leaves, *waiting.popleft())
            while waiting:
                yield self._result(work, leaves, *waiting.popleft())
        finally:
            for _, future in waiting:
                if future is not None:
                    future.cancel()

    def _submit(self, carried: bytes | None, work: Work, leaves: Any, shard: Shard) -> Future[Any] | None:
        if self._lost >= 3:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # dask's, that rows are sent: that is so, and once
                return self.executor.submit(_evaluate, self._key, carried, work, leaves, shard)
        except Exception as error:
            self._note_lost(error)
            return None

    def _result(self, work: Work, leaves: Any, shard: Shard, future: Future[Any] | None) -> tuple[int, Any]:
        """The result of a shard. A worker that lacks the problem or the rows is sent them."""
        try:
            found = None if future is None else future.result()
            if isinstance(found, str):
                again = self._submit(
                    self._carried, work, leaves, self._whole(shard) if found == LACKS_DATA else shard.light(None)
                )
                found = None if again is None else again.result()
            if isinstance(found, str):
                again = self._submit(self._carried, work, leaves, self._whole(shard))
                found = None if again is None else again.result()
        except GradworkError:
            raise
        except Exception as error:
            self._note_lost(error)
            found = None
        if found is None or isinstance(found, str):
            found = work(self.plain, leaves, self._whole(shard).rows)
        self._worked = True
        return shard.count, found

    def _whole(self, shard: Shard) -> Shard:
        """With its rows."""
        if shard.rows is not None:
            return shard
        assert shard.ticket is not None
        rows = shard.ticket.load()
        if rows is None:
            raise ArgumentError(
                "the data cannot be read any more",
                why="their file was removed or changed while the run went on",
                hint="start again with the file as it is now",
            )
        return Shard(shard.count, rows, None, shard.key)

    def _note_lost(self, error: Exception) -> None:
        """A worker that fails before any has worked is the user's to mend; a later one is done without."""
        if not self._worked:
            broken = 'processes started below `if __name__ == "__main__":`, with enough memory for each'
            raise ArgumentError(
                "the executor does not work out the loss",
                why=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no more is said'}",
                hint=broken
                if isinstance(error, BrokenExecutor)
                else "the loss at the top of a module that the workers can import; an executor that is not shut down",
            ) from error
        self._lost += 1
        if self._lost == 1:
            self.notes.append(
                f"a worker was lost ({type(error).__name__}); its shards were worked out here, with the same numbers"
            )
        if self._lost == 3:
            self.notes.append("the executor kept failing, and the rest was worked out without it")


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


# -- in a worker ------------------------------------------------------------------------------------------------------


def _evaluate(key: str, carried: bytes | None, work: Work, leaves: Any, shard: Shard) -> Any:
    """In a worker: what is worked out for one shard; or what is not here yet."""
    problem = _PROBLEMS.get(key)
    if problem is None:
        if carried is None:
            return LACKS_PROBLEM
        problem = pickle.loads(carried)
        _keep_problem(key, problem)
    rows = _rows(shard)
    if rows is None:
        return LACKS_DATA
    with one_thread():
        return work(problem, leaves, rows)


def _slopes(problem: Problem, leaves: Leaves, rows: Batch) -> tuple[Any, Leaves]:
    """The loss of some rows and its gradient."""
    value, gradient = problem.value_and_gradient(leaves, rows)
    return float(value) if isinstance(value, np.float64) else value, gradient


def _keep_problem(key: str, problem: Problem) -> None:
    _PROBLEMS[key] = problem
    while len(_PROBLEMS) > 4:
        _PROBLEMS.popitem(last=False)


def _rows(shard: Shard) -> Batch | None:
    """The rows of a shard: sent along, kept from before, or read from the file."""
    if shard.rows is None:
        kept = _DATA.get(shard.key) if shard.key else None
        return shard.ticket.load() if kept is None and shard.ticket is not None else kept
    if shard.key:
        _DATA[shard.key] = shard.rows
        while sum(np.asarray(d).nbytes for kept in _DATA.values() for d in kept) > KEPT:
            _DATA.popitem(last=False)
    return shard.rows
