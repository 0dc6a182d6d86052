"""Agree, differ, or cannot tell: entry by entry, from measured slopes and their bars.

A given slope differs where it is further from the measured one than four bars and what its own rounding may amount to.
Where four bars are wider than the slopes themselves, nothing can be told. At a kink any slope between the one-sided
ones is accepted, and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.nudging.record import Corner, NudgedArray

Array = np.ndarray[Any, Any]
BARS = 4.0
EVERY = "every entry"
AGREES, DIFFERS = "agrees", "differs"
SLIGHT = 1e-4  # of a usual slope: what is smaller counts as zero
WIDE = 0.1  # four bars wider than this share of the array's typical slope: cannot tell


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is to be said of one array. All arrays in it have the shape of the argument.

    agree, differ, unclear: truth values, one and only one of which holds an entry (`unclear` is *cannot tell*).
    at_kink:  entries at a kink, judged by the one-sided slopes.
    missing:  why there is nothing to compare entry by entry: the shape is wrong; "" otherwise.
    how:      "every entry", or how else the array was looked at.
    seen:     how large an error, relative to the root mean square of the slopes, would have been seen.
    by_backprop: how many entries agree because backprop gives the same, where nudging saw too little.
    elsewhere: whether the array AGREES or DIFFERS at a second point, where it had to be asked there; "" otherwise.
    """

    name: str
    yours: Array
    measured: Array
    bar: Array
    agree: Array
    differ: Array
    unclear: Array
    at_kink: Array
    seen: float
    missing: str = ""
    how: str = EVERY
    by_backprop: int = 0
    elsewhere: str = ""

    def __repr__(self) -> str:
        agree, differ, unclear = self.counts()
        return f"<Verdict on {self.name}: {agree:,} agree, {differ:,} differ, {unclear:,} cannot be told>"

    @property
    def right(self) -> bool:
        """Whether nothing speaks against the array, and at least one entry could be judged."""
        return not self.wrong and (bool(self.agree.any()) or not self.agree.size)

    @property
    def wrong(self) -> bool:
        """Whether the shape, or an entry, is wrong."""
        return bool(self.missing) or bool(self.differ.any())

    def counts(self) -> tuple[int, int, int]:
        """How many entries agree, differ, and cannot be told."""
        return int(self.agree.sum()), int(self.differ.sum()), int(self.unclear.sum())

    def worst(self, most: int = 3) -> list[tuple[int, ...]]:
        """The indices of the entries that are furthest off, in bars, worst first."""
        with np.errstate(all="ignore"):
            off = np.where(self.differ, np.abs(self.yours - self.measured), -1.0)
        off = np.where(np.isnan(off) & self.differ, np.inf, off).reshape(-1)
        order = np.argsort(-off, kind="stable")[:most]
        return [tuple(int(i) for i in np.unravel_index(k, self.yours.shape)) for k in order if off[k] >= 0]


def judged(
    array: NudgedArray, yours: Array, allowance: Array, corners: tuple[Corner, ...], usual: float = 0.0
) -> Verdict:
    """The verdict on one array: `yours` in its shape, `allowance` what its own rounding may amount to.

    usual: a slope that would be usual in this array, given those of the others: where its own are all zero, a bar that
           is narrow beside it still tells that they are.
    """
    slope, bar = np.asarray(array.slope, float), np.asarray(array.bar, float)
    yours = np.asarray(yours, float)
    known = np.isfinite(slope) & np.isfinite(bar)
    typical = float(np.sqrt(np.mean(slope[known] ** 2))) if known.any() else 0.0
    with np.errstate(all="ignore"):
        gap = np.abs(yours - slope)
        reach = BARS * bar + allowance
        differ = np.asarray(known & ~(gap <= reach))
        scale = np.maximum(np.maximum(np.abs(slope), typical), np.where(np.isfinite(yours), np.abs(yours), 0.0))
        scale = np.maximum(scale, SLIGHT * usual)
        unclear = np.asarray(~known | (~differ & (reach > WIDE * scale) & ~((yours == slope) & (bar == 0))))
    at_kink = np.zeros(slope.shape, bool)
    for corner in corners:
        at_kink[corner.index] = True
        between = _between(yours[corner.index], corner, float(allowance[corner.index]))
        differ[corner.index] = corner.kind == "kink" and not between
        unclear[corner.index] = corner.kind != "kink"
    agree = ~differ & ~unclear
    with np.errstate(all="ignore"):
        resolved = agree & (at_kink | (reach <= WIDE * np.maximum(np.abs(slope), np.abs(yours))))
    if (unclear & ~at_kink).any() and not resolved.any() and not differ.any():
        # Only entries agree that are little beside those of which nothing can be told: they do not speak for the array.
        agree, unclear = np.zeros_like(agree), agree | unclear
    judgeable = known & ~unclear & ~at_kink  # at a kink a whole range is accepted, and the report says so
    seen = float(np.max(reach[judgeable]) / typical) if judgeable.any() and typical > 0 else float("nan")
    return Verdict(array.name, yours, slope, bar, agree, differ, unclear, at_kink, seen)


def _between(value: float, corner: Corner, allowance: float) -> bool:
    low, high = sorted((corner.left, corner.right))
    slack = allowance + 1e-6 * (high - low) + 1e-12 * max(abs(low), abs(high))
    return bool(low - slack <= value <= high + slack)


def misshapen(name: str, yours: Any, measured: Array, bar: Array) -> Verdict:
    """The verdict on a gradient of another shape than its argument."""
    nothing = np.zeros(measured.shape, bool)
    said = f"its shape is {np.shape(yours)}, and {name} has {measured.shape}"
    return Verdict(
        name, np.asarray(yours, float), measured, bar, nothing, ~nothing, nothing, nothing, float("nan"), said
    )
