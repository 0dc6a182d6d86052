"""Many directions at once: a graph that goes back (or forward) is run for a whole stack of unit vectors.

Only what hangs on the direction gets a leading axis, one entry a direction; all else is worked out once. An op that
acts entry by entry takes the axis as NumPy's broadcasting does; for the others it is said here how they take it. Where
one does not, the directions are taken one after the other.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op, spread

MOST_ENTRIES = 2_000_000  # of one value for all directions of a turn: beyond it, memory costs more than calls save


class OneByOne(Exception):
    """An op does not take a leading axis here."""


def along_units(
    graph: Graph, sources: Sequence[Any], known: Sequence[Any], shape: tuple[int, ...], dtype: Any
) -> Iterator[tuple[slice, list[Any]]]:
    """Run `graph`, whose last input is a direction of `shape`, for every unit vector.

    sources, known: values of the other inputs, and of the first nodes.
    Gives, turn by turn, which directions they are and the outputs for them, each with one axis more, in front.
    """
    size = math.prod(shape)
    needed = _needed(graph)
    moving = [m and n for m, n in zip(graph.depends_on([graph.inputs[-1]]), needed, strict=True)]
    fixed = _fixed(graph, sources, known, [n and not m for m, n in zip(moving, needed, strict=True)])
    largest = max([1, *(math.prod(n.shape) for n, moves in zip(graph.nodes, moving, strict=True) if moves)])
    length = max(1, min(size, MOST_ENTRIES // largest))
    done = 0
    if length > 1:
        with contextlib.suppress(OneByOne):
            while done < size:
                turn = slice(done, min(done + length, size))
                yield turn, _stacked(graph, fixed, moving, _units(turn, size, dtype).reshape(-1, *shape))
                done = turn.stop
    for k in range(done, size):
        unit = _units(slice(k, k + 1), size, dtype).reshape(shape)[()]
        yield slice(k, k + 1), [np.asarray(o)[None] for o in _single(graph, fixed, moving, unit)]


def _units(turn: slice, size: int, dtype: Any) -> Any:
    """Rows of the identity matrix."""
    units = np.zeros((turn.stop - turn.start, size), dtype)
    units[np.arange(turn.stop - turn.start), np.arange(turn.start, turn.stop)] = 1
    return units


def _needed(graph: Graph) -> list[bool]:
    """Which nodes the outputs hang on: rules also write down slopes that nobody asks for."""
    needed = [False] * len(graph.nodes)
    for i in graph.outputs:
        needed[i] = True
    for position in range(len(graph.nodes) - 1, -1, -1):
        if needed[position]:
            for i in graph.nodes[position].inputs:
                needed[i] = True
    return needed


def _fixed(graph: Graph, sources: Sequence[Any], known: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
    """The values of the nodes that are wanted and do not hang on the direction."""
    slots = dict(zip(graph.inputs[:-1], sources, strict=True))
    values = list(known)
    for position in range(len(values), len(graph.nodes)):
        node = graph.nodes[position]
        if node.op in (INPUT, CONSTANT):
            values.append(graph.constants.get(position, slots.get(position)))
        else:
            values.append(_value(graph, node, values) if wanted[position] else None)
    return values


def _value(graph: Graph, node: Node, values: Sequence[Any]) -> Any:
    shapes = [graph.nodes[i].shape for i in node.inputs]
    return apply_op(REGISTER.named(node.op), [values[i] for i in node.inputs], shapes, node.params)


def _single(graph: Graph, fixed: Sequence[Any], moving: Sequence[bool], unit: Any) -> list[Any]:
    """The outputs for one direction."""
    values = list(fixed)
    values[graph.inputs[-1]] = unit
    for position, node in enumerate(graph.nodes):
        if moving[position] and node.op != INPUT:
            values[position] = _value(graph, node, values)
    return [spread(values[i], graph.nodes[i].shape) for i in graph.outputs]


def _stacked(graph: Graph, fixed: Sequence[Any], moving: Sequence[bool], units: Any) -> list[Any]:
    """The outputs for a stack of directions. Raises OneByOne where an op cannot take it."""
    values = list(fixed)
    values[graph.inputs[-1]] = units
    count = len(units)
    for position, node in enumerate(graph.nodes):
        if not moving[position] or node.op == INPUT:
            continue
        op = REGISTER.named(node.op)
        flags = [moving[i] for i in node.inputs]
        if op.elementwise:
            value = op.function(*[values[i] for i in node.inputs], **node.params)
        else:
            shapes = [graph.nodes[i].shape for i in node.inputs]
            inputs = [
                v if f else spread(v, s)
                for v, f, s in zip((values[i] for i in node.inputs), flags, shapes, strict=True)
            ]
            way = WAYS.get(node.op)
            if way is None:
                raise OneByOne
            value = way(node, inputs, flags, count)
        if np.shape(value) != (count, *node.shape):
            raise OneByOne
        values[position] = value
    return [
        values[i] if moving[i] else np.broadcast_to(values[i], (count, *graph.nodes[i].shape)) for i in graph.outputs
    ]


# -- how ops take a leading axis: way(node, inputs, which of them have it, how many directions) -----------------------

Way = Callable[[Node, list[Any], list[bool], int], Any]


def _all_stacked(inputs: list[Any], flags: list[bool], count: int) -> list[Any]:
    return [v if f else np.broadcast_to(v, (count, *v.shape)) for v, f in zip(inputs, flags, strict=True)]


def _along_axis(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    """An op along an axis, or over some: they are counted from one further."""
    params, axis, ndim = dict(node.params), node.params["axis"], np.ndim(inputs[0]) - flags[0]
    ndim += node.op == "stack"
    params["axis"] = tuple(a % ndim + 1 for a in axis) if isinstance(axis, tuple) else axis % ndim + 1
    return REGISTER.named(node.op).function(*_all_stacked(inputs, flags, count), **params)


def _on_last_axes(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    """An op that acts on the last axes, whatever stands before them."""
    return REGISTER.named(node.op).function(*inputs, **node.params)


def _broadcast(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    value, shape = inputs[0], node.params["shape"]
    fill = (1,) * (len(shape) - (value.ndim - 1))
    return np.broadcast_to(value.reshape(count, *fill, *value.shape[1:]), (count, *shape))


def _reshape(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    return np.reshape(inputs[0], (count, *node.shape))


def _transpose(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    return np.transpose(inputs[0], (0, *(a + 1 for a in node.params["axes"])))


def _matmul(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    """A product for each direction. Many rows against one matrix are one product."""
    (a, b), (on_left, on_right) = inputs, flags
    left, right = a.ndim - on_left, b.ndim - on_right
    if on_left and not on_right and right <= 2:
        return np.matmul(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], *b.shape[1:])
    if on_right and not on_left and left <= 2 and right == 1:
        return np.matmul(b, a.T)
    if left == 1:
        a = a[..., None, :]
    if right == 1:
        b = b[..., None]
    if max(left, right) > 2 and left != right:
        raise OneByOne  # axes of stacks would meet the axis of directions
    return np.matmul(a, b).reshape(count, *node.shape)


def _index(node: Node, arrays: Sequence[Any]) -> Any:
    """The index behind the axis of directions. Positions that stand apart move their axis to the front in NumPy."""
    index = node.params["index"]
    places = [k for k, e in enumerate(index) if isinstance(e, (tuple, int))]
    if arrays and any(isinstance(index[k], tuple) for k in places) and places[-1] - places[0] + 1 != len(places):
        raise OneByOne
    return (slice(None), *(arrays[e[1]] if isinstance(e, tuple) else e for e in index))


def _only_first(flags: list[bool], several: int = 1) -> None:
    if any(flags[several:]):
        raise OneByOne


def _getitem(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    _only_first(flags)
    return inputs[0][_index(node, inputs[1:])]


def _scatter(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    _only_first(flags)
    index = _index(node, inputs[1:])
    target = np.zeros((count, *node.params["shape"]), inputs[0].dtype)
    if inputs[1:]:
        np.add.at(target, index, inputs[0])
    else:
        target[index] = inputs[0]
    return target


def _setitem(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    _only_first(flags, 2)
    whole, value = _all_stacked(inputs[:2], flags[:2], count)
    changed = np.array(whole)
    changed[_index(node, inputs[2:])] = value
    return changed


def _einsum(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    terms, result = node.params["subscripts"].split("->")
    free = next((c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in node.params["subscripts"]), None)
    if free is None or "." in node.params["subscripts"]:
        raise OneByOne
    pieces = [free + t if f else t for t, f in zip(terms.split(","), flags, strict=True)]
    return np.einsum(f"{','.join(pieces)}->{free}{result}", *inputs, optimize=True)


def _solve(node: Node, inputs: list[Any], flags: list[bool], count: int) -> Any:
    (a, b), on_left = inputs, flags[0]
    if on_left or a.ndim != 2:
        raise OneByOne
    return np.linalg.solve(a, b.T).T if b.ndim == 2 else np.linalg.solve(a, b)


WAYS: dict[str, Way] = {
    **dict.fromkeys(
        ("sum", "mean", "max", "min", "prod", "cumsum", "concatenate", "stack", "ties", "product_of_others", "sort",
         "mean_over_runs", "fft", "ifft", "rfft", "irfft", "softmax"),
        _along_axis,
    ),
    **dict.fromkeys(("copy", "astype", "real", "imag", "conjugate", "part", "placed", "round"), _on_last_axes),
    "broadcast_to": _broadcast,
    "reshape": _reshape,
    "transpose": _transpose,
    "matmul": _matmul,
    "getitem": _getitem,
    "scatter": _scatter,
    "setitem": _setitem,
    "einsum": _einsum,
    "solve": _solve,
}  # fmt: skip
