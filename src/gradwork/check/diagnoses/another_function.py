"""The slope of another function: of a sigmoid where tanh belongs, of absolute values where squares belong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Finding, Mutant, explained
from gradwork.check.diagnoses._called import functions_of, others
from gradwork.check.diagnoses._functions import Known
from gradwork.check.diagnoses._limits import limited
from gradwork.check.diagnoses._ratio import close, comparable
from gradwork.check.diagnoses._regions import Region
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.paper import Slip, Step
from gradwork.check.sites import Names

MOST_BENT = 12
OfZ = Callable[[Array], Array]
BENT: dict[str, tuple[OfZ, OfZ]] = {
    "a leaky relu, 1 where z > 0, else {c},": (lambda z: (z > 0) * 1.0, lambda z: (z <= 0) * 1.0),
    "an elu, 1 where z > 0, else {c} exp(z),": (
        lambda z: (z > 0) * 1.0,
        lambda z: np.where(z > 0, 0.0, np.exp(np.minimum(z, 0))),
    ),
}


def mutants(joint: Joint) -> Iterator[Mutant]:
    """At each function of one value: the slope of each other one."""
    names = Names.of(joint)
    for called in functions_of(joint):
        region, own = called.region, called.own
        where = names.in_layer(region.end)
        why, hint = f"the loss has {own} there, of {names.name(region.start)}", f"take the slope of {own}"
        for name, known in others(called):
            for form, slope in {known.written: _plain(known), **known.remembered}.items():
                says = f"the slope of {name}, {form}, stands where that of {own} belongs{where}"
                if name == "identity":
                    says = f"the slope of {own} is missing: 1 stands in its place{where}"
                yield Mutant(region.back, slope_of(region, slope), says, joint.layers[region.end], why, hint)
        yield from limited(joint, region, own, (where, why, hint))


def find(evidence: Evidence) -> Iterator[Finding]:
    """The slope of a leaky relu or an elu, with a number that is read off what was given."""
    joint = evidence.joint
    names = [n for n in evidence.fitting if comparable(evidence, n)]
    if joint is None or not names:
        return
    for called in functions_of(joint)[:MOST_BENT]:
        region, own = called.region, called.own
        for kind, (fixed, varying) in BENT.items():
            told = _number(evidence, joint, region, fixed, varying)
            if told is None:
                continue
            number, predicted = told
            z = Names.of(joint).name(region.start)
            yield explained(
                CAUSE,
                evidence,
                f"the slope of {kind.format(c=f'{number:.4g}')} stands where that of {own} belongs"
                f"{Names.of(joint).in_layer(region.end)}",
                list(predicted),
                predicted,
                layer=joint.layers[region.end],
                why=f"the loss has {own} there, of {z}",
                hint=f"take the slope of {own}",
            )
            return


def _number(
    evidence: Evidence, joint: Joint, region: Region, fixed: OfZ, varying: OfZ
) -> tuple[float, dict[str, Array]] | None:
    """The number c with which fixed + c varying is the slope that was taken, and what it gives; a short one only."""
    base = joint.with_edits({region.back: slope_of(region, lambda z, a: fixed(z))})
    more = joint.with_edits({region.back: slope_of(region, lambda z, a: fixed(z) + varying(z))})
    if not base or not more or any(n not in base for n in evidence.wrong) or set(evidence.wrong) != set(base):
        return None
    steps = {n: more[n] - base[n] for n in base}
    total = sum(float(np.sum(s * s)) for s in steps.values())
    if not total or not np.isfinite(total):
        return None
    number = sum(float(np.sum(s * (evidence.yours[n] - base[n]))) for n, s in steps.items()) / total
    number = round(number, 4)
    if not number or abs(number) == 1.0:
        return None
    predicted = {n: base[n] + number * steps[n] for n in base}
    if all(close(evidence, n, predicted[n]) for n in predicted):
        return number, predicted
    return None


def _plain(known: Known) -> Callable[[Array, Array], Array]:
    return lambda z, a: known.slope(z)


def slope_of(region: Region, slope: Callable[[Array, Array], Array]) -> Edit:
    """What comes back, times another slope."""

    def edit(values: Sequence[Any]) -> Any:
        return values[region.coming] * slope(values[region.start], values[region.end])

    return edit


def slips(step: Step) -> Iterator[Slip]:
    """A function left out, or another one in its place."""
    for place, part in step.parts("where"):
        says = "that is a relu's: below 0 it is not 0 here"
        yield Slip(step.with_part(place, (*part[:3], ("known", 0.0))), says, {}, ("relu",), late=True)
    for place, part in step.parts(*_ON_PAPER):
        names = {"function": part[0]}
        yield Slip(step.with_part(place, part[1]), "{function} is left out", names, ("left out", part[0]))
        for other in _ON_PAPER[part[0]]:
            says = "that is {other}, and not {function}"
            yield Slip(
                step.with_part(place, (other, part[1])), says, {**names, "other": other}, ("other", other), rare=True
            )


_ON_PAPER: dict[str, tuple[str, ...]] = {
    "relu": ("absolute", "above"),
    "tanh": ("relu",),
    "exp": (),
    "log": (),
    "sqrt": (),
    "absolute": ("sign",),
    "above": ("sign",),
}


CAUSE = Cause(
    code="GW228",
    name="another function",
    summary="The slope is that of another activation, or the gradient that of another loss.",
    explain=(
        "The loss has tanh, and the gradient the slope of a sigmoid, a (1 - a); or the loss adds up absolute values "
        "and the gradient is that of squares. Each is right for another function: one of the two was changed, and the "
        "other was not."
    ),
    broken="""
import numpy as np

def loss(w, x, y):
    return np.mean(np.abs(x @ w - y))

def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y)
""",
    mended="""
def gradient(w, x, y):
    return x.T @ np.sign(x @ w - y) / len(y)
""",
    find=find,
    mutants=mutants,
    rank=33,
    paper=("M02", "M08"),
    bugs=(28,),
    slips=slips,
)
