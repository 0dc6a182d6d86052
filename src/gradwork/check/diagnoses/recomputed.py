"""A value of the forward pass is worked out wrongly when the way back needs it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.op import REGISTER
from gradwork.graph.passes import TRANSPARENT

KEEPING = {"add": "the term", "subtract": "the term", "multiply": "the factor", "divide": "the denominator"}


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each value of the forward pass: one term or factor left out, a function left out or taken twice.

    The slopes are those of the right formula, at the wrong values.
    """
    names = Names.of(joint)
    moving = joint.graph.depends_on([*joint.graph.inputs])
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op in (INPUT, CONSTANT) or node.op in TRANSPARENT or not moving[position] or node.dtype.kind != "f":
            continue
        if position in joint.graph.outputs:
            continue
        whole = names.written(position, {})
        for says, edit in _ways(joint, names, position):
            yield Mutant(
                position,
                edit,
                f"the way back works out {whole} {says}{names.in_layer(position)}",
                joint.layers[position],
                f"the loss has {whole} there, and the way back has to be taken at its values",
                f"keep the value of {whole} from the forward pass, or work it out in the same way",
            )


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
