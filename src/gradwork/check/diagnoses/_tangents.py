"""Slopes that somebody works out forwards, line by line, with a wrong rule in one of the lines.

Who differentiates on paper goes from the inside out: each line gets its slope by the parameter from those of what it
reads. A wrong rule in one line is another slope of that line; what it does to the result follows from the slope that
comes back to the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._ratio import close, comparable, listed
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names
from gradwork.errors import GradworkError
from gradwork.gradients.forward import sweep_forward
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.op import REGISTER
from gradwork.graph.run import run, spread
from gradwork.graph.traced import Traced

MOST_LINES = 60  # of a loss that somebody differentiates on paper
Tangents = Mapping[int, Array]


@dataclass(frozen=True, eq=False)
class Misruled:
    """A wrong slope of one line.  says: the mistake in words;  slope: by the parameter, in the line's own shape."""

    says: str
    slope: Array
    why: str = ""
    hint: str = ""


@dataclass(frozen=True, eq=False)
class Line:
    """One line of the loss that depends on a parameter, which is a single number."""

    joint: Joint
    position: int
    tangents: Tangents

    @cached_property
    def names(self) -> Names:
        """How values are called."""
        return Names.of(self.joint)

    @property
    def op(self) -> str:
        """What is done in it."""
        return self.joint.node(self.position).op

    @property
    def inputs(self) -> tuple[int, ...]:
        """What it reads."""
        return self.joint.node(self.position).inputs

    @property
    def elementwise(self) -> bool:
        """Whether each entry is worked out by itself, all in one shape."""
        node = self.joint.node(self.position)
        return REGISTER.named(node.op).elementwise

    def moves(self, position: int) -> bool:
        """Whether a value depends on the parameter."""
        return position in self.tangents

    def is_parameter(self, position: int) -> bool:
        """Whether a value is a parameter as it is, and no function of it."""
        return position in self.joint.place.values()

    def value(self, position: int) -> Array:
        """A value, in the line's shape."""
        return np.broadcast_to(self.joint.value(position), np.shape(self.joint.value(self.position)))

    def slope(self, position: int) -> Array:
        """The right slope of a value by the parameter, in the line's shape."""
        found = self.tangents.get(position)
        own = np.shape(self.joint.value(self.position))
        return np.zeros(own) if found is None else np.broadcast_to(found, own)

    def local_slope(self, at: Array) -> Array | None:
        """The slope of the line's one function at another argument; None where it cannot be taken there."""
        here = self.inputs[0]
        change = lambda values: np.asarray(np.broadcast_to(at, np.shape(self.joint.value(here))), float)  # noqa: E731
        moved = self.joint.after({here: change})
        back = _Back.of(self.joint).local.get(self.position)
        return None if moved is None or back is None else moved.value(back)


class _Back:
    """Where the way back has the local slope of each line."""

    def __init__(self, joint: Joint) -> None:
        from gradwork.check.sites import chain_steps

        self.local = {step.of: step.slope for step in chain_steps(joint)}
        for position in range(joint.forward, len(joint.graph)):
            origin = joint.node(position).origin
            if origin.node is not None and origin.node < joint.forward and joint.node(origin.node).op != "multiply":
                self.local.setdefault(origin.node, position)

    @classmethod
    def of(cls, joint: Joint) -> _Back:
        found = _BACK.get(joint)
        if found is None:
            found = _BACK[joint] = cls(joint)
        return found


_BACK: Beside[Joint, _Back] = Beside()
_TANGENTS: Beside[Joint, dict[str, Tangents]] = Beside()


def tangents_of(joint: Joint, name: str) -> Tangents:
    """How every value moves, that of the way back too, when a parameter of one number does; {} where that fails."""
    made = _TANGENTS.setdefault(joint, {})
    if name not in made:
        made[name] = _tangents(joint, joint.place[name])
    return made[name]


def _tangents(joint: Joint, place: int) -> Tangents:
    builder = Builder.on(joint.graph, list(joint.values))
    kind = np.asarray(joint.value(place)).dtype
    unit = np.ones(np.shape(joint.value(place)), kind)[()]
    try:
        moving = {place: Traced(builder, builder.input(unit, "tangent"))}
        moved = sweep_forward(builder, moving, len(joint.graph) - 1)
        asked = [p for p in moved if p < len(joint.graph)]
        pushed = builder.graph([moved[p].index for p in asked])
        given = [joint.values[i] for i in joint.graph.inputs]
        outputs = run(pushed, [*given, unit], known=joint.values).outputs
    except (GradworkError, ArithmeticError, ValueError, TypeError, LookupError):
        return {}
    return {p: np.asarray(spread(v, joint.node(p).shape), float) for p, v in zip(asked, outputs, strict=True)}


def lines_of(evidence: Evidence, name: str) -> Iterator[Line]:
    """The lines of a short loss through which a parameter of one number goes; none for other losses."""
    joint = evidence.joint
    if joint is None or joint.forward > MOST_LINES or np.size(evidence.right[name]) != 1:
        return
    tangents = tangents_of(joint, name)
    for position in range(joint.forward):
        if position in tangents and joint.node(position).op not in (INPUT, CONSTANT):
            yield Line(joint, position, tangents)


def misruled(evidence: Evidence, cause: Cause, rules: Callable[[Line], Iterator[Misruled]]) -> Iterator[Finding]:
    """The wrong rules in one line that explain a gradient of one number."""
    found: dict[str, tuple[Misruled, dict[str, Array]]] = {}
    for name in evidence.fitting:
        if not comparable(evidence, name):
            continue
        for line in lines_of(evidence, name):
            back = line.joint.adjoint.get(line.position)
            if back is None or not line.elementwise:
                continue
            coming = np.broadcast_to(line.joint.value(back), np.shape(line.joint.value(line.position)))
            with np.errstate(all="ignore"):
                for wrong in rules(line):
                    change = np.sum(coming * (wrong.slope - line.slope(line.position)))
                    candidate = np.reshape(evidence.right[name] + change, np.shape(evidence.right[name]))
                    if np.isfinite(candidate).all() and close(evidence, name, candidate):
                        found.setdefault(wrong.says, (wrong, {}))[1][name] = candidate
    for wrong, predicted in found.values():
        names = [n for n in predicted if not close(evidence, n, evidence.right[n])]
        if names:
            told = f", in the slope by {listed(names)}" if len(evidence.right) > 1 else ""
            yield explained(cause, evidence, wrong.says + told, names, predicted, why=wrong.why, hint=wrong.hint)
