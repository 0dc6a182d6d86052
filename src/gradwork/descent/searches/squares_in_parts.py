"""A sum of squares whose rows are gone through in parts, folded into as few rows as there are parameters.

What a solver needs of residuals r and their slopes J are the products J'J, J'r and r'r. The triangle R of a QR
decomposition of (J, r) has the same products, as R'R; and the triangle of all rows is that of the parts' triangles,
one below the other. So one part is in memory at a time, and no digits are lost, as they would be in the products.

Source: Golub and Van Loan, Matrix Computations, 2013, section 6.5 (rows that come one block after the other); Demmel,
Grigori, Hoemmen and Langou (2012), Communication-optimal parallel and sequential QR and LU factorizations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradwork.descent.by_rows import Batch, Split, without_rows
from gradwork.descent.large import Large
from gradwork.descent.problem import Array, Leaves, Problem
from gradwork.descent.searches.squares import Squares, check_size, residuals_of, squares_of
from gradwork.descent.shards import Shards

Rows = Problem | Shards
_At = tuple[Leaves, Leaves | None, Batch | None]


def all_squares(problem: Rows, leaves: Leaves, beside: Leaves | None = None) -> tuple[Squares, Array | None]:
    """The squares of all rows at a point, and the residuals at another one, folded in the same way.

    Raises ArgumentError for a loss that is no sum of squares, or that cannot be split over rows where it has to be.
    """
    if isinstance(problem, Problem) and not isinstance(problem, Large):
        return squares_of(problem, leaves), None if beside is None else residuals_of(problem, beside)
    return _folded(problem, leaves, beside)


def own_of(problem: Rows) -> Problem:
    """The problem, also of one that is spread over workers."""
    return problem.problem if isinstance(problem, Shards) else problem


def some_squares(problem: Problem, leaves: Leaves) -> Squares:
    """The squares of all rows, or of the first part of them, as they count in the loss."""
    if not isinstance(problem, Large):
        return squares_of(problem, leaves)
    found = squares_of(problem, leaves, problem.sample)
    count = next(count for count in problem.own.counts if count)
    root = math.sqrt(problem.split.weight(count, problem.rows))
    return Squares(root * found.residual, root * found.jacobian)


def _folded(problem: Rows, leaves: Leaves, beside: Leaves | None) -> tuple[Squares, Array | None]:
    own = own_of(problem)
    check_size(own.size + 2, own.size)
    split: Split = problem.split  # type: ignore[union-attr]
    none = _none(own) if split.has_more else None
    triangle, size = np.zeros((0, own.size + 1 + (beside is not None))), 0.0
    for count, (part, of_part) in _parts(problem, (leaves, beside, none)):
        weight = split.weight(count, own.rows)
        triangle = _triangle(np.concatenate([triangle, math.sqrt(weight) * part]))
        size += weight * of_part
    if none is not None:  # what does not hang on the rows, once
        part, of_part = part_of_squares(own, (leaves, beside, None), none)
        triangle, size = _triangle(np.concatenate([triangle, part])), size + of_part
    rows = np.zeros((triangle.shape[1], triangle.shape[1]))
    rows[: len(triangle)] = triangle
    squares = Squares(rows[:, own.size], rows[:, : own.size], math.sqrt(size))
    return squares, None if beside is None else rows[:, own.size + 1]


def _parts(problem: Rows, at: _At) -> Iterator[tuple[int, tuple[Array, float]]]:
    if isinstance(problem, Shards):
        yield from problem.each(part_of_squares, at)
        return
    assert isinstance(problem, Large)
    for part, numbers in problem.numbered_parts():
        yield len(numbers), part_of_squares(problem, at, part)


def _none(problem: Problem) -> Batch:
    return without_rows(problem, problem.sample if isinstance(problem, Large) else problem.data)


def part_of_squares(problem: Problem, at: _At, rows: Batch) -> tuple[Array, float]:
    """The triangle of the slopes and residuals of some rows, and how large all products of slopes and weights are.

    at: the point, another one whose residuals stand beside, and data without rows where what is there too is left out.
    """
    leaves, beside, none = at
    found = squares_of(problem, leaves, rows, none)
    columns = [found.jacobian, found.residual[:, None]]
    if beside is not None:
        columns.append(residuals_of(problem, beside, rows, none)[:, None])
    weight = np.concatenate([np.ravel(leaf) for leaf in leaves]).astype(np.float64)
    size = float(np.sum((np.abs(found.jacobian) @ np.abs(weight)) ** 2))
    return _triangle(np.concatenate(columns, axis=1)), size


def _triangle(rows: Array) -> Array:
    """The triangle of a QR decomposition; numbers that are not finite stay so."""
    if not np.all(np.isfinite(rows)):
        return np.full((1, rows.shape[1]), np.nan)
    return np.asarray(np.linalg.qr(rows, mode="r")) if len(rows) > 1 else rows
