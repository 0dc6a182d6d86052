"""Choosing a learning rate, and finding one that works where the given one does not. Each comes with its reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradwork.descent.curvature import flat, largest_curvature, shaped
from gradwork.descent.loop import Plan, begin, take_steps
from gradwork.descent.problem import Leaves

TRIAL = 50  # steps
HALVINGS = 400
MOST_TRIED = 20
LADDER = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)


@np.errstate(all="ignore")
def choose(plan: Plan) -> tuple[float, str]:
    """A learning rate for a plan that has none, and why it was taken."""
    if plan.method.reach is None:
        return _best_of_a_ladder(plan)
    curvature = largest_curvature(plan.problem, plan.problem.start) + plan.decay
    limit = plan.method.limit(curvature) if np.isfinite(curvature) else None
    if limit is None:
        return _best_of_a_ladder(plan)
    # On a parabola of curvature L plain descent is there in one step of 1/L, and no rule here is unstable at it.
    wanted = 1 / curvature
    rate = falling(plan, wanted)
    why = (
        f"the largest curvature at the start is {curvature:.6g}; steps of more than {limit:.6g} grow on a parabola of "
        f"this curvature, and 1/{curvature:.6g} = {wanted:.6g} goes to its bottom"
    )
    if rate is None:
        return wanted, why
    times = round(np.log2(wanted / rate))
    halved = f"; halved {times} time{'s' if times > 1 else ''}, until the loss fell in {TRIAL} trial steps"
    return rate, why + (halved if times else "")


def _best_of_a_ladder(plan: Plan) -> tuple[float, str]:
    ends = {rate: _loss_after_trial(plan, rate) for rate in LADDER}
    start = objective(plan, plan.problem.start)
    while len(ends) < MOST_TRIED and min(ends, key=lambda r: ends[r]) == max(ends):
        # Parameters of a large size ask for large steps: on, as long as it halves the loss.
        longest = max(ends)
        ends[10 * longest] = _loss_after_trial(plan, 10 * longest)
        if not ends[10 * longest] - min(start, 0.0) < (ends[longest] - min(start, 0.0)) / 2:
            del ends[10 * longest]
            break
    while len(ends) < MOST_TRIED and not min(ends.values()) < start:
        ends[min(ends) / 10] = _loss_after_trial(plan, min(ends) / 10)
    rate = min(ends, key=lambda r: (ends[r], -r))
    if not np.isfinite(ends[rate]):
        return min(ends), "no learning rate that was tried kept the loss finite; this is the smallest of them"
    tried = ", ".join(f"{r:g}" for r in sorted(ends, reverse=True))
    return rate, f"of {tried} it gave the lowest loss after {TRIAL} trial steps: {ends[rate]:.6g}"


def falling(plan: Plan, rate: float) -> float | None:
    """The first of rate, rate/2, rate/4, ... with which the loss falls; None where none does.

    By tens and for more steps where a method makes steps of one length: these swing, and grow, only later on.
    """
    start = objective(plan, plan.problem.start)
    by, most = (2, 40) if plan.method.reach is not None else (10, 12)
    if plan.method.reach is not None:
        rate = _short_enough(plan, rate, start)
    for _ in range(most):
        if _loss_after_trial(plan, rate, _tried(plan), worst=by == 10) < start:
            return rate
        rate /= by
    return None


def _tried(plan: Plan) -> int:
    return min(TRIAL if plan.method.reach is not None else 20 * TRIAL, plan.steps)


def _short_enough(plan: Plan, rate: float, start: float) -> float:
    """A rate with which the first step alone lowers the loss: quicker than trials, where the first guess is far off."""
    leaves = plan.problem.start
    weight = flat(leaves)
    slope = flat(plan.problem.value_and_gradient(leaves)[1]) + plan.decay * weight
    for halvings in range(HALVINGS):
        shorter = rate * 0.5**halvings
        if objective(plan, shaped(weight - shorter * slope, leaves)) < start:
            return shorter
    return rate


def objective(plan: Plan, leaves: Leaves) -> float:
    """What the steps lower: the loss on all rows, with what the weight decay adds to it."""
    loss = plan.problem.value(leaves)
    return loss if not plan.decay else loss + plan.decay / 2 * float(np.sum(np.square(flat(leaves), dtype=np.float64)))


def _loss_after_trial(plan: Plan, rate: float, steps: int = TRIAL, worst: bool = False) -> float:
    """The loss on all rows after a few steps; infinite where it stops being a number, or rises at the end.

    worst: the largest in the second half of the steps.
    """
    trial = replace(plan, rate=rate, steps=min(steps, plan.steps), held_out=None, save=None, progress=None)
    state = begin(trial.problem, trial.method)
    reason, _ = take_steps(trial, state)
    if reason == "interrupted":
        raise KeyboardInterrupt
    loss = objective(trial, state.at[1])
    if worst and plan.batches.size is None and not plan.decay:
        loss = max([loss, *state.losses[len(state.losses) // 2 :]])
    return loss if reason != "diverged" and np.isfinite(loss) else np.inf


def why_it_grew(plan: Plan, lowest: Leaves) -> tuple[str, float | None, float | None, float | None]:
    """Why a loss grew: in words, the largest curvature, the learning rate above which it grows, one that works."""
    curvature = largest_curvature(plan.problem, lowest) + plan.decay
    limit = plan.method.limit(curvature) if np.isfinite(curvature) else None
    begin_at = min(plan.rate / 2, 1 / curvature) if limit is not None else plan.rate / 2
    works = falling(plan, begin_at)
    said = []
    if limit is not None:
        said.append(f"Where the loss was lowest its largest curvature is {curvature:.6g}.")
        said.append(
            f"A step across a parabola of this curvature overshoots by more than it went down once the learning rate "
            f"is above {limit:.6g}, and this run has {plan.rate:g}."
            if plan.rate > limit
            else f"On a parabola of this curvature a learning rate up to {limit:.6g} would do, and this run has "
            f"{plan.rate:g}: the loss bends more strongly elsewhere on the path, or falls without end."
        )
    if works is not None:
        said.append(f"With {works:.6g} the loss falls: that was tried, for {_tried(plan)} steps.")
    else:
        said.append("No smaller learning rate that was tried makes it fall.")
    return " ".join(said), float(curvature) if np.isfinite(curvature) else None, limit, works
