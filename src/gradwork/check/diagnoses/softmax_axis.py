"""A softmax taken along the wrong axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._axes import over
from gradwork.check.evidence import Joint
from gradwork.check.paper import Slip, Step
from gradwork.check.shares import shares_of


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each softmax of a table: the shares of the other axis in place of the right ones."""
    for found in shares_of(joint):
        shape = joint.node(found.scores).shape
        if len(shape) != 2:
            continue
        other = 1 - found.axis

        def edit(values, found=found, other=other, shape=shape):  # type: ignore[no-untyped-def]
            right, wrong = found.p(values), found.p(values, axis=other)
            if found.coming is not None:
                g = values[found.coming]
                return wrong * (g - np.sum(g * wrong, axis=other, keepdims=True))
            # What came back with the right shares is their part, and the rest.
            adjoint = np.broadcast_to(values[found.adjoint], shape)
            weight = found.weight(values)
            return adjoint + weight * (wrong - right)

        yield Mutant(
            found.adjoint,
            edit,
            f"the softmax is taken {over((other,), 2)} in place of {over((found.axis,), 2)} on the way back",
            joint.layers[found.scores],
            f"the shares of the loss add up to 1 along axis {found.axis}",
            f"axis={found.axis}, keepdims=True in the sum below",
        )


def slips(step: Step) -> Iterator[Slip]:
    """A share of the sum along the other axis, or of the sum of all."""
    for place, part in step.parts("divide"):
        if part[2][0] != "total":
            continue
        cells = [term[1][1] for term in part[2][1:] if term[0] == "exp" and term[1][0] == "cell"]
        if len(cells) < 2 or len(cells) != len(part[2]) - 1 or part[1][0] != "exp" or part[1][1][0] != "cell":
            continue
        scores, own = step.owner[cells[0]], part[1][1][1]
        if len(scores.shape) != 2 or any(step.owner[c] is not scores for c in (*cells, own)):
            continue
        rows, columns = scores.shape
        i, j = divmod(own - scores.first, columns)
        in_column = cells[1] - cells[0] == columns > 1
        line = [i * columns + k for k in range(columns)] if in_column else [k * columns + j for k in range(rows)]
        says = "the shares add up to 1 along the other axis"
        for key, places in (("axis", line), ("all", list(range(rows * columns)))):
            if len(places) > 1 and {scores.first + k for k in places} != set(cells):
                below = ("total", *(("exp", ("cell", scores.first + k)) for k in places))
                yield Slip(step.with_part(place, ("divide", part[1], below)), says, {}, (key,), late=True)


CAUSE = Cause(
    code="GW218",
    name="softmax axis",
    summary="The shares on the way back add up to 1 along the wrong axis.",
    explain="A softmax divides by a sum along one axis, and its way back has a sum along the same axis. With the "
    "other axis the slopes of each column add up to zero where those of each row should.",
    broken="""
import numpy as np

def loss(w, x):
    z = x @ w
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return np.sum(p**2 * np.arange(4))

def gradient(w, x):
    z = x @ w
    e = np.exp(z - np.max(z))
    p = e / np.sum(e, axis=0, keepdims=True)
    q = e / np.sum(e, axis=1, keepdims=True)
    g = 2 * q * np.arange(4)
    return x.T @ (p * (g - np.sum(g * p, axis=0, keepdims=True)))
""",
    mended="""
def gradient(w, x):
    z = x @ w
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    g = 2 * p * np.arange(4)
    return x.T @ (p * (g - np.sum(g * p, axis=1, keepdims=True)))
""",
    mutants=mutants,
    rank=16,
    paper=("M13",),
    bugs=(18,),
    slips=slips,
)
