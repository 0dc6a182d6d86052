"""Columns of data that meet the parameters as `x*w + b` or `X @ W + b` alone, found on the graph of a loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.descent.called import ByFormula, ByName
from gradwork.descent.column_totals import totals_of
from gradwork.descent.large import Large, sample_of
from gradwork.descent.problem import Array, Problem
from gradwork.graph.trace import trace_call

LAID_OUT = ("broadcast_to", "reshape", "expand_dims")  # a bias is laid over the rows by these
SUMS = ("add", "subtract", "negative")


@dataclass(frozen=True, eq=False)
class Product:
    """One place where a column is multiplied by a weight, and what takes up the shift of its mean.

    op:     "multiply" or "matmul";  left: whether the column stands first.
    weight, bias: positions of leaves. Where there is no bias, a column of equal numbers `ones` in the data does its
            work, and row `row` of the weight is what it is multiplied by.
    sign:   with which sign the product and the bias stand in the same sum.
    """

    op: str
    left: bool
    weight: int
    bias: int | None
    sign: float
    row: int = -1
    ones: float = 1.0


@dataclass(frozen=True, eq=False)
class Column:
    """One piece of data: its means and spreads, with one row of them, and the products that it stands in."""

    name: str
    position: int
    mean: Array
    spread: Array
    products: tuple[Product, ...]

    def standard(self, data: Any) -> Array:
        """The standardised data."""
        return (np.asarray(data) - self.mean) / self.spread

    def shift(self, product: Product, weight: Any) -> Array:
        """What the means add to the product."""
        sides = (self.mean, weight) if product.left else (weight, self.mean)
        return np.asarray(np.multiply(*sides) if product.op == "multiply" else np.matmul(*sides))

    def scale(self, product: Product, weight: Any) -> Array:
        """The spread that each number of the weight belongs to."""
        if product.op == "multiply":
            return np.asarray(self.spread.reshape(np.shape(weight)) if np.ndim(weight) else self.spread.ravel()[0])
        if product.left:
            spread = self.spread.ravel()
            return spread[:, None] if np.ndim(weight) == 2 else spread
        return self.spread.ravel()


def names_of(problem: Problem) -> tuple[str, ...]:
    """What each piece of the data is called."""
    keys = problem.f.keys if isinstance(problem.f, (ByFormula, ByName)) else ()
    return keys or tuple(f"data[{i}]" for i in range(len(problem.varying)))


class NotLinear(Exception):
    """Why a column cannot be put back."""


class Finding:
    """The graph of a loss, searched for products of data with weights."""

    def __init__(self, problem: Problem) -> None:
        loss = lambda leaves, *data: problem.f(problem.params(leaves), *data)  # noqa: E731
        self.pieces = sample_of(problem)
        self.totals = totals_of(problem.own) if isinstance(problem, Large) else [None] * len(self.pieces)
        traced = trace_call(loss, (problem.start, *self.pieces), {})
        self.problem, self.graph = problem, traced.graph
        self.leaves = {place: i for i, place in enumerate(traced.arguments[0].positions)}
        self.data = [argument.positions[0] if argument.positions else None for argument in traced.arguments[1:]]
        self.users: dict[int, list[int]] = {}
        for position, node in enumerate(self.graph.nodes):
            for i in node.inputs:
                self.users.setdefault(i, []).append(position)

    def column(self, position: int, name: str) -> Column:
        """The column at this position of the data. Raises NotLinear."""
        value, node, totals = np.asarray(self.pieces[position]), self.data[position], self.totals[position]
        if node is None or not value.ndim or value.dtype.kind not in "fiu":
            raise NotLinear("is no column of numbers")
        users = self.users.get(node, [])
        if not users:
            raise NotLinear("is not used in the loss")
        axes = {self._features(node, user, value) for user in users}
        if len(axes) > 1:
            raise NotLinear("is multiplied by weights of different kinds")
        axis = axes.pop()
        if totals is not None and axis == 0:
            raise NotLinear("has its rows along another axis than the parts of the data")
        mean, spread = _statistics(value, axis) if totals is None else totals.statistics(axis)
        if not np.any(mean) and np.all(spread == 1):
            raise NotLinear("has no spread")
        ones = _equal(value) if totals is None else np.where(totals.lowest == totals.highest, totals.lowest, 0)
        products = tuple(self._product(node, user, mean, ones) for user in users)
        return Column(name, position, mean, spread, products)

    def _features(self, node: int, user: int, value: Array) -> int | None:
        """The axis along which a column has features of their own; None where one weight is for all."""
        op = self.graph.nodes[user]
        if op.op not in ("multiply", "matmul") or len(op.inputs) != 2 or op.inputs[0] == op.inputs[1]:
            raise NotLinear(f"stands in {op.op}{_at(op)}")
        other = op.inputs[1] if op.inputs[0] == node else op.inputs[0]
        leaf = self._leaf(other)
        if leaf is None:
            raise NotLinear(f"is multiplied by what is no parameter, or by one that is used elsewhere too{_at(op)}")
        shape = np.shape(self.problem.start[leaf])
        if op.op == "matmul":
            if value.ndim != 2 or len(shape) not in (1, 2) or other not in self.leaves:
                raise NotLinear(f"stands in a product of other shapes{_at(op)}")
            return 1 if op.inputs[0] == node else 0
        if not shape or (shape == (1,) and value.ndim == 1):
            return None
        if len(shape) == 1 and value.ndim == 2 and shape[0] == value.shape[1]:
            return 1
        raise NotLinear(f"is multiplied entry by entry by a parameter of shape {shape}{_at(op)}")

    def _leaf(self, position: int) -> int | None:
        """The parameter that this node is, laid out over rows; None where it is another thing or is used elsewhere."""
        while self.graph.nodes[position].op in LAID_OUT and len(self.users.get(position, ())) == 1:
            position = self.graph.nodes[position].inputs[0]
        return self.leaves.get(position) if len(self.users.get(position, ())) == 1 else None

    def _product(self, node: int, user: int, mean: Array, ones: Array) -> Product:
        op = self.graph.nodes[user]
        left = op.inputs[0] == node
        weight = self._leaf(op.inputs[1] if left else op.inputs[0])
        assert weight is not None, "looked at before"
        product = Product(op.op, left, weight, None, 1.0)
        column = Column("", 0, mean, np.ones_like(mean), ())
        shift = column.shift(product, self.problem.start[weight])
        for leaf, sign in self._beside(user):
            if leaf != weight and _fits(shift.shape, np.shape(self.problem.start[leaf])):
                return replace(product, bias=leaf, sign=sign)
        if op.op == "matmul" and left:
            for row in np.flatnonzero(ones)[:1]:
                return replace(product, row=int(row), ones=float(ones[row]))
        raise NotLinear(f"is multiplied by a weight, and no bias beside it can take up its mean{_at(op)}")

    def _beside(self, position: int) -> list[tuple[int, float]]:
        """The parameters that stand in the same sum, each with the sign that it has relative to the product."""
        top, sign = position, 1.0
        while len(self.users.get(top, ())) == 1 and self.graph.nodes[self.users[top][0]].op in SUMS:
            above = self.users[top][0]
            node = self.graph.nodes[above]
            if node.op == "negative" or (node.op == "subtract" and node.inputs[1] == top):
                sign = -sign
            top = above
        found: list[tuple[int, float]] = []
        waiting = [(top, 1.0)]
        while waiting:
            at, side = waiting.pop()
            node = self.graph.nodes[at]
            if at == top or (node.op in SUMS and len(self.users.get(at, ())) == 1):
                if node.op not in SUMS:
                    continue
                sides = (-side,) if node.op == "negative" else (side, -side if node.op == "subtract" else side)
                waiting += list(zip(node.inputs, sides, strict=True))
            else:
                leaf = self._leaf(at)
                if leaf is not None:
                    found.append((leaf, side * sign))
        return found[::-1]


def _at(node: Any) -> str:
    return f" ({node.where})" if node.where is not None else ""


def _equal(value: Array) -> Array:
    """For each entry of a row, the number that it is in all rows; 0 where it is not one number."""
    return np.where(np.all(value == value[:1], axis=0), value[0], 0) if len(value) else np.zeros(value.shape[1:])


def _statistics(value: Array, axis: int | None) -> tuple[Array, Array]:
    """Means and spreads, with axes of one entry; 0 and 1 for a column whose numbers are all equal."""
    over = tuple(range(value.ndim)) if axis is None else tuple(a for a in range(value.ndim) if a != axis)
    mean = np.mean(value, axis=over, keepdims=True, dtype=np.float64)
    spread = np.std(value, axis=over, keepdims=True, dtype=np.float64)
    equal = spread <= 1e-12 * np.max(np.abs(value), axis=over, keepdims=True)
    return np.where(equal, 0.0, mean), np.where(equal, 1.0, spread)


def _fits(shift: tuple[int, ...], bias: tuple[int, ...]) -> bool:
    """Whether a bias of this shape can take up a shift of that."""
    aligned = (1,) * max(0, len(shift) - len(bias)) + bias
    wide = (1,) * max(0, len(bias) - len(shift)) + shift
    return all(s == 1 or s == b for s, b in zip(wide, aligned, strict=True))
