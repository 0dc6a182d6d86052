"""Eigenvalues and eigenvectors, of Hermitian matrices and of any square ones."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gradwork.graph.op import Op
from gradwork.notation.layout import call
from gradwork.ops._declare import Builder, node, structural, unsupported
from gradwork.ops.decompositions import from_triangle, to_triangle
from gradwork.ops.equal_values import (
    beside_values,
    gaps_of,
    hidden_ties,
    independent,
    level,
    scale_of,
    shared,
    sure,
    turns,
)
from gradwork.ops.factor_parts import adjoint, diagonal, diagonal_matrix, labels, pack, pack_on_jax, part, traced

POSITIVE = np.array([[2.0, 0.5, -0.3], [0.5, 1.5, 0.2], [-0.3, 0.2, 1.0]])
SQUARE = np.array([[1.0, 0.5, 0.2], [0.3, 2.0, -0.4], [-0.2, 0.6, 3.5]])
TURNING = np.array([[1.0, -2.0, 0.3], [1.5, 0.5, 0.2], [0.1, 0.4, -1.0]])
_ABOUT = "vectors of equal values"
_VALUES_ALONE = frozenset({"eigenvalues"})
_EighResult: Any = type(np.linalg.eigh(np.eye(1)))
_EigResult: Any = type(np.linalg.eig(np.eye(1)))


def inner_slopes(gv: Any, v: Any, reached: frozenset[str] | None, gw: Any, gaps: Any) -> Any:
    """What comes back to vectors, as multiples of the vectors themselves. Refused where one choice of them counts."""
    back = np.matmul(adjoint(v), gv)
    scale = scale_of(back)
    doubt = shared(gaps) * back
    if hidden_ties(reached):
        back = sure(back, shared(gaps), 0, about="second slopes", values=_OF)
    if reached is None or "eigenvalues" in reached:
        # With the values too, equal ones may hide a slope: 0 / 0 is not always 0.
        several = (np.sum(np.equal(gaps, 0), axis=-1) > 1).astype(gw.real.dtype)
        gw = sure(gw, gw * several, np.max(np.abs(gw), axis=-1, initial=0.0, keepdims=True), about=_ABOUT, values=_OF)
    back = sure(back, doubt, scale, about=_ABOUT, values=_OF)
    if v.dtype.kind == "c":
        back = sure(back, np.imag(diagonal(back))[..., None, :], scale, about="phase", values=_OF)
    return back, gw, scale


_OF = "eigenvalues"


# -- Hermitian matrices -----------------------------------------------------------------------------------------------


def _eigh(a: Any, lower: bool) -> Any:
    w, v = np.linalg.eigh(a, "L" if lower else "U")
    return pack(w, v, lead=a.shape[:-2], dtype=a.dtype)


def _eigh_parts(y: Any, a: Any, beside: str = "") -> tuple[Any, Any]:
    n = a.shape[-1]
    return (
        part(y, start=0, shape=(n,), real=a.dtype.kind == "c", label="eigenvalues"),
        part(y, start=n, shape=(n, n), real=False, label="eigenvectors" + beside),
    )


def _reads_lower(name: str, triangle: str) -> bool:
    if triangle.upper() not in ("L", "U"):
        raise unsupported(name, f"UPLO={triangle!r}, which is neither 'L' nor 'U',")
    return triangle.upper() == "L"


def _lower_eigh(builder: Builder, a: Any, UPLO: str = "L") -> Any:
    a = traced(builder, a)
    return _EighResult(*_eigh_parts(node(builder, EIGH, (a,), lower=_reads_lower("eigh", UPLO)), a))


def _eigh_pullback(g: Any, y: Any, a: Any, lower: bool) -> tuple[Any, ...]:
    reached = labels(g)
    w, v = _eigh_parts(y, a, beside_values(g, a))
    gw, gv = (np.conjugate(x) for x in _eigh_parts(g, a))
    gaps = gaps_of(w)
    if reached == _VALUES_ALONE:
        inner = v * level(gw, gaps, _OF)[..., None, :]
    else:
        back, gw, scale = inner_slopes(gv, v, reached, gw, gaps)
        turn = turns(back - adjoint(back), 2 * gaps, scale, _OF)
        inner = np.matmul(v, turn + diagonal_matrix(gw, a.shape[-1]))
    return (np.conjugate(to_triangle(np.matmul(inner, adjoint(v)), lower)),)


def _eigh_pushforward(tangents: Any, y: Any, a: Any, lower: bool) -> Any:
    w, v = _eigh_parts(y, a)
    moved = np.matmul(np.matmul(adjoint(v), from_triangle(tangents[0], lower)), v)
    turn = turns(moved, gaps_of(w), scale_of(moved), _OF, marked=True)
    return pack(np.real(diagonal(moved)), np.matmul(v, turn), lead=a.shape[:-2], dtype=a.dtype)


def _eigh_on_jax(on: Any, a: Any, lower: bool) -> Any:
    return on.np.linalg.eigh(a, UPLO="L" if lower else "U", symmetrize_input=False)


EIGH = structural(
    _eigh,
    name="eigh",
    jax=lambda on, a, lower: pack_on_jax(on, *_eigh_on_jax(on, a, lower), lead=a.shape[:-2], dtype=a.dtype),
    answers=(np.linalg.eigh,),
    rule="eigenvector rule",
    notation=lambda a, lower: call("eigh", a),
    lower=_lower_eigh,
    pullback=_eigh_pullback,
    pushforward=_eigh_pushforward,
    samples=((POSITIVE, {}), (np.stack([SQUARE, POSITIVE]), {"UPLO": "U"})),
    why="From A V = V W: each value moves by v^T dA v, and each vector turns towards the others, by what dA has "
    "between the two over the difference of their values. NumPy reads one triangle of A only.",
    source="Giles 2008, section 3.1; Magnus 1985, On differentiating eigenvalues and eigenvectors",
)


def _lower_eigvalsh(builder: Builder, a: Any, UPLO: str = "L") -> Any:
    return node(builder, EIGVALSH, (traced(builder, a),), lower=_reads_lower("eigvalsh", UPLO))


def _vectors(a: Any, lower: bool, beside: str = "") -> Any:
    return _eigh_parts(node(a.builder, EIGH, (a,), lower=lower), a, beside)[1]


def _eigvalsh_pullback(g: Any, y: Any, a: Any, lower: bool) -> tuple[Any, ...]:
    v = _vectors(a, lower, beside_values(g, a))
    back = np.matmul(v * level(g, gaps_of(y), _OF)[..., None, :], adjoint(v))
    return (np.conjugate(to_triangle(back, lower)),)


def _eigvalsh_pushforward(tangents: Any, y: Any, a: Any, lower: bool) -> Any:
    v = _vectors(a, lower)
    return np.real(np.sum(np.conjugate(v) * np.matmul(from_triangle(tangents[0], lower), v), axis=-2))


EIGVALSH = structural(
    lambda a, lower: np.linalg.eigvalsh(a, "L" if lower else "U"),
    name="eigvalsh",
    jax=lambda on, a, lower: _eigh_on_jax(on, a, lower)[0],
    answers=(np.linalg.eigvalsh,),
    rule="eigenvalue rule",
    notation=lambda a, lower: call("eigvalsh", a),
    lower=_lower_eigvalsh,
    pullback=_eigvalsh_pullback,
    pushforward=_eigvalsh_pushforward,
    samples=((POSITIVE, {}), (np.stack([SQUARE, POSITIVE]), {"UPLO": "U"}), (POSITIVE + 1j * SQUARE, {})),
    why="Each value moves by v^T dA v, where v is its vector. NumPy reads one triangle of A only.",
    source="Giles 2008, section 3.1",
)


# -- any square matrix ------------------------------------------------------------------------------------------------


def _eig(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    return pack(w, v, lead=a.shape[:-2], dtype=np.result_type(a.dtype, np.complex64))


def _eig_parts(y: Any, a: Any, real: bool, beside: str = "") -> tuple[Any, Any]:
    n = a.shape[-1]
    return (
        part(y, start=0, shape=(n,), real=real, label="eigenvalues"),
        part(y, start=n, shape=(n, n), real=real, label="eigenvectors" + beside),
    )


def _are_real(w: Any, a: Any) -> bool:
    """Whether the numbers are real. The trace holds for as long as that stays so."""
    if a.dtype.kind == "c" or not w.builder.concrete:
        return False
    return bool(np.all(np.equal(np.imag(w), 0)))


@functools.cache
def _gives_real() -> bool:
    """Whether this NumPy gives real eigenvalues as real numbers: up to 2.4 it does."""
    return bool(np.linalg.eigvals(np.eye(1)).dtype.kind == "f")


def _as_numpy_has_it(values: Any, a: Any) -> Any:
    """Real values in the dtype in which this NumPy gives them: their imaginary parts are zero, and stay so."""
    return values if _gives_real() else values.astype(np.result_type(a.dtype, np.complex64))


def _lower_eig(builder: Builder, a: Any) -> Any:
    a = traced(builder, a)
    y = node(builder, EIG, (a,))
    real = _are_real(_eig_parts(y, a, False)[0], a)
    return _EigResult(*(_as_numpy_has_it(x, a) if real else x for x in _eig_parts(y, a, real)))


def _eig_pullback(g: Any, y: Any, a: Any) -> tuple[Any, ...]:
    w, v = _eig_parts(y, a, False, beside_values(g, a))
    v = independent(v)
    gw, gv = (np.conjugate(x) for x in _eig_parts(g, a, False))
    reached, gaps, n = labels(g), np.conjugate(gaps_of(w)), a.shape[-1]
    if reached == _VALUES_ALONE:
        inner = diagonal_matrix(level(gw, gaps, _OF), n)
    else:
        back, gw, scale = inner_slopes(gv, v, reached, gw, gaps)
        # A vector keeps its length, so what would stretch it drops out.
        back = back - np.matmul(adjoint(v), v) * np.real(diagonal(back))[..., None, :]
        turn = turns(back, gaps, scale, _OF)
        inner = turn + diagonal_matrix(gw, n)
    return (_in_kind(np.conjugate(np.linalg.solve(adjoint(v), np.matmul(inner, adjoint(v)))), a),)


def _in_kind(slope: Any, a: Any) -> Any:
    return slope if a.dtype.kind == "c" else np.real(slope)


def _eig_pushforward(tangents: Any, y: Any, a: Any) -> Any:
    w, v = _eig_parts(y, a, False)
    v = independent(v)
    moved = np.linalg.solve(v, np.matmul(tangents[0].astype(v.dtype), v))
    turn = turns(moved, gaps_of(w), scale_of(moved), _OF, marked=True)
    dv = np.matmul(v, turn)
    dv = dv - v * np.real(np.sum(np.conjugate(v) * dv, axis=-2, keepdims=True))
    return pack(diagonal(moved), dv, lead=a.shape[:-2], dtype=v.dtype)


EIG = structural(
    _eig,
    name="eig",
    jax=lambda on, a: pack_on_jax(
        on, *on.np.linalg.eig(a), lead=a.shape[:-2], dtype=np.result_type(a.dtype, np.complex64)
    ),
    answers=(np.linalg.eig,),
    rule="eigenvector rule",
    notation=lambda a: call("eig", a),
    lower=_lower_eig,
    pullback=_eig_pullback,
    pushforward=_eig_pushforward,
    infer=lambda inputs: (
        (*inputs[0][0][:-2], inputs[0][0][-1] * (inputs[0][0][-1] + 1)),
        np.result_type(inputs[0][1], np.complex64),
    ),
    samples=((SQUARE, {}), (np.stack([SQUARE, SQUARE.T + 1]), {})),
    why="From A V = V W: V^-1 dA V has the moves of the values on its diagonal, and off it, over the difference of "
    "two values, how far each vector turns towards the others; its length stays 1.",
    source="Boeddeker and others 2019, On the computation of complex-valued gradients, section 4.5; convention "
    "dL/dx - i dL/dy",
)


def _eigvals(a: Any) -> Any:
    return np.linalg.eigvals(a).astype(np.result_type(a.dtype, np.complex64))


def _lower_eigvals(builder: Builder, a: Any) -> Any:
    a = traced(builder, a)
    w = node(builder, EIGVALS, (a,))
    return _as_numpy_has_it(np.real(w), a) if _are_real(w, a) else w


def _vectors_of(w: Any, a: Any, beside: str = "") -> Any:
    """The eigenvectors in the order of `w`: LAPACK may sort the values otherwise when it works out vectors too."""
    y = node(a.builder, EIG, (a,))
    found, v = _eig_parts(y, a, False, beside)
    order = node(a.builder, PAIRED, (w, found))
    return independent(np.take_along_axis(v, np.broadcast_to(order[..., None, :], v.shape), axis=-1))


def _paired(w: Any, found: Any) -> Any:
    """For each number in `w` the position of the one in `found` that is nearest and still free."""
    distances = np.abs(w[..., :, None] - found[..., None, :])
    order = np.zeros(w.shape, np.intp)
    for place in np.ndindex(w.shape[:-1]):
        left = distances[place].copy()
        for k in range(w.shape[-1]):
            order[(*place, k)] = left[k].argmin()
            left[:, order[(*place, k)]] = np.inf
    return order


def _paired_on_jax(on: Any, w: Any, found: Any) -> Any:
    left, order = on.np.abs(w[..., :, None] - found[..., None, :]), [on.np.zeros((*w.shape[:-1], 0), np.intp)]
    for k in range(w.shape[-1]):
        nearest = on.np.argmin(left[..., k, :], axis=-1, keepdims=True)
        order.append(nearest)
        left = on.np.where(on.np.arange(w.shape[-1]) == nearest[..., None], np.inf, left)
    return on.np.concatenate(order, axis=-1)


PAIRED: Op = structural(
    _paired,
    jax=_paired_on_jax,
    name="paired",
    rule="",
    notation=lambda w, found: call("paired", w, found),
    lower=lambda builder, w, found: node(builder, PAIRED, (w, found)),
    arity=2,
    samples=((np.array([1.0, 2.0, 2.0]), np.array([2.0, 1.0, 2.0])),),
    words=("_paired",),
    why="A position has no slope.",
    source="by definition",
)


def _eigvals_pullback(g: Any, y: Any, a: Any) -> tuple[Any, ...]:
    v = _vectors_of(y, a, beside_values(g, a))
    slopes = level(np.conjugate(g), gaps_of(y), _OF)
    back = np.linalg.solve(adjoint(v), slopes[..., :, None] * adjoint(v))
    return (_in_kind(np.conjugate(back), a),)


def _eigvals_pushforward(tangents: Any, y: Any, a: Any) -> Any:
    v = _vectors_of(y, a)
    return diagonal(np.linalg.solve(v, np.matmul(tangents[0].astype(v.dtype), v)))


EIGVALS = structural(
    _eigvals,
    name="eigvals",
    jax="numpy.linalg.eigvals",
    answers=(np.linalg.eigvals,),
    rule="eigenvalue rule",
    notation=lambda a: call("eigvals", a),
    lower=_lower_eigvals,
    pullback=_eigvals_pullback,
    pushforward=_eigvals_pushforward,
    infer=lambda inputs: (inputs[0][0][:-1], np.result_type(inputs[0][1], np.complex64)),
    samples=((SQUARE, {}), (np.stack([SQUARE, SQUARE.T + 1]), {}), (TURNING, {}), (TURNING + 1j * SQUARE, {})),
    why="The diagonal of V^-1 dA V: each value moves by what dA does between its left and its right vector.",
    source="Magnus 1985, On differentiating eigenvalues and eigenvectors",
)
