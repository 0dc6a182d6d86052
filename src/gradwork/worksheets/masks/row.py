"""One row of each matrix that is worked out, by seed."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.worksheets.masks import Hiding, Mask


def hidden_lines(hiding: Hiding, axis: int) -> Iterator[int]:
    """One row (axis 0) or column (axis 1) of each matrix; all of what is no matrix."""
    worked = hiding.worked()
    for quantity in dict.fromkeys(hiding.plan.owner[c] for c in worked):
        cells = [c for c in worked if hiding.plan.owner[c] is quantity]
        if len(quantity.shape) == 2 and min(quantity.shape) > 1:
            chosen = hiding.draw.whole(0, quantity.shape[axis] - 1)
            cells = [c for c in cells if quantity.place(c)[axis] == chosen]
        yield from cells


MASK = Mask("row", "a row of each matrix", lambda hiding: hidden_lines(hiding, 0))
