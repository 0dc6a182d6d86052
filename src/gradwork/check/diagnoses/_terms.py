"""Terms of the loss that count too much, too little, or not at all in the given gradient, in words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._constants import COUNT, OTHER, TWO, Meaning, meanings
from gradwork.check.diagnoses._ratio import listed, near
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.regression import Fit, Term, combined, equal, fits, terms_of
from gradwork.check.sites import Names

LEFT_OUT = "left out"
DATA = "the part of the data"
SCALING = ("sum", "mean", "reshape", "broadcast_to", "multiply", "divide")
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


_FOUND: Beside[Evidence, list[Deviation]] = Beside()


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
    read_as: list[tuple[tuple[Counted, ...], dict[int, float]]] = []
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
            read_as.append((counted, snapped))
    for name, counted, candidate in alone:
        # An array that only one term reaches, such as a bias: it says the same about that term.
        for key, members in groups.items():
            if set(counted) <= set(key):
                members[name] = candidate
    merged = _merged(joint, terms, read_as)
    if merged is not None and len(groups) > 1:
        groups = {merged: {n: p for members in groups.values() for n, p in members.items()}}
    for key, members in groups.items():
        names = tuple(n for n in evidence.wrong if n in members)
        yield Deviation(names, key, members)
    penalties = [(n, c, p) for n, c, p in alone if all(one.penalty for one in c)]
    if penalties and not groups:
        yield Deviation(tuple(n for n, _, _ in penalties), penalties[0][1], {n: p for n, _, p in penalties})


def _merged(
    joint: Joint, terms: tuple[Term, ...], read_as: Sequence[tuple[tuple[Counted, ...], dict[int, float]]]
) -> tuple[Counted, ...] | None:
    """What several arrays say of the terms that each of them reaches: of one value that these terms add up to."""
    meanings = {c.meaning for counted, _ in read_as for c in counted}
    found: dict[int, float] = {}
    for _, snapped in read_as:
        if any(found.get(node, value) != value for node, value in snapped.items()):
            return None
        found.update(snapped)
    wrong = {node for node, value in found.items() if value != 1.0}
    if len(meanings) != 1 or len(wrong) < 2:
        return None
    below: list[set[int]] = []
    for position in range(joint.forward):
        own = {position} & {t.node for t in terms}
        below.append(own.union(*(below[i] for i in joint.node(position).inputs)))
    whole = [p for p, inside in enumerate(below) if inside == wrong]
    whole.sort(key=lambda p: (not joint.node(p).name, p))
    if not whole:
        return None
    return (Counted(f"the term {Names.of(joint).name(whole[0])}", False, meanings.pop()),)


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
        values = {round(fit.coefficients.get(k, 1.0), 6) for k in term.family}
        if len(values) == 1:
            such = labels[term.family[-1]].removeprefix("the term ")
            one = replace(one, term=f"each of the {len(term.family)} terms such as {such}")
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
        found[term.node] = _penalty(joint, term, terms) if term.penalty else text if len(data) > 1 else DATA
    return found


def _penalty(joint: Joint, term: Term, terms: tuple[Term, ...]) -> str:
    """What a penalty is called: written out where an array has two."""
    others = [t for t in terms if t.penalty and t is not term]
    if not any(np.any(t.slopes[n]) and np.any(term.slopes[n]) for t in others for n in term.slopes):
        return "the regulariser"
    written = Names.of(joint).name(whole_term(joint, term.node))
    return f"the penalty {written}" if len(written) <= LONGEST else "one of the penalties"


def whole_term(joint: Joint, position: int) -> int:
    """What is added to the others of a term that begins at this node: with its weight, and summed."""
    while True:
        readers = [r for r in joint.graph.consumers[position] if r < joint.forward and r in joint.adjoint]
        if len(readers) != 1 or joint.node(readers[0]).op not in SCALING:
            return position
        position = readers[0]


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
    """Two terms of which each counts with the other's weight: m and 1 - m, or a and b; "" elsewhere."""
    joint, two = evidence.joint, deviation.counted
    if joint is None or len(two) != 2 or two[0].penalty is not two[1].penalty:
        return ""
    one, other = (c.meaning.value for c in two)
    weights: list[tuple[str, float]] = []
    for position in joint.graph.inputs if near(one * other, 1.0) else ():
        node, held = joint.node(position), joint.values[position]
        if position not in joint.place.values() and node.dtype.kind == "f" and node.name and np.size(held) == 1:
            weights.append((node.name, float(np.reshape(held, -1)[0])))
    pairs = [((name, share), (f"1 - {name}", 1 - share)) for name, share in weights if 0 < share < 1]
    for (name, first), (beside, second) in [*pairs, *itertools.combinations(weights, 2)]:
        if first and second and (near(one, first / second) or near(one, second / first)):
            terms = sorted((two[0].term, two[1].term), key=lambda term: name not in term.split())
            return f"the weights {name} and {beside} of {terms[0]} and {terms[1]} are exchanged"
    return ""


def _said(counted: Counted) -> str:
    says = counted.meaning.says
    return f"{counted.term} {says}" if says.startswith(("is ", "counts ")) else f"in {counted.term}, {says}"
