"""Slopes that are zero, because nothing was sent back to an array: detached, or forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradwork.check.cause import Cause, Finding, Mutant, explained
from gradwork.check.diagnoses import _terms
from gradwork.check.diagnoses._ratio import clear, comparable, listed, ratio_of
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.paper import Slip, Step
from gradwork.check.shares import shares_of
from gradwork.check.sites import Names

LONGEST = 60  # characters of a term's formula in a sentence


def find(evidence: Evidence) -> Iterator[Finding]:
    """All zero where it is not; one term of the loss without a part in it; or the same number everywhere."""
    zero = [n for n in evidence.fitting if not np.any(evidence.yours[n]) and _moves(evidence, n)]
    if zero:
        yield explained(
            CAUSE,
            evidence,
            f"{listed(zero)} {'is' if len(zero) == 1 else 'are'} zero in every entry",
            zero,
            {n: np.zeros(np.shape(evidence.yours[n])) for n in zero},
            why="the loss does depend on it: the measured slopes are not zero",
            hint="send what comes back on to it; an array that was copied, detached or made anew is another one",
        )
    for found in _terms.findings(CAUSE, evidence, _terms.LEFT_OUT, penalty=False):
        yield replace(found, says=found.says + _hard(evidence.joint, found.says))
    yield from _placeholders(evidence)


def _hard(joint: Joint | None, says: str) -> str:
    """What it comes to where the logarithm of a sum of exponentials, less their largest, is left out."""
    for found in shares_of(joint) if joint is not None and says.startswith("the term log(sum(") else ():
        less = any(joint.node(r).op == "max" for r in joint.graph.consumers[found.scores])  # type: ignore[union-attr]
        if found.coming is None and less:
            return ": the largest alone counts, as if its share were 1 (a hard assignment)"
    return ""


def _moves(evidence: Evidence, name: str) -> bool:
    return bool(np.any(clear(evidence, name))) if comparable(evidence, name) else False


def _placeholders(evidence: Evidence) -> Iterator[Finding]:
    """All ones, or the array itself."""
    values = {leaf.name: np.asarray(leaf.value, float) for leaf in evidence.leaves}
    if evidence.joint is not None:
        values.update({n: np.asarray(evidence.joint.value(i), float) for n, i in evidence.joint.place.items()})
    several = [n for n in evidence.fitting if comparable(evidence, n) and np.size(evidence.yours[n]) >= 2]
    ones = [n for n in several if np.all(evidence.yours[n] == 1.0)]
    own = [n for n in several if np.array_equal(evidence.yours[n], values[n]) and np.any(values[n]) and n not in ones]
    own = [n for n in own if ratio_of(evidence, n) is None]  # the slope of w^2/2 is w itself: a factor is wrong there
    for names, says in ((ones, "is 1 in every entry"), (own, "is the array itself")):
        if names:
            yield explained(
                CAUSE,
                evidence,
                f"what is given for {listed(names)} {says}",
                names,
                {n: np.array(evidence.yours[n]) for n in names},
                why="it has nothing to do with what comes back",
                hint="work out its slopes",
            )


def mutants(joint: Joint) -> Iterator[Mutant]:
    """Nothing comes back from one term of the loss, however many steps it has."""
    names = Names.of(joint)
    moving = joint.graph.depends_on(list(joint.place.values()))
    data = joint.graph.depends_on([i for i in joint.graph.inputs if i not in joint.place.values()])
    shared = Counter(joint.adjoint.values())
    for of, adjoint in joint.adjoint.items():
        node = joint.node(of)
        if adjoint < joint.forward or moving[adjoint] or node.shape or not moving[of] or of in joint.place.values():
            continue
        if shared[adjoint] > 1 or not data[of]:
            continue  # the other terms have the same slope; or it is a regulariser, another cause
        yield Mutant(
            adjoint,
            lambda values, adjoint=adjoint: np.zeros_like(values[adjoint]),  # type: ignore[misc]
            f"the term {_called(joint, names, of)} of the loss is left out",
            0,
            "the gradient of a sum is the sum of its terms' gradients",
            "add the gradient of that term",
        )


def _called(joint: Joint, names: Names, of: int) -> str:
    """A term by its name, or as a formula; in few words where that is long."""
    name = names.name(of)
    if joint.node(of).name or (len(name) <= LONGEST and not name[1:].isdigit()):
        return name
    written = names.written(of, {})
    return written if len(written) <= LONGEST else f"{written[: LONGEST - 4]} ..."


def slips(step: Step) -> Iterator[Slip]:
    """0 for a slope that is another number; 0 or 1 for a given that is the slope."""
    if step.tree[0] == "cell" and step.quantity.role == "line" and step.owner[step.tree[1]].role == "given":
        for number in (0.0, 1.0):
            says = "it is {right}, and not {wrong} of itself"
            names = {"right": step.name(step.tree), "wrong": f"{number:g}"}
            yield Slip(("known", number), says, names, ("given", f"{number:g}"), late=True)
    if step.is_slope and step.quantity.role != "slope":
        yield Slip(
            ("known", 0.0),
            "something does come back here: it is not 0",
            key=("zero",),
            rare=bool(step.quantity.shape),
            late=True,
        )


CAUSE = Cause(
    code="GW207",
    name="forgotten",
    summary="The slopes of an array, or the part of one term in them, are zero: nothing was sent back to it.",
    explain=(
        "The way back stops before it reaches an array: it was detached, copied, overwritten by zeros, or its"
        " line was never written. Where the loss has a regulariser, its part may be there and look like a "
        "gradient. The same happens where one of several terms of the loss is left out."
    ),
    broken="""
import numpy as np

def loss(w, b, x, y):
    return np.mean((x @ w + b - y) ** 2)

def gradient(w, b, x, y):
    e = x @ w + b - y
    return 2 * x.T @ e / len(y), np.zeros_like(b)
""",
    mended="""
def gradient(w, b, x, y):
    e = x @ w + b - y
    return 2 * x.T @ e / len(y), 2 * np.mean(e)
""",
    find=find,
    mutants=mutants,
    rank=12,
    paper=("M15",),
    bugs=(7,),
    slips=slips,
)
