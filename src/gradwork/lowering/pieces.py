"""Known pieces of losses and networks, written so that they are stable and cheap.

Scores are lowered by their largest before the exponential is taken, once, and everything that comes back from them is
read off the same exponentials. Where a largest score is not finite, the short way does not hold: that is left to the
`careful` rows of the draft.
"""

from __future__ import annotations

import math

import numpy as np

from gradwork.graph.graph import Node, Params
from gradwork.lowering.draft import Draft

# -- the softmax family -----------------------------------------------------------------------------------------------


def _scores(draft: Draft, row: int, axis: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Of scores: lowered by their largest; their exponentials; the sums of these; the largest. Axes are kept."""
    kept = Params(axis=axis, keepdims=True)
    largest = draft.emit("max", (row,), kept)
    finite = draft.emit("isfinite", (largest,))
    draft.careful.append(draft.peeled(finite))
    lowered = draft.emit("subtract", (row, largest))
    exponentials = draft.emit("exp", (lowered,))
    return lowered, exponentials, draft.emit("sum", (exponentials,), kept), largest


def _real_scores(draft: Draft, inputs: tuple[int, ...], node: Node) -> bool:
    shape = draft.shape(inputs[0])
    return node.dtype.kind == "f" and bool(math.prod(shape)) and draft.dtype(inputs[0]) == node.dtype


def log_sum_exp(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    """The logarithm of a sum of exponentials."""
    if not _real_scores(draft, inputs, node):
        return None
    _, _, sums, largest = _scores(draft, inputs[0], node.params["axis"])
    total = draft.emit("add", (draft.emit("log", (sums,)), largest))
    if node.params["keepdims"]:
        return total
    return draft.emit("reshape", (total,), Params(shape=node.shape))


def log_softmax(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    """Logarithms of shares."""
    if not _real_scores(draft, inputs, node):
        return None
    lowered, _, sums, _ = _scores(draft, inputs[0], node.params["axis"])
    return draft.emit("subtract", (lowered, draft.emit("log", (sums,))))


def softmax(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    """Shares that add up to 1."""
    if not _real_scores(draft, inputs, node):
        return None
    _, exponentials, sums, _ = _scores(draft, inputs[0], node.params["axis"])
    return draft.emit("divide", (exponentials, sums))


def exponential(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    """e^(score - log-sum-exp), and e^(lowered score - log of the sum): both are a share, and its parts are there."""
    row = draft.peeled(inputs[0])
    if not draft.is_op(row, "subtract") or node.dtype.kind != "f":
        return None
    score, total = draft.rows[row][1]
    for sums, shift in _logarithms_of_sums(draft, total):
        exponentials, _ = draft.rows[sums][1][0], draft.rows[sums][2]
        if not draft.is_op(exponentials, "exp"):
            continue
        lowered = draft.rows[exponentials][1][0]
        shifted = draft.is_op(lowered, "subtract") and draft.rows[lowered][1] == (score, shift)
        if (shift is None and lowered == score) or (shift is not None and shifted):
            return draft.emit("divide", (exponentials, _aligned(draft, sums, total)))
    return None


def _logarithms_of_sums(draft: Draft, row: int) -> list[tuple[int, int | None]]:
    """`row` as log(sums) or log(sums) + shift, in any shape: the sums and the shift."""
    while draft.is_op(row, "reshape", "broadcast_to"):
        row = draft.rows[row][1][0]
    if draft.is_op(row, "log"):
        return [(s, None) for s in (draft.rows[row][1][0],) if draft.is_op(s, "sum")]
    if draft.is_op(row, "add"):
        first, second = draft.rows[row][1]
        if draft.is_op(first, "log") and draft.is_op(draft.rows[first][1][0], "sum"):
            return [(draft.rows[first][1][0], second)]
    return []


def _aligned(draft: Draft, sums: int, like: int) -> int:
    """The sums in the shape in which their logarithm was used."""
    shape = draft.shape(draft.peeled(like))
    return sums if draft.shape(sums) == shape else draft.emit("reshape", (sums,), Params(shape=shape))


def shared_quotient(draft: Draft, left: int, right: int, node: Node) -> int | None:
    """For a (e / s) with a number or a column a, (a / s) e: one division of the small thing, one product."""
    inside = draft.rows[draft.peeled(right)]
    if inside[0] != "divide" or node.dtype.kind != "f":
        return None
    top, bottom = inside[1]
    small, whole = math.prod(draft.shape(draft.peeled(left))), math.prod(node.shape)
    if math.prod(draft.shape(bottom)) < whole and small < whole and math.prod(draft.shape(top)) == whole:
        if not draft.is_op(top, "exp"):
            return None  # only where the bottom is a sum of exponentials, at least 1, nothing is lost
        factor = draft.emit("divide", (left, bottom)) if draft.number(left) is None else _over(draft, left, bottom)
        return draft.emit("multiply", (top, factor), dtype=node.dtype)
    return None


def _over(draft: Draft, number: int, bottom: int) -> int:
    return draft.emit("divide", (draft.like(draft.number(number), bottom), bottom))


# -- activations ------------------------------------------------------------------------------------------------------


def sigmoid(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    """1 / (1 + e^-a): where e^-a overflows the quotient is 0, as it should be."""
    if node.dtype.kind != "f" or draft.dtype(inputs[0]) != node.dtype:
        return None
    row = inputs[0]
    below = draft.emit("add", (draft.emit("exp", (draft.emit("negative", (row,)),)), draft.like(1, row)))
    return draft.emit("divide", (draft.like(1, row), below))


def share(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    """Who sets the larger of the two, where one of them is 0: the step that is 1/2 at 0."""
    first, second = inputs
    if node.dtype.kind != "f":
        return None
    if draft.number(second) == 0 and draft.dtype(first) == node.dtype:
        return draft.emit("heaviside", (first, draft.like(0.5, first)))
    if draft.number(first) == 0 and draft.dtype(second) == node.dtype:
        return draft.emit("heaviside", (draft.emit("negative", (second,)), draft.like(0.5, second)))
    return None


def above(draft: Draft, inputs: tuple[int, ...], node: Node) -> int | None:
    """1 above 0, else 0."""
    if node.dtype.kind != "f" or draft.dtype(inputs[0]) != node.dtype:
        return None
    return draft.emit("heaviside", (inputs[0], draft.like(0, inputs[0])))


# -- picking and putting back -----------------------------------------------------------------------------------------


def places_apart(draft: Draft, row: int) -> bool:
    """Whether a scatter by arrays writes to no place twice: one of them, known beforehand, holds no number twice."""
    _, inputs, params, *_ = draft.rows[row]
    index = params["index"]
    arrays = [draft.constants.get(i) for i in inputs[1:]]
    if not arrays or any(not (isinstance(e, tuple) and e[0] == "array") for e in index):
        return False
    shapes = {draft.shape(i) for i in inputs[1:]}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        return False
    return any(
        a is not None and a.dtype.kind in "iu" and a.min(initial=0) >= 0 and len(np.unique(a)) == a.size for a in arrays
    )


def sum_of_scatter(draft: Draft, row: int, axis: int, node: Node) -> int | None:
    """Summing over columns what was put one a row: the numbers themselves."""
    _, inputs, params, shape, _ = draft.rows[row]
    index = params["index"]
    if len(shape) != 2 or len(index) != 2 or not places_apart(draft, row):
        return None
    stays = inputs[1 + index[1 - axis][1]]
    rows = draft.constants.get(stays)
    if rows is None or not np.array_equal(rows, np.arange(shape[1 - axis])):
        return None
    value = inputs[0]
    if draft.number(value) is not None:
        return draft.constant(draft.number(value), node.shape)
    return value if draft.shape(value) == node.shape else draft.emit("reshape", (value,), Params(shape=node.shape))


def may_be_infinite(draft: Draft, row: int, depth: int = 4) -> bool:
    """Whether a finite point can make this row infinite: unless it is built of things that cannot be."""
    row = draft.peeled(row)
    number = draft.number(row)
    if number is not None:
        return not bool(np.isfinite(number))
    name, inputs, *_ = draft.rows[row]
    if depth == 0:
        return True
    if name == "divide":
        return not _at_least_one(draft, inputs[1], depth) or may_be_infinite(draft, inputs[0], depth - 1)
    bounded = name in ("tanh", "sin", "cos", "heaviside", "sign", "isfinite")
    polynomial = name in ("add", "subtract", "multiply", "negative", "square", "input")
    return not (bounded or (polynomial and all(may_be_infinite(draft, i, depth - 1) is False for i in inputs)))


def _at_least_one(draft: Draft, row: int, depth: int) -> bool:
    """1 + something that is never negative, or a sum of e^(score - largest score)."""
    row = draft.peeled(row)
    while draft.is_op(row, "reshape"):
        row = draft.rows[row][1][0]
    name, inputs, params, *_ = draft.rows[row]
    if name == "add":
        return any(
            (draft.number(a) or 0) >= 1 and draft.is_op(draft.peeled(b), "exp", "square", "absolute")
            for a, b in (inputs, inputs[::-1])
        )
    if name != "sum" or not draft.is_op(inputs[0], "exp"):
        return False
    lowered = draft.rows[inputs[0]][1][0]
    if not draft.is_op(lowered, "subtract"):
        return False
    score, largest = draft.rows[lowered][1]
    found = draft.rows[largest]
    return found[0] == "max" and found[1] == (score,) and found[2]["axis"] == params["axis"]
