"""The changes: what is one number less another."""

from __future__ import annotations

from gradwork.worksheets.masks import Hiding, Mask


def _changes(hiding: Hiding) -> list[int]:
    differences = {r.cell for r in hiding.told if r.tree[0] == "subtract"}
    return [c for c in hiding.worked() if c in differences]


MASK = Mask("change", "every change", _changes)
