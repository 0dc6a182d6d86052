"""Linear algebra: functions of jax.numpy.linalg that NumPy has under the same name."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.jax._program import NotFollowed
from gradwork.jax.primitives import declared


@declared("jax.inv")
def _inverse(a: Any) -> Any:
    return np.linalg.inv(a)


@declared("jax.solve")
def _solved(a: Any, b: Any) -> Any:
    return np.linalg.solve(a, b)


@declared("jax.det")
def _determinant(a: Any) -> Any:
    return np.linalg.det(a)


@declared("jax.slogdet", several=True)
def _logarithm_of_determinant(a: Any) -> Any:
    return list(np.linalg.slogdet(a))


@declared("cholesky", "jax.cholesky")
def _root(a: Any) -> Any:
    return np.linalg.cholesky(a)


@declared("eigh", several=True)
def _eigenvectors(a: Any, *, subset_by_index: Any = None) -> Any:
    if subset_by_index is not None:
        raise NotFollowed("only some eigenvalues are asked for")
    values, vectors = np.linalg.eigh(a)
    return [vectors, values]


@declared("svd", several=True)
def _singular_values(a: Any, *, compute_uv: bool, full_matrices: bool, subset_by_index: Any = None) -> Any:
    if subset_by_index is not None:
        raise NotFollowed("only some singular values are asked for")
    if not compute_uv:
        return [np.linalg.svd(a, compute_uv=False)]
    left, values, right = np.linalg.svd(a, full_matrices=full_matrices)
    return [values, left, right]


@declared("qr", several=True)
def _orthogonal(a: Any, *, full_matrices: bool, pivoting: bool = False) -> Any:
    if pivoting:
        raise NotFollowed("its columns are put in another order")
    return list(np.linalg.qr(a, mode="complete" if full_matrices else "reduced"))


@declared("triangular_solve")
def _solved_by_triangle(
    a: Any, b: Any, *, left_side: bool, lower: bool, transpose_a: bool, conjugate_a: bool, unit_diagonal: bool
) -> Any:
    if conjugate_a and np.iscomplexobj(a):
        raise TypeError("a complex triangle")
    a = np.tril(a) if lower else np.triu(a)
    if unit_diagonal:
        eye = np.eye(np.shape(a)[-1])
        a = a * (1 - eye) + eye
    a = np.swapaxes(a, -1, -2) if transpose_a else a
    if left_side:
        return np.linalg.solve(a, b)
    return np.swapaxes(np.linalg.solve(np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2)), -1, -2)
