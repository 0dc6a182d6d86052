"""Factors and terms of a step: one too many, one too few, with another sign, on the wrong side of a bracket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.evidence import Joint
from gradwork.check.mending.mend import (
    EXTRA,
    MISSING,
    MOST_PARTS,
    OPERATION,
    SIGN,
    TERM,
    Mend,
    short,
    spread_edit,
    whole_of,
)  # fmt: skip
from gradwork.check.sites import Names


def product(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """A factor less; a divisor in the place of a factor; brackets."""
    yield from _brackets(joint, names, position)
    left, right = joint.node(position).inputs
    for place, other in ((0, right), (1, left)):
        factor = short(names.name(joint.node(position).inputs[place]))
        yield Mend(
            f"without {place}",
            EXTRA,
            f"the factor {factor} is too much in {whole_of(names, position)}",
            f"leave the factor {factor} out",
            spread_edit(joint, position, lambda v, other=other: v[other]),  # type: ignore[misc]
        )
        yield Mend(
            f"below {place}",
            OPERATION,
            f"{short(names.name(other))} is multiplied by {factor}, and has to be divided by it",
            f"divide by {factor}",
            spread_edit(joint, position, lambda v, other=other, p=place: v[other] / v[joint.node(position).inputs[p]]),  # type: ignore[misc]
            1,
        )


def _terms(joint: Joint, position: int, reader: int, sign: int = 1) -> list[tuple[int, int]]:
    """The terms of a sum that is written out in the reader's own line, each with its sign."""
    node = joint.node(position)
    if node.op in ("add", "subtract") and not node.name and node.where == joint.node(reader).where:
        left, right = node.inputs
        turned = sign if node.op == "add" else -sign
        return [*_terms(joint, left, reader, sign), *_terms(joint, right, reader, turned)]
    return [(sign, position)]


