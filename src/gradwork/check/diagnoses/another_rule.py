"""A rule of differentiation that is not one, or not the one that belongs there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._ratio import close, comparable
from gradwork.check.diagnoses._slopes_of_rules import of_a_product, of_a_quotient
from gradwork.check.diagnoses._tangents import MOST_LINES, Line, Misruled, misruled, tangents_of
from gradwork.check.evidence import Evidence
from gradwork.check.given import Array
from gradwork.check.paper import Slip, Step

# What a function is the slope of. That of a sine differs from its slope in a sign alone, and is called so.
INTEGRALS: dict[str, Callable[[Array], Array]] = {
    "log": lambda u: u * np.log(u) - u,
    "reciprocal": np.log,
    "tanh": lambda u: np.log(np.cosh(u)),
    "sigmoid": lambda u: np.logaddexp(0.0, u),
    "sqrt": lambda u: u**1.5 / 1.5,
    "square": lambda u: u**3 / 3,
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Losses of single numbers, a wrong rule in one line; or differentiated once too often."""
    yield from misruled(evidence, CAUSE, rules)
    for name in evidence.fitting:
        joint = evidence.joint
        if joint is None or joint.forward > MOST_LINES or np.size(evidence.right[name]) != 1:
            continue
        twice = tangents_of(joint, name).get(joint.slope[name])
        if twice is not None and comparable(evidence, name) and close(evidence, name, twice):
            says = f"the slope by {name} is differentiated once more"
            why = "what is given is the second derivative"
            yield explained(CAUSE, evidence, says, [name], {name: twice}, why=why, hint="one derivative")


def rules(line: Line) -> Iterator[Misruled]:
    """What people take for the slope of a line."""
    if line.op in ("multiply", "divide"):
        yield from _of_two(line)
    elif line.op in ("add", "subtract"):
        yield from _of_terms(line)
    elif line.op == "power":
        yield from _of_powers(line)
    elif len(line.inputs) == 1:
        yield from _of_functions(line)


def _of_two(line: Line) -> Iterator[Misruled]:
    """The slopes multiplied or divided, as the values are; a quotient's denominator not squared or left out."""
    u, v = line.inputs
    du, dv, below = line.slope(u), line.slope(v), line.value(v)
    a, b = line.names.name(u), line.names.name(v)
    both = line.moves(u) and line.moves(v) and u != v
    if line.op == "multiply":
        if both:
            why = f"by the product rule it is the slope of {a} times {b}, and {a} times the slope of {b}"
            yield Misruled(f"the slope of {a} times {b} is taken as the product of their slopes", du * dv, why)
        return
    above = du * below - line.value(u) * dv
    why = "by the quotient rule it is (u' v - u v')/v^2"
    if both:
        yield Misruled(f"the slope of {a} divided by {b} is taken as the quotient of their slopes", du / dv, why)
    if line.moves(v):
        yield Misruled(f"the denominator {b} is not squared in the slope of {a} divided by {b}", above / below, why)
        yield Misruled(f"the denominator is missing in the slope of {a} divided by {b}", above, why)
        only = "the slope of a quotient is taken as the quotient with the slope of its denominator"
        yield Misruled(only, line.value(u) / dv, why)


def _of_terms(line: Line) -> Iterator[Misruled]:
    """A term that stays as it is, and is not differentiated."""
    sign = -1.0 if line.op == "subtract" else 1.0
    for kept, times in zip(line.inputs, (1.0, sign), strict=True):
        slope = line.slope(line.position) + times * (line.value(kept) - line.slope(kept))
        what = "its slope" if line.moves(kept) else "0, the slope of a constant,"
        says = f"the term {line.names.name(kept)} stays as it is where {what} belongs"
        yield Misruled(says, slope, "the slope of a sum is the sum of the slopes")


