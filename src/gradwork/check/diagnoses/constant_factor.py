"""Another constant factor, or a step in place of the gradient, or a gradient that was clipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses import _terms
from gradwork.check.diagnoses._constants import OTHER, SIGN, meanings
from gradwork.check.diagnoses._on_paper import read_by
from gradwork.check.diagnoses._ratio import (
    Group,
    clear,
    close,
    comparable,
    fits,
    groups,
    is_times,
    listed,
    predicted,
)
from gradwork.check.diagnoses.sign import _is_step
from gradwork.check.evidence import Evidence
from gradwork.check.paper import PRODUCTS, RATES, Slip, Step, factors

MANY = 3  # entries before a ratio without a meaning says something


def find(evidence: Evidence) -> Iterator[Finding]:
    """A ratio with a meaning; a length of 1; a step; and, named as no more than it is, a ratio without a meaning."""
    for group in groups(evidence):
        yield from _of_group(evidence, group)
    yield from _terms.findings(CAUSE, evidence, OTHER, penalty=False)
    yield from _of_length_one(evidence)
    yield from _updated(evidence)
    yield from _clipped(evidence)


def _of_group(evidence: Evidence, group: Group) -> Iterator[Finding]:
    found = [m for m in meanings(evidence, group.ratio) if fits(evidence, group.names, m.value)]
    steps = [m for m in found if m.kind == SIGN and _is_step(m.value)]
    if steps:
        rate = -steps[0].value
        yield explained(
            CAUSE,
            evidence,
            f"-{rate:g} times the gradient is given: a step of descent in its place",
            group.names,
            predicted(evidence, group.names, -rate),
            why="the gradient is what the step is made from",
            hint="leave the learning rate and the sign to the update",
        )
    for meaning in found:
        if meaning.kind == OTHER:
            yield explained(
                CAUSE if "stands in the loss" in meaning.says else KNOWN,
                evidence,
                meaning.says,
                group.names,
                predicted(evidence, group.names, meaning.value),
                why=meaning.why,
                hint=meaning.hint,
            )
    if not found and group.entries >= MANY:
        ratio = group.ratio
        yield explained(
            CAUSE,
            evidence,
            f"yours is {ratio:.5g} times what is right in every entry of {listed(group.names)}",
            group.names,
            predicted(evidence, group.names, ratio),
            why="directions are right, and the length is not; what the number is was not recognised",
            hint=f"look for a factor {ratio:.5g}, or {1 / ratio:.5g}",
        )


def _of_length_one(evidence: Evidence) -> Iterator[Finding]:
    """The gradient divided by its own length, over all arrays or each by itself, or by its largest entry."""
    names = [n for n in evidence.fitting if comparable(evidence, n) and clear(evidence, n).sum() >= 2]
    together = float(np.sqrt(sum(float(np.sum(evidence.right[n] ** 2)) for n in names)))
    by_all = [n for n in names if len(names) > 1 and together and is_times(evidence, n, 1 / together)]
    if by_all and by_all == names:
        yield _shortened(evidence, names, dict.fromkeys(names, 1 / together), "of all arrays together")
        return
    yield from _cut_to_length(evidence)
    lengths = {n: float(np.sqrt(np.sum(evidence.right[n] ** 2))) for n in names}
    each = [n for n in names if lengths[n] and is_times(evidence, n, 1 / lengths[n])]
    if each:
        yield _shortened(evidence, each, {n: 1 / lengths[n] for n in each}, "of each array")


def _cut_to_length(evidence: Evidence) -> Iterator[Finding]:
    """The gradient of all arrays together, scaled down to a length that is a short number."""
    names = [n for n in evidence.right if comparable(evidence, n)]
    if sum(int(clear(evidence, n).sum()) for n in names) < 2:
        return  # a single number always has the length that it has
    length = float(np.sqrt(sum(float(np.sum(evidence.yours[n] ** 2)) for n in names)))
    whole = float(np.sqrt(sum(float(np.sum(evidence.right[n] ** 2)) for n in names)))
    short = float(f"{length:.3g}")
    if not whole or set(evidence.wrong) - set(names) or abs(length - short) > 1e-9 * length or length >= whole:
        return
    if short != 1.0 and all(is_times(evidence, n, short / whole) for n in names):
        wrong = [n for n in names if n in evidence.wrong]
        yield _shortened(evidence, wrong, dict.fromkeys(wrong, short / whole), f"cut to the length {short:g}", short)


def _shortened(
    evidence: Evidence, names: list[str], ratios: dict[str, float], what: str, length: float = 1.0
) -> Finding:
    says = what if length != 1.0 else f"divided by the length {what}"
    return explained(
        CAUSE,
        evidence,
        f"the gradient is {says}",
        names,
        {n: ratios[n] * evidence.right[n] for n in names},
        why=f"its squares add up to {length * length:g}, and the directions are right",
        hint="scale or clip in the update, not in the gradient",
    )


def _updated(evidence: Evidence) -> Iterator[Finding]:
    """The parameters after a step, in place of the gradient."""
    values = {leaf.name: np.asarray(leaf.value, float) for leaf in evidence.leaves}
    rates: dict[float, list[str]] = {}
    for name in evidence.fitting:
        if not comparable(evidence, name) or name not in values or clear(evidence, name).sum() < 2:
            continue
        right, moved = evidence.right[name], evidence.yours[name] - _value_here(evidence, name, values[name])
        rate = -float(np.sum(right * moved)) / float(np.sum(right**2))
        known = next((r for r in [*(10.0**-k for k in range(9)), 0.5, 0.05, 0.2] if abs(rate - r) <= 1e-5 * r), None)
        if known is None or is_times(evidence, name, 1 - known):
            continue
        if close(evidence, name, _value_here(evidence, name, values[name]) - known * right):
            rates.setdefault(known, []).append(name)
    for rate, names in rates.items():
        yield explained(
            CAUSE,
            evidence,
            f"the parameters after a step of learning rate {rate:g} are given, not the gradient",
            names,
            {n: _value_here(evidence, n, values[n]) - rate * evidence.right[n] for n in names},
            why=("yours is the parameter less the rate times what is right"),
            hint=("give the gradient, and update outside"),
        )


def _value_here(evidence: Evidence, name: str, value: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The array itself: at another point the graph has it."""
    joint = evidence.joint
    return np.asarray(joint.value(joint.place[name]) if joint is not None else value, float)


