"""The scheme "auto": central nudges drawn on to no step at all, and more steps only where the bar is wide.

Every entry starts at one step. Where its bar is wide, the larger part of the bar says where to go: to larger steps if
digits were lost, to smaller ones if the step was too large, or if the two sides do not meet. A larger step is believed
only where it agrees with the smaller one: a step that jumps over what the function does can look exact by chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gradwork.gradients.nudging.rungs import Ground, Rung, central, one_sided
from gradwork.gradients.nudging.subject import Array

FINE = 1e-5  # a bar below this share of its entry, or below the root of the unit, needs no more work
SMALL = 1e-6  # an entry below this share of its array's typical one is measured against that share
LOWEST, HIGHEST = -22, 24  # how far the ladder goes from where it starts, in powers of two
ROUNDS = 8
CUSP, JUMP = 2.0, 16.0  # how the gap grows over five halvings: 1 at a kink, 5.7 for sqrt|x|, 32 at a jump


@dataclass(frozen=True, eq=False)
class Climbed:
    """What the ladder found. `corner` and `jump` are (entries, results); `undefined` (entries,) went one way only."""

    rung: Rung
    slope: Array
    bar: Array
    corner: Array
    jump: Array
    undefined: Array


def first_exponent(unit: float) -> int:
    """The power of two, times the scale, at which the ladder starts: about the unit to the power 2/9.

    >>> first_exponent(2.0 ** -53), first_exponent(2.0 ** -24)
    (-12, -5)
    """
    return round(math.log2(unit) / 4.5)


def power_of_two(scale: Array, exponent: Array | int) -> Array:
    """Each scale rounded to a power of two, times 2^exponent: a nudge by it loses no digit of its own."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.exp2(np.rint(np.log2(scale)) + exponent))


