"""Where a weight or a bias enters a network as a sum for each row and unit, and which rows it can reach from there.

In Z = X @ W + b the weight W[i, j] moves row b of Z by h x[b, i], in column j and nowhere else. If what follows treats
every row by itself and ends in a sum or a mean over the rows, then the loss is a sum of functions of single entries of
Z, as long as one column is moved at a time. This module finds such sums, and shows from the graph that rows stay apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradwork.gradients.nudging.moved import Moved
from gradwork.gradients.nudging.passing import REARRANGING
from gradwork.gradients.nudging.structure import Structure
from gradwork.gradients.nudging.subject import Array
from gradwork.graph.run import spread

LINEAR_ENDS = frozenset("negative positive copy reshape add subtract multiply divide sum mean".split())


@dataclass(frozen=True, eq=False)
class Entrance:
    """How one array enters: the node of the sums that it moves, along which axis its rows lie, and by how much.

    by:      the node, and whether it is to be transposed, that holds by how much each row moves with each input's
             weight, (rows, inputs); None for a bias, which moves all rows by 1.
    turned:  whether the array is laid out (units, inputs) and not (inputs, units).
    sign:    -1 where the array is subtracted.
    """

    node: int
    row_axis: int
    by: tuple[int, bool] | None
    turned: bool
    sign: float

    def factors(self, structure: Structure) -> Array | None:
        """By how much each row moves with each input's weight, (rows, inputs); None for a bias."""
        if self.by is None:
            return None
        return self.laid_out(spread(structure.values[self.by[0]], structure.shapes[self.by[0]]))

    def laid_out(self, table: Array) -> Array:
        """The factors' node, or something in its shape, as (rows, inputs)."""
        return table.T if self.by is not None and self.by[1] else table


@dataclass(frozen=True, eq=False)
class Rows:
    """What follows a sum: the last node in which rows stay apart, the axis that they lie along there, and by how much
    the loss rises when the entries of that node rise by 1 in all."""

    node: int
    row_axis: int
    factor: float


def entrance(structure: Structure, start: int) -> Entrance | None:
    """How input `start` enters; None where it does so in more than one place, or in another way."""
    position, turned = start, False
    shape = structure.shapes[start]
    while (reader := _only_reader(structure, position)) is not None:
        node = structure.graph.nodes[reader]
        if node.op == "transpose" and len(shape) == 2:
            turned = not turned
        elif node.op == "matmul":
            return _as_weights(structure, position, reader, turned)
        elif node.op == "broadcast_to" and not turned:
            return _as_bias(structure, position, reader, shape)
        elif node.op in ("add", "subtract") and not turned and len(shape) == 2:
            return None  # the array itself is in the sum: every entry by itself, with no rows to share
        elif turned or not _in_order(structure, reader):
            return None
        position = reader
    return None


def _in_order(structure: Structure, reader: int) -> bool:
    """Whether a node holds the same entries in the same order as its input: w[:, None] does."""
    node = structure.graph.nodes[reader]
    if node.op == "getitem" and np.prod(node.shape) == np.prod(structure.shapes[node.inputs[0]]):
        read = structure.site(reader).sources.reshape(-1)
        return bool((read == np.arange(read.size)).all())
    return node.op == "reshape"


def _only_reader(structure: Structure, position: int) -> int | None:
    needed = structure.before(structure.output)
    readers = [r for r in structure.graph.consumers[position] if r in needed]
    return readers[0] if len(readers) == 1 else None


def _as_weights(structure: Structure, position: int, reader: int, turned: bool) -> Entrance | None:
    left, right = structure.graph.nodes[reader].inputs
    if left == right or max(len(structure.shapes[left]), len(structure.shapes[right])) > 2:
        return None
    if right == position and len(structure.shapes[left]) == 2:
        by, row_axis, columns = (left, False), 0, False
    elif left == position and len(structure.shapes[left]) == len(structure.shapes[right]) == 2:
        by, row_axis, columns = (right, True), 1, True
    else:
        return None
    node, sign = _summed_up(structure, reader)
    return Entrance(node, row_axis, by, turned != columns, sign)


def _as_bias(structure: Structure, position: int, reader: int, shape: tuple[int, ...]) -> Entrance | None:
    before, after = structure.shapes[position], structure.shapes[reader]
    lined_up = (*(1,) * (len(after) - len(before)), *before)
    if len(after) != 2 or int(np.prod(shape)) != max(lined_up) or 1 not in lined_up:
        return None
    row_axis = 1 if lined_up[0] > 1 or (after[0] == 1 and lined_up[1] < after[1]) else 0
    if lined_up[1 - row_axis] != after[1 - row_axis]:
        return None  # one number for all units
    node, sign = _summed_up(structure, reader)
    return Entrance(node, row_axis, None, False, sign)


def _summed_up(structure: Structure, position: int) -> tuple[int, float]:
    """Past what is added to a sum: to its last node, and with which sign the sum stands in it."""
    sign = 1.0
    while (reader := _only_reader(structure, position)) is not None:
        node = structure.graph.nodes[reader]
        if node.op not in ("add", "subtract") or node.inputs[0] == node.inputs[1]:
            break
        if node.op == "subtract" and node.inputs[1] == position:
            sign = -sign
        position = reader
    return position, sign


# -- rows that stay apart ---------------------------------------------------------------------------------------------


