"""Parts, axes and rows in another order: joined, transposed, reshaped, moved on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from gradwork.check.evidence import Joint
from gradwork.check.mending.mend import MOST_PARTS, ORDER, PUT, TURNED, Mend, short, spread_edit, whole_of
from gradwork.check.sequences import done
from gradwork.check.sites import Names


def rolled(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """What is moved on by one, moved back, and the other way about."""
    node = joint.node(position)
    base = node.inputs[0]
    if node.op == "concatenate":
        inside = joint.node(base)
        if inside.op != "getitem":
            return
        base = inside.inputs[0]
    if joint.node(base).shape != node.shape or node.dtype.kind != "f" or not node.shape:
        return
    value, whole = joint.value(base), joint.value(position)
    for axis, length in enumerate(node.shape):
        for by in (1, -1, 2, -2):
            if (
                abs(by) < length
                and 2 * by % length
                and np.array_equal(np.roll(value, by, axis), whole)
                and np.any(np.ptp(value, axis))
            ):
                name, way = short(names.name(base)), ("on", "back")
                yield Mend(
                    f"rolled {axis}",
                    PUT,
                    f"{name} is moved {way[by < 0]} by {abs(by)}, and has to be moved {way[by > 0]}",
                    f"np.roll({name}, {-by}, axis={axis})",
                    spread_edit(
                        joint,
                        position,
                        lambda v, b=by, a=axis: np.roll(np.broadcast_to(v[base], node.shape), -b, a),  # type: ignore[misc]
                    ),
                )
                return


def joined(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """The parts in another order."""
    if joint.node(position).op == "concatenate":
        yield from rolled(joint, names, position)
    inputs = joint.node(position).inputs
    if not 2 <= len(inputs) <= MOST_PARTS:
        return
    for order in itertools.permutations(range(len(inputs))):
        if order == tuple(range(len(inputs))) or [joint.node(inputs[k]).shape for k in order] != [
            joint.node(i).shape for i in inputs
        ]:
            continue
        yield Mend(
            f"order {order}",
            ORDER,
            f"{whole_of(names, position)} joins its parts in another order",
            ", ".join(short(names.name(inputs[k])) for k in order),
            spread_edit(
                joint,
                position,
                lambda v, o=order: done(joint, position, {k: v[inputs[j]] for k, j in enumerate(o)}, v),  # type: ignore[misc]
            ),
        )


def turned(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """Not transposed, or with the axes in another order."""
    node = joint.node(position)
    (inside,) = node.inputs
    axes, shape = node.params.get("axes"), joint.node(inside).shape
    name = short(names.name(inside))
    if shape == node.shape:
        yield Mend(
            "not turned",
            TURNED,
            f"{name} is transposed, and must not be",
            name,
            spread_edit(joint, position, lambda v: v[inside]),
        )
    if axes is None or len(shape) < 3:
        return
    for other in itertools.permutations(range(len(shape))):
        if other != tuple(axes) and tuple(shape[a] for a in other) == node.shape:
            yield Mend(
                f"axes {other}",
                TURNED,
                f"the axes of {name} are put in the order {tuple(axes)}, not {other}",
                f"transpose({', '.join(map(str, other))})",
                spread_edit(joint, position, lambda v, o=other: np.transpose(v[inside], o)),  # type: ignore[misc]
                1,
            )


def reshaped(joint: Joint, names: Names, position: int) -> Iterator[Mend]:
    """Rows are cut the other way: what is reshaped was turned before, or has to be afterwards."""
    node = joint.node(position)
    (inside,) = node.inputs
    shape = joint.node(inside).shape
    if node.dtype.kind != "f" or max(len(shape), len(node.shape)) > 5:
        return
    name = short(names.name(inside))
    for a, b in itertools.combinations(range(len(node.shape)), 2):
        if 1 in (node.shape[a], node.shape[b]):
            continue
        before = list(node.shape)
        before[a], before[b] = before[b], before[a]
        for order in _orders(len(node.shape)):
            cut = [0] * len(order)
            for k, axis in enumerate(order):
                cut[axis] = node.shape[k]
            if len(order) == 4 or cut == before:
                yield Mend(
                    f"cut {order}",
                    PUT,
                    f"{name} is reshaped with its places in another order than they were made in",
                    f"reshape to {tuple(cut)}, then transpose({', '.join(map(str, order))})",
                    spread_edit(
                        joint,
                        position,
                        lambda v, c=tuple(cut), o=order: np.transpose(  # type: ignore[misc]
                            np.reshape(np.broadcast_to(v[inside], shape), c), o
                        ),
                    ),
                    1,
                )
        if len(node.shape) >= 4:
            break


def _orders(count: int) -> list[tuple[int, ...]]:
    return [o for o in itertools.permutations(range(count)) if o != tuple(range(count))]
