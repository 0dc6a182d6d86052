"""Findings of one kind of factor that all entries of some arrays share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._constants import Meaning, meanings
from gradwork.check.diagnoses._ratio import Group, fits, groups, predicted
from gradwork.check.evidence import Evidence


def by_ratio(
    cause: Cause,
    evidence: Evidence,
    kind: str,
    why: Callable[[Meaning, Group], str] = lambda meaning, group: meaning.why,
    only: Callable[[Meaning], bool] = lambda meaning: True,
    first: bool = False,
) -> Iterator[Finding]:
    """For each group of arrays with one ratio: what the ratio means, where it is of this kind.

    first: only the likeliest meaning counts;  only: which meanings may;  why: the reason, in words.
    """
    for group in groups(evidence):
        found = meanings(evidence, group.ratio)
        for meaning in found[:1] if first else found:
            if meaning.kind == kind and only(meaning) and fits(evidence, group.names, meaning.value):
                yield explained(
                    cause,
                    evidence,
                    meaning.says,
                    group.names,
                    predicted(evidence, group.names, meaning.value),
                    why=why(meaning, group),
                    hint=meaning.hint,
                    data=meaning.data,
                )
