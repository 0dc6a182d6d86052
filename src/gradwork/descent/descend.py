"""`gw.descend`: gradient descent from a start, with every number kept and the reason that it stopped."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.descent import checkpoint as checkpoints
from gradwork.descent import schedules, starts
from gradwork.descent.blocks import ProblemStep
from gradwork.descent.faults import fault
from gradwork.descent.first_calls import check_repeats, check_rows
from gradwork.descent.large import Large, batches_of, sample_of
from gradwork.descent.learning_rate import choose
from gradwork.descent.loop import Plan, State, begin, take_steps
from gradwork.descent.method import Method, method_named, spelled
from gradwork.descent.outcome import outcome, shorter_rate, wanted_steps
from gradwork.descent.problem import Problem, problem_of
from gradwork.descent.result import Descent
from gradwork.descent.searches.refusals import check_search
from gradwork.descent.shards import Shards
from gradwork.descent.sources import fingerprint
from gradwork.descent.standardise import Standard, Wanted, standard_of
from gradwork.descent.watching import DescentProgress
from gradwork.errors import ArgumentError, DataError
from gradwork.gradients.compile import BACKENDS
from gradwork.graph.trace import trace_call


def descend(
    loss: Any,
    start: Any,
    data: Any = None,
    *,
    learning_rate: float | None = None,
    steps: int = 1000,
    method: str = "gd",
    batch: int | None = None,
    seed: int = 0,
    schedule: schedules.Schedule = None,
    weight_decay: float = 0.0,
    clip: float | None = None,
    holdout: float | None = None,
    test: float | None = None,
    init: str | None = None,
    init_scale: float | None = None,
    standardise: Wanted = False,
    checkpoint: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    backend: str = "numpy",
    progress: bool = True,
    work: int = 0,
    every: int | None = None,
    names: Sequence[str] | None = None,
    notes: Sequence[str] = (),
    moments: bool = True,
) -> Descent:
    """Go down a loss: step against its gradient, and again, until there is a reason to stop.

    loss:   a function loss(params) or loss(params, *data) that gives one number; a formula or named formulas.
    start:  the parameters to start from: a number, an array, or nested tuples, lists, dicts, dataclasses of them.
    data:   an array, a tuple of arrays, or a dict of them by name; those as long as the first have a row for each row.
            Or data that need not fit into memory: memory-mapped arrays, paths of .npy files, or a function (a list, an
            object that can be gone through again) that gives chunks of rows, each as it would be given here.
    learning_rate: chosen where it is left out; the result says why. Where the loss ends above its start with it, the
            run is taken again with a shorter one.
    method: gd, momentum, nesterov, rmsprop, adam or adamw; line-search or conjugate-gradient, which look for the
            learning rate of each step; gauss-newton or levenberg-marquardt for a sum or mean of squares, which solve
            for the change.     steps: at most so many.
    batch:  rows of a step, in an order drawn from `seed` anew for each pass over the data; all rows by default.
    schedule: constant, step, cosine, warm-up, or a function of (step, steps) that gives a factor.
    weight_decay: added to the gradient as weight_decay * weight; adamw takes it off the weight itself.
    clip:   the longest gradient, as a norm over all parameters; a longer one is made so long.
    holdout: the share of rows, drawn from `seed`, that is not used for steps; the descent stops where the loss on them
            no longer falls, and gives the parameters with which it was lowest.
    test:   the share of rows, drawn from `seed`, that is not looked at before the end: `.scores` tells how well the
            parameters predict them.
    init:   draw the start at random from `seed`, in the shapes of `start`: "uniform" and "normal" (up to, or with a
            spread of, `init_scale`; 1 by default), "glorot" and "he" (times `init_scale`; where there are matrices,
            what has fewer axes is a bias and starts at 0), or "zeros".
    standardise: True, or names of data: steps are taken on columns with mean 0 and spread 1. `start` and the result are
            in the data's own units (a start that is drawn is one for the standardised columns). A column is
            standardised where the loss uses it as x*w + b or X @ W + b alone; others are left as they are.
    checkpoint: a file that the run is kept in, and goes on from if it is there, to the same last bit.
    executor: split each batch into eight shards over its workers (large data into their parts); the path does not
            depend on how many there are, and a worker that is lost changes nothing in it.
    backend: "numpy", or "jax" for a step that XLA compiles.   progress: a line after two seconds.
    work, every: keep the numbers of the first `work` steps, and of every `every`-th, for the page.
    moments: plain descent on a loss that its graph proves quadratic is stepped through its second slopes, worked out
            once, and not through the rows each time; the result says so. False takes every step on the rows.

    Gives a `Descent` with .params .losses .path .reason .explanation .plot(); print shows the page. An interrupt
    (Ctrl-C) ends the descent and keeps what is done.
    Raises ArgumentError for arguments that cannot be used, DataError for numbers in data, start or first loss that
    are not finite (with row and place), ShapeError for a loss that is not one number.

    >>> import numpy as np, gradwork as gw
    >>> x, y = np.array([1.0, 2.0, 3.0]), np.array([3.0, 5.0, 7.0])
    >>> run = gw.descend("mean((x*w + b - y)^2)", {"w": 0.0, "b": 0.0}, {"x": x, "y": y})
    >>> run.reason, round(float(run.params["w"]), 5), round(float(run.params["b"]), 5)
    ('converged', 2.0, 1.0)
    """
    _check(learning_rate, steps, batch, seed, weight_decay, clip, holdout, test, backend, work, every)
    schedules.check(schedule)
    starts.check(init, init_scale)
    if checkpoint is not None:
        checkpoints.check(checkpoint)
    method = spelled(method)
    rule = method_named(method)
    whole = problem_of(loss, start, data, backend, names)
    if not whole.rows and any(given is not None for given in (batch, holdout, test, executor)):
        raise ArgumentError("there are no rows of data", why="batch, holdout, test and executor are about rows")
    if init is not None:
        whole = replace(whole, start=starts.drawn(whole.start, init, init_scale, seed))
    used, tested = _held_out(whole, test, seed)
    problem, held = _held_out(used, holdout, seed)
    standard = _standard(problem, standardise)
    if standard is not None:
        problem, held = standard.problem(problem, init is not None), held and standard.problem(held)
    _check_first(problem)
    check_search(rule, method, batch, schedule, clip)
    source = Shards(problem, executor) if executor is not None else problem
    step = (
        source.step(rule, weight_decay, clip) if rule.search is None else rule.search.step(rule, source, weight_decay)
    )
    if isinstance(step, ProblemStep):
        step.through_moments = moments and not work and every is None
    batches = batches_of(problem, batch, seed)
    plan = Plan(problem, rule, learning_rate or 0.0, steps, batches, step, schedule, held, _decay(rule, weight_decay))
    of = (
        ""
        if checkpoint is None
        else _fingerprint(
            plan, method, learning_rate, weight_decay, clip, holdout, test, executor is not None, backend, moments
        )
    )
    kept = checkpoints.load(checkpoint, of) if checkpoint is not None else None
    if kept is not None:
        state, settings = kept
        rate, why, tries = settings["rate"], settings["why"], settings["tries"]
        whole_path = len(state.path) == state.at[0] // plan.stride + 1
        if not whole_path:
            raise DataError("the checkpoint keeps its path in other steps", hint="the same number of steps as before")
    else:
        state, tries = begin(problem, rule), 0
        rate, why = _rate(plan, learning_rate, weight_decay)
    while True:
        settings = {"rate": rate, "why": why, "tries": tries}
        keeper = None if checkpoint is None else checkpoints.Keeper(checkpoint, of, settings)
        plan = replace(plan, rate=rate, save=keeper)
        reason, said = _taken(plan, state, progress)
        shorter = shorter_rate(plan, state, reason, tries) if learning_rate is None else None
        if shorter is None:
            break
        (rate, more), state, tries = shorter, begin(problem, rule), tries + 1
        why = f"{why}; {more}"
    if keeper is not None:
        keeper(state)
    wanted = wanted_steps(work, every, state.at[0])
    said_apart = (*notes, *(source.notes if isinstance(source, Shards) else ()), *(keeper.notes if keeper else ()))
    found = outcome(plan, state, reason, said, why, method, weight_decay, wanted, said_apart)
    found = replace(found, test=tested, clip=clip)
    return found if standard is None else standard.put_back(found)


def _taken(plan: Plan, state: State, progress: bool) -> tuple[str, str]:
    """Take the steps, with a line that tells how far they are."""
    line = DescentProgress(plan.steps, state.at[0]) if progress else None
    try:
        return take_steps(replace(plan, progress=line.at) if line else plan, state)
    finally:
        if line is not None:
            line.done()


# -- what was given ---------------------------------------------------------------------------------------------------


def _check(
    learning_rate: float | None,
    steps: int,
    batch: int | None,
    seed: int,
    weight_decay: float,
    clip: float | None,
    holdout: float | None,
    test: float | None,
    backend: str,
    work: int,
    every: int | None,
) -> None:
    def refuse(name: str, value: Any, what: str) -> None:
        raise ArgumentError(f"{name} cannot be {value!r}", why=f"it is {what}")

    if learning_rate is not None and not (_is_number(learning_rate) and 0 < learning_rate < math.inf):
        refuse("learning_rate", learning_rate, "a finite number above 0")
    whole_numbers = (
        ("steps", steps, 0),
        ("batch", batch, 1),
        ("seed", seed, 0),
        ("work", work, 0),
        ("every", every, 1),
    )
    for name, value, least in whole_numbers:
        if value is None and name in ("batch", "every"):
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            refuse(name, value, f"a whole number, {least} or more")
    if not (_is_number(weight_decay) and 0 <= weight_decay < math.inf):
        refuse("weight_decay", weight_decay, "a finite number, 0 or more")
    if clip is not None and not (_is_number(clip) and 0 < clip < math.inf):
        refuse("clip", clip, "a finite number above 0")
    for name, share in (("holdout", holdout), ("test", test)):
        if share is not None and not (_is_number(share) and 0 < share < 1):
            refuse(name, share, "a share of the rows, between 0 and 1")
    if backend not in BACKENDS:
        raise ArgumentError(f"there is no backend {backend!r}", hint=f"one of {', '.join(BACKENDS)}")


def _standard(problem: Problem, wanted: Wanted) -> Standard | None:
    """The columns to standardise, if any. Raises ArgumentError."""
    if wanted is False or wanted is None:
        return None
    return standard_of(problem, wanted)


def _decay(rule: Method, weight_decay: float) -> float:
    """The weight decay where it is added to the gradient; 0 where it stands in the rule itself."""
    return 0.0 if rule.decays_weights else float(weight_decay)


def _rate(plan: Plan, given: float | None, weight_decay: float) -> tuple[float, str]:
    """The learning rate of a run, and why where it was not given."""
    if plan.method.search is not None:
        return plan.method.search.first(plan.problem, given, weight_decay)
    return (given, "") if given is not None else choose(plan)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _held_out(problem: Problem, share: float | None, seed: int) -> tuple[Problem, Problem | None]:
    """The rows for the steps, and those that are held out."""
    if share is None:
        return problem, None
    both = problem.apart(share, seed) if isinstance(problem, Large) else None
    count = both[1].rows if both is not None else round(share * problem.rows)
    if not 0 < count < problem.rows:
        why = f"{share:g} of {problem.rows} rows is {count}, and both parts need a row"
        raise ArgumentError("no rows would be left", why=why, hint="another share, or more data")
    if both is not None:
        return both
    order = np.random.default_rng([seed, problem.rows]).permutation(problem.rows)
    return problem.of_rows(np.sort(order[count:])), problem.of_rows(np.sort(order[:count]))


@np.errstate(all="ignore")
def _check_first(problem: Problem) -> None:
    check_rows(problem)
    if not problem.is_known:
        check_repeats(problem)
    value, gradient = problem.value_and_gradient(problem.start)
    if np.isfinite(value) and all(np.all(np.isfinite(g)) for g in gradient):
        return
    what = f"the loss is {float(value)}" if not np.isfinite(value) else "the gradient is not finite"
    raise DataError(
        f"{what} at the start, before the first step",
        details=(fault(problem, problem.start, problem.data),),
        why="a step from there would lead nowhere (rows are counted from 1 here)",
        hint="another start",
    )


def _fingerprint(plan: Plan, method: str, *settings: Any) -> str:
    """What has to be the same for a run to be continued. More steps are allowed where none depends on their number."""
    problem, held = plan.problem, plan.held_out
    fixed = plan.schedule in (None, "constant") and held is None
    schedule = getattr(plan.schedule, "__qualname__", plan.schedule)
    parts = [method, *settings, plan.batches.size, plan.batches.seed, schedule, None if fixed else plan.steps]
    parts += [problem.names, *problem.start, *problem.data, *(held.data if held is not None else ())]
    parts += [fingerprint(each.own) for each in (problem, held) if isinstance(each, Large)]
    sample = sample_of(problem)
    graph = trace_call(lambda at, *data: problem.f(problem.params(at), *data), (problem.start, *sample), {}).graph
    nodes = [(node.op, node.inputs, node.params, node.shape) for node in graph.nodes]
    return checkpoints.fingerprint(*parts, nodes, *graph.constants.values())
