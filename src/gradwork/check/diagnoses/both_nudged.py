"""Two nudges at once."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import Slip, Step, Tree


def _with_another(step: Step) -> Iterator[Slip]:
    """Where one number is nudged (w + dw), another nudged as well."""
    read = dict.fromkeys(c for _, c in step.cells())
    nudges = {}
    for _, part in step.parts("add", "total", "subtract"):
        cells = [p for p in part[1:] if p[0] == "cell"]
        for one in cells:
            for other in cells:
                name = step.owner[other[1]].name
                if one != other and (name == "h" or name == f"d{step.owner[one[1]].name}"):
                    nudges[one[1]] = (part[0], other)
    if len(nudges) != 1:
        return
    ((nudged, (op, by)),) = nudges.items()
    wrong: Tree | None = None
    says = "{one} is nudged as well as {other}: each alone, and put back before the next"
    for cell in read:
        own = step.quantities.get(f"d{step.owner[cell].name}")
        size = by if step.owner[by[1]].name == "h" else ("cell", own.first) if own is not None else None
        if cell == nudged or cell == by[1] or size is None or step.owner[cell].role != "given":
            continue
        also = _replaced_cell(step.tree, cell, (op, ("cell", cell), size))
        names = {"one": step.owner[cell].name, "other": step.owner[nudged].name}
        yield Slip(also, says, names, ("also",), late=True)
        wrong = _replaced_cell(wrong or step.tree, cell, (op, ("cell", cell), size))
        if wrong != also:
            yield Slip(wrong, says, names, ("so far",), late=True)


def _replaced_cell(tree: Tree, cell: int, part: Tree) -> Tree:
    if tree[0] == "cell":
        return part if tree[1] == cell else tree
    return tree if tree[0] == "known" else (tree[0], *(_replaced_cell(p, cell, part) for p in tree[1:]))


def slips(step: Step) -> Iterator[Slip]:
    """All changes of a quantity added up."""
    yield from _with_another(step)
    own = step.quantity
    if step.tree[0] not in ("subtract", "divide"):
        return
    count = math.prod(own.shape)
    if 1 < count <= 12:
        last = step.cell - own.first + 1
        says = "that is the sum over several nudges: each is put back before the next"
        if last > 1:
            so_far = ("total", *(("cell", own.first + k) for k in range(last)))
            yield Slip(so_far, says, key=("so far",), rare=True)
        if last < count:
            every = ("total", *(("cell", own.first + k) for k in range(count)))
            yield Slip(every, says, key=("all",), rare=True)


CAUSE = Cause(
    code="GW277",
    name="both nudged",
    summary="Two weights were nudged at once, or the first was not put back.",
    explain=(
        "One weight is nudged at a time, and put back before the next: else the rise is the sum of both, and "
        "nobody can say which part is whose."
    ),
    broken="""
nudging w1 raises the loss by 2, nudging w2 by 3
rise for w2 = 5
""",
    mended="""
nudging w1 raises the loss by 2, nudging w2 by 3
rise for w2 = 3
""",
    rank=30,
    paper=("M25",),
    slips=slips,
    written=True,
)
