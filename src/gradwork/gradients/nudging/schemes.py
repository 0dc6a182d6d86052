"""The schemes that are asked for by name: forward, central and richardson, at one step an entry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradwork.errors import StepError
from gradwork.gradients.nudging.branches import Branches
from gradwork.gradients.nudging.corners import Corners
from gradwork.gradients.nudging.ladder import Climbed, power_of_two
from gradwork.gradients.nudging.rungs import Ground, Rung, central
from gradwork.gradients.nudging.subject import Array


def usual_step(scheme: str, scale: Array, unit: float) -> Array:
    """The step where none is given: unit^(1/2), unit^(1/3) or unit^(1/7) of the scale, a power of two.

    Where the error of the step and the lost digits meet: h^2, h^3 and h^7 are then of the size of the unit.
    """
    order = {"forward": 2, "central": 3, "richardson": 7}[scheme]
    return power_of_two(scale, round(np.log2(unit) / order))


def at_one_step(scheme: str, ground: Ground, step: Array, branches: Branches | None = None) -> Climbed:
    """Slopes by one of the named schemes at the given step of each entry.

    Raises StepError where not one result is defined at the end of any nudge.
    """
    rung = {"forward": forward, "central": plain_central, "richardson": richardson}[scheme](
        ground, np.arange(len(step)), step
    )
    rung, undefined = _other_side(scheme, ground, rung, step)
    if len(step) and not ground.sampler.interrupted and not np.isfinite(rung.slope).any():
        raise StepError(
            f"a nudge of {step[0]:g} leaves the function's domain on both sides",
            why="there is no result to compare with the one at the point",
            hint="a smaller step, or step=None to have one chosen",
        )
    corners = Corners(ground.sampler.entries, branches)
    rung = _met_corners(scheme, ground, rung, corners, undefined)
    corner = rung.cornered & ~corners.smooth[:, None]
    corner |= _on_its_way(rung, corners)
    with np.errstate(all="ignore"):
        jump = corner & (np.abs(rung.finer_gap) > 1.6 * np.abs(rung.gap))
        between = np.abs(rung.right0 - rung.left0) / 2 + rung.rounding
    bar = np.where(jump, np.inf, np.where(corner, np.fmax(between, rung.bar), rung.bar))
    return Climbed(rung, rung.slope, bar, corner, jump, undefined, corners.at, len(corners.unasked))


def _other_side(scheme: str, ground: Ground, rung: Rung, step: Array) -> tuple[Rung, Array]:
    """Where the domain ends within the step, the other side may still be inside. Also gives where that was tried."""
    known = ground.known(np.arange(len(step)))
    away = (known & ~np.isfinite(rung.slope)).any(axis=1)
    undefined = np.zeros(len(step), dtype=bool)
    for side in (1.0, -1.0):
        rows = np.flatnonzero(away)
        if len(rows) and not ground.sampler.interrupted and not (scheme == "forward" and side > 0):
            rung = rung.put(rows, forward(ground, rows, side * step[rows]))
            undefined[rows] = True
            away = (known & ~np.isfinite(rung.slope)).any(axis=1)
    return rung, undefined


def _met_corners(scheme: str, ground: Ground, rung: Rung, corners: Corners, undefined: Array) -> Rung:
    """Ask the graph which nudges meet a corner. One way shows no gap between two sides: there, both are measured."""
    low = 0.0 if scheme == "forward" else -1.0
    # One way there is no gap to explain: only an op that tells its sides can show a corner.
    suspects = corners.watched(told=scheme == "forward") & ~undefined
    if scheme != "forward":
        suspects &= rung.cornered.any(axis=1)
    for row in corners.asked(suspects):
        found = corners.within(row, float(rung.step[row]), low)
        if found.verdict == "changes":
            corners.at[row] = found
        corners.smooth[row] = found.verdict == "same"
    rows = np.array(sorted(corners.at), dtype=int)
    if scheme != "forward" or not len(rows) or ground.sampler.interrupted:
        return rung
    both = central(ground, rows, rung.step[rows])
    apart = np.abs(both.right0 - both.left0)
    mine = rung.pick(rows)
    with np.errstate(all="ignore"):
        sides = replace(
            mine, left0=both.left0, right0=both.right0, gap=both.gap, finer_gap=both.finer_gap,
            truncation=np.fmax(mine.truncation, np.fmax(apart, np.abs(both.gap))),
        )  # fmt: skip
    return rung.put(rows, sides)


def _on_its_way(rung: Rung, corners: Corners) -> Array:
    """Where the graph shows a corner within the nudge, and the two sides differ by more than noise."""
    at = np.isin(np.arange(len(rung.step)), list(corners.at))[:, None]
    with np.errstate(invalid="ignore"):
        stays = rung.finer_gap * np.sign(rung.gap) > 0.8 * np.abs(rung.gap)
        return np.asarray(at & stays & (np.abs(rung.finer_gap) > 6 * rung.rounding))


def forward(ground: Ground, ids: Array, step: Array) -> Rung:
    """The definition: (f(x + h) - f(x)) / h. A second evaluation, at h/2, says how far off that may be.

    The quotient is off by half the curvature times the step, so the one at half the step is off by half of that: the
    difference of the two, twice, is the error of the first.
    """
    samples = ground.sampler.sample(ids, np.array([step, step / 2]))
    end, middle = samples.values
    moved = samples.moved[:, :, None]
    f0 = ground.at(ids)
    with np.errstate(all="ignore"):
        whole, half = (samples.values - f0) / moved
        nothing = np.full_like(whole, np.nan)
        upwards = (step > 0)[:, None]
        return Rung(
            step=np.abs(samples.moved[0]), after=np.where(upwards, end, nothing), below=np.where(upwards, nothing, end),
            left=np.where(upwards, nothing, whole), right=np.where(upwards, whole, nothing),
            left0=np.where(upwards, nothing, 2 * half - whole), right0=np.where(upwards, 2 * half - whole, nothing),
            slope=whole, plain=whole, truncation=2 * np.abs(whole - half),
            rounding=2 * ground.error(ids, end, middle, f0) / np.abs(moved[0]),
            gap=nothing, finer_gap=nothing, curvature=2 * (whole - half) / (moved[0] - moved[1]),
        )  # fmt: skip


def plain_central(ground: Ground, ids: Array, step: Array) -> Rung:
    """(f(x + h) - f(x - h)) / 2h, with its error read off the same at h/2: a third more than their difference."""
    rung = central(ground, ids, step)
    with np.errstate(all="ignore"):
        return replace(rung, slope=rung.plain, truncation=np.abs(rung.plain - rung.slope))


def richardson(ground: Ground, ids: Array, step: Array) -> Rung:
    """Central nudges at h, h/2 and h/4, drawn on twice; the error is the larger of the last two changes.

    Source: Ridders 1982; Press et al., Numerical Recipes, section 5.7.
    """
    coarse, fine = central(ground, ids, step), central(ground, ids, step / 2)
    with np.errstate(all="ignore"):
        slope = fine.slope + (fine.slope - coarse.slope) / 15
        change = np.fmax(np.abs(slope - fine.slope), np.abs(slope - coarse.slope))
        return replace(coarse, slope=slope, truncation=change, rounding=2 * fine.rounding)