def _of_powers(line: Line) -> Iterator[Misruled]:
    base, exponent = line.inputs
    u, n, du = line.value(base), line.value(exponent), line.slope(base)
    name, whole = line.names.name(base), line.names.written(line.position, {})
    if line.moves(base) and not line.moves(exponent):
        why = "by the power rule the slope of u^n is n u^(n-1), times the slope of u"
        yield Misruled(f"{whole} is integrated, and not differentiated", u ** (n + 1) / (n + 1) * du, why)
        yield Misruled(f"{whole} is integrated, and not differentiated", u ** (n + 1) / (n + 1), why)
        yield Misruled(f"the exponent comes down one less in the slope of {whole}", (n - 1) * u ** (n - 1) * du, why)
        if not np.all(n == 2):  # of a square, the other factor is missing
            yield Misruled(f"the exponent is taken down by two in the slope of {whole}", n * u ** (n - 2) * du, why)
        yield Misruled(f"the exponent grows by one in the slope of {whole}", n * u ** (n + 1) * du, why)
        if line.is_parameter(base):
            return
        inside = f"the slope of {name} stands where {name} belongs in the slope of {whole}"
        yield Misruled(inside, n * du ** (n - 1), why)
        yield Misruled(inside, n * du ** (n - 1) * du, why)
        yield Misruled(f"the slope of {whole} is taken as the slope of {name}, raised to that power", du**n, why)
        once_more = f"{name} itself is multiplied with, where its slope belongs, in the slope of {whole}"
        yield Misruled(once_more, n * u**n, why)
    elif line.moves(exponent) and not line.moves(base):
        by_exponent = n * u ** (n - 1)
        why = "by the exponential rule the slope of a^v is a^v log(a), times the slope of v: the exponent stays"
        yield from _as_power(whole, by_exponent, line.slope(exponent), why)


def _as_power(whole: str, slope: Array, inner: Array, why: str) -> Iterator[Misruled]:
    says = f"the power rule is used on {whole}, where the parameter stands in the exponent"
    yield Misruled(says, slope * inner, why)
    yield Misruled(says, slope, why)


def _of_functions(line: Line) -> Iterator[Misruled]:
    """An inner function exchanged for its slope, multiplied with in place of its slope, or integrated."""
    inside = line.inputs[0]
    if not line.moves(inside) or line.op in ("negative", "positive"):
        return
    u, du = line.value(inside), line.slope(inside)
    name, whole = line.names.name(inside), line.names.written(line.position, {})
    if line.op == "exp":
        why = "the slope of e^u is e^u, times the slope of u: the exponent stays"
        yield from _as_power(whole, u * np.exp(u - 1), du, why)
    if line.op == "sqrt":
        why = f"the slope of the root of u is 1/(2 sqrt(u)): {whole} stands below the line"
        yield Misruled(f"{whole} is multiplied with, and not divided by, in its slope", np.sqrt(u) / 2 * du, why)
    if line.op == "tan":
        why = "the slope of tan(u) is 1/cos(u)^2"
        yield Misruled(f"the cosine is not squared in the slope of {whole}", du / np.cos(u), why)
    if line.op in INTEGRALS:
        why = f"{whole} is what its integral has as a slope, and its own slope is asked for"
        yield Misruled(f"{whole} is integrated, and not differentiated", INTEGRALS[line.op](u) * du, why)
        yield Misruled(f"{whole} is integrated, and not differentiated", INTEGRALS[line.op](u), why)
    if line.is_parameter(inside):
        return
    why = "by the chain rule it is the outer slope at the inner value, times the inner slope"
    at_slope = line.local_slope(du)
    if at_slope is not None:
        says = f"the slope of {name} stands where {name} belongs in the slope of {whole}"
        yield Misruled(says, at_slope, why)
        yield Misruled(says, at_slope * du, why)
    here = line.local_slope(u)
    if here is not None:
        says = f"{name} itself is multiplied with, where its slope belongs, in the slope of {whole}"
        yield Misruled(says, here * u, why)


def slips(step: Step) -> Iterator[Slip]:
    """The slopes of a product multiplied, those of a quotient divided."""
    yield from of_a_product(step)
    yield from of_a_quotient(step)


CAUSE = Cause(
    code="GW286",
    name="another rule",
    summary="A rule of differentiation is used that is none, or that belongs to another form.",
    explain=(
        "The slope of a product is not the product of the slopes, nor that of a quotient their quotient; the power "
        "rule is for a parameter in the base, and not in the exponent; the chain rule takes the outer slope at the "
        "inner value, and multiplies with the inner slope; and the slope of a sum leaves no term as it is."
    ),
    broken="""
import numpy as np

def loss(w):
    return w * np.sin(w)

def gradient(w):
    return 1 * np.cos(w)
""",
    mended="""
def gradient(w):
    return np.sin(w) + w * np.cos(w)
""",
    rank=29,
    find=find,
    slips=slips,
)
