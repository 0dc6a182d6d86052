"""The second blind set, whole; written, like the first, by someone who had not read the checker."""

from __future__ import annotations

import functools

from check.blind.case import Case
from check.blind_second import (
    attention,
    fits,
    grids_and_tables,
    hard,
    likelihoods,
    linear_models,
    networks,
    normalisation,
    sequences,
)
from check.blind_second.case import Family

MODULES = (linear_models, networks, normalisation, sequences, attention, grids_and_tables, likelihoods, fits)
FAMILIES: list[Family] = [family for module in MODULES for family in module.FAMILIES]


@functools.cache
def planted() -> list[Case]:
    return [case for family in FAMILIES for case in family.planted()]


@functools.cache
def right() -> list[Case]:
    return [*(case for family in FAMILIES for case in family.right()), *hard.cases(FAMILIES)]
