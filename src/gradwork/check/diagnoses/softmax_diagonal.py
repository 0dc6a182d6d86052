"""The slopes of a softmax are taken as if each share depended on its own score alone."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.paper import PRODUCTS, Slip, Step
from gradwork.check.shares import Shares, shares_of


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each softmax: what comes back to the scores, by p (1 - p) alone, and by p alone."""
    for found in shares_of(joint):
        if found.coming is None:
            continue
        for says, edit in (
            ("only the diagonal p (1 - p) of the softmax's table of slopes is used", _diagonal(found)),
            ("the softmax's slope is taken to be p", _only_p(found)),
        ):
            yield Mutant(
                found.adjoint,
                edit,
                says,
                joint.layers[found.scores],
                "every score stands in the sum below every share: dz_i = p_i (g_i - sum_j g_j p_j)",
                "dz = p * (g - np.sum(g * p, axis=-1, keepdims=True))",
            )


def _diagonal(found: Shares):  # type: ignore[no-untyped-def]
    return lambda values: (p := found.p(values)) * (1 - p) * values[found.coming]


def _only_p(found: Shares):  # type: ignore[no-untyped-def]
    return lambda values: found.p(values) * values[found.coming]


def _own_terms(step: Step) -> Iterator[Slip]:
    """Of a table of slopes that is worked out by hand, the diagonal alone; and what it makes of what comes back."""
    own, tree = step.quantity, step.tree
    says = "every share hangs on every score: off the diagonal the table is not 0"
    if tree[0] == "subtract" and tree[2][0] in PRODUCTS and len(own.shape) == 2 and own.shape[0] == own.shape[1]:
        i, j = divmod(step.cell - own.first, own.shape[1])
        yield Slip(tree if i == j else ("known", 0.0), says, key=("table",), late=True)
    terms = tree[1:] if tree[0] == "total" else ()
    pairs = [t[1:] for t in terms if t[0] in PRODUCTS and t[1][0] == t[2][0] == "cell"]
    if len(pairs) < 3 or len(pairs) != len(terms) or len(pairs) <= step.cell - own.first:
        return
    table = step.owner[pairs[0][0][1]]
    defined = step.lines.get(pairs[0][0][1])
    if table.shape == (len(pairs), len(pairs)) and defined is not None and defined[0] == "subtract":
        says = "every share hangs on every score: the others' terms are missing"
        yield Slip(terms[step.cell - own.first], says, key=("own",), late=True)


def slips(step: Step) -> Iterator[Slip]:
    """Only the own term of the sum that is taken away."""
    yield from _own_terms(step)
    if step.tree[0] == "subtract" and all(part[0] in PRODUCTS and len(part) == 3 for part in step.tree[1:]):
        first, second = step.tree[1:]
        pair = second[1][0] == second[2][0] == "cell" and step.owner[second[1][1]] is step.owner[second[2][1]]
        if pair and step.role(first[1]) == "given" and step.quantity.shape:
            says = "every share hangs on every score: the products {term} are missing"
            yield Slip(first, says, {"term": step.name(second)}, ("products",), late=True)
    for place, part in step.parts("subtract"):
        if step.is_slope and step.role(part[2]) == "given" and step.role(part[1]) == "line":
            says = "every share hangs on every score: P (1 - P) is the slope of one share alone"
            alone = ("multiply", part[1], ("subtract", ("known", 1.0), part[1]))
            yield Slip(step.with_part(place, alone), says, {}, ("alone",), late=True)
        if part[2][0] == "total":
            for k, one in enumerate(part[2][1:]):
                kept = step.with_part(place, ("subtract", part[1], one))
                yield Slip(kept, "every share hangs on every score: the others' terms are missing", key=("own", k))


CAUSE = Cause(
    code="GW217",
    name="softmax diagonal",
    summary="Of the softmax's table of slopes only the diagonal is used.",
    explain="Each share of a softmax depends on every score, since every score stands in the sum below. The slope of "
    "share i by score j is p_i (1 - p_i) for i = j and -p_i p_j otherwise; with the first alone, the slopes "
    "of a row do not add up to zero.",
    broken="""
import numpy as np

def loss(w, x):
    z = x @ w
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return np.sum(p**2 * np.arange(4))

def gradient(w, x):
    z = x @ w
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return x.T @ (2 * p * np.arange(4) * p * (1 - p))
""",
    mended="""
def gradient(w, x):
    z = x @ w
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    g = 2 * p * np.arange(4)
    return x.T @ (p * (g - np.sum(g * p, axis=1, keepdims=True)))
""",
    mutants=mutants,
    rank=15,
    paper=("M21",),
    bugs=(17,),
    slips=slips,
)
