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

from dataclasses import dataclass

import numpy as np

from gradwork.gradients.nudging.moved import Moved, at_places, gathered, widened
from gradwork.gradients.nudging.passing import Inputs, Site, aligned
from gradwork.gradients.nudging.structure import Structure
from gradwork.gradients.nudging.subject import Array
from gradwork.gradients.nudging.units import Entrance, Rows, entrance, rows_after, rows_stay_apart

SIZES = (1.0, -1.0, 2.0, -2.0, 4.0, -4.0)
REACH = 4.0  # how many sizes far a curve is known
FIRST = -10  # the smallest nudge is 2^-10 of a unit's typical size
SHRINK, TIMES = 2.0**-4, 2  # a row with a corner within its nudge is nudged by less, so many times
GOOD = 1e-6  # two curves that differ by more, relative to their slopes, are not believed
UNIT = 2.0**-53


@dataclass(frozen=True, eq=False)
class Curves:
    """How the loss rises with every entry of a sum, (rows, units): c1 t + c2 t^2 + c3 t^3 + c4 t^4.

    reach: up to which |t| that is known;  doubt: by how much c1 may be off, as two curves differ;
    lost:  by how much c1 may be off for digits lost;  good: (units,) the columns that can be relied on.
    level: the size of what is added up to the loss, signs left out.
    """

    c1: Array
    c2: Array
    c3: Array
    c4: Array
    reach: Array
    doubt: Array
    lost: Array
    good: Array
    level: float


