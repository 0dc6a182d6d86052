"""Axes in words, counted as NumPy does: "the rows (axis 0)"."""

from __future__ import annotations

from collections.abc import Sequence

_OF_A_TABLE = ("the rows (axis 0)", "the columns (axis 1)")


def over(axes: Sequence[int], count: int) -> str:
    """ "over the rows (axis 0)", of an array with `count` axes; "over all axes"."""
    if count > 1 and len(axes) == count:
        return "over all axes"
    if count == 2:
        return f"over {_OF_A_TABLE[axes[0]]}"
    return f"over ax{'i' if len(axes) == 1 else 'e'}s {' and '.join(map(str, axes))}"
