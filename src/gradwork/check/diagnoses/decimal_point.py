"""The decimal point at another place."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import Slip, Step, scaled


def slips(step: Step) -> Iterator[Slip]:
    """Ten or a hundred times as much, or as little."""
    for factor in (10.0, 0.1, 100.0, 0.01):
        says = "the digits are right: look at the decimal point"
        yield Slip(scaled(step.tree, factor), says, key=("point", factor))


CAUSE = Cause(
    code="GW279",
    name="decimal point",
    summary="The digits are right, and the decimal point is at another place.",
    explain=("The digits are right: the decimal point moved, or a nudge of 0.1 was taken as 1 or as 0.01."),
    broken="""
X = 3, dW = 0.1
dZ = 3
""",
    mended="""
X = 3, dW = 0.1
dZ = 3 * 0.1 = 0.3
""",
    rank=32,
    paper=("slip",),
    slips=slips,
    written=True,
)
