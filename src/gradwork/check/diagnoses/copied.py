"""A number that went in, in place of what comes out."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.diagnoses._on_paper import beside
from gradwork.check.paper import PRODUCTS, Slip, Step

BESIDE = "that is the number of blank {number}"


def slips(step: Step) -> Iterator[Slip]:
    """One of the numbers that the step reads."""
    if step.tree[0] != "cell":
        for _, c in step.cells():
            name = {"name": step.owner[c].name}
            says = "that is {name} itself: the step is missing"
            yield Slip(("cell", c), says, name, ("copied", step.owner[c].name), rare=True)
    for place, part in step.parts(*PRODUCTS):
        for one, other in (part[1:3], part[2:0:-1]):
            # of two numbers the one, where the other is 0; elsewhere it has no value
            if one[0] == other[0] == "cell" and len(part) == 3:
                kept = ("divide", one, ("subtract", ("known", 1.0), ("above", ("absolute", other))))
                says = "0 times {name} is 0, and not {name}"
                yield Slip(step.with_part(place, kept), says, {"name": step.name(one)}, ("times 0",), late=True)
    if step.tree[0] == "divide" and step.tree[1][0] == step.tree[2][0] == "cell":
        for tree in step.tree[1:]:
            stem = step.name(tree)[1:]
            for value in (stem, f"{stem}_before", f"{stem}_after"):
                number = beside(step, step.quantities[value]) if value in step.quantities else None
                if number is not None:
                    says = "that is {name} itself, and not how it changes"
                    yield Slip(number, says, {"name": value}, ("value", value), rare=True, late=True)


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
