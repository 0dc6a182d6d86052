"""The third blind set, whole; written, like the others, by someone who had not read the checker."""

from __future__ import annotations

import functools

from check.blind.case import Case
from check.blind_third import (
    attention,
    convs,
    dynamics,
    linear,
    losses,
    matrices,
    networks,
    norms,
    probabilistic,
    sequences,
)
from check.blind_third.case import Family

MODULES = (linear, networks, norms, losses, attention, sequences, convs, probabilistic, matrices, dynamics)
FAMILIES: list[Family] = [family for module in MODULES for family in module.FAMILIES]


@functools.cache
def planted() -> list[Case]:
    return [case for family in FAMILIES for case in family.planted()]


@functools.cache
def right() -> list[Case]:
    return [case for family in FAMILIES for case in family.right()]