class Units:
    """The sums of a network at a point, and the curves of those that were asked for."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.sizes: tuple[float, ...] = SIZES
        self._curves: dict[tuple[int, int], Curves | None] = {}
        self._rows: dict[tuple[int, int], Rows | None] = {}
        self._entrances: dict[int, Entrance | None] = {}

    def forget_values(self) -> None:
        """The structure stands at another point: how arrays enter is the same, what their nudges do is not."""
        self._curves.clear()

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
                curves = _Measuring(self.structure, found.node, found.row_axis, rows, self.sizes).curves()
            self._curves[key] = curves
        return curves


class _Measuring:
    """Nudging all units of one sum. Arrays are (rows, units)."""

    def __init__(self, structure: Structure, node: int, row_axis: int, rows: Rows, sizes: tuple[float, ...]) -> None:
        self.structure, self.node, self.row_axis, self.rows, self.sizes = structure, node, row_axis, rows, sizes
        whole = np.broadcast_to(structure.values[node], structure.shapes[node])
        self.shape = whole.shape
        self.sums = whole[:, None] if whole.ndim == 1 else whole if row_axis == 0 else whole.T
        self.base = np.broadcast_to(structure.values[rows.node], structure.shapes[rows.node])

    def curves(self) -> Curves:
        size = np.exp2(np.rint(np.log2(_typical(self.sums))) + FIRST) * np.ones_like(self.sums)
        rises, crossed = self.rises(size, np.arange(self.sums.shape[1]))
        for _ in range(TIMES):
            columns = np.flatnonzero(crossed.any(axis=0))
            if not len(columns):
                break
            size = np.where(crossed, SHRINK * size, size)
            rises[:, :, columns], crossed[:, columns] = self.rises(size[:, columns], columns)
        return self._fitted(rises, size, np.asarray(~crossed.any(axis=0)))

    def rises(self, size: Array, columns: Array) -> tuple[Array, Array]:
        """How the loss of each row rises, (sizes, rows, units), and where a corner was met, (rows, units)."""
        rises = np.zeros((len(self.sizes), *size.shape))
        crossed = np.zeros(size.shape, dtype=bool)
        sample = self._moved(self.sums[:, columns[:1]], columns[:1])
        room = max(1, self.structure.room_for(self.node, sample, self.rows.node) // len(self.sizes))
        for first in range(0, len(columns), room):
            some = slice(first, first + room)
            mine = columns[some]
            nudged = np.concatenate([self.sums[:, mine] + s * size[:, some] for s in self.sizes], axis=1)
            moved = self._moved(nudged, np.tile(mine, len(self.sizes)))
            watch = _Branches(self.structure, self.node, self.row_axis, nudged.shape)
            found = self.structure.follow(self.node, moved, self.rows.node, watch)
            if found is not None:
                table = self._by_row(found).reshape(len(size), len(self.sizes), len(mine))
                rises[:, :, some] = np.swapaxes(table, 0, 1)
            if watch.any:
                crossed[:, some] = watch.crossed.reshape(len(size), len(self.sizes), len(mine)).any(axis=1)
        return rises * self.rows.factor, crossed

    def _moved(self, values: Array, columns: Array) -> Moved:
        if len(self.shape) == 1:
            return Moved(self.shape, (), (), values)
        return Moved(self.shape, (1 - self.row_axis,), (columns,), values)

    def _by_row(self, found: Moved) -> Array:
        change = found.values - gathered(self.base, found)
        keep = found.others.index(self.rows.row_axis)
        return np.asarray(np.add.reduce(change, axis=tuple(a for a in range(change.ndim - 1) if a != keep)))

    def _fitted(self, rises: Array, size: Array, smooth: Array) -> Curves:
        """Odd and even parts at sizes 1, 2 and 4; the wider curve only says how far the narrow one can be trusted."""
        up, down = rises[0::2], rises[1::2]
        odd, even = (up - down) / 2, (up + down) / 2
        c1 = (8 * odd[0] - odd[1]) / 6 / size
        wide = (8 * odd[1] - odd[2]) / 12 / size if len(odd) > 2 else c1
        level = np.abs(self.base).sum(axis=tuple(a for a in range(self.base.ndim) if a != self.rows.row_axis))
        lost = 4 * UNIT * (np.abs(self.rows.factor) * level[:, None] / size + np.abs(c1) * np.abs(self.sums) / size)
        doubt = np.abs(c1 - wide) / 8
        scale = np.sqrt(np.mean(c1**2, axis=0))
        fits = np.max(doubt - 16 * lost, axis=0, initial=0) <= GOOD * scale
        return Curves(
            c1=c1, c2=(16 * even[0] - even[1]) / 12 / size**2, c3=(odd[1] - 2 * odd[0]) / 6 / size**3,
            c4=(even[1] - 4 * even[0]) / 12 / size**4, reach=REACH * size, doubt=doubt, lost=lost,
            good=smooth & fits & np.isfinite(rises).all(axis=(0, 1)),
            level=float(np.abs(self.rows.factor) * level.sum()),
        )  # fmt: skip


def _typical(sums: Array) -> Array:
    """The typical size of each unit, (1, units): activations bend at about 1, so no larger; nor all too small."""
    with np.errstate(over="ignore"):
        return np.asarray(np.clip(np.sqrt(np.mean(sums**2, axis=0, keepdims=True)), 2.0**-4, 1.0))


class _Branches:
    """Watches whether ops that have corners stay on their side of them, row by row: `crossed` (rows, K)."""

    def __init__(self, structure: Structure, start: int, row_axis: int, shape: tuple[int, ...]) -> None:
        self.crossed = np.zeros(shape, dtype=bool)
        self.any = False
        self.structure = structure
        self.axis_of = {start: row_axis}

    def __call__(self, position: int, site: Site, inputs: Inputs, result: Moved | None) -> None:
        if result is None or not (site.op.branch or site.op.kinks):
            return
        self.crossed |= _changes(site, inputs, result, self.crossed.shape[0])
        self.any = True


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
    apart = np.asarray(now) != at_places(before, one.axes, one.index)
    others = [shape[a] for a in one.others]
    if others.count(rows) != 1:
        return np.asarray(apart.any(axis=tuple(range(apart.ndim - 1)))[None])
    keep = others.index(rows)
    return np.asarray(apart.any(axis=tuple(a for a in range(apart.ndim - 1) if a != keep)))


# -- from units to weights ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Powers:
    """What a nudge by h of every entry of an array does: g1 h + g2 h^2 + g3 h^3 + g4 h^4, each in the array's shape.

    doubt, lost: by how much g1 may be off;  reach: how large h may be;  good: which entries can be relied on.
    level: as of the curves.
    """

    g1: Array
    g2: Array
    g3: Array
    g4: Array
    doubt: Array
    lost: Array
    reach: Array
    good: Array
    level: float


def powers(units: Units, start: int) -> Powers | None:
    """The powers of every entry of input `start`; None where it does not enter as weights or a bias do."""
    found = units.entrance(start)
    if found is None:
        return None
    curves, shape = units.curves(found), units.structure.shapes[start]
    factors = found.factors(units.structure)
    x = np.ones((len(curves.c1), 1)) if factors is None else factors
    signed = x * found.sign
    size = np.abs(x)

    def shaped(table: Array) -> Array:
        return np.ascontiguousarray(table.T if found.turned else table).reshape(shape)

    square = x * x
    with np.errstate(all="ignore"):
        farthest = _least_ratio(curves.reach, size)
        return Powers(
            g1=shaped(signed.T @ curves.c1), g2=shaped(square.T @ curves.c2),
            g3=shaped((square * signed).T @ curves.c3), g4=shaped((square * square).T @ curves.c4),
            doubt=shaped(size.T @ curves.doubt),
            lost=shaped(size.T @ curves.lost), reach=shaped(farthest),
            good=shaped(np.broadcast_to(curves.good, farthest.shape)), level=curves.level,
        )  # fmt: skip


def _least_ratio(reach: Array, size: Array) -> Array:
    """For every input and unit a bound on h that keeps every row within its reach, (inputs, units)."""
    least = reach.min(axis=0, initial=np.inf)
    largest = size.max(axis=0, initial=0)
    with np.errstate(divide="ignore"):
        return np.asarray(least[None, :] / largest[:, None])


def slopes(units: Units, start: int, h: float) -> Array | None:
    """The one-way slopes of every entry of an input, for a nudge by h: what the definition gives, row by row."""
    found = units.entrance(start)
    if found is None:
        return None
    curves = units.curves(found)
    if not curves.good.all():
        return None
    factors = found.factors(units.structure)
    if factors is None:
        table = (curves.c1 + h * found.sign * curves.c2 + h * h * curves.c3).sum(axis=0)[None] * found.sign
    else:
        x = factors * found.sign
        table = x.T @ curves.c1 + h * ((x * x).T @ curves.c2)
        table += h * h * ((x * x * x).T @ curves.c3)
    return np.ascontiguousarray(table.T if found.turned else table).reshape(units.structure.shapes[start])
