"""Two mistakes at once: one that explains some arrays and a second on top of it, or one and a factor on everything."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradwork.check.cause import Finding
from gradwork.check.diagnoses._constants import Meaning, meanings
from gradwork.check.diagnoses._counts import counts
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.handwritten import handwritten
from gradwork.check.mutation import all_mutants, tried
from gradwork.check.regression import terms_of
from gradwork.check.screen import screen_of
from gradwork.check.sites import Names

MOST_ALIKE = 3  # first mistakes that explain the same arrays
MOST_FACTORS = 10
MOST_TERMS, MOST_LIKELY = 3, 80
COUNTS = {0.0: "is left out", 2.0: "counts twice", 0.5: "counts half", -1.0: "has the wrong sign"}
LIKELY = frozenset("GW209 GW210 GW211 GW214 GW221 GW222 GW236 GW243 GW244 GW245 GW262".split())


def two_at_once(evidence: Evidence, single: Sequence[Finding], wrong: set[str], ended: float) -> Iterator[Finding]:
    """One that explains some arrays, and a second on top of it that explains the rest."""
    firsts = sorted((f for f in single if f.edits), key=lambda f: (-len(f.explains), f.cause.rank))
    alike: dict[tuple[str, ...], int] = {}
    for first in firsts:
        alike[first.explains] = alike.get(first.explains, 0) + 1
        if alike[first.explains] > MOST_ALIKE or time.thread_time() > ended:
            continue
        joint = evidence.joint if not first.by_hand or evidence.joint is None else handwritten(evidence.joint)
        after = None if joint is None else joint.after(first.edits)
        if joint is None or after is None:
            continue
        base = {n: np.asarray(after.value(i), float) for n, i in after.slope.items()}
        on_top = replace(evidence, right={**evidence.right, **base})
        screen = screen_of(after, on_top)
        told = None if screen is None else True
        for second in tried(on_top, after, on_top.right, {}, all_mutants(joint), ended, screen, told=told):
            explains = set(second.explains) | {n for n in first.explains if evidence.equals(n, base[n])}
            clash = first.edits.keys() & second.edits.keys()
            if wrong <= explains and second.says != first.says and not clash and not second.alone:
                yield replace(
                    second,
                    says=f"{first.says}; and {second.says}",
                    explains=tuple(n for n in evidence.wrong if n in explains),
                    predicted={**{n: base[n] for n in first.explains}, **second.predicted},
                    why="; ".join(w for w in (first.why, second.why) if w),
                    hint="; ".join(h for h in (first.hint, second.hint) if h),
                    edits={**first.edits, **second.edits},
                    by_hand=first.by_hand,
                )


def with_a_factor(evidence: Evidence, ended: float) -> Iterator[Finding]:
    """A mistake, and a number by which everything is multiplied as well."""
    if evidence.joint is None or set(evidence.wrong) != set(evidence.verdicts) or evidence.wrong != evidence.fitting:
        return
    joints = [j for j in (evidence.joint, handwritten(evidence.joint)) if j is not None]
    for meaning in _factors(evidence):
        number = meaning.value
        less = replace(
            evidence,
            yours={n: np.asarray(y) / number for n, y in evidence.yours.items()},
            tolerance={n: np.asarray(t) / abs(number) for n, t in evidence.tolerance.items()},
        )
        for joint in joints:
            screen = screen_of(joint, less)
            left = {n for n in evidence.wrong if not less.equals(n, less.right[n])}
            if screen is None or not left:
                continue
            likely = [made for made in all_mutants(joint) if made[0].code in LIKELY and made[1].more]
            for one in itertools.chain(
                tried(less, joint, less.right, {}, all_mutants(joint), ended, screen, told=True),
                tried(less, joint, less.right, {}, likely[:MOST_LIKELY], ended, screen, told=False),
            ):
                if left <= set(one.explains) and not one.alone:
                    yield replace(
                        one,
                        says=f"{one.says}; and {meaning.says}",
                        explains=tuple(evidence.wrong),
                        predicted={n: number * one.predicted.get(n, less.right[n]) for n in evidence.wrong},
                        why="; ".join(w for w in (one.why, meaning.why) if w),
                        hint="; ".join(h for h in (one.hint, meaning.hint) if h),
                        by_hand=joint is not evidence.joint,
                        times=number,
                    )


def with_a_term(evidence: Evidence, ended: float) -> Iterator[Finding]:
    """A mistake, and one term of the loss, such as the regulariser, that is left out or counts otherwise as well."""
    if evidence.joint is None or evidence.wrong != evidence.fitting:
        return
    joint = evidence.joint
    terms = terms_of(joint)
    if len(terms) < 2:
        return
    places = sorted(range(len(terms)), key=lambda k: not terms[k].penalty)
    for place, (coefficient, words) in itertools.product(places[:MOST_TERMS], COUNTS.items()):
        more = of_terms(joint, {place: coefficient - 1})
        less = replace(evidence, yours={n: np.asarray(y) - more.get(n, 0.0) for n, y in evidence.yours.items()})
        left = {n for n in evidence.wrong if not less.equals(n, less.right[n])}
        screen = screen_of(joint, less)
        if screen is None or not left:
            continue
        what = "the regulariser" if terms[place].penalty else f"the term {Names.of(joint).name(terms[place].node)}"
        for one in tried(less, joint, less.right, {}, all_mutants(joint), ended, screen, told=True):
            if left <= set(one.explains) and not one.alone:
                yield replace(
                    one,
                    says=f"{what} {words}; and {one.says}",
                    explains=tuple(evidence.wrong),
                    predicted={n: one.predicted.get(n, less.right[n]) + more.get(n, 0.0) for n in evidence.wrong},
                    counted={place: coefficient - 1},
                )


def of_terms(joint: Joint | None, counted: Mapping[int, float]) -> dict[str, Array]:
    """What terms of the loss add to each gradient when they count more than once, or less."""
    if joint is None or not counted:
        return {}
    terms = terms_of(joint)
    names = {n for k in counted for n in terms[k].slopes} if max(counted) < len(terms) else set()
    return {n: sum((c * terms[k].slopes[n] for k, c in counted.items()), np.zeros(())) for n in names}


def two_likely(evidence: Evidence, wrong: set[str], ended: float) -> Iterator[Finding]:
    """Two of the mistakes that are made most, one behind the other, where neither explains an array by itself."""
    joint = evidence.joint
    if joint is None:
        return
    likely = [made for made in all_mutants(joint) if made[0].code in LIKELY][:MOST_LIKELY]
    for cause, mutant in likely:
        if time.thread_time() > ended:
            return
        after = joint.after(mutant.edits)
        if after is None:
            continue
        base = {n: np.asarray(after.value(i), float) for n, i in after.slope.items()}
        if any(n not in wrong and not evidence.equals(n, b) for n, b in base.items()):
            continue
        on_top = replace(evidence, right={**evidence.right, **base})
        screen = screen_of(after, on_top)
        if screen is None:
            return
        for second in tried(on_top, after, on_top.right, {}, likely, ended, screen, told=True):
            clash = mutant.edits.keys() & second.edits.keys()
            if wrong <= set(second.explains) and not clash and not second.alone and second.says != mutant.says:
                first_code = (cause.rank, cause.code)
                yield replace(
                    second,
                    cause=cause if first_code < (second.cause.rank, second.cause.code) else second.cause,
                    says=f"{mutant.says}; and {second.says}",
                    explains=tuple(evidence.wrong),
                    edits={**mutant.edits, **second.edits},
                )


def _factors(evidence: Evidence) -> list[Meaning]:
    """Numbers that a whole gradient may be multiplied by: counts, two, a sign."""
    numbers = [-1.0, 2.0, 0.5]
    for count, _ in counts(evidence)[:4]:
        numbers += [float(count), 1.0 / count]
    found = (meanings(evidence, number) for number in dict.fromkeys(numbers))
    return [m[0] for m in found if m][:MOST_FACTORS]
