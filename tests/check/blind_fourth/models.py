"""The fourth blind set, whole; written, like the others, by someone who had not read the checker."""

from __future__ import annotations

import functools

from check.blind.case import Case
from check.blind_fourth import images, likelihoods, nets, normed, regressions, scores, sequences, simulated
from check.blind_fourth.case import Family

MODULES = (regressions, nets, normed, images, sequences, likelihoods, simulated, scores)
FAMILIES: list[Family] = [family for module in MODULES for family in module.FAMILIES]


@functools.cache
def planted() -> list[Case]:
    return [case for family in FAMILIES for case in family.planted()]


@functools.cache
def right() -> list[Case]:
    return [case for family in FAMILIES for case in family.right()]
