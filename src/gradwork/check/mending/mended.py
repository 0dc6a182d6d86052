"""Which step of the gradient function has to be another one, so that it gives the right numbers.

Plain changes come first, and first the steps that are worked out from right values and hold none: there the error
enters. Where a change cannot be told before it is tried, those come first that give a value of the right way back.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Finding, causes
from gradwork.check.diagnoses._constants import COUNT, meanings
from gradwork.check.evidence import Evidence
from gradwork.check.given import Array
from gradwork.check.handwritten import handwritten
from gradwork.check.mending.instead import Instead
from gradwork.check.mending.mend import Mend, short
from gradwork.check.mending.mends import mends
from gradwork.check.mending.names import StepNames
from gradwork.check.mending.program import Aim, Program, aimed
from gradwork.check.mending.runs import runs_of
from gradwork.check.mending.site import Change, Row, Site, key_of_value, scaled_edit, times_edit
from gradwork.check.turns import Turns
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.passes import TRANSPARENT

LEVELS = ((0, True), (1, True), (2, True), (1, False))  # how far, and whether only what is likely
FEWEST = 3  # turns of a line that are changed together, and none by itself
FIRST_RANK = 30
PLAIN_NUMBERS = (2.0, 0.5, -1.0, -2.0, -0.5)
COUNTED, NUMBER = "GW201", "GW257"
ALONE = frozenset("GW255 GW256".split())  # what is left out anywhere is not left out twice
MOST_PAIRED = 60


def mended(evidence: Evidence, level: int, seconds: float) -> Iterator[Finding]:
    """The changes of one step of the gradient function that make it right: of one level of `LEVELS`."""
    search = _search(evidence)
    if search is not None:
        with np.errstate(all="ignore"):
            yield from search.at_level(level, seconds)


def _search(evidence: Evidence) -> Search | None:
    key = id(evidence)
    if key not in _MADE:
        _MADE.clear()
        program = evidence.program
        aim = None if program is None else aimed(program, evidence)
        _MADE[key] = evidence, None if aim is None else Search(program, aim, evidence)
    found: Search | None = _MADE[key][1]
    return found


class Search(Site):
    """The steps of a program and the changes that are tried."""

    def __init__(self, program: Program, aim: Aim, evidence: Evidence) -> None:
        joint = program.joint
        super().__init__(program, aim, evidence, StepNames(joint), Turns.of(joint))
        self.by_code = {cause.code: cause for cause in causes()}
        loss = evidence.joint
        ways = [] if loss is None else [loss, handwritten(loss) or loss]
        self.met = {key_of_value(way.value(i)) for way in ways for i in range(len(way.graph))}
        self.sites = self._sites()
        self.instead = Instead(self)
        self._mends: dict[int, dict[str, Mend]] = {}

    def _sites(self) -> list[Row]:
        """Steps, and the same step at all turns: those first where the error seems to enter."""
        start, needed, joint = self.program.start, self.aim.needed, self.joint
        every = [*runs_of(self.program), *self.turns.families.values()]
        used = (tuple(i for i in m if needed[i]) for m in every if m[0] >= start)
        families = dict.fromkeys(m for m in used if len(m) > 1)
        inside = {i for m in families if len(m) >= FEWEST for i in m}
        own = [i for i in self.program.steps if needed[i] and joint.node(i).op not in (INPUT, CONSTANT)]
        sites = [*families, *((i,) for i in own if i not in inside)]
        known = [self._is_known(i) for i in range(len(joint.graph))]

        def entering(site: Row) -> tuple[int, int]:
            first = min(site)
            right = all(known[i] for i in joint.node(first).inputs)
            return (0 if right and not known[first] else 1 if not known[first] else 2, first)

        return sorted((s for s in sites if any(self._reaches(i) for i in s)), key=entering)

    def _is_known(self, position: int) -> bool:
        node = self.joint.node(position)
        given = node.op == INPUT or (node.op == CONSTANT and (not node.shape or position < self.program.start))
        return given or key_of_value(self.joint.value(position)) in self.met

    def _reaches(self, position: int) -> bool:
        return any((self.aim.behind[self.joint.slope[n]] >> position) & 1 for n in self.aim.wrong)

    # -- what is tried ------------------------------------------------------------------------------------------------

    def at_level(self, level: int, seconds: float) -> Iterator[Finding]:
        """What makes the program right, with changes of one kind."""
        self.ended = time.thread_time() + seconds
        near, strict = LEVELS[level]
        if near == 1 and not strict:
            yield from self._tried(self.instead.everywhere(self.sites, strict), len(self.sites))
        for order, site in enumerate(self.sites):
            yield from self._tried(self._changes(site, near, strict), order)
        if near == 1 and strict:
            yield from self._tried(self.instead.everywhere(self.sites, strict), len(self.sites))
        if level == 1:
            yield from self._tried(self._pairs(), len(self.sites))

    def _tried(self, changes: Iterable[Change], order: int) -> Iterator[Finding]:
        if self.over():
            return
        for change in changes:
            explains = self.mended(change.edits)
            if explains:
                yield self._finding(change, order, explains)
            if self.over():
                return

    def _changes(self, site: Row, near: int, strict: bool) -> Iterator[Change]:
        if strict:
            yield from self._structural(site, near)
        if strict and near == 2 and len(site) == 1:
            yield from self._numbers(site[0])
        if near:
            yield from self.instead.at(site, near, strict)

    def _structural(self, site: Row, near: int) -> Iterator[Change]:
        for kind, mend in self._of(site[len(site) // 2]).items():
            if min(mend.near, 2) != near:
                continue
            edits = {m: self._of(m)[kind].edit for m in sorted(site) if kind in self._of(m)}
            if 2 * len(edits) > len(site) and self.may(edits):
                yield Change(mend.near, mend.code, mend.says, mend.hint, edits, site)

    def _of(self, position: int) -> dict[str, Mend]:
        if position not in self._mends:
            self._mends[position] = {m.kind: m for m in mends(self.joint, self.names, position)}
        return self._mends[position]

    def _numbers(self, position: int) -> Iterator[Change]:
        """A part is multiplied by a number that means something; or has a factor too much, and a number too few."""
        if not self.aim.linear[position] or self.joint.node(position).op in TRANSPARENT:
            return
        whole = short(self.names.written(position, {}))
        value = np.asarray(self.joint.value(position), float)
        number = self.aim.number(position, value, value)
        for meaning in [] if number is None else meanings(self.evidence, 1 / number)[:1]:
            code = COUNTED if meaning.kind == COUNT else NUMBER
            edit = times_edit(self.joint, position, lambda values, n=1 / meaning.value: n)  # type: ignore[misc]
            yield Change(2, code, f"in {whole}, {meaning.says}", meaning.hint, {position: edit}, (position,))
        for kind, mend in self._of(position).items():
            made = self.differences({position: mend.edit}) if kind.startswith("without") else None
            number = None if made is None else self.aim.number(position, value + made[position], value)
            if number is not None and any(abs(number - n) <= 1e-9 for n in PLAIN_NUMBERS):
                says = f"{mend.says}, and the factor {number:g} is missing"
                edits = {position: scaled_edit(mend.edit, round(number, 1))}
                yield Change(2, mend.code, says, mend.hint, edits, (position,))

    def _pairs(self) -> Iterator[Change]:
        """The same change at two places, neither of which is behind the other."""
        by_kind: dict[str, list[tuple[int, Mend]]] = {}
        for position in [s[0] for s in self.sites if len(s) == 1 and self.aim.linear[s[0]]]:
            for kind, mend in self._of(position).items():
                if mend.near == 0 and mend.code not in ALONE:
                    by_kind.setdefault(kind, []).append((position, mend))
        for some in by_kind.values():
            for (one, first), (other, second) in itertools.combinations(some[:MOST_PAIRED], 2):
                if self.over():
                    return
                edits = {one: first.edit, other: second.edit}
                if self.may(edits, strict=True):
                    yield Change(1, first.code, f"{first.says}; and {second.says}", first.hint, edits, (one,))

    # -- what is found ------------------------------------------------------------------------------------------------

    def _finding(self, change: Change, order: int, explains: list[str]) -> Finding:
        site = change.site
        where = self.joint.node(site[len(site) // 2]).where
        line = f"in line {where.line} of the gradient, " if where is not None and where.line else ""
        turns = f", {self.turns.everywhere(site)}" if len(site) > 1 else ""
        rank = FIRST_RANK + 1000 * change.near + min(order, 999)
        cause: Cause = replace(self.by_code[change.code], rank=rank)
        told = self.names.spelled(change.says)
        given: dict[str, Array] = {n: self.evidence.yours[n] for n in explains}
        text = where.source() if where is not None else ""
        return Finding(
            cause,
            f"{line}{change.says}{turns}" + (f" ({told})" if told else ""),
            tuple(explains),
            given,
            why=f"with that, the line {text!r} gives the right numbers" if text else "",
            hint=change.hint,
            digits=self.evidence.digits(explains, given),
            edits=dict(change.edits),
            mends=True,
        )


_MADE: dict[int, tuple[Evidence, Any]] = {}
