"""Promises beside the numbers: what a framework takes for granted of a function's own rules, as findings of a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.check.allowance import LEAST, TIMES
from gradwork.check.cause import Cause, Finding, causes
from gradwork.check.check import Check
from gradwork.check.given import Array
from gradwork.check.vacuous import Caution
from gradwork.check.verdicts import BARS, Verdict, judged

ZERO = 1e-7  # of the other arrays' slopes: what is smaller is zero


def cause(code: str) -> Cause:
    """An entry of the catalogue."""
    return next(c for c in causes() if c.code == code)


def broken(code: str, says: str, names: Sequence[str], why: str, hint: str) -> Finding:
    """A broken promise, as a finding."""
    return Finding(cause(code), says, tuple(names), {}, why=why, hint=hint)


def listed(names: Sequence[str]) -> str:
    """Names as they stand in a sentence; of many, the first ones."""
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def with_more(found: Check, findings: Sequence[Finding] = (), cautions: Sequence[Caution] = ()) -> Check:
    """The same check with more that was found. What a broken promise explains is explained."""
    explained = {n for f in findings for n in f.explains}
    rest = [f for f in found.diagnoses if not set(f.explains) <= explained]
    return replace(
        found,
        ok=found.ok and not findings,
        diagnoses=(*findings, *rest) if findings else found.diagnoses,
        cautions=(*found.cautions, *cautions),
    )


def with_zeros_told(found: Check) -> tuple[Check, str]:
    """Arrays whose slopes are zero to the noise, as those of a bias before a batch norm, agree if yours are as small.

    By themselves nothing can be told of them; beside the slopes of the other arrays they are zero.
    """
    sizes = [_typical(v.measured) for v in found.verdicts.values() if v.agree.any()]
    dark = [n for n, v in found.verdicts.items() if not v.right and not v.wrong and np.size(v.measured)]
    if not sizes or not dark or found.strict:
        return found, ""
    verdicts, zero = dict(found.verdicts), []
    for name in dark:
        v = verdicts[name]
        with np.errstate(all="ignore"):
            reach = np.abs(v.yours) + np.abs(v.measured) + BARS * v.bar
        if np.all(reach <= ZERO * max(sizes)):
            verdicts[name] = replace(v, agree=np.ones_like(v.agree), unclear=np.zeros_like(v.unclear))
            zero.append(name)
    if not zero:
        return found, ""
    ok = all(v.right for v in verdicts.values()) and not found.diagnoses and not any(c.empty for c in found.cautions)
    return replace(
        found, ok=ok, verdicts=verdicts
    ), f"the slopes of {listed(zero)} are zero here, yours and the measured"


def _typical(slopes: Array) -> float:
    known = slopes[np.isfinite(slopes)]
    return float(np.sqrt(np.mean(known**2))) if known.size else 0.0


# -- the precision in which it is used --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Own:
    """The gradients in the precision in which they are used, beside slopes that were measured in double precision.

    off: the arrays that are further off than rounding explains;  gap: the largest difference, in typical slopes.
    """

    gradients: Mapping[str, Array]
    allowance: Mapping[str, Array]
    off: tuple[str, ...]
    gap: float


def in_its_own(
    first: Mapping[str, Array], moved: Sequence[Mapping[str, Array]], unit: float, verdicts: Mapping[str, Verdict]
) -> Own:
    """Hold gradients against the measured slopes.

    first: the gradients, by name;  moved: the same at points a last place away, which shows what rounding does;
    unit:  half the gap between 1 and the next number.
    """
    spread = {n: np.zeros(np.shape(a)) for n, a in first.items()}
    for there in moved:
        for n, a in there.items():
            with np.errstate(all="ignore"):
                spread[n] = np.fmax(spread[n], np.abs(a - first[n]))
    allowance: dict[str, Array] = {}
    off: list[str] = []
    gap = 0.0
    for name, found in first.items():
        verdict = verdicts[name]
        measured = verdict.measured
        if found.shape != measured.shape:
            continue
        known = np.isfinite(measured) & np.isfinite(verdict.bar) & ~verdict.at_kink
        largest = float(np.max(np.abs(measured), initial=0.0, where=known))
        mine = TIMES * float(np.max(spread[name], initial=0.0, where=np.isfinite(spread[name])))
        allowance[name] = np.full(found.shape, mine + LEAST * unit * largest)
        with np.errstate(all="ignore"):
            away = np.abs(found - measured)
            if (known & ~(away <= BARS * verdict.bar + allowance[name])).any():
                off.append(name)
        if typical := max(_typical(v.measured) for v in verdicts.values()):
            gap = max(gap, float(np.max(away, initial=0.0, where=known)) / typical)
    return Own(first, allowance, tuple(off), gap)


def by_its_own(found: Check, own: Own, kinds: Sequence[str]) -> tuple[Check, str]:
    """What its own precision adds to a check, and a note on it.

    It is wrong there alone, or right to its digits though not to those of double precision.
    kinds: the precisions in which it is used; empty where that is double precision.
    """
    used = listed(kinds or ["float32"])
    wrong = [n for n, v in found.verdicts.items() if v.wrong]
    rounded = [n for n in wrong if n in own.allowance and n not in own.off and not found.verdicts[n].missing]
    if wrong and set(rounded) == set(wrong):
        verdicts = dict(found.verdicts)
        for name in rounded:
            v = verdicts[name]
            slopes: Any = _Slopes(name, v.measured, v.bar)
            verdicts[name] = replace(judged(slopes, own.gradients[name], own.allowance[name], ()), how=v.how)
        ok = not any(v.wrong for v in verdicts.values()) and not any(c.empty for c in found.cautions)
        power = {n: v.seen for n, v in verdicts.items()}
        note = f"inside it works in {used} all the same: judged to that precision"
        return replace(found, ok=ok, verdicts=verdicts, diagnoses=(), where=(), power=power), note
    off = [n for n in own.off if n not in wrong]
    if off:
        finding = broken(
            "GW253", f"in {used} the slopes of {listed(off)} are other ones than in double precision", off,
            f"the difference is {own.gap:.1g} of a typical slope, more than rounding makes",
            "look for overflow, for numbers that vanish, and for a branch of its own for this dtype",
        )  # fmt: skip
        return with_more(found, findings=[finding]), ""
    note = f"in {used} it differs by {own.gap:.0e} of a typical slope, which is rounding"
    return found, note if kinds and not wrong else ""


@dataclass(frozen=True, eq=False)
class _Slopes:
    """The part of a nudged array that a verdict looks at."""

    name: str
    slope: Array
    bar: Array
