"""Norms of vectors and matrices, in every order; condition numbers; ranks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.errors import ShapeError
from gradwork.graph import frames
from gradwork.ops._declare import Traced, composite
from gradwork.ops.equal_values import without_rounding
from gradwork.ops.reductions import root_of_sum

TABLE = np.array([[0.5, -1.0, 2.0], [1.5, -0.8, 0.25]])
SQUARE = np.array([[1.0, 0.5, 0.2], [0.3, 2.0, -0.4], [-0.2, 0.6, 3.5]])
ROW = np.array([3.0, -4.0, 1.0])
_SOURCE = "convention: norm 0 at the origin, as torch chooses; ties of the largest or smallest are shared"


def _array(x: Any) -> Any:
    x = x if isinstance(x, Traced) else np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = _array(x)
    if axis is None:
        axes = tuple(range(x.ndim))
        if ord is None:
            return _length(x, axes, keepdims)
    else:
        axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
        axes = tuple(np.lib.array_utils.normalize_axis_index(int(a), x.ndim) for a in axes)
    if len(axes) == 1:
        return _of_vector(x, 2 if ord is None else ord, axes, keepdims)
    if len(axes) == 2:
        return _of_matrix(x, "fro" if ord is None else ord, axes, keepdims)
    raise ShapeError(
        f"a norm of order {ord!r} cannot be taken over {len(axes)} axes",
        where=frames.user_where(),
        why="a vector has one axis, a matrix two",
        hint="axis=..., or ord=None for the root of the sum of all squares",
    )


def _length(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    squares = np.square(np.real(x)) + np.square(np.imag(x)) if x.dtype.kind == "c" else np.square(x)
    return root_of_sum(np.sum(squares, axis=axes, keepdims=keepdims))


def _of_vector(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if isinstance(order, str) or order is None:
        raise _unknown(order, "vectors")
    if order == np.inf:
        # Of no entries the largest is 0, as their sum is.
        largest = np.max if _count(x, axes) else np.sum
        return largest(np.abs(x), axis=axes, keepdims=keepdims)
    if order == -np.inf:
        return np.min(np.abs(x), axis=axes, keepdims=keepdims)
    if order == 0:
        return np.sum(np.not_equal(x, 0).astype(x.real.dtype), axis=axes, keepdims=keepdims)
    if order == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdims)
    if order == 2:
        return _length(x, axes, keepdims)
    return _of_power(np.abs(x), order, axes, keepdims)


def _count(x: Any, axes: tuple[int, ...]) -> int:
    return math.prod(x.shape[i] for i in axes)


def _of_power(sizes: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The sum of powers, to the power 1/order. Where that is 0 there is no direction, and the slope is taken as 0."""
    nothing = np.all(np.equal(sizes, 0), axis=axes, keepdims=True)
    if order < 0:
        # One entry of 0 is enough: its power is infinite.
        nothing = np.any(np.equal(sizes, 0), axis=axes, keepdims=True)
    one, none = np.ones((), sizes.dtype), np.zeros((), sizes.dtype)
    total = np.sum(np.where(nothing, one, sizes) ** order, axis=axes, keepdims=True) ** (1.0 / order)
    found = np.where(nothing, none, total)
    return found if keepdims else np.squeeze(found, axis=axes)


def _of_matrix(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    row, column = axes
    if row == column:
        raise ShapeError(
            "the two axes of a matrix norm are one and the same", where=frames.user_where(), hint="axis=(-2, -1)"
        )
    if order in ("fro", "f", None):
        return _length(x, axes, keepdims)
    if order in ("nuc", 2, -2):
        s = np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1)))
        found = np.sum(s, axis=-1) if order == "nuc" else _extreme(s, order > 0)
        return np.reshape(found, tuple(1 if i in axes else n for i, n in enumerate(x.shape))) if keepdims else found
    if order not in (1, -1, np.inf, -np.inf):
        raise _unknown(order, "matrices")
    down, across = (row, column) if abs(order) == 1 else (column, row)
    sums = np.sum(np.abs(x), axis=down, keepdims=True)
    extreme = np.min if order < 0 else np.max if x.shape[across] else np.sum
    found = extreme(sums, axis=across, keepdims=True)
    return found if keepdims else np.squeeze(found, axis=axes)


