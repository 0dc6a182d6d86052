"""One rung of the ladder of steps: slopes from nudges by h and by h/2, with what they may be wrong by."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from gradwork.gradients.nudging.noise import Line
from gradwork.gradients.nudging.sampler import Sampler
from gradwork.gradients.nudging.subject import Array


@dataclass(frozen=True, eq=False)
class Rung:
    """Measurements at one step, all (entries, results) but `step` (entries,).

    after, below:     the results after raising and after lowering by the step; NaN where it was not done.
    left, right:      the one-sided slopes at that step.
    left0, right0:    the same, drawn on to a nudge of no size.
    slope:            the best estimate here;  plain: the ordinary quotient at the step itself.
    truncation:       by how much a nudge of finite size may be wrong;  rounding: by how much lost digits may be.
    gap, finer_gap:   right minus left at h and at h/2;  curvature: the second difference.
    """

    step: Array
    after: Array
    below: Array
    left: Array
    right: Array
    left0: Array
    right0: Array
    slope: Array
    plain: Array
    truncation: Array
    rounding: Array
    gap: Array
    finer_gap: Array
    curvature: Array

    @property
    def bar(self) -> Array:
        """The two together; without end where nothing could be measured."""
        bar = self.truncation + self.rounding
        return np.where(np.isfinite(bar) & np.isfinite(self.slope), bar, np.inf)

    @property
    def cornered(self) -> Array:
        """Where the gap between the sides does not close with the step, though it is well above the noise."""
        with np.errstate(invalid="ignore"):
            stays = self.finer_gap * np.sign(self.gap) > 0.8 * np.abs(self.gap)
            return stays & (np.abs(self.finer_gap) > 12 * self.rounding)

    @property
    def closing(self) -> Array:
        """Where the gap, well above the noise, closes as the step shrinks: no corner."""
        with np.errstate(invalid="ignore"):
            return (np.abs(self.finer_gap) < 0.8 * np.abs(self.gap)) & (np.abs(self.gap) > 8 * self.rounding)

    def where(self, take: Array, other: Rung) -> Rung:
        """This rung with the entries of `take` (entries,) from `other`."""
        chosen = {}
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            chosen[field.name] = np.where(take if mine.ndim == 1 else take[:, None], theirs, mine)
        return Rung(**chosen)

    def pick(self, rows: Array) -> Rung:
        """Some of the entries."""
        return Rung(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def put(self, rows: Array, other: Rung) -> Rung:
        """This rung with `other` in the place of some of its entries."""
        changed = {}
        for field in fields(self):
            changed[field.name] = getattr(self, field.name).copy()
            changed[field.name][rows] = getattr(other, field.name)
        return Rung(**changed)


@dataclass(frozen=True, eq=False)
class Ground:
    """What stands still: the sampler, the result at the point, and how exactly it can be evaluated."""

    sampler: Sampler
    base: Array
    noise: Array
    unit: float
    line: Line | None = None

    def at(self, ids: Array) -> Array:
        """The result at the point, as it stands beside those of these entries: (results,), or of each its own."""
        return self.base if self.sampler.own is None else self._own_base[ids]

    def known(self, ids: Array) -> Array:
        """Which of the results of these entries, (entries, results), are finite at the point."""
        return np.broadcast_to(np.isfinite(self.at(ids)), (len(ids), self.sampler.width))

    def each(self, of_results: Array) -> Array:
        """What holds for each result, beside the entries: it is itself, or, for each entry, what holds for its own."""
        own = self.sampler.own
        return of_results if own is None else np.append(of_results, of_results.dtype.type(0))[own]

    def summed(self, values: Array) -> Array:
        """For each result the sum over all entries."""
        own = self.sampler.own
        if own is None:
            return np.asarray(np.sum(values, axis=0))
        return np.bincount(own.reshape(-1), weights=values.reshape(-1), minlength=len(self.base) + 1)[:-1]

    def largest(self, values: Array) -> Array:
        """For each result the largest over all entries; NaN left out."""
        own = self.sampler.own
        if own is None:
            return np.asarray(np.nanmax(values, axis=0, initial=0.0))
        found = np.zeros(len(self.base) + 1)
        np.fmax.at(found, own, values)
        return found[:-1]

    @cached_property
    def _own_base(self) -> Array:
        return self.each(self.base)

    @cached_property
    def _own_noise(self) -> Array:
        return self.each(self.noise)

    def error(self, ids: Array, *values: Array) -> Array:
        """How far one evaluation of these entries, among `values`, may be off: the noise, or some last digits."""
        size = self.noise if self.sampler.own is None else self._own_noise[ids]
        for value in values:
            size = np.fmax(size, 4 * self.unit * np.abs(value))
        return size


def central(ground: Ground, ids: Array, step: Array) -> Rung:
    """Both ways, at h and at h/2, and drawn on to no step at all: (4 D(h/2) - D(h))/3.

    Source: Richardson 1911. D(h/2) is off by about a quarter of what D(h) is off by; what is left goes with h^4.
    """
    samples = ground.sampler.sample(ids, np.array([step, -step, step / 2, -step / 2]))
    up, down, up2, down2 = samples.values
    r_up, r_down, r_up2, r_down2 = samples.moved[:, :, None]
    f0 = ground.at(ids)
    with np.errstate(all="ignore"):
        right, left, right2, left2 = (up - f0) / r_up, (down - f0) / r_down, (up2 - f0) / r_up2, (down2 - f0) / r_down2
        wide, narrow = (up - down) / (r_up - r_down), (up2 - down2) / (r_up2 - r_down2)
        slope = narrow + (narrow - wide) / 3
        error = ground.error(ids, up, down, f0)
        rounding = 2 * error / r_up
        gap, finer_gap = right - left, right2 - left2
        # The gap of a smooth function halves with the step. Where it does not, a corner may lie within the nudge.
        uneven = np.abs(2 * finer_gap - gap) / 2 - 2 * rounding
        return Rung(
            step=(samples.moved[0] - samples.moved[1]) / 2, after=up, below=down, left=left, right=right,
            left0=2 * left2 - left, right0=2 * right2 - right, slope=slope, plain=wide,
            truncation=np.fmax(np.abs(slope - narrow), uneven), rounding=rounding,
            gap=gap, finer_gap=finer_gap, curvature=2 * gap / (r_up - r_down),
        )  # fmt: skip


def one_sided(ground: Ground, ids: Array, step: Array) -> Rung:
    """One way only, at h, h/2 and h/4, and drawn on; `step` is negative where only lowering is possible."""
    samples = ground.sampler.sample(ids, np.array([step, step / 2, step / 4]))
    first, _, third = samples.values
    moved = samples.moved[:, :, None]
    f0 = ground.at(ids)
    with np.errstate(all="ignore"):
        whole, half, quarter = (samples.values - f0) / moved
        better, best = 2 * half - whole, 2 * quarter - half
        slope = best + (best - better) / 3
        nothing = np.full_like(slope, np.nan)
        upwards = (step > 0)[:, None]
        return Rung(
            step=np.abs(samples.moved[0]),
            after=np.where(upwards, first, nothing), below=np.where(upwards, nothing, first),
            left=np.where(upwards, nothing, whole), right=np.where(upwards, whole, nothing),
            left0=np.where(upwards, nothing, slope), right0=np.where(upwards, slope, nothing), slope=slope, plain=whole,
            truncation=np.abs(best - better), rounding=30 * ground.error(ids, first, third, f0) / np.abs(moved[0]),
            gap=nothing, finer_gap=nothing, curvature=2 * (whole - half) / (moved[0] - moved[1]),
        )  # fmt: skip
