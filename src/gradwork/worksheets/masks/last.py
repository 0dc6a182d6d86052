"""The last line alone: what all the others lead to."""

from __future__ import annotations

from gradwork.worksheets.masks import Hiding, Mask


def _last(hiding: Hiding) -> list[int]:
    worked = hiding.worked()
    return [c for c in worked if hiding.plan.owner[c] is hiding.plan.owner[worked[-1]]] if worked else []


MASK = Mask("last", "the last line", _last)
