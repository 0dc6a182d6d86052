"""A path from a parameter to the loss is forgotten."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Mutant
from gradwork.check.diagnoses._on_paper import part_at
from gradwork.check.diagnoses._paths import ends_of, through
from gradwork.check.evidence import Joint
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step, Tree
from gradwork.check.sites import Names, equal_values, made_for, sums_of_paths
from gradwork.gradients.backprop import SUM_OF_PATHS

MOST_ENDS = 8  # paths of which two are looked at together
STATISTICS = ("mean", "sum", "max", "min", "sqrt", "root_of_sum")


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each sum over paths: one of them is left out; and nothing goes back through one value."""
    names = Names.of(joint)
    for position, node in sums_of_paths(joint):
        of = made_for(joint, position)
        name = names.name(of)
        for kept, gone in (node.inputs, node.inputs[::-1]):
            yield Mutant(
                position,
                lambda values, kept=kept: values[kept],  # type: ignore[misc]
                f"{left_out(joint, names, name, kept, gone)}{names.in_layer(of)}",
                joint.layers[of],
                f"{name} is used more than once, and what comes back from every use is added up",
                f"add up what every use of {name} brings (+=, not =)",
            )
    yield from _alike(joint, names)
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


def _alike(joint: Joint, names: Names) -> Iterator[Mutant]:
    """Both paths of a square, and all paths through the same value, left out together."""
    for of, adjoint in joint.adjoint.items():
        if adjoint < joint.forward or joint.node(adjoint).origin.by != SUM_OF_PATHS:
            continue
        ends = ends_of(joint, adjoint)
        groups: dict[str, list[int]] = {}
        for end in ends:
            for called in dict.fromkeys(through(joint, names, end)):
                groups.setdefault(called, []).append(end)
        pairs = {tuple(m): f"the {len(m)} paths from {names.name(of)} through {c}" for c, m in groups.items() if c}
        for one, other in itertools.combinations(ends[:MOST_ENDS], 2):
            if equal_values(joint.value(one), joint.value(other)):
                through_both = " and ".join(c for e in (one, other) for c in through(joint, names, e)[:1] if c)
                pairs.setdefault((one, other), f"the 2 paths from {names.name(of)} through {through_both}")
        for members, says in pairs.items():
            rest = [e for e in ends if e not in members]
            if len(members) > 1 and rest:
                yield Mutant(
                    adjoint,
                    lambda values, rest=rest: sum(np.asarray(values[e]) for e in rest),  # type: ignore[misc]
                    f"{says} are left out{names.in_layer(of)}",
                    joint.layers[of],
                    f"{names.name(of)} is used more than once, and what comes back from every use is added up",
                    f"add up what every use of {names.name(of)} brings",
                )


def left_out(joint: Joint, names: Names, name: str, kept: int, gone: int) -> str:
    """Which of the paths that lead back to a value is not counted, in words."""
    lost, left = through(joint, names, gone), through(joint, names, kept)
    step = joint.node(made_for(joint, gone))
    if len(lost) == 1 and step.op == "multiply" and len(set(step.inputs)) == 1:
        return f"of {name}^2 the factor 2 is missing: only one of the two equal paths is counted"
    if len(lost) == 1 and lost[0]:
        return f"the path from {name} through {lost[0]} is left out"
    if len(left) == 1 and left[0]:
        return f"of the {len(lost) + 1} paths from {name} only that through {left[0]} is counted"
    several = len(lost) + len(left)
    return f"{len(lost)} of the {several} paths from {name} to the loss {'is' if len(lost) == 1 else 'are'} left out"


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
        if part[0] != "subtract" and len(terms) > 1 and terms[0][0] in PRODUCTS:
            for k, one in enumerate(terms):
                says = "only the term {term} is there: every path counts"
                yield Slip(step.with_part(place, one), says, {"term": step.name(one)}, ("only", k), late=True)
        if part[0] == "total" and len(terms) > 2:
            yield from _some(step, place, terms)
        if len(terms) == 2 and not step.quantity.shape and all(t[0] in PRODUCTS and len(t) == 3 for t in terms):
            yield from _crossed(step, place, terms)
    yield from _alone(step)


def _some(step: Step, place: tuple[int, ...], terms: tuple[Tree, ...]) -> Iterator[Slip]:
    """Of a + b + c + d: a + b, and c + d."""
    n = len(terms)
    for k in range(2, n - 1):
        says = "only {count} of {n} terms are there: all of them are added up"
        for key, some in (("first", terms[:k]), ("last", terms[-k:])):
            names = {"count": str(k), "n": str(n)}
            yield Slip(step.with_part(place, ("total", *some)), says, names, (key, k), key == "last", late=True)


def _alone(step: Step) -> Iterator[Slip]:
    """Of (a + b) + c, written so: b alone."""
    terms = _terms(step.tree)
    if len(terms) > 2 and step.tree[0] in TOTALS and any(t[0] in TOTALS for t in step.tree[1:]):
        for k, one in enumerate(terms):
            says = "only the term {term} is there: every path counts"
            if one[0] in PRODUCTS:
                yield Slip(one, says, {"term": step.name(one)}, ("only", k), late=True)
            rest = ("total", *terms[:k], *terms[k + 1 :])
            says = "the term {term} is left out: every path counts"
            yield Slip(rest, says, {"term": step.name(one)}, ("but", k), late=True)


def _terms(tree: Tree) -> tuple[Tree, ...]:
    return tuple(t for part in tree[1:] for t in _terms(part)) if tree[0] in TOTALS else (tree,)


def _crossed(step: Step, place: tuple[int, ...], terms: tuple[Tree, ...]) -> Iterator[Slip]:
    """Of u'v + uv': u'u + v'v."""
    pairs = [[sorted(t[1:], key=lambda p: not step.name(p).startswith("d"))] for t in terms]
    (slope, factor), (second, other_factor) = (pair[0] for pair in pairs)
    if all(step.name(p).startswith("d") for p in (slope, second)) and len({slope, factor, second, other_factor}) == 4:
        names = {"one": step.name(slope), "other": step.name(other_factor)}
        says = "{one} is multiplied by the other function, and not by {other}"
        own = (part_at(step.tree, place)[0], ("multiply", slope, other_factor), ("multiply", second, factor))
        yield Slip(step.with_part(place, own), says, names, ("own",), late=True)


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