def rows_after(structure: Structure, start: int, row_axis: int) -> Rows | None:
    """Where the rows of node `start` come together; None where they meet before they are added up."""
    axis_of: dict[int, int] = {start: row_axis}
    factor_of: dict[int, float] = {}
    end: tuple[int, int] | None = None
    for position, inputs, _ in structure.order(start, structure.output):
        moving = [i for i in inputs if i in axis_of or i in factor_of]
        node = structure.graph.nodes[position]
        if all(i in factor_of for i in moving):
            factor = _linear_end(structure, position, factor_of)
            if factor is None:
                return None
            factor_of[position] = factor
            continue
        if any(i in factor_of for i in moving):
            return None
        if node.op in ("sum", "mean") and axis_of[moving[0]] in node.params["axis"]:
            size = int(np.prod(node.shape, dtype=np.int64))
            if end is not None or size != 1:
                return None
            end = (moving[0], axis_of[moving[0]])
            factor_of[position] = 1.0 if node.op == "sum" else 1 / int(np.prod(structure.shapes[moving[0]]))
            continue
        axis = _axis_after(structure, position, axis_of)
        if axis is None:
            return None
        axis_of[position] = axis
    if end is None or structure.output not in factor_of:
        return None
    return Rows(end[0], end[1], factor_of[structure.output])


def _linear_end(structure: Structure, position: int, factor_of: dict[int, float]) -> float | None:
    """By how much a node rises with the sum over the rows, if it does so in proportion."""
    node, site = structure.graph.nodes[position], structure.site(position)
    if node.op not in LINEAR_ENDS or int(np.prod(node.shape, dtype=np.int64)) != 1:
        return None
    factors = [factor_of.get(i) for i in node.inputs]
    if len(factors) == 1:
        return -factors[0] if node.op == "negative" else factors[0]  # type: ignore[operator]
    first, second = factors
    if node.op in ("add", "subtract"):
        sign = 1.0 if node.op == "add" else -1.0
        return (first or 0.0) + sign * (second or 0.0)
    if (first is not None) == (second is not None) or (node.op == "divide" and second is not None):
        return None
    moving, other = (first, 1) if first is not None else (second, 0)
    number = float(np.reshape(site.whole(other), ()))
    return moving / number if node.op == "divide" else moving * number  # type: ignore[operator]


def _axis_after(structure: Structure, position: int, axis_of: dict[int, int]) -> int | None:
    """The axis along which the rows lie in a node's value, if each of them hangs on that row of its inputs alone."""
    node, site = structure.graph.nodes[position], structure.site(position)
    moving = [(k, axis_of[i]) for k, i in enumerate(node.inputs) if i in axis_of]
    axes = {axis for _, axis in moving}
    if site.op.elementwise or node.op in ("copy", "astype"):
        return axes.pop() if len(axes) == 1 else None
    rule: Callable[[Structure, int, int, int], int | None] | None = _AXIS_RULES.get(node.op)
    if rule is None or len(moving) != 1:
        return None
    return rule(structure, position, *moving[0])


def _through_product(structure: Structure, position: int, which: int, axis: int) -> int | None:
    ndims = [len(s) for s in structure.site(position).shapes]
    if max(ndims) > 2 or axis != which or ndims[which] != 2:
        return None
    return 0 if which == 0 or ndims[0] == 1 else 1


def _through_reduction(structure: Structure, position: int, which: int, axis: int) -> int | None:
    params = structure.graph.nodes[position].params
    if axis in params["axis"]:
        return None
    return axis if params.get("keepdims", True) else axis - sum(a < axis for a in params["axis"])


def _through_places(structure: Structure, position: int, which: int, axis: int) -> int | None:
    """Each entry of a rearranged array says from which row it was read: one axis has to count the rows."""
    site = structure.site(position)
    if which != 0 or not site.shapes[0]:
        return None
    read = site.sources
    row = np.unravel_index(read.reshape(-1), site.shapes[0])[axis].reshape(read.shape)
    for after, size in enumerate(read.shape):
        counted = np.arange(size).reshape([-1 if a == after else 1 for a in range(read.ndim)])
        if size == site.shapes[0][axis] and np.array_equal(row, np.broadcast_to(counted, row.shape)):
            return after
    return None


_AXIS_RULES: dict[str, Callable[[Structure, int, int, int], int | None]] = {
    "matmul": _through_product,
    **dict.fromkeys(("sum", "mean", "max", "min", "prod", "logsumexp", "softmax", "log_softmax"), _through_reduction),
    **dict.fromkeys(REARRANGING, _through_places),
}


def rows_stay_apart(structure: Structure, start: int, row_axis: int, rows: Rows) -> bool:
    """Whether, when one row of a sum is nudged, only that row of what follows moves: tried, not derived."""
    base = spread(structure.values[start], structure.shapes[start])
    count = base.shape[row_axis]
    chosen = min(1, count - 1)
    nudged = np.moveaxis(np.array(base, dtype=float), row_axis, 0)
    nudged[chosen] += 2.0**-6 * (1 + np.abs(nudged[chosen]))
    values = np.moveaxis(nudged, 0, row_axis)[..., None]
    with np.errstate(all="ignore"):
        moved = structure.follow(start, Moved(base.shape, (), (), values), rows.node)
    if moved is None:
        return True
    before = spread(structure.values[rows.node], structure.shapes[rows.node])
    change = np.moveaxis(moved.values[..., 0] - before, rows.row_axis, 0)
    others = np.delete(change, chosen, axis=0)
    return bool((np.abs(others) <= 2.0**-46 * np.abs(before).max(initial=0)).all())
