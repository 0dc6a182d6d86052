"""A number of rows or entries too much or too little: the mean taken for the sum, or the sum for the mean."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Finding
from gradwork.check.diagnoses import _terms
from gradwork.check.diagnoses._by_ratio import by_ratio
from gradwork.check.diagnoses._constants import COUNT
from gradwork.check.evidence import Evidence


def find(evidence: Evidence) -> Iterator[Finding]:
    """One ratio for all: a length that stands in the loss, or one over it, or over its square; or so in one term."""
    yield from by_ratio(CAUSE, evidence, COUNT)
    yield from _terms.findings(CAUSE, evidence, COUNT, penalty=False)


CAUSE = Cause(
    code="GW201",
    name="mean or sum",
    summary="The gradient is too large or too small by the number of rows or entries that a mean is over.",
    explain=(
        "The gradient of a mean over n rows has the factor 1/n that the gradient of a sum has not. It is left"
        " out, put in where the loss is a sum, or put in twice: once in the loss and once more in the "
        "gradient. Where the loss has a regulariser, only the part of the data has the wrong factor."
    ),
    broken="""
import numpy as np

def loss(w, x):
    return np.mean((x * w) ** 2)

def gradient(w, x):
    return np.sum(2 * x * w * x)
""",
    mended="""
def gradient(w, x):
    return np.mean(2 * x * w * x)
""",
    find=find,
    rank=27,
    paper=("M11", "M12"),
    bugs=(1,),
)
