"""Products of whole arrays: matrix product, dot, outer, tensordot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.errors import ShapeError
from gradwork.graph import frames
from gradwork.notation.layout import infix
from gradwork.ops._declare import Builder, Traced, composite, finish, node, structural, unsupported
from gradwork.ops.shaping import _sum_to as sum_to

A = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
B = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])
V = np.array([0.5, -2.0, 1.0])


def _turned(a: Any) -> Any:
    return np.transpose(a) if a.ndim == 2 else np.swapaxes(a, -1, -2)


def _matmul_pullback(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Slopes of a matrix product: g bᵀ for the left side, aᵀ g for the right one."""
    if a.ndim == 1 and b.ndim == 1:
        return g * b, g * a
    if a.ndim == 1:
        da, db = _matmul_pullback(g[..., None, :], y, a[None, :], b)
        return sum_to(da, (1, *a.shape))[0], db
    if b.ndim == 1:
        if a.ndim == 2:
            return g[:, None] * b[None, :], np.matmul(_turned(a), g)
        da, db = _matmul_pullback(g[..., None], y, a, b[:, None])
        return da, sum_to(db, (*b.shape, 1))[:, 0]
    return sum_to(np.matmul(g, _turned(b)), a.shape), sum_to(np.matmul(_turned(a), g), b.shape)


def _lower_matmul(builder: Builder, a: Any, b: Any, out: Any = None, dtype: Any = None, **other: Any) -> Any:
    if any(v is not None and v not in ("same_kind", "K", True) for v in other.values()):
        raise unsupported("matmul", ", ".join(f"{name}={value!r}" for name, value in other.items()))
    made = node(builder, MATMUL, (a, b))
    return finish(made if dtype is None else made.astype(dtype), out)


def _shapes(inputs: Any) -> tuple[tuple[int, ...], Any]:
    (a, s), (b, t) = inputs
    if len(a) == 2 and len(b) == 2 and a[1] == b[0]:
        return (a[0], b[1]), np.result_type(s, t)
    return np.matmul(
        np.broadcast_to(np.ones((), bool), a), np.broadcast_to(np.ones((), bool), b)
    ).shape, np.result_type(s, t)


MATMUL = structural(
    np.matmul,
    answers=(np.matmul, np.linalg.matmul),
    rule="matrix product rule",
    notation=lambda a, b: infix("@", a, b),
    lower=_lower_matmul,
    pullback=_matmul_pullback,
    linear="each",
    analytic=True,
    infer=_shapes,
    arity=2,
    samples=((A, B, {}), (A, V, {}), (V, B, {}), (V, V, {}), (np.stack([A, -A]), B, {}), (A, np.stack([B, B + 1]), {})),
    symbol="@",
    why="Each entry of the product is a sum of products; collecting what comes back to one factor gives g Bᵀ and Aᵀ g.",
    source="Petersen and Pedersen, The Matrix Cookbook, 2012, section 2",
)


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
    if a.ndim == 0 or b.ndim == 0:
        return finish(np.multiply(a, b), out)
    if b.ndim <= 2 and a.ndim <= 2:
        return np.matmul(a, b) if out is None else finish(np.matmul(a, b), out)
    joined: Any = np.tensordot(a, b, axes=(a.ndim - 1, max(b.ndim - 2, 0)))
    return finish(joined, out)


