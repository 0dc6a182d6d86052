"""A minus that got lost on the way."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import Slip, Step
from gradwork.check.trees import replaced


def slips(step: Step) -> Iterator[Slip]:
    """The size of a negative number, and the result without its minus."""
    for name in dict.fromkeys(step.owner[c].name for _, c in step.cells()):
        other = step.tree
        for place, c in step.cells():
            if step.owner[c].name == name:
                other = replaced(other, place, ("absolute", ("cell", c)))
        yield Slip(other, "a minus of {name} got lost", {"name": name}, ("minus", name))
    yield Slip(("absolute", step.tree), "the minus of the result is missing", key=("minus",))


CAUSE = Cause(
    code="GW274",
    name="sign lost",
    summary="A minus sign is lost when a number is copied.",
    explain=(
        "The size is right and the minus is missing: a negative number was put in without its sign. Brackets "
        "help: 4 * (-1) = -4."
    ),
    broken="""
W = -1, dZ = 4
dA = 1 * 4 = 4
""",
    mended="""
W = -1, dZ = 4
dA = (-1) * 4 = -4
""",
    rank=25,
    paper=("slip",),
    slips=slips,
    written=True,
)
