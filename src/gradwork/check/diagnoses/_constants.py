"""Numbers that a factor may come from: lengths of the data, two, a sign, and constants that people write."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gradwork.check.diagnoses._counts import counts, divides_by, let_through, masks_of, totals
from gradwork.check.diagnoses._ratio import near
from gradwork.check.evidence import Evidence, Joint
from gradwork.graph.graph import CONSTANT

SIGN, TWO, COUNT, OTHER = "sign", "two", "count", "other"
MOST_CONSTANTS = 40
MOST_COUNTS = 8  # of which one may stand where another belongs


@dataclass(frozen=True)
class Meaning:
    """What a factor is: its kind, its exact value, and its story in words that do not depend on the point.

    says:  what is wrong, as a sentence's beginning;  why, hint: as in a finding;  data: what tells it from others.
    """

    kind: str
    value: float
    says: str
    why: str = ""
    hint: str = ""
    data: str = ""


def meanings(evidence: Evidence, ratio: float) -> list[Meaning]:
    """What this factor may be, most likely first; empty where it is no number that is known."""
    if near(ratio, -1.0):
        return [Meaning(SIGN, -1.0, "the sign is turned", "yours is -1 times what is right", "turn the sign")]
    if ratio < 0:
        return [_turned(m) for m in meanings(evidence, -ratio)]
    written = [*_others(evidence, ratio, in_loss=True)]
    likely = [*_twos(evidence, ratio), *_counted(evidence, ratio), *written]
    # The quotient of two lengths is met by chance: a number that the loss has is the nearer reason.
    likely += [] if written else [*_exchanged(evidence, ratio), *_others(evidence, ratio)]
    return likely or [*_counted(evidence, ratio, divided=False)]


def _turned(meaning: Meaning) -> Meaning:
    return Meaning(
        SIGN,
        -meaning.value,
        f"the sign is turned, and {meaning.says}",
        f"yours is {-meaning.value:.6g} times what is right",
        f"turn the sign, and {meaning.hint}" if meaning.hint else "turn the sign",
        meaning.data,
    )


def _counted(evidence: Evidence, ratio: float, divided: bool = True) -> Iterator[Meaning]:
    """A count that is divided by too often, or not at all.  divided: only what the loss divides by can be missing."""
    known = counts(evidence)
    yield from _instead(evidence, _usual_pairs(known), ratio, twofold=True)
    for count, what in [*known, *let_through(evidence)]:
        n = f"{count}"
        is_n = f"{n} is the number of {what}"
        for value, says, hint in (
            (float(count), f"the factor 1/{n} is missing", f"divide by {n}"),
            (1.0 / count, f"there is a factor 1/{n} too much", f"multiply by {n}"),
            (count / 2.0, f"the factor 2/{n} is missing", f"multiply by 2/{n}"),
            (2.0 / count, f"there is a factor 2/{n} too much", f"multiply by {n}/2"),
            (1.0 / count**2, f"there is a factor 1/{n} twice too often", f"multiply by {n} twice"),
            (float(count) ** 2, f"the factor 1/{n} is missing twice", f"divide by {n} twice"),
        ):
            if divided and value > 1.0 and not divides_by(evidence, count):
                continue
            once = value in (float(count), 1.0 / count)
            doubtful = " times " in what or not once
            if not near(ratio, value) or near(value, 1.0) or (doubtful and _plainer(known, value)):
                continue
            if not once and not what.startswith("entries that"):
                continue  # whatever has a 2 in it as well is a number that a mean is over
            also = _also_stands(evidence, count) if once else ""
            same = value in (2.0, 0.5) or bool(also)
            yield Meaning(
                COUNT,
                value,
                f"{says}: {is_n}{also}",
                f"yours is {times(value)} what is right, and {is_n}",
                hint,
                f"another number of {what} than {n}" if same else "",
            )
            return


def _exchanged(evidence: Evidence, ratio: float) -> Iterator[Meaning]:
    """One count, or total, in the place of another."""
    known = counts(evidence)
    plain = [(n, what) for n, what in known if " times " not in what]
    several = [(n, what) for n, what in known if " times " in what]
    yield from _instead(evidence, [*plain[:MOST_COUNTS], *let_through(evidence), *several[:4]], ratio)
    yield from _by_totals(evidence, known, ratio)


def _by_totals(evidence: Evidence, known: list[tuple[int, str]], ratio: float) -> Iterator[Meaning]:
    """One over the sum of an array of the data, such as weights or an exposure, that a count or nothing belongs for."""
    for total, name in totals(evidence):
        for n, what in [*known[:MOST_COUNTS], (1, "")]:
            for value, right, wrong in ((n / total, n, 0), (total / n, 0, n)):
                if not near(ratio, value) or near(value, 1.0):
                    continue
                one, other = (f"1/{k}" if k else f"1/sum({name})" for k in (right, wrong))
                says = f"the factor {other} stands where {one} belongs: {n} is the number of {what}"
                if n == 1:
                    says = f"the factor {one} is missing" if wrong else f"there is a factor {other} too much"
                yield Meaning(COUNT, value, says, f"yours is {times(value)} what is right", f"use {one}")
                return


def _also_stands(evidence: Evidence, count: int) -> str:
    """A number that the loss has besides, such as an exponent: 3 of w^3 where there are 3 entries."""
    joint = evidence.joint
    for position in range(joint.forward) if joint is not None and count > 2 else ():
        node = joint.node(position)  # type: ignore[union-attr]
        if node.op == "power":
            held = joint.values[node.inputs[1]]  # type: ignore[union-attr]
            if np.size(held) == 1 and float(np.reshape(held, -1)[0]) == count:
                return f", or the exponent {count}, which is a factor of the slope"
    return ""


def _usual_pairs(known: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lengths of the data and of what is averaged: these are taken for one another."""
    return [
        (n, what) for n, what in known if n > 2 and " times " not in what and what != "entries that the sum is over"
    ]


