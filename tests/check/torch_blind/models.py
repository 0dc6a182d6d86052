"""All families of custom functions, and their cases."""

from __future__ import annotations

from check.torch_blind import layers, norms, scores, sequences, smooth, windows
from check.torch_blind.case import Case, Family

FAMILIES: tuple[Family, ...] = tuple(
    family for module in (layers, smooth, scores, norms, sequences, windows) for family in module.FAMILIES
)


def planted() -> list[Case]:
    return [case for family in FAMILIES for case in family.planted()]


def right() -> list[Case]:
    return [case for family in FAMILIES for case in family.right()]
