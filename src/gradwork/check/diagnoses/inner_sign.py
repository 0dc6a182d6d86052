"""A minus sign too much or too little, in one place on the way back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.paper import TOTALS, Slip, Step
from gradwork.check.sites import Names, by_rule, chain_steps, equal_values, made_for, slope_in_words
from gradwork.gradients.backprop import SUM_OF_PATHS


def mutants(joint: Joint) -> Iterator[Mutant]:
    """The sign of each slope, of each sum's and each difference's second term."""
    names = Names.of(joint)
    for step in chain_steps(joint):
        if _cancels(joint, step.product):
            continue
        of, slope = step.of, names.written(step.slope, {})
        yield Mutant(
            step.product,
            lambda values, product=step.product: np.negative(values[product]),  # type: ignore[misc]
            f"{slope_in_words(names, step)} has the wrong sign{names.in_layer(of)}",
            joint.layers[of],
            "a minus sign is lost, or stands where there is none",
            f"multiply by {slope}",
        )
    for position, node in by_rule(joint, "subtract", "add"):
        left, right = node.inputs
        wrong = np.add if node.op == "subtract" else np.subtract
        of = made_for(joint, position)
        yield Mutant(
            position,
            lambda values, left=left, right=right, wrong=wrong: wrong(values[left], values[right]),  # type: ignore[misc]
            f"the second part of {names.written(position, {})} has the wrong sign{names.in_layer(of)}",
            joint.layers[of],
            "a plus stands where a minus belongs, or the other way round",
            f"write {names.written(position, {})}",
        )
    for position, node in by_rule(joint, "negative"):
        (inside,) = node.inputs
        of = made_for(joint, position)
        yield Mutant(
            position,
            lambda values, inside=inside: values[inside],  # type: ignore[misc]
            f"the minus sign of {names.written(position, {})} is missing{names.in_layer(of)}",
            joint.layers[of],
            f"the right way back has {names.written(position, {})} here",
            "put the minus sign in",
        )


def _cancels(joint: Joint, product: int) -> bool:
    """Whether two paths bring the same, as of the two factors of a square: with one turned, both are gone."""
    sums = (joint.node(r) for r in joint.graph.consumers[product] if joint.node(r).origin.by == SUM_OF_PATHS)
    return any(
        node.op == "add" and len(set(node.inputs)) == 2 and equal_values(*(joint.value(i) for i in node.inputs))
        for node in sums
    )


def slips(step: Step) -> Iterator[Slip]:
    """One term with the other sign."""
    for place, part in step.parts("exp"):
        says = "in e^{part} the sign is the wrong one"
        flipped = part[1][1] if part[1][0] == "negative" else ("negative", part[1])
        yield Slip(step.with_part(place, ("exp", flipped)), says, {"part": step.name(part[1])}, ("exp",), late=True)
    for place, part in step.parts(*TOTALS, "subtract"):
        if part[0] == "subtract":
            other = step.with_part(place, ("add", part[1], part[2]))
            names = {"term": step.name(part[2])}
            yield Slip(other, "{term} is taken away, and not added", names, ("added", step.name(part[2])))
            if step.quantity.name.startswith("new_"):  # beside a step uphill
                says = "{term} is taken away, and not added"
                yield Slip(other, says, names, ("added", step.name(part[2])), late=True)
            continue
        for k, one in enumerate(part[1:], 1):
            flipped = (*part[:k], ("negative", one), *part[k + 1 :])
            names = {"term": step.name(one)}
            says = "the term {term} has the wrong sign"
            yield Slip(step.with_part(place, flipped), says, names, ("term", k if len(part) > 3 else step.name(one)))


CAUSE = Cause(
    code="GW243",
    name="inner sign",
    summary="One factor or one term on the way back has the wrong sign.",
    explain="Where the whole gradient has the wrong sign, the ratio to the right one is -1. Where only one term or "
    "one inner slope has it, no ratio shows it, and the layers behind it are wrong in another way.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.tanh(x * w) ** 2)

def gradient(w, x):
    a = np.tanh(x * w)
    return np.sum(2 * a * (1 + a**2) * x)
""",
    mended="""
def gradient(w, x):
    a = np.tanh(x * w)
    return np.sum(2 * a * (1 - a**2) * x)
""",
    mutants=mutants,
    rank=26,
    paper=("M03",),
    bugs=(3,),
    slips=slips,
)
