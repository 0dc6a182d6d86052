"""Curves of units: how the loss of each row rises with each entry of a sum, from nudges of six sizes.

A curve of the fourth degree goes through what nudges of sizes 1 and 2 give; that through sizes 2 and 4 only says how
far the first can be trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradwork.gradients.nudging.moved import Moved, at_places, gathered, widened
from gradwork.gradients.nudging.passing import aligned
from gradwork.gradients.nudging.rounding import UNIT, Rounded, typical
from gradwork.gradients.nudging.site import Inputs, Site
from gradwork.gradients.nudging.structure import Structure
from gradwork.gradients.nudging.subject import Array
from gradwork.gradients.nudging.units import Entrance, Rows
from gradwork.graph.run import spread

SIZES = np.array([1.0, -1.0, 2.0, -2.0, 4.0, -4.0])
# c1 to c4, times as many sizes: from the odd and even parts of what is seen at 1 and 2; and c1 from those at 2 and 4.
FIT = np.array([[16, -16, -2, 2], [16, 16, -1, -1], [-4, 4, 2, -2], [-4, -4, 1, 1]]) / 24
WIDE = np.array([16, -16, -2, 2]) / 48
REACH = 4.0  # how many sizes far a curve is known
FIRST = -10  # the smallest nudge is 2^-10 of a unit's typical size
SHRINK, TIMES = 2.0**-4, 2  # a row with a corner within its nudge is nudged by less, so many times
GOOD = 1e-6  # two curves that differ by more, relative to their slopes, are not believed


@dataclass(frozen=True, eq=False)
class Curves:
    """How the loss rises with every entry of a sum: c1 t + c2 t^2 + c3 t^3 + c4 t^4, each of them (rows, units).

    fit:   c1 size, c2 size^2, ... (rows, 4, units);  size: of the nudges, (rows, units) or (1, units).
    reach: up to which |t| that is known;  doubt: by how much c1 may be off, as two curves differ;
    lost:  by how much c1 may be off for digits lost;  good: (units,) the columns that can be relied on.
    noise: by how much the rows together may be off.
    """

    fit: Array
    size: Array
    doubt: Array
    lost: Array
    good: Array
    noise: Any

    @property
    def reach(self) -> Array:
        return REACH * self.size

    def power(self, k: int) -> Array:
        """The coefficient of t^k, (rows, units)."""
        return self._powers[k - 1]

    @cached_property
    def _powers(self) -> tuple[Array, ...]:
        size, square = self.size, self.size * self.size
        sizes = (size, square, square * size, square * square)
        return tuple(self.fit[:, k] / some for k, some in enumerate(sizes))


class Measuring:
    """Nudging all units of one sum. Arrays are (rows, units)."""

    def __init__(
        self, structure: Structure, found: Entrance, rows: Rows, sizes: Array, rounded: Callable[[], Rounded]
    ) -> None:
        self.structure, self.sizes, self.rounded = structure, sizes, rounded
        self.node, self.row_axis, self.rows = (node := found.node), (row_axis := found.row_axis), rows
        whole = spread(structure.values[node], structure.shapes[node])
        self.shape = whole.shape
        self.sums = whole[:, None] if whole.ndim == 1 else whole if row_axis == 0 else whole.T
        self.base = spread(structure.values[rows.node], structure.shapes[rows.node])

    def curves(self) -> Curves:
        size = _sizes(self.sums)
        found, crossed = self.rises(self.sums, size, np.arange(self.sums.shape[1]))
        for _ in range(TIMES):
            if not crossed.any():
                break
            columns = np.flatnonzero(crossed.any(axis=0))
            size = np.where(crossed, SHRINK * size, size)
            found[..., columns], crossed[:, columns] = self.rises(self.sums[:, columns], size[:, columns], columns)
        return self._fitted(found, size, ~crossed.any(axis=0))

    def rises(self, sums: Array, size: Array, columns: Array) -> tuple[Array, Any]:
        """How the loss of each row rises, (rows, sizes, units), and where a corner was met, (rows, units)."""
        rows, count = len(sums), len(self.sizes)
        found: list[Array] = []
        crossed: list[Any] = []
        sample = self._moved(sums[:, :1], columns[:1])
        room = max(1, self.structure.room_for(self.node, sample, self.rows.node, count * len(columns)) // count)
        for first in range(0, len(columns), room):
            some = slice(first, first + room)
            nudged = sums[:, None, some] + self.sizes[:, None] * size[:, None, some]
            one, shape = (rows, nudged.shape[1] * nudged.shape[2]), nudged.shape
            watch = _Branches(rows, self.structure.idle)
            moved = self._moved(nudged.reshape(one), np.tile(columns[some], count))
            result = self.structure.follow(self.node, moved, self.rows.node, watch)
            found.append(np.zeros(shape) if result is None else self._by_row(result).reshape(shape))
            crossed.append(np.broadcast_to(watch.crossed, one).reshape(shape).any(axis=1))
        return _side_by_side(found) * self.rows.factor, _side_by_side(crossed)

    def _moved(self, values: Array, columns: Array) -> Moved:
        if len(self.shape) == 1:
            return Moved(self.shape, (), (), values)
        return Moved(self.shape, (1 - self.row_axis,), (columns,), values)

    def _by_row(self, found: Moved) -> Array:
        change = found.values - gathered(self.base, found)
        keep = found.others.index(self.rows.row_axis)
        over = tuple(a for a in range(change.ndim - 1) if a != keep)
        by_row: Array = np.add.reduce(change, axis=over) if over else change
        return by_row

    def off(self) -> Array:
        """By how much each row is off by the rounding of what lies between, (rows,)."""
        change = np.moveaxis(self.rounded().after(self.node, self.rows.node), self.rows.row_axis, 0)
        return typical(change.reshape(len(change), -1, change.shape[-1]).sum(axis=1))

    def _fitted(self, rises: Array, size: Array, smooth: Array) -> Curves:
        """The narrow curve through sizes 1 and 2; that through 2 and 4 only says how far it can be trusted."""
        fit = np.matmul(FIT, rises[:, :4])
        trusted = rises.shape[1] == 4
        wide = fit[:, 0] if trusted else np.matmul(WIDE, rises[:, 2:])
        # A curve that is trusted has no bar.
        off = np.abs(self.rows.factor) * (np.zeros(len(size)) if trusted else self.off())
        lost = 4 * (off[:, None] + UNIT * np.abs(fit[:, 0] / size) * np.abs(self.sums)) / size
        doubt = np.abs(fit[:, 0] - wide) / 8 / size
        scale = np.sqrt(np.mean((fit[:, 0] / size) ** 2, axis=0))
        fits = trusted or np.max(doubt - 16 * lost, axis=0, initial=0) <= GOOD * scale
        # A rise that is not finite makes one of the two so.
        finite = np.isfinite(fit[:, 0] + wide).all(axis=0)
        return Curves(fit, size, doubt, lost, smooth & fits & finite, off.sum())


def _sizes(sums: Array) -> Array:
    """The smallest nudge of each unit, (1, units), a power of two.

    It goes with the unit's typical size; but activations bend at about 1, so with no more than that, nor too little.
    """
    with np.errstate(over="ignore", divide="ignore"):
        exponent = np.rint(0.5 * np.log2(np.mean(sums**2, axis=0, keepdims=True)))
        size: Array = np.exp2(np.minimum(np.maximum(exponent, -4), 0) + FIRST)
        return size


def _side_by_side(pieces: list[Array]) -> Array:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=-1)


class _Branches:
    """Watches whether ops that have corners stay on their side of them, row by row: `crossed` (rows, K) or (1, 1)."""

    def __init__(self, rows: int, idle: frozenset[int]) -> None:
        self.rows, self.idle = rows, idle
        self.crossed = np.zeros((1, 1), dtype=bool)

    def __call__(self, position: int, site: Site, inputs: Inputs, result: Moved | None) -> None:
        if result is None or position in self.idle or not (site.op.branch or site.op.kinks):
            return
        self.crossed = self.crossed | _changes(site, inputs, result, self.rows)


def _changes(site: Site, inputs: Inputs, result: Moved, rows: int) -> Array:
    """For which rows and nudges the branch of an op is not what it was, (rows, K) or broadcasting to it."""
    branch = site.op.branch
    if branch is None:
        return np.ones((1, 1), dtype=bool)
    if site.op.elementwise:
        one, arguments = aligned(site, inputs)
        now, shape = branch(*arguments, **site.params), site.shape
    elif site.op.name in ("max", "min") and inputs[0] is not None:
        gone, shape = site.params["axis"], site.shapes[0]
        one = widened(inputs[0], site.bases[0], [a for a in inputs[0].axes if a not in gone])
        # The branch of an extreme is which of the entries it is equal to.
        kept = [1 if a in gone else shape[a] for a in one.others]
        now = one.values == result.values.reshape(*kept, one.count)
    else:
        return np.ones((1, 1), dtype=bool)
    before = np.broadcast_to(branch(*site.bases, **site.params), shape)
    apart: Any = now != at_places(before, one.axes, one.index)
    others = [shape[a] for a in one.others]
    if others.count(rows) != 1:
        every: Array = apart.any(axis=tuple(range(apart.ndim - 1)))[None]
        return every
    keep = others.index(rows)
    by_row: Array = apart.any(axis=tuple(a for a in range(apart.ndim - 1) if a != keep))
    return by_row
