"""The contract of a chapter: what every sheet of it has to keep, tried over many seeds.

Every sheet is solvable; its key is marked full, written in several ways; what cannot be read is never wrong; the same
seed gives the same sheet; and every mistake that a blank can show is given its name, alone or beside another that gives
the same number.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gradwork.check.paper import Slip
from gradwork.worksheets.exercise import Chapter
from gradwork.worksheets.marks import FEW_DIGITS, MISTAKE, RIGHT, UNREADABLE
from gradwork.worksheets.rounding import number_text, rounded
from gradwork.worksheets.sheet import Asked, Sheet, make_sheet
from gradwork.worksheets.solver import solve


@dataclass
class Checked:
    """What was found. `planted` counts what became of planted mistakes: named, tied, named otherwise, not named."""

    sheets: int = 0
    blanks: int = 0
    answers: int = 0
    planted: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def named(self) -> float:
        """The share of planted mistakes that got their name, alone or in a tie."""
        total = sum(self.planted.values())
        return (self.planted["named"] + self.planted["tied"]) / total if total else 1.0


def check_chapter(
    chapter: Chapter, seeds: Iterable[int], *, levels: Iterable[int] = (1, 2, 3), plant: int = 5
) -> Checked:
    """Try a chapter over many seeds.

    plant: of every so many blanks, one gets each mistake in turn; 0 plants none.

    >>> from gradwork.worksheets.chapters import chapter_named
    >>> check_chapter(chapter_named("one-weight"), range(2)).faults
    []
    """
    checked = Checked()
    for level in levels:
        for seed in seeds:
            sheet = make_sheet(chapter, seed=seed, level=level)
            where = f"{chapter.slug} level {level} seed {seed}"
            checked.sheets += 1
            checked.blanks += len(sheet.blanks)
            _check_solvable(sheet, where, checked)
            _check_key(sheet, where, checked)
            if make_sheet(chapter, seed=seed, level=level).checksum != sheet.checksum:
                checked.faults.append(f"{where}: another sheet of the same seed")
            for blank in sheet.blanks[:: plant or len(sheet.blanks) + 1]:
                _plant(sheet, blank, checked)
    return checked


def _check_solvable(sheet: Sheet, where: str, checked: Checked) -> None:
    if not sheet.blanks:
        checked.faults.append(f"{where}: nothing is asked")
    for item in sheet.items:
        cells = [p[1] for p in item.hidden if p[0] == "cell"]
        stars = [p[1] for p in item.hidden if p[0] == "star"]
        unknown = {*cells, *stars, *(set(range(item.plan.size)) - item.shown)}
        told = set(item.told)
        if not solve(item.plan, item.values, unknown, cells, told.__contains__).solvable:
            checked.faults.append(f"{where}: a blank of {item.exercise.name} cannot be found")
        asked = {b.place[1] for b in sheet.blanks if b.kind == "cell" and sheet.items[b.item] is item}
        if asked != set(cells):
            checked.faults.append(f"{where}: what is hidden in {item.exercise.name} is not what is asked")


def _check_key(sheet: Sheet, where: str, checked: Checked) -> None:
    for written in _ways_to_write(sheet):
        checked.answers += len(written)
        for mark in sheet.grade(written):
            if mark.status != RIGHT:
                checked.faults.append(f"{where}: {mark.typed!r} for blank {mark.blank.number} is {mark.status}")
    nonsense = {blank.number: "?!" for blank in sheet.blanks}
    if any(mark.status != UNREADABLE for mark in sheet.grade(nonsense)):
        checked.faults.append(f"{where}: what cannot be read is not called so")


def _ways_to_write(sheet: Sheet) -> Iterator[dict[int, str]]:
    key = {b.number: b.text for b in sheet.blanks}
    yield key
    yield {k: t.replace(".", ",") if not b.choices else t for (k, t), b in zip(key.items(), sheet.blanks, strict=True)}
    yield {k: f" {t.replace('-', '−')} " for k, t in key.items()}


def _plant(sheet: Sheet, blank: Asked, checked: Checked) -> None:
    if blank.kind != "cell":
        return
    item = sheet.items[blank.item]
    key = {b.number: b.text for b in sheet.blanks}
    met: set[float] = set()
    for route in item.routes(blank.place[1])[:1]:
        for cause, slip in route.usual:
            value = _value(slip, item.values, item.exercise.decimals)
            if value is None or value in met or abs(value - float(blank.answer)) < 1e-9:
                continue
            met.add(value)
            mark = sheet.grade({**key, blank.number: number_text(value)})[blank.number]
            if mark.status in (RIGHT, FEW_DIGITS):
                continue  # rounded as the page prints, it is what belongs there
            codes = [c.code for c in mark.others]
            outcome = "tied" if cause.code in codes else "named otherwise" if mark.status == MISTAKE else "not named"
            checked.planted["named" if mark.code == cause.code else outcome] += 1


def _value(slip: Slip, values: tuple[float, ...], decimals: int) -> float | None:
    try:
        found = slip.value(values)
    except (ArithmeticError, ValueError):
        return None
    return rounded(found, decimals) if not isinstance(found, complex) and math.isfinite(found) else None
