"""Deliberate mistakes with what comes back itself: a number too much in one part, another part in its place.

As in `swaps`, all of them are asked at once whether they can be the one. A number is solved for, and is taken only
where it is one that means something.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant, causes
from gradwork.check.diagnoses._constants import COUNT, meanings
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.screen import Screen
from gradwork.check.sites import Names, made_for
from gradwork.check.standins import grouped
from gradwork.check.swaps import COMES, all_made, bracketed, in_words
from gradwork.graph.graph import CONSTANT
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op

NUMBER, COUNTED, SLOPES, TERM, UNTURNED = "GW257", "GW201", "GW248", "GW256", "GW244"
MOST_ENTRIES = 2_000_000  # of all slopes of one shape together
MOST_MEANINGS = 3
SAME = 1e-7  # within what the numbers solved for from several arrays are one
TURNED = ("broadcast_to", "reshape", "transpose", "getitem", "copy", "positive", "astype", "scatter")
Placed = tuple[Cause, Mutant]


def with_parts(joint: Joint, screen: Screen, evidence: Evidence, ended: float) -> list[Placed]:
    """The mistakes with parts of the way back that may explain some wrong array; numbers come first."""
    by_code = {cause.code: cause for cause in causes()}
    found: list[tuple[int, Cause, Mutant]] = []
    stacked = _stacked(joint, screen)
    for position in range(joint.forward, len(joint.graph)):
        if time.thread_time() > ended:
            break
        node = joint.node(position)
        if node.op == CONSTANT or not screen.linear[position] or not _matters(screen, position):
            continue
        for order, code, mutant in _at(joint, screen, evidence, stacked, position):
            found.append((order, by_code[code], mutant))
    found.sort(key=lambda one: (one[0], len(one[2].says)))
    return [(cause, mutant) for _, cause, mutant in found]


def _matters(screen: Screen, position: int) -> bool:
    return any(position in screen.weights[name] for name in screen.wrong)


def _stacked(joint: Joint, screen: Screen) -> dict[tuple[int, ...], tuple[list[int], Array]]:
    """All that comes back, by shape, flat, a row each."""
    places: dict[tuple[int, ...], list[int]] = {}
    for position in sorted(screen.carrying):
        node = joint.node(position)
        if node.dtype.kind == "f" and node.op != CONSTANT:
            places.setdefault(node.shape, []).append(position)
    found = {}
    for shape, some in places.items():
        most = MOST_ENTRIES // max(int(np.prod(shape)), 1)
        if 1 < len(some) <= most:
            found[shape] = (some, np.stack([np.asarray(joint.value(p), float).reshape(-1) for p in some]))
    return found


def _at(
    joint: Joint,
    screen: Screen,
    evidence: Evidence,
    stacked: dict[tuple[int, ...], tuple[list[int], Array]],
    position: int,
) -> Iterator[tuple[int, str, Mutant]]:
    node, names = joint.node(position), Names.of(joint)
    of = made_for(joint, position)
    whole = _short(in_words(joint, names, position))
    where, layer = names.in_layer(of), joint.layers[of]
    why = f"the right way back has {whole} here"
    number = None if node.op in TURNED else _number(joint, screen, position)
    means = [] if number is None else meanings(evidence, number)[:MOST_MEANINGS]
    if means:
        told = dict.fromkeys(m.says for m in means)
        stands = f"{times_in_words(means[0].value, whole)} stands where {whole} belongs"
        reasons = "; or ".join(told)
        says = f"in {whole}, {reasons}{where}" if " stands where " in reasons else f"{stands}: {reasons}{where}"
        code = COUNTED if means[0].kind == COUNT else NUMBER
        yield 0, code, Mutant(position, _scaled(position, means[0].value), says, layer, why, means[0].hint)
    for place, used in enumerate(node.inputs):
        if used not in screen.carrying or joint.node(used).shape not in stacked:
            continue
        others, rows = stacked[joint.node(used).shape]
        made = all_made(joint, position, used, rows)
        if made is None:
            continue
        fitting = screen.fits(position, made - np.asarray(joint.value(position), float).reshape(1, -1))
        for k in np.flatnonzero(fitting):
            if others[k] < position and others[k] != used:
                wrong, right = _short(in_words(joint, names, others[k])), _short(in_words(joint, names, used, position))
                says = f"{wrong} stands where {right} belongs{where}"
                edit = _with(joint, position, place, others[k])
                code = UNTURNED if _is_turned(joint, others[k], used) else SLOPES
                yield 1, code, Mutant(position, edit, says, layer, why, f"use {right}")
    if node.shape in stacked and node.op not in TURNED and position in screen.carrying:
        others, rows = stacked[node.shape]
        for sign, word in ((1.0, "added to"), (-1.0, "taken off")):
            for k in np.flatnonzero(screen.fits(position, sign * rows)):
                more = in_words(joint, names, others[k])
                if others[k] < position and more != whole:
                    says = f"{_short(more)} is {word} {_short(whole)}, where it does not belong{where}"
                    edit = _added(joint, position, others[k], sign)
                    yield 2, TERM, Mutant(position, edit, says, layer, why, f"leave {more} out")


def _number(joint: Joint, screen: Screen, position: int) -> float | None:
    """The number that a part is multiplied by; None where there is no one number."""
    value = np.asarray(joint.value(position), float).reshape(-1)
    if not np.isfinite(value).all():
        return None
    numbers: list[float] = []
    for name in screen.names:
        weight = screen.weights[name].get(position)
        if weight is None:
            continue
        share = float(value @ np.asarray(weight, float).reshape(-1))
        if name in screen.rest:
            if abs(share) > screen.reach[name]:
                return None
        elif abs(share) > 1e3 * screen.reach[name]:
            numbers.append(1.0 + screen.target[name] / share)
    if not numbers or abs(numbers[0] - 1) < SAME or abs(numbers[0]) < SAME:
        return None
    spread = max(numbers) - min(numbers)
    return numbers[0] if spread <= SAME * max(1.0, abs(numbers[0])) else None


def _short(words: str) -> str:
    return f"d_{grouped(words.removeprefix(COMES))}" if words.startswith(COMES) else words


def times_in_words(number: float, whole: str) -> str:
    """A number times a formula, such as "9/4 of it"."""
    fraction = Fraction(number).limit_denominator(1000)
    short = abs(float(fraction) - number) <= 1e-9 * abs(number)
    factor = str(fraction) if short else f"{number:.6g}"
    return f"-{bracketed(whole)}" if factor == "-1" else f"{factor} {bracketed(whole)}"


def _is_turned(joint: Joint, one: int, other: int) -> bool:
    """Whether two values are each other turned round."""
    a, b = np.asarray(joint.value(one)), np.asarray(joint.value(other))
    square = a.ndim >= 2 and a.shape == b.shape and a.shape[-1] == a.shape[-2]
    return bool(square and np.array_equal(np.swapaxes(a, -1, -2), b))


def _scaled(position: int, number: float) -> Edit:
    return lambda values: np.asarray(values[position]) * number


def _added(joint: Joint, position: int, other: int, sign: float) -> Edit:
    shape = joint.node(position).shape
    return lambda values: np.broadcast_to(np.asarray(values[position]) + sign * np.asarray(values[other]), shape)


def _with(joint: Joint, position: int, place: int, other: int) -> Edit:
    node = joint.node(position)
    op, shapes = REGISTER.named(node.op), [joint.node(i).shape for i in node.inputs]

    def edit(values: Sequence[Any]) -> Any:
        arguments = [values[other] if k == place else values[i] for k, i in enumerate(node.inputs)]
        return np.broadcast_to(apply_op(op, arguments, shapes, node.params), node.shape)

    return edit
