"""Terms of the loss that count too much, too little, or not at all in the given gradient, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._constants import COUNT, OTHER, TWO, Meaning, meanings
from gradwork.check.diagnoses._ratio import listed, near
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.regression import Fit, Term, combined, equal, fits, terms_of
from gradwork.check.sites import Names

LEFT_OUT = "left out"
LONGEST = 48  # characters of a term's formula in a sentence


@dataclass(frozen=True)
class Counted:
    """A term with a coefficient that is not 1."""

    term: str
    penalty: bool
    meaning: Meaning


@dataclass(frozen=True, eq=False)
class Deviation:
    """Arrays in which the same terms have the same wrong coefficients."""

    names: tuple[str, ...]
    counted: tuple[Counted, ...]
    predicted: dict[str, Array]


_FOUND: WeakKeyDictionary[Evidence, list[Deviation]] = WeakKeyDictionary()


def deviations(evidence: Evidence) -> list[Deviation]:
    """The terms of the loss whose coefficients in the given gradient are not 1, each with a known meaning."""
    if evidence not in _FOUND:
        _FOUND[evidence] = list(_deviations(evidence))
    return _FOUND[evidence]


def _deviations(evidence: Evidence) -> Iterator[Deviation]:
    joint = evidence.joint
    if joint is None:
        return
    terms = terms_of(joint)
    labels = _labels(joint, terms)
    groups: dict[tuple[Counted, ...], dict[str, Array]] = {}
    others: list[float] = []
    alone: list[tuple[str, tuple[Counted, ...], Array]] = []
    for fit in fits(evidence):
        read = _read(evidence, fit, terms, labels, others)
        if read is None:
            continue
        counted, snapped = read
        candidate = combined(fit.name, terms, snapped)
        if not counted or not equal(evidence, fit.name, candidate, snapped):
            continue
        if len(fit.coefficients) == 1:
            alone.append((fit.name, counted, candidate))
        elif len({round(c, 6) for c in fit.coefficients.values()}) > 1:
            groups.setdefault(counted, {})[fit.name] = candidate
    for name, counted, candidate in alone:
        # An array that only one term reaches, such as a bias: it says the same about that term.
        for key, members in groups.items():
            if set(counted) <= set(key):
                members[name] = candidate
    for key, members in groups.items():
        names = tuple(n for n in evidence.wrong if n in members)
        yield Deviation(names, key, members)
    penalties = [(n, c, p) for n, c, p in alone if all(one.penalty for one in c)]
    if penalties and not groups:
        yield Deviation(tuple(n for n, _, _ in penalties), penalties[0][1], {n: p for n, _, p in penalties})


def _read(
    evidence: Evidence, fit: Fit, terms: tuple[Term, ...], labels: dict[int, str], others: list[float]
) -> tuple[tuple[Counted, ...], dict[int, float]] | None:
    counted: list[Counted] = []
    snapped: dict[int, float] = {}
    for term in terms:
        value = fit.coefficients.get(term.node)
        if value is None:
            continue
        if near(value, 1.0):
            snapped[term.node] = 1.0
            continue
        meaning = _meaning(evidence, value, term.penalty, others)
        if meaning is None:
            return None
        snapped[term.node] = meaning.value
        one = Counted(labels[term.node], term.penalty, meaning)
        if one not in counted:
            counted.append(one)
    return tuple(counted), snapped


def _meaning(evidence: Evidence, value: float, penalty: bool, others: list[float]) -> Meaning | None:
    """What a coefficient is. `others` holds those without a meaning, so that two arrays can share one."""
    if abs(value) < 1e-6:
        return Meaning(LEFT_OUT, 0.0, "is left out")
    found = meanings(evidence, value)
    if len(found) > 1 and found[0].kind == TWO and found[1].kind == COUNT:
        return replace(found[0], says=f"{found[0].says}, or {found[1].says}")
    if found:
        return found[0]
    if penalty:
        value = next((o for o in others if near(value, o, 1e-6)), value)
        others.append(value)
        return Meaning(OTHER, value, f"counts {value:.4g} times", f"its part is {value:.4g} times what is right")
    return None


def _labels(joint: Joint, terms: tuple[Term, ...]) -> dict[int, str]:
    data = [t for t in terms if not t.penalty]
    names = Names.of(joint)
    found = {}
    for term in terms:
        written = names.name(term.node) if not term.penalty and len(data) > 1 else ""
        text = f"the term {written}" if 0 < len(written) <= LONGEST else "one term of the loss"
        found[term.node] = "the regulariser" if term.penalty else text if len(data) > 1 else "the part of the data"
    return found


def findings(cause: Cause, evidence: Evidence, *kinds: str, penalty: bool | None = None) -> Iterator[Finding]:
    """The deviations whose first wrong coefficient is of one of these kinds; of a regulariser, or not, if told."""
    for deviation in deviations(evidence):
        first = next((c for c in deviation.counted if not c.penalty), deviation.counted[0])
        if first.meaning.kind not in kinds or (penalty is not None and first.penalty is not penalty):
            continue
        says = _exchanged(evidence, deviation) or "; and ".join(_said(c) for c in deviation.counted)
        yield explained(
            cause,
            evidence,
            says,
            deviation.names,
            deviation.predicted,
            why=f"the other terms of the loss are right in {listed(deviation.names)}"
            if len(deviation.counted) == 1
            else "the gradient of a sum is the sum of its terms' gradients",
            hint="; ".join(f"{c.term}: {c.meaning.hint or 'add its gradient'}" for c in deviation.counted),
        )


def _exchanged(evidence: Evidence, deviation: Deviation) -> str:
    """Two terms of which each counts with the other's weight, m and 1 - m; "" elsewhere."""
    joint, two = evidence.joint, deviation.counted
    if joint is None or len(two) != 2 or two[0].penalty or two[1].penalty:
        return ""
    one, other = (c.meaning.value for c in two)
    given = [p for p in joint.graph.inputs if p not in joint.place.values() and joint.node(p).dtype.kind == "f"]
    for position in given if near(one * other, 1.0) else ():
        held, name = joint.values[position], joint.node(position).name
        if name and np.size(held) == 1:
            share = float(np.reshape(held, -1)[0])
            if 0 < share < 1 and (near(one, share / (1 - share)) or near(one, 1 / share - 1)):
                return f"the weights {name} and 1 - {name} of {two[0].term} and {two[1].term} are exchanged"
    return ""


def _said(counted: Counted) -> str:
    says = counted.meaning.says
    return f"{counted.term} {says}" if says.startswith(("is ", "counts ")) else f"in {counted.term}, {says}"
