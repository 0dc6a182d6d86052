"""The shares of a softmax on the way back: the same for all, or those of another softmax of the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.cause import Mutant
from gradwork.check.evidence import Edit, Joint
from gradwork.check.sites import ChainStep, Names, chain_steps, without_copies

MOST = 12


@dataclass(frozen=True)
class _Powers:
    """Exponentials that are added up: their node, the node of their sum, its axis and how many they are."""

    node: int
    scores: int
    axis: int
    count: int

    def sums(self, joint: Joint, values: Sequence[Any]) -> Any:
        """The sums, in the shape of the exponentials but along their axis."""
        return np.sum(np.broadcast_to(values[self.node], joint.node(self.node).shape), self.axis, keepdims=True)


def other_shares(joint: Joint, names: Names) -> Iterator[Mutant]:
    """At each softmax, in whatever way it is written: 1/n for each, and the shares of each other softmax."""
    found = list(_powers(joint))[:MOST]
    steps = {step.of: step for step in chain_steps(joint)}
    for own in found:
        step = steps.get(own.node)
        if step is None:
            continue
        mine = f"softmax({names.name(own.scores)})"
        yield _mutant(joint, names, own, step, _equal(joint, own, step), f"1/{own.count}, the same for each,", mine)
        for other in found:
            wrong = f"softmax({names.name(other.scores)})"
            if other is not own and wrong != mine and _spreads(joint, other, own):
                yield _mutant(joint, names, own, step, _of_other(joint, own, other, step), wrong, mine)


def _mutant(joint: Joint, names: Names, own: _Powers, step: ChainStep, edit: Edit, wrong: str, right: str) -> Mutant:
    return Mutant(
        step.product,
        edit,
        f"{wrong} stands where {right} belongs{names.in_layer(own.node)}",
        joint.layers[own.node],
        f"the slope of the logarithm of a sum of exponentials is their shares, {right}",
        f"use {right}",
    )


def _equal(joint: Joint, own: _Powers, step: ChainStep) -> Edit:
    return lambda values: values[step.coming] * own.sums(joint, values) / own.count


def _of_other(joint: Joint, own: _Powers, other: _Powers, step: ChainStep) -> Edit:
    def edit(values: Sequence[Any]) -> Any:
        shares = values[other.node] / other.sums(joint, values)
        return np.broadcast_to(values[step.coming] * own.sums(joint, values) * shares, joint.node(own.node).shape)

    return edit


def _spreads(joint: Joint, other: _Powers, own: _Powers) -> bool:
    """Whether the shares of one softmax have a place for each of the other."""
    there, here = joint.node(other.node).shape, joint.node(own.node).shape
    same = other.count == own.count and (own.axis - len(here)) == (other.axis - len(there))
    return same and len(there) <= len(here) and there == here[len(here) - len(there) :]


def _powers(joint: Joint) -> Iterator[_Powers]:
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op != "sum" or len(node.params["axis"]) != 1:
            continue
        inside = without_copies(joint, node.inputs[0])
        if joint.node(inside).op != "exp" or joint.node(inside).shape != joint.node(node.inputs[0]).shape:
            continue
        scores = without_copies(joint, joint.node(inside).inputs[0])
        taken = joint.node(scores)
        if taken.op == "subtract" and joint.node(without_copies(joint, taken.inputs[1])).op == "max":
            scores = taken.inputs[0]
        axis = node.params["axis"][0] % max(len(joint.node(inside).shape), 1)
        if joint.node(inside).shape[axis] > 1:
            yield _Powers(inside, scores, axis, joint.node(inside).shape[axis])
