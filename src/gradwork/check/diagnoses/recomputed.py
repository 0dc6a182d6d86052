"""A value of the forward pass is worked out wrongly when the way back needs it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._recomputing import recomputed
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names
from gradwork.graph.op import REGISTER

KEEPING = {"add": "the term", "subtract": "the term", "multiply": "the factor", "divide": "the denominator"}


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each value of the forward pass: one term or factor left out, a function left out or taken twice.

    The slopes are those of the right formula, at the wrong values.
    """
    names = Names.of(joint)
    yield from recomputed(joint, names, [*joint.graph.inputs], _ways)


def _ways(joint: Joint, names: Names, position: int) -> Iterator[tuple[str, Callable[[Sequence[Any]], Any]]]:
    node = joint.node(position)
    shape = node.shape
    if node.op in KEEPING:
        for place, kept in enumerate(node.inputs):
            if node.op == "divide" and place == 1:
                continue
            other = names.name(node.inputs[1 - place])
            if node.op == "subtract" and place == 1:
                yield (
                    f"without {KEEPING[node.op]} {other}",
                    lambda values, kept=kept: np.broadcast_to(np.negative(values[kept]), shape),  # type: ignore[misc]
                )
                continue
            yield (
                f"without {KEEPING[node.op]} {other}",
                lambda values, kept=kept: np.broadcast_to(values[kept], shape),  # type: ignore[misc]
            )
        return
    op = REGISTER.named(node.op)
    if op.elementwise and len(node.inputs) == 1:
        (inside,) = node.inputs
        yield f"without its {node.op}", lambda values: np.broadcast_to(values[inside], shape)
        yield f"with {node.op} taken twice", lambda values: op.function(op.function(values[inside]))


CAUSE = Cause(
    code="GW247",
    name="wrong recomputation",
    summary="A value of the forward pass is worked out again on the way back, and comes out otherwise.",
    explain="A backward function often works out what the forward pass had. Where it forgets a term there, such as a "
    "bias, a small constant under a root, or an activation, the formulas are right and the values that go "
    "into them are not.",
    broken="""
import numpy as np

def loss(w, b, x):
    return np.sum(np.tanh(x @ w + b) ** 2)

def gradient(w, b, x):
    a = np.tanh(x @ w)
    g = 2 * a * (1 - a**2)
    return x.T @ g, g.sum(axis=0)
""",
    mended="""
def gradient(w, b, x):
    a = np.tanh(x @ w + b)
    g = 2 * a * (1 - a**2)
    return x.T @ g, g.sum(axis=0)
""",
    mutants=mutants,
    rank=33,
)
