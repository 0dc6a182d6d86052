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
)
