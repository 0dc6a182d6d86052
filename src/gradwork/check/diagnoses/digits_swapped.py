"""Two digits exchanged."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import Slip, Step

SAYS = "two digits are exchanged: it is {value}"


def slips(step: Step) -> Iterator[Slip]:
    """None from a formula: what was typed is read digit by digit where it is marked (`are_exchanged`)."""
    return iter(())


def are_exchanged(typed: str, right: str) -> bool:
    """Whether one is the other with two digits exchanged that stand beside one another.

    >>> are_exchanged("54", "45"), are_exchanged("-1.32", "-1.23"), are_exchanged("54", "46")
    (True, True, False)
    """
    if len(typed) != len(right) or typed == right:
        return False
    apart = [k for k, (one, other) in enumerate(zip(typed, right, strict=True)) if one != other]
    if len(apart) != 2 or apart[1] - apart[0] != 1:
        return False
    k = apart[0]
    return (typed[k : k + 2]).isdigit() and typed[k] == right[k + 1] and typed[k + 1] == right[k]


CAUSE = Cause(
    code="GW281",
    name="digits exchanged",
    summary="Two digits of a number stand in each other's place.",
    explain="The working is right; when the number was copied, two digits changed places: 54 for 45.",
    broken="""
X = 9, W = 5
Z = 54
""",
    mended="""
X = 9, W = 5
Z = 9 * 5 = 45
""",
    rank=20,
    paper=("slip",),
    slips=slips,
    written=True,
)
