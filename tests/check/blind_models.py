"""The blind set: hand-written gradients with planted mistakes, and right ones, for measuring the gradient checker.

The families were written by someone who had not read the checker: the causes are in their own words.
"""

from __future__ import annotations

import functools

from check.blind import (
    classifiers,
    counts_and_margins,
    deep_nets,
    dynamics,
    hard,
    hard_planted,
    lookups,
    nets,
    norms,
    probability,
    recurrent,
    regressions,
    residual_and_tied,
    robust,
    structured,
)
from check.blind.case import Case, Family

MODULES = (
    regressions,
    robust,
    classifiers,
    counts_and_margins,
    nets,
    deep_nets,
    residual_and_tied,
    norms,
    recurrent,
    structured,
    lookups,
    probability,
    dynamics,
)
FAMILIES: list[Family] = [family for module in MODULES for family in module.FAMILIES]


@functools.cache
def _planted() -> tuple[Case, ...]:
    return (*(case for family in FAMILIES for case in family.planted()), *hard_planted.cases())


@functools.cache
def _right() -> tuple[Case, ...]:
    return (*(case for family in FAMILIES for case in family.right()), *hard.single(FAMILIES), *hard.cases())


def planted() -> list[Case]:
    return list(_planted())


def right() -> list[Case]:
    return list(_right())
