"""Factorisations by which systems are solved: Cholesky's, and into an orthogonal and a triangular matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.notation.layout import call
from gradwork.ops._declare import Builder, node, structural, unsupported
from gradwork.ops.equal_values import sure, without_rounding
from gradwork.ops.factor_parts import (
    adjoint,
    diagonal_matrix,
    labels,
    lower_half,
    pack,
    pack_on_jax,
    part,
    traced,
    turned,
)

POSITIVE = np.array([[2.0, 0.5, -0.3], [0.5, 1.5, 0.2], [-0.3, 0.2, 1.0]])
TALL = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])
_SKEW = 0.1j * np.array([[0.0, -1.0, 2.0], [1.0, 0.0, -0.5], [-2.0, 0.5, 0.0]])


def to_triangle(hermitian: Any, lower: bool) -> Any:
    """The slopes of a Hermitian matrix as those of the one triangle that NumPy reads: each entry counts for two."""
    n = hermitian.shape[-1]
    below = (2 * np.tri(n, k=-1) + np.eye(n)).astype(hermitian.real.dtype)
    return hermitian * (below if lower else below.T)


def from_triangle(a: Any, lower: bool) -> Any:
    """The Hermitian matrix that a function reads which looks at one triangle only."""
    n = a.shape[-1]
    half = lower_half(a if lower else adjoint(a))
    return half + adjoint(half) if n else a


# -- Cholesky ---------------------------------------------------------------------------------------------------------


def _lower_cholesky(builder: Builder, a: Any, /, *, upper: bool = False) -> Any:
    return node(builder, CHOLESKY, (traced(builder, a),), upper=bool(upper))


def _cholesky_pullback(g: Any, y: Any, a: Any, upper: bool) -> tuple[Any, ...]:
    lower, slope = (adjoint(y), turned(g)) if upper else (y, np.conjugate(g))
    middle = lower_half(np.matmul(adjoint(lower), slope))
    back = np.linalg.solve(adjoint(lower), adjoint(np.linalg.solve(adjoint(lower), adjoint(middle))))
    return (np.conjugate(to_triangle((back + adjoint(back)) / 2, not upper)),)


def _cholesky_pushforward(tangents: Any, y: Any, a: Any, upper: bool) -> Any:
    lower = adjoint(y) if upper else y
    moved = from_triangle(tangents[0], not upper)
    inner = np.linalg.solve(lower, adjoint(np.linalg.solve(lower, moved)))
    result = np.matmul(lower, lower_half(inner))
    return adjoint(result) if upper else result


def _cholesky_on_jax(on: Any, a: Any, upper: bool) -> Any:
    a = on.np.conjugate(on.np.swapaxes(a, -1, -2)) if upper else a
    lower = on.np.linalg.cholesky(a, symmetrize_input=False)
    on.need(on.np.isfinite(lower))
    return on.np.conjugate(on.np.swapaxes(lower, -1, -2)) if upper else lower


CHOLESKY = structural(
    np.linalg.cholesky,
    jax=_cholesky_on_jax,
    rule="Cholesky rule",
    notation=lambda a, upper: call("cholesky", a),
    lower=_lower_cholesky,
    pullback=_cholesky_pullback,
    pushforward=_cholesky_pushforward,
    infer=lambda inputs, upper: inputs[0],
    samples=((POSITIVE, {}), (np.stack([POSITIVE, POSITIVE + np.eye(3)]), {"upper": True}), (POSITIVE + _SKEW, {})),
    why="From L L^T = A: dL L^T + L dL^T = dA, and dL is lower triangular. NumPy reads one triangle of A only.",
    source="Murray 2016, Differentiation of the Cholesky decomposition, section 3",
)


# -- QR ---------------------------------------------------------------------------------------------------------------


def _qr(a: Any, mode: str) -> Any:
    q, r = np.linalg.qr(a, mode)  # type: ignore[call-overload]
    return pack(q, r, lead=a.shape[:-2], dtype=a.dtype)


_QRResult: Any = type(np.linalg.qr(np.eye(1)))


def _lower_qr(builder: Builder, a: Any, mode: str = "reduced") -> Any:
    if mode not in ("reduced", "complete", "r"):
        raise unsupported("qr", f"mode={mode!r}")
    a = traced(builder, a)
    # R alone is a part of the reduced factorisation, to the last bit.
    y = node(builder, QR, (a,), mode="reduced" if mode == "r" else mode)
    if mode == "r":
        return _qr_parts(y, a, "reduced")[1]
    return _QRResult(*_qr_parts(y, a, mode))


def _qr_parts(y: Any, a: Any, mode: str) -> tuple[Any, Any]:
    m, n = a.shape[-2:]
    k = m if mode == "complete" else min(m, n)
    return (
        part(y, start=0, shape=(m, k), real=False, label="Q"),
        part(y, start=m * k, shape=(k, n), real=False, label="R"),
    )


def _half_triangle(x: Any) -> Any:
    """The upper triangle reflected on the diagonal, where a real number stays: what comes back to Q by R."""
    n = x.shape[-1]
    upper = x * np.triu(np.ones((n, n), x.real.dtype), 1)
    return upper + adjoint(upper) + diagonal_matrix(np.real(np.diagonal(x, 0, -2, -1)), n)


def _of_full_rank(slopes: Any, square: Any) -> Any:
    """Slopes as they are, refused where a column is made of those before it: then its direction in Q is chance."""
    sizes = np.abs(np.diagonal(square, 0, -2, -1))
    none = np.equal(without_rounding(sizes, sizes), 0).astype(sizes.dtype)
    return sure(slopes, none, 0, about="rank", values="")


def _qr_pullback(g: Any, y: Any, a: Any, mode: str) -> tuple[Any, ...]:
    (m, n), reached = a.shape[-2:], labels(g)
    k = min(m, n)
    q, r = _qr_parts(y, a, mode)
    gq, gr = (np.conjugate(x) for x in _qr_parts(g, a, mode))
    if mode == "complete" and m > k:
        if reached is None or "Q" in reached:
            gq = sure(gq[..., :k], gq[..., k:], 0, about="other vectors", values="columns of the matrix")
        q, r, gr = q[..., :k], r[..., :k, :], gr[..., :k, :]
        gq = gq[..., :k]
    square, wide = r[..., :k], a[..., k:]
    gq = _of_full_rank(gq, square)
    if n > k:
        # The columns to the right are Q^H times those of A: linear in both.
        beyond = gr[..., k:]
        gq = gq + np.matmul(wide, adjoint(beyond))
    middle = np.matmul(gr[..., :k], adjoint(square)) - np.matmul(adjoint(q), gq)
    back = adjoint(np.linalg.solve(square, adjoint(gq + np.matmul(q, _half_triangle(middle)))))
    if n > k:
        back = np.concatenate([back, np.matmul(q, beyond)], axis=-1)
    return (np.conjugate(back),)


def _qr_pushforward(tangents: Any, y: Any, a: Any, mode: str) -> Any:
    (m, n), k = a.shape[-2:], min(a.shape[-2:])
    q, r = _qr_parts(y, a, mode)
    first, square = q[..., :k], r[..., :k, :k]
    moved = _of_full_rank(tangents[0], square)
    over = adjoint(np.linalg.solve(adjoint(square), adjoint(moved[..., :k])))
    inner = np.matmul(adjoint(first), over)
    below = inner * np.tri(k, k=-1).astype(a.real.dtype)
    turn = below - adjoint(below)
    if a.dtype.kind == "c":
        turn = turn + diagonal_matrix(1j * np.imag(np.diagonal(inner, 0, -2, -1)), k)
    dq = over + np.matmul(first, turn - inner)
    dr = np.matmul(inner - turn, square)
    if n > k:
        dr = np.concatenate(
            [dr, np.matmul(adjoint(dq), a[..., k:]) + np.matmul(adjoint(first), moved[..., k:])], axis=-1
        )
    if q.shape[-1] > k:
        dq = np.concatenate([dq, np.full((*a.shape[:-2], m, m - k), np.nan, a.real.dtype)], axis=-1)
        dr = np.concatenate([dr, np.zeros((*a.shape[:-2], m - k, n), a.real.dtype)], axis=-2)
    return pack(dq, dr, lead=a.shape[:-2], dtype=a.dtype)


QR = structural(
    _qr,
    name="qr",
    jax=lambda on, a, mode: pack_on_jax(on, *on.np.linalg.qr(a, mode=mode), lead=a.shape[:-2], dtype=a.dtype),
    answers=(np.linalg.qr,),
    rule="QR rule",
    notation=lambda a, mode: call("qr", a),
    lower=_lower_qr,
    pullback=_qr_pullback,
    pushforward=_qr_pushforward,
    samples=(
        (TALL, {}),
        (TALL.T, {}),
        (POSITIVE, {"mode": "complete"}),
        (np.stack([TALL, TALL + 1]), {"mode": "r"}),
        (TALL + 1j * TALL[::-1], {}),
        (TALL.T + 1j * TALL[::-1].T, {}),
    ),
    why="From A = Q R: dA = dQ R + Q dR, where Q^T dQ is antisymmetric and dR is upper triangular.",
    source="Walter and Lehmann 2018, Algorithmic differentiation of linear algebra functions, section 4.1.3; wide "
    "matrices: Roberts and Roberts 2020",
)
