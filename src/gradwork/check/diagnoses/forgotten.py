"""Slopes that are zero, because nothing was sent back to an array: detached, or forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses import _terms
from gradwork.check.diagnoses._ratio import clear, comparable, listed
from gradwork.check.evidence import Evidence
from gradwork.check.paper import Slip, Step


def find(evidence: Evidence) -> Iterator[Finding]:
    """All zero where it is not; one term of the loss without a part in it; or the same number everywhere."""
    zero = [n for n in evidence.fitting if not np.any(evidence.yours[n]) and _moves(evidence, n)]
    if zero:
        yield explained(
            CAUSE,
            evidence,
            f"{listed(zero)} {'is' if len(zero) == 1 else 'are'} zero in every entry",
            zero,
            {n: np.zeros(np.shape(evidence.yours[n])) for n in zero},
            why="the loss does depend on it: the measured slopes are not zero",
            hint="send what comes back on to it; an array that was copied, detached or made anew is another one",
        )
    yield from _terms.findings(CAUSE, evidence, _terms.LEFT_OUT, penalty=False)
    yield from _placeholders(evidence)


def _moves(evidence: Evidence, name: str) -> bool:
    return bool(np.any(clear(evidence, name))) if comparable(evidence, name) else False


def _placeholders(evidence: Evidence) -> Iterator[Finding]:
    """All ones, or the array itself."""
    values = {leaf.name: np.asarray(leaf.value, float) for leaf in evidence.leaves}
    if evidence.joint is not None:
        values.update({n: np.asarray(evidence.joint.value(i), float) for n, i in evidence.joint.place.items()})
    several = [n for n in evidence.fitting if comparable(evidence, n) and np.size(evidence.yours[n]) >= 2]
    ones = [n for n in several if np.all(evidence.yours[n] == 1.0)]
    own = [n for n in several if np.array_equal(evidence.yours[n], values[n]) and np.any(values[n]) and n not in ones]
    for names, says in ((ones, "is 1 in every entry"), (own, "is the array itself")):
        if names:
            yield explained(
                CAUSE,
                evidence,
                f"what is given for {listed(names)} {says}",
                names,
                {n: np.array(evidence.yours[n]) for n in names},
                why="it has nothing to do with what comes back",
                hint="work out its slopes",
            )


def slips(step: Step) -> Iterator[Slip]:
    """0 or 1 for a slope that is neither."""
    if step.is_slope and step.quantity.role != "slope":
        yield Slip(
            ("known", 0.0),
            "something does come back here: it is not 0",
            key=("zero",),
            rare=bool(step.quantity.shape),
            late=True,
        )
        yield Slip(("known", 1.0), "it is not 1 of itself: what comes back counts", key=("one",), rare=True)


CAUSE = Cause(
    code="GW207",
    name="forgotten",
    summary="The slopes of an array, or the part of one term in them, are zero: nothing was sent back to it.",
    explain=(
        "The way back stops before it reaches an array: it was detached, copied, overwritten by zeros, or its"
        " line was never written. Where the loss has a regulariser, its part may be there and look like a "
        "gradient. The same happens where one of several terms of the loss is left out."
    ),
    broken="""
import numpy as np

def loss(w, b, x, y):
    return np.mean((x @ w + b - y) ** 2)

def gradient(w, b, x, y):
    e = x @ w + b - y
    return 2 * x.T @ e / len(y), np.zeros_like(b)
""",
    mended="""
def gradient(w, b, x, y):
    e = x @ w + b - y
    return 2 * x.T @ e / len(y), 2 * np.mean(e)
""",
    find=find,
    rank=12,
    paper=("M15",),
    bugs=(7,),
    slips=slips,
)
