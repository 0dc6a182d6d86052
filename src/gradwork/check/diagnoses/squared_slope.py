"""The slope of an op is taken twice, or divided by instead of multiplied with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Edit, Joint
from gradwork.check.paper import PRODUCTS, Slip, Step, factors
from gradwork.check.sites import ChainStep, Names, chain_steps, slope_in_words


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each chain step: the slope squared, the slope below instead of above, its sign turned."""
    names = Names.of(joint)
    for step in chain_steps(joint):
        slope = names.written(step.slope, {})
        layer = joint.layers[step.of]
        for says, edit in _ways(step):
            yield Mutant(
                step.product,
                edit,
                f"{slope_in_words(names, step)} {says}{names.in_layer(step.of)}",
                layer,
                f"what comes back is multiplied by {slope}, once",
                f"multiply by {slope}",
            )


def _ways(step: ChainStep) -> Iterator[tuple[str, Edit]]:
    coming, slope = step.coming, step.slope

    def twice(values: Sequence[Any]) -> Any:
        return values[coming] * values[slope] * values[slope]

    def below(values: Sequence[Any]) -> Any:
        return np.divide(values[coming], values[slope])

    yield "is multiplied with twice", twice
    yield "is divided by instead of multiplied with", below


def slips(step: Step) -> Iterator[Slip]:
    """A local slope twice."""
    for place, part in step.parts(*PRODUCTS):
        for one in factors(part):
            if step.role(one) == "slope":
                twice = ("multiply", part, one)
                says = "the slope {slope} is multiplied twice"
                yield Slip(step.with_part(place, twice), says, {"slope": step.name(one)}, ("squared",))


CAUSE = Cause(
    code="GW242",
    name="slope twice or below",
    summary="The slope of a function is multiplied with twice, or divided by.",
    explain="Each function on the way gives one factor, its slope. It is taken twice where an activation's backward "
    "pass is called at two places, and stands below where a quotient was written for a product.",
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.tanh(x * w) ** 2)

def gradient(w, x):
    a = np.tanh(x * w)
    return np.sum(2 * a * (1 - a**2) ** 2 * x)
""",
    mended="""
def gradient(w, x):
    a = np.tanh(x * w)
    return np.sum(2 * a * (1 - a**2) * x)
""",
    mutants=mutants,
    rank=25,
    paper=(),
    bugs=(15,),
    slips=slips,
)
