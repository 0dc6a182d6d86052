"""Gradients that are given for each other's arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._arranged import arranged, differs
from gradwork.check.evidence import Evidence

MOST_ARRAYS = 60


def find(evidence: Evidence) -> Iterator[Finding]:
    """What was given for one array is right for another."""
    taken: dict[str, str] = {}
    if len(evidence.right) > MOST_ARRAYS:
        return
    for name in evidence.wrong:
        for other in evidence.right:
            same = np.shape(evidence.yours[name]) == np.shape(evidence.right[other])
            if other == name or not same or not differs(evidence, name, evidence.right[other]):
                continue
            if arranged(evidence, name, lambda a: a, source=other):
                taken[name] = other
                break
    if not taken:
        return
    pairs = [f"that of {other} for {name}" for name, other in taken.items()]
    more = f", and {len(pairs) - 4} more" if len(pairs) > 4 else ""
    names = list(taken)
    exchanged = set(taken) == set(taken.values())
    yield explained(
        CAUSE if exchanged else GIVEN_TWICE,
        evidence,
        f"the gradient of another array is given: {', '.join(pairs[:4])}{more}",
        names,
        {name: np.array(evidence.right[other]) for name, other in taken.items()},
        why="each is right, for another array",
        hint=f"give them in the order of the arguments: {', '.join(evidence.right)}"
        if len(evidence.right) < 9
        else "give them in the order of the arguments",
    )


CAUSE = Cause(
    code="GW240",
    name="order of the gradients",
    summary="The gradient of one array is given for another.",
    explain=(
        "A function gives several gradients, and they come back in another order than the arguments, or one "
        "is given twice. Where two arrays have the same shape no error is raised."
    ),
    broken="""
import numpy as np

def loss(u, v, x):
    return np.sum(np.tanh(x @ u) * (x @ v))

def gradient(u, v, x):
    t = np.tanh(x @ u)
    return x.T @ t, x.T @ ((1 - t**2) * (x @ v))
""",
    mended="""
def gradient(u, v, x):
    t = np.tanh(x @ u)
    return x.T @ ((1 - t**2) * (x @ v)), x.T @ t
""",
    find=find,
    rank=11,
    paper=("M27", "M28"),
)
# A factor that is missing in one gradient often makes it that of another array: by w without x, it is that by b.
GIVEN_TWICE = replace(CAUSE, rank=30)
