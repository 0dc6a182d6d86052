"""Powers and chains of matrices, and systems of equations in several axes: written in terms of products and systems."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradwork.errors import ShapeError
from gradwork.graph import frames
from gradwork.ops._declare import Traced, composite, finish

A = np.array([[2.0, 0.5, 0.1], [0.3, 1.5, -0.4], [-0.2, 0.6, 1.1]])
B = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])
V = np.array([0.5, -2.0, 1.0])


def _matrix_power(a: Any, n: Any) -> Any:
    n = operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            f"matrix_power cannot take an array of shape {a.shape}",
            where=frames.user_where(),
            why="a power is a product of a square matrix with itself",
        )
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape) + np.zeros_like(a)
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n <= 3:
        return a if n == 1 else np.matmul(a, a) if n == 2 else np.matmul(np.matmul(a, a), a)
    square, result = None, None
    while n:
        square = a if square is None else np.matmul(square, square)
        n, bit = divmod(n, 2)
        if bit:
            result = square if result is None else np.matmul(result, square)
    return result


composite(
    np.linalg.matrix_power,
    rule="product rule",
    lower=_matrix_power,
    samples=((A, 3), (A, -2), (np.stack([A, A + 1]), 5), (A, 0), (A, 1)),
    why="A product of the matrix, or of its inverse, with itself.",
    source="by definition; squared again and again, as NumPy does",
)


def _multi_dot(arrays: Any, *, out: Any = None) -> Any:
    pieces = list(arrays)
    first, last = pieces[0].ndim, pieces[-1].ndim
    if first == 1:
        pieces[0] = np.reshape(pieces[0], (1, -1))
    if last == 1:
        pieces[-1] = np.reshape(pieces[-1], (-1, 1))
    result = _in_best_order(pieces)
    if first == 1 or last == 1:
        shape = result.shape[0 if first != 1 else 1 : 1 if last == 1 else 2]
        result = np.reshape(result, shape)
    return finish(result, out)


def _in_best_order(pieces: list[Any]) -> Any:
    """The product with the fewest multiplications: dynamic programming over where the last one stands."""
    n = len(pieces)
    sizes = [pieces[0].shape[0], *(p.shape[1] for p in pieces)]
    cost = [[0] * n for _ in range(n)]
    split = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            ways = [cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)]
            cost[i][j] = min(ways)
            split[i][j] = i + ways.index(cost[i][j])

    def product(i: int, j: int) -> Any:
        return pieces[i] if i == j else np.matmul(product(i, split[i][j]), product(split[i][j] + 1, j))

    return product(0, n - 1)


composite(
    np.linalg.multi_dot,
    rule="matrix product rule",
    lower=_multi_dot,
    exact=False,
    samples=(([A, B, B.T], {}), ([V, A, B], {}), ([V, A, V], {}), ([B.T, V], {})),
    why="A matrix product after the other, in the order that takes the fewest multiplications.",
    source="Cormen and others, Introduction to Algorithms, 2009, section 15.2",
)


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
    if axes is not None:
        stay = [k for k in range(a.ndim) if k not in [i % a.ndim for i in axes]]
        a = np.transpose(a, (*stay, *(i % a.ndim for i in axes)))
    rest = a.shape[b.ndim :]
    size = int(np.prod(rest, dtype=np.int64))
    if a.size != size**2:
        raise ShapeError(
            f"tensorsolve cannot take shapes {a.shape} and {b.shape}",
            where=frames.user_where(),
            why="the axes of a that b has, and those that it does not have, must hold equally many entries",
        )
    return np.reshape(np.linalg.solve(np.reshape(a, (size, size)), np.ravel(b)), rest)


def _tensorinv(a: Any, ind: int = 2) -> Any:
    before, after = a.shape[:ind], a.shape[ind:]
    if ind <= 0:
        raise ShapeError(f"tensorinv needs ind above 0, and it is {ind}", where=frames.user_where())
    size = int(np.prod(after, dtype=np.int64))
    return np.reshape(np.linalg.inv(np.reshape(a, (size, -1))), (*after, *before))


_FOUR = np.reshape(np.eye(4) + np.arange(16.0).reshape(4, 4) ** 2 / 40, (2, 2, 4))
composite(
    np.linalg.tensorsolve,
    rule="linear system rule",
    lower=_tensorsolve,
    samples=((_FOUR, B[:2]), (np.moveaxis(_FOUR, 2, 0), B[:2], {"axes": (0,)})),
    why="A system of equations, once the axes are laid side by side.",
    source="as for solve",
)
composite(
    np.linalg.tensorinv,
    rule="inverse rule",
    lower=_tensorinv,
    samples=((_FOUR, {}), (_FOUR.reshape(4, 2, 2), {"ind": 1})),
    why="An inverse, once the axes are laid side by side.",
    source="as for inv",
)