def _extreme(s: Any, largest: bool) -> Any:
    """The largest or the smallest singular value; those that differ by rounding alone share it evenly."""
    if not s.shape[-1]:
        return np.sum(s, axis=-1) if largest else np.min(s, axis=-1)
    end = s[..., :1] if largest else s[..., -1:]
    chosen = np.equal(without_rounding(s - end, s), 0).astype(s.dtype)
    return np.sum(s * chosen, axis=-1) / np.sum(chosen, axis=-1)


def _unknown(order: Any, what: str) -> ShapeError:
    return ShapeError(
        f"there is no norm of order {order!r} for {what}",
        where=frames.user_where(),
        hint="None, 'fro', 'nuc', 1, -1, 2, -2, np.inf or -np.inf" if what == "matrices" else "a number, or np.inf",
    )


def _vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = _array(x)
    axes = tuple(range(x.ndim)) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    return _of_vector(x, ord, tuple(int(a) % x.ndim for a in axes), keepdims)


def _matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    x = _array(x)
    return _of_matrix(x, ord, (x.ndim - 2, x.ndim - 1), keepdims)


def _cond(x: Any, p: Any = None) -> Any:
    x = _array(x)
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        largest, smallest = _extreme(s, True), _extreme(s, False)
        return smallest / largest if p == -2 else largest / smallest
    return np.linalg.norm(x, ord=p, axis=(-2, -1)) * np.linalg.norm(np.linalg.inv(x), ord=p, axis=(-2, -1))


def _rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    if A.ndim < 2:
        return np.any(np.not_equal(A, 0)).astype(np.int64)
    s = np.linalg.svdvals(A) if not hermitian else np.sort(np.abs(np.linalg.eigvalsh(A)), axis=-1)
    if tol is None:
        rtol = max(A.shape[-2:]) * np.finfo(s.dtype).eps if rtol is None else np.asarray(rtol)[..., None]
        tol = np.max(s, axis=-1, keepdims=True, initial=0) * rtol
    else:
        tol = tol[..., None] if np.ndim(tol) else tol
    return np.sum(np.greater(s, tol), axis=-1)


composite(
    np.linalg.norm,
    rule="square root of the sum of squares",
    lower=_norm,
    exact=False,
    samples=(
        (TABLE, {}),
        (np.array([3.0, 4.0]), {}),
        (TABLE, {"axis": 1}),
        *((TABLE, {"ord": order, "axis": 0}) for order in (1, 0, 3, 0.5, -1, -2.5, np.inf, -np.inf)),
        *((TABLE, {"ord": order}) for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)),
        (TABLE, {"ord": "nuc", "axis": (1, 0), "keepdims": True}),
        (ROW, {"ord": 3}),
        (TABLE * (1 + 2j), {}),
        (TABLE * (1 + 2j), {"ord": 3, "axis": 1}),
    ),
    why="Pythagoras, and the square root rule; 0 at the origin.",
    source=_SOURCE,
)
composite(
    np.linalg.vector_norm,
    rule="square root of the sum of squares",
    lower=_vector_norm,
    exact=False,
    samples=((TABLE, {}), (TABLE, {"axis": 0, "ord": 3}), (TABLE, {"ord": np.inf, "keepdims": True})),
    why="Pythagoras, and the square root rule; 0 at the origin.",
    source=_SOURCE,
)
composite(
    np.linalg.matrix_norm,
    rule="square root of the sum of squares",
    lower=_matrix_norm,
    exact=False,
    samples=((TABLE, {}), (np.stack([TABLE, TABLE + 1]), {"ord": "nuc"}), (TABLE, {"ord": 2, "keepdims": True})),
    why="Pythagoras, and the square root rule; or sums, and extremes, of singular values or of sizes.",
    source=_SOURCE,
)
composite(
    np.linalg.cond,
    rule="quotient rule",
    lower=_cond,
    exact=False,
    samples=(
        (SQUARE, {}),
        (TABLE, {"p": -2}),
        *((SQUARE, {"p": p}) for p in ("fro", "nuc", 1, -1, np.inf, -np.inf)),
        (np.stack([SQUARE, SQUARE + 1]), {}),
    ),
    why="The largest singular value over the smallest; or the norm of the matrix times that of its inverse.",
    source="Golub and Van Loan, Matrix Computations, 2013, section 2.6.2",
)
composite(
    np.linalg.matrix_rank,
    rule="step rule",
    lower=lambda *args, **kwargs: _rank(*args, **kwargs),
    samples=((SQUARE, {}), (np.stack([SQUARE, SQUARE * 0]), {})),
    words=("matrix_rank",),
    why="A whole number has no slope.",
    source="by definition",
)
