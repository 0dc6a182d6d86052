"""Findings of one kind of factor that all entries of some arrays share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._constants import Meaning, meanings
from gradwork.check.diagnoses._ratio import Group, fits, groups, predicted
from gradwork.check.evidence import Evidence
from gradwork.check.sites import Names


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
                other = next((m for m in found if m.kind != kind and m.value == meaning.value), None)
                alone = set(evidence.wrong) <= set(group.names)  # then both are named anyway
                also = "" if other is None or alone or first else f"; or {other.says}"
                yield explained(
                    cause,
                    evidence,
                    meaning.says + also + behind(evidence, group.names),
                    group.names,
                    predicted(evidence, group.names, meaning.value),
                    why=why(meaning, group),
                    hint=meaning.hint,
                    data=meaning.data,
                )


def behind(evidence: Evidence, names: Sequence[str]) -> str:
    """ ", in what comes back to h": the value through which all that reaches these arrays goes, and no other array's.

    "" where they are all there are, or one alone: then the array is the place.
    """
    joint = evidence.joint
    if joint is None or len(names) < 2 or set(names) >= set(joint.slope):
        return ""
    reached: list[set[str]] = []
    for position in range(joint.forward):
        own = {name for name in joint.slope if joint.place[name] == position}
        reached.append(own.union(*(reached[i] for i in joint.node(position).inputs)))
    for position in sorted(joint.adjoint, reverse=True):
        adjoint = joint.adjoint[position]
        if adjoint < joint.forward or reached[position] != set(names) or not joint.node(position).name:
            continue
        shape = joint.node(adjoint).shape
        made = joint.with_edits({adjoint: lambda values, shape=shape: np.zeros(shape)}) or {}  # type: ignore[misc]
        alone = all(name in names or np.array_equal(made[name], evidence.right[name]) for name in made)
        if alone and all(name in made and not np.any(made[name]) for name in names):
            return f", in what comes back to {Names.of(joint).name(position)}"
    return ""
