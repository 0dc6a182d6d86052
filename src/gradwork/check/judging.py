"""Every entry of a gradient against a measured slope: verdicts, and the right slopes as exactly as they are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check import allowance
from gradwork.check.cancelled import Cancelled
from gradwork.check.case import Case, typical
from gradwork.check.evidence import SMALL, Joint
from gradwork.check.given import Array, Leaf
from gradwork.check.sampled import is_large, measured_along
from gradwork.check.verdicts import Verdict, judged, misshapen
from gradwork.errors import ShapeError
from gradwork.gradients.nudge import nudge
from gradwork.gradients.nudging.record import Nudged, NudgedArray


@dataclass(frozen=True, eq=False)
class Judgement:
    """The verdicts, the right slopes as exactly as they are known, within what another array equals them, the graph.

    nudged: the measured slopes; None where a large model was looked at along directions.
    """

    verdicts: Mapping[str, Verdict]
    right: Mapping[str, Array]
    tolerance: Mapping[str, Array]
    joint: Joint | None
    nudged: Nudged | None


def judge(case: Case) -> Judgement:
    """Measure, and hold the gradient against what was measured.

    Raises ShapeError for a loss of several numbers, and what `gw.nudge` raises.
    """
    f, args, kwargs = case.loss, case.args, case.kwargs
    joint = case.joint_at((args, kwargs))
    rounding = _rounding(case, joint)
    lost = Cancelled(f, args, kwargs, case.reading.leaves, joint)
    if callable(f) and is_large(f, args, kwargs, case.leaves, joint):
        return _by_directions(f, case, joint, rounding, lost)
    wrt = tuple(dict.fromkeys(leaf.key for leaf in case.reading.leaves))
    found = nudge(f, *args, wrt=wrt, kwargs=kwargs)
    _check_loss(np.shape(found.before))
    return _by_entries(case, found, joint, rounding, lost)


def _check_loss(shape: tuple[int, ...]) -> None:
    if shape != ():
        raise ShapeError(
            f"the function gives an array {shape}, and a gradient is taken of one number",
            why="each of its numbers has slopes of its own",
            hint="a loss that adds them up, such as np.sum(r * f(...)) with random weights r",
        )


def _by_entries(
    case: Case, found: Nudged, joint: Joint | None, rounding: Mapping[str, Array], lost: Cancelled
) -> Judgement:
    """Every entry against its measured slope."""
    names = {leaf.name: found.arrays[leaf.name] for leaf in case.reading.leaves}
    joint = joint if joint is not None and _confirms(joint, names, found, rounding, lost) else None
    unit, usual = case.unit, _usual(case, names)
    verdicts: dict[str, Verdict] = {}
    right: dict[str, Array] = {}
    tolerance: dict[str, Array] = {}
    for leaf in case.leaves:
        measured = names[leaf.name]
        mine = rounding.get(leaf.name, allowance.least(np.asarray(measured.slope), unit))
        verdicts[leaf.name], measured = _verdict(leaf, measured, found, mine, usual[leaf.name], lost)
        slope, bar = np.asarray(measured.slope, float), np.asarray(measured.bar, float)
        if np.shape(mine) != slope.shape:
            mine = allowance.least(slope, unit)  # that of a gradient of another shape says nothing here
        right[leaf.name], tolerance[leaf.name] = _reference(leaf, slope, bar, joint, mine)
    return Judgement(verdicts, right, tolerance, joint, found)


def _verdict(
    leaf: Leaf, measured: NudgedArray, found: Nudged, rounding: Array, usual: float, lost: Cancelled
) -> tuple[Verdict, NudgedArray]:
    """The verdict on one array, and the slopes with the bars that it rests on."""
    if np.shape(leaf.yours) != leaf.shape:
        slope, bar = np.asarray(measured.slope), np.asarray(measured.bar)
        return misshapen(leaf.name, leaf.yours, slope, bar), measured
    corners = tuple(corner for corner in found.kinks if corner.name == measured.name)
    verdict = judged(measured, leaf.yours, rounding, corners, usual)
    if verdict.differ.any():
        # Nobody is accused by digits that the loss itself has lost.
        measured = lost.widened(leaf.name, measured)
        verdict = judged(measured, leaf.yours, rounding, corners, usual)
    return verdict, measured


def _usual(case: Case, measured: Mapping[str, Any]) -> dict[str, float]:
    """For each array, a slope by which a change of its own size would count as much as one of another array does."""
    sizes = {leaf.name: typical(leaf.value) or 1.0 for leaf in case.leaves}
    counts = max((typical(measured[name].slope) * size for name, size in sizes.items()), default=0.0)
    return {name: counts / size for name, size in sizes.items()}


def _by_directions(
    f: Callable[..., Any], case: Case, joint: Joint | None, rounding: Mapping[str, Array], lost: Cancelled
) -> Judgement:
    """Each array along random directions, and some of its entries."""
    leaves, unit = case.leaves, case.unit
    verdicts, confirmed = measured_along(f, case.args, case.kwargs, leaves, joint, rounding, lost)
    joint = joint if confirmed else None
    right: dict[str, Array] = {}
    tolerance: dict[str, Array] = {}
    for leaf in leaves:
        verdict = verdicts[leaf.name]
        mine = rounding.get(leaf.name, allowance.least(verdict.measured, unit))
        right[leaf.name], tolerance[leaf.name] = _reference(leaf, verdict.measured, verdict.bar, joint, mine)
    return Judgement(verdicts, right, tolerance, joint, None)


def _rounding(case: Case, joint: Joint | None) -> dict[str, Array]:
    """What a right gradient's own rounding may amount to, by name."""
    unit = case.unit
    if joint is not None:
        inputs = [joint.values[i] for i in joint.graph.inputs]
        found = allowance.by_precision(joint.graph, inputs, list(joint.slope.values()), unit)
        if found is not None:
            return dict(zip(joint.slope, found, strict=True))
    if not callable(case.gradient):
        return {}
    return allowance.by_asking_again(lambda seed: case.slopes_at(case.moved(seed, by=4 * unit)), case.yours)


