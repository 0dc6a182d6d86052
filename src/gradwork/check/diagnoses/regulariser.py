"""The regulariser: left out, counted twice or by half, or put where it does not belong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses import _terms
from gradwork.check.diagnoses._constants import COUNT, OTHER, TWO
from gradwork.check.diagnoses._ratio import comparable, is_times, listed, near, ratio_of
from gradwork.check.diagnoses._terms import LEFT_OUT
from gradwork.check.diagnoses._without_itself import without_itself
from gradwork.check.evidence import Evidence
from gradwork.check.given import Array
from gradwork.check.paper import PRODUCTS, Slip, Step
from gradwork.check.regression import equal, terms_of

MANY = 2


def find(evidence: Evidence) -> Iterator[Finding]:
    """A coefficient of the regulariser that is not 1; or a part along the parameters that the loss has not."""
    yield from _terms.findings(CAUSE, evidence, LEFT_OUT, TWO, COUNT, OTHER, penalty=True)
    yield from _added(evidence)


def _added(evidence: Evidence) -> Iterator[Finding]:
    joint = evidence.joint
    found: dict[tuple[str, float], list[str]] = {}
    predicted: dict[str, Array] = {}
    for name in evidence.fitting:
        if not comparable(evidence, name) or ratio_of(evidence, name) is not None or _has_penalty(evidence, name):
            continue
        if _without_itself(evidence, name):
            continue  # the parameter left out of its own slope: another cause
        value = next(leaf.value for leaf in evidence.leaves if leaf.name == name)
        here = np.asarray(joint.value(joint.place[name]) if joint is not None else value, float)
        for kind, direction in (("squares", here), ("absolute values", np.sign(here))):
            if np.count_nonzero(direction) < MANY:
                continue
            extra = evidence.yours[name] - evidence.right[name]
            weight = float(np.sum(direction * extra)) / float(np.sum(direction**2))
            candidate = evidence.right[name] + weight * direction
            if weight and equal(evidence, name, candidate, {}) and not is_times(evidence, name, 1.0):
                key = next((k for k in found if k[0] == kind and near(weight, k[1], 1e-6)), (kind, weight))
                found.setdefault(key, []).append(name)
                predicted[name] = candidate
                break
    for (kind, weight), names in found.items():
        part = "the parameter" if kind == "squares" else "its sign"
        yield explained(
            CAUSE,
            evidence,
            f"{weight:.4g} times {part} is added in {listed(names)}: the slope of a regulariser ({kind}) "
            "that the loss does not have there",
            names,
            {n: predicted[n] for n in names},
            why=f"yours less what is right is {weight:.4g} times {part}, in every entry",
            hint="leave it out, or put the regulariser into the loss; biases are usually left without one",
        )


def _without_itself(evidence: Evidence, name: str) -> bool:
    """Whether it is the slope where the parameter is 0."""
    made = without_itself(evidence, name)
    return made is not None and equal(evidence, name, made, {})


def _has_penalty(evidence: Evidence, name: str) -> bool:
    if evidence.joint is None:
        return False
    return any(t.penalty and np.any(t.slopes[name]) for t in terms_of(evidence.joint))


def slips(step: Step) -> Iterator[Slip]:
    """Weight decay on a bias."""
    decay, tree = step.quantities.get("decay"), step.tree
    if decay is None or tree[0] != "subtract" or not step.quantity.name.startswith("new_b"):
        return
    old, rate = tree[1], tree[2]
    if rate[0] in PRODUCTS and old[0] == "cell":
        more = ("total", rate[2], ("multiply", ("cell", decay.first), old))
        says = "weights decay, and not a bias"
        yield Slip(("subtract", old, ("multiply", rate[1], more)), says, {}, ("bias",), late=True)


CAUSE = Cause(
    code="GW220",
    name="regulariser",
    summary="The part of the regulariser is missing, too large or too small, or is in an array that has none.",
    explain=(
        "A loss with weight decay is a sum, and so is its gradient: what the data say, and what the "
        "regulariser says. The second part is forgotten, has another factor (the slope of lam/2 w^2 is lam w;"
        " that of lam w^2 is 2 lam w), is divided by the number of rows, or is added for the biases as well."
    ),
    broken="""
import numpy as np

def loss(w, x, y):
    return np.mean((x @ w - y) ** 2) + 0.3 * np.sum(w**2)

def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y)
""",
    mended="""
def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y) + 0.6 * w
""",
    find=find,
    rank=13,
    bugs=(20,),
    slips=slips,
)
