"""Slopes with a limit in them: cut off, switched at another place, or of a loss that has one more number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Mutant
from gradwork.check.diagnoses._regions import Region
from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names

OfLimit = Callable[[Array, Any], Array]

# Of the value u and a number c that stands in the loss, or 1.
SLOPES: dict[str, OfLimit] = {
    "u, cut off at {c} and -{c}": lambda u, c: np.clip(u, -c, c),
    "twice u, cut off at {c} and -{c}": lambda u, c: 2 * np.clip(u, -c, c),
    "{c} times the sign of u": lambda u, c: c * np.sign(u),
    "u where |u| is below {c}, else the sign": lambda u, c: np.where(np.abs(u) < c, u, np.sign(u)),
    "u where |u| is below {c}, else 0": lambda u, c: np.where(np.abs(u) < c, u, 0.0),
    "u where u is below {c}, else {c}": lambda u, c: np.where(u < c, u, c),
    "{c} where u is above 0, else 1": lambda u, c: np.where(u > 0, c, 1.0),
    "1 where u is above 0, else {c}": lambda u, c: np.where(u > 0, 1.0, c),
    "1 where u is above 0, else -{c}": lambda u, c: np.where(u > 0, 1.0, -c),
    "1 where u is above 0, else {c} u": lambda u, c: np.where(u > 0, 1.0, c * u),
    "1 where u is above 0, else {c} exp(u)": lambda u, c: np.where(u > 0, 1.0, c * np.exp(np.minimum(u, 0))),
    "{c} where u is above 0, else {c} - 1": lambda u, c: c - (u < 0),
    "1 - {c} where u is above 0, else -{c}": lambda u, c: (u > 0) - c,
    "1 where u is below 0": lambda u, c: (u < 0) * 1.0,
    "the sign of u": lambda u, c: np.sign(u),
    "1 where u is above {c}": lambda u, c: (u > c) * 1.0,
    "1 where u is above -{c}": lambda u, c: (u > -c) * 1.0,
    "1 where u is below {c}": lambda u, c: (u < c) * 1.0,
    "1 where |u| is below {c}": lambda u, c: (np.abs(u) < c) * 1.0,
    "the sign of u where |u| is above {c}": lambda u, c: np.sign(u) * (np.abs(u) > c),
}
OF_A_NUMBER = frozenset(form for form in SLOPES if form.count("{c}") > 1 and "1" in form)  # not for 1 itself
CHOOSING = frozenset(("where", "maximum", "minimum", "clip", "relu", "absolute"))
MOST_NUMBERS = 3


def limited(joint: Joint, region: Region, own: str, words: tuple[str, str, str]) -> Iterator[Mutant]:
    """Slopes of a function that stands in the loss, with each number that the function reads, and with 1."""
    where, why, hint = words
    if not CHOOSING & {joint.node(k).op for k in region.inside} and own != "the square":
        return
    names = Names.of(joint)
    forms = [
        (form.format(c=label), slope, number, position)
        for position, label, number in _numbers(joint, names, region)
        for form, slope in SLOPES.items()
        if position is not None or form not in OF_A_NUMBER
    ]
    u = joint.value(region.start)
    with np.errstate(all="ignore"):
        made = [np.asarray(slope(u, number), float) for _, slope, number, _ in forms]
    of = f"with u = {names.name(region.start)}: "
    for place, (form, slope, _, position) in enumerate(forms):
        # Forms that differ only where no entry is cannot be told apart.
        same = [
            f
            for (f, *_), m in zip(forms[place + 1 :], made[place + 1 :], strict=True)
            if np.array_equal(m, made[place])
        ]
        same = [f for f in dict.fromkeys(same) if f != form][:2]
        says = form + (f" (here the same as: {'; '.join(same)})" if same else "")
        yield Mutant(
            region.back,
            _edit(region, position, slope),
            f"{of}{says}, stands where the slope of {own} belongs{where}",
            joint.layers[region.end],
            why,
            hint,
        )


def _numbers(joint: Joint, names: Names, region: Region) -> list[tuple[int | None, str, float]]:
    """The numbers that the function reads, with what they are called; and 1."""
    found: list[tuple[int | None, str, float]] = []
    for position in region.numbers:
        number = float(np.reshape(joint.values[position], -1)[0])
        if number not in (0.0, 1.0, 2.0) and len(found) < MOST_NUMBERS:
            found.append((position, names.name(position), number))
    return [*found, (None, "1", 1.0)]


def _edit(region: Region, position: int | None, slope: OfLimit) -> Edit:
    def edit(values: Sequence[Any]) -> Any:
        number = 1.0 if position is None else float(np.reshape(values[position], -1)[0])
        return values[region.coming] * slope(values[region.start], number)

    return edit