composite(
    np.dot,
    rule="matrix product rule",
    lower=_dot,
    samples=((A, B, {}), (V, V, {}), (A, V, {}), (np.array(2.0), A, {})),
    why="A sum of products.",
    source="as for the matrix product",
)
composite(
    np.vdot,
    exact=False,
    rule="matrix product rule",
    lower=lambda a, b: np.matmul(np.conjugate(np.ravel(a)), np.ravel(b)),
    samples=((V, V + 1, {}), (V * (1 + 2j), V * 1j, {}), (A, A + 1, {})),
    why="A sum of products.",
    source="as for the matrix product",
)
composite(
    np.inner,
    exact=False,
    rule="matrix product rule",
    lower=lambda a, b: np.multiply(a, b) if np.ndim(a) == 0 or np.ndim(b) == 0 else np.tensordot(a, b, axes=(-1, -1)),
    samples=((V, V, {}), (A, A + 1, {})),
    why="A sum of products over the last axes.",
    source="as for the matrix product",
)
composite(
    np.outer,
    rule="product rule",
    lower=lambda a, b, out=None: finish(np.ravel(a)[:, None] * np.ravel(b)[None, :], out),
    answers=(np.outer, np.linalg.outer),
    samples=((V, V, {}), (V, np.array([1.0, 2.0]), {})),
    why="Every entry of one times every entry of the other.",
    source="DLMF 1.4.11",
)


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
    if not hasattr(axes, "__len__"):
        left, right = tuple(range(a.ndim - int(axes), a.ndim)), tuple(range(int(axes)))
    else:
        left, right = (tuple(map(int, np.atleast_1d(x))) for x in axes)
    if len(left) != len(right) or any(i >= a.ndim for i in left) or any(i >= b.ndim for i in right):
        raise _no_fit(a, b, left, right, "both have as many axes to sum over")
    left, right = tuple(i % a.ndim for i in left), tuple(i % b.ndim for i in right)
    if any(a.shape[i] != b.shape[k] for i, k in zip(left, right, strict=True)):
        raise _no_fit(a, b, left, right, "axes that are summed over have the same length")
    stay_a = [i for i in range(a.ndim) if i not in left]
    stay_b = [i for i in range(b.ndim) if i not in right]
    rows, inner, columns = (math.prod(x.shape[i] for i in kept) for x, kept in ((a, stay_a), (a, left), (b, stay_b)))
    flat_a = np.reshape(np.transpose(a, (*stay_a, *left)), (rows, inner))
    flat_b = np.reshape(np.transpose(b, (*right, *stay_b)), (inner, columns))
    return np.reshape(np.matmul(flat_a, flat_b), (*(a.shape[i] for i in stay_a), *(b.shape[i] for i in stay_b)))


def _no_fit(a: Any, b: Any, left: Any, right: Any, why: str) -> ShapeError:
    return ShapeError(
        f"tensordot cannot take {a.shape} over the axes {left} and {b.shape} over {right}",
        where=frames.user_where(),
        why=why,
    )


composite(
    np.tensordot,
    answers=(np.tensordot, np.linalg.tensordot),
    exact=False,
    rule="matrix product rule",
    lower=_tensordot,
    samples=((A, B, {"axes": 1}), (A, A + 1, {"axes": 2}), (A, B, {"axes": ((0,), (1,))}), (A, B, {"axes": 0})),
    why="A matrix product, once the axes are laid side by side.",
    source="as for the matrix product",
)


def _of_vectors(rows: bool, conjugated: bool, columns: bool) -> Any:
    """A product in which either side may be a vector, or a stack of vectors, along its last axis."""

    def lower(a: Any, b: Any, out: Any = None, axis: Any = None, **other: Any) -> Any:
        if any(v is not None and v not in ("same_kind", "K", True) for v in other.values()):
            raise unsupported("this product", ", ".join(f"{k}={v!r}" for k, v in other.items()))
        a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
        if axis is not None:
            a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
        a = np.conjugate(a) if conjugated else a
        a = a[..., None, :] if rows else a
        made = np.matmul(a, b[..., :, None] if columns else b)
        made = made[..., 0] if columns else made
        return finish(made[..., 0] if rows and columns else made[..., 0, :] if rows else made, out)

    return lower


_SAMPLES: dict[str, Any] = {
    "vecdot": ((V, V + 1, {}), (A, V, {}), (B, B + 1, {"axis": 0}), (V * (1 + 2j), V * 1j, {})),
    "matvec": ((A, V, {}), (np.stack([A, A + 1]), V, {}), (A, np.stack([V, V + 1]), {})),
    "vecmat": ((V, B, {}), (V * 1j, B * (1 + 1j), {}), (np.stack([V, V + 1]), B, {})),
}
# matvec and vecmat came with NumPy 2.2.
for _name, _sides in (
    ("vecdot", (True, True, True)),
    ("matvec", (False, False, True)),
    ("vecmat", (True, True, False)),
):
    if hasattr(np, _name):
        composite(
            getattr(np, _name),
            answers=tuple(getattr(m, _name) for m in (np, np.linalg) if hasattr(m, _name)),
            exact=False,
            rule="matrix product rule",
            lower=_of_vectors(*_sides),
            samples=_SAMPLES[_name],
            why="A sum of products; a vector on the left is conjugated where it is complex.",
            source="as for the matrix product",
        )
