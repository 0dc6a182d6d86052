"""A clip is not taken back: what was cut off still gets slopes."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._on_paper import read_by
from gradwork.check.evidence import Joint
from gradwork.check.paper import Slip, Step, function_of
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


def slips(step: Step) -> Iterator[Slip]:
    """A mask of ones, but at 0 itself; what changes before a relu for what changes behind it."""
    tree = step.tree
    says = "the slope is not 1 everywhere: only where {name} is above 0"
    for place, part in step.parts("greater"):
        if part[2] == ("known", 0.0):
            ones = step.with_part(place, ("greater", ("absolute", part[1]), ("known", 0.0)))
            yield Slip(ones, says, {"name": step.name(part[1])}, ("ones",), late=True)
    if tree[0] == "above":
        ones = ("above", ("absolute", tree[1]))
        yield Slip(ones, says, {"name": step.name(tree[1])}, ("ones",), late=True)
    if tree[0] == "divide" and tree[1][0] == tree[2][0] == "cell":
        top, bottom = (step.name(part)[1:] for part in tree[1:])
        for name in (top, f"{top}_before"):
            line = step.lines.get(step.quantities[name].first) if name in step.quantities else None
            if function_of(line) == "relu" and bottom in {n.removesuffix("_before") for n in read_by(step, line)}:
                says = "the slope of a relu is not 1 everywhere: where it is off, {name} does not change"
                yield Slip(("known", 1.0), says, {"name": top}, ("ones",), late=True)
    if tree[0] == "subtract" and tree[1][0] == tree[2][0] == "cell":
        lines = [step.lines.get(part[1], ("",)) for part in tree[1:]]
        if all(line[0] == "relu" for line in lines):
            says = "where the unit is off, {name} does not change"
            before = ("subtract", *(line[1] for line in lines))
            yield Slip(before, says, {"name": step.name(tree[1])}, ("as it is",), late=True)


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
    slips=slips,
    rank=14,
    paper=("M05",),
    bugs=(22, 26),
)
