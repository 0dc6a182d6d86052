"""The mode "per_unit" in `gw.nudge`: slopes and bars from nudged units, and entry by entry where that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gradwork.gradients.nudging.ladder import Climbed, first_exponent, power_of_two
from gradwork.gradients.nudging.noise import Noise
from gradwork.gradients.nudging.per_unit import UNIT, Powers, Units, powers
from gradwork.gradients.nudging.rungs import Rung
from gradwork.gradients.nudging.schemes import usual_step
from gradwork.gradients.nudging.start import Start
from gradwork.gradients.nudging.structure import StructuredSampler
from gradwork.gradients.nudging.subject import Array

Measure = Callable[[StructuredSampler, Noise, Array | None], Climbed]


def by_unit(
    measure: Measure, start: Start, sampler: StructuredSampler, noise: Noise, scheme: str, steps: Array | None
) -> Climbed:
    """Measure every entry. `measure` does it entry by entry, for the entries that a unit's curve does not serve."""
    count = len(sampler.entries.part)
    table, serves = _powers(sampler, noise)
    step = _usual(scheme, sampler, start.unit) if steps is None else steps
    if steps is None:
        # A step is a power of two; where it would reach beyond what is known, it is a smaller one.
        with np.errstate(all="ignore"):
            step = np.where(serves & (step > table.reach), np.exp2(np.floor(np.log2(table.reach))), step)
    serves = serves & (step <= table.reach) & (sampler.entries.value + step > sampler.entries.value)
    _note(sampler, serves)
    rest = np.flatnonzero(~serves)
    if len(rest) == count:
        return measure(sampler, noise, steps)
    found = _read_off(table, start, sampler, scheme, np.where(serves, step, 1.0))
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
    for part, node in sampler.node_of.items():
        found = powers(units, node)
        if found is None:
            continue
        mine = entries.part == part
        for name, column in columns.items():
            column[mine] = getattr(found, name).reshape(-1)
        # The function itself may be noisier than its last digits; then every rise of a row is, too.
        columns["lost"][mine] *= max(1.0, float(noise.size[0]) / max(4 * UNIT * found.level, np.finfo(float).tiny))
        serves[mine] = found.good.reshape(-1)
    return Powers(**columns, good=serves, level=0.0), serves


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
    return Climbed(found.rung.put(rows, others.rung), **put, at=at)
