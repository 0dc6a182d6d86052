"""Added in place of multiplied, multiplied in place of divided."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import PRODUCTS, Slip, Step, factors, product


def slips(step: Step) -> Iterator[Slip]:
    """Another of the four operations."""
    for place, part in step.parts(*PRODUCTS):
        names = {"one": step.name(part[1]), "other": step.name(part[2])}
        says = "{one} and {other} are multiplied, and not added"
        yield Slip(step.with_part(place, ("add", part[1], part[2])), says, names, ("added",))
        says = "{one} and {other} are multiplied, and not divided"
        yield Slip(step.with_part(place, ("divide", part[1], part[2])), says, names, ("divided",), rare=True)
        inside = factors(part)
        if not place and len(inside) > 2:
            says = "these are multiplied, and not added"
            yield Slip(("total", *inside), says, key=("all added",), late=True)
    if step.tree[0] == "total" and len(step.tree) > 3:
        yield Slip(product(step.tree[1:]), "these are added, and not multiplied", key=("all multiplied",), late=True)
    for place, part in step.parts("divide"):
        names = {"one": step.name(part[1]), "other": step.name(part[2])}
        says = "{one} is divided by {other}, and not multiplied"
        yield Slip(step.with_part(place, ("multiply", part[1], part[2])), says, names, ("multiplied",))
        says = "{one} is divided by {other}, and nothing is taken away"
        yield Slip(step.with_part(place, ("subtract", part[1], part[2])), says, names, ("taken",), rare=True)
    for place, part in step.parts("add", "total"):
        if len(part) == 3:
            names = {"one": step.name(part[1]), "other": step.name(part[2])}
            says = "{one} and {other} are added, and not multiplied"
            yield Slip(step.with_part(place, ("multiply", part[1], part[2])), says, names, ("product",), rare=True)


CAUSE = Cause(
    code="GW272",
    name="another operation",
    summary="Two numbers are added, multiplied or divided where another of these belongs.",
    explain=(
        "A weight is multiplied by its input; a bias is added; a slope that was multiplied is undone by "
        "dividing. With 2 and 2 a sum and a product are the same, with other numbers they are not."
    ),
    broken="""
W = 3, X = 2
Z = W X = 5
""",
    mended="""
W = 3, X = 2
Z = W X = 3 * 2 = 6
""",
    rank=24,
    paper=(),
    slips=slips,
    written=True,
)
