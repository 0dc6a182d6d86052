"""Putting together what a run comes to: parameters, losses, path, and in words why it stopped."""

from __future__ import annotations

import numpy as np

from gradwork.descent import schedules
from gradwork.descent.curvature import flat
from gradwork.descent.learning_rate import why_it_grew
from gradwork.descent.loop import WILD, Plan, State, begin
from gradwork.descent.problem import Leaves, fault
from gradwork.descent.result import Descent, WorkedStep


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
    losses = [*state.losses, problem.value(leaves)]
    path_steps = np.arange(len(state.path)) * plan.stride
    curvature = limit = works = None
    if reason == "out of steps" and step and not losses[-1] <= losses[0] and plan.batches.size is None:
        reason, said = "diverged", "the loss is larger than at the start"
    if state.best is not None:
        leaves = state.best
    if reason == "diverged":
        here = _lowest(plan, state)
        said, (words, curvature, limit, works) = _place_of_fault(plan, state, said), why_it_grew(plan, here)
        said = f"{said} {words} The parameters given are those where the loss was lowest."
        leaves = here
    elif reason in ("converged", "out of steps"):
        said = _in_words(plan, state, reason, losses)
    return Descent(
        params=problem.params(leaves),
        losses=np.array(losses),
        path=np.array([flat(at) for at in state.path]),
        path_steps=path_steps,
        reason=reason,
        explanation=said,
        loss=problem.value(leaves),
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
        worked=tuple(_worked(plan, state, wanted)),
        weight_decay=weight_decay,
        notes=notes,
    )


def _lowest(plan: Plan, state: State) -> Leaves:
    """The parameters of the path with the lowest loss; with mini-batches, by the loss on all rows of a few of them."""
    count = len(state.path)
    if plan.batches.size is None:
        seen = [state.losses[k] for k in range(0, len(state.losses), plan.stride)]
        return state.path[int(np.argmin(seen))] if seen else state.path[0]
    some = np.unique(np.linspace(0, count - 1, 50).astype(int))
    losses = [plan.problem.value(state.path[i]) for i in some]
    return state.path[int(some[int(np.nanargmin(losses))])]


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


def _in_words(plan: Plan, state: State, reason: str, losses: list[float]) -> str:
    step, leaves, _ = state.at
    _, slopes = plan.problem.value_and_gradient(leaves)
    size = float(np.linalg.norm(flat(slopes)))
    steepest = max(size, float(np.sqrt(state.steepest)))
    falling = losses[-1] < -WILD * max(1.0, abs(losses[0]))
    endless = " It falls without end: this loss may have no lowest value." if falling else ""
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


def _worked(plan: Plan, state: State, wanted: list[int]) -> list[WorkedStep]:
    """The wanted steps with their numbers: parameters from the path, what is remembered by taking the steps again."""
    if not wanted:
        return []
    found = []
    at = begin(plan.problem, plan.method).at
    rates = schedules.factors(plan.schedule, 0, wanted[-1] + 1, plan.steps)
    for k in range(wanted[-1] + 1):
        _, leaves, states = at
        batch = plan.batches.of(k)
        rate = plan.rate * rates[k]
        kind = float if all(leaf.dtype == np.float64 for leaf in leaves) else leaves[0].dtype.type
        loss, _, new, kept = plan.step(leaves, states, kind(rate), kind(k + 1), *batch)
        if k in wanted:
            slopes = plan.problem.value_and_gradient(leaves, batch)[1]
            remembered = tuple(tuple(row) for row in states)
            worked = (tuple(leaves), tuple(slopes), remembered, tuple(new))
            found.append(WorkedStep(k + 1, rate, float(loss), *worked, plan.batches.rows(k), batch))
        at = (k + 1, new, kept)
    return found
