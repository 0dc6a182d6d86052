"""Slopes that were not added up over the copies that broadcasting made."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._axes import over
from gradwork.check.diagnoses._ratio import near
from gradwork.check.evidence import Evidence
from gradwork.check.given import Array
from gradwork.check.paper import PRODUCTS, Slip, Step

Axes = tuple[int, ...]


def find(evidence: Evidence) -> Iterator[Finding]:
    """More axes, or longer ones, than the array has; a sum over them gives what is right, or a mean does."""
    for name in evidence.wrong:
        yours, right = np.asarray(evidence.yours[name], float), evidence.right[name]
        if np.shape(yours) == np.shape(right) or not np.isfinite(yours).all():
            continue
        for axes in _extra_axes(np.shape(yours), np.shape(right)):
            finding = _summed(evidence, name, yours, axes)
            if finding is not None:
                yield finding
                break


def _extra_axes(given: Axes, wanted: Axes) -> Iterator[Axes]:
    """The axes that may be summed over to come from one shape to the other."""
    if len(given) > 4:
        return
    for count in range(1, len(given) + 1):
        for axes in itertools.combinations(range(len(given)), count):
            left = tuple(n for a, n in enumerate(given) if a not in axes)
            kept = tuple(1 if a in axes else n for a, n in enumerate(given))
            if wanted in (left, kept):
                yield axes


def _summed(evidence: Evidence, name: str, yours: Array, axes: Axes) -> Finding | None:
    right, tolerance = evidence.right[name], evidence.tolerance[name]
    total = yours.sum(axis=axes).reshape(np.shape(right))
    copies = int(np.prod([yours.shape[a] for a in axes]))
    scale = float(np.sum(right * total)) / float(np.sum(right**2)) if np.any(right) else 0.0
    close = np.all(np.abs(total - scale * right) <= max(1.0, abs(scale)) * tolerance * (1 + np.sqrt(copies)))
    if not scale or not close or not np.any(np.abs(right) > 100 * tolerance):
        return None
    along = over(axes, yours.ndim)
    shape = f"{name} has the shape {np.shape(right)}, and yours {np.shape(yours)}"
    if near(scale, 1.0, 1e-7) and copies == 1:
        says, hint = f"{name} has an axis of length 1 that does not belong there", "sum without keepdims, or reshape"
    elif near(scale, 1.0, 1e-7):
        says, hint = f"the sum {along} is missing in {name}", f"add {'.sum(axis=' + str(axes[0]) + ')'}"
    elif near(scale, float(copies), 1e-7):
        says = f"the sum {along} is missing in {name}, and the factor 1/{copies}"
        hint = f"take the mean {along}"
    else:
        return None
    return explained(
        CAUSE,
        evidence,
        says,
        [name],
        {name: yours},
        why=f"{shape}: it was copied along that axis, so the slopes of all copies are added up",
        hint=hint,
    )


def slips(step: Step) -> Iterator[Slip]:
    """One term alone where all of them are added up."""
    for place, part in step.parts("total"):
        if len(part) > 2 and (len(part) > 3 or step.is_slope) and part[1][0] not in PRODUCTS:
            for k, one in enumerate(part[1:]):
                says = "that is one of {n} terms: they are added up"
                yield Slip(step.with_part(place, one), says, {"n": str(len(part) - 1)}, ("one", k))
                if place == (1,) and step.tree[0] == "divide":
                    inner = k not in (0, len(part) - 2)
                    yield Slip(one, says, {"n": str(len(part) - 1)}, ("one alone", k), rare=inner, late=True)


CAUSE = Cause(
    code="GW205",
    name="missing sum",
    summary="The gradient still has the axis along which the array was broadcast.",
    explain=(
        "A bias is added to every row: one number is used many times. Its slope is the sum of the slopes of "
        "all its uses. Without that sum the gradient has the shape of what the bias was added to."
    ),
    broken="""
import numpy as np

def loss(b, x):
    return np.sum(np.tanh(x + b))

def gradient(b, x):
    return 1 - np.tanh(x + b) ** 2
""",
    mended="""
def gradient(b, x):
    return (1 - np.tanh(x + b) ** 2).sum(axis=0)
""",
    find=find,
    rank=13,
    paper=("M13",),
    bugs=(5,),
    slips=slips,
)
