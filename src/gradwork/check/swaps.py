"""Deliberate mistakes with stand-ins: another quantity in a place of the way back, or as a factor too many.

They are many, so all of them are asked at once whether they can be the one, and only those that can are given.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.cause import Cause, Mutant, causes
from gradwork.check.evidence import Edit, Joint
from gradwork.check.given import Array
from gradwork.check.screen import Screen
from gradwork.check.sites import Names, made_for
from gradwork.check.standins import StandIn, StandIns, grouped
from gradwork.graph.graph import CONSTANT
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.run import apply_op

OPERAND, FACTOR, TURNED = "GW236", "GW255", "GW244"
COMES = "what comes back to "
LONGEST_FORMULA = 70  # characters
MOST_EACH = 400_000  # entries of one place, times stand-ins
MOVING_ONLY = frozenset(("transpose", "reshape", "sum", "mean", "broadcast_to", "getitem"))


def swapped(joint: Joint, screen: Screen, ended: float, alone: bool = False) -> list[tuple[Cause, Mutant]]:
    """The mistakes with stand-ins that may explain some wrong array; those of simple words come first.

    alone: where another array would be spoiled too, had it been worked out from the same values; plain stand-ins only.
    """
    by_code = {cause.code: cause for cause in causes()}
    library = StandIns(joint)
    found: list[tuple[int, int, Cause, Mutant]] = []
    for position in range(joint.forward, len(joint.graph)):
        if time.thread_time() > ended:
            break
        if not any(position in screen.weights[name] for name in screen.wrong):
            continue
        for far, kind, code, mutant in _at(joint, library, screen, position, alone):
            if alone and far > 1:
                continue
            found.append((far, kind, by_code[code], mutant))
    found.sort(key=lambda one: (one[0], one[1], len(one[3].says)))
    return [(cause, mutant) for _, _, cause, mutant in found]


def _at(
    joint: Joint, library: StandIns, screen: Screen, position: int, alone: bool
) -> Iterator[tuple[int, int, str, Mutant]]:
    node = joint.node(position)
    if node.op == CONSTANT or not screen.linear[position]:
        return
    for place, used in enumerate(node.inputs):
        if place and used in node.inputs[:place]:
            continue
        if _is_value(joint, screen, used):
            yield from _operands(joint, library, screen, position, used, alone)
    if node.shape and position in screen.carrying and node.op not in MOVING_ONLY:
        yield from _factors(joint, library, screen, position, alone)


def _is_value(joint: Joint, screen: Screen, position: int) -> bool:
    """Whether it is a value, or a local slope, and not what comes back."""
    node = joint.node(position)
    return node.dtype.kind == "f" and position not in screen.carrying and node.op != CONSTANT


def _operands(
    joint: Joint, library: StandIns, screen: Screen, position: int, used: int, alone: bool
) -> Iterator[tuple[int, int, str, Mutant]]:
    node, names = joint.node(position), library.names
    stand_ins, rows = library.of_shape(joint.node(used).shape)
    if not stand_ins or rows.size * max(1, _size(node.shape) // max(_size(joint.node(used).shape), 1)) > MOST_EACH * 50:
        return
    made = all_made(joint, position, used, rows)
    if made is None:
        return
    right = np.asarray(joint.value(position), float).reshape(1, -1)
    for k in np.flatnonzero(screen.fits(position, made - right, alone=alone)):
        stand_in = stand_ins[k]
        of = made_for(joint, position)
        whole, old = in_words(joint, names, position), names.name(used)
        yield (
            stand_in.far,
            0,
            TURNED if _is_turned(joint, used, stand_in) else OPERAND,
            Mutant(
                position,
                _with_operand(joint, position, used, stand_in),
                f"{stand_in.says} stands where {old} belongs in {whole}{names.in_layer(of)}",
                joint.layers[of],
                f"the right way back has {whole} here",
                f"use {old}",
            ),
        )


def _is_turned(joint: Joint, used: int, stand_in: StandIn) -> bool:
    """Whether a value stands where it belongs turned round, or the other way about."""
    value = np.asarray(joint.value(used))
    made = np.asarray(stand_in.value(joint.values, joint.node(stand_in.of).shape))
    square = value.ndim >= 2 and value.shape[-1] == value.shape[-2] and made.shape == value.shape
    return square and np.array_equal(np.swapaxes(value, -1, -2), made)


def _factors(
    joint: Joint, library: StandIns, screen: Screen, position: int, alone: bool
) -> Iterator[tuple[int, int, str, Mutant]]:
    stand_ins, rows = library.of_shape(joint.node(position).shape)
    if not stand_ins:
        return
    right = np.asarray(joint.value(position), float).reshape(1, -1)
    names = library.names
    for k in np.flatnonzero(screen.fits(position, right * rows - right, alone=alone)):
        stand_in = stand_ins[k]
        of = made_for(joint, position)
        whole = in_words(joint, names, position)
        yield (
            stand_in.far,
            1,
            FACTOR,
            Mutant(
                position,
                _times(joint, position, stand_in),
                f"{_with_factor(joint, whole, position, stand_in.says)} belongs{names.in_layer(of)}",
                joint.layers[of],
                f"the right way back has {_plain(joint, whole, position)} here",
                f"{_hint(stand_in.says)}",
            ),
        )


def _with_factor(joint: Joint, whole: str, position: int, factor: str) -> str:
    plain = _plain(joint, whole, position)
    made = f"{bracketed(plain)}/{factor[2:]}" if factor.startswith("1/") else f"{bracketed(plain)} * {factor}"
    return f"{made} stands where {plain}"


def bracketed(formula: str) -> str:
    """A formula in brackets, where a factor beside it would go to its last term alone."""
    return f"({formula})" if " + " in formula or " - " in formula else formula


def _plain(joint: Joint, whole: str, position: int) -> str:
    """ "d_h" for what comes back to h."""
    return f"d_{grouped(whole.removeprefix(COMES))}" if whole.startswith(COMES) else whole


def _hint(factor: str) -> str:
    if factor.startswith("1/"):
        return f"divide by {factor[2:]} once less, or multiply by it once more"
    return f"multiply by {factor} once less, or divide by it once more"


def in_words(joint: Joint, names: Names, position: int, reader: int | None = None) -> str:
    """What a node of the way back is, in words: what comes back to a value, or its formula.

    reader: a node that reads it: of several values to which the same comes back, the one that this one is for.
    """
    every = [of for of, adjoint in joint.adjoint.items() if adjoint == position]
    mine = [of for of in every if of in names.cut]
    own = None if reader is None else made_for(joint, reader)
    if len(every) > 1 and own in every:
        return f"{COMES}{names.name(own)}"
    if mine:
        # A bias and the scores that it is added to may have one slope: it is that of what has its shape.
        mine.sort(key=lambda of: joint.node(of).shape != joint.node(position).shape)
        return f"{COMES}{names.name(mine[0])}"
    written = names.written(position, {})
    if len(written) <= LONGEST_FORMULA:
        return written
    return f"a part of what comes back to {names.name(made_for(joint, position))}"


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape)) if shape else 1


# -- what a node is with a stand-in for one of its inputs -------------------------------------------------------------


def all_made(joint: Joint, position: int, used: int, rows: Array) -> Array | None:
    """The values of a node with each row in the place of one of its inputs, flat, a row each; None where it cannot."""
    try:
        return _all_made(joint, position, used, rows)
    except (ValueError, ArithmeticError, TypeError, IndexError):
        return None


def _all_made(joint: Joint, position: int, used: int, rows: Array) -> Array | None:
    node = joint.node(position)
    op = REGISTER.named(node.op)
    shape = joint.node(used).shape
    count = len(rows)
    with np.errstate(all="ignore"):
        if op.elementwise:
            values = [
                rows.reshape(count, *shape) if i == used else np.asarray(joint.value(i), float)[None]
                for i in node.inputs
            ]
            return np.asarray(op.function(*values, **node.params), float).reshape(count, -1)
        together = _TOGETHER.get(node.op)
        if together is not None:
            made = together(joint, position, used, rows.reshape(count, *shape))
            return None if made is None else np.asarray(made, float).reshape(count, -1)
        if count * max(_size(shape), _size(node.shape)) > MOST_EACH:
            return None
        return _one_by_one(joint, position, used, rows, op)


def _one_by_one(joint: Joint, position: int, used: int, rows: Array, op: Op) -> Array | None:
    node = joint.node(position)
    shapes = [joint.node(i).shape for i in node.inputs]
    made = []
    for row in rows:
        values = [row.reshape(s) if i == used else joint.values[i] for i, s in zip(node.inputs, shapes, strict=True)]
        try:
            made.append(np.asarray(apply_op(op, values, shapes, node.params), float).reshape(-1))
        except (ValueError, ArithmeticError, TypeError, IndexError):
            return None
    return np.stack(made)


def _transposed(joint: Joint, position: int, used: int, rows: Array) -> Array | None:
    axes = joint.node(position).params.get("axes")
    if axes is None:
        return None
    return rows.transpose([0, *[a + 1 for a in axes]])


def _summed(joint: Joint, position: int, used: int, rows: Array) -> Array | None:
    axes = tuple(a + 1 for a in joint.node(position).params["axis"])
    return np.asarray(rows.sum(axis=axes) if joint.node(position).op == "sum" else rows.mean(axis=axes))


def _product(joint: Joint, position: int, used: int, rows: Array) -> Array | None:
    left, right = joint.node(position).inputs
    if left == right or min(len(joint.node(left).shape), len(joint.node(right).shape)) < 2:
        return None
    if used == left:
        return np.asarray(rows @ np.asarray(joint.value(right), float))
    return np.asarray(np.asarray(joint.value(left), float) @ rows)


def _spread(joint: Joint, position: int, used: int, rows: Array) -> Array | None:
    shape = joint.node(position).shape
    extra = len(shape) - (rows.ndim - 1)
    return np.broadcast_to(rows.reshape(len(rows), *([1] * extra), *rows.shape[1:]), (len(rows), *shape))


_TOGETHER: dict[str, Callable[[Joint, int, int, Array], Array | None]] = {
    "transpose": _transposed,
    "sum": _summed,
    "mean": _summed,
    "matmul": _product,
    "broadcast_to": _spread,
    "reshape": lambda joint, position, used, rows: rows,
}


def _with_operand(joint: Joint, position: int, used: int, stand_in: StandIn) -> Edit:
    node = joint.node(position)
    op = REGISTER.named(node.op)
    shapes = [joint.node(i).shape for i in node.inputs]
    own = joint.node(stand_in.of).shape

    def edit(values: Sequence[Any]) -> Any:
        arguments = [stand_in.value(values, own) if i == used else values[i] for i in node.inputs]
        return np.broadcast_to(apply_op(op, arguments, shapes, node.params), node.shape)

    return edit


def _times(joint: Joint, position: int, stand_in: StandIn) -> Edit:
    shape, own = joint.node(position).shape, joint.node(stand_in.of).shape
    return lambda values: np.broadcast_to(np.asarray(values[position]) * stand_in.value(values, own), shape)