def _instead(
    evidence: Evidence, known: list[tuple[int, str]], ratio: float, twofold: bool = False
) -> Iterator[Meaning]:
    """One count in the place of another.  twofold: only where one is twice the other, as otherwise not at all."""
    masks = {(n, ones): what for ones, what, n in masks_of(evidence)}
    if twofold and not (near(ratio, 2.0) or near(ratio, 0.5)):
        return
    for (a, one), (b, other) in itertools.permutations(known, 2):
        if twofold and not one.startswith(("entries that", "rows")):
            continue
        if not twofold and (a % b == 0 or b % a == 0):
            continue
        if a != b and near(ratio, a / b) and divides_by(evidence, a):
            less, masked = a == b + 1, masks.get((a, b))
            told = f"{b} that of {masked or other}"
            yield Meaning(
                COUNT,
                a / b,
                f"the factor 1/({a} - 1) stands where 1/{a} belongs: {a} is the number of {one}, and one less {b}"
                if less and not masked
                else f"the factor 1/{b} stands where 1/{a} belongs: {a} is the number of {one}, {told}",
                f"yours is {a}/{b} times what is right",
                f"divide by {a}, not by {b}",
            )
            return


def _plainer(known: list[tuple[int, str]], value: float) -> bool:
    """Whether a factor has a shorter story: two, a power of ten, or another length by itself."""
    usual = (2.0, 0.5, 4.0, 0.25, *(10.0**-k for k in range(1, 9)))
    lengths = [n for n, what in known if " times " not in what]
    return any(near(value, v) for v in usual) or any(near(value, float(n)) or near(value, 1.0 / n) for n in lengths)


def _twos(evidence: Evidence, ratio: float) -> Iterator[Meaning]:
    lengths = {n for n, _ in counts(evidence)}
    for value, says, hint in (
        (2.0, "there is a factor 2 too much", "divide by 2"),
        (0.5, "the factor 2 is missing", "multiply by 2"),
        (4.0, "there is a factor 2 twice too much", "divide by 4"),
        (0.25, "the factor 2 is missing twice", "multiply by 4"),
    ):
        if near(ratio, value) and (value in (2.0, 0.5) or 4 not in lengths):
            data = "data of other lengths than 2" if 2 in lengths and value in (2.0, 0.5) else ""
            also = f", or {other}" if (other := _also_two(evidence, value)) else ""
            yield Meaning(TWO, value, says + also, f"yours is {times(value)} what is right", hint, data)


def _also_two(evidence: Evidence, value: float) -> str:
    """What else is 2 here: a number of the loss with a name, or the root of a length of 4."""
    joint = evidence.joint
    if joint is None:
        return ""
    for position in joint.graph.inputs:
        node, held = joint.node(position), joint.values[position]
        named = node.name and position not in joint.place.values() and np.size(held) == 1 and node.dtype.kind in "fiu"
        if named and float(np.reshape(held, -1)[0]) in (2.0, 0.5):
            known = float(np.reshape(held, -1)[0])
            return f"the factor {node.name} {'too much' if value == known else 'is missing'}"
    four = next((what for n, what in counts(evidence) if n == 4), "")
    if four and value in (2.0, 0.5) and _divides_by_two(joint):
        word = "is missing" if value == 2.0 else "too much"
        return f"the factor 1/sqrt(4) {word}, with 4 the number of {four}"
    return ""


def _divides_by_two(joint: Joint | None) -> bool:
    """Whether something in the loss is divided by the number 2, which may be a root."""
    if joint is None:
        return False
    divided = [joint.node(k).inputs[1] for k in range(joint.forward) if joint.node(k).op == "divide"]
    return any(np.ndim(joint.values[i]) == 0 and float(joint.values[i]) == 2.0 for i in divided)


