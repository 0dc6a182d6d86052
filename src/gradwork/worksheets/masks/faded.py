"""Faded over a series: the first exercise is worked in full, and more is blank in each that follows.

The last steps go first, so that the end of the work is the learner's own from the second exercise on.
"""

from __future__ import annotations

from gradwork.worksheets.masks import Hiding, Mask


def _faded(hiding: Hiding) -> list[int]:
    position, count = hiding.series
    worked = hiding.worked()
    share = position / (count - 1) if count > 1 else 1.0
    return worked[len(worked) - round(share * len(worked)) :]


MASK = Mask("faded", "nothing at first, then more and more from the end", _faded)
