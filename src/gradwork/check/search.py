"""The search for a cause: patterns first, then deliberate mistakes, one and two at a time.

A cause is named only where what it predicts is what was given, to the noise, and, where the gradient is a function, at
a second point as well. Two causes that fit alike are both named.

Source: mutation as a means of diagnosis: DeMillo, Lipton and Sayward, 1978, the other way round.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Finding, Mutant, causes, explained
from gradwork.check.evidence import Edit, Evidence, Joint

SECONDS = 4.0  # for all mistakes together; patterns are always tried
MOST_NAMED = 3  # causes that fit alike
MOST_TURNS = 6


def diagnosed(evidence: Evidence) -> list[Finding]:
    """The causes of what is wrong, each with the arrays that it explains; empty where none is recognised."""
    wrong = set(evidence.wrong)
    facts = [f for f in _patterns(evidence, facts=True) if f.explains or not wrong]
    wrong -= {name for f in facts for name in f.explains}
    found = _explained(evidence, wrong) if wrong else []
    return [*sorted(facts, key=lambda f: f.cause.rank), *found]


def _explained(evidence: Evidence, wrong: set[str]) -> list[Finding]:
    """The causes of these wrong arrays."""
    patterns = list(_patterns(evidence))
    ended = time.monotonic() + SECONDS
    single = list(_singles(evidence, ended)) if evidence.joint is not None else []
    whole = [f for f in [*patterns, *single] if wrong <= set(f.explains)]
    confirmed = _confirmed(whole, evidence)
    if confirmed:
        return _best(confirmed)
    covering = _covered([*patterns, *single], evidence, wrong)
    if covering and not wrong - {name for f in covering for name in f.explains}:
        return covering
    if evidence.joint is not None:
        pairs = _confirmed(list(_pairs(evidence, [*single], wrong, ended)), evidence)
        if pairs:
            return _best(pairs)
    return covering


def _patterns(evidence: Evidence, facts: bool = False) -> Iterator[Finding]:
    for cause in causes():
        if cause.find is not None and cause.fact is facts:
            for found in cause.find(evidence):
                if found.explains:
                    yield found


# -- deliberate mistakes ----------------------------------------------------------------------------------------------


def all_mutants(joint: Joint) -> list[tuple[Cause, Mutant]]:
    """Every deliberate mistake at every place; and at all places that one line of the user's made, in a loop."""
    found = _MUTANTS.get(joint)
    if found is None:
        one_by_one = [(c, mutant) for c in causes() if c.mutants is not None for mutant in c.mutants(joint)]
        found = _MUTANTS[joint] = [*_repeated(joint, one_by_one), *one_by_one]
    return found


_MUTANTS: weakref.WeakKeyDictionary[Joint, list[tuple[Cause, Mutant]]] = weakref.WeakKeyDictionary()


