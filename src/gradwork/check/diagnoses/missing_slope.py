"""The slope of an op is left out: the chain rule stops before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._called import at_argument, functions_of, pieces_of_functions
from gradwork.check.evidence import Joint
from gradwork.check.paper import PRODUCTS, Slip, Step, factors, product
from gradwork.check.sites import ChainStep, Names, Stretch, as_it_is, chain_steps, slope_in_words, stretches
from gradwork.graph.graph import CONSTANT


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each chain step: what comes back goes on as it is."""
    names, pieces = Names.of(joint), pieces_of_functions(joint)
    for step in chain_steps(joint):
        if step.of in pieces or _is_count(joint, step):
            continue  # a missing factor; a mean for a sum: other causes
        of, coming = step.of, step.coming
        slope = names.written(step.slope, {})
        argument = names.name(joint.node(of).inputs[0])
        what = slope_in_words(names, step)
        yield Mutant(
            step.product,
            as_it_is(coming),
            f"{what} is missing{names.in_layer(of)}",
            joint.layers[of],
            f"by the chain rule what comes back is multiplied by the slope of {joint.node(of).op} at {argument}",
            f"multiply by {slope}",
        )
    for called in functions_of(joint):
        region = called.region
        if called.names and len(region.inside) > 1:
            yield Mutant(
                region.back,
                as_it_is(region.coming),
                f"the slope of {at_argument(joint, called)} is missing{names.in_layer(region.end)}",
                joint.layers[region.end],
                f"by the chain rule what comes back is multiplied by the slope of {called.own} at "
                f"{names.name(region.start)}",
                f"multiply by the slope of {called.own}",
            )
    for stretch in stretches(joint):
        if not stretch.called and (stretch.end in pieces or _is_scaled(joint, stretch)):
            continue
        what = stretch.called or f"what lies between {names.name(stretch.start)} and {names.name(stretch.end)}"
        yield Mutant(
            joint.adjoint[stretch.start],
            as_it_is(joint.adjoint[stretch.end]),
            f"the slope of {what} is missing{names.in_layer(stretch.end)}",
            joint.layers[stretch.end],
            f"by the chain rule what comes back is multiplied by the slope of {what} at {names.name(stretch.start)}",
            "multiply by s * (1 - s)" if stretch.called == "sigmoid" else f"multiply by the slope of {what}",
        )


def _is_count(joint: Joint, step: ChainStep) -> bool:
    """Whether it is divided by a number of entries that is written into the loss."""
    node = joint.node(step.of)
    below = node.inputs[1] if node.op == "divide" else 0
    if node.op != "divide" or joint.node(below).op != CONSTANT or np.size(joint.values[below]) != 1:
        return False
    number = float(np.reshape(joint.values[below], -1)[0])
    return number > 2 and number.is_integer()


def _is_scaled(joint: Joint, stretch: Stretch) -> bool:
    """Whether all that happens between is that the slopes are multiplied by one number: another cause."""
    back, front = joint.value(joint.adjoint[stretch.start]), joint.value(joint.adjoint[stretch.end])
    with np.errstate(all="ignore"):
        ratio = np.asarray(back / front)
    known = ratio[np.isfinite(ratio)]
    return bool(known.size and np.ptp(known) <= 1e-12 * np.max(np.abs(known)) and np.shape(back) == np.shape(front))


def slips(step: Step) -> Iterator[Slip]:
    """A product without the factor that is a local slope."""
    if step.quantity.name in ("inner", "middle"):
        says = "the slope of what stands inside is {right}, and not 1"
        yield Slip(("known", 1.0), says, {"right": step.name(step.tree)}, ("inner is 1",), late=True)
    for place, part in step.parts(*PRODUCTS):
        inside = factors(part)
        for k, one in enumerate(inside):
            of_name = step.is_slope or step.quantity.name in ("slopes", "back")
            named = step.owner[one[1]] if one[0] == "cell" else None
            given = named is not None and named.role == "given" and of_name and named.name[0] in "xXwW"
            if step.is_local_slope(one) or given:
                rest = product(inside[:k] + inside[k + 1 :])
                name = {"slope": step.name(one)}
                says = "the slope {slope} is left out: what comes back is multiplied by it"
                if name["slope"] == "slope":
                    says = "{slope} is left out: what comes back is multiplied by it"
                yield Slip(step.with_part(place, rest), says, name, ("slope",), late=step.role(one) != "slope")


CAUSE = Cause(
    code="GW209",
    name="missing slope",
    summary="The slope of an activation, or of another inner function, is left out.",
    explain="The chain rule multiplies what comes back by the slope of every function on the way. Where one is "
    "forgotten, the layers behind it get slopes that are too large or of the wrong sign, and those before it "
    "are right.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.tanh(x * w) ** 2)

def gradient(w, x):
    return np.sum(2 * np.tanh(x * w) * x)
""",
    mended="""
def gradient(w, x):
    a = np.tanh(x * w)
    return np.sum(2 * a * (1 - a**2) * x)
""",
    mutants=mutants,
    rank=20,
    paper=("M04", "M05"),
    bugs=(9,),
    slips=slips,
)
