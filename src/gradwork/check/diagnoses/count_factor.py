"""A number of rows or entries too much or too little: the mean taken for the sum, or the sum for the mean."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Finding
from gradwork.check.diagnoses import _terms
from gradwork.check.diagnoses._by_ratio import by_ratio
from gradwork.check.diagnoses._constants import COUNT
from gradwork.check.evidence import Evidence
from gradwork.check.paper import PRODUCTS, Slip, Step, scaled
from gradwork.check.trees import subtrees


def find(evidence: Evidence) -> Iterator[Finding]:
    """One ratio for all: a length that stands in the loss, or one over it, or over its square; or so in one term."""
    yield from by_ratio(CAUSE, evidence, COUNT)
    yield from _terms.findings(CAUSE, evidence, COUNT, penalty=False)


def slips(step: Step) -> Iterator[Slip]:
    """Not divided by the number of rows, or once too often; a mean taken as a sum."""
    for place, part in step.parts("divide"):
        if part[2][0] == "known" and float(part[2][1]).is_integer() and part[2][1] > 1:
            n = {"n": f"{part[2][1]:g}"}
            twice = ("divide", part, part[2])
            sums = ("total", "subtract", "negative")
            if part[2][1] > 2 and part[1][0] == "total":
                says = "it is divided by {n}, the number of all, and not by one less"
                less = ("divide", part[1], ("known", part[2][1] - 1.0))
                yield Slip(step.with_part(place, less), says, n, ("one less",), rare=True, late=True)
            for m in sorted({2, *_sizes(step)} - {1, int(part[2][1])}) if part[1][0] in sums else ():
                says = "it is divided by {count}, the number that the mean is over, and not by {n}"
                other = ("divide", part[1], ("known", float(m)))
                names = {"count": n["n"], "n": str(m)}
                yield Slip(step.with_part(place, other), says, names, ("other count", m), late=True)
            yield Slip(step.with_part(place, twice), "it is divided by {n} once too often", n, ("twice",), late=True)
            yield Slip(step.with_part(place, part[1]), "a mean is divided by {n}", {"n": f"{part[2][1]:g}"}, ("sum",))
    for place, part in step.parts("total"):
        if len(place) == 1 and len(part) > 2 and step.tree[0] in PRODUCTS and step.tree[1][0] == "known":
            says = "it is a sum, and not a mean: it is not divided by {n}"
            mean = ("divide", part, ("known", float(len(part) - 1)))
            names = {"n": str(len(part) - 1)}
            yield Slip(step.with_part(place, mean), says, names, ("mean within",), late=True)
            yield Slip(mean, says, names, ("mean for it",), late=True)
        if not place and len(part) > 2:
            says = "it is a sum, and not a mean: it is not divided by {n}"
            mean = ("divide", part, ("known", float(len(part) - 1)))
            yield Slip(mean, says, {"n": str(len(part) - 1)}, ("mean",), late=True)
    if step.count > 1:
        n = {"n": str(step.count)}
        yield Slip(scaled(step.tree, step.count), "the loss is a mean: its slope is divided by {n}", n, ("times n",))
        yield Slip(scaled(step.tree, 1 / step.count), "it is divided by {n} once too often", n, ("over n",))
    yield from _other_counts(step)
    yield from _by_the_count(step)


def _by_the_count(step: Step) -> Iterator[Slip]:
    """Of a share e / (a + b + c): e / 3."""
    for place, part in step.parts("divide"):
        bottom = step.lines.get(part[2][1], part[2]) if part[2][0] == "cell" else part[2]
        if bottom[0] == "total" and len(bottom) > 2 and part[1] in bottom[1:]:
            says = "a share is divided by the sum of all, and not by {n}, how many there are"
            n = float(len(bottom) - 1)
            share = ("divide", part[1], ("known", n))
            yield Slip(step.with_part(place, share), says, {"n": f"{n:g}"}, ("by the count",), late=True)


def _sizes(step: Step) -> set[int]:
    return {n for own in step.quantities.values() for n in own.shape if own.role == "given"}


def _other_counts(step: Step) -> Iterator[Slip]:
    """A slope of a mean divided by the number of inputs, say; one of a sum divided by how many are added up."""
    if not step.is_slope:
        return
    for n in sorted(_sizes(step) - {1, step.count}) if step.count > 1 else ():
        says = "it is divided by {count}, the number that the mean is over, and not by {n}"
        other = ("divide", scaled(step.tree, step.count), ("known", float(n)))
        yield Slip(other, says, {"count": str(step.count), "n": str(n)}, ("count", n), late=True)
    added = {
        len(part) - 1
        for cell, line in step.lines.items()
        if step.count == 1 and not step.turned and step.owner[cell].name == "loss"
        for _, part in subtrees(line)
        if part[0] == "total"
    }
    for n in sorted(added - {1}):
        says = "it is a sum, and not a mean: it is not divided by {n}"
        mean = ("divide", step.tree, ("known", float(n)))
        yield Slip(mean, says, {"n": str(n)}, ("mean of loss",), late=True)


CAUSE = Cause(
    code="GW201",
    name="mean or sum",
    summary="The gradient is too large or too small by the number of rows or entries that a mean is over.",
    explain=(
        "The gradient of a mean over n rows has the factor 1/n that the gradient of a sum has not. It is left"
        " out, put in where the loss is a sum, or put in twice: once in the loss and once more in the "
        "gradient. Where the loss has a regulariser, only the part of the data has the wrong factor."
    ),
    broken="""
import numpy as np

def loss(w, x):
    return np.mean((x * w) ** 2)

def gradient(w, x):
    return np.sum(2 * x * w * x)
""",
    mended="""
def gradient(w, x):
    return np.mean(2 * x * w * x)
""",
    find=find,
    rank=27,
    paper=("M11", "M12"),
    bugs=(1,),
    slips=slips,
)
