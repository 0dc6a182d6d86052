"""Singular values and their vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import Op
from gradwork.notation.layout import call
from gradwork.ops._declare import Builder, node, structural
from gradwork.ops.equal_values import (
    beside_values,
    gaps_of,
    hidden_ties,
    level,
    off_diagonal,
    quotient,
    scale_of,
    shared,
    sure,
    turns,
    without_rounding,
)
from gradwork.ops.factor_parts import (
    adjoint,
    diagonal,
    diagonal_matrix,
    labels,
    pack,
    pack_on_jax,
    part,
    traced,
    turned,
)

TALL = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])
SQUARE = np.array([[1.0, 0.5, 0.2], [0.3, 2.0, -0.4], [-0.2, 0.6, 3.5]])
_OF = "singular values"
_ABOUT = "vectors of equal values"
_VALUES_ALONE = frozenset({"singular values"})
_SVDResult: Any = type(np.linalg.svd(np.eye(1)))


def _svd(a: Any, full: bool) -> Any:
    return pack(*np.linalg.svd(a, full), lead=a.shape[:-2], dtype=a.dtype)


def _parts(y: Any, a: Any, full: bool, beside: str = "") -> tuple[Any, Any, Any]:
    """U, the singular values, and V^H."""
    m, n = a.shape[-2:]
    k = min(m, n)
    rows, columns = (m, n) if full else (k, k)
    return (
        part(y, start=0, shape=(m, rows), real=False, label="left vectors" + beside),
        part(y, start=m * rows, shape=(k,), real=a.dtype.kind == "c", label="singular values"),
        part(y, start=m * rows + k, shape=(columns, n), real=False, label="right vectors" + beside),
    )


def _lower_svd(
    builder: Builder, a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    a = traced(builder, a)
    if hermitian:
        return _hermitian_svd(a, compute_uv)
    if not compute_uv:
        return node(builder, SVDVALS, (a,))
    return _SVDResult(*_parts(node(builder, SVD, (a,), full=bool(full_matrices)), a, bool(full_matrices)))


def _hermitian_svd(a: Any, compute_uv: bool) -> Any:
    """As NumPy does it: eigenvalues without their signs, from the largest on."""
    if not compute_uv:
        return np.sort(np.abs(np.linalg.eigvalsh(a)), axis=-1)[..., ::-1]
    w, v = np.linalg.eigh(a)
    order = np.argsort(np.abs(w), axis=-1)[..., ::-1]
    signs = np.take_along_axis(np.sign(w), order, axis=-1)
    s = np.take_along_axis(np.abs(w), order, axis=-1)
    u = np.take_along_axis(v, np.broadcast_to(order[..., None, :], v.shape), axis=-1)
    return _SVDResult(u, s, adjoint(u * signs[..., None, :]))


def _first(x: Any, k: int) -> Any:
    return x if x.shape[-1] == k else x[..., :k]


def _free(g: Any, k: int) -> Any:
    """The slopes of the first k vectors; those that only fill up the square matrix must not count."""
    return g if g.shape[-1] == k else sure(g[..., :k], g[..., k:], 0, about="other vectors", values=_OF)


def _svd_pullback(g: Any, y: Any, a: Any, full: bool) -> tuple[Any, ...]:
    m, n = a.shape[-2:]
    k, reached = min(m, n), labels(g)
    u, s, v = _parts(y, a, full, beside_values(g, a))
    gu, gs, gv = (np.conjugate(x) for x in _parts(g, a, full))
    u, v = _first(u, k), _first(adjoint(v), k)
    if reached == _VALUES_ALONE:
        return (np.conjugate(of_values(u, v, gs, s)),)
    gu, gv = _free(gu, k), _free(adjoint(gv), k)
    left, right = np.matmul(adjoint(u), gu), np.matmul(adjoint(v), gv)
    scale, gaps, kept = scale_of(left, right), gaps_of(s), without_rounding(s, s)
    left, gs = _looked_at(left, right, gs, gaps, kept, reached, scale, m == n)
    a_part, b_part = left - adjoint(left), right - adjoint(right)
    sums = without_rounding(s[..., None, :] + s[..., :, None], s)
    inner = turns(a_part + b_part, 2 * gaps, scale, _OF) + diagonal_matrix(gs, k)
    inner = inner + _across(a_part - b_part, sums, scale, a.dtype.kind == "c")
    slope = np.matmul(np.matmul(u, inner), adjoint(v))
    if m > k:
        slope = slope + np.matmul(_beside(gu - np.matmul(u, left), kept, scale_of(gu)), adjoint(v))
    if n > k:
        slope = slope + np.matmul(u, adjoint(_beside(gv - np.matmul(v, right), kept, scale_of(gv))))
    return (np.conjugate(slope),)


def _looked_at(
    left: Any, right: Any, gs: Any, gaps: Any, kept: Any, reached: frozenset[str] | None, scale: Any, square: bool
) -> tuple[Any, Any]:
    """Refuse what hangs on one choice of the vectors of equal values, or on the phase of complex ones."""
    pairs = shared(gaps)
    if hidden_ties(reached):
        none = np.equal(kept, 0).astype(kept.dtype)[..., None, :]
        left = sure(left, pairs + none, 0, about="second slopes", values=_OF)
    if reached is None or "singular values" in reached:
        # With the values too, equal ones may hide a slope: 0 / 0 is not always 0.
        hidden = np.sum(np.equal(gaps, 0), axis=-1) > 1
        if not square:
            hidden = hidden | np.equal(kept, 0)
        largest = np.max(np.abs(gs), axis=-1, initial=0.0, keepdims=True)
        gs = sure(gs, gs * hidden.astype(gs.dtype), largest, about=_ABOUT, values=_OF)
        left = sure(left, pairs * (np.abs(left) + np.abs(right)), scale, about=_ABOUT, values=_OF)
    else:
        left = sure(left, pairs * (left - adjoint(right)), scale, about=_ABOUT, values=_OF)
    if left.dtype.kind == "c":
        left = sure(left, np.imag(diagonal(left + right))[..., None, :], scale, about="phase", values=_OF)
    return left, gs


def _across(x: Any, sums: Any, scale: Any, is_complex: bool, marked: bool = False) -> Any:
    """`x` over twice the sums of two singular values. Real vectors do not turn towards their own partners."""
    x = x if is_complex else off_diagonal(x)
    found = quotient(x, 2 * sums, scale, marked=marked, about=_ABOUT, values=_OF)
    return found if is_complex else off_diagonal(found)


def _beside(x: Any, kept: Any, scale: Any, marked: bool = False) -> Any:
    """What leads out of the space of the vectors, over the singular value of each."""
    return quotient(x, np.broadcast_to(kept[..., None, :], x.shape), scale, marked=marked, about=_ABOUT, values=_OF)


def of_values(u: Any, v: Any, gs: Any, s: Any) -> Any:
    """The slope of a function of the singular values. At 0 it is taken as 0, as for an absolute value."""
    gs = np.where(np.equal(without_rounding(s, s), 0), np.zeros((), gs.dtype), gs)
    return np.matmul(u * level(gs, gaps_of(s), _OF)[..., None, :], adjoint(v))


def _svd_pushforward(tangents: Any, y: Any, a: Any, full: bool) -> Any:
    (m, n), moved = a.shape[-2:], tangents[0]
    k = min(m, n)
    whole_u, s, whole_v = _parts(y, a, full)
    u, v = _first(whole_u, k), _first(adjoint(whole_v), k)
    inner = np.matmul(np.matmul(adjoint(u), moved), v)
    scale, kept = scale_of(moved), without_rounding(s, s)
    sums = without_rounding(s[..., None, :] + s[..., :, None], s)
    turn = turns(inner + adjoint(inner), 2 * gaps_of(s), scale, _OF, marked=True)
    apart = _across(inner - adjoint(inner), sums, scale, a.dtype.kind == "c", marked=True)
    du, dv = np.matmul(u, turn + apart), np.matmul(v, turn - apart)
    if m > k:
        du = du + _beside(np.matmul(moved, v) - np.matmul(u, inner), kept, scale, marked=True)
    if n > k:
        dv = dv + _beside(np.matmul(adjoint(moved), u) - np.matmul(v, adjoint(inner)), kept, scale, marked=True)
    du, dv = _filled_up(du, whole_u.shape), _filled_up(dv, turned(whole_v).shape)
    return pack(du, np.real(diagonal(inner)), adjoint(dv), lead=a.shape[:-2], dtype=a.dtype)


def _filled_up(moved: Any, shape: tuple[int, ...]) -> Any:
    if moved.shape == shape:
        return moved
    unknown = np.full((*shape[:-1], shape[-1] - moved.shape[-1]), np.nan, moved.real.dtype)
    return np.concatenate([moved, unknown], axis=-1)


SVD = structural(
    _svd,
    name="svd",
    jax=lambda on, a, full: pack_on_jax(on, *on.np.linalg.svd(a, full_matrices=full), lead=a.shape[:-2], dtype=a.dtype),
    answers=(np.linalg.svd,),
    rule="singular vector rule",
    notation=lambda a, full: call("svd", a),
    lower=_lower_svd,
    pullback=_svd_pullback,
    pushforward=_svd_pushforward,
    samples=(
        (SQUARE, {}),
        (TALL, {"full_matrices": False}),
        (TALL.T, {"full_matrices": False}),
        (np.stack([SQUARE, SQUARE.T + 1]), {}),
        (SQUARE, {"compute_uv": False}),
    ),
    why="From A = U S V^T: each value moves by u^T dA v, and the vectors turn towards the others, by what dA has "
    "between the two, over the difference and over the sum of their values.",
    source="Townsend 2016, Differentiating the singular value decomposition; complex matrices: Wan and Zhang 2019",
)


def factors(a: Any, beside: str = "") -> tuple[Any, Any]:
    """The left and right vectors of a matrix, one for each singular value."""
    u, _, v = _parts(node(a.builder, SVD, (a,), full=False), a, False, beside)
    return u, adjoint(v)


def _svdvals_pushforward(tangents: Any, y: Any, a: Any) -> Any:
    u, v = factors(a)
    moved = np.real(np.sum(np.conjugate(u) * np.matmul(tangents[0], v), axis=-2))
    return np.where(np.equal(without_rounding(y, y), 0), np.zeros((), moved.dtype), moved)


SVDVALS: Op = structural(
    lambda a: np.linalg.svd(a, compute_uv=False),
    name="svdvals",
    jax=lambda on, a: on.np.linalg.svd(a, compute_uv=False),
    answers=(np.linalg.svdvals,),
    rule="singular value rule",
    notation=lambda a: call("svdvals", a),
    lower=lambda builder, x: node(builder, SVDVALS, (traced(builder, x),)),
    pullback=lambda g, y, a: (np.conjugate(of_values(*factors(a, beside_values(g, a)), g, y)),),
    pushforward=_svdvals_pushforward,
    samples=((SQUARE, {}), (TALL, {}), (np.stack([TALL.T, TALL.T + 1]), {}), (SQUARE + 1j * SQUARE.T, {})),
    why="Each value moves by u^T dA v, where u and v are its vectors. At 0, where it turns back, the slope is taken "
    "as 0.",
    source="Townsend 2016, Differentiating the singular value decomposition; convention 0 at 0, as for |x|",
)
