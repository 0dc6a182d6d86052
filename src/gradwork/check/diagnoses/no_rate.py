"""A step of descent without the learning rate."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import PRODUCTS, RATES, Slip, Step, factors, product


def slips(step: Step) -> Iterator[Slip]:
    """The product without the learning rate."""
    for place, part in step.parts(*PRODUCTS):
        inside = factors(part)
        rest = [f for f in inside if not (f[0] == "cell" and step.owner[f[1]].name in RATES)]
        if len(rest) < len(inside):
            says = "the learning rate is missing: only a part of the slope is taken off"
            yield Slip(step.with_part(place, product(rest)), says, key=("rate",))


CAUSE = Cause(
    code="GW276",
    name="learning rate forgotten",
    summary="The whole slope is taken off the weight, and not a part of it.",
    explain=(
        "The slope says in which direction and how steep, and not how far to go. How far is the learning rate "
        "times the slope."
    ),
    broken="""
w = 1, learning rate = 0.1, slope = 4
new w = 1 - 4 = -3
""",
    mended="""
w = 1, learning rate = 0.1, slope = 4
new w = 1 - 0.1 * 4 = 0.6
""",
    rank=16,
    paper=("M18",),
    slips=slips,
    written=True,
)
