"""The mode "per_unit" in `gw.nudge`: slopes and bars from nudged units, and entry by entry where that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gradwork.gradients.nudging.ladder import Climbed, first_exponent, power_of_two
from gradwork.gradients.nudging.noise import Noise
from gradwork.gradients.nudging.per_unit import Powers, Units, powers
from gradwork.gradients.nudging.rounding import UNIT
from gradwork.gradients.nudging.rungs import Rung
from gradwork.gradients.nudging.schemes import usual_step
from gradwork.gradients.nudging.start import Start
from gradwork.gradients.nudging.structured import StructuredSampler
from gradwork.gradients.nudging.subject import Array

NOISE = 64  # times as much as the last digits of a loss: what a longish sum may be off by
CLOSE = 2.0**-8  # a line that is known to so small a share of the slopes tells whether the graph is right
Measure = Callable[[StructuredSampler, Noise, Array | None], Climbed]


def by_unit(
    measure: Measure, start: Start, sampler: StructuredSampler, noise: Noise, scheme: str, steps: Array | None
) -> Climbed:
    """Measure every entry. `measure` does it entry by entry, for the entries that a unit's curve does not serve."""
    count, parts = len(sampler.entries.part), len(sampler.node_of)
    table, serves = _powers(sampler, noise)
    step = _usual(scheme, sampler, start.unit) if steps is None else steps
    if steps is None:
        # A step is a power of two; where it would reach beyond what is known, it is a smaller one.
        with np.errstate(all="ignore"):
            step = np.where(serves & (step > table.reach), np.exp2(np.floor(np.log2(table.reach))), step)
    serves = serves & (step <= table.reach) & (sampler.entries.value + step > sampler.entries.value)
    rest = np.flatnonzero(~serves)
    if len(rest):
        sampler.leave_doubtful(noise.size)
    if len(rest) == count:
        return measure(sampler, noise, steps)
    found = _read_off(table, start, sampler, scheme, np.where(serves, step, 1.0))
    found = _with_rest(measure, found, sampler, noise, steps, rest)
    contradicted, told = _compared(found, noise, scheme)
    if contradicted or not told:
        sampler.leave_doubtful(noise.size)
    if contradicted or len(sampler.node_of) < parts:
        return measure(sampler, noise, steps)
    _note(sampler, serves)
    return found


def _compared(found: Climbed, noise: Noise, scheme: str) -> tuple[bool, bool]:
    """The slopes together against what was measured along a line, of the function itself.

    Whether it contradicts them; and whether it is known so exactly that it would have, if the graph were not right.
    """
    line = noise.line
    if line is None or scheme == "forward":
        return False, False
    reach = line.reach[:, None]
    with np.errstate(all="ignore"):
        rises = found.slope * reach
        apart = np.abs(np.sum(rises, axis=0) - line.slope)
        known = 4 * (np.sqrt(np.sum((found.bar * reach) ** 2, axis=0)) + line.error)
        return bool((apart > known).any()), bool((known <= CLOSE * np.sqrt(np.sum(rises**2, axis=0))).all())


def _with_rest(
    measure: Measure, found: Climbed, sampler: StructuredSampler, noise: Noise, steps: Array | None, rest: Array
) -> Climbed:
    """`found`, with the entries of `rest` measured one by one."""
    if not len(rest):
        return found
    some = sampler.only(rest)
    others = measure(some, replace(noise, line=None), None if steps is None else steps[rest])
    sampler.interrupted |= some.interrupted
    return _put(found, rest, others)


def _usual(scheme: str, sampler: StructuredSampler, unit: float) -> Array:
    scale = sampler.entries.scale
    return power_of_two(scale, first_exponent(unit)) if scheme == "auto" else usual_step(scheme, scale, unit)


def _powers(sampler: StructuredSampler, noise: Noise) -> tuple[Powers, Array]:
    """The powers of all entries in a row, and for which of them there are any."""
    entries, units = sampler.entries, Units(sampler.structure)
    count = len(entries.part)
    columns = {name: np.zeros(count) for name in ("g1", "g2", "g3", "g4", "doubt", "lost", "reach")}
    serves = np.zeros(count, dtype=bool)
    for node in sampler.node_of.values():
        units.entrance(node)
    for part, node in sampler.node_of.items():
        found = powers(units, node)
        if found is None:
            continue
        # The entries of an array stand in a row.
        first = int(np.searchsorted(entries.part, part))
        mine = slice(first, first + found.g1.size)
        for name, column in columns.items():
            column[mine] = getattr(found, name).reshape(-1)
        # The function itself may be noisier than its last digits; then every rise of a row is, too.
        usual = NOISE * max(UNIT * abs(float(sampler.structure.base[0])), found.noise)
        columns["lost"][mine] *= max(1.0, float(noise.size[0]) / usual) if usual else 1.0
        serves[mine] = found.good.reshape(-1) & np.isfinite(columns["lost"][mine])
    return Powers(**columns, good=serves, noise=float(noise.size[0])), serves


def _note(sampler: StructuredSampler, serves: Array) -> None:
    """Keep in the sampler which parts were measured by their units."""
    for part in sampler.node_of:
        mine = serves[sampler.entries.part == part]
        if mine.any():
            sampler.said[part] = "per_unit" if mine.all() else "per_unit and structure"


def _read_off(table: Powers, start: Start, sampler: StructuredSampler, scheme: str, step: Array) -> Climbed:
    """The measurements that the scheme would have made, from the curves."""
    value = sampler.entries.value
    up, down = (value + step) - value, value - (value - step)

    def slope_at(h: Array) -> Array:
        return np.asarray(table.g1 + h * (table.g2 + h * (table.g3 + h * table.g4)))

    with np.errstate(all="ignore"):
        right, left = slope_at(up), slope_at(-down)
        plain = right if scheme == "forward" else table.g1 + up * up * table.g3
        slope = plain if scheme in ("forward", "central") else table.g1
        bent = 4 * (right - slope_at(up / 2)) / up if scheme == "forward" else 2 * (right - left) / (up + down)
        bias = 2 * np.abs(right - slope_at(up / 2)) if scheme == "forward" else np.abs(slope - table.g1)
        rung = Rung(
            step=up, after=start.base + _column(up * right), below=start.base - _column(down * left),
            left=_column(left), right=_column(right), left0=_column(table.g1), right0=_column(table.g1),
            slope=_column(slope), plain=_column(plain), truncation=_column(bias + table.doubt),
            rounding=_column(table.lost), gap=_column(right - left), finer_gap=_column((right - left) / 2),
            curvature=_column(bent),
        )  # fmt: skip
    no = np.zeros((len(step), 1), dtype=bool)
    return Climbed(rung, rung.slope, rung.bar, no, no.copy(), no[:, 0].copy())


def _column(values: Array) -> Array:
    return values[:, None]


def _put(found: Climbed, rows: Array, others: Climbed) -> Climbed:
    """`found`, with `others` in the place of some of its entries."""
    put = {}
    for name in ("slope", "bar", "corner", "jump", "undefined"):
        put[name] = getattr(found, name).copy()
        put[name][rows] = getattr(others, name)
    at = {int(rows[k]): crossing for k, crossing in others.at.items()}
    return Climbed(found.rung.put(rows, others.rung), **put, at=at, unasked=others.unasked)
