"""A path from a parameter to the loss is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step, Tree
from gradwork.check.sites import Names, made_for, sums_of_paths

STATISTICS = ("mean", "sum", "max", "min", "sqrt", "root_of_sum")


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each sum over paths: one of them is left out; and nothing goes back through one value."""
    names = Names.of(joint)
    for position, node in sums_of_paths(joint):
        of = made_for(joint, position)
        name = names.name(of)
        for kept in node.inputs:
            yield Mutant(
                position,
                lambda values, kept=kept: values[kept],  # type: ignore[misc]
                f"one of the paths from {name} to the loss is left out{names.in_layer(of)}",
                joint.layers[of],
                f"{name} is used more than once, and what comes back from every use is added up",
                f"add up what every use of {name} brings (+=, not =)",
            )
    for of, adjoint in joint.adjoint.items():
        node = joint.node(of)
        if adjoint < joint.forward or of in joint.place.values() or node.op in STATISTICS:
            continue
        name = names.name(of)
        yield Mutant(
            adjoint,
            lambda values, adjoint=adjoint: np.zeros_like(values[adjoint]),  # type: ignore[misc]
            f"nothing comes back through {name}{names.in_layer(of)}",
            joint.layers[of],
            f"{name} depends on the parameter too, and what it brings is part of the gradient",
            f"add what comes back through {name}",
        )


def slips(step: Step) -> Iterator[Slip]:
    """One term of a sum left out: a path, a bias."""
    for place, part in step.parts(*TOTALS, "subtract"):
        terms = part[1:]
        for k, one in enumerate(terms):
            rest = terms[:k] + terms[k + 1 :]
            kept = rest[0] if len(rest) == 1 else ("total", *rest)
            if part[0] == "subtract" and k == 0:
                kept = ("negative", rest[0])
            elif part[0] == "subtract":
                continue  # what is not taken away is a term that was forgotten, and no path
            name = {"term": step.name(one)}
            key = ("term", k) if len(terms) > 2 else ("term", step.name(one))
            says = "the term {term} is left out: every path counts"
            yield Slip(step.with_part(place, kept), says, name, key)
        if part[0] != "subtract" and len(terms) > 2 and terms[0][0] in PRODUCTS:
            for k, one in enumerate(terms):
                says = "only the term {term} is there: every path counts"
                yield Slip(step.with_part(place, one), says, {"term": step.name(one)}, ("only", k), late=True)
        if part[0] != "subtract" and len(terms) == 2 and all(t[0] in PRODUCTS and len(t) == 3 for t in terms):
            yield from _crossed(step, place, terms)


def _crossed(step: Step, place: tuple[int, ...], terms: tuple[Tree, ...]) -> Iterator[Slip]:
    """Of u'v + uv': the product of both slopes, which is no path."""
    for one in terms[0][1:]:
        for other in terms[1][1:]:
            names = {"one": step.name(one), "other": step.name(other)}
            if one != other and names["one"].startswith("d") and names["other"].startswith("d"):
                says = "{one} times {other} is no product rule: each slope is multiplied by the other factor"
                yield Slip(step.with_part(place, ("multiply", one, other)), says, names, ("slopes",), late=True)


CAUSE = Cause(
    code="GW214",
    name="missing path",
    summary="A value is used more than once, and only one of the uses is counted.",
    explain="What comes back to a value is the sum over all its uses. An assignment where an addition belongs keeps "
    "the last use only; a branch that is taken for constant brings nothing.",
    broken="""
import numpy as np

def loss(w, x):
    y = np.tanh(x * w)
    return np.sum(y * np.sin(y))

def gradient(w, x):
    y = np.tanh(x * w)
    dy = np.sin(y)
    return np.sum(dy * (1 - y**2) * x)
""",
    mended="""
def gradient(w, x):
    y = np.tanh(x * w)
    dy = np.sin(y) + y * np.cos(y)
    return np.sum(dy * (1 - y**2) * x)
""",
    mutants=mutants,
    rank=28,
    paper=("M20",),
    bugs=(7, 14),
    slips=slips,
)
