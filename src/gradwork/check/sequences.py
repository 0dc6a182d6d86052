"""Deliberate mistakes in a line that runs several times: at every turn the value of another step or line."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant, causes
from gradwork.check.evidence import Edit, Joint
from gradwork.check.screen import Screen
from gradwork.check.sites import Names, made_for
from gradwork.check.turns import Turns
from gradwork.gradients.backprop import SUM_OF_PATHS
from gradwork.graph.graph import CONSTANT
from gradwork.graph.op import REGISTER
from gradwork.graph.passes import TRANSPARENT
from gradwork.graph.run import apply_op

OPERAND, SLOPES = "GW236", "GW248"
TURNING = (*TRANSPARENT, "getitem", "transpose")
Row = tuple[int, ...]


def in_turns(joint: Joint, screen: Screen, ended: float) -> Iterator[tuple[Cause, Mutant]]:
    """At each family of the way back and each place that it reads: every other sequence of values of that shape."""
    turns, by_code = Turns.of(joint), {cause.code: cause for cause in causes()}
    values, slopes = turns.sequences(forward=True), turns.sequences(forward=False)
    slopes = [s for s in slopes if all(m in screen.carrying for m in s)]
    seen: set[Any] = set()
    yield from _added_up(joint, screen, slopes, by_code[SLOPES])
    for members in turns.families.values():
        if members[0] < joint.forward or joint.node(members[0]).op == CONSTANT:
            continue
        if not any(m in screen.weights[name] for m in members for name in screen.wrong):
            continue
        for place in range(len(joint.node(members[0]).inputs)):
            ways = [_way(joint, joint.node(m).inputs[place]) for m in members]
            used = tuple(way[0] for way in ways)
            carries = used[0] in screen.carrying
            for other in _others(joint, used, slopes if carries else values):
                key = (members, place, other)
                if key in seen or (carries and any(o >= m for o, m in zip(other, members, strict=True))):
                    continue
                if time.thread_time() > ended:
                    return
                seen.add(key)
                mutant = _mutant(joint, screen, members, [w[1] for w in ways], place, used, other, carries)
                if mutant is not None:
                    yield by_code[SLOPES if carries else OPERAND], mutant


def _added_up(joint: Joint, screen: Screen, slopes: Sequence[Row], cause: Cause) -> Iterator[tuple[Cause, Mutant]]:
    """Sums over all turns of what comes back to a weight: another sequence of slopes is added up."""
    names = Names.of(joint)
    for last in screen.carrying:
        terms, node = _terms(joint, last), joint.node(last)
        readers = joint.graph.consumers[last]
        if len(terms) < 2 or any(joint.node(r).origin == node.origin for r in readers):
            continue
        used = tuple(reversed(terms))
        for other in slopes:
            if len(other) != len(used) or other == used or {joint.node(o).shape for o in other} != {node.shape}:
                continue
            edit = _sum_of(other)
            if max(other) >= last or not screen.judged({last: edit}):
                continue
            some = len(used) // 2
            of = made_for(joint, last)
            says = f"{_called(names, other[some], joint)} stands where {_called(names, used[some], joint)} belongs"
            yield (
                cause,
                Mutant(
                    last,
                    edit,
                    f"in what is added up for {names.name(of)}, {says}, and so at each of the {len(used)} turns",
                    joint.layers[of],
                    f"{names.name(of)} is used at each turn, and every use brings what comes back to it there",
                    f"add up {_called(names, used[some], joint)}",
                ),
            )


def _terms(joint: Joint, last: int) -> Row:
    """What a sum over paths adds up, those of all its additions together."""
    node = joint.node(last)
    if node.op != "add" or node.origin.by != SUM_OF_PATHS:
        return ()
    left, right = node.inputs
    before = _terms(joint, left) if joint.node(left).origin == node.origin else ()
    return (*(before or (left,)), right)


def _sum_of(places: Row) -> Edit:
    return lambda values: sum(np.asarray(values[p]) for p in places)


def _way(joint: Joint, position: int) -> tuple[int, Row]:
    """What a value is before the rules have turned or reshaped it, and the nodes that did."""
    way: list[int] = []
    while position >= joint.forward and joint.node(position).op in TURNING:
        way.insert(0, position)
        position = joint.node(position).inputs[0]
    return position, tuple(way)


def _others(joint: Joint, used: Row, sequences: Sequence[Row]) -> Iterator[Row]:
    """Sequences as long as the one that is read: as they are, one turn earlier, one turn later."""
    count = len(used)
    shapes = [joint.node(u).shape for u in used]
    for sequence in sequences:
        for other in _moved(sequence, used):
            if len(other) == count and other != used and [joint.node(o).shape for o in other] == shapes:
                yield other


def _moved(sequence: Row, used: Row) -> Iterator[Row]:
    count = len(used)
    if len(sequence) == count:
        yield sequence
        yield (sequence[0], *sequence[:-1])
        yield (*sequence[1:], sequence[-1])
        yield (sequence[-1], *sequence[:-1])
        yield (used[0], *sequence[:-1])
        yield (*sequence[1:], used[-1])
        yield (sequence[0],) * count
        yield (sequence[-1],) * count
    elif len(sequence) == count + 1:
        yield sequence[1:]
        yield sequence[:-1]
    elif len(sequence) == count - 1:
        yield (used[0], *sequence)
        yield (*sequence, used[-1])


def _mutant(
    joint: Joint, screen: Screen, members: Row, ways: Sequence[Row], place: int, used: Row, other: Row, carries: bool
) -> Mutant | None:
    edits = {
        m: _with(joint, m, place, way, o) for m, way, u, o in zip(members, ways, used, other, strict=True) if u != o
    }
    if not edits or screen.judged(edits) is False:
        return None
    first, *rest = edits
    names, some = Names.of(joint), len(members) // 2
    of = made_for(joint, members[some])
    says = f"{_said(names, used, other, some, joint if carries else None)}{names.in_layer(of)}"
    return Mutant(
        first,
        edits[first],
        f"{says}, and so at each of the {len(members)} turns of the loop",
        joint.layers[of],
        f"the {joint.node(members[some]).origin.by or 'rule'} takes the values of the same step",
        f"use {_called(names, used[some], joint if carries else None)}",
        more={m: edits[m] for m in rest},
    )


def _called(names: Names, position: int, back: Joint | None) -> str:
    """A value by its name; what comes back by the value that it comes back to."""
    if back is not None:
        for of, adjoint in back.adjoint.items():
            if adjoint == position:
                return f"what comes back to {names.name(of)}"
    return names.name(position)


def _said(names: Names, used: Row, other: Row, some: int, back: Joint | None) -> str:
    right, wrong = _called(names, used[some], back), _called(names, other[some], back)
    if other[1:] == used[:-1]:
        return f"the value of the step before, such as {wrong}, stands where that of the step, {right}, belongs"
    if other[:-1] == used[1:]:
        return f"the value of the step after, such as {wrong}, stands where that of the step, {right}, belongs"
    return f"{wrong} stands where {right} belongs"


def _with(joint: Joint, position: int, place: int, way: Row, other: int) -> Edit:
    def edit(values: Sequence[Any]) -> Any:
        value = values[other]
        for step in way:
            value = _done(joint, step, {0: value}, values)
        return np.broadcast_to(_done(joint, position, {place: value}, values), joint.node(position).shape)

    return edit


def _done(joint: Joint, position: int, instead: dict[int, Any], values: Sequence[Any]) -> Any:
    node = joint.node(position)
    shapes = [joint.node(i).shape for i in node.inputs]
    arguments = [instead.get(k, values[i]) for k, i in enumerate(node.inputs)]
    return apply_op(REGISTER.named(node.op), arguments, shapes, node.params)
