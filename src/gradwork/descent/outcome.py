"""Putting together what a run comes to: parameters, losses, path, and in words why it stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradwork.descent import schedules
from gradwork.descent.blocks import how_taken, said_openly
from gradwork.descent.curvature import flat
from gradwork.descent.faults import fault
from gradwork.descent.learning_rate import objective, why_it_grew
from gradwork.descent.loop import WILD, Plan, State, begin, some_steps, take_steps
from gradwork.descent.method import Taken
from gradwork.descent.problem import Leaves
from gradwork.descent.result import Descent, WorkedStep
from gradwork.notation.document import Block

TRIES = 6  # shorter learning rates in place of a chosen one
ENDLESS = "It falls without end: this loss may have no lowest value."


def wanted_steps(work: int, every: int | None, done: int) -> list[int]:
    """The steps that are worked on the page, counted from 0."""
    first = range(min(work, done))
    return sorted({*first, *(range(every - 1, done, every) if every else ())})


@np.errstate(all="ignore")
def outcome(
    plan: Plan,
    state: State,
    reason: str,
    said: str,
    why: str,
    method: str,
    weight_decay: float,
    wanted: list[int],
    notes: tuple[str, ...],
) -> Descent:
    """The record of a run; see `Descent`."""
    step, leaves, _ = state.at
    problem = plan.problem
    in_parts = bool(problem.rows) and not problem.data  # what repeats steps for a picture would take as long again
    slopes: Leaves | None = None
    if in_parts:
        last = problem.loss_there(leaves)
    else:
        value, slopes = problem.value_and_gradient(leaves)
        last = float(value)
    losses = [*state.losses, last]
    path_steps = np.arange(len(state.path)) * plan.stride
    curvature = limit = works = None
    how = how_taken(plan)
    if _ended_above(plan, state, reason, losses):  # or come to rest on a plateau that is higher than the start
        reason, said = "diverged", "the loss is larger than at the start"
    if state.best is not None:
        leaves = state.best
    if reason == "diverged":
        here = _lowest(plan, state)
        said, words = _place_of_fault(plan, state, said), ENDLESS
        if not _endless(losses):
            words, curvature, limit, works = why_it_grew(plan, here)
        said = f"{said} {words} The parameters given are those where the loss was lowest."
        leaves = here
    elif reason in ("converged", "out of steps") and not said.endswith("."):
        said = _in_words(plan, state, reason, losses, slopes)
    return Descent(
        params=problem.params(leaves),
        losses=np.array(losses),
        path=state.path.numbers(),
        path_steps=path_steps,
        reason=reason,
        explanation=said,
        loss=last if leaves is state.at[1] else problem.loss_there(leaves),
        steps=step,
        learning_rate=plan.rate,
        why_learning_rate=why,
        method=plan.method,
        method_name=method,
        names=problem.names,
        leaves=tuple(leaves),
        problem=problem,
        curvature=curvature,
        largest_learning_rate=limit,
        working_learning_rate=works,
        held_out=tuple(state.held_out),
        worked=tuple(_worked(plan, wanted, weight_decay)),
        weight_decay=weight_decay,
        notes=(*notes, *said_openly(how, problem.rows)),
        how=how,
        work=lambda steps: _worked(plan, steps, weight_decay),
        again=None if in_parts else lambda rate, most: _again(plan, rate, most, method, weight_decay, notes),
    )


@np.errstate(all="ignore")
def shorter_rate(plan: Plan, state: State, reason: str, tries: int) -> tuple[float, str] | None:
    """Where a run with a chosen learning rate grew in the end: a shorter one, and why; None where it did well.

    tries: how many were given before.
    """
    if plan.method.search is not None or tries >= TRIES or not state.losses:
        return None
    losses = state.losses if reason == "diverged" else [*state.losses, plan.problem.loss_there(state.at[1])]
    if (reason != "diverged" or _endless(losses)) and not _ended_above(plan, state, reason, losses):
        return None
    # By ten, as between the rates that were tried; a rate that follows from a curvature is nearer.
    rate = plan.rate / (10 if plan.method.reach is None else 4)
    ended = f"it was {losses[-1]:.6g} after {state.at[0]:,} steps" if reason != "diverged" else "it grew without end"
    return rate, f"but with {plan.rate:g} the loss did not stay below its start: {ended}; so {rate:g} was taken"


def _ended_above(plan: Plan, state: State, reason: str, losses: list[float]) -> bool:
    """Whether a run on all rows ended with a larger loss than it began with."""
    if reason not in ("out of steps", "converged", "stalled") or plan.batches.size is not None or not state.at[0]:
        return False
    return state.best is None and plan.method.search is None and _has_grown(plan, state, losses)


@np.errstate(all="ignore")
def _has_grown(plan: Plan, state: State, losses: list[float]) -> bool:
    """Whether the loss is larger than at the start, and not only because the weights were to be smaller."""
    if losses[-1] <= losses[0] + 1e-9 * abs(losses[0]):
        return False
    return not plan.decay or not objective(plan, state.at[1]) <= objective(plan, plan.problem.start)


def _again(plan: Plan, rate: float, most: int, method: str, weight_decay: float, notes: tuple[str, ...]) -> Descent:
    """The same run with another learning rate."""
    trial = replace(plan, rate=rate, steps=min(most, plan.steps), save=None, progress=None)
    state = begin(trial.problem, trial.method)
    reason, said = take_steps(trial, state)
    if reason == "interrupted":
        raise KeyboardInterrupt
    return outcome(trial, state, reason, said, "", method, weight_decay, [], notes)


def _lowest(plan: Plan, state: State) -> Leaves:
    """The parameters of the path with the lowest loss; with mini-batches, by the loss on all rows of a few of them."""
    count = len(state.path)
    if plan.batches.size is None:
        seen = [state.losses[k] for k in range(0, len(state.losses), plan.stride)]
        return list(state.path.point(int(np.argmin(seen)) if seen else 0))
    some = np.unique(np.linspace(0, count - 1, 50).astype(int))
    losses = [plan.problem.value(state.path[i]) for i in some]
    return list(state.path.point(int(some[int(np.nanargmin(losses))])))


def _place_of_fault(plan: Plan, state: State, said: str) -> str:
    step, leaves, _ = state.at
    batch = plan.batches.of(step)
    value, slopes = plan.problem.value_and_gradient(leaves, batch)
    first = f"The loss was {state.losses[0]:.6g} at the start" if state.losses else "This is the start"
    if np.isfinite(value) and all(np.all(np.isfinite(g)) for g in slopes):
        if not state.losses:
            return f"At the start the loss is {float(value):.6g}, and the square of its gradient is no number any more."
        return f"{first} and {float(value):.6g} after step {step:,}."
    place = fault(plan.problem, leaves, batch, plan.batches.rows(step))
    return f"{first}, and after step {step:,} it can no longer be worked out: {place}."


def _endless(losses: list[float]) -> bool:
    """Whether the loss has fallen far below zero, and not grown."""
    return min(losses) < -WILD * max(1.0, abs(losses[0]))


def _in_words(plan: Plan, state: State, reason: str, losses: list[float], slopes: Leaves | None) -> str:
    step, leaves, _ = state.at
    if slopes is None:
        _, slopes = plan.problem.value_and_gradient(leaves)
    size = float(np.linalg.norm(flat(slopes) + plan.decay * flat(leaves)))
    steepest = max(size, float(np.sqrt(state.steepest)))
    endless = f" {ENDLESS}" if _endless(losses) else ""
    if reason == "converged":
        if size == 0:
            return "The gradient is 0: no step leads anywhere from here."
        return (
            f"The gradient has shrunk from {steepest:.3g} at its steepest to {size:.3g}: further steps would move the "
            "parameters in their last printed digits at most."
        )
    return (
        f"All {step:,} steps are done. The gradient is {size:.3g} now, and was {steepest:.3g} at its steepest; "
        f"the loss went from {losses[0]:.6g} to {losses[-1]:.6g}.{endless}"
    )


def _worked(plan: Plan, wanted: list[int], weight_decay: float) -> list[WorkedStep]:
    """The wanted steps with their numbers: parameters from the path, what is remembered by taking the steps again."""
    if not wanted:
        return []
    found = []
    no_blocks: tuple[Block, ...] = ()
    state = begin(plan.problem, plan.method)
    rates = schedules.factors(plan.schedule, 0, wanted[-1] + 1, plan.steps)
    state.tiny = 0.0  # these steps were taken: none of them is the last one now
    for k in wanted:
        if not _at_step(plan, state, k):
            break
        _, leaves, states = state.at
        rate = plan.rate * rates[k]
        if not _at_step(plan, state, k + 1):
            break
        _, new, kept = state.at
        batch = plan.batches.of(k)
        slopes = plan.problem.value_and_gradient(leaves, batch)[1]
        remembered = tuple(tuple(row) for row in states)
        worked = (tuple(leaves), tuple(slopes), remembered, tuple(new))
        search, shown = plan.method.search, no_blocks
        if search is not None:
            rate = search.rate(kept)
            taken = Taken(leaves, new, states, rate)
            shown = search.shown(plan.method, plan.problem, taken, weight_decay)
        found.append(WorkedStep(k + 1, rate, state.losses[k], *worked, plan.batches.rows(k), batch, shown))
    return found


def _at_step(plan: Plan, state: State, step: int) -> bool:
    """Go on to a step; whether it was reached."""
    while state.at[0] < step:
        before = state.at[0]
        some_steps(plan, state, step)
        if state.at[0] == before:
            return False
    return True
