"""The ratios: what is one number divided by another, where both stand on the page."""

from __future__ import annotations

from gradwork.worksheets.masks import Hiding, Mask


def _ratios(hiding: Hiding) -> list[int]:
    divided = {r.cell for r in hiding.told if r.tree[0] == "divide" and r.tree[2][0] == "cell"}
    return [c for c in hiding.worked() if c in divided]


MASK = Mask("ratio", "every ratio", _ratios)
