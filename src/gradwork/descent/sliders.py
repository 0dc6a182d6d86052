"""A run as a picture with sliders: one through its steps, one through runs with other learning rates.

Every number that is shown is the engine's: the steps are taken again and worked, the page only puts them in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.descent.entries import Entry, Slice, chosen
from gradwork.descent.pictures import loss as loss_figure
from gradwork.descent.result import Descent, WorkedStep
from gradwork.descent.step_lines import lines, shown, values
from gradwork.descent.surface import box_of, surface, trail_of
from gradwork.errors import GradworkError
from gradwork.notation.document import Figure, Run, Sliders

SHOWN = 100  # steps of a run that the slider stops at
FIRST = 20  # of which so many are the first ones
MOST = 2e10  # numbers that the steps of one run may go through: rows, times parameters, times steps


@np.errstate(all="ignore")
def sliders(found: Descent, names: Sequence[str] = ()) -> Sliders | None:
    """The picture with its sliders; None for a run without a step that can be shown."""
    try:
        entries = chosen(found, names)
        figure = surface(found, [e.name for e in entries], moving=False)
    except GradworkError:
        return None
    if found.work is None or found.steps == 0:
        return None
    runs = tuple(_run(found, run, entries, own=run is found) for run in _all_runs(found))
    first = next(i for i, run in enumerate(runs) if run.name.endswith(OWN))
    if figure.window is None:  # the curve of one parameter: its extent is that of the path
        figure = replace(figure, window=_window(figure, box_of(trail_of(found, entries).places)))
    return Sliders(
        tuple(c for c in figure.curves if c.kind != "path"), figure.dots[:1], figure.x_label, figure.y_label,
        figure.caption, figure.alt, figure.logarithmic, figure.window, 0.0,
        _second(found, runs), runs, first, "learning rate", tuple(lines(found, entries)),
    )  # fmt: skip


# -- which runs -------------------------------------------------------------------------------------------------------

OWN = " (this run)"


def _all_runs(found: Descent) -> list[Descent]:
    """The run itself among others with smaller and larger learning rates, one that diverges among them if there is."""
    if found.again is None or found.method.search is not None:
        return [found]
    most = _most_steps(found, 10)
    try:
        others = {rate: found.again(rate, most) for rate in _rates(found)}
        largest = max([*others, found.learning_rate])
        for _ in range(3):
            if "diverged" in (found.reason, *(other.reason for other in others.values())):
                break
            others.pop(largest, None)
            largest = _rounded(10 * largest)
            others[largest] = found.again(largest, most)
    except (GradworkError, RuntimeError):  # such as workers that are gone
        return [found]
    return sorted([found, *others.values()], key=lambda run: run.learning_rate)


def _most_steps(found: Descent, share: int) -> int:
    numbers = max(1, found.problem.rows) * found.problem.size
    return max(100, int(MOST / share / numbers))


def _rates(found: Descent) -> list[float]:
    """Eight other learning rates: below the run's own, and up to and over the one above which the loss grows."""
    rate = found.learning_rate
    limit = found.largest_learning_rate or _limit(found)
    if limit is not None and 1e-3 < rate / limit < 1e3:
        wanted = [limit * part for part in (0.003, 0.03, 0.1, 0.3, 0.6, 0.95, 1.05, 1.5)]
    else:
        wanted = [rate * part for part in (0.01, 0.03, 0.1, 0.3, 3, 10, 30, 100)]
    rounded = {_rounded(r) for r in wanted}
    return sorted(r for r in rounded if abs(r / rate - 1) > 0.02)


def _limit(found: Descent) -> float | None:
    from gradwork.descent.curvature import largest_curvature

    with np.errstate(all="ignore"):
        curvature = largest_curvature(found.problem, list(found.leaves))
    return found.method.limit(curvature) if math.isfinite(curvature) else None


def _rounded(rate: float) -> float:
    return float(f"{rate:.1e}")


# -- one run ----------------------------------------------------------------------------------------------------------


