"""Several steps at once: by the generated program where there is one, and for a step that it refuses, without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.descent import schedules
from gradwork.descent.jax_loop import JaxLoop, jax_loop_of
from gradwork.descent.method import Method
from gradwork.descent.moments import Moments, Quadratic, by_moments, quadratic_of
from gradwork.descent.program import CONVERGED, DIVERGED, Loop, Taken
from gradwork.descent.written_loop import loop_of
from gradwork.gradients.compile import REFUSED

if TYPE_CHECKING:
    from gradwork.descent.loop import Plan, State
    from gradwork.descent.problem import Array, Leaves, Problem

STEPS = 100  # that a program takes at once where nobody can look afterwards how the parameters moved
Reason = tuple[str, str] | None


class ProblemStep:
    """The step of a problem: for one at a time as a function, and for many as a program of the whole loop."""

    def __init__(self, problem: Problem, method: Method, weight_decay: float, clip: float | None) -> None:
        self.problem, self.settings = problem, (method, weight_decay, clip)
        self._one: Callable[..., Any] | None = None
        self._loops: dict[int | None, Loop | JaxLoop | None] = {}
        self.through_moments = True  # where the loss is proved quadratic
        self._quadratic: Quadratic | None = None
        self._looked = False
        self._moments: Moments | None = None

    def __call__(self, leaves: Leaves, states: list[Leaves], rate: Any, number: Any, *batch: Any) -> Any:
        """One step: the loss, the gradient's square norm, the new leaves and what is remembered then."""
        if self._one is None:
            self._one = self.problem.one_step(*self.settings)
        return self._one(leaves, states, rate, number, *batch)

    def moments(self, rate: float) -> Moments | None:
        """The steps through the moments of the loss; None where it is not quadratic, or would grow."""
        if not self.through_moments:
            return None
        if not self._looked:
            self._looked = True
            self._quadratic = quadratic_of(self.problem, *self.settings) if self._in_memory() else None
        if self._quadratic is None:
            return None
        if self._moments is None or self._moments.rate != rate:
            self._moments = Moments(self.problem, self._quadratic, rate)
        return self._moments if self._moments.falls else None

    def _in_memory(self) -> bool:
        return getattr(self.problem, "source", None) is None

    def loop(self, rows: int | None) -> Loop | JaxLoop | None:
        """The loop for batches of so many rows (None: all data); None where there is no such program."""
        if rows not in self._loops:
            make = jax_loop_of if self.problem.backend == "jax" else loop_of
            self._loops[rows] = make(self.problem, *self.settings, rows) if self._in_memory() else None
        return self._loops[rows]


def by_program(
    plan: Plan, state: State, stop: int, limit: float, tiny: float, look: int | None, otherwise: Any
) -> tuple[bool, Reason]:
    """Take steps up to `stop`, or fewer; through moments, with looks, more.

    Gives whether a program took any, and the reason to end, if there is one.

    look: how many steps there are between two looks at what stalls; None where just these steps are wanted.
    otherwise: takes one step without the program, as `otherwise(plan, state, stop)`.
    """
    if not isinstance(plan.step, ProblemStep):
        return False, None
    step, leaves, states = state.at
    moments = _moments(plan)
    if moments is not None:
        return True, by_moments(plan, state, stop, moments, limit, tiny, look)
    chosen = None
    rows = None
    loop = plan.step.loop(None) if plan.batches.size is None else None
    constant = plan.schedule in (None, "constant")
    looks = look if constant and plan.stride == 1 and isinstance(loop, Loop) else None
    if looks is None:
        stop = min(stop, (step // STEPS + 1) * STEPS)
    if plan.batches.size is not None:
        chosen = [plan.batches.rows(k) for k in range(step, stop)]
        rows = len(chosen[0])
        alike = next((k for k, found in enumerate(chosen) if len(found) != rows), len(chosen))
        chosen, stop = chosen[:alike], step + alike
        tiny = np.nan  # the gradient of a few rows says nothing about that of all
        loop = plan.step.loop(rows)
    if loop is None:
        return False, None
    if constant:
        rates = [float(plan.rate)] * (stop - step)
    else:
        rates = [float(plan.rate * factor) for factor in schedules.factors(plan.schedule, step, stop, plan.steps)]
    numbers = state.path.room(stop // plan.stride + 1)

    def run(count: int) -> Taken:
        loop.memory.load(leaves, states)
        keep = state.losses.append
        return loop.run(step, rates[:count], limit, tiny, state.steepest, keep, numbers, plan.stride, chosen)

    refused = False
    try:
        taken = run(stop - step)
        end = taken.step
    except REFUSED:
        refused, end = True, len(state.losses)
    rest = _at_rest(numbers, step, end, looks)
    if rest is not None or refused:
        # What a step gives hangs on the state before it alone: taken again, these steps are the same to the last bit.
        done = (end if rest is None else rest) - step
        del state.losses[step:]
        if done:
            taken = run(done)
            _taken_over(plan, state, loop, taken)
        return True, None if rest is not None else otherwise(plan, state, end + 1)
    _taken_over(plan, state, loop, taken)
    if taken.code == DIVERGED:
        return True, ("diverged", f"step {taken.step + 1:,}: loss {taken.loss:.6g}")
    if taken.code == CONVERGED:
        return True, ("converged", f"{float(np.sqrt(taken.square)):.3g}")
    return True, None


def _at_rest(rows: Array, step: int, stop: int, look: int | None) -> int | None:
    """The first look before `stop` at which the parameters did not move; there the steps end."""
    if look is None:
        return None
    looks = range((step // look + 1) * look, stop, look)
    return next((at for at in looks if rows[at].tobytes() == rows[at - 1].tobytes()), None)


def _moments(plan: Plan) -> Moments | None:
    """The moments that a run is taken through; None where it is not."""
    if not isinstance(plan.step, ProblemStep) or plan.batches.size is not None or plan.held_out is not None:
        return None
    return plan.step.moments(plan.rate) if plan.schedule in (None, "constant") else None


def how_taken(plan: Plan) -> str:
    """How the steps of a run are taken: see `Descent.how`."""
    if _moments(plan) is not None:
        return "moments"
    rows = plan.batches.size
    return "program" if isinstance(plan.step, ProblemStep) and plan.step.loop(rows) is not None else "steps"


def said_openly(how: str, rows: int) -> tuple[str, ...]:
    """What a reader of the result has to know of how the steps were taken."""
    if how != "moments":
        return ()
    each = f"the {rows:,} rows" if rows else "the loss"
    return (
        "The loss is a polynomial of degree 2 in the parameters, as its graph shows, so its second slopes are the same "
        f"everywhere. The steps were taken through these, worked out once, and not through {each} each time; the "
        "numbers are those of the plain steps, to rounding. moments=False takes the plain steps.",
    )


def _taken_over(plan: Plan, state: State, loop: Loop | JaxLoop, taken: Taken) -> None:
    if taken.step > state.at[0]:
        state.square = taken.latest
    state.steepest = taken.steepest
    state.path.count = taken.step // plan.stride + 1
    state.at = (taken.step, loop.memory.leaves(), loop.memory.remembered())
