"""Entries of which nudging sees too little: there a gradient is held against backprop, which is another way.

At the bottom of a bowl every slope drowns in the rounding of the loss, right or wrong. An entry of which nothing could
be told agrees where it is what backprop gives, to more digits than its size needs. Where it is zero to the rounding,
any mistake that is a factor would be zero, too: then it agrees only if, at a second point near by, the same gradient
function gives what backprop gives there. Nothing is ever called wrong by backprop alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradwork.check.evidence import Evidence
from gradwork.check.given import Array
from gradwork.check.verdicts import AGREES, BARS, DIFFERS, WIDE, Verdict


def with_backprop(evidence: Evidence) -> Evidence:
    """The evidence with what backprop says of the entries that nudging could not judge."""
    if evidence.joint is None or evidence.wrong:
        return evidence
    return replace(evidence, verdicts={name: _held(evidence, name, v) for name, v in evidence.verdicts.items()})


def _held(evidence: Evidence, name: str, verdict: Verdict) -> Verdict:
    waiting = _like_backprop(evidence, name, verdict)
    if not np.array_equal(waiting, verdict.unclear & ~verdict.at_kink):
        # Another entry is not what backprop gives: small ones must not speak for the array.
        waiting = np.zeros_like(waiting)
    told = waiting & _to_digits(evidence, name, verdict)
    dark = bool((waiting & ~told).any()) and not (verdict.agree | told).any()
    elsewhere = ""
    if dark or vanishes(verdict):
        elsewhere = _near_by(evidence.second, name)
        told = waiting if elsewhere == AGREES else told
    if not told.any() and not elsewhere:
        return verdict
    agree, unclear = verdict.agree | told, verdict.unclear & ~told
    return replace(verdict, agree=agree, unclear=unclear, by_backprop=int(told.sum()), elsewhere=elsewhere)


def vanishes(verdict: Verdict) -> bool:
    """Whether both gradients are nothing but zeros."""
    return bool(verdict.yours.size and not verdict.missing and not verdict.yours.any() and not verdict.differ.any())


def _like_backprop(evidence: Evidence, name: str, verdict: Verdict) -> Array:
    """The unclear entries that are what backprop gives, where nudging does not speak against it."""
    yours, right = verdict.yours, evidence.right[name]
    with np.errstate(all="ignore"):
        near = np.abs(yours - right) <= evidence.tolerance[name]
        apart = np.abs(right - verdict.measured) > BARS * verdict.bar
    measured = np.isfinite(verdict.measured) & ~apart
    return np.asarray(verdict.unclear & ~verdict.at_kink & np.isfinite(right) & near & measured)


def _to_digits(evidence: Evidence, name: str, verdict: Verdict) -> Array:
    """The entries for which what rounding amounts to is little beside the slopes of the array."""
    scale = np.maximum(np.abs(evidence.right[name]), evidence.typical(name))
    return np.asarray(evidence.tolerance[name] < WIDE * scale)


def _near_by(second: Evidence | None, name: str) -> str:
    """Whether at another point the gradient is what backprop gives there; "" where that says nothing either."""
    if second is None or name not in second.yours or np.shape(second.yours[name]) != np.shape(second.right[name]):
        return ""
    if not np.max(second.tolerance[name], initial=0.0) < WIDE * second.typical(name):
        return ""
    return AGREES if second.equals(name, second.right[name]) else DIFFERS
