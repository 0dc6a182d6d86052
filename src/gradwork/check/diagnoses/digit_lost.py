"""A digit left out, or written twice."""

from __future__ import annotations

from gradwork.check.cause import Cause
from gradwork.check.paper import ByDigits


def is_lost_or_doubled(typed: str, right: str) -> bool:
    """Whether a digit of the right number is missing, or stands there twice. Short numbers are met by chance.

    >>> is_lost_or_doubled("2.6", "24.6"), is_lost_or_doubled("-244", "-24"), is_lost_or_doubled("2", "24")
    (True, True, False)
    """
    digits = len(right.lstrip("-").replace(".", ""))
    if digits > 2 and any(short == typed for short in _without_one(right)):
        return True
    doubled = [k for k in range(1, len(typed)) if typed[:k] + typed[k + 1 :] == right]
    return digits > 1 and any(typed[k] == typed[k - 1] for k in doubled)


def _without_one(text: str) -> list[str]:
    """The number with each of its digits left out, written as it would be: no point at the end."""
    return [(text[:k] + text[k + 1 :]).rstrip(".") for k in range(len(text)) if text[k].isdigit()]


CAUSE = Cause(
    code="GW285",
    name="digit lost",
    summary="A digit of a number is left out, or stands there twice.",
    explain="The working is right; in writing the number down, a digit was left out or doubled: 2.6 for 24.6.",
    broken="""
X = 8.2, W = 3
Z = 2.6
""",
    mended="""
X = 8.2, W = 3
Z = 8.2 * 3 = 24.6
""",
    rank=36,
    paper=("slip",),
    digits=ByDigits(is_lost_or_doubled, "a digit is left out or written twice: it is {value}"),
    written=True,
)
