"""The determinant, and its sign and logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import REGISTER, Op
from gradwork.notation.layout import call
from gradwork.ops._declare import Builder, node, public, structural
from gradwork.ops.equal_values import no_slope
from gradwork.ops.factor_parts import labels, pack, pack_on_jax, part, traced, turned

A = np.array([[2.0, 0.5, 0.1], [0.3, 1.5, -0.4], [-0.2, 0.6, 1.1]])
_SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))


def _rotated(xp: Any, a: Any) -> tuple[Any, Any, Any, Any]:
    u, s, w = xp.linalg.svd(a)
    return u, s, w, xp.linalg.det(u) * xp.linalg.det(w)


def _others(xp: Any, s: Any) -> Any:
    """For each number the product of all others, without a division."""
    ones = xp.ones_like(s[..., :1])
    before = xp.concatenate([ones, xp.cumprod(s[..., :-1], axis=-1)], axis=-1)
    after = xp.concatenate([xp.cumprod(s[..., :0:-1], axis=-1)[..., ::-1], ones], axis=-1)
    return before * after if s.shape[-1] else s


@public
def cofactors(a: Any) -> Any:
    """The cofactor of each entry: how much the determinant moves with it. Right for singular matrices too.

    Of A = U S W they are det(U W) conj(U) cof(S) conj(W); those of a diagonal S are products of its other entries.
    """
    return _cofactors(np, a)


def _cofactors(xp: Any, a: Any) -> Any:
    u, s, w, sign = _rotated(xp, a)
    return (xp.conj(u) * (sign[..., None] * _others(xp, s))[..., None, :]) @ xp.conj(w)


@public
def cofactor_slopes(g: Any, a: Any) -> Any:
    """What comes back to `a` through its cofactors, if `g` comes back to these. It is linear in g, and symmetric."""
    return _cofactor_slopes(np, g, a)


def _cofactor_slopes(xp: Any, g: Any, a: Any) -> Any:
    u, s, w, sign = _rotated(xp, a)
    n = s.shape[-1]
    inner = xp.conj(xp.swapaxes(u, -1, -2)) @ g @ xp.conj(xp.swapaxes(w, -1, -2)) * sign[..., None, None]
    # Row i, column j: the product of all singular values but those two.
    eye = np.eye(n, dtype=bool)
    rest = xp.where(eye, 0, _others(xp, xp.where(eye, 1, s[..., None, :])))
    along = xp.einsum("...ij,...ii->...j", rest, inner)
    back = xp.where(eye, along[..., None, :], -xp.swapaxes(rest * inner, -1, -2))
    return (xp.conj(u) @ back @ xp.conj(w)).astype(np.result_type(g.dtype, a.dtype))


def _slopes_pullback(h: Any, y: Any, g: Any, a: Any) -> tuple[Any, Any]:
    """Once more: with C = cof(a), the slopes are (C tr(gT C) - C gT C) / det a."""
    det, c = not_nought(np.linalg.det(a)), cofactors(a)
    ht, gt = turned(h), turned(g)
    traces = [np.sum(x * c, axis=(-2, -1), keepdims=True) for x in (h, g)]
    both = np.sum(turned(np.matmul(np.matmul(ht, c), gt)) * c, axis=(-2, -1), keepdims=True)
    by_c = h * traces[1] + g * traces[0] - np.matmul(np.matmul(h, turned(c)), g) - np.matmul(np.matmul(g, turned(c)), h)
    det = det[..., None, None]
    by_det = -(traces[0] * traces[1] - both) / (det * det)
    return cofactor_slopes(h, a), cofactor_slopes(by_c / det, a) + by_det * c


def _each(g: Any) -> Any:
    """One number for each matrix of a stack, to multiply its entries by."""
    return g[..., None, None] if g.ndim else g


@public
def not_nought(d: Any) -> Any:
    """`d` as it is, refused where it is 0."""
    if np.any(np.asarray(d) == 0):
        raise no_slope("third slopes", "")
    return np.array(d)[()]


structural(
    not_nought,
    jax=lambda on, d: (on.need(on.np.not_equal(d, 0)), d)[1],
    rule="identity rule",
    notation=lambda d: d,
    lower=lambda builder, d: node(builder, REGISTER.named("not_nought"), (d,)),
    pullback=lambda g, y, d: (g,),
    linear="joint",
    infer=lambda inputs: inputs[0],
    samples=((np.array([1.0, -2.0]), {}),),
    words=("_not_nought",),
    why="Nothing is changed; only looked at.",
    source="by definition",
)

COFACTORS: Op = structural(
    cofactors,
    jax=lambda on, a: _cofactors(on.np, a),
    rule="cofactor rule",
    notation=lambda a: call("cof", a),
    lower=lambda builder, a: node(builder, COFACTORS, (a,)),
    pullback=lambda g, y, a: (cofactor_slopes(g, a),),
    pushforward=lambda t, y, a: cofactor_slopes(t[0], a),
    infer=lambda inputs: inputs[0],
    samples=((A, {}), (np.stack([A, A.T + 1]), {})),
    words=("_cofactors",),
    why="A cofactor is a determinant of what is left without one row and one column.",
    source="Stewart 1998, On the adjugate matrix",
)

COFACTOR_SLOPES: Op = structural(
    cofactor_slopes,
    jax=lambda on, g, a: _cofactor_slopes(on.np, g, a),
    rule="cofactor rule",
    notation=lambda g, a: call("slopes of cof", g, a),
    lower=lambda builder, g, a: node(builder, COFACTOR_SLOPES, (g, a)),
    pullback=_slopes_pullback,
    infer=lambda inputs: (inputs[1][0], np.result_type(inputs[0][1], inputs[1][1])),
    arity=2,
    samples=((A + 1, A), (np.stack([A, A.T]), np.stack([A + 2, A - 1]))),
    words=("_cofactor_slopes",),
    why="Each cofactor, and the determinant left without two rows and two columns.",
    source="Stewart 1998, On the adjugate matrix",
)

DET: Op = structural(
    np.linalg.det,
    name="det",
    rule="determinant rule",
    notation=lambda a: call("det", a),
    lower=lambda builder, a: node(builder, DET, (traced(builder, a),)),
    pullback=lambda g, y, a: (_each(g) * cofactors(a),),
    pushforward=lambda t, y, a: np.sum(cofactors(a) * t[0], axis=(-2, -1)),
    analytic=True,
    infer=lambda inputs: (inputs[0][0][:-2], inputs[0][1]),
    samples=((A, {}), (np.stack([A, A + 1]), {})),
    why="Jacobi's formula: each entry moves the determinant by its cofactor, also where the determinant is 0.",
    source="Giles 2008, section 2.2.4; Stewart 1998, On the adjugate matrix",
)


def _slogdet(a: Any) -> Any:
    return pack(*np.linalg.slogdet(a), lead=a.shape[:-2], dtype=a.dtype)


def _slogdet_parts(y: Any) -> tuple[Any, Any]:
    return (
        part(y, start=0, shape=(), real=False, label="sign"),
        part(y, start=1, shape=(), real=y.dtype.kind == "c", label="log of the size"),
    )


def _lower_slogdet(builder: Builder, a: Any) -> Any:
    return _SlogdetResult(*_slogdet_parts(node(builder, SLOGDET, (traced(builder, a),))))


def _slogdet_pullback(g: Any, y: Any, a: Any) -> tuple[Any, ...]:
    reached = labels(g)
    sign, size = _slogdet_parts(g)
    if a.dtype.kind == "c" and reached != frozenset({"log of the size"}):
        # The sign turns by the imaginary part of tr(A^-1 dA).
        size = size + 1j * np.imag(sign * _slogdet_parts(y)[0])
    elif reached == frozenset({"sign"}):
        return (None,)
    return (_each(size) * turned(np.linalg.inv(a)),)


def _slogdet_pushforward(t: Any, y: Any, a: Any) -> Any:
    moved = np.sum(turned(np.linalg.inv(a)) * t[0], axis=(-2, -1))
    sign = _slogdet_parts(y)[0]
    turn = sign * 1j * np.imag(moved) if a.dtype.kind == "c" else np.zeros_like(sign)
    return pack(turn, np.real(moved), lead=a.shape[:-2], dtype=a.dtype)


SLOGDET: Op = structural(
    _slogdet,
    name="slogdet",
    jax=lambda on, a: pack_on_jax(on, *on.np.linalg.slogdet(a), lead=a.shape[:-2], dtype=a.dtype),
    answers=(np.linalg.slogdet,),
    rule="log-determinant rule",
    notation=lambda a: call("slogdet", a),
    lower=_lower_slogdet,
    pullback=_slogdet_pullback,
    pushforward=_slogdet_pushforward,
    infer=lambda inputs: ((*inputs[0][0][:-2], 2), inputs[0][1]),
    samples=(
        (A, {}),
        (np.stack([A, -A]), {}),
        (A + 1j * np.array([[0.3, -0.2, 0.5], [0.1, 0.4, -0.6], [0.2, 0.7, -0.1]]), {}),
    ),
    why="Jacobi's formula over the determinant: the inverse, transposed. A real sign is level.",
    source="Petersen and Pedersen, The Matrix Cookbook, 2012, equation 57",
)
