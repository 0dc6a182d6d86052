"""Products of vectors and matrices that are written in terms of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.errors import ShapeError
from gradwork.graph import frames
from gradwork.ops._declare import Traced, composite

A = np.array([[2.0, 0.5, 0.1], [0.3, 1.5, -0.4], [-0.2, 0.6, 1.1]])
B = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])
V = np.array([0.5, -2.0, 1.0])
TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])


def _kron(a: Any, b: Any) -> Any:
    a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
    ndim = max(a.ndim, b.ndim)
    left, right = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    first = np.reshape(a, tuple(n for pair in zip(left, (1,) * ndim, strict=True) for n in pair))
    second = np.reshape(b, tuple(n for pair in zip((1,) * ndim, right, strict=True) for n in pair))
    return np.reshape(first * second, tuple(m * n for m, n in zip(left, right, strict=True)))


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
    if axis is not None:
        axisa, axisb, axisc = axis, axis, axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if not {a.shape[-1], b.shape[-1]} <= {2, 3}:
        raise ShapeError(
            f"cross cannot take vectors of {a.shape[-1]} and {b.shape[-1]} numbers",
            where=frames.user_where(),
            why="a cross product is of vectors of three numbers, or of two",
        )
    (a0, a1, *a2), (b0, b1, *b2) = ([x[..., i] for i in range(x.shape[-1])] for x in (a, b))
    last = a0 * b1 - a1 * b0
    if not a2 and not b2:
        return last
    # A vector of two numbers lies in the plane: its third is 0.
    first = (a1 * b2[0] if b2 else 0) - (a2[0] * b1 if a2 else 0)
    second = (a2[0] * b0 if a2 else 0) - (a0 * b2[0] if b2 else 0)
    return np.moveaxis(np.stack([first, second, last], axis=-1), -1, axisc)


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out)


composite(
    np.kron,
    rule="product rule",
    lower=_kron,
    samples=((V, B[:, 0]), (B, A)),
    why="Every entry of one times every entry of the other.",
    source="DLMF 1.4.11",
)
composite(
    np.cross,
    rule="product rule",
    lower=_cross,
    samples=((V, B[:, 0]), (A, A + 1), (A, B[:, :1], {"axisb": 0, "axisc": 0}), (B, B[::-1], {"axis": 0})),
    why="Differences of products.",
    source="DLMF 1.6.9",
)
composite(
    np.trace,
    rule="sum rule",
    lower=_trace,
    samples=((A, {}), (TABLE, {"offset": 1})),
    why="A sum along the diagonal.",
    source="DLMF 1.4.10",
)


def _linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ShapeError(
            f"linalg.cross cannot take vectors of {x1.shape[axis]} and {x2.shape[axis]} numbers",
            where=frames.user_where(),
            why="it is of vectors of three numbers",
        )
    return np.cross(x1, x2, axis=axis)


def _alias(function: Any, name: str, rule: str, lower: Any, *samples: Any, why: str) -> None:
    composite(function, name=name, rule=rule, lower=lower, words=(), samples=samples, why=why, source="as in NumPy")


_alias(
    np.linalg.cross,
    "linalg.cross",
    "product rule",
    lambda x1, x2, /, *, axis=-1: _linalg_cross(
        *(x if isinstance(x, Traced) else np.asarray(x) for x in (x1, x2)), axis=axis
    ),
    (V, B[:, 0]),
    (B, B[::-1], {"axis": 0}),
    why="Differences of products.",
)
_alias(
    np.linalg.trace,
    "linalg.trace",
    "sum rule",
    lambda x, /, *, offset=0, dtype=None: np.trace(x, offset, -2, -1, dtype),
    (A, {}),
    (np.stack([TABLE, TABLE + 1]), {"offset": 1}),
    why="A sum along the diagonal.",
)
_alias(
    np.linalg.diagonal,
    "linalg.diagonal",
    "picking rule",
    lambda x, /, *, offset=0: np.diagonal(x, offset, -2, -1),
    (A, {}),
    (np.stack([TABLE, TABLE + 1]), {"offset": -1}),
    why="Picking by position.",
)
_alias(
    np.linalg.matrix_transpose,
    "linalg.matrix_transpose",
    "rearranging rule",
    lambda x, /: np.swapaxes(x, -1, -2),
    (np.stack([TABLE, TABLE + 1]), {}),
    why="The entries are the same.",
)
