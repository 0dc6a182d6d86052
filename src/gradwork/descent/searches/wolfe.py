"""When a learning rate along a direction is good enough: the strong Wolfe conditions.

The loss has to fall by a share of what the slope promises, and the slope along the line has to have flattened. Close
to the lowest point a loss cannot show how little it falls; there the slope alone decides, as in Hager and Zhang (2005).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

FALL, FLATTER = 1e-4, 0.1  # shares; a flatter slope than Wolfe's usual 0.9, since the directions hang on it
MOST = 60  # trials
LONGER = 4.0


class Tried(NamedTuple):
    """A learning rate, the loss there, and the slope of the loss along the line."""

    rate: float
    loss: float
    slope: float


def good_rate(along: Callable[[float], Tried], start: Tried, first: float, rounding: float) -> tuple[Tried | None, int]:
    """A learning rate that satisfies the conditions, or else the one that was lowest; None where the loss never falls.

    along:    what a learning rate leads to; a loss that is no number counts as infinite.
    rounding: how much of a loss is rounding, as a share of it.
    Gives with it how many rates were tried.

    >>> good_rate(lambda r: Tried(r, (r - 1) ** 2, 2 * (r - 1)), Tried(0.0, 1.0, -2.0), 0.25, 1e-16)[0].rate
    1.0

    Source: Nocedal and Wright (2006), Numerical Optimization, algorithms 3.5 and 3.6.
    """
    search = _Search(along, start, rounding)
    found = search.bracket(first)
    if found is None and search.lowest.rate > 0:
        found = search.lowest
    return found, search.count


class _Search:
    def __init__(self, along: Callable[[float], Tried], start: Tried, rounding: float) -> None:
        self.along, self.start, self.lowest, self.count = along, start, start, 0
        self.level = rounding * abs(start.loss)

    def tried(self, rate: float) -> Tried:
        self.count += 1
        trial = self.along(rate)
        if not math.isfinite(trial.loss) or not math.isfinite(trial.slope):
            return Tried(rate, math.inf, math.inf)
        if trial.loss < self.lowest.loss:
            self.lowest = trial
        return trial

    def falls(self, trial: Tried) -> bool:
        """Whether the loss has fallen by enough of what the slope promised."""
        promised = trial.rate * self.start.slope
        if trial.loss <= self.start.loss + FALL * promised and trial.loss < self.start.loss:
            return True
        close = trial.loss <= self.start.loss + self.level and abs(promised) <= 10 * self.level
        return close and trial.slope <= (2 * FALL - 1) * self.start.slope

    def is_flat(self, trial: Tried) -> bool:
        return abs(trial.slope) <= -FLATTER * self.start.slope

    def bracket(self, first: float) -> Tried | None:
        """Go on with longer steps until a good one lies between two of them."""
        before, rate = self.start, first
        while self.count < MOST:
            trial = self.tried(rate)
            rises = before.rate > 0 and trial.loss >= before.loss + self.level
            if not self.falls(trial) or rises:
                return self.between(before, trial)
            if self.is_flat(trial):
                return trial
            if trial.slope >= 0:
                return self.between(trial, before)
            before, rate = trial, LONGER * rate
        return None

    def between(self, low: Tried, high: Tried) -> Tried | None:
        """Narrow down two rates that have a good one between them; `low` has the lower loss of those that fall."""
        while self.count < MOST and abs(high.rate - low.rate) > 1e-15 * max(high.rate, low.rate):
            trial = self.tried(_inside(low, high))
            if not self.falls(trial) or trial.loss >= low.loss + self.level:
                high = trial
            elif self.is_flat(trial):
                return trial
            else:
                if trial.slope * (high.rate - low.rate) >= 0:
                    high = low
                low = trial
        return None


def _inside(low: Tried, high: Tried) -> float:
    """The lowest point of the cubic through both, kept away from the edges; the middle where there is none."""
    width = high.rate - low.rate
    middle = low.rate + width / 2
    if not (math.isfinite(high.loss) and math.isfinite(high.slope)):
        return low.rate + width / 10
    bend = low.slope + high.slope - 3 * (low.loss - high.loss) / (low.rate - high.rate)
    under = bend * bend - low.slope * high.slope
    if not under >= 0:
        return middle
    root = math.copysign(math.sqrt(under), width)
    below = high.slope - low.slope + 2 * root
    if below == 0 or not math.isfinite(below):
        return middle
    found = high.rate - width * (high.slope + root - bend) / below
    edge = abs(width) / 10
    least, most = min(low.rate, high.rate) + edge, max(low.rate, high.rate) - edge
    return min(max(found, least), most) if math.isfinite(found) else middle
