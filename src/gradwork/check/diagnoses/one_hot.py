"""The slope of softmax and cross-entropy together is p - y; p alone, or the scores in place of p, are not."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Mutant
from gradwork.check.evidence import Joint
from gradwork.check.paper import Slip, Step, Tree
from gradwork.check.shares import shares_of


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each cross-entropy of scores: the shares without what was asked for, and the scores in their place."""
    for found in shares_of(joint):
        if found.coming is not None and not found.logarithm:
            continue
        ways = (
            ("the one-hot labels are not taken off the shares", lambda v, f=found: f.weight(v) * f.p(v)),
            (
                "the scores stand where their softmax belongs",
                lambda v, f=found: v[f.adjoint] + f.weight(v) * (v[f.scores] - f.p(v)),
            ),
        )
        for says, edit in ways:
            yield Mutant(
                found.adjoint,
                edit,
                says,
                joint.layers[found.scores],
                "what comes back to the scores is p - y: the shares, less 1 at the right class",
                "p[np.arange(n), labels] -= 1",
            )


def _to_share(part: Tree) -> Tree:
    """What comes back to a share, in place of what comes back to its score."""
    return ("divide", ("negative", part[2]), part[1])


def slips(step: Step) -> Iterator[Slip]:
    """The shares without the labels taken away."""
    if not step.is_slope:
        return
    for place, part in step.parts("subtract"):
        if step.role(part[2]) == "given" and step.role(part[1]) == "line":
            names = {"labels": step.name(part[2])}
            yield Slip(step.with_part(place, part[1]), "{labels} is not taken away", names, ("labels",))
            for key, other in (("one", ("subtract", part[1], ("known", 1.0))), ("back", _to_share(part))):
                says = "it is the shares less {labels} here"
                yield Slip(step.with_part(place, other), says, names, (key,), late=True)
            share = step.owner[part[1][1]]
            for scores in step.quantities.values():
                if scores.shape == share.shape and scores.name == step.quantity.name[1:]:
                    cell = ("cell", scores.first + part[1][1] - share.first)
                    says = "{scores} are the scores: the labels are taken off the shares {shares}"
                    more = {"scores": scores.name, "shares": share.name}
                    other = step.with_part(place, ("subtract", cell, part[2]))
                    yield Slip(other, says, more, ("scores",), late=True)


CAUSE = Cause(
    code="GW237",
    name="shares less labels",
    summary="The labels are not taken off the shares, or scores stand in place of shares.",
    explain="Softmax and cross-entropy together have the slope p - y by the scores: p is the softmax of the scores, "
    "and y is 1 at the right class and 0 elsewhere. Without the y, or with the scores themselves for p, every "
    "layer is wrong.",
    broken="""
import numpy as np

def loss(w, x):
    z = x @ w
    z = z - np.max(z, axis=1, keepdims=True)
    return -np.sum((z - np.log(np.sum(np.exp(z), axis=1, keepdims=True)))[:, 1])

def gradient(w, x):
    z = x @ w
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return x.T @ (e / np.sum(e, axis=1, keepdims=True))
""",
    mended="""
def gradient(w, x):
    z = x @ w
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    p[:, 1] -= 1
    return x.T @ p
""",
    mutants=mutants,
    rank=17,
    paper=("M22",),
    slips=slips,
)
