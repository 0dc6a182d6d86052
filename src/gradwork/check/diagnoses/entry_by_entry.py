"""A matrix product worked out entry by entry."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import PRODUCTS, Slip, Step


def slips(step: Step) -> Iterator[Slip]:
    """Of a row times a column: the product of two entries alone."""
    own = step.quantity
    for place, part in step.parts("total"):
        pairs = [p[1:] for p in part[1:] if p[0] in PRODUCTS and p[1][0] == p[2][0] == "cell"]
        if len(pairs) < 2:
            continue
        left, right = (step.owner[pairs[0][k][1]] for k in (0, 1))
        if left.shape != right.shape or left.shape != own.shape or not own.shape:
            continue
        at = step.cell - own.first
        i, j = divmod(at, own.shape[-1])
        mirrored = j * own.shape[-1] + i if len(set(own.shape)) == 1 else at
        for k, (one, other) in enumerate(((at, at), (mirrored, at), (at, mirrored))):
            entry = ("multiply", ("cell", left.first + one), ("cell", right.first + other))
            says = "a row of {left} times a column of {right} belongs here, and not entry times entry"
            names = {"left": left.name, "right": right.name}
            yield Slip(step.with_part(place, entry), says, names, ("entry", k))


CAUSE = Cause(
    code="GW278",
    name="entry by entry",
    summary="Two matrices are multiplied entry by entry, and not rows times columns.",
    explain=(
        "An entry of a matrix product is a row of the first matrix times a column of the second, added up. "
        "Entry times entry is the other product, which masks and local slopes use."
    ),
    broken="""
[1 2; 3 4] [5 6; 7 8] = [5 12; 21 32]
""",
    mended="""
[1 2; 3 4] [5 6; 7 8] = [19 22; 43 50]
""",
    rank=22,
    paper=("M10",),
    slips=slips,
    written=True,
)
