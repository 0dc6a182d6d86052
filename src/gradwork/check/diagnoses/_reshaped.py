"""Arrays that are cut up or put together again in another order than going forward, and slices at another place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradwork.check.cause import Mutant
from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names, made_for

MOVING = ("reshape", "transpose")
MOST_AXES = 4
Way = tuple[str, Callable[[Array], Array]]


def in_another_order(joint: Joint, names: Names) -> Iterator[Mutant]:
    """At the end of each row of reshapes and transposes on the way back: axes not moved, or moved otherwise."""
    for position in range(joint.forward, len(joint.graph)):
        node = joint.node(position)
        if node.op not in MOVING or len(node.shape) < 2:
            continue
        start, moved, cut = position, False, False
        while joint.node(start).op in MOVING and start >= joint.forward:
            moved |= joint.node(start).op == "transpose"
            cut |= joint.node(start).op == "reshape"
            start = joint.node(start).inputs[0]
        shapes = joint.node(start).shape, node.shape
        if cut and max(map(len, shapes)) > 2 and (moved or joint.node(start).op == "broadcast_to"):
            yield from _orders(joint, names, position, start, moved)


def _orders(joint: Joint, names: Names, position: int, start: int, moved: bool) -> Iterator[Mutant]:
    own, shape = joint.node(start).shape, joint.node(position).shape
    of = made_for(joint, position)
    name = names.name(of)
    ways: list[Way] = list(_arrangements(own, shape)) if moved else list(_tiled(joint, start, shape))
    for says, arrange in ways:
        yield Mutant(
            position,
            lambda values, arrange=arrange: arrange(np.broadcast_to(values[start], own)),  # type: ignore[misc]
            f"what comes back through {name} {says}{names.in_layer(of)}",
            joint.layers[of],
            f"the axes {own} become {shape} in the order that the loss has, turned round",
            "go back through the reshapes and transposes of the loss, the last one first",
        )


def _arrangements(own: Sequence[int], shape: tuple[int, ...]) -> Iterator[Way]:
    yield f"is reshaped to {shape} without changing its axes back", lambda a: a.reshape(shape)
    if len(own) > MOST_AXES:
        return
    for order in itertools.permutations(range(len(own))):
        told = ", ".join(str(axis) for axis in order)
        yield (
            f"has its axes in the order {told} before it is reshaped to {shape}",
            lambda a, order=order: a.transpose(order).reshape(shape),  # type: ignore[misc]
        )


def _tiled(joint: Joint, start: int, shape: tuple[int, ...]) -> Iterator[Way]:
    """What every entry of a small array is repeated to: the whole of it laid side by side in place of that."""
    small = tuple(n for n in joint.node(joint.node(start).inputs[0]).shape if n > 1)
    if len(small) == len(shape) and all(n % s == 0 for n, s in zip(shape, small, strict=True)) and small != shape:
        times = tuple(n // s for n, s in zip(shape, small, strict=True))

        def tiled(whole: Array) -> Array:
            first = whole[tuple(slice(0, 1) if n > s else slice(None) for n, s in _pairs(joint, start))]
            return np.tile(first.reshape(small), times)

        yield "is tiled, and belongs repeated entry by entry", tiled


def _pairs(joint: Joint, start: int) -> list[tuple[int, int]]:
    inside = joint.node(joint.node(start).inputs[0]).shape
    own = joint.node(start).shape
    return list(zip(own, (*([1] * (len(own) - len(inside))), *inside), strict=True))


def at_another_place(joint: Joint, names: Names) -> Iterator[Mutant]:
    """At each slice on the way back, as of a vector that was put together: one of the same length elsewhere."""
    for position in range(joint.forward, len(joint.graph)):
        node = joint.node(position)
        if node.op != "getitem" or len(node.inputs) != 1 or not node.shape:
            continue
        inside = joint.node(node.inputs[0]).shape
        if len(inside) != len(node.shape):
            continue
        shorter = [a for a in range(len(inside)) if inside[a] != node.shape[a]]
        if len(shorter) != 1:
            continue
        (axis,) = shorter
        length, whole = node.shape[axis], inside[axis]
        of = made_for(joint, position)
        for says, first in (("first", 0), ("last", whole - length), ("second", length)):
            if first + length > whole or (says == "second" and whole <= 2 * length):
                continue
            key = tuple(slice(first, first + length) if a == axis else slice(None) for a in range(len(inside)))
            yield Mutant(
                position,
                lambda values, key=key, inside=inside, at=node.inputs[0]: np.broadcast_to(values[at], inside)[key],  # type: ignore[misc]
                f"the {says} {length} of {whole} entries of what comes back to {names.name(of)} are taken, and others "
                f"belong{names.in_layer(of)}",
                joint.layers[of],
                "each part of what was put together gets the slopes of its own place",
                "cut it where it was put together",
            )