def _reference(leaf: Leaf, slope: Array, bar: Array, joint: Joint | None, rounding: Array) -> tuple[Array, Array]:
    """The right slopes as exactly as they are known, and within what another array equals them."""
    if joint is not None:
        exact = np.asarray(joint.value(joint.slope[leaf.name]), float)
        return exact, np.maximum(4 * rounding, SMALL * typical(slope))
    return slope, 4 * np.where(np.isfinite(bar), bar, np.inf) + 4 * rounding


def _confirms(
    joint: Joint, measured: Mapping[str, Any], found: Nudged, rounding: Mapping[str, Array], lost: Cancelled
) -> bool:
    """Whether the measured slopes confirm the graph's gradient: only then may it serve as the right one."""
    for name, position in joint.slope.items():
        exact = np.asarray(joint.value(position), float)
        corners = [corner.index for corner in found.kinks if corner.name == name]
        if _apart(exact, measured[name], rounding.get(name, 0.0), corners) and _apart(
            exact, lost.widened(name, measured[name]), rounding.get(name, 0.0), corners
        ):
            return False
    return True


def _apart(exact: Array, array: NudgedArray, rounding: Any, corners: Sequence[tuple[int, ...]]) -> bool:
    slope, bar = np.asarray(array.slope, float), np.asarray(array.bar, float)
    with np.errstate(all="ignore"):
        reach = 10 * bar + 1e-6 * np.abs(slope) + rounding
        off = np.asarray(np.isfinite(slope) & np.isfinite(bar) & (np.abs(exact - slope) > reach))
    for index in corners:
        off[index] = False
    return bool(off.any())
