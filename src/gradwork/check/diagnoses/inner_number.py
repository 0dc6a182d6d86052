"""One part of the way back is multiplied by a number that does not belong there, or is there twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names, made_for, sums_of_paths

NUMBERS = ((2.0, "twice"), (0.5, "half"), (-1.0, "with the sign turned"))


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each sum over paths: what one of them brings, twice, half of it, and with its sign turned.

    Numbers such as a count are solved for, not tried: see `check.parts`.
    """
    names = Names.of(joint)
    for position, node in sums_of_paths(joint):
        of = made_for(joint, position)
        left, right = node.inputs
        for one, other in ((left, right), (right, left)):
            for number, word in NUMBERS:
                yield Mutant(
                    position,
                    lambda values, one=one, other=other, number=number: np.add(values[one], number * values[other]),  # type: ignore[misc]
                    f"one of the paths that lead back to {names.name(of)} counts {word}{names.in_layer(of)}",
                    joint.layers[of],
                    f"what every use of {names.name(of)} brings is added up, each once",
                    "count every path once, with its own sign",
                )


CAUSE = Cause(
    code="GW257",
    name="inner number",
    summary="One part of the way back is multiplied by a number that does not belong there.",
    explain="A factor such as 1/n, 2 or n/(n - 1) is missing, or stands twice, in one term of a formula and not in the "
    "others, so that no one number makes the gradient right. It shows where the parts have different weights: "
    "in one of two paths, in one of the three terms of a normalisation.",
    broken="""
import numpy as np

def loss(w, x):
    y = np.tanh(x * w)
    return np.sum(y * np.sin(y))

def gradient(w, x):
    y = np.tanh(x * w)
    dy = np.sin(y) + 0.5 * y * np.cos(y)
    return np.sum(dy * (1 - y**2) * x)
""",
    mended="""
def gradient(w, x):
    y = np.tanh(x * w)
    dy = np.sin(y) + y * np.cos(y)
    return np.sum(dy * (1 - y**2) * x)
""",
    mutants=mutants,
    rank=30,
)
