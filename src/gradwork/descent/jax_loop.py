"""The loop on JAX: the same step as everywhere, again and again inside one program that XLA compiles.

The program is compiled once for a kind of batch, whatever the number of steps that it is asked for, so a run that is
continued takes the very same steps. Loss, gradient norm and point of each step come back after some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwork.descent.curvature import flat
from gradwork.descent.method import Method
from gradwork.descent.problem import Array, Leaves, Problem
from gradwork.descent.program import CONVERGED, DIVERGED, RUNNING, Memory, Taken
from gradwork.lowering.jax_program import imported, in_double
from gradwork.lowering.numpy_program import Careful

ROOM = 128  # steps that one call can take
UNSOUND = 3


class JaxLoop:
    """What `program.Loop` is for NumPy."""

    def __init__(self, problem: Problem, memory: Memory, step: Callable[..., Any], looks: bool, by_rows: bool) -> None:
        self.problem, self.memory, self.looks, self.by_rows = problem, memory, looks, by_rows
        self.jax = imported()
        self.step = step
        with in_double(self.jax):
            self.data = tuple(self.jax.numpy.asarray(d) for d in problem.data)
        self.function = self.jax.jit(self._written)

    def _written(self, state: Any, rates: Any, numbers: Any, rows: Any, settings: Any, data: Any) -> Any:
        """The steps, in a loop of XLA's own."""
        jax, np_ = self.jax, self.jax.numpy
        leaves, states = state
        count, limit, tiny, steepest = settings
        width = sum(int(np.size(leaf)) for leaf in leaves)
        record = np_.zeros((ROOM, width), leaves[0].dtype)
        empty = np_.zeros(ROOM, leaves[0].dtype)

        def going_on(carry: Any) -> Any:
            return (carry[0] < count) & (carry[1] == RUNNING)

        def body(carry: Any) -> Any:
            i, _, leaves, states, steepest, losses, squares, record = carry
            batch = data
            if rows is not None:
                taken = rows[i]
                batch = tuple(
                    np_.take(d, taken, axis=0) if v else d for d, v in zip(data, self.problem.varying, strict=True)
                )
            found = self.step(*leaves, *(s for row in states for s in row), rates[i], numbers[i], *batch)
            sound = True
            if self.looks:
                found, as_traced, well = found
                sound = as_traced & well
            loss, square, new, kept = self._taken_apart(found, states)
            diverged = ~((loss < limit) & (square < np.inf))
            converged = square <= tiny * steepest
            steeper = np_.maximum(steepest, square.astype(steepest.dtype))
            code = np_.where(diverged, DIVERGED, np_.where(converged, CONVERGED, RUNNING))
            code = np_.where(sound, code, UNSOUND)
            code = np_.where((code == RUNNING) & (steeper == 0) & ~np_.isnan(tiny), CONVERGED, code)
            goes = code == RUNNING
            losses = losses.at[i].set(loss.astype(losses.dtype))
            squares = squares.at[i].set(square.astype(squares.dtype))
            point = np_.concatenate([np_.ravel(n) for n in new])
            record = record.at[i].set(np_.where(goes, point, record[i]))
            leaves = [np_.where(goes, n, leaf) for n, leaf in zip(new, leaves, strict=True)]
            states = [
                [np_.where(goes, n, s) for n, s in zip(k, row, strict=True)]
                for k, row in zip(kept, states, strict=True)
            ]
            return (i + goes, code, leaves, states, np_.where(goes, steeper, steepest), losses, squares, record)

        start = (0, RUNNING, leaves, states, steepest, empty, empty, record)
        return jax.lax.while_loop(going_on, body, start)

    def _taken_apart(self, found: Any, states: Any) -> Any:
        loss, square, *rest = found
        many = len(self.problem.start)
        new, kept = rest[:many], rest[many:]
        each = len(states[0]) if states else 0
        return loss, square, new, [kept[k * each : (k + 1) * each] for k in range(many)]

    def run(
        self, first: int, rates: Sequence[Any], limit: float, tiny: float, steepest: float, keep: Any, rows: Array,
        stride: int, chosen: Any,
    ) -> Taken:  # fmt: skip
        """Take as many steps as there are rates, as `program.Loop.run` does. Raises Careful before a step that JAX
        would not take as NumPy does."""
        step = first
        code, loss, square, latest = RUNNING, np.nan, np.nan, np.nan
        while step < first + len(rates) and code == RUNNING:
            part = slice(step - first, min(step - first + ROOM, len(rates)))
            some = None if chosen is None else chosen[part]
            done, code, steepest, losses, squares, record = self._some(step, rates[part], limit, tiny, steepest, some)
            for value in losses[:done]:
                keep(float(value))
            for k in range(done):
                if (step + k + 1) % stride == 0:
                    rows[(step + k + 1) // stride] = record[k]
            if done:
                latest = float(squares[done - 1])
            step += done
            if code != RUNNING:
                loss, square = float(losses[done]), float(squares[done])
        if code == UNSOUND:
            raise Careful
        return Taken(step, code, loss, square, latest, steepest)

    def _some(
        self, step: int, rates: Sequence[Any], limit: float, tiny: float, steepest: float, chosen: Any
    ) -> tuple[int, int, float, Any, Any, Any]:
        """At most `ROOM` steps."""
        dtype = self.memory.dtype
        many = len(rates)
        given = np.zeros(ROOM, dtype)
        given[:many] = rates
        numbers = (np.arange(ROOM) + step + 1).astype(dtype)
        indices = None
        if chosen is not None:
            indices = np.zeros((ROOM, len(chosen[0])), dtype=np.int64)
            indices[:many] = np.stack(chosen)
        state = self.memory.leaves(), self.memory.remembered()
        with in_double(self.jax):
            settings = (many, np.float64(limit), np.float64(tiny), np.float64(steepest))
            done, code, leaves, states, steepest, losses, squares, record = self.function(
                state, given, numbers, indices, settings, self.data
            )
            self.memory.load([np.asarray(x) for x in leaves], [[np.asarray(x) for x in row] for row in states])
            return int(done), int(code), float(steepest), np.asarray(losses), np.asarray(squares), np.asarray(record)


def jax_loop_of(
    problem: Problem, method: Method, weight_decay: float, clip: float | None, rows: int | None = None
) -> JaxLoop | None:
    """The loop on JAX; None where it cannot be written so (parameters of several types, a search).

    rows: how many rows a batch has; None where a step takes all data.
    """
    if len({leaf.dtype for leaf in problem.start}) != 1 or method.search is not None:
        return None
    kept: list[Leaves] = [
        [np.zeros_like(leaf) if np.ndim(leaf) else leaf * 0 for _ in method.states] for leaf in problem.start
    ]
    rate = problem.start[0].dtype.type(0.1)
    if rate.dtype == np.float64:
        rate = float(rate)
    data = problem.data if rows is None else problem.batch(slice(0, rows))
    one = problem.one_step(method, weight_decay, clip)
    program = one.program_for(list(problem.start), kept, rate, type(rate)(1), *data)  # type: ignore[attr-defined]
    function = getattr(program.written.function, "jitted", None) if program is not None else None
    if program is None or program.moving or function is None or not all(program.slots.taken):
        return None
    memory = Memory(problem.start, len(method.states))
    assert flat(problem.start).dtype == memory.dtype
    return JaxLoop(problem, memory, function, program.written.function.looks, rows is not None)
