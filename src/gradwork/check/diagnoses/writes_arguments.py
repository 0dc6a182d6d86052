"""A gradient function that changes what it was given."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding
from gradwork.check.diagnoses._ratio import listed
from gradwork.check.evidence import Evidence


def find(evidence: Evidence) -> Iterator[Finding]:
    """Arguments that were not the same after the call."""
    if evidence.changed and not evidence.wrong:
        names = tuple(n for n in evidence.right if np.shape(evidence.yours[n]) == np.shape(evidence.right[n]))
        yield Finding(
            CAUSE,
            f"the gradient function writes into {listed(evidence.changed)}",
            names,
            {n: np.array(evidence.yours[n]) for n in names},
            why="what is computed with them after the call is computed with other numbers",
            hint=f"work on a copy: {evidence.changed[0]} = {evidence.changed[0]}.copy()",
            digits=15,
        )


CAUSE = Cause(
    code="GW238",
    name="writes into its arguments",
    summary="The gradient function changes the arrays that it was given.",
    explain="An operation in place, such as p -= y or a step of descent, works on the caller's own array. The gradient "
    "that comes back may be right; the parameters or data are no longer what they were, and everything after is off.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum((x @ w) ** 2)

def gradient(w, x):
    g = 2 * x.T @ (x @ w)
    w -= 0.1 * g
    return g
""",
    mended="""
def gradient(w, x):
    return 2 * x.T @ (x @ w)
""",
    find=find,
    rank=6,
    fact=True,
    bugs=(32,),
)
