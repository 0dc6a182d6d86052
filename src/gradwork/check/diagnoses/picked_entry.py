"""The entry of the class that is asked for: what it gets, of what the other classes of its row get."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names
from gradwork.ops.indexing import key_of

Made = Callable[[Array, Array, Array], Array]  # of the others, 1 at the entries picked, and the largest of all

# The right way: the entry picked gets less the sum of all others in the row.
WAYS: dict[str, Made] = {
    "gets nothing": lambda h, one, unit: h,
    "gets the sum of what the others get, with the wrong sign": lambda h, one, unit: (
        h + one * np.sum(h, -1, keepdims=True)
    ),
    "counts once, and not once for each of the others": lambda h, one, unit: h - one * unit,
    "is counted among the others": lambda h, one, unit: h - one * (np.sum(h, -1, keepdims=True) + unit),
    "gets the mean of what the others get": lambda h, one, unit: h - one * np.mean(h, -1, keepdims=True),
    "alone gets something": lambda h, one, unit: -one * np.sum(h, -1, keepdims=True),
}


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each array of scores of which one entry a row is picked: other slopes for the entry picked."""
    names = Names.of(joint)
    for picked in range(joint.forward):
        node = joint.node(picked)
        if node.op != "getitem" or len(node.inputs) < 2 or node.inputs[0] not in joint.adjoint:
            continue
        scores = node.inputs[0]
        adjoint = joint.adjoint[scores]
        shape = joint.node(scores).shape
        if len(shape) != 2 or adjoint < joint.forward or joint.node(adjoint).shape != shape:
            continue
        if sum(joint.node(k).op == "getitem" and joint.node(k).inputs[0] == scores for k in range(joint.forward)) > 1:
            continue  # what is subtracted is another entry, and not all others
        marked = _marked(joint, picked)
        slope = joint.value(adjoint)
        if marked is None or np.max(np.abs(np.sum(slope, -1))) > 1e-9 * np.max(np.abs(slope), initial=0.0):
            continue
        z = names.name(scores)
        for says, edit in _ways(scores, adjoint, picked, joint):
            yield Mutant(
                adjoint,
                edit,
                f"in the slopes of {z}, {says}",
                joint.layers[scores],
                "the slopes of a row add up to 0: the class that is asked for gets less the sum of the others",
                f"d_{z}[rows, labels] = -(sum of the others in the row)",
            )


def _ways(scores: int, adjoint: int, picked: int, joint: Joint) -> Iterator[tuple[str, Callable[[Sequence[Any]], Any]]]:
    def parts(values: Sequence[Any]) -> tuple[Array, Array, Array]:
        slope, one = np.asarray(values[adjoint], float), _marked(joint, picked, values)
        assert one is not None
        others = slope * (1 - one)
        return others, one, np.max(np.abs(others))

    for says, made in WAYS.items():
        yield f"the entry of the class that is asked for {says}", lambda v, made=made: made(*parts(v))  # type: ignore[misc]

    def worst(values: Sequence[Any]) -> Array:
        others, one, _ = parts(values)
        z = np.where(one > 0, -np.inf, np.asarray(values[scores], float))
        kept = others * (z == np.max(z, -1, keepdims=True))
        return np.asarray(kept - one * np.sum(kept, -1, keepdims=True))

    yield "of the other classes only that with the largest score gets something", worst


def _marked(joint: Joint, picked: int, values: Sequence[Any] | None = None) -> Array | None:
    """1 at the entries that are picked, one of each row; None where it is not so."""
    node = joint.node(picked)
    values = joint.values if values is None else values
    one = np.zeros(joint.node(node.inputs[0]).shape)
    try:
        one[key_of(node.params["index"], tuple(values[i] for i in node.inputs[1:]))] = 1.0
    except (IndexError, ValueError, KeyError):
        return None
    return one if one.ndim == 2 and bool(np.all(np.sum(one, -1) == 1)) else None


CAUSE = Cause(
    code="GW263",
    name="entry of the right class",
    summary="The entry of the class that is asked for does not get less the sum of what the others get.",
    explain="Where a loss compares the scores of a row with the score of the right class, each class that counts gets "
    "its slope, and the right class gets less the sum of them. It is left out, counted once for all, taken with the "
    "wrong sign, or counted among the others.",
    broken="""
import numpy as np

def loss(w, x):
    s = x @ w
    right = s[np.arange(len(s)), [0, 1, 2, 3, 0, 1]]
    return np.sum(np.maximum(s - right[:, None] + 1, 0))

def gradient(w, x):
    s = x @ w
    rows, labels = np.arange(len(s)), [0, 1, 2, 3, 0, 1]
    g = (s - s[rows, labels][:, None] + 1 > 0) * 1.0
    g[rows, labels] = -1
    return x.T @ g
""",
    mended="""
def gradient(w, x):
    s = x @ w
    rows, labels = np.arange(len(s)), [0, 1, 2, 3, 0, 1]
    g = (s - s[rows, labels][:, None] + 1 > 0) * 1.0
    g[rows, labels] = 0
    g[rows, labels] = -g.sum(axis=1)
    return x.T @ g
""",
    mutants=mutants,
    rank=23,
)
