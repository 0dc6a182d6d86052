"""The change itself, where it has to be divided by the nudge."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import Slip, Step


def slips(step: Step) -> Iterator[Slip]:
    """The top of a ratio alone."""
    tree = step.tree
    if tree[0] == "subtract" and tree[1][0] == tree[2][0] == "divide" and tree[1][2] == tree[2][2]:
        names = {"top": step.name(("subtract", tree[1][1], tree[2][1])), "bottom": step.name(tree[1][2])}
        says = "that is {top}: it is divided by {bottom}"
        yield Slip(("subtract", tree[1][1], tree[2][1]), says, names, ("top",), late=True)
    for place, part in step.parts("divide"):
        if part[2][0] != "known":
            names = {"top": step.name(part[1]), "bottom": step.name(part[2])}
            says = "that is {top}: it is divided by {bottom}"
            yield Slip(step.with_part(place, part[1]), says, names, ("top",))


CAUSE = Cause(
    code="GW270",
    name="change, not ratio",
    summary="The change is given, and not the change divided by the nudge.",
    explain=(
        "A slope says how far the result moves for a move of 1. What was measured is how far it moved for one "
        "nudge, so it is divided by the size of that nudge. With a nudge of 1 nobody sees the difference."
    ),
    broken="""
dW = 2, dZ = 6
dZ/dW = 6
""",
    mended="""
dW = 2, dZ = 6
dZ/dW = 6/2 = 3
""",
    rank=18,
    paper=("M24",),
    slips=slips,
    written=True,
)
