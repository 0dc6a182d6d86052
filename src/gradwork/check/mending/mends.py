"""What a single step of a program may have to be instead: a factor less, another sign, the next row, the other axis.

Each is the mistake turned round: a step that has to lose a factor has one too many.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwork.check.evidence import Edit, Joint
from gradwork.check.mending.factors import difference, product, quotient, total
from gradwork.check.mending.mend import (
    FUNCTION,
    MASK,
    MISSING,
    ORDER,
    PATH,
    POWER,
    PUT,
    SIGN,
    SUMS,
    TURNED,
    Mend,
    in_brackets,
    short,
    spread_edit,
    whole_of,
)  # fmt: skip
from gradwork.check.mending.order import joined, reshaped, turned
from gradwork.check.mending.places import by_arrays, picked
from gradwork.check.mending.sums import broadcast, einsum, matmul, reduction
from gradwork.check.sequences import done
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.passes import TRANSPARENT
from gradwork.ops.activations import softmax

KNOWN: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "sqrt": np.sqrt, "square": np.square, "sin": np.sin, "cos": np.cos,
    "absolute": np.abs, "log1p": np.log1p, "expm1": np.expm1,
}  # fmt: skip


def mends(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """The changes of a step that need no other value than those it has."""
    node = joint.node(position)
    if node.op in (INPUT, CONSTANT):
        return
    make = _BY_OP.get(node.op)
    if make is not None:
        yield from make(joint, names, position)
    if node.op in TRANSPARENT and node.op != "broadcast_to":
        return
    yield from _of_the_whole(joint, names, position)


def _of_the_whole(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """What is made of the whole step: its sign, its transpose, its rows moved on."""
    node = joint.node(position)
    if node.dtype.kind != "f":
        return
    whole = whole_of(names, position)

    def of(make: Callable[[Any], Any]) -> Edit:
        shape = node.shape
        return lambda values: np.broadcast_to(make(np.broadcast_to(done(joint, position, {}, values), shape)), shape)

    if node.op != "negative":
        yield Mend("sign", SIGN, f"{whole} has the wrong sign", f"-({whole})", of(np.negative))
    for kind, says, make in (
        ("1 less", f"{whole} stands where 1 - {in_brackets(whole)} belongs", lambda v: 1 - v),
        ("1 more", f"the 1 is missing in 1 + {in_brackets(whole)}", lambda v: 1 + v),
        ("less 1", f"the 1 is missing in {whole} - 1", lambda v: v - 1),
    ):
        yield Mend(kind, MISSING, says, "1 - ..., 1 + ... or ... - 1", of(make), 1)
    square = len(node.shape) >= 2 and node.shape[-1] == node.shape[-2] > 1
    if square:
        turned = functools.partial(np.swapaxes, axis1=-1, axis2=-2)
        yield Mend("turned", TURNED, f"{whole} is transposed", f"transpose {whole}", of(turned))
        yield Mend(
            "both ways",
            PATH,
            f"{whole} is used a second time, transposed, and that part is missing",
            f"add {whole} transposed",
            of(lambda v: v + turned(v)),
            2,
        )
    value = np.asarray(joint.value(position), float)
    for axis, length in enumerate(node.shape):
        if length < 2 or not np.any(np.ptp(value, axis=axis)):
            continue
        over = f"over axis {axis}" if len(node.shape) > 1 else ""
        what = "entries" if len(node.shape) == 1 else "rows" if axis == 0 else "columns" if axis == 1 else "places"
        for by in (1, -1, 2, -2) if length > 2 else (1,):
            way = "on" if by > 0 else "back"
            yield Mend(
                f"rolled {axis} {by}",
                PUT,
                f"the {what} of {whole} have to be moved {way} by {abs(by)}",
                f"np.roll(..., {by}, axis={axis})",
                of(functools.partial(np.roll, shift=by, axis=axis)),
                2,
            )
        yield Mend(
            f"reversed {axis}",
            ORDER,
            f"the {what} of {whole} stand in the reverse order",
            f"np.flip(..., axis={axis})",
            of(functools.partial(np.flip, axis=axis)),
            2,
        )
        yield Mend(
            f"centred {axis}",
            PATH,
            f"the mean {over} is not taken off {whole}".replace("  ", " "),
            f"subtract the mean of {whole} {over}".strip(),
            of(lambda v, axis=axis: v - v.mean(axis=axis, keepdims=True)),  # type: ignore[misc]
            2,
        )
        yield Mend(
            f"piled {axis}",
            SUMS,
            f"{whole} is not added up from the first to each {over}".strip(),
            f"np.cumsum(..., axis={axis})",
            of(functools.partial(np.cumsum, axis=axis)),
            2,
        )
        yield Mend(
            f"piled back {axis}",
            SUMS,
            f"{whole} is not added up from each to the last {over}".strip(),
            "a cumulative sum from the end",
            of(lambda v, axis=axis: np.flip(np.cumsum(np.flip(v, axis), axis), axis)),  # type: ignore[misc]
            2,
        )
        yield Mend(
            f"shares {axis}",
            MISSING,
            f"{whole} is not divided by its sum {over}".strip(),
            "divide by the sum",
            of(lambda v, axis=axis: v / v.sum(axis=axis, keepdims=True)),  # type: ignore[misc]
            2,
        )
        yield Mend(
            f"softmax {axis}",
            FUNCTION,
            f"{whole} stands where its softmax {over} belongs".replace("  ", " "),
            "a softmax",
            of(functools.partial(softmax, axis=axis)),
            2,
        )
    for name, function in KNOWN.items():
        yield Mend(
            f"{name} of", FUNCTION, f"{whole} stands where {name} of it belongs", f"np.{name}(...)", of(function), 2
        )


def _negative(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    (inside,) = joint.node(position).inputs
    name = short(names.name(inside))
    yield Mend(
        "sign", SIGN, f"{name} has a minus too much", f"{name}", spread_edit(joint, position, lambda v: v[inside])
    )


def _one(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """A function of one value: it is left out, or another one stands there."""
    (inside,) = joint.node(position).inputs
    node, name = joint.node(position), short(names.name(inside))
    if joint.node(inside).shape == node.shape and node.dtype.kind == "f":
        yield Mend(
            f"without {node.op}",
            FUNCTION,
            f"{whole_of(names, position)} stands where {name} belongs",
            f"use {name}",
            spread_edit(joint, position, lambda v: v[inside]),
        )
    for other, function in KNOWN.items():
        if other != node.op:
            yield Mend(
                f"{other} for {node.op}",
                FUNCTION,
                f"{node.op} of {name} stands where {other} of it belongs",
                f"np.{other}",
                spread_edit(joint, position, lambda v, f=function: f(v[inside])),  # type: ignore[misc]
                1,
            )


def _power(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    base, exponent = joint.node(position).inputs
    name = short(names.name(base))
    for by in (-1, 1, -2, 2):
        yield Mend(
            f"power {by}",
            POWER,
            f"the exponent of {name} is off by {abs(by)}: it has to be {'higher' if by > 0 else 'lower'}",
            f"{name}^(n{by:+d})",
            spread_edit(joint, position, lambda v, by=by: v[base] ** (v[exponent] + by)),  # type: ignore[misc]
            1 + abs(by) // 2,
        )


def _of_two(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """The larger, the smaller and the soft maximum of two values stand for one another."""
    left, right = joint.node(position).inputs
    called, whole = joint.node(position).op, whole_of(names, position)
    for name, function in OF_TWO.items():
        if name != called:
            yield Mend(
                f"{name} for {called}",
                FUNCTION,
                f"in {whole}, {called} stands where {name} belongs",
                f"np.{name}",
                spread_edit(joint, position, lambda v, f=function: f(v[left], v[right])),  # type: ignore[misc]
            )
    for place, kept in ((0, left), (1, right)):
        says = f"{whole} stands where {short(names.name(kept))} belongs"
        yield Mend(
            f"only {place}",
            FUNCTION,
            says,
            short(names.name(kept)),
            spread_edit(joint, position, lambda v, k=kept: v[k]),  # type: ignore[misc]
        )


OF_TWO: dict[str, Callable[[Any, Any], Any]] = {
    "maximum": np.maximum, "minimum": np.minimum, "logaddexp": np.logaddexp, "add": np.add,
}  # fmt: skip


def _where(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    condition, left, right = joint.node(position).inputs
    name = short(names.name(condition))
    yield Mend(
        "otherwise", MASK, f"the mask {name} is turned round", f"not {name}",
        spread_edit(joint, position, lambda v: np.where(v[condition], v[right], v[left])),
    )  # fmt: skip
    for place, kept in ((0, left), (1, right)):
        yield Mend(
            f"always {place}",
            MASK,
            f"the mask {name} does not belong there",
            f"no mask {name}",
            spread_edit(joint, position, lambda v, kept=kept: v[kept]),  # type: ignore[misc]
        )


Make = Callable[[Joint, Names, int], Iterator[Mend]]
_BY_OP: dict[str, Make] = {
    "multiply": product, "chain_product": product, "divide": quotient, "add": total, "subtract": difference,
    "negative": _negative, "power": _power, "matmul": matmul, "einsum": einsum, "sum": reduction, "mean": reduction,
    "max": reduction, "min": reduction, "broadcast_to": broadcast, "getitem": picked, "setitem": picked,
    "scatter": by_arrays, "concatenate": joined, "stack": joined, "transpose": turned, "reshape": reshaped,
    "where": _where, "maximum": _of_two, "minimum": _of_two, "logaddexp": _of_two,
    **dict.fromkeys((*KNOWN, "sigmoid", "softplus", "relu", "sign"), _one),
}  # fmt: skip
