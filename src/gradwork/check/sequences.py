"""Deliberate mistakes in a line that runs several times: at every turn the value of another step or line."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant, causes
from gradwork.check.evidence import Edit, Joint
from gradwork.check.screen import Screen
from gradwork.check.sites import Names, made_for
from gradwork.check.turns import Turns
from gradwork.gradients.backprop import SUM_OF_PATHS
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.op import REGISTER
from gradwork.graph.passes import TRANSPARENT
from gradwork.graph.run import apply_op

OPERAND, SLOPES, TWICE = "GW236", "GW248", "GW215"
TURNING = (*TRANSPARENT, "getitem", "transpose")
Row = tuple[int, ...]


def in_turns(
    joint: Joint, screen: Screen, ended: float, near: bool = False, alike: bool = False
) -> Iterator[tuple[Cause, Mutant]]:
    """At each family of the way back and each place that it reads: every other sequence of values of that shape.

    near:  only the same values one step earlier or later, which are the likeliest, and what piles up from turn to turn.
    alike: only values of the same step that the same op makes, such as another gate.
    """
    turns, by_code = Turns.of(joint), {cause.code: cause for cause in causes()}
    by_code[SLOPES] = replace(by_code[SLOPES], rank=by_code[OPERAND].rank + 1)  # a value is told more simply
    values, slopes = turns.sequences(forward=True), turns.sequences(forward=False)
    slopes = [s for s in slopes if all(m in screen.carrying for m in s)]
    seen: set[Any] = set()
    if near:
        yield from _piled_up(joint, by_code[TWICE])
        yield from _everywhere(joint, values, by_code[OPERAND], ended)
    elif not alike:
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
                if near and (not set(other) & set(used) or len(set(other)) == 1):
                    continue
                if alike and (carries or not _is_alike(joint, used, other)):
                    continue
                key = (members, place, other)
                if key in seen or (carries and any(o >= m for o, m in zip(other, members, strict=True))):
                    continue
                if time.thread_time() > ended:
                    return
                seen.add(key)
                mutant = _mutant(joint, screen, members, [w[1] for w in ways], place, used, other, carries)
                if mutant is not None:
                    yield by_code[SLOPES if carries else OPERAND], mutant


def _is_alike(joint: Joint, used: Row, other: Row) -> bool:
    """Whether the same op makes two sequences of values, none of which is in both."""
    return joint.node(used[0]).op == joint.node(other[0]).op and not set(used) & set(other) and len(set(other)) > 1


def _everywhere(joint: Joint, values: Sequence[Row], cause: Cause, ended: float) -> Iterator[tuple[Cause, Mutant]]:
    """The state after each step wherever the way back reads the one before it, or the other way round."""
    names = Names.of(joint)
    known = set(values)
    for used in values:
        for other in dict.fromkeys(((*used[1:], used[-1]), (used[0], *used[:-1]), *_next(known, used))):
            if time.thread_time() > ended:
                return
            edits = _wherever(joint, dict(zip(used, other, strict=True)))
            if len(edits) < 2:
                continue
            first, *rest = edits
            some = len(used) // 2
            yield (
                cause,
                Mutant(
                    first,
                    edits[first],
                    f"{_said(names, used, other, some, None)}, wherever the way back reads it",
                    joint.layers[used[some]],
                    "each step takes the values that it had going forward",
                    f"use {names.name(used[some])}",
                    more={m: edits[m] for m in rest},
                ),
            )


def _next(known: set[Row], used: Row) -> Iterator[Row]:
    """The sequences one step on, or back: of the states before the steps, those after them."""
    for other in known:
        if len(other) == len(used) and other != used and (other[:-1] == used[1:] or other[1:] == used[:-1]):
            yield other


def _wherever(joint: Joint, instead: dict[int, int]) -> dict[int, Edit]:
    """Every node of the way back that reads one of these values by itself, with the other value in its place."""
    found: dict[int, Edit] = {}
    for right, wrong in instead.items():
        if right == wrong or joint.node(right).shape != joint.node(wrong).shape:
            continue
        for reader in joint.graph.consumers[right]:
            if reader >= joint.forward:
                spots = {k: wrong for k, i in enumerate(joint.node(reader).inputs) if i == right}
                found[reader] = _reading(joint, reader, spots)
    return dict(sorted(found.items()))


def _reading(joint: Joint, position: int, spots: dict[int, int]) -> Edit:
    return lambda values: np.broadcast_to(
        done(joint, position, {k: values[i] for k, i in spots.items()}, values), joint.node(position).shape
    )


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


def _piled_up(joint: Joint, cause: Cause) -> Iterator[tuple[Cause, Mutant]]:
    """What comes back to a state is added to what came back to the state after it, and so on down the turns."""
    names = Names.of(joint)
    families = [m for m in Turns.of(joint).families.values() if m[0] < joint.forward]
    for members in families:
        adjoints = [joint.adjoint.get(m, 0) for m in reversed(members)]
        if len(members) < 2 or min(adjoints) < joint.forward or len({joint.node(a).shape for a in adjoints}) > 1:
            continue
        paths = [joint.node(a).inputs for a in adjoints if joint.node(a).origin.by == SUM_OF_PATHS]
        carried = [[which(p) for p in paths] for which in (min, max)]
        for kind, places in (("what comes back", adjoints), *(("what is carried back", c) for c in carried)):
            if len(places) < 2 or len(set(places)) != len(places) or sorted(places) != places:
                continue
            edits = {at: _plus(joint, at, before) for before, at in itertools.pairwise(places)}
            first, *rest = edits
            name = names.name(members[len(members) // 2])
            yield (
                cause,
                Mutant(
                    first,
                    edits[first],
                    f"{kind} to {name} at one turn is added to that of the turn before it, and so piles up",
                    joint.layers[members[0]],
                    "each turn passes on what comes back to its own state, once",
                    "set it anew at each turn: = and not +=",
                    more={at: edits[at] for at in rest},
                ),
            )


def _plus(joint: Joint, position: int, other: int) -> Edit:
    """A node, worked out of what it reads by then, and another value."""
    return lambda values: np.asarray(done(joint, position, {}, values)) + np.asarray(values[other])


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
    if sum(not np.array_equal(joint.value(u), joint.value(o)) for u, o in zip(used, other, strict=True)) < 2:
        return None  # that is no mistake of every turn
    if joint.node(used[0]).dtype.kind in "iu" and not _is_next(Names.of(joint), used, other):
        return None  # of a few whole numbers, many orders give the same
    first, *rest = edits
    names, some = Names.of(joint), len(members) // 2
    of = made_for(joint, members[some])
    says = _said(names, used, other, some, joint if carries else None)
    says = f"{_squared(joint, names, members[some], used[some], other[some]) or says}{names.in_layer(of)}"
    return Mutant(
        first,
        edits[first],
        f"{says}, {Turns.of(joint).everywhere(members)}",
        joint.layers[of],
        f"the {joint.node(members[some]).origin.by or 'rule'} takes the values of the same step",
        f"use {_called(names, used[some], joint if carries else None)}",
        more={m: edits[m] for m in rest},
    )


def _squared(joint: Joint, names: Names, member: int, used: int, other: int) -> str:
    """Of v |v| with |v| for v: that is v v, the same as v for |v|."""
    size = joint.node(other)
    beside = [
        joint.node(i).inputs for i in joint.node(member).inputs if joint.node(i).op in ("multiply", "chain_product")
    ]
    if size.op == "absolute" and size.inputs[0] == used and any(other in inputs for inputs in beside):
        right, wrong = names.name(used), names.name(other)
        return f"{right} {right} stands where {right} {wrong} belongs"
    return ""


def _is_next(names: Names, used: Row, other: Row) -> bool:
    """Whether each turn reads what belongs to the turn before it, or after it."""
    mine, theirs = [names.name(u) for u in used], [names.name(o) for o in other]
    return theirs[1:] == mine[:-1] or theirs[:-1] == mine[1:]


def _called(names: Names, position: int, back: Joint | None) -> str:
    """A value by its name; what comes back by the value that it comes back to."""
    if back is not None:
        for of, adjoint in back.adjoint.items():
            if adjoint == position:
                return f"what comes back to {names.name(of)}"
    return names.name(position)


def _telling(names: Names, used: Row, other: Row, some: int) -> int:
    """A turn at which the two are called differently, the one in the middle if it can be."""
    turns = sorted(range(len(used)), key=lambda k: abs(k - some))
    return next((k for k in turns if names.name(used[k]) != names.name(other[k])), some)


def _said(names: Names, used: Row, other: Row, some: int, back: Joint | None) -> str:
    some = _telling(names, used, other, some)
    right, wrong = _called(names, used[some], back), _called(names, other[some], back)
    if len(used) == 2 and other == used[::-1]:
        return f"{right} and {wrong} are exchanged"
    if other[1:] == used[:-1]:
        return f"the value of the step before, such as {wrong}, stands where that of the step, {right}, belongs"
    if other[:-1] == used[1:]:
        return f"the value of the step after, such as {wrong}, stands where that of the step, {right}, belongs"
    return f"{wrong} stands where {right} belongs"


def _with(joint: Joint, position: int, place: int, way: Row, other: int) -> Edit:
    def edit(values: Sequence[Any]) -> Any:
        value = values[other]
        for step in way:
            value = done(joint, step, {0: value}, values)
        return np.broadcast_to(done(joint, position, {place: value}, values), joint.node(position).shape)

    return edit


def done(joint: Joint, position: int, instead: dict[int, Any], values: Sequence[Any]) -> Any:
    """A node worked out of what it reads by then, with other values at some of the places where it reads."""
    node = joint.node(position)
    if node.op in (INPUT, CONSTANT):
        return values[position]
    shapes = [joint.node(i).shape for i in node.inputs]
    arguments = [instead.get(k, values[i]) for k, i in enumerate(node.inputs)]
    return apply_op(REGISTER.named(node.op), arguments, shapes, node.params)
