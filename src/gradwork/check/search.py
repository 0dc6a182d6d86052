"""The search for a cause: patterns first, then deliberate mistakes, one and two at a time.

A cause is named only where what it predicts is what was given, to the noise, and, where the gradient is a function, at
a second point as well. Two causes that fit alike are both named.

Source: mutation as a means of diagnosis: DeMillo, Lipton and Sayward, 1978, the other way round.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.check.cause import Finding, causes
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.guarded import guarded
from gradwork.check.handwritten import handwritten
from gradwork.check.mending.mended import LEVELS, mended
from gradwork.check.mutation import all_mutants, tried
from gradwork.check.pairs import of_terms, two_at_once, two_likely, with_a_factor, with_a_term
from gradwork.check.parts import with_parts
from gradwork.check.patience import seconds, until
from gradwork.check.pinned import of_another_step
from gradwork.check.routes import of_paths
from gradwork.check.screen import Screen, screened
from gradwork.check.sequences import in_turns
from gradwork.check.sites import Names
from gradwork.check.swaps import swapped
from gradwork.check.turns import Turns

SECONDS = 4.5  # of computing, for all single mistakes together; patterns are always tried
SECONDS_IN_LOOPS = 6.5  # a mistake at every turn can seldom be told before it is tried
SOON = 0.8  # for those that cannot be told before they are tried, the first time
SECONDS_FOR_PAIRS = 1.0
SECONDS_MENDING = (0.8, 1.4, 0.6, 0.6)  # for each level of the gradient function's own steps
PLAIN_LEVELS = (0, 1)
SECONDS_BEFORE = 3.5  # for the way back, where these can be followed
SCATTERED = 3  # places
AGAIN = frozenset("GW247 GW265".split())  # a value that is worked out again is worked out once for all
BARE = frozenset("GW208 GW239 GW242 GW248 GW249".split())  # they say what comes out, and not what was written
MOST_NAMED = 3  # causes that fit alike
ENOUGH, MOST_TELLING = 9.0, 4  # digits that have to agree; entries of an array that are looked at for them
OF_MANY = 15.0  # of pairs of mistakes, and of other values in a place: a million and more are tried
_SAME = re.compile(r"(?:^|, |: )(.+?) stands where \1 belongs")  # of two values that are called alike
MANY = frozenset("GW236 GW248 GW255 GW256 GW257".split())


def diagnosed(evidence: Evidence) -> list[Finding]:
    """The causes of what is wrong, each with the arrays that it explains; empty where none is recognised."""
    wrong = set(evidence.wrong)
    facts = [f for f in _patterns(evidence, facts=True) if f.explains or not wrong]
    wrong -= {name for f in facts for name in f.explains}
    wrong -= {name for name in wrong if name in evidence.fitting and _only_at_kinks(evidence, name)}
    found = _explained(evidence, wrong) if wrong else []
    return [*sorted(facts, key=lambda f: f.cause.rank), *(_spelled(f, evidence) for f in found)]


def _spelled(finding: Finding, evidence: Evidence) -> Finding:
    """A long formula that a sentence calls u39 is written behind it."""
    if evidence.joint is None or finding.mends:
        return finding
    told = Names.of(evidence.joint).spelled(finding.says)
    return replace(finding, says=f"{finding.says} ({told})") if told else finding


def _at_kink(evidence: Evidence, name: str) -> Any:
    """Which entries have no one slope, so that they speak for no cause."""
    verdict, shape = evidence.verdicts.get(name), np.shape(evidence.yours[name])
    return verdict.at_kink if verdict is not None and np.shape(verdict.at_kink) == shape else np.zeros(shape, bool)


def _only_at_kinks(evidence: Evidence, name: str) -> bool:
    kinks = _at_kink(evidence, name)
    if not np.any(kinks) or np.shape(evidence.yours[name]) != np.shape(evidence.right[name]):
        return False
    with np.errstate(all="ignore"):
        same = np.abs(evidence.yours[name] - evidence.right[name]) <= evidence.tolerance[name]
    return bool(np.all(same | kinks))


def _explained(evidence: Evidence, wrong: set[str]) -> list[Finding]:
    """The causes of these wrong arrays."""
    found: list[Finding] = []
    confirmed: list[Finding] = []
    for stage in _stages(evidence):
        more = [f for f in stage if not f.edits or (_tells(f, evidence) and not _SAME.search(f.says))]
        more = [f for f in more if not _scattered(f, evidence)]
        found += more
        confirmed = _confirmed(_whole(more, wrong), evidence)
        if confirmed:
            best = _best(confirmed)
            if best[0].cause.code in BARE:
                return _with_the_step(best, evidence, wrong)
            return (_plainer(evidence, wrong) if _is_roundabout(best[0]) else []) or best
    ended = until(SECONDS_FOR_PAIRS)
    together = [f for f in found if not f.alone]
    covering = _covered(together, evidence, wrong)
    if covering and not wrong - {name for f in covering for name in f.explains}:
        return covering
    pairs = itertools.chain(
        two_at_once(evidence, together, wrong, ended), with_a_factor(evidence, ended), with_a_term(evidence, ended)
    )
    confirmed = _confirmed([f for f in pairs if _tells(f, evidence)], evidence)
    if not confirmed and not covering:
        likely = two_likely(evidence, wrong, until(SECONDS_FOR_PAIRS))
        confirmed = _confirmed([f for f in likely if _tells(f, evidence)], evidence)
    if confirmed:
        return _best(confirmed)
    separate = _confirmed([f for f in found if f.alone and wrong <= set(f.explains)], evidence)
    if separate:
        return _best(separate)
    # Of the many stand-ins, one that explains only a part of what is wrong does so by chance.
    return _covered([f for f in found if f.cause.code not in MANY], evidence, wrong) or _plain(covering)


def _is_roundabout(finding: Finding) -> bool:
    """Whether it is said of a whole array that nothing comes back: that may be so by chance, as one and less one."""
    return not finding.mends and finding.says.startswith("nothing comes back")


def _with_the_step(best: list[Finding], evidence: Evidence, wrong: set[str]) -> list[Finding]:
    """What comes out is told with the step of the gradient function that it comes from."""
    made = _plainer(evidence, wrong)
    if not made or not made[0].mends:
        return best
    return [replace(best[0], says=f"{best[0].says}: {made[0].says}"), *best[1:]]


def _plainer(evidence: Evidence, wrong: set[str]) -> list[Finding]:
    """A plain change of one step of the gradient function that makes it right."""
    for level in PLAIN_LEVELS if evidence.program is not None else ():
        made = [f for f in mended(evidence, level, seconds(SECONDS_MENDING[level])) if _tells(f, evidence)]
        confirmed = _confirmed(_whole(made, wrong), evidence)
        if confirmed:
            return _best(confirmed)
    joint = evidence.joint
    screen = None if joint is None else screened(joint, evidence)
    if joint is None or screen is None:
        return []
    soon = until(SOON)
    paths = [
        f for f in tried(evidence, joint, evidence.right, {}, of_paths(joint), soon, screen) if _tells(f, evidence)
    ]
    confirmed = _confirmed(_whole(paths, wrong), evidence)
    return _best(confirmed) if confirmed else []


def _scattered(finding: Finding, evidence: Evidence) -> bool:
    """Whether a slip explains some arrays and not others, and has to be made at several places for that."""
    if not finding.alone or finding.mends or evidence.joint is None or Turns.of(evidence.joint).loops:
        return False
    several = len(finding.edits) >= SCATTERED
    return several or (finding.cause.code in AGAIN and len(finding.explains) > 1)


def _plain(covering: Sequence[Finding]) -> list[Finding]:
    return [f for f in covering if f.cause.code not in MANY]


def _whole(found: Sequence[Finding], wrong: set[str]) -> list[Finding]:
    """Those that explain all that is wrong, and spoil nothing that is right."""
    return [f for f in found if wrong <= set(f.explains) and not f.alone]


def _patterns(evidence: Evidence, facts: bool = False) -> Iterator[Finding]:
    for cause in causes():
        if cause.find is not None and cause.fact is facts:
            for found in guarded(cause, cause.find(evidence)):
                if found.explains:
                    yield found


# -- deliberate mistakes ----------------------------------------------------------------------------------------------


def _stages(evidence: Evidence) -> Iterator[Iterator[Finding]]:
    """Where causes are looked for, one after the other, until one is found that explains everything."""
    patterns = list(_patterns(evidence))
    loops = evidence.joint is not None and Turns.of(evidence.joint).loops
    own = evidence.program is not None
    ended = until(SECONDS_BEFORE if own else SECONDS_IN_LOOPS if loops else SECONDS)
    ways: list[tuple[Joint, Screen | None]] = []
    if evidence.joint is not None:
        ways.append((evidence.joint, screened(evidence.joint, evidence)))
    first = [tried(evidence, j, evidence.right, {}, all_mutants(j), ended, s, told=True) for j, s in ways if s]
    yield itertools.chain(patterns, *first)
    by_hand = None if evidence.joint is None else handwritten(evidence.joint)
    if by_hand is not None:
        ways.append((by_hand, screened(by_hand, evidence)))
        yield tried(evidence, by_hand, evidence.right, {}, all_mutants(by_hand), ended, ways[1][1], told=True)
    for joint, screen in ways[:1]:
        # Plain mistakes in what goes forward, while they take no time: they are told more simply than what follows.
        soon = until(SOON)
        paths = tried(evidence, joint, evidence.right, {}, of_paths(joint), soon, screen)
        soon = until(SOON)
        plain = tried(evidence, joint, evidence.right, {}, all_mutants(joint), soon, screen, told=False)
        yield itertools.chain(paths, plain)
        # In a loop, the state of another step is the likeliest mistake, and can seldom be told before it is tried.
        if screen is not None:
            soon = until(SOON)
            yield tried(evidence, joint, evidence.right, {}, in_turns(joint, screen, soon, near=True), soon, screen)
            soon = until(SOON)
            yield tried(evidence, joint, evidence.right, {}, in_turns(joint, screen, soon, alike=True), soon, screen)
            soon = until(SOON)
            yield tried(evidence, joint, evidence.right, {}, of_another_step(joint, soon), soon)
    for joint, screen in ways:
        if screen is not None:
            yield tried(evidence, joint, evidence.right, {}, in_turns(joint, screen, ended), ended, screen, told=True)
            yield tried(evidence, joint, evidence.right, {}, with_parts(joint, screen, evidence, ended), ended)
            yield tried(evidence, joint, evidence.right, {}, swapped(joint, screen, ended), ended)
    # What could not be told before it was tried takes longer.
    for joint, screen in reversed(ways):
        told = None if screen is None else False
        yield tried(evidence, joint, evidence.right, {}, all_mutants(joint), ended, screen, told=told)
        if screen is not None and joint is ways[-1][0]:
            yield tried(evidence, joint, evidence.right, {}, in_turns(joint, screen, ended), ended, screen, told=False)
    for joint, _ in ways:
        yield tried(evidence, joint, evidence.right, {}, all_mutants(joint, late=True), ended)
    # Where the gradient function can be followed, its own steps say what the way back could not.
    for level in range(len(LEVELS)) if own else ():
        yield mended(evidence, level, seconds(SECONDS_MENDING[level]))
    for joint, screen in ways:
        if screen is not None and len(evidence.wrong) < len(evidence.verdicts):
            yield tried(evidence, joint, evidence.right, {}, swapped(joint, screen, ended, alone=True), ended)


# -- choosing ---------------------------------------------------------------------------------------------------------


def _confirmed(found: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """Those that hold at a second point as well, where there is one."""
    if not found:
        return []
    second = evidence.second
    if second is None or second.joint is None:
        return list(found)
    return [replace(f, points=2) for f in found if _holds(f, second, evidence)]


def _tells(finding: Finding, evidence: Evidence) -> bool:
    """Whether so many digits agree that none of the many mistakes that are tried would do so by chance.

    An entry tells as many digits as its error is larger than what counts as equal; a second point, as many again.
    Of mistakes of which very many are tried, more digits have to agree.
    """
    enough = OF_MANY if finding.cause.code in MANY or "; and " in finding.says else ENOUGH
    digits = 0.0
    for name in finding.explains:
        with np.errstate(all="ignore"):
            error = np.abs(evidence.yours[name] - evidence.right[name]) / evidence.tolerance[name]
            error = np.where(_at_kink(evidence, name), 0.0, error)
        told = np.log10(error[np.isfinite(error) & (error > 1)])
        digits += float(np.sum(np.sort(told.reshape(-1))[-MOST_TELLING:]))
        if np.isinf(error).any():
            digits += enough
    return digits * (1 if evidence.second is None else 2) >= enough


def _holds(finding: Finding, second: Evidence, first: Evidence) -> bool:
    """Whether a finding explains the same arrays at a second point."""
    if finding.mends:
        return _mends(finding, second, first)
    if finding.edits:
        assert second.joint is not None
        here, there = (
            handwritten(joint) if finding.by_hand and joint is not None else joint
            for joint in (first.joint, second.joint)
        )
        if here is None or there is None or len(there.graph) != len(here.graph):
            return False
        made = there.with_edits(finding.edits) or {}
        more = of_terms(second.joint, finding.counted)
        return all(
            second.equals(n, finding.times * made.get(n, second.right[n]) + more.get(n, 0.0)) for n in finding.explains
        )
    if finding.cause.find is None:
        return False
    again = [f for f in guarded(finding.cause, finding.cause.find(second)) if f.says == finding.says]
    return any(set(finding.explains) <= set(f.explains) for f in again)


def _mends(finding: Finding, second: Evidence, first: Evidence) -> bool:
    """Whether a change of the gradient function's own steps makes it right at a second point, too."""
    if second.program is None or first.program is None or not second.program.like(first.program):
        return False
    made = second.program.joint.with_edits(finding.edits) or {}
    names = [n for n in made if n in second.right]
    return set(finding.explains) <= set(names) and all(
        second.is_right(n, made[n]) for n in names if n in finding.explains or n not in first.wrong
    )


def _best(found: Sequence[Finding]) -> list[Finding]:
    """The most particular cause, and those beside it that fit as well and predict the same."""
    ordered = sorted(found, key=lambda f: (f.cause.rank, f.cause.code, len(f.edits), f.layer))
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
