"""Products of matrices, sums and means: over the other axis, of a part alone, with one of them transposed."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.check.evidence import Edit, Joint
from gradwork.check.mending.mend import (
    AXIS,
    EXTRA,
    FUNCTION,
    REDUCED,
    SOME,
    SUMS,
    UNTURNED,
    Mend,
    operand_edit,
    short,
    spread_edit,
    whole_of,
)  # fmt: skip
from gradwork.check.sites import Names, without_copies
from gradwork.graph.graph import CONSTANT
from gradwork.graph.op import REGISTER


def _unsliced(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """Only some of what has to be added up is."""
    node = joint.node(position)
    op = REGISTER.named(node.op)
    wider = {k: dict(_widened(joint, i)) for k, i in enumerate(node.inputs)}
    places = [k for k in wider if wider[k]]
    for some in [places, *([k] for k in places)] if len(places) > 1 else [places]:
        for entry in sorted(set.intersection(*(set(wider[k]) for k in some))) if some else ():

            def make(values: Sequence[Any], some: Sequence[int] = some, entry: int = entry) -> Any:
                inside = []
                for k, i in enumerate(node.inputs):
                    if k in some:
                        read = joint.node(i)
                        base = np.broadcast_to(values[read.inputs[0]], joint.node(read.inputs[0]).shape)
                        inside.append(base[wider[k][entry]])
                    else:
                        inside.append(np.broadcast_to(values[i], joint.node(i).shape))
                return op.function(*inside, **node.params)

            try:
                fits = np.shape(make(joint.values)) == node.shape
            except (ValueError, TypeError, IndexError):
                continue
            if fits:
                told = " and ".join(
                    dict.fromkeys(short(names.name(joint.node(node.inputs[k]).inputs[0])) for k in some)
                )
                yield Mend(
                    f"whole {some} {entry}",
                    SOME,
                    f"only a part of {told} is added up in {whole_of(names, position)}",
                    f"all of {told}",
                    spread_edit(joint, position, make),
                )


def _widened(joint: Joint, position: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """A picking by slices, with all that there is along one axis."""
    node = joint.node(position)
    if node.op != "getitem":
        return
    key = tuple(node.params["index"])
    if not all(isinstance(e, (slice, int)) for e in key):
        return
    for entry, part in enumerate(key):
        length = joint.node(node.inputs[0]).shape[entry]
        if isinstance(part, slice) and len(range(*part.indices(length))) < length:
            yield entry, (*key[:entry], slice(None), *key[entry + 1 :])


def matmul(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """One of the matrices transposed, left out, or not cut."""
    yield from _unsliced(joint, names, position)
    inputs = joint.node(position).inputs
    shapes = [joint.node(i).shape for i in inputs]
    for place, shape in enumerate(shapes):
        if len(shape) >= 2 and shape[-1] == shape[-2] > 1:
            name = short(names.name(inputs[place]))
            yield Mend(
                f"turned {place}",
                UNTURNED,
                f"{name} has to be transposed in {whole_of(names, position)}",
                f"{name}.T",
                operand_edit(joint, position, place, lambda v: np.swapaxes(v, -1, -2)),
            )
        if shapes[1 - place] == joint.node(position).shape:
            name = short(names.name(inputs[place]))
            yield Mend(
                f"without {place}",
                EXTRA,
                f"the factor {name} is too much in {whole_of(names, position)}",
                f"leave {name} out",
                spread_edit(joint, position, lambda v, i=inputs[1 - place]: v[i]),  # type: ignore[misc]
            )


def einsum(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """One of the arrays with two axes exchanged, or not cut."""
    yield from _unsliced(joint, names, position)
    for place, used in enumerate(joint.node(position).inputs):
        shape = joint.node(used).shape
        for a, b in itertools.combinations(range(len(shape)), 2):
            if shape[a] == shape[b] > 1:
                name = short(names.name(used))
                yield Mend(
                    f"turned {place} {a} {b}",
                    UNTURNED,
                    f"axes {a} and {b} of {name} are exchanged in {whole_of(names, position)}",
                    f"exchange axes {a} and {b} of {name}",
                    operand_edit(joint, position, place, functools.partial(np.swapaxes, axis1=a, axis2=b)),
                )


def reduction(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """Over other axes; another way to make one number of many."""
    yield from _unsliced(joint, names, position)
    node = joint.node(position)
    (inside,) = node.inputs
    shape, axes, keep = joint.node(inside).shape, tuple(node.params["axis"]), bool(node.params["keepdims"])
    name = short(names.name(inside))

    def over(function: Callable[..., Any], axes: tuple[int, ...]) -> Edit:
        return spread_edit(
            joint, position, lambda v: function(np.broadcast_to(v[inside], shape), axis=axes, keepdims=keep)
        )

    for other in itertools.combinations(range(len(shape)), len(axes)):
        if other != axes and _left(shape, other, keep) == node.shape:
            wrong, right = (" and ".join(str(a) for a in some) for some in (axes, other))
            yield Mend(
                f"axis {other}",
                AXIS,
                f"the {node.op} of {name} is over axis {wrong}, and has to be over axis {right}",
                f"axis={other[0] if len(other) == 1 else other}",
                over(REDUCED[node.op], other),
            )
    for op, function in REDUCED.items():
        if op != node.op:
            yield Mend(
                f"{op} for {node.op}",
                SUMS,
                f"the {node.op} of {name} stands where its {op} belongs",
                f"np.{op}",
                over(function, axes),
                1,
            )
    if node.op in ("max", "min"):
        yield Mend(
            "logsumexp",
            FUNCTION,
            f"the {node.op} of {name} stands where the logarithm of the sum of its exponentials belongs",
            "np.log(np.sum(np.exp(...)))",
            over(_logsumexp, axes),
            1,
        )


def _logsumexp(value: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    largest = np.max(value, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(value - largest), axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axis=axis)


def _left(shape: tuple[int, ...], axes: tuple[int, ...], keep: bool) -> tuple[int, ...]:
    return tuple(1 if k in axes else n for k, n in enumerate(shape) if keep or k not in axes)


def broadcast(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """A sum, mean or largest over the other axis, which is spread again."""
    node = joint.node(position)
    chain, at = list[int](), node.inputs[0]
    while joint.node(at).op not in REDUCED:
        before = _scaled_from(joint, at)
        if before is None or len(chain) > 3:
            return
        chain.insert(0, at)
        at = before
    inside = joint.node(at)
    if not inside.params["keepdims"]:
        return
    of = inside.inputs[0]
    shape, axes = joint.node(of).shape, tuple(inside.params["axis"])

    def make(values: Sequence[Any], axes: tuple[int, ...]) -> Any:
        made = REDUCED[inside.op](np.broadcast_to(values[of], shape), axis=axes, keepdims=True)
        before = at
        for step in chain:
            some = [made if i == before else np.reshape(values[i], -1)[0] for i in joint.node(step).inputs]
            made, before = REGISTER.named(joint.node(step).op).function(*some, **joint.node(step).params), step
        return made

    for other in (o for k in range(1, len(shape) + 1) for o in itertools.combinations(range(len(shape)), k)):
        if other == axes or _left(shape, other, True) == inside.shape:
            continue
        try:
            fits = np.broadcast_shapes(_left(shape, other, True), node.shape) == node.shape
        except ValueError:
            fits = False
        if fits:
            wrong, right = (" and ".join(str(a) for a in some) for some in (axes, other))
            yield Mend(
                f"axis {other}",
                AXIS,
                f"the {inside.op} of {short(names.name(of))} is over axis {wrong}, and has to be over axis {right}",
                f"axis={other[0] if len(other) == 1 else other}",
                spread_edit(joint, position, lambda v, o=other: make(v, o)),  # type: ignore[misc]
            )


def _scaled_from(joint: Joint, position: int) -> int | None:
    """What a step is a multiple of, by a number; None where it is not."""
    node = joint.node(position)
    if node.op == "negative":
        return node.inputs[0]
    if node.op in ("multiply", "divide"):
        for place, i in enumerate(node.inputs):
            if joint.node(i).op == CONSTANT or without_copies(joint, i) in joint.graph.constants:
                other = node.inputs[1 - place]
                return other if np.ptp(joint.value(i)) == 0 and (node.op == "multiply" or place) else None
    return None
