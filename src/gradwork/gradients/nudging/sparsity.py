"""Which nudged entries each entry of the result can hang on: read off the graph, op by op, before anything is nudged.

A pattern is a sorted row of whole numbers, one for each pair of an entry and an input that it hangs on: entry * width +
input, where width is how many inputs there are. What an op does to it follows from the op itself: where an op moves
entries about, it is given their numbers; a sum hangs on all that it adds up; an op that is not known here hangs, entry
by entry, on all that it is given. A pattern may name too much, and never too little: it holds wherever the graph does.

Source: Griewank and Walther, Evaluating Derivatives, 2008, section 7.1 (index domains).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.gradients.nudging.subject import Array
from gradwork.graph.graph import Graph, Node
from gradwork.graph.op import REGISTER
from gradwork.graph.run import spread

MOST = 1 << 20  # pairs of a pattern, from which on to go on costs more than sharing nudges can save
EACH = 16  # or so many for each input
Relation = tuple[Array, Array]  # pairs of an op's own: entries of its value, and entries of one input that they read


class Dense(Exception):
    """So much hangs together that no nudges, or hardly any, could be shared."""


def pattern_of(graph: Graph, values: Sequence[Any], inputs: Mapping[int, int], width: int) -> Array:
    """The pattern of the graph's output.

    values: of every node at the point; what does not move is taken at its word: a 0 in a constant matrix reads nothing.
    inputs: for each nudged input, by node, the number of its first entry among the `width` that are nudged.

    Raises Dense where the pattern grows out of proportion.
    """
    (output,) = graph.outputs
    needed = _needed(graph, output)
    patterns: dict[int, Array] = {}
    for position, node in enumerate(graph.nodes[: output + 1]):
        if position not in needed:
            continue
        if position in inputs:
            entries = np.arange(math.prod(node.shape))
            patterns[position] = entries * width + inputs[position] + entries
        elif any(i in patterns for i in node.inputs):
            patterns[position] = _passed(graph, values, node, [patterns.get(i) for i in node.inputs], width)
            _check_sparse(patterns[position], width)
    return patterns.get(output, np.zeros(0, dtype=np.int64))


def _needed(graph: Graph, output: int) -> set[int]:
    needed = {output}
    for position in range(output, -1, -1):
        if position in needed:
            needed.update(graph.nodes[position].inputs)
    return needed


def _check_sparse(pattern: Array, width: int) -> None:
    """An entry on the way that hangs on more than half of the inputs makes more than half of them need their own."""
    rows = pattern // width
    if len(rows) and int(np.bincount(rows - rows[0]).max()) > max(1, width // 2):
        raise Dense


def _passed(graph: Graph, values: Sequence[Any], node: Node, moving: Sequence[Array | None], width: int) -> Array:
    """The pattern of a node from those of its inputs; None is an input that stands still."""
    shapes = [graph.nodes[i].shape for i in node.inputs]
    still = [
        None if m is not None else spread(values[i], s) for m, i, s in zip(moving, node.inputs, shapes, strict=True)
    ]
    if REGISTER.named(node.op).elementwise:
        return _entry_by_entry(node, moving, still, width)
    parts = []
    relations = _relations(node, shapes, moving, still)
    for pattern, relation in zip(moving, relations, strict=True):
        if pattern is not None:
            parts.append(_through(relation, pattern, width) if relation else _everywhere(node, pattern, width))
    return _united(parts)


def _united(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.asarray(np.unique(np.concatenate(parts)))


def _entry_by_entry(node: Node, moving: Sequence[Array | None], still: Sequence[Any], width: int) -> Array:
    reads: list[Any] = [True] * len(moving)
    if node.op == "multiply":
        # What is multiplied by 0 makes no difference, as long as it is finite.
        reads = [True if other is None else other.reshape(-1) != 0 for other in reversed(still)]
    elif node.op == "where" and still[0] is not None:
        chosen = np.asarray(still[0]).astype(bool).reshape(-1)
        reads = [True, chosen, ~chosen]
    parts = []
    for pattern, read in zip(moving, reads, strict=True):
        if pattern is not None:
            parts.append(pattern if read is True else pattern[read[pattern // width]])
    return _united(parts)


def _through(relation: Relation, pattern: Array, width: int) -> Array:
    """What the entries of a value hang on, if each reads some entries whose pattern is known."""
    to, read = relation
    rows = pattern // width
    first, last = np.searchsorted(rows, read, "left"), np.searchsorted(rows, read, "right")
    counts = last - first
    total = int(counts.sum())
    if total > max(MOST, EACH * width):
        raise Dense
    at = np.arange(total) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    return np.asarray(np.unique(np.repeat(to, counts) * width + pattern[at] % width))


def _everywhere(node: Node, pattern: Array, width: int) -> Array:
    inputs = np.unique(pattern % width)
    size = math.prod(node.shape)
    if size * len(inputs) > max(MOST, EACH * width):
        raise Dense
    return np.asarray((np.arange(size)[:, None] * width + inputs).reshape(-1))


# -- what each op reads -----------------------------------------------------------------------------------------------

MOVES = frozenset({"getitem", "broadcast_to", "reshape", "transpose", "concatenate", "stack", "copy", "setitem"})
SAME_PLACE = frozenset({"copy", "astype", "real", "imag", "conjugate", "round"})
LINES = frozenset({"sum", "mean", "max", "min", "prod", "logsumexp", "any", "all", "argmax", "argmin"})
WHOLE_LINES = frozenset({"sort", "argsort", "argpartition", "softmax", "log_softmax"})


def _relations(
    node: Node, shapes: Sequence[tuple[int, ...]], moving: Sequence[Array | None], still: Sequence[Any]
) -> list[Relation | None]:
    """For each input which of its entries are read by which of the value; None where all may be read by all."""
    unknown: list[Relation | None] = [None] * len(moving)
    if node.op in SAME_PLACE:
        entries = np.arange(math.prod(node.shape))
        return [(entries, entries)] if math.prod(shapes[0]) == len(entries) else unknown
    if node.op in MOVES:
        return _moved_about(node, shapes, moving, still)
    if node.op in LINES or node.op in WHOLE_LINES:
        return [_along_lines(node, shapes[0])]
    if node.op == "cumsum":
        return [_running(node, shapes[0])]
    if node.op == "matmul":
        return _product(shapes, still)
    return unknown


def _moved_about(
    node: Node, shapes: Sequence[tuple[int, ...]], moving: Sequence[Array | None], still: Sequence[Any]
) -> list[Relation | None]:
    """Give the op the numbers of its inputs' entries, and read off where they went."""
    own = len(shapes) if node.op in ("concatenate", "stack") else 2 if node.op == "setitem" else 1
    if any(m is not None for m in moving[own:]):
        return [None] * len(moving)
    sizes = [math.prod(s) for s in shapes[:own]]
    starts = np.cumsum([0, *sizes])
    numbered = [np.arange(a, a + n).reshape(s) for a, n, s in zip(starts, sizes, shapes[:own], strict=False)]
    sources = np.asarray(REGISTER.named(node.op).function(*numbered, *still[own:], **node.params)).reshape(-1)
    relations: list[Relation | None] = []
    for a, n in zip(starts, sizes, strict=False):
        to = np.flatnonzero((sources >= a) & (sources < a + n))
        relations.append((to, sources[to] - a))
    return [*relations, *(None for _ in shapes[own:])]


