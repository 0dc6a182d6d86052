"""Corners on a traced graph: which entries stand at one, and how small a nudge has to be to meet none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from gradwork.gradients.nudging.branches import UNKNOWN, Branches, Crossing
from gradwork.gradients.nudging.sampler import Entries
from gradwork.gradients.nudging.subject import Array

# What the questions of one nudging may cost: entries of arrays that are worked out for them. A few seconds.
AFFORDABLE = 1 << 30


@dataclass(eq=False)
class Corners:
    """What is known of each entry, as far as it was asked for.

    smooth:  no corner lies within the nudge: what looks like one is noise.
    at:      the point stands at a corner, whose op and line are noted.
    unasked: entries that a question would have been good for, which nobody could afford any more.
    """

    entries: Entries
    branches: Branches | None
    smooth: Array = field(init=False)
    at: dict[int, Crossing] = field(init=False, default_factory=dict)
    unasked: set[int] = field(init=False, default_factory=set)
    spent: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.smooth = np.zeros(len(self.entries.part), dtype=bool)

    def watched(self, told: bool = False) -> Array:
        """The entries whose nudges may meet a corner; `told`: one that the graph can tell of for certain."""
        parts = np.unique(self.entries.part)
        known = [part for part in parts if self.branches is not None and self.branches.watches(int(part), told)]
        return np.isin(self.entries.part, known)

    def asked(self, rows: Array, first: Array | None = None) -> Iterator[int]:
        """The entries, as many as can be afforded; those that are True in `first` come first."""
        found = np.flatnonzero(rows)
        if first is not None:
            found = found[np.argsort(~first[found], kind="stable")]
        for k, row in enumerate(found.tolist()):
            if self.spent > AFFORDABLE:
                self.unasked.update(set(found[k:].tolist()) - self.at.keys())
                return
            yield row

    def within(self, row: int, step: float, low: float = -1.0, high: float = 1.0) -> Crossing:
        """What the graph says of a nudge by `step`, from `low` to `high` times that."""
        if self.branches is None or row in self.at or self.smooth[row]:
            return UNKNOWN
        value = float(self.entries.value[row])
        part, index = int(self.entries.part[row]), int(self.entries.index[row])
        self.spent += 2 * self.branches.cost(part)
        return self.branches.between(part, index, value + low * step, value + high * step)

    def clear(self, row: int, step: float, halvings: int) -> int | None:
        """How many halvings of `step` meet no corner: 0 for none needed, None where the graph does not know.

        Notes the entry as smooth, or as standing at a corner if even the smallest nudge meets one.
        """
        found = self.within(row, step)
        if found.verdict == "changes":
            nearest = self.within(row, step * 2.0**-halvings)
            if nearest.verdict == "changes":
                self.at[row] = nearest
            if nearest.verdict != "same":
                return None
            return self._bisected(row, step, halvings)
        if found.verdict != "same":
            return None
        self.smooth[row] = True
        return 0

    def _bisected(self, row: int, step: float, halvings: int) -> int:
        crossing, clear = 0, halvings
        while clear - crossing > 1:
            middle = (crossing + clear) // 2
            if self.within(row, step * 2.0**-middle).verdict == "same":
                clear = middle
            else:
                crossing = middle
        self.smooth[row] = True
        return clear