def _clipped(evidence: Evidence) -> Iterator[Finding]:
    """Entries that are cut off at one number on either side, or of which only the sign is left."""
    found: dict[float, list[str]] = {}
    for name in evidence.fitting:
        if not comparable(evidence, name):
            continue
        largest = float(np.max(np.abs(evidence.yours[name])))
        cut = np.abs(evidence.right[name]) > largest * (1 + 1e-9)
        if largest and cut.sum() >= 2 and close(evidence, name, np.clip(evidence.right[name], -largest, largest)):
            limit = next((x for x in found if abs(x - largest) <= 1e-9 * x), largest)
            found.setdefault(limit, []).append(name)
        elif np.count_nonzero(evidence.right[name]) >= 6 and np.array_equal(
            evidence.yours[name], np.sign(evidence.right[name])
        ):
            found.setdefault(0.0, []).append(name)
    for limit, names in found.items():
        says = f"entries are cut off at {limit:g} and -{limit:g}" if limit else "only the signs of the slopes are given"
        yield explained(
            CAUSE,
            evidence,
            says,
            names,
            {n: np.clip(evidence.right[n], -limit, limit) if limit else np.sign(evidence.right[n]) for n in names},
            why="the entries below that are right" if limit else "every entry is 1, -1 or 0",
            hint="clip in the update, not in the gradient",
        )


def slips(step: Step) -> Iterator[Slip]:
    """The learning rate twice, or in a slope already."""
    for place, part in step.parts(*PRODUCTS):
        rates = [f for f in factors(part) if f[0] == "cell" and step.name(f) in RATES]
        if len(rates) == 1 and not (place and step.tree[place[0]][0] in PRODUCTS and len(place) > 1):
            says = "the learning rate {rate} is multiplied in twice"
            twice = step.with_part(place, ("multiply", part, rates[0]))
            yield Slip(twice, says, {"rate": step.name(rates[0])}, ("rate twice",), late=True)
    for name in sorted(RATES & step.quantities.keys()):
        rate = step.quantities[name]
        cell = ("cell", rate.first)
        taken = step.tree[2] if step.tree[0] == "subtract" else step.tree
        if step.tree[0] == "subtract" and taken[0] == "cell" and name in read_by(step, step.lines.get(taken[1])):
            says = "the learning rate {rate} is multiplied in twice"
            again = ("subtract", step.tree[1], ("multiply", cell, taken))
            yield Slip(again, says, {"rate": name}, ("rate twice",), late=True)
        if step.is_slope and not rate.shape and name not in read_by(step, step.tree):
            says = "that is a part of the slope: the learning rate {rate} comes in with the step"
            scaled = ("multiply", ("cell", rate.first), step.tree)
            yield Slip(scaled, says, {"rate": name}, ("rate",), late=True)


CAUSE = Cause(
    code="GW239",
    name="another constant factor",
    summary="The whole gradient is a constant times what is right, or was turned into a step before it was given.",
    explain=(
        "Every entry is off by the same factor: a temperature, 1/sqrt(d), a learning rate, the size of a "
        "nudge. The directions are right. Where the number is known its story is told; where not, the report "
        "says the number that was measured and no more. A gradient that was clipped, divided by its length, "
        "or already used for a step is told as that."
    ),
    broken="""
import numpy as np

def loss(w, x):
    return np.sum((x @ w) ** 2)

def gradient(w, x):
    return 0.01 * 2 * x.T @ (x @ w)
""",
    mended="""
def gradient(w, x):
    return 2 * x.T @ (x @ w)
""",
    find=find,
    rank=60,
    paper=("M17", "M18", "M24", "M30"),
    slips=slips,
)

# A usual number, such as log(2), says more than another quantity that happens to make up for it.
KNOWN = replace(CAUSE, rank=31)
