"""Products of whole arrays: matrix product, dot, outer, einsum."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.notation.layout import Layout, call, infix
from gradwork.ops._declare import Builder, Traced, composite, finish, lift, node, structural, unsupported
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


def _lower_matmul(builder: Builder, a: Any, b: Any, out: Any = None, **other: Any) -> Any:
    return finish(node(builder, MATMUL, (a, b)), out)


def _shapes(inputs: Any) -> tuple[tuple[int, ...], Any]:
    (a, s), (b, t) = inputs
    if len(a) == 2 and len(b) == 2 and a[1] == b[0]:
        return (a[0], b[1]), np.result_type(s, t)
    return np.matmul(
        np.broadcast_to(np.ones((), bool), a), np.broadcast_to(np.ones((), bool), b)
    ).shape, np.result_type(s, t)


MATMUL = structural(
    np.matmul,
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
    samples=((V, V + 1, {}),),
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
    samples=((V, V, {}), (V, np.array([1.0, 2.0]), {})),
    why="Every entry of one times every entry of the other.",
    source="DLMF 1.4.11",
)


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
    if isinstance(axes, int):
        left, right = tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    else:
        left, right = (tuple(x) if isinstance(x, (tuple, list)) else (x,) for x in axes)
    left, right = tuple(i % a.ndim for i in left), tuple(i % b.ndim for i in right)
    stay_a = [i for i in range(a.ndim) if i not in left]
    stay_b = [i for i in range(b.ndim) if i not in right]
    inner = int(np.prod([a.shape[i] for i in left], dtype=np.int64))
    flat_a = np.reshape(np.transpose(a, (*stay_a, *left)), (-1, inner))
    flat_b = np.reshape(np.transpose(b, (*right, *stay_b)), (inner, -1))
    return np.reshape(np.matmul(flat_a, flat_b), (*(a.shape[i] for i in stay_a), *(b.shape[i] for i in stay_b)))


composite(
    np.tensordot,
    exact=False,
    rule="matrix product rule",
    lower=_tensordot,
    samples=((A, B, {"axes": 1}), (A, A + 1, {"axes": 2}), (A, B, {"axes": ((0,), (1,))})),
    why="A matrix product, once the axes are laid side by side.",
    source="as for the matrix product",
)


def _lower_einsum(
    builder: Builder, subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, **other: Any
) -> Any:
    if not isinstance(subscripts, str):
        raise unsupported("einsum", "subscripts given as lists")
    pieces = [Traced(builder, lift(builder, o)) for o in operands]
    text = _spelled_out(subscripts.replace(" ", ""), [p.ndim for p in pieces])
    return finish(_einsum(builder, text, pieces), out)


def _spelled_out(text: str, dimensions: list[int]) -> str:
    """Subscripts with their result written out and dots replaced by letters of their own."""
    inputs, arrow, result = text.partition("->")
    terms = inputs.split(",")
    free = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" if c not in text]
    most = max((n - len(t.replace("...", "")) for t, n in zip(terms, dimensions, strict=True) if "..." in t), default=0)
    dots = "".join(free[:most])
    spelled = [
        t.replace("...", dots[len(dots) - (n - len(t.replace("...", ""))) :] if "..." in t else "")
        for t, n in zip(terms, dimensions, strict=True)
    ]
    if arrow:
        return f"{','.join(spelled)}->{result.replace('...', dots)}"
    letters = "".join(spelled)
    once = "".join(sorted(c for c in set(letters) if letters.count(c) == 1 and c not in dots))
    return f"{','.join(spelled)}->{dots}{once}"


def _einsum(builder: Builder, text: str, pieces: list[Traced]) -> Traced:
    """An einsum node in which no letter stands twice in one term: a diagonal is taken by indexing before."""
    inputs, _, result = text.partition("->")
    terms = inputs.split(",")
    for k, term in enumerate(terms):
        while len(set(term)) < len(term):
            twice = next(c for c in term if term.count(c) > 1)
            pieces[k], term = _diagonal(pieces[k], term, twice)
        terms[k] = term
    return node(builder, EINSUM, tuple(pieces), subscripts=f"{','.join(terms)}->{result}")


def _diagonal(a: Any, term: str, letter: str) -> tuple[Any, str]:
    first = term.index(letter)
    second = term.index(letter, first + 1)
    rest = [i for i in range(len(term)) if i not in (first, second)]
    moved = np.transpose(a, (first, second, *rest))
    along = np.arange(a.shape[first])
    return moved[along, along], letter + "".join(term[i] for i in rest)


def _einsum_pullback(g: Any, y: Any, *operands: Any, subscripts: str) -> tuple[Any, ...]:
    inputs, _, result = subscripts.partition("->")
    terms = inputs.split(",")
    slopes = []
    for k, term in enumerate(terms):
        others = [t for i, t in enumerate(terms) if i != k]
        present = set(result).union(*others)
        reached = "".join(c for c in term if c in present)
        slope = np.einsum(
            ",".join([result, *others]) + "->" + reached, g, *(o for i, o in enumerate(operands) if i != k)
        )
        if reached != term:
            # Letters that are summed in this term alone: every entry along them gets the same slope.
            shape = tuple(n if c in reached else 1 for c, n in zip(term, operands[k].shape, strict=True))
            slope = np.broadcast_to(np.reshape(slope, shape), operands[k].shape)
        slopes.append(
            slope
            if slope.shape == operands[k].shape
            else sum_to(np.broadcast_to(slope, _largest(slope.shape, operands[k].shape)), operands[k].shape)
        )
    return tuple(slopes)


def _largest(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(max, first, second))


def _einsum_notation(*pieces: Layout, subscripts: str) -> Layout:
    return call("einsum", *pieces)


EINSUM = structural(
    lambda *operands, subscripts: np.einsum(subscripts, *operands),
    name="einsum",
    answers=(np.einsum,),
    rule="product rule",
    notation=_einsum_notation,
    lower=_lower_einsum,
    pullback=_einsum_pullback,
    linear="each",
    analytic=True,
    arity=None,
    samples=(
        ("ij,jk->ik", A, B, {}),
        ("ij->j", A, {}),
        ("ij,ij->", A, A + 1, {}),
        ("ii->i", np.ones((2, 2)), {}),
        ("i,j,k->kij", V, V, V, {}),
        ("...j,j", A, V, {}),
        ("ij->", A, {}),
    ),
    why="A sum of products: the slope to one factor is the sum of the products of all others.",
    source="Laue, Mitterreiter and Giesen 2018",
)
