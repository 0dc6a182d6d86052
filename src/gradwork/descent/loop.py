"""Taking the steps: the inner loop, what is looked at between its parts, and the state that is kept on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradwork.descent import schedules
from gradwork.descent.batches import Batches
from gradwork.descent.blocks import by_program
from gradwork.descent.lowest import is_low
from gradwork.descent.method import Finished, Method
from gradwork.descent.problem import Leaves, Problem, Step
from gradwork.descent.recording import Path

LOOK = 100  # steps between two looks at what stalls
LONG = 10 * LOOK  # steps of a program at most; it is looked afterwards where they would have stalled
MOST_KEPT = 4_000_000  # numbers of the path that are kept; beyond, every second step, every fourth, ...
TINY = 1e-9  # a gradient so much smaller than the largest one has converged
LEAST = 1e-40  # of its square: beyond it slopes are rounding
WILD = 1e8  # a loss so much larger than the first one has diverged
A_PART = 0.05  # seconds of work that an interrupt may lose, about
SWING = 1e-3  # of what the loss fell by: the last loss that much above the lowest
SETTLE = "The steps swing about it: a smaller learning rate, or a schedule such as cosine, would let them settle."
SAVE_EVERY = 1.0  # seconds


@dataclass
class State:
    """Where a run is: all that the next step depends on, and what is kept of the steps before."""

    at: tuple[int, Leaves, list[Leaves]]
    losses: list[float] = field(default_factory=list)
    path: Any = ()  # a Path; made of a list of points where it is given as one
    steepest: float = 0.0  # the largest square norm of a gradient so far
    square: float = np.inf  # that of the latest step
    lowest: float = np.inf  # the lowest held-out loss, the parameters there, and how often it did not fall since
    best: Leaves | None = None
    waited: int = 0
    held_out: list[tuple[int, float]] = field(default_factory=list)
    tiny: float = TINY**2  # how much smaller the gradient's square has to be; less, where that was no lowest point
    seen: tuple[int, float] = (0, np.inf)  # how many losses were looked at, and the lowest of them

    def __post_init__(self) -> None:
        if not isinstance(self.path, Path):
            self.path = Path(self.at[1], self.path)

    def lowest_until(self, step: int) -> float:
        """The lowest of the first losses. Those that were looked at before are not looked at again."""
        seen, lowest = self.seen if self.seen[0] <= step else (0, np.inf)
        self.seen = step, min(lowest, min(self.losses[seen:step], default=np.inf))
        return self.seen[1]

    def whole(self, stride: int) -> None:
        """Drop what an interrupted step left half done."""
        step = self.at[0]
        del self.losses[step:]
        self.path.cut(step // stride + 1)


@dataclass(frozen=True, eq=False)
class Plan:
    """What a run does: see `gw.descend`."""

    problem: Problem
    method: Method
    rate: float
    steps: int
    batches: Batches
    step: Step
    schedule: schedules.Schedule = None
    held_out: Problem | None = None
    decay: float = 0.0  # of the weights, where it is added to the gradient
    patience: int = 10
    save: Callable[[State], None] | None = None
    progress: Callable[[int, float], None] | None = None

    @cached_property
    def stride(self) -> int:
        """Of every so many steps one is kept in the path."""
        stride = 1
        while self.problem.size * (self.steps // stride) > MOST_KEPT:
            stride *= 2
        return stride


def begin(problem: Problem, method: Method) -> State:
    """The state before the first step."""
    zeros = [[np.zeros_like(leaf) if np.ndim(leaf) else leaf * 0 for _ in method.states] for leaf in problem.start]
    leaves = list(problem.start)
    return State((0, leaves, zeros), path=[leaves])


@np.errstate(all="ignore")
def take_steps(plan: Plan, state: State) -> tuple[str, str]:
    """Take the steps that are left. Gives the reason that it stopped, and what there is to say about it.

    The state is whole after every part: an interrupt loses what came after that, about a tenth of a second's work.
    """
    saved, pause = time.monotonic(), SAVE_EVERY
    count = 1
    try:
        while state.at[0] < plan.steps:
            step = state.at[0]
            look = _every(plan) if plan.held_out is not None else LONG
            stop = min(plan.steps, step + count, (step // LONG + 1) * LONG, (step // look + 1) * look)
            began = time.monotonic()
            reason = some_steps(plan, state, stop, LOOK if plan.save is None else None)
            if reason and reason[0] == "converged" and _too_early(plan, state):
                continue
            reason = reason or _look(plan, state)
            if reason:
                return reason
            now = time.monotonic()
            a_step = (now - began) / max(1, state.at[0] - step)
            count = max(1, min(LONG, int(A_PART / a_step) if a_step else LONG))
            if plan.progress is not None:
                plan.progress(state.at[0], state.losses[-1])
            if plan.save is not None and now - saved > pause:
                plan.save(state)
                saved = time.monotonic()
                pause = SAVE_EVERY * max(1.0, 20 * (saved - now))  # a long path takes a while to write
    except Finished as end:
        return end.reason, end.said
    except KeyboardInterrupt:
        state.whole(plan.stride)
        return "interrupted", f"It was interrupted after step {state.at[0]:,}; what was done until then is kept."
    return "out of steps", ""


def some_steps(plan: Plan, state: State, stop: int, look: int | None = None) -> tuple[str, str] | None:
    """Take steps, up to `stop` or fewer; with `look`, perhaps more. Gives the reason to end, if there is one."""
    first = state.losses[0] if state.losses else None
    limit = np.inf if first is None else WILD * max(1.0, abs(first))
    taken, reason = by_program(plan, state, stop, limit, state.tiny, look, _each)
    return reason if taken else _each(plan, state, min(stop, (state.at[0] // LOOK + 1) * LOOK))


def _too_early(plan: Plan, state: State) -> bool:
    """Whether the gradient has shrunk where the loss is not lowest; then it has to shrink further."""
    if state.tiny < LEAST or is_low(plan.problem, state.at[1], state.losses[0] if state.losses else 0.0, plan.decay):
        return False
    state.tiny *= 1e-4
    return True


def _each(plan: Plan, state: State, stop: int) -> tuple[str, str] | None:
    """Take steps one by one: for what no program is written for."""
    step, leaves, states = state.at
    program, batches, stride, losses = plan.step, plan.batches, plan.stride, state.losses
    of_one_type = leaves[0].dtype.type
    kind = float if all(leaf.dtype == np.float64 for leaf in leaves) else of_one_type
    whole = batches.size is None
    data = plan.problem.data
    first = losses[0] if losses else None
    limit = np.inf if first is None else WILD * max(1.0, abs(first))
    # A search that judges for itself has its own measure: a gradient has none where parameters differ in scale.
    search = plan.method.search
    tiny = -1.0 if search is not None and search.judges else state.tiny
    smallest, steepest = tiny * state.steepest, state.steepest
    for factor in schedules.factors(plan.schedule, step, stop, plan.steps):
        batch = data if whole else batches.of(step)
        loss, square, new, kept = program(leaves, states, kind(plan.rate * factor), kind(step + 1), *batch)
        if not (loss < limit and square < np.inf):
            return "diverged", f"step {step + 1:,}: loss {float(loss):.6g}"
        if square <= smallest and whole:
            return "converged", f"{float(np.sqrt(square)):.3g}"
        losses.append(float(loss))
        state.square = square
        if square > steepest:
            state.steepest = steepest = float(square)
            smallest = tiny * steepest
            if steepest == 0:
                return "converged", "0"
        step += 1
        leaves, states = new, kept
        if step % stride == 0:
            state.path.append(new)
        state.at = (step, leaves, states)
    return None


def _look(plan: Plan, state: State) -> tuple[str, str] | None:
    """What is looked at now and then, always after the same steps."""
    step = state.at[0]
    if plan.held_out is not None and step % _every(plan) == 0:
        reason = _compare_held_out(plan, state)
        if reason:
            return reason
    if step % LOOK or plan.batches.size is not None or plan.schedule not in (None, "constant"):
        return None
    if step % plan.stride == 0 and state.path.rests:
        size = np.sqrt(state.steepest)
        return "stalled", (
            "The parameters do not change any more: the steps are lost in their last digits, while the gradient is "
            f"not small yet beside the steepest, {size:.3g}. A larger learning rate would move them."
        )
    if step >= 20 * LOOK and step % (10 * LOOK) == 0:
        recent, earlier = min(state.losses[-10 * LOOK :]), state.lowest_until(step - 10 * LOOK)
        if recent >= earlier and state.square <= 1e-12 * state.steepest:
            return "converged", f"{float(np.sqrt(state.square)):.3g}"
        if recent >= earlier:
            said = f"The loss has found no lower value in {10 * LOOK:,} steps; the lowest is {earlier:.6g}."
            swings = state.losses[-1] > earlier + SWING * (state.losses[0] - earlier)
            return "stalled", f"{said} {SETTLE}" if swings else said
    return None


def _every(plan: Plan) -> int:
    """Steps between two looks at the held-out rows: a pass over the data, or a hundredth of a run on all rows."""
    if plan.method.search is not None:
        return 1  # its steps are few, and each goes far
    return plan.batches.an_epoch if plan.batches.size is not None else max(1, min(LOOK, plan.steps // 100))


def _compare_held_out(plan: Plan, state: State) -> tuple[str, str] | None:
    assert plan.held_out is not None
    step, leaves, _ = state.at
    loss = plan.held_out.value(leaves)
    state.held_out.append((step, loss))
    if loss < state.lowest:
        state.lowest, state.best, state.waited = loss, leaves, 0
        return None
    state.waited += 1
    if state.waited < plan.patience:
        return None
    best = min(state.held_out, key=lambda pair: pair[1])
    return "stalled", (
        f"On the held-out rows the loss has not fallen in {plan.patience} looks; it was lowest, {best[1]:.6g}, after "
        f"step {best[0]:,}, and the parameters are those of that step."
    )
