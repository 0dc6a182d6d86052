"""Gradients that are added to those of the call before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._answers import both, unlike
from gradwork.check.diagnoses._ratio import listed
from gradwork.check.evidence import Evidence
from gradwork.check.given import Array


def find(evidence: Evidence) -> Iterator[Finding]:
    """The second answer is the first and one gradient more."""
    names = [n for n, one, two in both(evidence) if unlike(evidence, n, one, two) and adds_up(evidence, n, one, two)]
    if names:
        yield explained(
            CAUSE,
            evidence,
            f"called again, it gives the sum of both calls for {listed(names)}",
            names,
            {n: np.array(evidence.yours[n]) for n in names},
            why="each call adds to what the one before left: the gradient was not set to zero",
            hint="begin each call with new arrays of zeros",
        )


def adds_up(evidence: Evidence, name: str, one: Array, two: Array) -> bool:
    """Whether the second answer is twice the first, or what is right more than the first."""
    if not np.isfinite(one).all() or not np.isfinite(two).all() or not np.any(one):
        return False
    largest = float(np.max(np.abs(one)))
    right = evidence.right[name]
    more = two - one
    reach = np.max(evidence.tolerance[name], initial=0.0) + 1e-9 * largest
    twice = bool(np.all(np.abs(more - one) <= reach))
    return twice or (more.shape == np.shape(right) and bool(np.all(np.abs(more - right) <= reach)))


CAUSE = Cause(
    code="GW216",
    name="accumulates",
    summary="Each call adds its gradient to that of the call before.",
    explain=(
        "Gradients are kept and added to, as frameworks do on purpose for large batches. Where they are not "
        "set to zero in between, the second call gives twice what is right, the third three times."
    ),
    broken="""
import numpy as np

kept = np.zeros(3)

def loss(w):
    return np.sum(w[:3] ** 2)

def gradient(w):
    global kept
    kept = kept + 2 * w
    return kept
""",
    mended="""
def gradient(w):
    return 2 * w
""",
    find=find,
    rank=4,
    fact=True,
    bugs=(16,),
)
