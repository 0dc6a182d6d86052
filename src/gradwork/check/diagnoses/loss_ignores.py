"""The measured side is at fault: the loss does not depend on an array that the gradient moves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._ratio import listed
from gradwork.check.evidence import Evidence


def find(evidence: Evidence) -> Iterator[Finding]:
    """Arrays from which no way leads to the loss, with a given gradient that is not zero."""
    joint = evidence.joint
    if joint is None:
        return
    back = set(joint.adjoint)
    names = [n for n in evidence.fitting if joint.place[n] not in back and np.any(evidence.yours[n])]
    if names and not any(np.any(evidence.right[n]) for n in names):
        yield explained(
            CAUSE,
            evidence,
            f"the loss does not use {listed(names)} at all, and yours has slopes for "
            f"{'it' if len(names) == 1 else 'them'}",
            names,
            {n: np.array(evidence.yours[n]) for n in names},
            why="moving it changes nothing: the loss reads another array in its place, or makes a number of it first",
            hint="look at the loss: does it use its argument, or one of the same name outside?",
        )


CAUSE = Cause(
    code="GW232",
    name="loss ignores it",
    summary="The loss does not depend on the array at all, so there is nothing to compare with.",
    explain=(
        "The measured slope is zero because the loss never reads its argument: it uses a global of nearly the"
        " same name, an older copy, or a value that was rounded or detached. Then the gradient may well be "
        "right, and the loss is not."
    ),
    broken="""
import numpy as np

def loss(v, x):
    start = np.ones(x.shape[1])
    return np.sum((x @ start) ** 2)

def gradient(v, x):
    return 2 * x.T @ (x @ v)
""",
    mended="""
def loss(v, x):
    return np.sum((x @ v) ** 2)

def gradient(v, x):
    return 2 * x.T @ (x @ v)
""",
    find=find,
    rank=75,
    bugs=(32,),
)