def _repeated(joint: Joint, one_by_one: Sequence[tuple[Cause, Mutant]]) -> Iterator[tuple[Cause, Mutant]]:
    """One mistake in a line that is run several times is made every time."""
    groups: dict[Any, list[tuple[Cause, Mutant]]] = {}
    counts: dict[Any, int] = {}
    for cause, mutant in one_by_one:
        node = joint.node(mutant.node)
        if node.where is None or mutant.more:
            continue
        # The same op in the same role, and the mistake at the same place among those of its site.
        counts[cause.code, mutant.node] = place = counts.get((cause.code, mutant.node), -1) + 1
        role = "".join(c for c in node.origin.role if not c.isdigit())
        of = node.origin.node
        read = tuple(joint.node(i).op for i in joint.node(of).inputs) if of is not None else ()
        key = (cause.code, node.where, node.op, role, node.origin.path, read, place)
        groups.setdefault(key, []).append((cause, mutant))
    for members in groups.values():
        if len(members) < 2:
            continue
        yield _together(members, f"and so each of the {len(members)} times that this line runs")
        # A function that is called for several gates at each step runs its line for each of them in turn.
        for turn in range(2, min(len(members) // 2, MOST_TURNS) + 1):
            if len(members) % turn == 0:
                for place in range(turn):
                    some = members[place::turn]
                    yield _together(some, f"and so each {turn}th time that this line runs")


def _together(members: Sequence[tuple[Cause, Mutant]], says: str) -> tuple[Cause, Mutant]:
    cause, first = members[0]
    return cause, replace(first, says=f"{first.says}, {says}", more={m.node: m.edit for _, m in members[1:]})


def _singles(evidence: Evidence, ended: float) -> Iterator[Finding]:
    """The mistakes that explain some wrong array, one at a time."""
    assert evidence.joint is not None
    yield from _tried(evidence, evidence.joint, evidence.right, {}, all_mutants(evidence.joint), ended)


def _tried(
    evidence: Evidence,
    joint: Joint,
    base: Mapping[str, Any],
    first: Mapping[int, Edit],
    mutants: Sequence[tuple[Cause, Mutant]],
    ended: float,
) -> Iterator[Finding]:
    wrong = evidence.fitting
    for cause, mutant in mutants:
        if time.monotonic() > ended:
            return
        if first.keys() & mutant.edits.keys():
            continue
        edits = {**first, **mutant.edits}
        made = joint.with_edits(edits)
        if not made:
            continue
        predicted = {name: np.asarray(made.get(name, base[name]), float) for name in base}
        # A mistake that spoils an array that is right, or one in a way that it is not spoiled, is not the one.
        if any(not evidence.equals(n, predicted[n]) for n in predicted if n in made and n not in wrong):
            continue
        explains = [n for n in wrong if n in made and evidence.equals(n, predicted[n])]
        if explains and any(not np.array_equal(predicted[n], evidence.right[n]) for n in explains):
            spoiled = [n for n in wrong if n in made and not np.array_equal(predicted[n], base[n])]
            yield explained(
                cause, evidence, mutant.says, explains, {n: predicted[n] for n in explains},
                layer=mutant.layer, why=mutant.why, hint=mutant.hint, edits=edits,
                whole=set(spoiled) <= set(explains),
            )  # fmt: skip


def _pairs(evidence: Evidence, single: Sequence[Finding], wrong: set[str], ended: float) -> Iterator[Finding]:
    """Two mistakes at once: one that explains some arrays, and a second on top of it that explains the rest."""
    joint = evidence.joint
    assert joint is not None
    firsts = sorted((f for f in single if f.edits), key=lambda f: (-len(f.explains), f.cause.rank))
    mutants = all_mutants(joint)
    seen: set[tuple[str, ...]] = set()
    for first in firsts:
        if first.explains in seen and len(seen) > MOST_NAMED:
            continue
        seen.add(first.explains)
        made = joint.with_edits(first.edits) or {}
        base = {n: np.asarray(made.get(n, evidence.right[n]), float) for n in evidence.right}
        for second in _tried(evidence, joint, base, first.edits, mutants, ended):
            explains = set(second.explains) | {n for n in first.explains if evidence.equals(n, base[n])}
            if wrong <= explains and second.says != first.says:
                yield replace(
                    second,
                    says=f"{first.says}; and {second.says}",
                    explains=tuple(n for n in evidence.wrong if n in explains),
                    predicted={**{n: base[n] for n in first.explains}, **second.predicted},
                    why="; ".join(w for w in (first.why, second.why) if w),
                    hint="; ".join(h for h in (first.hint, second.hint) if h),
                )


# -- choosing ---------------------------------------------------------------------------------------------------------


def _confirmed(found: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """Those that hold at a second point as well, where there is one."""
    if not found:
        return []
    second = evidence.second
    if second is None or second.joint is None:
        return list(found)
    return [replace(f, points=2) for f in found if _holds(f, second, evidence)]


def _holds(finding: Finding, second: Evidence, first: Evidence) -> bool:
    """Whether a finding explains the same arrays at a second point."""
    if finding.edits:
        assert second.joint is not None
        if len(second.joint.graph) != len(first.joint.graph if first.joint else ()):
            return False
        made = second.joint.with_edits(finding.edits) or {}
        return all(second.equals(n, made.get(n, second.right[n])) for n in finding.explains)
    if finding.cause.find is None:
        return False
    again = [f for f in finding.cause.find(second) if f.says == finding.says]
    return any(set(finding.explains) <= set(f.explains) for f in again)


def _best(found: Sequence[Finding]) -> list[Finding]:
    """The most particular cause, and those beside it that fit as well and predict the same."""
    ordered = sorted(found, key=lambda f: (f.cause.rank, f.cause.code, f.layer))
    first = ordered[0]
    others: list[Finding] = []
    for f in ordered[1:]:
        if f.cause.code != first.cause.code and f.cause.code not in {o.cause.code for o in others}:
            others.append(f)
    tied = [f for f in others if f.cause.rank == first.cause.rank]
    return [first, *tied][:MOST_NAMED]


def _covered(found: Sequence[Finding], evidence: Evidence, wrong: set[str]) -> list[Finding]:
    """Causes that together explain as many arrays as can be: the one that explains most comes first."""
    chosen: list[Finding] = []
    left = set(wrong)
    while left:
        # One that would spoil another array in another way than it is spoiled is not the cause by itself.
        candidates = [f for f in found if f.whole and left & set(f.explains)]
        candidates.sort(key=lambda f: (-len(left & set(f.explains)), f.cause.rank, f.cause.code))
        for candidate in candidates:
            if _confirmed([candidate], evidence):
                points = 2 if evidence.second is not None and evidence.second.joint is not None else 1
                chosen.append(replace(candidate, points=points))
                left -= set(candidate.explains)
                break
        else:
            break
    return chosen
