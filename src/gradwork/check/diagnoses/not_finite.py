"""NaN or infinity in the given gradient, where the slope is a number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding
from gradwork.check.diagnoses._ratio import listed
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.sites import Names

LARGEST = 700.0  # exp of more than this is no float64


def find(evidence: Evidence) -> Iterator[Finding]:
    """Entries that are no numbers, with the place in the loss where a number is lost most easily."""
    names = [n for n in evidence.fitting if _lost(evidence, n)]
    if not names:
        return
    bad = evidence.yours[names[-1]]
    what = "NaN" if any(np.isnan(evidence.yours[n]).any() for n in names) else "infinity"
    count = "every entry" if not np.isfinite(bad).any() and len(names) == 1 else "entries"
    suspect = _suspect(evidence.joint) if evidence.joint is not None else ""
    yield Finding(
        CAUSE,
        f"{what} in {count} of {listed(names)}, where the slope is a number{f': {suspect}' if suspect else ''}",
        tuple(names),
        {n: np.array(evidence.yours[n]) for n in names},
        why=suspect or "on the way back 0 was multiplied by infinity, divided by 0, or a number grew beyond all bounds",
        hint="take the largest score off before exp; divide only where the divisor is not 0 (np.where inside as well)",
    )


def _lost(evidence: Evidence, name: str) -> bool:
    yours, right = np.asarray(evidence.yours[name], float), np.asarray(evidence.right[name], float)
    return bool(np.any(~np.isfinite(yours) & np.isfinite(right)))


def _suspect(joint: Joint) -> str:
    """The last step of the loss whose slope, written down plainly, is no number here."""
    names = Names.of(joint)
    for position in range(joint.forward - 1, -1, -1):
        node = joint.node(position)
        if not node.inputs:
            continue
        inside = np.asarray(joint.values[node.inputs[-1]])
        if inside.dtype.kind != "f":
            continue
        of = names.name(node.inputs[-1])
        if node.op in ("log", "sqrt", "divide") and np.any(inside == 0):
            return f"{of} is 0 somewhere, and the slope of {node.op} has no value there"
        if node.op in ("exp", "sigmoid", "softplus", "log1p", "logaddexp", "tanh") and np.any(np.abs(inside) > LARGEST):
            return f"{of} goes up to {np.max(np.abs(inside)):.4g}: exp of that is no number that can be held"
        if node.op in ("max", "logsumexp", "softmax") and inside.size and np.max(np.abs(inside)) > LARGEST:
            return f"{of} goes up to {np.max(np.abs(inside)):.4g}: exp of that is no number that can be held"
    return ""


CAUSE = Cause(
    code="GW229",
    name="not a number",
    summary="The gradient has NaN or infinity where the slope is a number.",
    explain=(
        "The loss is finite, and so is its slope, and the way back still meets 0 * inf, 0 / 0 or inf - inf: "
        "exp of a large score, log or a square root at 0, a division that np.where hides too late. One NaN "
        "spoils all that it is multiplied with."
    ),
    broken="""
import numpy as np

def loss(w, x):
    return np.sum(np.logaddexp(0.0, 10000 * (x @ w))) / 10000

def gradient(w, x):
    e = np.exp(10000 * (x @ w))
    return x.T @ (e / (1 + e))
""",
    mended="""
def gradient(w, x):
    return x.T @ np.exp(-np.logaddexp(0.0, -10000 * (x @ w)))
""",
    find=find,
    rank=3,
    fact=True,
    bugs=(29,),
)
