"""What a nudge has moved of one array, for many nudges at once.

A nudge of W[i, j] moves one column of Z = X @ W. So a value under K nudges is kept as the part that moved: some axes
stand at one place (another one for each nudge), and along the others all entries may have moved. The nudges lie along
the last axis, so that every operation runs over long rows of memory, however small the arrays are.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.nudging.subject import Array

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Moved:
    """What K nudges have moved of an array of `shape`.

    axes, index: the axes that stand at one place, in order, and that place for each nudge: one array (K,) an axis.
    values:      the new values along all other axes, in order, and the nudges last: (*others, K).
    """

    shape: Shape
    axes: tuple[int, ...]
    index: tuple[Array, ...]
    values: Array

    @property
    def others(self) -> tuple[int, ...]:
        """The axes along which all entries may have moved."""
        return tuple(a for a in range(len(self.shape)) if a not in self.axes)

    @property
    def count(self) -> int:
        """How many nudges there are."""
        return int(self.values.shape[-1])

    def at(self, axis: int) -> Array:
        """The place of each nudge along an axis that stands."""
        return self.index[self.axes.index(axis)]


def gathered(base: Any, moved: Moved) -> Any:
    """What stood, before the nudges, where `moved` has its values; it broadcasts against them."""
    return at_places(base, moved.axes, moved.index)


def at_places(base: Any, axes: Sequence[int], index: Sequence[Array]) -> Any:
    """The entries of `base` with some axes at one place a nudge: (*others, K), or (*others, 1) where none stands."""
    if np.ndim(base) == 0:
        return base
    if not axes:
        return base[..., None]
    if len(axes) == 1:
        return np.take(np.moveaxis(base, axes[0], -1), index[0], axis=-1)
    last = np.moveaxis(base, axes, range(-len(axes), 0)) if len(axes) < base.ndim else base
    picked = last[(..., *index)]
    # NumPy lays out what it picks as it read it; everything after runs faster with the nudges side by side.
    return picked if picked.flags.c_contiguous else np.copy(picked, order="C")


def widened(moved: Moved, base: Any, keep: Iterable[int]) -> Moved:
    """The same with fewer axes at one place: those not in `keep` are written out, unmoved entries included."""
    kept = tuple(a for a in moved.axes if a in set(keep))
    if kept == moved.axes:
        return moved
    whole = np.broadcast_to(base, moved.shape)
    index = tuple(moved.at(a) for a in kept)
    others = tuple(a for a in range(len(moved.shape)) if a not in kept)
    unmoved = np.broadcast_to(at_places(whole, kept, index), (*(moved.shape[a] for a in others), moved.count))
    full = np.copy(unmoved, order="C").astype(np.result_type(whole, moved.values), copy=False)
    freed = tuple(a for a in moved.axes if a not in kept)
    places = tuple(others.index(a) for a in freed)
    view = np.moveaxis(full, places, range(-1 - len(freed), -1))
    where: tuple[Any, ...] = (..., *(moved.at(a) for a in freed), np.arange(moved.count))
    view[where] = moved.values
    return Moved(moved.shape, kept, index, full)


def dense(moved: Moved, base: Any) -> Array:
    """Every entry of the array under every nudge, (*shape, K)."""
    values = widened(moved, base, ()).values
    return values if values.shape[-1] == moved.count else np.broadcast_to(values, (*moved.shape, moved.count))


def common_axes(several: Sequence[Moved]) -> tuple[int, ...]:
    """The axes that stand at the same places in all of them."""
    first, *rest = several
    return tuple(
        a
        for a, mine in zip(first.axes, first.index, strict=True)
        if all(a in m.axes and (m.at(a) is mine or np.array_equal(m.at(a), mine)) for m in rest)
    )


def side_by_side(several: Sequence[Moved], base: Any) -> Moved:
    """The nudges of all of them in a row: they moved the same array, each in its own way."""
    keep = set.intersection(*(set(m.axes) for m in several))
    wide = [widened(m, base, keep) for m in several]
    index = tuple(np.concatenate(places) for places in zip(*(m.index for m in wide), strict=True))
    return Moved(wide[0].shape, wide[0].axes, index, np.concatenate([m.values for m in wide], axis=-1))


def point(shape: Shape, flat: Array, values: Array) -> Moved:
    """One entry each: that of the array's flat position."""
    index = np.unravel_index(flat, shape) if shape else ()
    return Moved(shape, tuple(range(len(shape))), tuple(np.asarray(i) for i in index), values)


def reshaped(moved: Moved, base: Any, shape: Shape) -> Moved:
    """In another shape. Axes that keep their length keep standing; a single entry stays a single entry."""
    if len(moved.axes) == len(moved.shape) and moved.shape:
        return point(shape, np.ravel_multi_index(moved.index, moved.shape), moved.values)
    pairs = _same_axes(moved.shape, shape)
    moved = widened(moved, base, [a for a in moved.axes if a in pairs])
    axes = tuple(pairs[a] for a in moved.axes)
    kept = tuple(n for a, n in enumerate(shape) if a not in axes)
    return Moved(shape, axes, moved.index, moved.values.reshape(*kept, moved.count))


@functools.lru_cache(maxsize=1024)
def _same_axes(before: Shape, after: Shape) -> dict[int, int]:
    """The axes with the same length and the same number of entries behind them, before and after."""
    behind = {(int(np.prod(after[b:], dtype=np.int64)), n): b for b, n in enumerate(after) if n > 1}
    found = {a: behind.get((int(np.prod(before[a:], dtype=np.int64)), n)) for a, n in enumerate(before) if n > 1}
    return {a: b for a, b in found.items() if b is not None}
