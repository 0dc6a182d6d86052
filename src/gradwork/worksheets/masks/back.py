"""What comes back: every number of the way back, local slopes among them."""

from __future__ import annotations

from gradwork.worksheets.masks import Hiding, Mask


def _back(hiding: Hiding) -> list[int]:
    return [c for c in hiding.shown if hiding.role(c) in ("back", "slope")]


MASK = Mask("back", "every number of the way back", _back)
