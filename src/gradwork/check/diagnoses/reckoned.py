"""A slip of arithmetic: right but for 1 or 2 in one digit."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import Slip, Step

SAYS = "one digit is off by 1 or 2: reckon once more"


def slips(step: Step) -> Iterator[Slip]:
    """None from a formula: whoever marks sees how far a number is from the right one (`is_beside`)."""
    return iter(())


CAUSE = Cause(
    code="GW283",
    name="slip of arithmetic",
    summary="The number is the right one but for 1 or 2 in one digit.",
    explain=(
        "A sum or a product came out 1 or 2 beside what it is, or a finger slipped. Many mistakes give such a number by"
        " chance, so one alone is no sign of them: they are told beside it."
    ),
    broken="""
X = 7, W = 8
Z = 55
""",
    mended="""
X = 7, W = 8
Z = 7 * 8 = 56
""",
    rank=34,
    paper=("slip",),
    slips=slips,
    written=True,
)
