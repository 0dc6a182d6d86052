"""The 2 of a square, left out or put in once too often."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Finding
from gradwork.check.diagnoses import _terms
from gradwork.check.diagnoses._by_ratio import by_ratio
from gradwork.check.diagnoses._constants import TWO
from gradwork.check.evidence import Evidence


def find(evidence: Evidence) -> Iterator[Finding]:
    """One ratio for all, 2 or 1/2, or its square; or so in one term of the loss."""
    yield from by_ratio(
        CAUSE,
        evidence,
        TWO,
        why=lambda meaning, group: f"{meaning.why} in every entry: the slope of u^2 is 2u, and that of u^2/2 is u",
    )
    yield from _terms.findings(CAUSE, evidence, TWO, penalty=False)


CAUSE = Cause(
    code="GW202",
    name="factor two",
    summary="The gradient is twice, or half, what is right.",
    explain=(
        "The slope of u^2 is 2u. The 2 is forgotten, or the loss has the factor 1/2 that takes it away and "
        "the gradient keeps it. A measured slope that was divided by h where the points are 2h apart is off "
        "by the same factor."
    ),
    broken="""
import numpy as np

def loss(w, x, y):
    return np.mean((x @ w - y) ** 2)

def gradient(w, x, y):
    return x.T @ (x @ w - y) / len(y)
""",
    mended="""
def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y)
""",
    find=find,
    rank=27,
    paper=("M01", "M23"),
    bugs=(2,),
)
