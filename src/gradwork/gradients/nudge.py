"""The gradient by its definition: raise one entry, see how much the loss rises, divide by the nudge.

No rule of calculus is used. What is here reads as the definition does; how steps are chosen, how rounding is measured
and how bars come about is in `nudging/`, one file each: subject (the function and its arguments), sampler (evaluating
at nudged points), modes and structure (by what a nudge moves), by_unit (by the sums weights enter), colouring (what
shares a nudge), noise, rungs (one step), ladder (several), schemes, complex_step, packing, record, page; and, for the
same calculation again and again, tape, rerun and replay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.gradients.nudging.branches import branches_of
from gradwork.gradients.nudging.by_unit import by_unit
from gradwork.gradients.nudging.colouring import ColouredSampler, measured_together
from gradwork.gradients.nudging.ladder import Climbed, Ladder
from gradwork.gradients.nudging.modes import MODES, assumed_by, in_words, modes_of, sampler_for, takes_units
from gradwork.gradients.nudging.noise import Noise, measure_noise
from gradwork.gradients.nudging.packing import arrays_of, corners_of, one_sided_of, power_of, steps_of, structured
from gradwork.gradients.nudging.record import Corner, Nudged, NudgedArray
from gradwork.gradients.nudging.rungs import Ground
from gradwork.gradients.nudging.sampler import Entries, Sampler, entries_of
from gradwork.gradients.nudging.schemes import at_one_step, usual_step
from gradwork.gradients.nudging.start import Start, check_end, in_its_precision, started, unread, unused
from gradwork.gradients.nudging.structured import StructuredSampler
from gradwork.gradients.nudging.subject import Array, Subject
from gradwork.gradients.wrt import Wrt, keywords
from gradwork.graph.trace import Function

__all__ = ["Corner", "Nudged", "NudgedArray", "nudge"]

SCHEMES = ("auto", "forward", "central", "richardson", "complex")


def nudge(
    f: Function,
    *args: Any,
    wrt: Wrt = 0,
    scheme: str = "auto",
    step: Any = None,
    mode: str = "auto",
    executor: Executor | None = None,
    kwargs: Mapping[str, Any] | None = None,
) -> Nudged:
    """Measure the slopes of `f` by moving one entry at a time, with a bar on each.

    f:        any Python function of numbers and arrays, or a formula; it returns one number, or an array of any shape.
    wrt:      an argument's position, its name, or a tuple of these. Arguments may be nested; whole numbers are taken as
              floats, and float32 is widened to float64.
    scheme:   "forward" (f(x + h) - f(x)) / h; "central" both ways; "richardson" both ways at h, h/2 and h/4, drawn on
              to no nudge at all; "complex" for analytic functions; "auto" picks, and takes more steps where the bar is
              wide.
    step:     the nudge, absolute: a number, or a structure like wrt's; it is used exactly (what floating point makes of
              it divides). None chooses one an entry, scaled by max(|entry|, RMS of its array).
    mode:     "definition": one evaluation of `f` a nudge. "structure": `f` is traced, and of each nudge only what it
              moves is evaluated again: the same slopes, to rounding. "per_unit": each sum X @ W + b is nudged, and what
              its weights do follows from that. What a mode cannot do is done by the one before it; `.modes` says which,
              and `.assumed` what that takes for granted, and how it was tested.
              "coloured": of a function that gives an array, entries that share no result are nudged together, each
              by its own step; `.colours` says in how many groups.
              "auto" takes the definition for up to 200 entries, and per_unit for more (structure, if a scheme or a step
              is asked for); coloured wherever that halves the evaluations.
    executor: any `concurrent.futures.Executor`; results do not depend on how many workers it has. It serves the
              definition and the complex step; the other modes work here.
    kwargs:   keywords that are passed on to `f`.

    Gives a `Nudged`: .gradient .error .step .before .after .below .left .right .kinks .power .columns() and more.
    Raises NotRepeatableError for a function that gives different results at one point, ChangedArgumentError for one
    that changes its arguments, StepError for a step that cannot be taken, and ArgumentError for a function that returns
    neither a real number nor an array of them.

    >>> import numpy as np
    >>> found = nudge(lambda w: np.sum(w ** 3), np.array([1.0, -2.0]))
    >>> found.gradient.round(8).tolist()          # 3 w^2
    [3.0, 12.0]
    >>> found = nudge("(x*w - y)^2", wrt="w", scheme="forward", step=0.5, kwargs={"x": 2.0, "w": 3.0, "y": 5.0})
    >>> found.before, found.after, found.step, found.gradient      # from 1 to 4 over a nudge of 0.5
    (np.float64(1.0), np.float64(4.0), np.float64(0.5), np.float64(6.0))
    >>> abs(found.gradient - 4.0) <= found.error  # the slope at the point itself is 4
    np.True_

    Source: the definition of the derivative; bars after Gill, Murray and Wright 1981, section 8.6; Richardson 1911.
    """
    _check_options(scheme, mode, executor)
    start = in_its_precision(started(f, args, keywords(kwargs), wrt))
    subject = start.subject
    entries = entries_of(subject)
    steps = None if step is None else steps_of(subject, entries, step)
    noise = measure_noise(subject, entries, start.base, start.unit, start.trace is not None)
    if scheme == "auto":
        scheme = "auto" if step is None else "central"
    sampler = sampler_for(mode, scheme, start, entries, executor, noise)
    if takes_units(mode, scheme) and isinstance(sampler, StructuredSampler):
        found = by_unit(partial(_measured, scheme, start), start, sampler, noise, scheme, steps)
    elif isinstance(sampler, ColouredSampler):
        found, sampler = measured_together(partial(_measured, scheme, start), sampler, noise, steps)
    else:
        found = _measured(scheme, start, sampler, noise, steps)
    ignored: list[int] = []
    try:
        if not sampler.interrupted:
            ignored = unused(start, entries, _unmoved(start, entries, found))
        check_end(start, sampler.interrupted)
    except KeyboardInterrupt:
        sampler.interrupted = True  # all slopes are there; what was to be looked at once more is not
    return _record(start, sampler, _with_zeros(found, entries, unread(start, ignored)), scheme, noise, ignored)


def _unmoved(start: Start, entries: Entries, found: Climbed) -> list[int]:
    """The parts for which nothing that was measured shows that they make any difference."""
    rung = found.rung
    with np.errstate(invalid="ignore"):
        moved = (rung.after != start.base) & np.isfinite(rung.after) & (np.abs(found.slope) > 0)
    return [i for i in start.subject.moving if not moved[entries.part == i].any()]


def _check_options(scheme: str, mode: str, executor: Any) -> None:
    if scheme not in SCHEMES:
        raise ArgumentError(f"there is no scheme {scheme!r}", hint=", ".join(SCHEMES))
    if mode not in MODES:
        raise ArgumentError(f"there is no mode {mode!r}", hint=", ".join(MODES))
    if executor is not None and not hasattr(executor, "map"):
        raise ArgumentError(
            f"executor={executor!r} has no map",
            hint="a concurrent.futures.Executor, such as ProcessPoolExecutor()",
        )


def _measured(scheme: str, start: Start, sampler: Sampler, noise: Noise, steps: Array | None) -> Climbed:
    entries = sampler.entries
    ground = Ground(sampler, start.base, noise.size, start.unit, noise.line)
    if scheme == "complex":
        from gradwork.gradients.nudging.complex_step import by_complex_step

        return by_complex_step(start, ground, steps)
    branches = branches_of(start.trace, start.subject)
    if scheme == "auto":
        return Ladder(ground, entries.part, branches).climb()
    steps = usual_step(scheme, entries.scale, start.unit) if steps is None else steps
    return at_one_step(scheme, ground, steps, branches)


def _with_zeros(found: Climbed, entries: Entries, ignored: Sequence[int]) -> Climbed:
    """What the function does not use has a slope of exactly zero, and no doubt about it."""
    rows = np.isin(entries.part, np.array(ignored, dtype=int))[:, None]
    return Climbed(
        found.rung, np.where(rows, 0.0, found.slope), np.where(rows, 0.0, found.bar), found.corner & ~rows,
        found.jump & ~rows, found.undefined & ~rows[:, 0], found.at, found.unasked,
    )  # fmt: skip


def _record(
    start: Start, sampler: Sampler, found: Climbed, scheme: str, noise: Noise, ignored: Sequence[int]
) -> Nudged:
    subject, entries = start.subject, sampler.entries
    made = arrays_of(subject, entries, found)
    modes = {} if scheme == "complex" else modes_of(start, sampler)

    def all_of(name: str) -> Any:
        if name in ("below", "left", "after", "right", "curvature") and not _seen(made, name):
            return None
        return structured(subject, made, lambda array: getattr(array, name))

    return Nudged(
        gradient=all_of("slope"), error=all_of("bar"), step=all_of("step"), before=_shaped(subject, start.base),
        after=all_of("after"), below=all_of("below"), left=all_of("left"), right=all_of("right"),
        curvature=all_of("curvature"), kinks=corners_of(subject, entries, found),
        power=power_of(made, subject, entries, found), mode=in_words(modes), scheme=scheme,
        evaluations=subject.evaluations + start.spent, ignored=tuple(subject.parts[i].name for i in ignored),
        one_sided=one_sided_of(subject, entries, found), partial=sampler.interrupted,
        noise=_shaped(subject, noise.size), names=tuple(a.name for a in made.values()),
        arrays={a.name: a for a in made.values()}, modes=modes, assumed=assumed_by(modes),
        unasked=found.unasked, colours=sampler.colours if isinstance(sampler, ColouredSampler) else 0,
    )  # fmt: skip


def _seen(made: Mapping[int, NudgedArray], name: str) -> bool:
    return any(np.isfinite(getattr(array, name)).any() for array in made.values()) or not made


def _shaped(subject: Subject, flat: Array) -> Any:
    return np.array(flat).reshape(subject.shape)[()]
