"""Equal eigenvalues and equal singular values: what still has a slope there, and what has none and is refused.

Equal values have vectors that may be turned among themselves. What hangs on one choice of them jumps; what does not,
such as the sum of the values, passes. The rules of the factorisations divide by differences of values, and say here
what has to be nothing where such a difference is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.errors import NoSlopeError
from gradwork.graph.op import REGISTER
from gradwork.notation.layout import Fraction
from gradwork.ops._declare import Traced, node, public, structural

# What counts as no difference, in last places times the root of the number of rows: equal eigenvalues of symmetric
# matrices of 5 to 300 rows came out of LAPACK up to 26 last places apart.
_SLACK = 50
_X = np.array([[0.5, -1.0, 2.0], [1.5, 1.0, 0.25], [0.3, -0.7, 0.1]])

ABOUT: dict[str, tuple[str, str, str]] = {
    "equal values": (
        "this loss has no slope here: two {values} are equal, and it treats them differently",
        "equal {values} part in every direction, and which of the two becomes the larger depends on the direction",
        "a loss that treats them alike (a sum over all, say), or a point where no two are equal",
    ),
    "vectors of equal values": (
        "this loss has no slope here: it looks at single vectors of {values} that are equal",
        "the vectors of equal {values} may be turned among themselves, so which ones come out is chance; the "
        "slope would be divided by the difference of the two, which is 0",
        "a loss of the {values} alone, or of all of the matrix; or a point where no two are equal",
    ),
    "second slopes": (
        "the second slope is not known here: two {values} are equal, or one is 0",
        "it is the difference of two slopes over the difference of two {values}, and both are 0",
        "a point where no two are equal; or np.trace, np.linalg.det and np.linalg.norm, which need no {values}",
    ),
    "phase": (
        "this loss has no slope: it depends on the phase of complex vectors",
        "each vector of a complex matrix may be turned by any phase e^(i t); which of these comes out is chance",
        "a loss that a phase does not change, such as np.abs(v)",
    ),
    "other vectors": (
        "this loss has no slope here: it looks at vectors that belong to no {values}",
        "those that only fill up the square matrix, or belong to a value of 0, are any that stand at right angles to "
        "the others; which ones come out is chance",
        "full_matrices=False, or mode='reduced', and a matrix of full rank",
    ),
    "rank": (
        "this has no slope here: the matrix is not of full rank",
        "the smallest change of the matrix can change its rank, and then the result jumps",
        "np.linalg.solve(a.T @ a + small * np.eye(n), a.T @ b), which has slopes everywhere",
    ),
    "defective": (
        "this loss has no slope here: the matrix has fewer eigenvectors than rows",
        "two of its eigenvalues are equal and share one vector; such values part like a square root, infinitely steep",
        "another point; or np.trace, np.linalg.det and powers of the matrix, which are smooth everywhere",
    ),
    "third slopes": (
        "third slopes of a determinant are not known here: the matrix is singular",
        "they are written with the inverse, which is not there",
        "a matrix with a determinant other than 0",
    ),
}


def no_slope(about: str, values: str) -> NoSlopeError:
    """The error for a slope that is not there; the line is filled in where the rule was asked for."""
    headline, why, hint = (text.format(values=values) for text in ABOUT[about])
    return NoSlopeError(headline, why=why, hint=hint)


def _slack(n: int, dtype: Any) -> Any:
    return _SLACK * max(n, 1) ** 0.5 * np.finfo(dtype).eps


def gaps_of(values: Any) -> Any:
    """The differences values[j] - values[i], exactly 0 where the two are equal but for rounding."""
    return without_rounding(values[..., None, :] - values[..., :, None], values)


def without_rounding(numbers: Any, values: Any) -> Any:
    """`numbers`, exactly 0 where they are rounding beside the largest of `values`."""
    size = np.max(np.abs(values), axis=-1, initial=0.0) * _slack(values.shape[-1], values.dtype)
    size = np.reshape(size, (*values.shape[:-1], *(1,) * (numbers.ndim - values.ndim + 1)))
    return np.where(np.abs(numbers) <= size, np.zeros((), numbers.dtype), numbers)


def scale_of(*matrices: Any) -> Any:
    """How large the entries are, for each matrix in a stack; kept as a matrix of one entry."""
    return sum(np.max(np.abs(m), axis=(-2, -1), initial=0.0, keepdims=True) for m in matrices)


@public
def quotient(x: Any, gaps: Any, scale: Any, marked: bool, about: str, values: str) -> Any:
    """X / gaps, and 0 where a gap is 0 and x is nothing beside `scale`.

    Where a gap is 0 and x is not, there is no slope: refused, or marked with nan for a later step to refuse.
    """
    x, nothing = np.asarray(x), np.asarray(gaps) == 0
    lost = nothing & (np.abs(x) > _slack(max(x.shape[-2:]), x.dtype) * np.asarray(scale))
    if lost.any() and not marked:
        raise no_slope(about, values)
    return np.where(lost, np.nan, np.where(nothing, 0, x) / np.where(nothing, 1, gaps)).astype(x.dtype)


def _quotient_on_jax(on: Any, x: Any, gaps: Any, scale: Any, marked: bool, about: str, values: str) -> Any:
    nothing = on.np.equal(gaps, 0)
    lost = nothing & (on.np.abs(x) > _slack(max(x.shape[-2:]), x.dtype) * scale)
    if not marked:
        on.need(~lost)
    return on.np.where(lost, np.nan, on.np.where(nothing, 0, x) / on.np.where(nothing, 1, gaps)).astype(x.dtype)


def _quotient_pullback(g: Any, y: Any, x: Any, gaps: Any, scale: Any, marked: bool, about: str, values: str) -> Any:
    back = quotient(g, gaps, scale_of(g), marked=False, about=about, values=values)
    return back, -back * y, None


def _quotient_pushforward(t: Any, y: Any, x: Any, gaps: Any, scale: Any, marked: bool, about: str, values: str) -> Any:
    top = (0 if t[0] is None else t[0]) - (0 if t[1] is None else y * t[1])
    if not isinstance(top, Traced):
        return None
    return quotient(top, gaps, scale_of(top), marked=marked, about=about, values=values)


_GAPS = np.array([[0.0, 1.0, 2.5], [-1.0, 0.0, 1.5], [-2.5, -1.5, 0.0]])
QUOTIENT = structural(
    quotient,
    jax=_quotient_on_jax,
    rule="quotient rule",
    notation=lambda x, gaps, scale, marked, about, values: Fraction(x, gaps),
    lower=lambda builder, x, gaps, scale, **params: node(
        builder, REGISTER.named("quotient"), (x, gaps, scale), **params
    ),
    pullback=_quotient_pullback,
    pushforward=_quotient_pushforward,
    infer=lambda inputs, **params: inputs[0],
    arity=3,
    samples=((_X, _X + 3, 1, {"marked": False, "about": "vectors of equal values", "values": "eigenvalues"}),),
    words=("_quotient",),
    why="The quotient rule; where both are nothing, nothing is carried on.",
    source="Giles 2008, section 3.1",
)


def independent(v: Any) -> Any:
    """Vectors as they are, refused where they do not reach in all directions."""
    if not v.size:
        return v
    smallest = without_rounding(np.linalg.svdvals(v), np.linalg.svdvals(v))[..., -1]
    return sure(v, np.equal(smallest, 0).astype(v.real.dtype), 0, about="defective", values="eigenvalues")


def off_diagonal(x: Any) -> Any:
    """The matrix without its diagonal."""
    return np.where(np.eye(x.shape[-1], dtype=bool), np.zeros((), x.dtype), x)


def turns(x: Any, gaps: Any, scale: Any, values: str, marked: bool = False) -> Any:
    """How far each vector turns towards each other one: `x` over the gaps between their values, nothing to itself."""
    about = "vectors of equal values"
    return off_diagonal(quotient(off_diagonal(x), gaps, scale, marked=marked, about=about, values=values))


@public
def sure(g: Any, doubt: Any, scale: Any, about: str, values: str) -> Any:
    """`g` as it is, unless `doubt` is more than rounding beside `scale`: then there is no slope."""
    doubt = np.asarray(doubt)
    kind = np.asarray(g).dtype
    if doubt.size and np.any(np.abs(doubt) > _slack(max(np.shape(g)[-2:], default=1), kind) * np.asarray(scale)):
        raise no_slope(about, values)
    return np.array(g)[()]


def _sure_on_jax(on: Any, g: Any, doubt: Any, scale: Any, about: str, values: str) -> Any:
    if doubt.size:
        on.need(~(on.np.abs(doubt) > _slack(max(g.shape[-2:], default=1), g.dtype) * scale))
    return on.np.asarray(g)


SURE = structural(
    sure,
    jax=_sure_on_jax,
    rule="identity rule",
    notation=lambda g, doubt, scale, about, values: g,
    lower=lambda builder, g, doubt, scale, **params: node(builder, REGISTER.named("sure"), (g, doubt, scale), **params),
    pullback=lambda g, y, a, doubt, scale, about, values: (g, None, None),
    pushforward=lambda t, y, a, doubt, scale, about, values: t[0],
    infer=lambda inputs, **params: inputs[0],
    arity=3,
    samples=((_X, 0, 1, {"about": "phase", "values": "eigenvalues"}),),
    words=("_sure",),
    why="Nothing is changed; only looked at.",
    source="by definition",
)


def asked_of(rows: Any) -> tuple[str, Any] | None:
    """The first part of a factorisation among these rows that may be marked: its label, and the user's line."""
    for row in rows:
        label = row[2]["label"].removesuffix(_WITH) if row[0] == "part" else ""
        if label in _VALUES_OF:
            return label, row[5]
    return None


