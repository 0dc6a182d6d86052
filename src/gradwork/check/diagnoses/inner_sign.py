"""A minus sign too much or too little, in one place on the way back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._called import at_argument, functions_of, pieces_of_functions
from gradwork.check.diagnoses._paths import cancelling
from gradwork.check.evidence import Edit, Joint
from gradwork.check.paper import TOTALS, Slip, Step
from gradwork.check.sequences import done
from gradwork.check.sites import (
    ChainStep,
    Names,
    by_rule,
    chain_steps,
    equal_values,
    made_for,
    slope_in_words,
    without_copies,
)
from gradwork.gradients.backprop import SUM_OF_PATHS


def mutants(joint: Joint) -> Iterator[Mutant]:
    """The sign of each slope, of each sum's and each difference's second term."""
    names, pieces = Names.of(joint), pieces_of_functions(joint)
    yield from _of_functions(joint, names)
    for step in chain_steps(joint):
        if step.of in pieces or cancelling(joint, step.product) is not None:
            continue
        of, slope = step.of, names.written(step.slope, {})
        yield Mutant(
            step.product,
            turned(joint, step.product),
            f"{_factor_or_path(joint, names, step)} has the wrong sign{names.in_layer(of)}",
            joint.layers[of],
            "a minus sign is lost, or stands where there is none",
            f"multiply by {slope}",
        )
    for position, node in by_rule(joint, "subtract", "add"):
        left, right = node.inputs
        if node.op == "add" and node.origin.by == SUM_OF_PATHS and equal_values(joint.value(left), joint.value(right)):
            continue  # with the sign of one turned, both are gone: a path
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
        if cancelling(joint, position) is not None:
            continue
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


def turned(joint: Joint, position: int) -> Edit:
    """A node with its sign turned, worked out of what it reads by then."""
    return lambda values: np.negative(done(joint, position, {}, values))


def _factor_or_path(joint: Joint, names: Names, step: ChainStep) -> str:
    """What has the wrong sign: a slope; or, where that is a size and has no sign, the path that it belongs to."""
    node, slope = joint.node(step.of), without_copies(joint, step.slope)
    others = [i for i in node.inputs if without_copies(joint, i) != slope]
    if node.op == "multiply" and len(others) == 1 and np.all(joint.value(step.slope) >= 0) and joint.node(slope).inputs:
        return f"the path from {names.name(others[0])} through {names.name(step.of)}"
    return slope_in_words(names, step)


def _of_functions(joint: Joint, names: Names) -> Iterator[Mutant]:
    """The sign of all that a function sends back, and of the sum of what comes back over several paths."""
    whole = [(c.region.back, c.region.end, f"the slope of {at_argument(joint, c)}") for c in functions_of(joint)]
    ways = [(back, of, says) for back, of, says in whole if of in pieces_of_functions(joint)]
    totals = {a: joint.node(a).origin.node for a in joint.adjoint.values() if a >= joint.forward}
    ways += [
        (position, of, f"what comes back to {names.name(of)}")
        for position, of in totals.items()
        if of is not None and of not in joint.place.values() and joint.node(position).origin.by == SUM_OF_PATHS
    ]
    for position, of, says in ways:
        yield Mutant(
            position,
            turned(joint, position),
            f"{says} has the wrong sign{names.in_layer(of)}",
            joint.layers[of],
            "a minus sign is lost, or stands where there is none",
            "turn the sign",
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
