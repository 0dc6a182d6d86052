"""A gradient function that gives something else when it is called again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._answers import both, unlike
from gradwork.check.diagnoses._ratio import listed
from gradwork.check.diagnoses.accumulates import adds_up
from gradwork.check.evidence import Evidence


def find(evidence: Evidence) -> Iterator[Finding]:
    """Two answers that differ, and not by one gradient more."""
    names = [
        n for n, one, two in both(evidence) if unlike(evidence, n, one, two) and not adds_up(evidence, n, one, two)
    ]
    if names:
        yield explained(
            CAUSE,
            evidence,
            f"called twice at one point, it gives two different results for {listed(names)}",
            names,
            {n: np.array(evidence.yours[n]) for n in names},
            why="something in it changes from call to call: a buffer that is overwritten, a mask that is drawn again",
            hint="keep what the forward pass used, such as the mask, and use it on the way back",
        )


CAUSE = Cause(
    code="GW213",
    name="not repeatable",
    summary="The gradient function gives two different results at one point.",
    explain=(
        "A mask of dropout is drawn anew on the way back, a buffer keeps what another call left in it, or a "
        "cached value is changed. No comparison means anything before that is mended: fix the seed, or keep "
        "what the forward pass used."
    ),
    broken="""
import numpy as np

keep = {"offset": 0.0}

def loss(w):
    return np.sum(w**2)

def gradient(w):
    keep["offset"] += 0.5
    return 2 * w * keep["offset"] ** 0.5
""",
    mended="""
def gradient(w):
    return 2 * w
""",
    find=find,
    rank=5,
    fact=True,
    bugs=(13,),
)
