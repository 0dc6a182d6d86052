"""Einstein sums, in every form that NumPy takes: named or implied results, dots, diagonals, and lists of labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.errors import ShapeError
from gradwork.graph import frames
from gradwork.notation.layout import Layout, Words, call
from gradwork.ops._arrays import in_one_dtype
from gradwork.ops._declare import Builder, Traced, finish, lift, node, structural, unsupported
from gradwork.ops.shaping import _sum_to as sum_to

A = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25]])
B = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])
V = np.array([0.5, -2.0, 1.0])
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _lower_einsum(
    builder: Builder, *given: Any, out: Any = None, optimize: Any = False, dtype: Any = None, **other: Any
) -> Any:
    if any(value not in ("K", "safe") for value in other.values()):
        raise unsupported("einsum", ", ".join(f"{name}={value!r}" for name, value in other.items()))
    text, operands = _read(given)
    pieces = [Traced(builder, lift(builder, o)) for o in operands]
    if dtype is not None:
        pieces = [p.astype(dtype) for p in pieces]
    terms = text.partition("->")[0].split(",")
    if len(terms) != len(pieces):
        raise _misfit(f"einsum {text!r} names {len(terms)} operands, and {len(pieces)} are given")
    text = _spelled_out(text, [p.ndim for p in pieces])
    made = _einsum(builder, text, pieces, optimize if isinstance(optimize, (bool, str)) else True)
    return finish(made, out)


def _misfit(headline: str) -> ShapeError:
    return ShapeError(headline, where=frames.user_where(), why="each operand has one letter for each of its axes")


def _read(given: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """Subscripts as one text, and the operands. Labels may also stand in lists beside the operands."""
    if isinstance(given[0], str):
        return given[0].replace(" ", ""), list(given[1:])
    operands, labels = list(given[0 : len(given) // 2 * 2 : 2]), list(given[1::2])
    text = ",".join(map(_letters, labels))
    return (f"{text}->{_letters(given[-1])}" if len(given) % 2 else text), operands


def _letters(labels: Any) -> str:
    return "".join("..." if k is Ellipsis else _LETTERS[int(k)] for k in labels)


def _spelled_out(text: str, dimensions: list[int]) -> str:
    """Subscripts with their result written out and dots replaced by letters of their own."""
    inputs, arrow, result = text.partition("->")
    terms = inputs.split(",")
    free = [c for c in _LETTERS if c not in text]
    named = [len(t.replace("...", "")) for t in terms]
    for term, letters, n in zip(terms, named, dimensions, strict=True):
        if letters > n or (letters < n and "..." not in term):
            raise _misfit(f"einsum {text!r}: {term!r} cannot be the axes of an operand with {n}")
    most = max((n - k for t, k, n in zip(terms, named, dimensions, strict=True) if "..." in t), default=0)
    dots = "".join(free[:most])
    spelled = [t.replace("...", dots[len(dots) - (n - k) :]) for t, k, n in zip(terms, named, dimensions, strict=True)]
    if arrow:
        return f"{','.join(spelled)}->{result.replace('...', dots)}"
    given = "".join(terms).replace("...", "")
    once = "".join(sorted(c for c in set(given) if given.count(c) == 1))
    return f"{','.join(spelled)}->{dots}{once}"


def _einsum(builder: Builder, text: str, pieces: list[Traced], optimize: Any) -> Traced:
    """An einsum node in which no letter stands twice in one term: a diagonal is taken by indexing before."""
    inputs, _, result = text.partition("->")
    terms = inputs.split(",")
    for k, term in enumerate(terms):
        while len(set(term)) < len(term):
            twice = next(c for c in term if term.count(c) > 1)
            pieces[k], term = _diagonal(pieces[k], term, twice)
        terms[k] = term
    way = {"optimize": optimize} if optimize else {}
    return node(builder, EINSUM, tuple(pieces), subscripts=f"{','.join(terms)}->{result}", **way)


def _diagonal(a: Any, term: str, letter: str) -> tuple[Any, str]:
    first = term.index(letter)
    second = term.index(letter, first + 1)
    rest = [i for i in range(len(term)) if i not in (first, second)]
    moved = np.transpose(a, (first, second, *rest))
    n, m = moved.shape[:2]
    if n != m and 1 not in (n, m):
        raise _misfit(f"einsum: the axes named {letter!r} have {n} and {m} entries, and no diagonal")
    along = np.arange(max(n, m) if 0 not in (n, m) else 0)
    return moved[along % max(n, 1), along % max(m, 1)], letter + "".join(term[i] for i in rest)


def _einsum_pullback(g: Any, y: Any, *operands: Any, subscripts: str, optimize: Any = False) -> tuple[Any, ...]:
    inputs, _, result = subscripts.partition("->")
    terms = inputs.split(",")
    return tuple(_slope(g, operands, terms, result, k, optimize) for k in range(len(terms)))


def _slope(g: Any, operands: tuple[Any, ...], terms: list[str], result: str, k: int, optimize: Any) -> Any:
    """The slope of one operand: the sum of the products of what comes back and all others."""
    term, a = terms[k], operands[k]
    others = [t for i, t in enumerate(terms) if i != k]
    reached = "".join(c for c in term if c in set(result).union(*others))
    text = ",".join([result, *others]) + "->" + reached
    way: Any = {"optimize": optimize or len(others) > 1}
    slope = np.einsum(text, g, *(o for i, o in enumerate(operands) if i != k), **way)
    lengths = dict(zip(reached, slope.shape, strict=True))
    # Letters that are summed in this term alone: every entry along them gets the same slope.
    shape = tuple(lengths.get(c, 1) for c in term)
    slope = np.reshape(slope, shape) if reached != term else slope
    full = tuple(lengths.get(c, n) for c, n in zip(term, a.shape, strict=True))
    # An axis of one entry beside longer ones of its letter is repeated, and its slopes are added up; beside a result
    # that is given by it alone, it is one of several.
    full = tuple(n if m == 1 else m for m, n in zip(full, a.shape, strict=True))
    return sum_to(np.broadcast_to(slope, full) if slope.shape != full else slope, a.shape)


def _notation(*pieces: Layout, subscripts: str, optimize: Any = False) -> Layout:
    return call("einsum", Words(subscripts.replace("->", " → ").replace(",", ", ")), *pieces)


EINSUM = structural(
    lambda *operands, subscripts, optimize=False: np.einsum(subscripts, *operands, optimize=optimize),
    name="einsum",
    jax=lambda on, *operands, subscripts, optimize=False: on.np.einsum(subscripts, *in_one_dtype(operands)),
    lends=True,
    answers=(np.einsum,),
    rule="product rule",
    notation=_notation,
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
        ("i,ij,jk", V[:2], A, B, {"optimize": True}),
        ("...j,j", A, V, {}),
        ("ij->", A, {}),
        (A, [0, 1], B, [1, 2], [2, 0], {}),
        ("ij,ij", A, A[:1], {}),
    ),
    why="A sum of products: the slope to one factor is the sum of the products of all others.",
    source="Laue, Mitterreiter and Giesen 2018",
)
