"""A change of one step of a gradient function, and what the files that make such changes share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.evidence import Edit, Joint
from gradwork.check.sequences import done
from gradwork.check.sites import Names

SIGN, EXTRA, MISSING, TERM, PATH = "GW203", "GW255", "GW245", "GW256", "GW214"
TURNED, UNTURNED, OPERAND, OPERATION, AXIS, POWER = "GW204", "GW244", "GW236", "GW272", "GW246", "GW273"
INDEX, PUT, OVER, ORDER, SUMS, FUNCTION = "GW266", "GW264", "GW254", "GW240", "GW246", "GW228"
MASK, SOME = "GW262", "GW223"
LONGEST = 60  # characters of a formula in a sentence
MOST_PARTS = 4
REDUCED: dict[str, Callable[..., Any]] = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}


@dataclass(frozen=True, eq=False)
class Mend:
    """Another value for a step.

    kind:  what is alike in the same change of another step;  code: the cause that it is.
    says:  what is wrong, as a sentence;  hint: what to write;  near: how far it is from what stands there, 0 the least.
    """

    kind: str
    code: str
    says: str
    hint: str
    edit: Edit
    near: int = 0


def whole_of(names: Names, position: int) -> str:
    """A step as a formula."""
    return short(names.written(position, {}))


def in_brackets(formula: str) -> str:
    """A formula that stands beside something."""
    return f"({formula})" if " + " in formula or " - " in formula else formula


def short(formula: str) -> str:
    """A formula that is not longer than a line."""
    return formula if len(formula) <= 60 else f"{formula[:56].rsplit(' ', 1)[0]} ..."


def spread_edit(joint: Joint, position: int, make: Callable[[Sequence[Any]], Any]) -> Edit:
    """A value in a step's own shape."""
    shape = joint.node(position).shape
    return lambda values: np.broadcast_to(make(values), shape)


def operand_edit(joint: Joint, position: int, place: int, make: Callable[[Any], Any]) -> Edit:
    """A step with something made of one of its operands."""
    used = joint.node(position).inputs[place]
    shape = joint.node(used).shape
    return spread_edit(
        joint, position, lambda v: done(joint, position, {place: make(np.broadcast_to(np.asarray(v[used]), shape))}, v)
    )
