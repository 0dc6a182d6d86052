"""The way back stops too early: of a parameter that is used at every step, only the last steps are counted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._paths import ends_of
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.sites import Names


def find(evidence: Evidence) -> Iterator[Finding]:
    """For each parameter with several uses: the sum of some of them, from the end or from the beginning."""
    joint = evidence.joint
    if joint is None:
        return
    names = Names.of(joint)
    for name in evidence.fitting:
        shares = ends_of(joint, joint.slope[name], math.inf)
        if len(shares) < 2:
            continue
        values = [np.asarray(joint.value(i), float) for i in shares]
        for says, chosen in [*_ways(len(shares)), *_by_line(joint, shares)]:
            candidate = sum((values[k] for k in chosen), np.zeros_like(evidence.right[name]))
            if evidence.equals(name, candidate):
                yield explained(
                    CAUSE if np.any(candidate) else ZEROS,  # zeros may be forgotten as well: then both are named
                    evidence,
                    f"of the {len(shares)} uses of {names.name(joint.place[name])} {says}",
                    [name],
                    {name: candidate},
                    why=f"{name} is used {len(shares)} times, and what comes back from every use is added up",
                    hint=f"add up all of them: d_{name} += ... at every step",
                )


def _by_line(joint: Joint, shares: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """The uses that one place of one line makes, at every step: they are left out together."""
    groups: dict[object, list[int]] = {}
    for k, share in enumerate(shares):
        node = joint.node(share)
        groups.setdefault((node.where, node.op, node.origin.path, node.origin.by), []).append(k)
    for members in groups.values():
        if 1 < len(members) < len(shares):
            rest = [k for k in range(len(shares)) if k not in members]
            yield f"{len(members)} are left out, one each time that the same line runs", rest
            yield f"only {len(members)} are counted, one each time that the same line runs", members


def _ways(count: int) -> Iterator[tuple[str, Sequence[int]]]:
    for kept in range(1, count):
        yield (f"only the last {kept} are counted" if kept > 1 else "only the last one is counted"), range(kept)
        first = range(count - kept, count)
        yield (f"only the first {kept} are counted" if kept > 1 else "only the first one is counted"), first
    for each in (n for n in range(2, count) if count % n == 0):  # of two loops, one in the other
        for which, left in (("last", each - 1), ("first", 0)):
            some = [k for k in range(count) if (count - 1 - k) % each != left]
            yield f"the {which} of every {each} is left out", some
    for left in range(1, count - 1):
        others = [k for k in range(count) if k != left]
        yield f"the one at place {count - left} is left out", others


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
