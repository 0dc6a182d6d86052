"""Two mistakes at once: one that explains some arrays and a second on top of it, or one and a factor on everything."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gradwork.check.cause import Finding
from gradwork.check.diagnoses._constants import Meaning, counts, meanings
from gradwork.check.evidence import Evidence
from gradwork.check.handwritten import handwritten
from gradwork.check.mutation import all_mutants, tried
from gradwork.check.screen import screen_of

MOST_ALIKE = 3  # first mistakes that explain the same arrays
MOST_FACTORS = 10


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
            for one in tried(less, joint, less.right, {}, all_mutants(joint), ended, screen, told=True):
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


def _factors(evidence: Evidence) -> list[Meaning]:
    """Numbers that a whole gradient may be multiplied by: counts, two, a sign."""
    numbers = [-1.0, 2.0, 0.5]
    for count, _ in counts(evidence)[:4]:
        numbers += [float(count), 1.0 / count]
    found = (meanings(evidence, number) for number in dict.fromkeys(numbers))
    return [m[0] for m in found if m][:MOST_FACTORS]