def _others(evidence: Evidence, ratio: float, in_loss: bool = False) -> Iterator[Meaning]:
    """Numbers of the loss, and, unless `in_loss`, those that people write."""
    for value, what in _of_loss(evidence) if in_loss else _known(evidence):
        if near(ratio, value) and not near(value, 1.0):
            yield Meaning(
                OTHER,
                value,
                f"there is a factor {what} too much",
                f"yours is {times(value)} what is right",
                f"divide by {what}",
            )
            return
        if value and near(ratio, 1 / value) and not near(value, 1.0):
            yield Meaning(
                OTHER,
                1 / value,
                f"the factor {what} is missing",
                f"yours is {times(1 / value)} what is right",
                f"multiply by {what}",
            )
            return


def _of_loss(evidence: Evidence) -> Iterator[tuple[float, str]]:
    """Numbers that stand in the loss, with their names."""
    joint = evidence.joint
    if joint is not None:
        checked = set(joint.place.values())
        for position in joint.graph.inputs:
            node, value = joint.node(position), joint.values[position]
            if position not in checked and np.size(value) == 1 and node.dtype.kind in "fiu" and node.name:
                number = abs(float(np.reshape(value, -1)[0]))
                if np.isfinite(number) and number not in (0.0, 1.0, 2.0, 0.5):
                    yield number, f"{node.name}, which stands in the loss,"
        written = [joint.values[i] for i in range(joint.forward) if joint.node(i).op == CONSTANT]
        plain = dict.fromkeys(abs(float(v)) for v in written if np.ndim(v) == 0 and np.asarray(v).dtype.kind in "iuf")
        for number in list(plain)[:MOST_CONSTANTS]:
            if np.isfinite(number) and number not in (0.0, 1.0, 2.0, 0.5):
                yield number, f"{number:.6g}, which stands in the loss,"
        for name, number in _shares(evidence, list(plain)):
            if 0.0 < number < 1.0 and number != 0.5:
                yield number / (1.0 - number), f"{name}/(1 - {name})"


def _known(evidence: Evidence) -> Iterator[tuple[float, str]]:
    """Those, and numbers that people write."""
    yield from _of_loss(evidence)
    yield from _roots(evidence)
    for count, what in counts(evidence):
        yield 1 / math.sqrt(count), f"1/sqrt({count}), with {count} the number of {what},"
    for count, what in counts(evidence)[:8]:
        if count > 2:
            yield count / (count - 1.0), f"{count}/{count - 1}, with {count} the number of {what},"
    yield from _usual()


def _shares(evidence: Evidence, written: list[float]) -> Iterator[tuple[str, float]]:
    """Numbers between 0 and 1 that the loss has: a rate, and 1 less it, are taken for one another."""
    joint = evidence.joint
    assert joint is not None
    for position in joint.graph.inputs:
        node, held = joint.node(position), joint.values[position]
        if node.name and position not in joint.place.values() and np.size(held) == 1 and node.dtype.kind == "f":
            yield node.name, float(np.reshape(held, -1)[0])
    yield from ((f"{number:.6g}", number) for number in written[:MOST_CONSTANTS])


def _roots(evidence: Evidence) -> Iterator[tuple[float, str]]:
    """One over the root of a length in the place of that of another, by which the loss divides."""
    joint = evidence.joint
    if joint is None:
        return
    lengths = dict.fromkeys(n for k in range(joint.forward) for n in joint.node(k).shape if n > 1)
    for k in range(joint.forward):
        held = joint.values[joint.node(k).inputs[1]] if joint.node(k).op == "divide" else None
        if held is None or np.size(held) != 1:
            continue
        square = float(np.reshape(held, -1)[0]) ** 2
        own = round(square) if np.isfinite(square) else 0
        for other in lengths if own > 1 and own in lengths and near(square, own, 1e-9) else ():
            if other != own:
                says = f"sqrt({own}/{other}), as of 1/sqrt({other}) in the place of 1/sqrt({own}),"
                yield math.sqrt(own / other), says


@lru_cache(maxsize=1)
def _usual() -> tuple[tuple[float, str], ...]:
    powers = [(10.0**-k, f"{10.0**-k:g}") for k in range(1, 9)]
    return (
        *powers,
        (math.pi, "pi"),
        (2 * math.pi, "2 pi"),
        (math.sqrt(2 * math.pi), "sqrt(2 pi)"),
        (math.pi / 180, "pi/180, of degrees,"),
        (math.log(2.0), "log(2)"),
        (math.log(10.0), "log(10)"),
        (1.5, "3/2"),
        (3.0, "3"),
        (6.0, "6"),
    )


def times(value: float) -> str:
    """A factor in words: "8 times", "1/8 of"."""
    inverse = 1 / value
    if 0 < value < 1 and abs(inverse - round(inverse)) < 1e-9:
        return f"1/{round(inverse)} of"
    return f"{value:.6g} times"