def _run(found: Descent, run: Descent, entries: Sequence[Entry], own: bool) -> Run:
    assert run.work is not None
    last = min(run.steps, _most_steps(run, 1))
    wanted = _wanted(last)
    worked = run.work([k for k in wanted if k < run.steps])
    at = Slice(found, entries).loss
    places, heights, texts = [], [], []
    for k, step in zip(wanted, [*worked, None], strict=False):
        before = step.before if step is not None else _leaves_at_end(run, worked)
        here = [float(np.ravel(before[e.leaf])[e.within]) for e in entries]
        places.append((here[0], here[1] if len(here) > 1 else at(*here)))
        heights.append((float(k), float(run.losses[k])))
        numbers = step or _slopes(run, before)
        texts.append(tuple(values(run, numbers, entries, here, float(run.losses[k]), found.clip)))
    name = f"{run.learning_rate:g}{OWN if own else ''}"
    return Run(name, _said(run, own), tuple(wanted), tuple(places), tuple(heights), tuple(texts))


def _wanted(last: int) -> list[int]:
    """Which steps are stopped at: the first ones, then ever fewer."""
    if last <= SHOWN:
        return [*range(last + 1)]
    rest = np.geomspace(FIRST, last, SHOWN - FIRST + 1).round().astype(int)
    return sorted({*range(FIRST), *(int(k) for k in rest)})


def _leaves_at_end(run: Descent, worked: Sequence[WorkedStep]) -> tuple[Any, ...]:
    """The parameters after the last step, which those of the result are not where it diverged."""
    return worked[-1].after if worked and worked[-1].number == run.steps else run.leaves


@np.errstate(all="ignore")
def _slopes(run: Descent, leaves: Sequence[Any]) -> tuple[Any, ...]:
    """The gradient where no step follows any more."""
    return tuple(run.problem.value_and_gradient(list(leaves))[1])


def _said(run: Descent, own: bool) -> str:
    if run.method.search is not None:
        name = run.method.title
    else:
        name = f"learning rate {run.learning_rate:g}"
    counted = f"{run.steps:,} step{'s' if run.steps != 1 else ''}"
    came = {
        "converged": f"converged after {counted}",
        "out of steps": f"{counted} done",
        "stalled": f"stalled after {counted}",
        "diverged": f"diverges, stopped after {counted}",
        "interrupted": f"interrupted after {counted}",
    }[run.reason]
    return f"{name}{OWN if own else ''}: {came}, loss {shown(float(run.losses[-1]))}"


# -- what the pictures show -----------------------------------------------------------------------------------------


def _window(figure: Figure, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    heights = [y for curve in figure.curves for y in curve.y if math.isfinite(y)]
    low, high = min(heights), max(heights)
    if "y" in figure.logarithmic:
        return box[0], box[1], min(h for h in heights if h > 0) / 1.5, high * 1.5
    room = 0.05 * (high - low) or 1.0
    return box[0], box[1], low - room, high + room


def _second(found: Descent, runs: Sequence[Run]) -> Figure:
    """The losses of the runs by step: the axes, and the run itself as a thin line."""
    figure = loss_figure(found)
    first = abs(runs[0].heights[0][1]) or 1.0
    seen = [y for run in runs for _, y in run.heights if math.isfinite(y) and y <= 10 * first]
    last = max(x for run in runs for x, _ in run.heights)
    low, high = min(seen), max(seen)
    logarithmic = "x" if last > 200 else ""
    if low > 0 and high / low > 50:
        logarithmic += "y"
        low, high = low / 1.3, high * 1.3
    else:
        room = 0.06 * (high - low) or 1.0
        low, high = low - room, high + room
    said = ["The loss by step", "step 0 stands at the left edge"] if "x" in logarithmic else ["The loss by step"]
    caption = "; ".join([*said, "dashed is this run"] if len(runs) > 1 else said) + "."
    curve = replace(figure.curves[0], kind="tangent", label="")
    window = (1.0 if "x" in logarithmic else 0.0, max(last, 1.0), low, high)
    return Figure((curve,), (), "step", "loss", caption, figure.alt, logarithmic, window)
