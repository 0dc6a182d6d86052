"""A number that went in, in place of what comes out."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import Slip, Step


def slips(step: Step) -> Iterator[Slip]:
    """One of the numbers that the step reads."""
    if step.tree[0] != "cell":
        for _, c in step.cells():
            name = {"name": step.owner[c].name}
            says = "that is {name} itself: the step is missing"
            yield Slip(("cell", c), says, name, ("copied", step.owner[c].name), rare=True)


CAUSE = Cause(
    code="GW280",
    name="copied",
    summary="One of the numbers that go in is written down as the result.",
    explain=(
        "A number of the line is written down as its result: the step itself is missing, such as the product of a "
        "weight and its input."
    ),
    broken="""
X = 3, W = 2
Z = 3
""",
    mended="""
X = 3, W = 2
Z = 2 * 3 = 6
""",
    rank=40,
    paper=("slip",),
    slips=slips,
    written=True,
)