class Ladder:
    """The state of the climb: for every entry its best estimate so far, and where it goes next."""

    def __init__(self, ground: Ground, part: Array) -> None:
        self.ground = ground
        self.part = part
        self.entries = ground.sampler.entries
        self.exponent = np.full(len(part), first_exponent(ground.unit))
        self.start = first_exponent(ground.unit)
        # Below that, a nudge would lie on too few digits of its entry.
        self.lowest = max(self.start + LOWEST, round(np.log2(ground.unit)) + 8)
        self.side = np.zeros(len(part))

    def climb(self) -> Climbed:
        """Measure every entry, and go on with those whose bar is wide."""
        everything = np.arange(len(self.part))
        self.best = self._rung(everything, self.exponent)
        self._stay_inside(everything)
        self.slope, self.bar = self.best.slope.copy(), self._bar(self.best)
        self.latest, self.corner = self.best, self.best.cornered
        self.growth, self.trust = np.ones(self.corner.shape), np.ones(self.corner.shape)
        self.stride = np.full(len(self.part), 5)
        self.way = np.zeros(len(self.part), dtype=int)
        self.doubted = self._speaks_against()
        for _ in range(ROUNDS):
            rows = self._wide()
            if not len(rows) or self.ground.sampler.interrupted:
                break
            self._one_more(rows)
        self._settle()
        return Climbed(self.best, self.slope, self.bar, self.corner, self.corner & (self.growth > JUMP), self.side != 0)

    def _speaks_against(self) -> bool:
        """Whether the slope along a random direction, measured with far smaller nudges, is not that of the entries."""
        line = self.ground.line
        if line is None:
            return False
        reach = line.reach[:, None]
        with np.errstate(all="ignore"):
            apart = np.abs(np.sum(self.slope * reach, axis=0) - line.slope)
            known = np.sqrt(np.sum((self.bar * reach) ** 2, axis=0))
            return bool((apart > 4 * (known + line.error)).any())

    def _rung(self, rows: Array, exponent: Array) -> Rung:
        step = power_of_two(self.entries.scale[rows], exponent)
        return self._at(rows, step)

    def _at(self, rows: Array, step: Array) -> Rung:
        side = self.side[rows]
        both, one = np.flatnonzero(side == 0), np.flatnonzero(side)
        if not len(one):
            return central(self.ground, rows, step)
        single = one_sided(self.ground, rows[one], step[one] * side[one])
        if not len(both):
            return single
        filled = single.pick(np.zeros(len(rows), dtype=int))
        return filled.put(one, single).put(both, central(self.ground, rows[both], step[both]))

    def _bar(self, rung: Rung) -> Array:
        # At a corner every value between the two sides is a slope.
        with np.errstate(invalid="ignore"):
            between = np.abs(rung.right0 - rung.left0) / 2 + rung.rounding
        return np.where(rung.cornered, np.fmax(between, rung.bar), rung.bar)

    # -- the edge of the domain ---------------------------------------------------------------------------------------

    def _stay_inside(self, everything: Array) -> None:
        """Where a step left the domain: take a smaller one, and if that does not help either, go one way only."""
        rows = everything[self._outside(self.best)]
        own = np.abs(self.entries.value)
        near = np.floor(np.minimum(np.log2(np.where(own > 0, own, self.entries.scale) / self.entries.scale), 0))
        for lower in (0, -8):
            if len(rows) and not self.ground.sampler.interrupted:
                self._retry(rows, np.asarray(self.start + near[rows] + lower, dtype=int))
                rows = rows[self._outside(self.best.pick(rows))]
        for side in (1.0, -1.0):
            if len(rows) and not self.ground.sampler.interrupted:
                self.side[rows] = side
                self._retry(rows, np.full(len(rows), self.start))
                rows = rows[self._outside(self.best.pick(rows))]

    def _retry(self, rows: Array, exponent: Array) -> None:
        self.exponent[rows] = exponent
        self.best = self.best.put(rows, self._rung(rows, exponent))

    def _outside(self, rung: Rung) -> Array:
        known = np.isfinite(self.ground.base)
        return np.asarray(~np.isfinite(rung.slope[:, known]).all(axis=1))

    # -- one round ----------------------------------------------------------------------------------------------------

    def _wide(self) -> Array:
        """The entries that need another step, and the way that they go."""
        fine = max(FINE, self.ground.unit**0.5)
        wide = self.bar > fine * np.fmax(np.abs(self.slope), SMALL * self._typical())
        wide &= np.isfinite(self.ground.base)
        cornered = self.latest.cornered
        with np.errstate(invalid="ignore"):
            lost = (wide & ~cornered & (self.latest.rounding > self.latest.truncation)).any(axis=1)
            coarse = (wide & ~(self.latest.rounding > self.latest.truncation)).any(axis=1) | cornered.any(axis=1)
        way = np.where(coarse | self.doubted, -1, np.where(lost, 1, 0))
        turned = (way * self.way) < 0
        self.stride = np.where(turned, self.stride // 2, self.stride)
        self.way, self.doubted = way, False
        reached = self.exponent + way * self.stride
        active = (way != 0) & (self.stride > 0) & (reached >= self.lowest) & (reached <= self.start + HIGHEST)
        return np.flatnonzero(active)

    def _typical(self) -> Array:
        """The root mean square of the slopes of each part, for each of its entries, (entries, 1)."""
        typical = np.zeros(len(self.part))
        for part in np.unique(self.part):
            slopes = self.slope[self.part == part]
            finite = np.abs(slopes[np.isfinite(slopes)])
            largest = finite.max(initial=0.0)
            typical[self.part == part] = largest * np.sqrt(np.mean((finite / largest) ** 2)) if largest else 0.0
        return typical[:, None]

    def _one_more(self, rows: Array) -> None:
        self.exponent[rows] += self.way[rows] * self.stride[rows]
        new = self._rung(rows, self.exponent[rows])
        if self.ground.sampler.interrupted:
            return
        # Of several large steps the one that looks best is taken, and one of them may look good by chance.
        upwards = (self.way[rows] > 0)[:, None]
        new = replace(new, truncation=np.where(upwards, 4 * new.truncation, new.truncation))
        old = self.latest.pick(rows)
        finer = (self.way[rows] < 0)[:, None]
        self._note_corners(rows, old, new, finer)
        self._merge(rows, new, finer)
        self.latest = self.latest.put(rows, new)

    def _note_corners(self, rows: Array, old: Rung, new: Rung, finer: Array) -> None:
        with np.errstate(all="ignore"):
            growth = np.abs(new.finer_gap) / np.abs(old.finer_gap)
            visible = 12 * new.rounding < np.abs(old.finer_gap) / 2
        was, twice = self.corner[rows], finer & old.cornered & new.cornered
        # Where the noise hides the gap at the smaller step, what was seen at the larger one stands.
        now = np.where(finer & (visible | new.cornered | new.closing), new.cornered, was)
        # |x|^1.5 has a gap that closes, though slowly.
        now &= ~(twice & (growth < 0.5))
        self.corner[rows] = now
        self.growth[rows] = np.where(twice, growth, self.growth[rows])

    def _merge(self, rows: Array, new: Rung, finer: Array) -> None:
        slope, bar = self.slope[rows], self.bar[rows]
        with np.errstate(all="ignore"):
            apart = np.abs(new.slope - slope)
            missed = np.nan_to_num(apart / (bar + self._bar(new) * self.trust[rows]), nan=0.0, posinf=0.0)
        # A bar that a smaller step proves too short says that the next ones are, too: x^1.5 at 0 converges slowly.
        self.trust[rows] = np.where(finer & (missed > 1), np.minimum(self.trust[rows] * missed, 10), self.trust[rows])
        found = self._bar(new) * self.trust[rows]
        agree = ~(missed > 2)
        better = agree & (found < bar)
        overruled = ~agree & finer & np.isfinite(new.slope)
        take = better | overruled
        self.slope[rows] = np.where(take, new.slope, slope)
        self.bar[rows] = np.where(take, np.where(overruled, np.fmax(found, apart), found), bar)
        shown = take.mean(axis=1) > 0.5
        self.best = self.best.put(rows[shown], new.pick(np.flatnonzero(shown)))

    def _settle(self) -> None:
        """What has no slope gets a bar without end: a jump, a cusp such as that of sqrt|x|, an upright tangent."""
        with np.errstate(invalid="ignore"):
            upright = (
                (self.side != 0)[:, None] & (self.bar > 0.05 * np.abs(self.slope)) & (self.bar > 8 * self.best.rounding)
            )
        torn = self.corner & (self.growth > CUSP)
        self.slope = np.where(torn, np.nan, self.slope)
        self.bar = np.where(torn | upright | ~np.isfinite(self.slope), np.inf, self.bar)
        sides = {name: getattr(self.best, name) for name in ("left0", "right0")}
        grown = {name: np.where(torn & (side != 0), np.copysign(np.inf, side), side) for name, side in sides.items()}
        self.best = replace(self.best, **grown)
