"""The way back stops too early: of a parameter that is used at every step, only the last steps are counted."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gradwork.check.cause import Cause, Finding, Mutant, explained
from gradwork.check.diagnoses._paths import ends_of, through
from gradwork.check.diagnoses._ratio import listed
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.regression import split
from gradwork.check.sites import Names, made_for
from gradwork.check.turns import Turns
from gradwork.graph.graph import CONSTANT

FEWEST, MOST_TURNS, MOST_EACH = 3, 100, 4  # turns; terms of each
_TURN = re.compile(r"_?\d+")


def find(evidence: Evidence) -> Iterator[Finding]:
    """For each parameter with several uses: the sum of some of them, from the end or from the beginning."""
    joint = evidence.joint
    if joint is None:
        return
    names = Names.of(joint)
    together: dict[tuple[int, str], dict[str, Array]] = {}
    for name in evidence.fitting:
        shares = ends_of(joint, joint.slope[name], math.inf)
        if len(shares) < 2:
            continue
        values = [np.asarray(joint.value(i), float) for i in shares]
        lines = _lines(joint, names, shares)
        for says, chosen, steps in _ways(joint, names, shares, lines):
            candidate = sum((values[k] for k in chosen), np.zeros_like(evidence.right[name]))
            if evidence.equals(name, candidate):
                cause = (CAUSE if steps else USES) if np.any(candidate) else ZEROS
                if steps and cause is CAUSE:
                    together.setdefault((len(shares), says), {})[name] = candidate
                yield _finding(evidence, cause, len(shares), says, {name: candidate})
    for (count, says), candidates in together.items():
        if len(candidates) > 1:
            yield _finding(evidence, CAUSE, count, says, candidates)
    for mutant in _of_turns(joint):
        made = joint.with_edits(mutant.edits) or {}
        if evidence.wrong and all(n in made for n in evidence.wrong) and all(evidence.equals(n, made[n]) for n in made):
            says, wrong = mutant.says, {n: made[n] for n in evidence.wrong}
            yield explained(
                CAUSE, evidence, says, evidence.wrong, wrong, why=mutant.why, hint=mutant.hint, edits=mutant.edits
            )


def _of_turns(joint: Joint) -> Iterator[Mutant]:
    """Of the terms that a loop adds up, one at each turn: only the last, only the first, all but one of these."""
    moving = joint.graph.depends_on(list(joint.place.values()))
    keys = Turns.of(joint).key
    families: dict[object, list[int]] = {}
    for term in split(joint, max(joint.adjoint, default=-1), moving) if joint.adjoint else ():
        families.setdefault(keys[term], []).append(term)
    if not families or any(len(members) < FEWEST for members in families.values()):
        return
    own: dict[int, list[int]] = {}
    for position in range(joint.forward, len(joint.graph)):
        of = joint.node(position).origin.node
        if of is not None and joint.node(position).op != CONSTANT:
            own.setdefault(of, []).append(position)
    terms = sorted(term for members in families.values() for term in members)
    for each in range(len(families), MOST_EACH + 1):  # terms of one turn
        count, left = divmod(len(terms), each)
        if not left and FEWEST <= count <= MOST_TURNS:
            yield from _some_turns(joint, own, [terms[k : k + each] for k in range(0, len(terms), each)])


def _some_turns(joint: Joint, own: dict[int, list[int]], turns: Sequence[Sequence[int]]) -> Iterator[Mutant]:
    count = len(turns)
    for says, kept in (
        ("only that of the last turn is counted", {count - 1}),
        ("only that of the first turn is counted", {0}),
        ("that of the last turn is left out", set(range(count - 1))),
        ("that of the first turn is left out", set(range(1, count))),
    ):
        gone = [p for k, terms in enumerate(turns) if k not in kept for term in terms for p in own.get(term, ())]
        if gone:
            first, *rest = sorted(gone)
            such = " and ".join(Names.of(joint).name(term) for term in turns[-1][:2])
            yield Mutant(
                first,
                _nothing(joint, first),
                f"of the loss of the {count} turns, such as {such}, {says}",
                0,
                "the loss adds up what each turn brings, and so does its gradient",
                "start from the slope of the turn's own term at every turn",
                more={p: _nothing(joint, p) for p in rest},
            )


def _nothing(joint: Joint, position: int) -> Edit:
    return lambda values: np.zeros(joint.node(position).shape)


def _finding(evidence: Evidence, cause: Cause, count: int, says: str, candidates: dict[str, Array]) -> Finding:
    assert evidence.joint is not None
    names = [Names.of(evidence.joint).name(evidence.joint.place[n]) for n in candidates]
    return explained(
        cause,
        evidence,
        f"of the {count} uses of {listed(names)} {says}",
        list(candidates),
        candidates,
        why=f"{listed(names)} {'is' if len(names) == 1 else 'are'} used {count} times, and what comes back from every "
        "use is added up",
        hint=f"add up all of them: d_{names[0]} += ... at every step",
    )


def _lines(joint: Joint, names: Names, shares: Sequence[int]) -> list[list[int]]:
    """The uses that one place of one line makes, at every step."""
    groups: dict[object, list[int]] = {}
    for k, share in enumerate(shares):
        node = joint.node(share)
        formula = tuple(_TURN.sub("", called) for called in through(joint, names, share))
        groups.setdefault((node.where, node.op, node.origin.path, node.origin.by, formula), []).append(k)
    return list(groups.values())


def _ways(
    joint: Joint, names: Names, shares: Sequence[int], lines: Sequence[Sequence[int]]
) -> Iterator[tuple[str, Sequence[int], bool]]:
    """Which uses are counted, in words; and whether that is told by the steps of a loop, and not by their formulas."""
    count = len(shares)
    loop = len(lines) == 1 or min(map(len, lines)) > 1
    for members in lines if len(lines) > 1 else ():
        called = dict.fromkeys(through(joint, names, shares[members[0]]))
        which = f"that in {next(iter(called))}" if next(iter(called), "") else ""
        rest = [k for k in range(count) if k not in members]
        if len(members) == 1 and which:
            yield f"only {which} is counted", members, False
            yield f"{which} is left out", rest, False
        elif len(members) > 1 and which and _twin(joint, shares[members[0]]):
            says = f"one of the two in {next(iter(called))}, at each turn, is left out"
            yield f"{says}: the factor 2 of its slope is missing", rest, False
        elif len(members) > 1:
            each = f"{which}, at each turn," if which else f"{len(members)}, one each time that the same line runs,"
            yield f"{each} {'is' if which else 'are'} left out", rest, False
            yield f"only {each} {'is' if which else 'are'} counted", members, False
    for kept in range(1, count):
        yield (f"only the last {kept} are counted" if kept > 1 else "only the last one is counted"), range(kept), loop
        first = range(count - kept, count)
        yield (f"only the first {kept} are counted" if kept > 1 else "only the first one is counted"), first, loop
    for every in (n for n in range(2, count) if count % n == 0):  # of two loops, one in the other
        for which, left in (("last", every - 1), ("first", 0)):
            some = [k for k in range(count) if (count - 1 - k) % every != left]
            yield f"the {which} of every {every} is left out", some, len(lines) == 1
    for left in range(1, count - 1):
        others = [k for k in range(count) if k != left]
        yield f"the one at place {count - left} is left out", others, loop


def _twin(joint: Joint, share: int) -> bool:
    """Whether it comes through the product of a value with itself."""
    node = joint.node(made_for(joint, share))
    return node.op == "multiply" and len(set(node.inputs)) == 1


CAUSE = Cause(
    code="GW227",
    name="truncated",
    summary="A parameter is used at several steps, and only some of them are counted.",
    explain="In a network that runs over time, and wherever a parameter is used again, the gradient is a sum over all "
    "uses. Where the way back stops after a few steps, or assigns instead of adding, some of the terms are "
    "missing.",
    broken="""
import numpy as np

def loss(w, x):
    h = 0.0
    for t in range(5):
        h = np.tanh(w * h + x[t])
    return h**2

def gradient(w, x):
    hs = [0.0]
    for t in range(5):
        hs.append(np.tanh(w * hs[-1] + x[t]))
    dh, dw = 2 * hs[-1], 0.0
    for t in range(4, 2, -1):
        dz = dh * (1 - hs[t + 1] ** 2)
        dw += dz * hs[t]
        dh = dz * w
    return dw
""",
    mended="""
def gradient(w, x):
    hs = [0.0]
    for t in range(5):
        hs.append(np.tanh(w * hs[-1] + x[t]))
    dh, dw = 2 * hs[-1], 0.0
    for t in range(4, -1, -1):
        dz = dh * (1 - hs[t + 1] ** 2)
        dw += dz * hs[t]
        dh = dz * w
    return dw
""",
    find=find,
    rank=18,
    paper=("M20",),
    bugs=(14, 27),
)

ZEROS = replace(CAUSE, rank=12)
USES = replace(CAUSE, rank=30)  # of several formulas, the path that is missing is told more simply
