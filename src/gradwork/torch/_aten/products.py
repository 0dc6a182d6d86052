"""Products of matrices, and what linear algebra solves."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.torch._aten import aten


@aten("mm", "bmm", "mv", "matmul")
def _product(a: Any, b: Any) -> Any:
    return a @ b


@aten("dot", "vdot")
def _inner(a: Any, b: Any) -> Any:
    return np.sum(a * b)


@aten("addmm", "baddbmm", "addmv")
def _with_bias(c: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    product = a @ b if alpha == 1 else alpha * (a @ b)
    return product if beta == 0 else product + (c if beta == 1 else beta * c)


@aten("addbmm")
def _with_products(c: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    total = np.sum(a @ b, axis=0)
    return beta * c + alpha * total


@aten("addr")
def _with_outer(c: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    return beta * c + alpha * (a[:, None] * b)


@aten("_trilinear")
def _trilinear(
    a: Any, b: Any, c: Any, expand1: Any, expand2: Any, expand3: Any, sumdim: Any, unroll_dim: int = 1
) -> Any:
    for axis in sorted(expand1):
        a = np.expand_dims(a, axis)
    for axis in sorted(expand2):
        b = np.expand_dims(b, axis)
    for axis in sorted(expand3):
        c = np.expand_dims(c, axis)
    letters = "abcdefgh"[: a.ndim]
    left = "".join(x for k, x in enumerate(letters) if k not in sumdim)
    shape = np.broadcast_shapes(a.shape, b.shape, c.shape)
    used = [_used(v, shape, letters) for v in (a, b, c)]
    spread = [axis for axis, x in enumerate(letters) if x in left and all(x not in names for names, _ in used)]
    if spread:
        return np.sum(a * b * c, axis=tuple(sumdim))
    return np.einsum(",".join(names for names, _ in used) + f"->{left}", *(v for _, v in used))


def _used(value: Any, shape: tuple[int, ...], letters: str) -> tuple[str, Any]:
    """A factor without the axes along which it is only spread."""
    kept = [axis for axis, n in enumerate(shape) if value.shape[axis] == n]
    return "".join(letters[a] for a in kept), np.reshape(value, tuple(value.shape[a] for a in kept))


@aten("trace")
def _trace(x: Any) -> Any:
    return np.trace(x)


@aten("linalg_cross")
def _cross(a: Any, b: Any, dim: int = -1) -> Any:
    return np.cross(a, b, axis=dim)


@aten("linalg_inv_ex")
def _inverse(x: Any, **_: Any) -> Any:
    return np.linalg.inv(x), None


@aten("_linalg_solve_ex")
def _solution(a: Any, b: Any, left: bool = True, check_errors: bool = False) -> Any:
    if not left:
        return np.swapaxes(_solution(np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2))[0], -1, -2), None, None, None
    if b.ndim == a.ndim - 1:
        return np.linalg.solve(a, b[..., None])[..., 0], None, None, None
    return np.linalg.solve(a, b), None, None, None


@aten("linalg_solve_triangular")
def _triangular(a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    a = np.triu(a) if upper else np.tril(a)
    if unitriangular:
        a = a - a * np.eye(a.shape[-1]) + np.eye(a.shape[-1])
    return _solution(a, b, left)[0]


@aten("_linalg_det")
def _determinant(x: Any) -> Any:
    return np.linalg.det(x), None, None


@aten("_linalg_slogdet")
def _log_determinant(x: Any) -> Any:
    sign, log = np.linalg.slogdet(x)
    return sign, log, None, None


@aten("linalg_cholesky_ex")
def _cholesky(x: Any, upper: bool = False, check_errors: bool = False) -> Any:
    found = np.linalg.cholesky(x)
    return (np.swapaxes(found, -1, -2) if upper else found), None


@aten("linalg_pinv.atol_rtol_tensor")
def _pseudoinverse(x: Any, **_: Any) -> Any:
    return np.linalg.pinv(x)


@aten("linalg_qr")
def _qr(x: Any, mode: Any = "reduced") -> Any:
    return tuple(np.linalg.qr(x, mode=mode))


@aten("_linalg_svd")
def _svd(x: Any, full_matrices: bool = False, compute_uv: bool = True, **_: Any) -> Any:
    if not compute_uv:
        return None, np.linalg.svd(x, compute_uv=False), None
    return tuple(np.linalg.svd(x, full_matrices=full_matrices))


@aten("_linalg_eigh")
def _eigh(x: Any, UPLO: Any = "L", compute_v: bool = True) -> Any:
    return tuple(np.linalg.eigh(x, UPLO)) if compute_v else (np.linalg.eigvalsh(x, UPLO), None)


@aten("_pdist_forward")
def _own_distances(x: Any, p: float = 2.0) -> Any:
    first, second = np.triu_indices(x.shape[0], 1)
    gap = x[first] - x[second]
    return np.sqrt(np.sum(gap**2, axis=-1)) if p == 2 else np.sum(np.abs(gap) ** p, axis=-1) ** (1 / p)


@aten("_linalg_check_errors")
def _nothing(*_: Any, **__: Any) -> Any:
    return None


@aten("_cdist_forward")
def _distances(a: Any, b: Any, p: float, mode: Any = None) -> Any:
    gap = a[..., :, None, :] - b[..., None, :, :]
    if p == 2:
        return np.sqrt(np.sum(gap**2, axis=-1))
    if p == 1:
        return np.sum(np.abs(gap), axis=-1)
    return np.sum(np.abs(gap) ** p, axis=-1) ** (1 / p)


@aten(
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_flash_attention",
)
def _attention(
    q: Any, k: Any, v: Any, dropout_p: float = 0.0, is_causal: bool = False, attn_mask: Any = None, scale: Any = None
) -> Any:
    scores = q @ np.swapaxes(k, -1, -2) * (1 / np.sqrt(q.shape[-1]) if scale is None else scale)
    if is_causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    if attn_mask is not None:
        scores = scores + attn_mask
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return (e / np.sum(e, axis=-1, keepdims=True)) @ v, *([None] * 8)
