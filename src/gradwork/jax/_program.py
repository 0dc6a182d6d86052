"""What JAX computes, as a list of steps: the same for every point, without calls, loops and what is known before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradwork.errors import Where


class NotFollowed(Exception):
    """JAX's program is no plain list of steps, or one of them is not known; says why."""


@dataclass(frozen=True, eq=False)
class Slot:
    """A value that hangs on the arguments, as it was declared."""

    shape: tuple[int, ...]
    dtype: Any


@dataclass(frozen=True)
class Place:
    """The user's line that a step belongs to, and the name to which its value is assigned there."""

    where: Where | None = None
    name: str | None = None
    span: Any = None


@dataclass(frozen=True, eq=False)
class Step:
    """One operation.

    name, params: as JAX calls it;  reads: slots, and what is known beforehand;  writes: the results' slots.
    """

    name: str
    params: Mapping[str, Any]
    reads: tuple[Any, ...]
    writes: tuple[Slot, ...]
    place: Place


@dataclass(frozen=True, eq=False)
class Program:
    """Steps in the order of evaluation.  outputs: slots, and what hangs on no argument."""

    inputs: tuple[tuple[str, Slot], ...]
    steps: tuple[Step, ...]
    outputs: tuple[Any, ...]


def alive(steps: list[Step], outputs: Any) -> list[Step]:
    """The steps that an output hangs on."""
    needed = {id(o) for o in outputs if isinstance(o, Slot)}
    found = []
    for step in reversed(steps):
        if any(id(w) in needed for w in step.writes):
            needed |= {id(r) for r in step.reads if isinstance(r, Slot)}
            found.append(step)
    return found[::-1]