def _brackets(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """A factor of a sum that belongs to some of its terms alone."""
    inputs = joint.node(position).inputs
    for place, inside in enumerate(inputs):
        terms = _terms(joint, inside, position)
        if not 2 <= len(terms) <= MOST_PARTS:
            continue
        factor = inputs[1 - place]
        below = joint.node(position).op == "divide"
        if below and place:
            continue
        for count in range(1, len(terms)):
            for with_it in itertools.combinations(range(len(terms)), count):
                name = short(names.name(factor))
                others = " and ".join(short(names.name(t)) for k, (_, t) in enumerate(terms) if k not in with_it)

                def make(
                    values: Sequence[Any],
                    kept: tuple[int, ...] = with_it,
                    terms: Any = terms,
                    factor: int = factor,
                    below: bool = below,
                ) -> Any:
                    total: Any = 0.0
                    for k, (sign, term) in enumerate(terms):
                        value = sign * np.asarray(values[term])
                        if k in kept:
                            value = value / values[factor] if below else value * values[factor]
                        total = total + value
                    return total

                yield Mend(
                    f"brackets {place} {with_it}",
                    EXTRA,
                    f"{'the divisor' if below else 'the factor'} {name} goes to {others} too, where it does not belong",
                    f"put {others} outside the brackets",
                    spread_edit(joint, position, make),
                )


def _into_brackets(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """A factor of one term that belongs to the other one, too."""
    node = joint.node(position)
    sign = 1 if node.op == "add" else -1
    for place, term in enumerate(node.inputs):
        inside = joint.node(term)
        if inside.op not in ("multiply", "chain_product", "divide"):
            continue
        other = node.inputs[1 - place]
        for k, factor in enumerate(inside.inputs):
            if inside.op == "divide" and k == 0:
                continue
            below = inside.op == "divide"

            def make(
                values: Sequence[Any],
                f: int = factor,
                t: int = term,
                o: int = other,
                p: int = place,
                below: bool = below,
            ) -> Any:
                more = values[o] / values[f] if below else values[o] * values[f]
                return values[t] + sign * more if p == 0 else more + sign * np.asarray(values[t])

            name, beside = short(names.name(factor)), short(names.name(other))
            yield Mend(
                f"into brackets {place} {k}",
                MISSING,
                f"{'the divisor' if below else 'the factor'} {name} is missing at the term {beside}",
                f"put {beside} inside the brackets",
                spread_edit(joint, position, make),
            )


def quotient(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """A divisor less, or twice; a factor in its place; brackets."""
    yield from _brackets(joint, names, position)
    above, below = joint.node(position).inputs
    whole, divisor = whole_of(names, position), short(names.name(below))
    yield Mend(
        "without 1", EXTRA, f"{short(names.name(above))} is divided by {divisor}, which does not belong there",
        f"do not divide by {divisor}", spread_edit(joint, position, lambda v: v[above]),
    )  # fmt: skip
    yield Mend(
        "times", OPERATION, f"{short(names.name(above))} is divided by {divisor}, and has to be multiplied by it",
        f"multiply by {divisor}", spread_edit(joint, position, lambda v: v[above] * v[below]), 1,
    )  # fmt: skip
    yield Mend(
        "twice", MISSING, f"in {whole}, what is above has to be divided by {divisor} once more",
        f"divide by {divisor}^2", spread_edit(joint, position, lambda v: v[above] / v[below] ** 2), 1,
    )  # fmt: skip


def total(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """A term less, with the other sign, or counting otherwise; brackets."""
    yield from _into_brackets(joint, names, position)
    left, right = joint.node(position).inputs
    for place, other in ((0, right), (1, left)):
        term = short(names.name(joint.node(position).inputs[place]))
        yield Mend(
            f"without {place}",
            TERM,
            f"the term {term} is too much in {whole_of(names, position)}",
            f"leave {term} out",
            spread_edit(joint, position, lambda v, other=other: v[other]),  # type: ignore[misc]
        )
        yield Mend(
            f"minus {place}",
            SIGN,
            f"the term {term} has the wrong sign in {whole_of(names, position)}",
            f"take {term} off",
            spread_edit(joint, position, lambda v, other=other, p=place: v[other] - v[joint.node(position).inputs[p]]),  # type: ignore[misc]
        )
        yield Mend(
            f"twice {place}",
            MISSING,
            f"the term {term} has to count twice in {whole_of(names, position)}",
            f"2 {term}",
            spread_edit(
                joint,
                position,
                lambda v, other=other, p=place: v[other] + 2 * v[joint.node(position).inputs[p]],  # type: ignore[misc]
            ),
            2,
        )
        yield Mend(
            f"half {place}",
            EXTRA,
            f"the term {term} has to count half in {whole_of(names, position)}",
            f"{term}/2",
            spread_edit(
                joint,
                position,
                lambda v, other=other, p=place: v[other] + v[joint.node(position).inputs[p]] / 2,  # type: ignore[misc]
            ),
            2,
        )
    yield Mend(
        "times", OPERATION, f"{whole_of(names, position)} is a sum where a product belongs",
        "multiply", spread_edit(joint, position, lambda v: v[left] * v[right]), 2,
    )  # fmt: skip


def difference(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """A term less, or with the other sign; brackets."""
    yield from _into_brackets(joint, names, position)
    left, right = joint.node(position).inputs
    first, second = short(names.name(left)), short(names.name(right))
    whole = whole_of(names, position)
    yield Mend(
        "without 1", TERM, f"{second} is taken off {first}, where it does not belong",
        f"leave {second} out", spread_edit(joint, position, lambda v: v[left]),
    )  # fmt: skip
    yield Mend(
        "without 0", TERM, f"the term {first} is too much in {whole}",
        f"leave {first} out", spread_edit(joint, position, lambda v: -v[right]),
    )  # fmt: skip
    yield Mend(
        "plus", SIGN, f"the term {second} has the wrong sign in {whole}",
        f"add {second}", spread_edit(joint, position, lambda v: v[left] + v[right]),
    )  # fmt: skip
