"""The scheme "auto": central nudges drawn on to no step at all, and more steps only where the bar is wide.

Every entry starts at one step. Where its bar is wide, the larger part of the bar says where to go: to larger steps if
digits were lost, to smaller ones if the step was too large, or if the two sides do not meet. A larger step is believed
only where it agrees with the smaller one: a step that jumps over what the function does can look exact by chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from gradwork.gradients.nudging.branches import Branches, Crossing
from gradwork.gradients.nudging.corners import Corners
from gradwork.gradients.nudging.rungs import Ground, Rung, central, one_sided
from gradwork.gradients.nudging.subject import Array

FINE = 1e-5  # a bar below this share of its entry, or below the root of the unit, needs no more work
SMALL = 1e-6  # an entry below this share of its array's typical one is measured against that share
LOWEST, HIGHEST = -22, 4  # how far down the ladder goes from where it starts, and up from the scale: powers of two
ROUNDS, DOUBTS = 8, 2
SEEN, UNSEEN = 8, -2  # a slope of so many bars is more than noise; how far the ladder goes without one
DROWNED = 20  # where no nudge of any entry moves the result by so many times its noise, nothing can be told
POOR, STRAYING = 0.01, 10  # a bar by its slope; bars of smaller steps, so many times as wide, have something to say
FAST = 100  # noise is never underestimated by so much
CUSP, JUMP = 2.0, 16.0  # how the gap grows over five halvings: 1 at a kink, 5.7 for sqrt|x|, 32 at a jump


@dataclass(frozen=True, eq=False)
class Climbed:
    """What the ladder found. `corner` and `jump` are (entries, results); `undefined` (entries,) went one way only.

    at:      for entries that the graph shows to stand at a corner, its op and line.
    unasked: how many entries that look like corners it was not asked about, since that would have cost too much.
    """

    rung: Rung
    slope: Array
    bar: Array
    corner: Array
    jump: Array
    undefined: Array
    at: dict[int, Crossing] = field(default_factory=dict)
    unasked: int = 0


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

    def __init__(self, ground: Ground, part: Array, branches: Branches | None = None) -> None:
        self.ground = ground
        self.part = part
        self.entries = ground.sampler.entries
        self.exponent = np.full(len(part), first_exponent(ground.unit))
        self.start = first_exponent(ground.unit)
        # Below that, a nudge would lie on too few digits of its entry.
        self.lowest = max(self.start + LOWEST, round(np.log2(ground.unit)) + 8)
        self.side = np.zeros(len(part))
        # Above it, a nudge meets a corner that lies near the point.
        self.ceiling = np.full(len(part), HIGHEST)
        self.corners = Corners(self.entries, branches)

    def climb(self) -> Climbed:
        """Measure every entry, and go on with those whose bar is wide."""
        everything = np.arange(len(self.part))
        self.best = self._rung(everything, self.exponent)
        self._stay_inside(everything)
        self.slope, self.bar = self.best.slope.copy(), self.best.bar
        self.latest, self.corner = self.best, np.zeros(self.bar.shape, dtype=bool)
        self.strayed = np.zeros(self.bar.shape)
        self.growth, self.trust = np.ones(self.corner.shape), np.ones(self.corner.shape)
        self.stride = np.full(len(self.part), 5)
        self.way = np.zeros(len(self.part), dtype=int)
        try:
            self._improve()
        except KeyboardInterrupt:
            self.ground.sampler.interrupted = True
        self._settle()
        jump = self.corner & (self.growth > JUMP)
        return Climbed(
            self.best,
            self.slope,
            self.bar,
            self.corner,
            jump,
            self.side != 0,
            self.corners.at,
            len(self.corners.unasked),
        )

    def _improve(self) -> None:
        """Take further steps for those whose bar is wide, as long as that helps."""
        self._keep_clear()
        self.slope, self.bar = self.best.slope.copy(), self._bar(self.best, np.arange(len(self.part)))
        self.latest, self.corner = self.best, self.best.cornered
        self.doubted = self._speaks_against()
        self._go_on(ROUNDS)
        for _ in range(DOUBTS):
            if self.ground.sampler.interrupted or not self._speaks_against():
                break
            self.doubted = True
            self.stride[:] = 5
            self._go_on(ROUNDS // 2)

    def _go_on(self, rounds: int) -> None:
        for _ in range(rounds):
            rows = self._wide()
            if not len(rows) or self.ground.sampler.interrupted:
                break
            self._one_more(rows)

    def _speaks_against(self) -> bool:
        """Whether the slope along a random direction, measured with far smaller nudges, is not that of the entries."""
        return bool((self._unexplained() > 0).any())

    def _unexplained(self) -> Array:
        """By how much the slope along the line differs from that of the entries; 0 where the bars explain it."""
        line = self.ground.line
        if line is None:
            return np.zeros(len(self.ground.base))
        reach = line.reach[:, None]
        with np.errstate(all="ignore"):
            apart = np.abs(self.ground.summed(self.slope * reach) - line.slope)
            known = np.sqrt(self.ground.summed((self.bar * reach) ** 2))
            return np.where(apart > 4 * (known + line.error), apart, 0.0)

    def _rung(self, rows: Array, exponent: Array) -> Rung:
        return self._calmed(self._at(rows, power_of_two(self.entries.scale[rows], exponent)), rows)

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

    def _bar(self, rung: Rung, rows: Array) -> Array:
        # At a corner every value between the two sides is a slope.
        with np.errstate(invalid="ignore"):
            between = np.abs(rung.right0 - rung.left0) / 2 + rung.rounding
        return np.where(rung.cornered | self._known_corner(rows), np.fmax(between, rung.bar), rung.bar)

    def _known_corner(self, rows: Array) -> Array:
        return np.isin(rows, list(self.corners.at))[:, None]

    # -- corners, where the graph tells of them -----------------------------------------------------------------------

    def _calmed(self, rung: Rung, rows: Array) -> Rung:
        """What seems to be a corner where the graph shows that there is none is noise, and larger than was thought.

        A gap far beyond all noise belongs to a function that turns faster than the nudge can follow.
        """
        seeming = rung.cornered & self.corners.smooth[rows][:, None]
        half = np.abs(rung.finer_gap) / 2
        noisy, fast = seeming & (half < FAST * rung.rounding), seeming & (half >= FAST * rung.rounding)
        return replace(
            rung,
            rounding=np.where(noisy, half, rung.rounding),
            truncation=np.where(fast, np.fmax(half, rung.truncation), rung.truncation),
        )

    def _keep_clear(self) -> None:
        """Nudge entries that seem to stand at a corner, or that have a wide bar, by so little that they meet none."""
        if self.corners.branches is None:
            return
        self.corners.smooth |= ~self.corners.watched()
        cornered = np.asarray(self.best.cornered.any(axis=1))
        suspects = cornered | self._too_wide(self.best.slope, self.best.bar).any(axis=1)
        for row in self.corners.asked(suspects & self.corners.watched() & (self.side == 0), cornered):
            if self.ground.sampler.interrupted:
                return
            halvings = self.corners.clear(row, float(self.best.step[row]), self.exponent[row] - self.lowest)
            if halvings:
                self.ceiling[row] = self.exponent[row] - halvings
                self._retry(np.array([row]), self.ceiling[[row]])
        self.best = self._calmed(self.best, np.arange(len(self.part)))

    # -- the edge of the domain ---------------------------------------------------------------------------------------

    def _stay_inside(self, everything: Array) -> None:
        """Where a step left the domain: take a smaller one, and if that does not help either, go one way only."""
        rows = everything[self._outside(self.best, everything)]
        own = np.abs(self.entries.value)
        near = np.floor(np.minimum(np.log2(np.where(own > 0, own, self.entries.scale) / self.entries.scale), 0))
        for lower in (0, -8):
            if len(rows) and not self.ground.sampler.interrupted:
                self._retry(rows, np.asarray(self.start + near[rows] + lower, dtype=int))
                rows = rows[self._outside(self.best.pick(rows), rows)]
        for side in (1.0, -1.0):
            if len(rows) and not self.ground.sampler.interrupted:
                self.side[rows] = side
                self._retry(rows, np.full(len(rows), self.start))
                rows = rows[self._outside(self.best.pick(rows), rows)]

    def _retry(self, rows: Array, exponent: Array) -> None:
        self.exponent[rows] = exponent
        self.best = self.best.put(rows, self._rung(rows, exponent))

    def _outside(self, rung: Rung, rows: Array) -> Array:
        return np.asarray((self.ground.known(rows) & ~np.isfinite(rung.slope)).any(axis=1))

    # -- one round ----------------------------------------------------------------------------------------------------

    def _wide(self) -> Array:
        """The entries that need another step, and the way that they go."""
        wide = self._too_wide(self.slope, self.bar)
        cornered = self.latest.cornered
        with np.errstate(invalid="ignore"):
            lost = (wide & ~cornered & (self.latest.rounding > self.latest.truncation)).any(axis=1)
            coarse = (wide & ~(self.latest.rounding > self.latest.truncation)).any(axis=1) | cornered.any(axis=1)
        way = np.where(coarse | self.doubted, -1, np.where(lost, 1, 0))
        turned = (way * self.way) < 0
        self.stride = np.where(turned, self.stride // 2, self.stride)
        self.way, self.doubted = way, False
        # Where nothing is seen but noise, a nudge as large as the entry itself would pass over what there is to see.
        seen = (np.abs(self.slope) > SEEN * self.bar).any(axis=1)
        highest = np.where(seen, self.ceiling, np.minimum(self.ceiling, UNSEEN))
        reached = self.exponent + way * self.stride
        self.goal = np.where(way > 0, np.minimum(reached, np.maximum(highest, self.exponent)), reached)
        # Downwards a stride is never cut short: how a gap grows over it tells a jump from a kink.
        return np.flatnonzero((self.goal != self.exponent) & (self.goal >= self.lowest))

    def _too_wide(self, slope: Array, bar: Array) -> Array:
        fine, known = max(FINE, self.ground.unit**0.5), self.ground.known(np.arange(len(slope)))
        return np.asarray((bar > fine * np.fmax(np.abs(slope), SMALL * self._typical(slope))) & known)

    def _typical(self, slope: Array) -> Array:
        """The root mean square of the slopes of each part, for each of its entries, (entries, 1)."""
        typical = np.zeros(len(self.part))
        for part in np.unique(self.part):
            slopes = slope[self.part == part]
            finite = np.abs(slopes[np.isfinite(slopes)])
            largest = finite.max(initial=0.0)
            typical[self.part == part] = largest * np.sqrt(np.mean((finite / largest) ** 2)) if largest else 0.0
        return typical[:, None]

    def _one_more(self, rows: Array) -> None:
        self.exponent[rows] = self.goal[rows]
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
            missed = np.nan_to_num(apart / (bar + self._bar(new, rows) * self.trust[rows]), nan=0.0, posinf=0.0)
        # A bar that a smaller step proves too short says that the next ones are, too: x^1.5 at 0 converges slowly.
        self.trust[rows] = np.where(finer & (missed > 1), np.minimum(self.trust[rows] * missed, 10), self.trust[rows])
        found = self._bar(new, rows) * self.trust[rows]
        agree = ~(missed > 2)
        better = agree & (found < bar)
        # A smaller step that is further from settled says that the larger one passed over what it should have seen.
        with np.errstate(invalid="ignore"):
            unsettled = (new.truncation > 4 * bar) & (new.truncation > 2 * new.rounding)
        smaller = finer & (new.step < self.best.step[rows])[:, None]
        overruled = (~agree | unsettled) & smaller & np.isfinite(new.slope)
        strays = smaller & ~overruled & (new.bar < STRAYING * bar)
        self.strayed[rows] = np.where(
            strays, np.fmax(self.strayed[rows], apart), np.where(overruled, 0.0, self.strayed[rows])
        )
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
        # A slope that is known badly may have looked settled by chance: what smaller steps gave is as good.
        with np.errstate(invalid="ignore"):
            self.bar = np.fmax(self.bar, np.where(self.bar > POOR * np.abs(self.slope), self.strayed / 2, 0.0))
        self._note_known_corners()
        self._doubt()
        torn = self.corner & (self.growth > CUSP)
        self.slope = np.where(torn, np.nan, self.slope)
        self.bar = np.where(torn | upright | ~np.isfinite(self.slope), np.inf, self.bar)
        sides = {name: getattr(self.best, name) for name in ("left0", "right0")}
        grown = {name: np.where(torn & (side != 0), np.copysign(np.inf, side), side) for name, side in sides.items()}
        self.best = replace(self.best, **grown)

    def _note_known_corners(self) -> None:
        """The graph has the last word: what it shows to be smooth is no corner; at a corner a small gap is one."""
        for row in self.corners.asked(self.corner.any(axis=1) & (self.side == 0)):
            if self.corners.clear(row, float(self.best.step[row]), 0) == 0:
                self.corner[row] = False
        with np.errstate(invalid="ignore"):
            apart = np.abs(self.best.right0 - self.best.left0) > 6 * self.best.rounding
            stays = self.best.finer_gap * np.sign(self.best.gap) > 0.8 * np.abs(self.best.gap)
        self.corner |= self._known_corner(np.arange(len(self.part))) & apart & stays

    def _doubt(self) -> None:
        """Widen the bars where all that was measured contradicts itself, or is hardly more than noise."""
        line, rung = self.ground.line, self.best
        with np.errstate(all="ignore"):
            if line is not None:
                # Some entry is wrong by that much along the line, and nothing says which.
                self.bar = np.fmax(self.bar, self.ground.each(self._unexplained()) / np.abs(line.reach[:, None]))
            base = self.ground.at(np.arange(len(self.part)))
            largest = self.ground.largest(np.fmax(np.abs(rung.after - base), np.abs(rung.below - base)))
            lost = (largest > 0) & (largest < DROWNED * self.ground.noise)
        self.bar = np.where(self.ground.each(lost), np.inf, self.bar)
