"""A step of descent that goes up."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import RATES, Slip, Step


def slips(step: Step) -> Iterator[Slip]:
    """The step is added."""
    is_update = step.quantity.name.startswith("new_") and bool(RATES.intersection(step.quantities))
    by_rate = any(step.owner[c].name in RATES for _, c in step.cells())
    if step.tree[0] == "subtract" and (by_rate or is_update):
        says = "the step goes against the slope: it is taken away"
        old = step.quantity.name.removeprefix("new_")
        is_step = by_rate or step.name(step.tree[1]) == old
        yield Slip(("add", step.tree[1], step.tree[2]), says, key=("up",), rare=not is_step, late=not by_rate)


CAUSE = Cause(
    code="GW275",
    name="uphill",
    summary="The step is added to the weight, and goes up the hill.",
    explain=(
        "The gradient points to where the loss rises fastest. Descent goes the other way: new weight = weight "
        "- learning rate * gradient."
    ),
    broken="""
w = 1, learning rate = 0.1, slope = 4
new w = 1 + 0.1 * 4 = 1.4
""",
    mended="""
w = 1, learning rate = 0.1, slope = 4
new w = 1 - 0.1 * 4 = 0.6
""",
    rank=15,
    paper=("M17",),
    slips=slips,
    written=True,
)