def _along_lines(node: Node, shape: tuple[int, ...]) -> Relation | None:
    """Every entry of a line along the axes reads, or is added up from, the whole line."""
    axis = node.params.get("axis")
    axes = range(len(shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = {a % len(shape) for a in axes} if shape else set()
    lines = tuple(1 if a in gone else n for a, n in enumerate(shape))
    which = np.broadcast_to(np.arange(math.prod(lines)).reshape(lines), shape).reshape(-1)
    if node.op in LINES:
        return (which, np.arange(len(which))) if math.prod(node.shape) == math.prod(lines) else None
    if node.shape != shape:
        return None
    return _all_pairs(which, math.prod(lines))


def _all_pairs(which: Array, lines: int) -> Relation:
    """All pairs of entries that belong to one line; every line is of one length."""
    length = len(which) // max(lines, 1)
    _check_affordable(len(which) * length)
    members = np.argsort(which, kind="stable").reshape(-1, length) if length else np.zeros((0, 0), dtype=int)
    return np.repeat(members, length, axis=1).reshape(-1), np.tile(members, (1, length)).reshape(-1)


def _running(node: Node, shape: tuple[int, ...]) -> Relation | None:
    """A running sum reads what stands before it on its line."""
    to, read = _along_lines_in_full(node, shape)
    place = np.indices(shape)[node.params["axis"]].reshape(-1)
    before = place[read] <= place[to]
    return to[before], read[before]


def _along_lines_in_full(node: Node, shape: tuple[int, ...]) -> Relation:
    axis = node.params["axis"] % len(shape)
    lines = tuple(1 if a == axis else n for a, n in enumerate(shape))
    which = np.broadcast_to(np.arange(math.prod(lines)).reshape(lines), shape).reshape(-1)
    return _all_pairs(which, math.prod(lines))


def _product(shapes: Sequence[tuple[int, ...]], still: Sequence[Any]) -> list[Relation | None]:
    """A matrix product reads rows of the left and columns of the right; not where the other side stands still at 0."""
    if max(map(len, shapes)) > 2:
        return [None, None]
    left, right = shapes
    rows, inner = (1, left[0]) if len(left) == 1 else left
    columns = 1 if len(right) == 1 else right[1]
    _check_affordable(rows * inner * columns if still[0] is None and still[1] is None else 0)
    relations: list[Relation | None] = []
    for side in (0, 1):
        other = still[1 - side]
        if side == 0:
            known = np.ones((inner, columns), bool) if other is None else np.reshape(other, (inner, columns)) != 0
            k, j = np.nonzero(known)
            _check_affordable(rows * len(k))
            i = np.arange(rows)[:, None]
            relations.append(((i * columns + j).reshape(-1), (i * inner + k).reshape(-1)))
        else:
            known = np.ones((rows, inner), bool) if other is None else np.reshape(other, (rows, inner)) != 0
            i, k = np.nonzero(known)
            _check_affordable(columns * len(k))
            j = np.arange(columns)[:, None]
            relations.append(((i * columns + j).reshape(-1), (k * columns + j).reshape(-1)))
    return relations


def _check_affordable(pairs: int) -> None:
    if pairs > MOST:
        raise Dense
