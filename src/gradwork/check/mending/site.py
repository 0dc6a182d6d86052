"""Changes of the steps of a gradient function: whether they may be the right ones, and whether they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.mending.program import Aim, Program
from gradwork.check.sequences import done
from gradwork.check.sites import Names
from gradwork.check.turns import Turns

Row = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Change:
    """Other values for some steps.

    near:  how far it is from what stands there, 0 the least;  code: the cause that it is.
    says:  what is wrong;  hint: what to write;  site: the step, at all turns where it is in a loop.
    """

    near: int
    code: str
    says: str
    hint: str
    edits: dict[int, Edit]
    site: Row


class Site:
    """A program with what is asked of its changes.

    met:   the values of the loss and of the right way back;  moving: whether a step depends on what is checked.
    ended: when the time is up.
    """

    met: set[tuple[int, str]]
    ended: float = 0.0

    def __init__(self, program: Program, aim: Aim, evidence: Evidence, names: Names, turns: Turns) -> None:
        self.program, self.aim, self.evidence = program, aim, evidence
        self.joint, self.names, self.turns = program.joint, names, turns
        self._keys: dict[int, tuple[int, str]] = {}
        self.moving = self.joint.graph.depends_on(list(self.joint.place.values()))

    def over(self) -> bool:
        """Whether the time is up."""
        return time.thread_time() > self.ended

    def may(self, edits: Mapping[int, Edit], strict: bool = False, instead: Sequence[int] = ()) -> bool:
        """Whether changes may be the right ones, as far as that can be told before they are tried.

        strict:  where it cannot be told, only if what comes out at the first step is a value of the loss or of the
                 right way back, and not just the value that was put in its place.
        instead: the values that are put in other places.
        """
        if all(self.aim.linear[p] for p in edits) and self.aim.apart(list(edits)):
            changes = self.differences(edits)
            return changes is not None and any(np.any(c) for c in changes.values()) and self.aim.together(changes)
        if not strict:
            changes = self.differences(edits)
            return changes is not None and any(np.any(c) for c in changes.values())
        return self.met_by(edits, instead)

    def met_by(self, edits: Mapping[int, Edit], instead: Sequence[int]) -> bool:
        """Whether the first step that comes out otherwise is a value of the loss or of the right way back by that."""
        for position in sorted(edits):
            changes = self.differences({position: edits[position]})
            if changes is None:
                return False
            if np.any(changes[position]):
                key = key_of_value(changes[position] + self.joint.value(position))
                return key in self.met and all(self._key(i) != key for i in instead)
        return False

    def _key(self, position: int) -> tuple[int, str]:
        if position not in self._keys:
            self._keys[position] = key_of_value(self.joint.value(position))
        return self._keys[position]

    def differences(self, edits: Mapping[int, Edit]) -> dict[int, Array] | None:
        """By how much each step is another one, each by itself; None where that cannot be worked out."""
        values = self.joint.values
        changes: dict[int, Array] = {}
        for position, edit in edits.items():
            try:
                value = np.asarray(edit(values), float)
            except (ArithmeticError, ValueError, TypeError, IndexError):
                return None
            given = self.joint.value(position)
            if value.shape != given.shape:
                return None
            changes[position] = value - given
        return changes

    def mended(self, edits: Mapping[int, Edit]) -> list[str]:
        """The wrong arrays that changes make right; none where another one is spoiled, or wrong in another way."""
        made = self.joint.with_edits(edits)
        if not made:
            return []
        explains = []
        for name, value in made.items():
            if name not in self.aim.names:
                continue
            right = self.evidence.is_right(name, np.asarray(value, float))
            if name not in self.aim.wrong:
                if not right:
                    return []
            elif right:
                explains.append(name)
            elif not self.evidence.equals(name, np.asarray(value, float)):
                return []
        return explains


def key_of_value(value: Any) -> tuple[int, str]:
    """What values have in common that differ in order, sign and scale alone."""
    flat = np.sort(np.abs(np.asarray(value, float).reshape(-1)))
    if flat.size > 1 and flat[-1]:
        flat = flat / flat[-1]
    weights = np.cos(np.arange(flat.size) * 0.7 + 0.3) + 1.5
    return flat.size, f"{float(flat @ weights):.8e}"


def value_edit(position: int, function: Callable[[Any], Any] | None = None) -> Edit:
    """The value of another step, or a function of it."""
    return (lambda values: values[position]) if function is None else (lambda values: function(values[position]))


def with_edit(joint: Joint, position: int, place: int, make: Edit) -> Edit:
    """A step with another value at one of the places where it reads."""
    shape = joint.node(position).shape
    return lambda values: np.broadcast_to(done(joint, position, {place: make(values)}, values), shape)


def times_edit(joint: Joint, position: int, make: Edit) -> Edit:
    """A step times a value."""
    shape = joint.node(position).shape
    return lambda values: np.broadcast_to(np.multiply(done(joint, position, {}, values), make(values)), shape)


def plus_edit(joint: Joint, position: int, make: Edit, sign: float) -> Edit:
    """A step and a value."""
    shape = joint.node(position).shape
    return lambda values: np.broadcast_to(done(joint, position, {}, values) + sign * np.asarray(make(values)), shape)


def scaled_edit(edit: Edit, number: float) -> Edit:
    """A change, times a number."""
    return lambda values: np.multiply(edit(values), number)
