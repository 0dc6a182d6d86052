"""What the factorisations share: several results that are kept as one, and each of them as a part of it.

A factorisation gives several arrays at once, and their slopes belong together: where two singular values are equal,
what comes back to the left and to the right vectors may cancel, and only both together can tell. So it is one node,
whose value is all results side by side, and each result is a part of it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.graph.op import REGISTER
from gradwork.notation.layout import call
from gradwork.ops._declare import Builder, Traced, lift, node, public, structural

_X = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25], [0.3, -0.7, 0.1]])


def turned(a: Any) -> Any:
    """The transposed matrix, of each matrix in a stack."""
    return np.swapaxes(a, -1, -2)


def adjoint(a: Any) -> Any:
    """The transposed conjugate matrix, of each matrix in a stack."""
    return np.conjugate(turned(a))


def diagonal(a: Any) -> Any:
    """The diagonal of each matrix in a stack."""
    return np.diagonal(a, 0, -2, -1)


def diagonal_matrix(v: Any, n: int) -> Any:
    """Each vector in a stack as the diagonal of a matrix."""
    return np.where(np.eye(n, dtype=bool), v[..., None, :], np.zeros((), v.dtype))


def lower_half(a: Any) -> Any:
    """What lies below the diagonal, and half of the diagonal."""
    n = a.shape[-1]
    return a * (np.tri(n, k=-1) + np.eye(n) / 2).astype(a.real.dtype)


def traced(builder: Builder, a: Any) -> Traced:
    """`a` as a traced value of `builder`, in a dtype that LAPACK takes."""
    made = Traced(builder, lift(builder, a))
    return made if made.dtype.kind in "fc" else made.astype(np.float64)


# -- several results as one -------------------------------------------------------------------------------------------


def pack(*pieces: Any, lead: tuple[int, ...], dtype: Any) -> Any:
    """Results side by side along one axis, after the axes of the stack."""
    flat = [np.reshape(p, (*lead, math.prod(p.shape[len(lead) :]))).astype(dtype) for p in pieces]
    return np.concatenate(flat, axis=-1)


def pack_on_jax(on: Any, *pieces: Any, lead: tuple[int, ...], dtype: Any) -> Any:
    """As `pack`, on JAX."""
    flat = [on.np.reshape(p, (*lead, math.prod(p.shape[len(lead) :]))).astype(dtype) for p in pieces]
    return on.np.concatenate(flat, axis=-1)


@public
def part(packed: Any, start: int, shape: tuple[int, ...], real: bool, label: str) -> Any:
    """One of the results that `pack` has put together; the real part of it where it is known to be real."""
    packed = np.asarray(packed)
    piece = packed[..., start : start + math.prod(shape)].reshape(packed.shape[:-1] + shape)
    return np.array(piece.real if real else piece)[()]


@public
def placed(piece: Any, start: int, total: int, ndim: int, dtype: str, label: str) -> Any:
    """One result at its place among all of them, and nothing elsewhere."""
    piece = np.asarray(piece)
    lead = piece.shape[: piece.ndim - ndim]
    size = math.prod(piece.shape[piece.ndim - ndim :])
    whole = np.zeros((*lead, total), dtype)
    whole[..., start : start + size] = piece.reshape((*lead, size))
    return whole


def _placed_on_jax(on: Any, piece: Any, start: int, total: int, ndim: int, dtype: str, label: str) -> Any:
    lead = piece.shape[: len(piece.shape) - ndim]
    size = math.prod(piece.shape[len(lead) :])
    whole = on.np.zeros((*lead, total), dtype)
    return whole.at[..., start : start + size].set(on.np.reshape(piece, (*lead, size)).astype(dtype))


def _part_pullback(g: Any, y: Any, packed: Any, start: int, shape: tuple[int, ...], real: bool, label: str) -> Any:
    total, dtype = packed.shape[-1], packed.dtype.str
    return (placed(g, start=start, total=total, ndim=len(shape), dtype=dtype, label=label),)


PART = structural(
    part,
    jax=lambda on, packed, start, shape, real, label: on.np.reshape(
        (on.np.real(packed) if real else packed)[..., start : start + math.prod(shape)],
        (*packed.shape[:-1], *shape),
    ),
    rule="rearranging rule",
    notation=lambda packed, start, shape, real, label: call(label, packed),
    lower=lambda builder, packed, **params: node(builder, REGISTER.named("part"), (packed,), **params),
    pullback=_part_pullback,
    linear="joint",
    samples=((np.arange(6.0), {"start": 1, "shape": (2, 2), "real": False, "label": "Q"}),),
    words=("_part",),
    why="One of several results: its slopes go back to its place.",
    source="by definition",
)

PLACED = structural(
    placed,
    jax=_placed_on_jax,
    rule="rearranging rule",
    notation=lambda piece, start, total, ndim, dtype, label: call(label, piece),
    lower=lambda builder, piece, **params: node(builder, REGISTER.named("placed"), (piece,), **params),
    pullback=lambda g, y, piece, start, total, ndim, dtype, label: (
        part(
            g,
            start=start,
            shape=piece.shape[len(piece.shape) - ndim :],
            real=piece.dtype.kind != "c" and np.dtype(dtype).kind == "c",
            label=label,
        ),
    ),
    linear="joint",
    samples=((_X[:2, :2], {"start": 1, "total": 6, "ndim": 2, "dtype": "<f8", "label": "Q"}),),
    words=("_placed",),
    why="One of several results: its slopes go back to it.",
    source="by definition",
)


def labels(g: Traced) -> frozenset[str] | None:
    """Of which parts a slope that comes back is put together; None where that cannot be seen."""
    found, waiting, rows = set(), [g.index], g.builder.rows
    while waiting:
        name, inputs, params, *_ = rows[waiting.pop()]
        if name == "placed":
            found.add(params["label"])
        elif name == "add":
            waiting += inputs
        else:
            return None
    return frozenset(found)
