"""Two digits exchanged."""

from __future__ import annotations

from gradwork.check.cause import Cause
from gradwork.check.paper import ByDigits


def are_exchanged(typed: str, right: str) -> bool:
    """Whether one is the other with two digits exchanged that stand beside one another.

    >>> are_exchanged("54", "45"), are_exchanged("-3.2", "-2.3"), are_exchanged("54", "46")
    (True, True, False)
    """
    if len(typed) != len(right) or typed.find(".") != right.find("."):
        return False
    one, other = typed.replace(".", ""), right.replace(".", "")
    apart = [k for k, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(apart) != 2 or apart[1] - apart[0] != 1:
        return False
    k = apart[0]
    return (one[k : k + 2]).isdigit() and one[k] == other[k + 1] and one[k + 1] == other[k]


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
    digits=ByDigits(are_exchanged, "two digits are exchanged: it is {value}"),
    written=True,
)
