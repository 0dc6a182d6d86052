"""A ratio that stands on its head."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import Slip, Step, factors, product


def slips(step: Step) -> Iterator[Slip]:
    """Bottom over top."""
    for place, part in step.parts("divide"):
        names = {"top": step.name(part[1]), "bottom": step.name(part[2])}
        says = "it is {top} divided by {bottom}, and not the other way round"
        yield Slip(step.with_part(place, ("divide", part[2], part[1])), says, names, ("round",))
        inside = factors(part[1])
        for k, one in enumerate(inside) if len(inside) > 1 else ():
            rest = product(inside[:k] + inside[k + 1 :])
            names = {"top": step.name(one), "bottom": step.name(part[2])}
            turned = ("multiply", rest, ("divide", part[2], one))
            yield Slip(step.with_part(place, turned), says, names, ("round", names["top"]), late=True)


CAUSE = Cause(
    code="GW271",
    name="ratio upside down",
    summary="The ratio is turned round: the nudge divided by the change.",
    explain=(
        "The slope is the rise over the run: what happened to the result, divided by what was done to the "
        "weight. On its head it says how far the weight has to go for a rise of 1."
    ),
    broken="""
dW = 2, dZ = 6
dZ/dW = 2/6
""",
    mended="""
dW = 2, dZ = 6
dZ/dW = 6/2 = 3
""",
    rank=19,
    paper=(),
    slips=slips,
    written=True,
)
