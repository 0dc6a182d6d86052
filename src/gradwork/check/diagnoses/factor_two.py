"""The 2 of a square, left out or put in once too often."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause, Finding
from gradwork.check.diagnoses import _terms
from gradwork.check.diagnoses._by_ratio import by_ratio
from gradwork.check.diagnoses._constants import TWO
from gradwork.check.diagnoses._on_paper import throughout, written_out
from gradwork.check.evidence import Evidence
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step, Tree, factors, product, scaled


def find(evidence: Evidence) -> Iterator[Finding]:
    """One ratio for all, 2 or 1/2, or its square; or so in one term of the loss."""
    yield from by_ratio(
        CAUSE,
        evidence,
        TWO,
        why=lambda meaning, group: f"{meaning.why} in every entry: the slope of u^2 is 2u, and that of u^2/2 is u",
    )
    yield from _terms.findings(CAUSE, evidence, TWO, penalty=False)


def slips(step: Step) -> Iterator[Slip]:
    """The 2 left out, or put in."""
    has = any(part == ("known", 2.0) for _, part in step.parts("known"))
    ratio = step.tree[0] == "divide" and step.tree[2][0] != "known"
    says = "the factor 2 is missing: the slope of a square is 2 times what is squared"
    yield Slip(
        scaled(step.tree, 0.5),
        says if has else "it is twice as much",
        key=("half",),
        rare=not has and not ratio,
        late=not has,
    )
    if has:
        yield Slip(scaled(step.tree, 0.25), says, key=("halved",), late=True)
    for place, part in step.parts(*PRODUCTS):
        inside = factors(part)
        if ("known", 2.0) in inside and len(inside) > 1:
            rest = [f for f in inside if f != ("known", 2.0)]
            yield Slip(step.with_part(place, product(rest)), says, key=("left out",), late=True)
            if place:
                again = step.with_part(place, ("multiply", ("known", 2.0), part))
                yield Slip(again, "there is a factor 2 too many", key=("twice within",), late=True)
    if step.tree[0] in TOTALS:
        forgotten = throughout(written_out(step, step.tree), _without_two)
        if forgotten != written_out(step, step.tree):
            yield Slip(forgotten, says, key=("left out before",), late=True)
    yield Slip(scaled(step.tree, 2), "there is a factor 2 too many", key=("twice",))
    if step.count == 2:  # beside the number of rows
        yield Slip(scaled(step.tree, 2), "there is a factor 2 too many", key=("twice",), late=True)
    if step.tree[0] == "subtract" and step.tree[2][0] in PRODUCTS:
        twice = ("subtract", step.tree[1], scaled(step.tree[2], 2))
        yield Slip(twice, "there is a factor 2 too many", key=("twice within",), late=True)


def _without_two(part: Tree) -> Tree | None:
    inside = factors(part)
    if ("known", 2.0) not in inside or len(inside) < 2:
        return None
    return product(f for f in inside if f != ("known", 2.0))


CAUSE = Cause(
    code="GW202",
    name="factor two",
    summary="The gradient is twice, or half, what is right.",
    explain=(
        "The slope of u^2 is 2u. The 2 is forgotten, or the loss has the factor 1/2 that takes it away and "
        "the gradient keeps it. A measured slope that was divided by h where the points are 2h apart is off "
        "by the same factor."
    ),
    broken="""
import numpy as np

def loss(w, x, y):
    return np.mean((x @ w - y) ** 2)

def gradient(w, x, y):
    return x.T @ (x @ w - y) / len(y)
""",
    mended="""
def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y)
""",
    find=find,
    rank=27,
    paper=("M01", "M23"),
    bugs=(2,),
    slips=slips,
)
