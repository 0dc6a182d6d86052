"""A sign that is turned: target minus prediction, or a minus that got lost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses import _terms
from gradwork.check.diagnoses._by_ratio import by_ratio
from gradwork.check.diagnoses._constants import SIGN
from gradwork.check.diagnoses._ratio import clear, close, comparable, listed, near
from gradwork.check.evidence import Evidence
from gradwork.check.paper import TOTALS, Slip, Step

MANY = 4  # entries of either sign before their absolute values say something


def find(evidence: Evidence) -> Iterator[Finding]:
    """The ratio -1, alone or with another known factor; in one term of the loss; or no sign at all."""
    yield from by_ratio(
        CAUSE,
        evidence,
        SIGN,
        why=lambda meaning, group: f"{meaning.why} in every entry of {listed(group.names)}",
        only=lambda meaning: not _is_step(meaning.value),
        first=True,
    )
    yield from _terms.findings(CAUSE, evidence, SIGN)
    yield from _absolute(evidence)


def _is_step(value: float) -> bool:
    """Minus a learning rate: then a step was returned, not a gradient."""
    return any(near(value, -(10.0**-k), 1e-6) for k in range(1, 9))


def _absolute(evidence: Evidence) -> Iterator[Finding]:
    names = []
    for name in evidence.fitting:
        if not comparable(evidence, name):
            continue
        right = evidence.right[name]
        says = clear(evidence, name)
        both = min(int(np.sum(right[says] < 0)), int(np.sum(right[says] > 0)))
        if both >= MANY and close(evidence, name, np.abs(right)):
            names.append(name)
    if names:
        yield explained(
            CAUSE,
            evidence,
            f"the absolute values of {listed(names)} are given",
            names,
            {n: np.abs(evidence.right[n]) for n in names},
            why="every entry has the right size, and none is negative",
            hint="keep the signs",
        )


def slips(step: Step) -> Iterator[Slip]:
    """The other sign; of a difference, the other way round."""
    if step.tree[0] == "subtract":
        one, other = step.name(step.tree[1]), step.name(step.tree[2])
        yield Slip(
            ("negative", step.tree),
            "the difference is {one} - {other}, and not the other way round",
            {"one": one, "other": other},
            ("round",),
        )
    else:
        yield Slip(("negative", step.tree), "the sign is the wrong one", key=("sign",))
    yield from _backwards(step)


def _backwards(step: Step) -> Iterator[Slip]:
    """Of a line that is read backwards: what was added is added once more, what was taken off is taken off again."""
    tree = step.tree
    if step.turned and len(tree) == 3 and tree[0] in (*TOTALS, "subtract"):
        added = tree[0] != "subtract"
        says = (
            "read backwards, {term} is added here, and not taken off"
            if added
            else "read backwards, {term} is taken off here, and not added"
        )
        for kept, term in (tree[1:], tree[2:0:-1]) if added else (tree[1:],):
            again = ("subtract" if added else "add", kept, term)
            yield Slip(again, says, {"term": step.name(term)}, ("backwards", step.name(term)), late=True)


CAUSE = Cause(
    code="GW203",
    name="sign",
    summary="The gradient, or one term of it, has the opposite sign.",
    explain=(
        "The slope of (y - p)^2 by p is -2 (y - p), which is 2 (p - y). Target minus prediction, without the "
        "inner slope -1, turns the sign. So does a step of descent that is given in place of the gradient, or"
        " a minus that is lost in copying. Descent then climbs."
    ),
    broken="""
import numpy as np

def loss(w, x, y):
    return np.sum((x @ w - y) ** 2)

def gradient(w, x, y):
    return 2 * x.T @ (y - x @ w)
""",
    mended="""
def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y)
""",
    find=find,
    rank=24,
    paper=("M03", "M17"),
    bugs=(3,),
    slips=slips,
)
