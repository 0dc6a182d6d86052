"""Deliberate mistakes, tried out: made in the way back, one by one, and what comes out laid beside what was given."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.cause import Cause, Finding, Mutant, causes, explained
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.guarded import guarded
from gradwork.check.screen import Screen
from gradwork.check.turns import MOST_MEMBERS, Turns

RUNS = "times that this line runs"
LOOSELY = 2  # the families of nodes of whatever shape
_NUMBERED = re.compile(r"_?\d+")
TIMES = frozenset("GW249 GW255".split())
CLOCK = 8  # mistakes between two looks at the clock
Made = tuple[Cause, Mutant]


def all_mutants(joint: Joint, *, late: bool = False) -> list[Made]:
    """Every deliberate mistake at every place; and at all places that one line of the user's made, in a loop.

    late: those of the causes that come last, and none of the others.
    """
    found = _MUTANTS.setdefault(joint, {})
    if late not in found:
        mine = [c for c in causes() if c.mutants is not None and c.late is late]
        with np.errstate(all="ignore"):
            one_by_one = [(c, mutant) for c in mine if c.mutants is not None for mutant in guarded(c, c.mutants(joint))]
        several = list(_repeated(joint, one_by_one))
        # Every cause has its turn before those with very many mistakes have taken all the time.
        counts = Counter(cause.code for cause, _ in several)
        several.sort(key=lambda made: counts[made[0].code])
        found[late] = [*several, *one_by_one]
    return found[late]


_MUTANTS: Beside[Joint, dict[bool, list[Made]]] = Beside()


def _repeated(joint: Joint, one_by_one: Sequence[Made]) -> Iterator[Made]:
    """One mistake in a line that is run several times is made every time."""
    groups: dict[Any, list[Made]] = {}
    counts: dict[Any, int] = {}
    turns = Turns.of(joint)
    for cause, mutant in one_by_one:
        # The same op in the same role, and the mistake at the same place among those of its site.
        counts[cause.code, mutant.node] = place = counts.get((cause.code, mutant.node), -1) + 1
        # Or in the same words: not every turn may have the same choice of mistakes.
        words = _NUMBERED.sub("", mutant.says)
        counts[words, mutant.node] = alike = counts.get((words, mutant.node), -1) + 1
        for which, keys in enumerate((turns.key, turns.line, turns.loose, *turns.ways)):
            groups.setdefault((cause.code, keys[mutant.node], place, which), []).append((cause, mutant))
            if place != alike or which == LOOSELY:
                groups.setdefault((cause.code, keys[mutant.node], words, alike, which), []).append((cause, mutant))
    seen: set[tuple[int, ...]] = set()
    for members in groups.values():
        ids = tuple(id(m) for _, m in members)
        if 1 < len(members) <= MOST_MEMBERS and ids not in seen:
            seen.add(ids)
            everywhere = turns.everywhere([m.node for _, m in members])
            yield _together(members, everywhere.replace("at each", "each").replace("turns of the loop", RUNS))


def _is_nothing(joint: Joint, mutant: Mutant) -> bool:
    """Whether nothing is left of a node."""
    with np.errstate(all="ignore"):
        return not any(np.any(edit(joint.values)) for edit in mutant.edits.values())


def _together(members: Sequence[Made], says: str) -> Made:
    cause, first = members[0]
    more = {node: edit for _, m in members for node, edit in m.edits.items() if node != first.node}
    return cause, replace(first, says=f"{first.says}, {says}", more=more)


def tried(
    evidence: Evidence,
    joint: Joint,
    base: Mapping[str, Any],
    first: Mapping[int, Edit],
    mutants: Iterable[Made],
    ended: float,
    screen: Screen | None = None,
    told: bool | None = None,
) -> Iterator[Finding]:
    """Those of some mistakes that explain a wrong array.

    base:   the gradients that there are without them;  first: another mistake that is made with each of them.
    screen: tells quickly which are worth trying;  told: only those of which it can tell that, or only the others.
    """
    wrong = evidence.fitting
    for count, (cause, mutant) in enumerate(mutants):
        if count % CLOCK == 0 and time.thread_time() > ended:
            return
        if first.keys() & mutant.edits.keys():
            continue
        edits = {**first, **mutant.edits}
        if screen is not None:
            may_be = screen.judged(edits)
            if may_be is False or (told is not None and told is (may_be is None)):
                continue
        made = joint.with_edits(edits)
        if not made:
            continue
        predicted = {name: np.asarray(made.get(name, base[name]), float) for name in base}
        # A mistake that spoils an array that is right is not the one, unless each array was worked out by itself.
        alone = any(not evidence.equals(n, predicted[n]) for n in predicted if n in made and n not in wrong)
        if alone and first:
            continue
        explains = [n for n in wrong if n in made and evidence.equals(n, predicted[n])]
        if explains and cause.code in TIMES and _is_nothing(joint, mutant):
            continue  # times nothing: that is a path left out
        if explains and any(not np.array_equal(predicted[n], evidence.right[n]) for n in explains):
            spoiled = [n for n in wrong if n in made and not np.array_equal(predicted[n], base[n])]
            only = f"in the gradient of {' and '.join(explains)} alone, " if alone else ""
            yield explained(
                cause, evidence, only + mutant.says, explains, {n: predicted[n] for n in explains},
                layer=mutant.layer, why=mutant.why, hint=mutant.hint, edits=edits,
                whole=set(spoiled) <= set(explains), alone=alone, by_hand=joint is not evidence.joint,
            )  # fmt: skip
