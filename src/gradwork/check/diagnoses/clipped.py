"""A clip is not taken back: what was cut off still gets slopes."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names, as_it_is, chain_steps

LIMITING = {"clip": "the clip", "maximum": "the maximum", "minimum": "the minimum", "relu": "the relu"}


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each clip, maximum, minimum and relu: what comes back goes on everywhere."""
    names = Names.of(joint)
    for step in chain_steps(joint):
        node = joint.node(step.of)
        if node.op not in LIMITING:
            continue
        what = f"{LIMITING[node.op]} {names.written(step.of, {})}"
        yield Mutant(
            step.product,
            as_it_is(step.coming),
            f"{what} has no mask on the way back{names.in_layer(step.of)}",
            joint.layers[step.of],
            "where the limit was taken nothing moves, and nothing comes back",
            f"multiply by {names.written(step.slope, {})}",
        )


CAUSE = Cause(
    code="GW222",
    name="missing mask",
    summary="The mask of a relu, a clip or a maximum is missing on the way back.",
    explain="A relu gives 0 below 0, a clip its edge outside its limits: there the result does not move, and nothing "
    "comes back. Without the mask, entries that were cut off get slopes all the same.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.clip(w * x, 0.5, 0.9) ** 2)

def gradient(w, x):
    return np.sum(2 * np.clip(w * x, 0.5, 0.9) * x)
""",
    mended="""
def gradient(w, x):
    y = w * x
    return np.sum(2 * np.clip(y, 0.5, 0.9) * ((y >= 0.5) & (y <= 0.9)) * x)
""",
    mutants=mutants,
    rank=14,
    paper=("M05",),
    bugs=(22, 26),
)
