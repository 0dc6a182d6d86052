"""Nudging units instead of weights: each sum Z = X @ W + b at a few sizes, and every weight from that.

A weight W[i, j] reaches row b of the loss only through Z[b, j], which it moves by h x[b, i]. So it is enough to know
how the loss of each row rises with each entry of Z. That is measured: all rows of a column are nudged at once, at six
sizes, and a curve of the fourth degree is drawn through what comes out. What a nudge of W[i, j] does is then read off
the curves, for all weights in three matrix products. No rule of calculus is used, and nearly equal losses are never
subtracted from each other but row by row.

What it takes for granted, and tests: rows do not meet before they are added up (`units.py`: shown from the graph, and
tried); no corner lies within a nudge (the branches of all ops on the way are the same at its ends); the curve fits (two
of them, of different widths, agree). Columns for which one of these fails are nudged entry by entry.

Source: all rows share one nudge because they cannot interact: Curtis, Powell and Reid 1974.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.nudging.curves import SIZES, Curves, Measuring
from gradwork.gradients.nudging.rounding import Rounded
from gradwork.gradients.nudging.structure import Structure
from gradwork.gradients.nudging.subject import Array
from gradwork.gradients.nudging.units import Entrance, Rows, entrance, rows_after, rows_stay_apart


class Units:
    """The sums of a network at a point, and the curves of those that were asked for."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.sizes: Array = SIZES
        self._curves: dict[tuple[int, int], Curves | None] = {}
        self._rounded: Rounded | None = None
        self._rows: dict[tuple[int, int], Rows | None] = {}
        self._entrances: dict[int, Entrance | None] = {}

    def at(self, structure: Structure) -> Units:
        """The same at another point, where nothing is known of the curves yet."""
        other = copy(self)
        other.structure, other._curves = structure, {}
        return other

    def forget_values(self) -> None:
        """The structure stands at another point: how arrays enter is the same, what their nudges do is not."""
        self._curves.clear()
        self._rounded = None

    @property
    def rounded(self) -> Rounded:
        """By how much the values at the point are off."""
        if self._rounded is None:
            sums = [e.node for e in self._entrances.values() if e is not None]
            self._rounded = Rounded(self.structure, list(dict.fromkeys(sums)))
        return self._rounded

    def trust_curves(self) -> None:
        """Measure no more than a curve needs, from now on: nothing is known of how far off it may be."""
        self.sizes = SIZES[:4]
        self._curves.clear()

    def entrance(self, start: int) -> Entrance | None:
        """How an input enters, if its rows stay apart after that."""
        if start not in self._entrances:
            found = entrance(self.structure, start) if self.structure.shapes[self.structure.output] == () else None
            apart = found is not None and self._rows_after(found.node, found.row_axis) is not None
            self._entrances[start] = found if apart else None
        return self._entrances[start]

    def _rows_after(self, node: int, row_axis: int) -> Rows | None:
        key = (node, row_axis)
        if key not in self._rows:
            rows = rows_after(self.structure, node, row_axis)
            apart = rows is not None and rows_stay_apart(self.structure, node, row_axis, rows)
            self._rows[key] = rows if apart else None
        return self._rows[key]

    def curves(self, found: Entrance) -> Curves:
        """The curves of the sum that an input enters."""
        key = (found.node, found.row_axis)
        curves = self._curves.get(key)
        if curves is None:
            rows = self._rows_after(*key)
            assert rows is not None
            with np.errstate(all="ignore"):
                curves = Measuring(self.structure, found, rows, self.sizes, lambda: self.rounded).curves()
            self._curves[key] = curves
        return curves


# -- from units to weights ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Powers:
    """What a nudge by h of every entry of an array does: g1 h + g2 h^2 + g3 h^3 + g4 h^4, each in the array's shape.

    doubt, lost: by how much g1 may be off;  reach: how large h may be;  good: which entries can be relied on.
    noise: as of the curves.
    """

    g1: Array
    g2: Array
    g3: Array
    g4: Array
    doubt: Array
    lost: Array
    reach: Array
    good: Array
    noise: float


