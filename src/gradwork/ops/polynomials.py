"""Polynomials by their coefficients, highest power first: sums, products, derivatives, roots; and convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import Op
from gradwork.notation.layout import call
from gradwork.ops._arrays import array_of
from gradwork.ops._declare import composite, node, structural, unsupported

V = np.array([0.5, -2.0, 1.0])
W = np.array([1.0, -0.5, 0.7])
X = np.array([0.0, 0.4, 1.0, 1.7])


def _declare(
    function: Any, lower: Any, *samples: Any, rule: str, why: str, exact: bool = True, words: Any = ()
) -> None:
    composite(
        function, rule=rule, lower=lower, samples=samples, words=words, why=why, source="by definition", exact=exact
    )


# -- sums of products, one a shift ------------------------------------------------------------------------------------


def _convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    a, v = (np.reshape(array_of(x), (-1,)) if np.ndim(x) == 0 else array_of(x) for x in (a, v))
    if not len(a) or not len(v):
        raise ValueError("a cannot be empty" if not len(a) else "v cannot be empty")
    a, v = (v, a) if len(v) > len(a) else (a, v)
    return _shifted_products(a, v, str(mode))


def _shifted_products(a: Any, v: Any, mode: str) -> Any:
    """The convolution, `v` being the shorter one: rows of shifted windows of `a` times `v`, turned about."""
    n, m = a.shape[0], v.shape[0]
    if mode not in ("full", "same", "valid"):
        raise unsupported("convolve", f"mode={mode!r}")
    first, last = {"full": (0, n + m - 1), "same": ((m - 1) // 2, (m - 1) // 2 + n), "valid": (m - 1, n)}[mode]
    padded = np.concatenate([np.zeros(m - 1, a.dtype), a, np.zeros(m - 1, a.dtype)])
    windows = padded[np.arange(first, last)[:, None] + np.arange(m)[None, :]]
    return np.matmul(windows, v[::-1])


def _correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    a, v = (np.reshape(array_of(x), (-1,)) if np.ndim(x) == 0 else array_of(x) for x in (a, v))
    turned = np.conjugate(v) if v.dtype.kind == "c" else v
    if len(a) >= len(v):
        return _shifted_products(a, turned[::-1], str(mode))
    # NumPy swaps the two and turns the result about.
    swapped = _shifted_products(turned, a[::-1], str(mode))
    return swapped[::-1]


_PRODUCTS = "Sums of products, one a shift."
_declare(
    np.convolve,
    _convolve,
    (V, X),
    (V, W[:2], {"mode": "valid"}),
    (V, W[:2], {"mode": "same"}),
    rule="product rule",
    why=_PRODUCTS,
    exact=False,
    words=("convolve",),
)
_declare(
    np.correlate,
    _correlate,
    (X, V),
    (V, X, {"mode": "full"}),
    rule="product rule",
    why=_PRODUCTS,
    exact=False,
    words=("correlate",),
)


# -- values and coefficients ------------------------------------------------------------------------------------------


def _polyval(p: Any, x: Any) -> Any:
    p, x = array_of(p), array_of(x)
    result = np.zeros_like(x) + 0 * x
    for k in range(p.shape[0]):
        result = result * x + p[k]
    return result


def _vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    x = array_of(x)
    n = len(x) if N is None else int(N)
    x = x.astype(np.promote_types(x.dtype, int))
    if n == 0:
        return np.reshape(x[:0], (0,))[:, None][:, :0] if not len(x) else x[:, None][:, :0]
    powers = [np.ones_like(x)]
    for _ in range(n - 1):
        powers.append(powers[-1] * x)
    return np.stack(powers if increasing else powers[::-1], axis=1)


def _sum(first: Any, second: Any, sign: int) -> Any:
    a, b = (np.atleast_1d(array_of(x)) for x in (first, second))
    length = max(len(a), len(b))
    a, b = (np.concatenate([np.zeros(length - len(x), x.dtype), x]) if len(x) < length else x for x in (a, b))
    return a + b if sign > 0 else a - b


def _without_leading_zeros(p: Any) -> Any:
    p = np.trim_zeros(np.atleast_1d(array_of(p)), "f")
    return p if len(p) else np.zeros(1)


def _polyder(p: Any, m: int = 1) -> Any:
    p = array_of(p)
    for _ in range(int(m)):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    p, m = array_of(p), int(m)
    constants = np.zeros(m) if k is None else np.atleast_1d(array_of(k))
    for i in range(m):
        constant = constants[i if constants.shape[0] > 1 else 0]
        p = np.concatenate([p / np.arange(p.shape[0], 0, -1), np.reshape(constant, (1,))])
    return p


def _polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    u, v = (np.atleast_1d(array_of(x)) + 0.0 for x in (u, v))
    steps, n = len(u) - len(v) + 1, len(v) - 1
    scale, rest, quotient = 1.0 / v[0], u, []
    for k in range(steps):
        factor = scale * rest[k]
        quotient.append(factor)
        rest = np.concatenate([rest[:k], rest[k : k + n + 1] - factor * v, rest[k + n + 1 :]])
    while len(rest) > 1 and bool(np.allclose(rest[0], 0, rtol=1e-14)):
        rest = rest[1:]
    return (np.stack(quotient) if quotient else np.zeros(1)), rest


def _poly(seq_of_zeros: Any) -> Any:
    zeros = np.atleast_1d(array_of(seq_of_zeros))
    matrix = zeros.ndim == 2
    real = matrix and zeros.dtype.kind != "c"
    zeros = np.linalg.eigvals(zeros) if matrix else zeros
    if not len(zeros):
        return np.ones(())
    result: Any = np.ones(1, zeros.dtype)
    for k in range(len(zeros)):
        result = np.convolve(result, np.stack([np.ones((), zeros.dtype), -zeros[k]]))
    if result.dtype.kind == "c" and (
        real or bool(np.all(np.sort_complex(zeros) == np.sort_complex(np.conjugate(zeros))))
    ):
        return np.real(result)
    return result


_COEFFICIENTS = "Coefficients add up, or are multiplied with one another."
_declare(
    np.polyval,
    _polyval,
    (V, 1.5),
    (V, W),
    rule="product rule",
    why="Horner's way: a product and a sum for each power.",
    words=("polyval",),
)
_declare(
    np.vander,
    _vander,
    (V, {}),
    rule="power rule",
    why="A column of powers after the other.",
    exact=False,
    words=("vander",),
)
_declare(np.polyadd, lambda a1, a2: _sum(a1, a2, 1), (V, W[:2]), rule="sum rule", why=_COEFFICIENTS)
_declare(np.polysub, lambda a1, a2: _sum(a1, a2, -1), (V, W[:2]), rule="sum rule", why=_COEFFICIENTS)
_declare(
    np.polymul,
    lambda a1, a2: np.convolve(_without_leading_zeros(a1), _without_leading_zeros(a2)),
    (V, X[1:]),
    rule="product rule",
    why=_COEFFICIENTS,
    exact=False,
)
_declare(np.polydiv, _polydiv, (V, W[:2]), rule="quotient rule", why="Long division, step by step.", exact=False)
_declare(
    np.polyder, _polyder, (V, {}), (X, {"m": 2}), rule="constant factor rule", why="Each coefficient times its power."
)
_declare(
    np.polyint,
    _polyint,
    (V, {}),
    (V, {"m": 2, "k": 3.0}),
    rule="constant factor rule",
    why="Each coefficient over its new power.",
)
_declare(np.poly, _poly, (V,), rule="product rule", why="The product of x - r over all zeros r.", exact=False)


# -- zeros and fits ---------------------------------------------------------------------------------------------------


def _root_slopes(r: Any, p: Any) -> Any:
    """For each zero and each coefficient, how the zero moves when the coefficient does."""
    n = p.shape[0] - 1
    powers = r[:, None] ** np.arange(n, -1, -1)[None, :]
    steepness = np.matmul(powers[:, 1:], p[:-1] * np.arange(n, 0, -1))
    return -powers / steepness[:, None]


def _root_pullback(g: Any, y: Any, p: Any) -> tuple[Any]:
    back = np.matmul(g, _root_slopes(y, p))
    return (np.real(back) if p.dtype.kind != "c" else back,)


ROOTS: Op = structural(
    np.roots,
    jax=lambda on, p: (on.need((p[0] != 0) & (p[-1] != 0)), on.np.roots(p, strip_zeros=False))[1],
    rule="implicit function rule",
    notation=lambda p: call("roots", p),
    lower=lambda builder, p: node(builder, ROOTS, (p,)),
    pullback=_root_pullback,
    pushforward=lambda t, y, p: np.matmul(_root_slopes(y, p), t[0]),
    analytic=True,
    words=(),
    samples=((np.array([1.0 + 0.5j, -2.0, 1.0j, 0.4 - 1.0j]),),),
    why="p(r) = 0 stays true: what moves a coefficient moves p there, and r makes up for it at the rate 1/p'(r).",
    source="Wilkinson 1963, section 2.7",
)


def _polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    if full or cov or np.ndim(deg):
        raise unsupported("polyfit", "full=, cov= or a list of powers")
    x, y = array_of(x) + 0.0, array_of(y) + 0.0
    left, right = np.vander(x, int(deg) + 1), y
    if w is not None:
        w = array_of(w) + 0.0
        left = left * w[:, None]
        right = right * (w[:, None] if y.ndim == 2 else w)
    rcond = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    scale = np.sqrt(np.sum(left * left, axis=0))
    found = np.linalg.lstsq(left / scale, right, rcond)[0]
    return np.transpose(np.transpose(found) / scale)


_declare(
    np.polyfit,
    _polyfit,
    (X, np.array([1.0, 0.2, -0.5, 0.9]), 1),
    rule="least squares rule",
    why="The coefficients solve a least squares problem in the columns of powers.",
    exact=False,
)
