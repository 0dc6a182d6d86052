"""The right numbers, with rows and columns exchanged."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._arranged import arranged, differs
from gradwork.check.diagnoses._ratio import listed
from gradwork.check.evidence import Evidence
from gradwork.check.paper import Named, Slip, Step


def find(evidence: Evidence) -> Iterator[Finding]:
    """The axes exchanged, where that makes another array."""
    found: dict[tuple[int, ...], list[str]] = {}
    for name in evidence.wrong:
        right = evidence.right[name]
        if 2 <= np.ndim(right) <= 4 and np.ndim(evidence.yours[name]) == np.ndim(right):
            for axes in _orders(np.ndim(right)):
                turned = np.transpose(right, axes)
                if arranged(evidence, name, partial(np.transpose, axes=axes)) and differs(evidence, name, turned):
                    found.setdefault(axes, []).append(name)
                    break
    for axes, names in found.items():
        order = "" if len(axes) == 2 else f" (axes in the order {', '.join(str(a) for a in axes)})"
        yield explained(
            CAUSE,
            evidence,
            f"{listed(names)} {'is' if len(names) == 1 else 'are'} transposed{order}",
            names,
            {n: np.transpose(evidence.right[n], axes) for n in names},
            why="every number is right, and stands where rows and columns are exchanged",
            hint=(
                "a gradient has the shape of its parameter: transpose it back, or exchange the operands of the product"
            ),
        )


def _orders(count: int) -> Iterator[tuple[int, ...]]:
    """The reversed order first, then the others; not the one that changes nothing."""
    usual = tuple(range(count))
    yield usual[::-1]
    yield from (o for o in itertools.permutations(usual) if o not in (usual, usual[::-1]))


def slips(step: Step) -> Iterator[Slip]:
    """The number that belongs at the mirrored place; a square matrix read as its transpose."""
    own = step.quantity
    if len(own.shape) == 2 and own.shape[0] == own.shape[1]:
        i, j = divmod(step.cell - own.first, own.shape[1])
        if i != j:
            says = "that belongs in row {row}, column {column}: the matrix is transposed"
            names = {"row": str(j + 1), "column": str(i + 1)}
            yield Slip(("cell", own.first + j * own.shape[1] + i), says, names, ("transposed",))
    if step.tree[0] == "total" and all(part[0] == "cell" for part in step.tree[1:]):
        return  # a sum along the other axis
    for matrix in {step.owner[c].name: step.owner[c] for _, c in step.cells()}.values():
        if len(matrix.shape) == 2 and matrix.shape[0] == matrix.shape[1] > 1:
            says = "{matrix} is taken with its rows and columns exchanged"
            other = step.everywhere(lambda c, m=matrix: _mirrored(step, c, m))  # type: ignore[misc]
            if other is not None and other != step.tree:
                yield Slip(other, says, {"matrix": matrix.name}, ("read", matrix.name))


def _mirrored(step: Step, cell: int, matrix: Named) -> int:
    if step.owner[cell] is not matrix:
        return cell
    i, j = divmod(cell - matrix.first, matrix.shape[1])
    return matrix.first + j * matrix.shape[1] + i


CAUSE = Cause(
    code="GW204",
    name="transposed",
    summary="The gradient is the transpose of the right one.",
    explain=(
        "The gradient by W in x @ W is x.T @ d, with d what comes back; d.T @ x is its transpose. Where W is "
        "square the shapes do not tell, and where the gradient happens to be symmetric nothing does."
    ),
    broken="""
import numpy as np

def loss(W, x):
    return np.sum(np.tanh(x @ W))

def gradient(W, x):
    d = 1 - np.tanh(x @ W) ** 2
    return d.T @ x
""",
    mended="""
def gradient(W, x):
    d = 1 - np.tanh(x @ W) ** 2
    return x.T @ d
""",
    find=find,
    rank=13,
    paper=("M09",),
    bugs=(4,),
    slips=slips,
)
