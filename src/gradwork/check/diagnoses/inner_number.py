"""One part of the way back is multiplied by a number that does not belong there, or is there twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._on_paper import read_by, throughout
from gradwork.check.diagnoses._paths import through
from gradwork.check.evidence import Joint
from gradwork.check.paper import PRODUCTS, RATES, TOTALS, Slip, Step, factors, product
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
                    f"{_path(joint, names, of, other)} counts {word}{names.in_layer(of)}",
                    joint.layers[of],
                    f"what every use of {names.name(of)} brings is added up, each once",
                    "count every path once, with its own sign",
                )


def _path(joint: Joint, names: Names, of: int, position: int) -> str:
    paths = through(joint, names, position)
    if len(paths) == 1 and paths[0]:
        return f"the path from {names.name(of)} through {paths[0]}"
    return f"one of the paths that lead back to {names.name(of)}"


def slips(step: Step) -> Iterator[Slip]:
    """Of m v + g: m v + (1 - m) g, and m (v + g)."""
    for place, part in step.parts(*TOTALS):
        terms = part[1:]
        for k, term in enumerate(terms):
            shares = [f for f in factors(term) if step.role(f) == "given" and not step.owner[f[1]].shape]
            if len(terms) != 2 or term[0] not in PRODUCTS or terms[1 - k][0] not in ("cell", "power"):
                continue
            for share in shares:
                rare = step.name(share) not in _SHARES
                rest = product([f for f in factors(term) if f != share])
                names = {"term": step.name(rest), "factor": step.name(share)}
                says = "the factor {factor} belongs to {term}"
                moved = ("total", rest, ("multiply", share, terms[1 - k]))
                yield Slip(step.with_part(place, moved), says, names, ("moved",), rare=rare, late=True)
                for key, factor in (("rest", ("subtract", ("known", 1.0), share)), ("share", share)):
                    names = {"term": step.name(terms[1 - k]), "factor": step.name(factor)}
                    says = "{term} is not multiplied by {factor}: it comes in whole"
                    other = ("total", term, ("multiply", factor, terms[1 - k]))
                    yield Slip(step.with_part(place, other), says, names, (key,), rare=rare, late=True)
    yield from _exchanged(step)
    yield from _with_rate(step)
    yield from _rate_elsewhere(step)


def _rate_elsewhere(step: Step) -> Iterator[Slip]:
    """Of w - r dw: r (w - dw), and r w - dw."""
    taken = step.tree[2] if step.tree[0] == "subtract" else step.tree
    rates = [f for f in factors(taken) if f[0] == "cell" and step.name(f) in RATES]
    if step.tree[0] != "subtract" or taken[0] not in PRODUCTS or len(rates) != 1:
        return
    (rate,), value = rates, step.tree[1]
    slope = product(f for f in factors(taken) if f != rate)
    says = "the learning rate {rate} multiplies the slope, and not {value}"
    names = {"rate": step.name(rate), "value": step.name(value)}
    for key, wrong in (
        ("both", ("multiply", rate, ("subtract", value, slope))),
        ("value", ("subtract", ("multiply", rate, value), slope)),
    ):
        yield Slip(wrong, says, names, ("rate", key), late=True)


def _with_rate(step: Step) -> Iterator[Slip]:
    """Of m v + g: m v + r g and m v - r g, with the learning rate r that comes in with the step."""
    for name in sorted(RATES & step.quantities.keys()):
        if step.tree[0] not in TOTALS or name in read_by(step, step.tree):
            continue
        rate = ("cell", step.quantities[name].first)
        for k, term in enumerate(step.tree[1:], 1):
            for key, factor in (("in", rate), ("in, less", ("negative", rate))):
                says = "the learning rate {rate} comes in with the step, and not here"
                early = (*step.tree[:k], ("multiply", factor, term), *step.tree[k + 1 :])
                yield Slip(early, says, {"rate": name}, (key,), late=True)


def _exchanged(step: Step) -> Iterator[Slip]:
    """Of k s + (1 - k) g: (1 - k) s + k g.   Of 0.1 g: 0.9 g."""
    for share in sorted({c for _, c in step.cells() if step.name(("cell", c)) in _SHARES}):
        part = ("cell", share)
        rest = ("subtract", ("known", 1.0), part)
        other = throughout(step.tree, lambda t, p=part, r=rest: p if t == r else r if t == p else None)  # type: ignore[misc]
        if any(t == rest for _, t in step.parts("subtract")):
            says = "{share} and 1 - {share} have changed places"
            yield Slip(other, says, {"share": step.name(part)}, ("exchanged",), late=True)
    for place, number in step.parts("known"):
        if 0 < number[1] < 1 and number[1] != 0.5:
            says = "{rest} stands where {share} belongs"
            names = {"share": f"{number[1]:g}", "rest": f"{1 - number[1]:g}"}
            yield Slip(step.with_part(place, ("known", 1 - number[1])), says, names, ("rest of it",), late=True)


# What a number is called that keeps a part of something.
_SHARES = frozenset({"momentum", "keep", "beta", "beta1", "beta2", "decay", "gamma", "rho"})


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
    rank=37,
    slips=slips,
)
