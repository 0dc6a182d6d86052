"""Systems of equations: solutions, inverses, least squares, and powers of a matrix."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.graph.op import Op
from gradwork.notation.layout import Number, Power, call
from gradwork.ops._declare import Builder, node, structural, unsupported
from gradwork.ops.decompositions import from_triangle, to_triangle
from gradwork.ops.equal_values import beside_values, sure
from gradwork.ops.factor_parts import adjoint, labels, pack, pack_on_jax, part, traced, turned
from gradwork.ops.shaping import _sum_to as sum_to
from gradwork.ops.singular_values import factors, of_values

A = np.array([[2.0, 0.5, 0.1], [0.3, 1.5, -0.4], [-0.2, 0.6, 1.1]])
B = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])
V = np.array([0.5, -2.0, 1.0])


def _solve_pullback(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    if b.ndim == 1:
        back = np.linalg.solve(turned(a), g[..., None])
        return -np.matmul(back, y[..., None, :]), sum_to(back[..., 0], b.shape)
    back = np.linalg.solve(turned(a), g)
    return sum_to(-np.matmul(back, turned(y)), a.shape), sum_to(back, b.shape)


def _solve_pushforward(tangents: Any, y: Any, a: Any, b: Any) -> Any:
    da, db = tangents
    column = b.ndim == 1
    right: Any = 0 if db is None else db[..., None] if column else db
    if da is not None:
        right = right - np.matmul(da, y[..., None] if column else y)
    if right.ndim == 2 and a.ndim > 2:
        right = np.broadcast_to(right, (*a.shape[:-2], *right.shape))
    solved = np.linalg.solve(a, right)
    return solved[..., 0] if column else solved


def _solved_shape(inputs: Any) -> tuple[tuple[int, ...], Any]:
    (a, s), (b, t) = inputs
    dtype = np.result_type(s, t)
    if len(b) == 1:
        return a[:-1], dtype
    return (*np.broadcast_shapes(a[:-2], b[:-2]), *b[-2:]), dtype


def _finite(on: Any, found: Any) -> Any:
    """What JAX found; where the matrix is singular it finds infinities, and NumPy says so instead."""
    on.need(on.np.isfinite(found))
    return found


SOLVE: Op = structural(
    np.linalg.solve,
    jax=lambda on, a, b: _finite(on, on.np.linalg.solve(a, b)),
    name="solve",
    rule="linear system rule",
    notation=lambda a, b: call("solve", a, b),
    lower=lambda builder, a, b: node(builder, SOLVE, (traced(builder, a), traced(builder, b))),
    pullback=_solve_pullback,
    pushforward=_solve_pushforward,
    infer=_solved_shape,
    analytic=True,
    arity=2,
    samples=((A, B), (A, V), (np.stack([A, A + 1]), V), (np.stack([A, A + 1]), B), (A, np.stack([B, B + 1]))),
    why="From A y = b: dA y + A dy = db.",
    source="Giles 2008, section 2.3.1",
)

INV: Op = structural(
    np.linalg.inv,
    jax=lambda on, a: _finite(on, on.np.linalg.inv(a)),
    name="inv",
    rule="inverse rule",
    notation=lambda a: Power(a, Number(-1)),
    lower=lambda builder, a: node(builder, INV, (traced(builder, a),)),
    pullback=lambda g, y, a: (-np.matmul(np.matmul(turned(y), g), turned(y)),),
    pushforward=lambda t, y, a: -np.matmul(np.matmul(y, t[0]), y),
    infer=lambda inputs: inputs[0],
    analytic=True,
    samples=((A, {}), (np.stack([A, A + 1]), {})),
    why="From A y = 1: dA y + A dy = 0.",
    source="Giles 2008, section 2.2.3",
)


# -- least squares ----------------------------------------------------------------------------------------------------


def _of_full_rank(g: Any, a: Any, cutoff: Any, hermitian: bool = False) -> Any:
    """`g` as it is, unless the rank of `a` is below what its shape allows."""
    missing = min(a.shape[-2:]) - np.linalg.matrix_rank(a, hermitian=hermitian, rtol=cutoff)
    return sure(g, np.broadcast_to(missing, a.shape[:-2]).astype(a.real.dtype), 0, about="rank", values="")


def _pinv(a: Any, cutoff: Any, hermitian: bool) -> Any:
    return np.linalg.pinv(a, hermitian=hermitian) if cutoff is None else np.linalg.pinv(a, cutoff, hermitian)


def _of_one_triangle(on: Any, a: Any) -> Any:
    """The Hermitian matrix that NumPy reads off the lower triangle."""
    below = on.np.tril(a, -1)
    diagonal = on.np.real(on.np.diagonal(a, 0, -2, -1))
    return below + on.np.conjugate(on.np.swapaxes(below, -1, -2)) + np.eye(a.shape[-1]) * diagonal[..., None, :]


def _lower_pinv(
    builder: Builder, a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue
) -> Any:
    a = traced(builder, a)
    if rtol is None:
        rtol = float(max(a.shape[-2:]) * np.finfo(a.dtype).eps)
    cutoff = _plain(rtol if rcond is None else rcond, "pinv")
    return node(builder, PINV, (a,), cutoff=cutoff, hermitian=bool(hermitian))


def _plain(cutoff: Any, name: str) -> Any:
    if cutoff is None or cutoff is np._NoValue:
        return None
    if isinstance(cutoff, (int, float, np.floating)):
        return float(cutoff)
    raise unsupported(name, "a cutoff that is not one plain number")


def _pinv_pullback(g: Any, y: Any, a: Any, cutoff: Any, hermitian: bool) -> tuple[Any, ...]:
    slope, (m, n) = np.conjugate(_of_full_rank(g, a, cutoff, hermitian)), a.shape[-2:]
    turned_y, turned_g = adjoint(y), adjoint(slope)
    back = -np.matmul(np.matmul(turned_y, slope), turned_y)
    if m > n:
        across = np.matmul(np.matmul(turned_g, y), turned_y)
        back = back + across - np.matmul(a, np.matmul(y, across))
    if n > m:
        across = np.matmul(np.matmul(turned_y, y), turned_g)
        back = back + across - np.matmul(np.matmul(across, y), a)
    if hermitian:
        back = to_triangle((back + adjoint(back)) / 2, lower=True)
    return (np.conjugate(back),)


def _pinv_pushforward(t: Any, y: Any, a: Any, cutoff: Any, hermitian: bool) -> Any:
    moved, (m, n) = _of_full_rank(t[0], a, cutoff, hermitian), a.shape[-2:]
    if hermitian:
        moved = from_triangle(moved, lower=True)
    turned_y, turned_t = adjoint(y), adjoint(moved)
    result = -np.matmul(np.matmul(y, moved), y)
    if m > n:
        across = np.matmul(np.matmul(y, turned_y), turned_t)
        result = result + across - np.matmul(np.matmul(across, a), y)
    if n > m:
        across = np.matmul(np.matmul(turned_t, turned_y), y)
        result = result + across - np.matmul(y, np.matmul(a, across))
    return result


PINV: Op = structural(
    _pinv,
    name="pinv",
    jax=lambda on, a, cutoff, hermitian: on.np.linalg.pinv(
        _of_one_triangle(on, a) if hermitian else a, rtol=1e-15 if cutoff is None else cutoff, hermitian=hermitian
    ),
    answers=(np.linalg.pinv,),
    rule="pseudoinverse rule",
    notation=lambda a, cutoff, hermitian: call("pinv", a),
    lower=_lower_pinv,
    pullback=_pinv_pullback,
    pushforward=_pinv_pushforward,
    infer=lambda inputs, **params: ((*inputs[0][0][:-2], *inputs[0][0][:-3:-1]), inputs[0][1]),
    samples=(
        (A, {}),
        (B, {}),
        (B.T, {}),
        (np.stack([B, B + 1]), {"rcond": 1e-10}),
        (A, {"hermitian": True}),
        (B + 1j * A[:, :2], {}),
    ),
    why="As for the inverse, and two terms more for what A does not reach. Where A is not of full rank there is no "
    "slope.",
    source="Golub and Pereyra 1973, The differentiation of pseudo-inverses, theorem 4.3",
)


def _least_squares(a: Any, b: Any, cutoff: Any) -> Any:
    x, rest, _, s = np.linalg.lstsq(a, b, rcond=cutoff)
    return pack(x, s, rest, lead=(), dtype=x.dtype)


def _least_squares_on_jax(on: Any, a: Any, b: Any, cutoff: Any) -> Any:
    x, rest, rank, s = on.np.linalg.lstsq(a, b, rcond=cutoff)
    on.need(rank == min(a.shape))  # how many results there are hangs on it
    left = [rest] if a.shape[0] > a.shape[1] else []
    return pack_on_jax(on, x, s, *left, lead=(), dtype=x.dtype)


def _solved(y: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """The solution, the singular values, and the squares left over; none of these where the rank is too low."""
    n, k, columns = a.shape[1], min(a.shape), b.shape[1:]
    size, real = n * math.prod(columns), y.dtype.kind == "c"
    left = y.shape[0] - size - k
    return (
        part(y, start=0, shape=(n, *columns), real=False, label="solution"),
        part(y, start=size, shape=(k,), real=real, label="singular values"),
        part(y, start=size + k, shape=(left,), real=real, label="squares left over"),
    )


def _lower_lstsq(builder: Builder, a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = traced(builder, a), traced(builder, b)
    cutoff = _plain(rcond, "lstsq")
    x, s, rest = _solved(node(builder, LSTSQ, (a, b), cutoff=cutoff), a, b)
    rank = np.linalg.matrix_rank(a, rtol=cutoff)
    if builder.concrete and a.shape[0] > a.shape[1]:
        # How many results there are hangs on the rank: the trace holds for as long as that stays.
        bool(rank == a.shape[1])
    return x, rest, rank, s


def _lstsq_pullback(g: Any, y: Any, a: Any, b: Any, cutoff: Any) -> tuple[Any, Any]:
    if b.ndim == 1:
        da, db = _lstsq_pullback(g, y, a, b[:, None], cutoff)
        return da, db[:, 0]
    reached, (m, n) = labels(g), a.shape
    x, s, rest = _solved(y, a, b)
    slope, gs, squares = (np.conjugate(p) for p in _solved(g, a, b))
    slope = _of_full_rank(slope, a, cutoff)
    inverse = np.linalg.pinv(a) if cutoff is None else np.linalg.pinv(a, cutoff)
    beyond = b - np.matmul(a, x)
    db = np.matmul(adjoint(inverse), slope)
    da = -np.matmul(db, adjoint(x))
    if m > n:
        da = da + np.matmul(beyond, adjoint(np.matmul(inverse, db)))
    if n > m:
        da = da + np.matmul(np.matmul(adjoint(inverse), x), adjoint(slope - np.matmul(inverse, np.matmul(a, slope))))
    if rest.size and (reached is None or "squares left over" in reached):
        db = db + 2 * beyond * squares
        da = da - 2 * np.matmul(beyond * squares, adjoint(x))
    if reached is None or "singular values" in reached:
        da = da + of_values(*factors(a, beside_values(g, a)), gs, s)
    return np.conjugate(da), np.conjugate(db)


LSTSQ = structural(
    _least_squares,
    name="lstsq",
    jax=_least_squares_on_jax,
    answers=(np.linalg.lstsq,),
    rule="least squares rule",
    notation=lambda a, b, cutoff: call("lstsq", a, b),
    lower=_lower_lstsq,
    pullback=_lstsq_pullback,
    arity=2,
    infer=lambda inputs, cutoff: _lstsq_shape(*inputs),
    samples=((B, V, {}), (B, A, {}), (B + 1j * A[:, :2], V * 1j, {}), (B.T, B[:2], {"rcond": 1e-10}), (A, V, {})),
    why="From A^T A y = A^T b, or the shortest y where there are many: the slopes of the pseudoinverse times b. Where "
    "A is not of full rank there is no slope.",
    source="Golub and Pereyra 1973, The differentiation of pseudo-inverses, section 5",
)


def _lstsq_shape(a: Any, b: Any) -> tuple[tuple[int, ...], Any]:
    (m, n), columns = a[0], math.prod(b[0][1:])
    return (n * columns + min(m, n) + (columns if m > n else 0),), np.result_type(a[1], b[1])
