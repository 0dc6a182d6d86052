"""One number of each line, by seed."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.worksheets.masks import Hiding, Mask


def _one(hiding: Hiding) -> Iterator[int]:
    worked = hiding.worked()
    for quantity in dict.fromkeys(hiding.plan.owner[c] for c in worked):
        yield hiding.draw.pick([c for c in worked if hiding.plan.owner[c] is quantity])


MASK = Mask("one", "one number of each line", _one)
