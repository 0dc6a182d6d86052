"""The factors of a product of matrices in the other order."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.paper import PRODUCTS, Named, Slip, Step


def slips(step: Step) -> Iterator[Slip]:
    """Of a number of A B, for two square matrices: the one of B A."""
    own = step.quantity
    if len(own.shape) != 2 or own.shape[0] != own.shape[1]:
        return
    i, j = divmod(step.cell - own.first, own.shape[1])
    for place, part in step.parts("total"):
        pairs = [t[1:] for t in part[1:] if t[0] in PRODUCTS and t[1][0] == t[2][0] == "cell"]
        if len(pairs) != len(part) - 1 or len(pairs) != own.shape[0]:
            continue
        left, right = ([pair[k][1] for pair in pairs] for k in (0, 1))
        one, other = _read(step, left, i), _read(step, right, j)
        if one is None or other is None or one[0] is other[0]:
            continue
        # The row i of the second times the column j of the first.
        rows = [other[0].first + i * other[2] + k * other[1] for k in range(len(pairs))]
        columns = [one[0].first + k * one[1] + j * one[2] for k in range(len(pairs))]
        terms = (("multiply", ("cell", r), ("cell", c)) for r, c in zip(rows, columns, strict=True))
        says = "{left} stands on the left and {right} on the right: in a product of matrices the order counts"
        names = {"left": one[0].name, "right": other[0].name}
        yield Slip(step.with_part(place, ("total", *terms)), says, names, ("order",), late=True)


def _read(step: Step, cells: list[int], line: int) -> tuple[Named, int, int] | None:
    """Of the cells of one line: their square matrix, how far apart such lines lie in it, and the cells of one."""
    matrix = step.owner[cells[0]]
    n = len(cells)
    if matrix.shape != (n, n) or n < 2 or any(step.owner[c] is not matrix for c in cells):
        return None
    apart = cells[1] - cells[0]
    between = n if apart == 1 else 1
    return (matrix, between, apart) if cells[0] == matrix.first + line * between else None


CAUSE = Cause(
    code="GW284",
    name="order of factors",
    summary="The factors of a product of matrices stand in the other order.",
    explain=(
        "In W X the rows of W meet the columns of X; in X W those of X meet those of W, and other numbers come out. "
        "With square matrices both can be worked out, so that the shapes do not tell."
    ),
    broken="""
W = [[1, 2], [3, 4]], X = [[0, 1], [1, 0]]
W X = [[3, 4], [1, 2]]
""",
    mended="""
W = [[1, 2], [3, 4]], X = [[0, 1], [1, 0]]
W X = [[2, 1], [4, 3]]
""",
    rank=23,
    paper=("M10",),
    slips=slips,
    written=True,
)
