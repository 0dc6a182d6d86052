"""Deliberate mistakes in a loop: the way back works a step out again, from the states of another step.

What the step makes of its states, such as the stages of a Runge-Kutta step, then comes out otherwise too. All states
that one line makes are those of the same wrong step.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant, causes
from gradwork.check.evidence import Edit, Joint
from gradwork.check.sequences import Row, done
from gradwork.check.sites import Names, made_for
from gradwork.check.turns import Turns
from gradwork.graph.graph import CONSTANT, INPUT

OPERAND = "GW236"
MOST_AGAIN = 60  # nodes that are worked out again for one that is read
MOST_STATES = 12
LONGEST = 48  # characters of a formula in a sentence


def of_another_step(joint: Joint, ended: float) -> Iterator[tuple[Cause, Mutant]]:
    """The states one step earlier or later, in what the way back takes from the lines of a step."""
    by_code, names = {cause.code: cause for cause in causes()}, Names.of(joint)
    for moved in _moved(joint):
        instead = {right: wrong for pair in moved for right, wrong in zip(*pair, strict=True) if right != wrong}
        by_line = _edits(joint, instead)
        lines = [line for line, edits in by_line.items() if len(edits) > 1]
        for chosen in [*([line] for line in lines), *([o for o in lines if o != line] for line in lines), lines]:
            if time.thread_time() > ended:
                return
            edits = {at: by_line[line][at] for line in chosen for at in by_line[line]}
            if len(edits) < 2:
                continue
            first, *rest = sorted(edits)
            used, other = moved[0]
            some = len(used) // 2
            when = "after" if other[:-1] == used[1:] else "before"
            what = " and ".join(names.name(u[some]) for u, _ in moved[:2])
            made = _for(joint, names, edits, chosen, lines)
            yield (
                by_code[OPERAND],
                Mutant(
                    first,
                    edits[first],
                    _entries(joint, used, other)
                    or f"the way back takes {what} from the step {when}{made}, and so at each of the {len(used)} turns",
                    joint.layers[used[some]],
                    "each step takes the values that it had going forward",
                    "use the values of the same step",
                    more={at: edits[at] for at in rest},
                ),
            )


def _for(joint: Joint, names: Names, edits: Mapping[int, Edit], chosen: Sequence[Any], lines: Sequence[Any]) -> str:
    """What it takes them for, where it takes them rightly elsewhere."""
    if len(chosen) == len(lines):
        return ""
    places = sorted(edits)
    written = names.name(made_for(joint, places[len(places) // 2]))
    return f" for {written}" if len(written) <= LONGEST else ""


def _entries(joint: Joint, used: Row, other: Row) -> str:
    """In words, where both are entries of one array that is given, such as coefficients: no step has made them."""
    nodes = [joint.node(p) for p in (*used, *other)]
    sources = {node.inputs[0] if node.op == "getitem" else -1 for node in nodes}
    source = sources.pop() if len(sources) == 1 else -1
    if source < 0 or joint.node(source).op not in (INPUT, CONSTANT):
        return ""
    name = joint.node(source).name or "the array"
    way = "k + 1" if other[:-1] == used[1:] else "k - 1"
    return f"{name}[{way}] stands where {name}[k] belongs, in {len(used)} places: the indices are off by one"


def _moved(joint: Joint) -> Iterator[list[tuple[Row, Row]]]:
    """Sequences of states that one line makes, and each of them one step on, or back."""
    values = Turns.of(joint).sequences(forward=True)
    known = set(values)
    found: dict[Any, list[tuple[Row, Row]]] = {}
    for used in values:
        if all(joint.node(u).op == CONSTANT for u in used):
            continue
        line, count = joint.node(used[-1]).where, len(used)
        nexts = [o for o in known if len(o) == count and o != used and o[:-1] == used[1:]]
        backs = [o for o in known if len(o) == count and o != used and o[1:] == used[:-1]]
        for kind, other in (
            *(("next", o) for o in nexts[:1]),
            *(("back", o) for o in backs[:1]),
            ("next, the last kept", (*used[1:], used[-1])),
            ("back, the first kept", (used[0], *used[:-1])),
        ):
            if len({joint.node(p).shape for p in (*used, *other)}) == 1:
                found.setdefault((kind, line, count), []).append((used, other))
    likely = sorted(found, key=lambda key: (not key[0].isalpha(), len(found[key]) == 1))
    yield from (found[key] for key in likely if 1 < len(found[key]) <= MOST_STATES)
    for key in likely:
        yield from ([pair] for pair in found[key])


def _edits(joint: Joint, instead: Mapping[int, int]) -> dict[Any, dict[int, Edit]]:
    """For each line, every node of its way back that reads what comes out otherwise."""
    again = _Again(joint, instead)
    found: dict[Any, dict[int, Edit]] = {}
    for position in range(joint.forward, len(joint.graph)):
        node = joint.node(position)
        spots = {k: i for k, i in enumerate(node.inputs) if i < joint.forward and again.changes(i)}
        if spots:
            line = joint.node(made_for(joint, position)).where
            found.setdefault(line, {})[position] = _reading(again, position, spots)
    return found


def _reading(again: _Again, position: int, spots: Mapping[int, int]) -> Edit:
    joint = again.joint
    return lambda values: np.broadcast_to(
        done(joint, position, {k: again.value(i, values) for k, i in spots.items()}, values),
        joint.node(position).shape,
    )


class _Again:
    """Values of the forward pass, worked out with other values in some places."""

    def __init__(self, joint: Joint, instead: Mapping[int, int]) -> None:
        self.joint, self.instead = joint, instead
        moving = bytearray(joint.forward)
        for position in range(joint.forward):
            node = joint.node(position)
            given = node.op in (INPUT, CONSTANT)
            moving[position] = position in instead or (not given and any(moving[i] for i in node.inputs))
        self._moving = moving
        self._programs: dict[int, list[int] | None] = {}

    def changes(self, position: int) -> bool:
        """Whether a value comes out otherwise, after few steps."""
        return bool(self._moving[position]) and self._program(position) is not None

    def _program(self, position: int) -> list[int] | None:
        """What has to be worked out for a value, down to the values that are replaced."""
        if position not in self._programs:
            needed, waiting = {position}, [position]
            while waiting and len(needed) <= MOST_AGAIN:
                at = waiting.pop()
                if at not in self.instead:
                    more = {i for i in self.joint.node(at).inputs if self._moving[i]} - needed
                    needed |= more
                    waiting += more
            self._programs[position] = sorted(needed) if len(needed) <= MOST_AGAIN else None
        return self._programs[position]

    def value(self, position: int, values: Sequence[Any]) -> Any:
        """A value with the others in their places."""
        made: dict[int, Any] = {}
        for at in self._program(position) or []:
            if at in self.instead:
                made[at] = values[self.instead[at]]
            else:
                inside = {k: made[i] for k, i in enumerate(self.joint.node(at).inputs) if i in made}
                made[at] = done(self.joint, at, inside, values)
        return made[position]