def told(moved: Any, value: Any, label: str) -> Any:
    """How a result moves, unless a factorisation on the way marked it as having no slope."""
    doubt = (np.isnan(moved) & np.isfinite(value)).astype(moved.real.dtype)
    about = "other vectors" if label in ("Q", "R") else "vectors of equal values"
    return sure(moved, doubt, 0, about=about, values=_VALUES_OF[label])


_WITH = " with values"


def beside_values(g: Traced, a: Traced) -> str:
    """What the vectors that a rule for values uses are called: also by what values they go with, where `g` moves too.

    Of equal values f(s), the slopes f'(s) are equal, and their difference over that of the values is 0 / 0. It is 0
    where f' stands still, and f''(s) where not.
    """
    waiting, seen, rows = [g.index], set(), g.builder.rows
    while waiting:
        position = waiting.pop()
        if position == a.index:
            return _WITH
        if position > a.index and position not in seen:
            seen.add(position)
            waiting += rows[position][1]
    return ""


def hidden_ties(reached: frozenset[str] | None) -> bool:
    """Whether slopes come back to vectors that a rule for values has used, while the slopes of those moved too."""
    return reached is None or any(label.endswith(_WITH) for label in reached)


# The parts of factorisations whose vectors may be marked, and the values that these belong to.
_VALUES_OF = {
    "Q": "columns of the matrix",
    "R": "columns of the matrix",
    "eigenvalues": "eigenvalues",
    "eigenvectors": "eigenvalues",
    "left vectors": "singular values",
    "singular values": "singular values",
    "right vectors": "singular values",
}


# Ops in which the way forward alone may not see that there is no slope: what equal values do apart is lost there.
_BLIND = frozenset({"eigh", "eigvalsh", "eig", "eigvals", "svd", "svdvals", "lstsq"})


def is_blind(rows: Any) -> bool:
    """Whether a slope that was worked out forwards through these rows has to be asked for backwards too."""
    return any(row[0] in _BLIND for row in rows)


def level(g: Any, gaps: Any, values: str) -> Any:
    """The slopes `g` of eigenvalues or singular values, refused where equal ones have different slopes."""
    differences = np.where(np.equal(gaps, 0), g[..., None, :] - g[..., :, None], np.zeros((), g.dtype))
    size = np.max(np.abs(g), axis=-1, initial=0.0)[..., None, None]
    return sure(g, differences, size, about="equal values", values=values)


def shared(gaps: Any) -> Any:
    """1 for pairs of equal values, a value with itself where it is equal to another one too; 0 for all other pairs."""
    n = gaps.shape[-1]
    equal = np.equal(gaps, 0)
    alone = np.equal(np.sum(equal, axis=-1, keepdims=True), 1) & np.eye(n, dtype=bool)
    return np.where(alone, 0.0, equal.astype(gaps.real.dtype)).astype(gaps.real.dtype)