def powers(units: Units, start: int) -> Powers | None:
    """The powers of every entry of input `start`; None where it does not enter as weights or a bias do."""
    found = units.entrance(start)
    if found is None:
        return None
    curves, shape = units.curves(found), units.structure.shapes[start]
    factors = found.factors(units.structure)
    x = np.ones((len(curves.fit), 1)) if factors is None else factors
    signed, size, square = x * found.sign, np.abs(x), x * x

    def shaped(table: Array) -> Array:
        return np.ascontiguousarray(table.T if found.turned else table).reshape(shape)

    with np.errstate(all="ignore"):
        by = zip((signed, square, square * signed, square * square), (1, 2, 3, 4), strict=True)
        g1, g2, g3, g4 = (shaped(x.T @ curves.power(k)) for x, k in by)
        lost = size.T @ curves.lost + _inherited(units, found, curves, size)
        farthest = _least_ratio(curves.reach, size)
        good = np.broadcast_to(curves.good, farthest.shape)
        return Powers(
            g1, g2, g3, g4, doubt=shaped(size.T @ curves.doubt), lost=shaped(lost), reach=shaped(farthest),
            good=shaped(good), noise=float(curves.noise),
        )  # fmt: skip


def _inherited(units: Units, found: Entrance, curves: Curves, size: Array) -> Array:
    """By how much slopes are off since the sums and what the weights are multiplied by are rounded themselves."""
    sums = units.rounded.before(found.node)
    sums = sums[:, None] if sums.ndim == 1 else sums if found.row_axis == 0 else sums.T
    off: Array = size.T @ (8 * np.abs(curves.power(2)) * sums)
    if found.by is not None:
        off = off + 4 * found.laid_out(units.rounded.before(found.by[0])).T @ np.abs(curves.power(1))
    return off


def _least_ratio(reach: Array, size: Array) -> Array:
    """For every input and unit a bound on h that keeps every row within its reach, (inputs, units)."""
    least = reach.min(axis=0, initial=np.inf)
    largest = size.max(axis=0, initial=0)
    with np.errstate(divide="ignore"):
        ratio: Array = least[None, :] / largest[:, None]
        return ratio


def slopes(units: Units, starts: Sequence[int], h: Any) -> list[Array | None]:
    """The one-way slopes of every entry of some inputs, for a nudge by h: what the definition gives, row by row.

    None for an input that enters otherwise, or for which the curves are not good, or h reaches beyond them.
    """
    found = [units.entrance(start) for start in starts]
    made: list[Array | None] = [None] * len(starts)
    for node in dict.fromkeys((e.node, e.row_axis) for e in found if e is not None):
        mine = [k for k, e in enumerate(found) if e is not None and (e.node, e.row_axis) == node]
        tables = _slopes_of_one([e for k in mine if (e := found[k]) is not None], units, h)
        for k, table in zip(mine, tables or (), strict=bool(tables)):
            made[k] = table.reshape(units.structure.shapes[starts[k]])
    return made


def _stacked(tables: Sequence[Array]) -> Array:
    return np.concatenate([table[:, None] for table in tables], axis=1)


def _slopes_of_one(several: Sequence[Entrance], units: Units, h: Any) -> list[Array] | None:
    """The slopes of all that enters one sum: one product for all, in which the powers lie one under the other."""
    curves = units.curves(several[0])
    ones = np.ones((len(curves.fit), 1))
    factors = [(ones if f is None else f) for f in (e.factors(units.structure) for e in several)]
    x = factors[0] if len(factors) == 1 else np.concatenate(factors, axis=1)
    near = curves.good.all() & (np.abs(h) * np.max(np.abs(x)) <= np.min(curves.reach))
    if not near:
        return None
    h_of_size = h / curves.size
    steps = _stacked([1 / curves.size, h_of_size / curves.size, h_of_size * h_of_size / curves.size])
    signs = np.concatenate([np.full(f.shape[1], e.sign) for f, e in zip(factors, several, strict=True)])
    signed = x if (signs == 1).all() else x * signs
    square = x * x
    by = _stacked([signed, square, square * signed]).reshape(-1, x.shape[1])
    table = by.T @ (curves.fit[:, :3] * steps).reshape(len(by), -1)
    ends = np.cumsum([f.shape[1] for f in factors])
    pieces = [table[end - f.shape[1] : end] for f, end in zip(factors, ends, strict=True)]
    return [np.copy(p.T, order="C") if e.turned else p for p, e in zip(pieces, several, strict=True)]
