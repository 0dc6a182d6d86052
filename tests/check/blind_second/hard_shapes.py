"""Right gradients at corners and ties, of nested parameters, and of equal formulas in another order."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
from check.blind.case import Case


def case(name: str, loss: Callable[..., Any], gradient: Callable[..., Any], *args: Any, n: int = 1) -> Case:
    return Case(f"hard: {name}", "hard", loss, gradient, args, (), "", n)


def rectified(w, x):
    return np.sum(np.maximum(w * x, 0))


def rectified_slope(at_zero):
    def gradient(w, x):
        return x * np.where(w * x == 0, at_zero, w * x > 0)

    return gradient


def absolute(w, c):
    return np.sum(np.abs(w - c))


def absolute_slope(at_zero):
    def gradient(w, c):
        return np.where(w == c, at_zero, np.sign(w - c))

    return gradient


def largest(w):
    return np.max(w) * 2


def largest_first(w):
    g = np.zeros_like(w)
    g[np.argmax(w)] = 2
    return g


def largest_shared(w):
    hit = (w == w.max()).astype(float)
    return 2 * hit / hit.sum()


def margin(w, x, y):
    return np.mean(np.maximum(0, 1 - y * (x @ w)))


def margin_slope(w, x, y):
    return -x.T @ (y * (1 - y * (x @ w) > 0)) / len(y)


def margin_slope_met(w, x, y):
    return -x.T @ (y * (1 - y * (x @ w) >= 0)) / len(y)


def clipped(w):
    return np.sum(np.clip(w, -1, 1) ** 2)


def clipped_slope(w):
    return 2 * w * (np.abs(w) < 1)


def clipped_slope_border(w):
    return 2 * w * (np.abs(w) <= 1)


def huber(w):
    return np.sum(np.where(np.abs(w) <= 1, 0.5 * w**2, np.abs(w) - 0.5))


def huber_slope(w):
    return np.clip(w, -1, 1)


def length(w):
    return np.sqrt(np.sum(w**2)) + np.sum(w)


def length_slope(w):
    norm = np.sqrt(np.sum(w**2))
    return (w / norm if norm > 0 else np.zeros_like(w)) + 1


def middle(w):
    return np.median(w) ** 2


def middle_slope(w):
    g = np.zeros_like(w)
    g[np.argsort(w)[w.size // 2]] = 2 * np.median(w)
    return g


def nested(params, x):
    h = np.tanh(x @ params["layers"][0]["W"] + params["layers"][0]["b"])
    return np.sum(h @ params["layers"][1]["W"]) * params["scale"]


def d_nested(params, x):
    first, second = params["layers"]
    h = np.tanh(x @ first["W"] + first["b"])
    dh = np.tile(second["W"].sum(axis=1), (len(x), 1)) * params["scale"]
    da = dh * (1 - h**2)
    dsecond = params["scale"] * np.outer(h.sum(axis=0), np.ones(second["W"].shape[1]))
    return {
        "scale": np.sum(h @ second["W"]),
        "layers": [{"W": x.T @ da, "b": da.sum(axis=0)}, {"W": dsecond}],
    }


Line = namedtuple("Line", "slope height")


def line(p, x, y):
    return np.mean((p.slope * x + p.height - y) ** 2)


def d_line(p, x, y):
    r = 2 * (p.slope * x + p.height - y) / len(x)
    return Line(r @ x, r.sum())


def pair(ab, x):
    a, b = ab
    return np.sum(a @ x * b)


def d_pair(ab, x):
    a, b = ab
    return np.outer(b, x), a @ x


def by_name(u, v, x):
    return np.sum((u * x + v) ** 3)


def d_by_name(u, v, x):
    return {"v": np.sum(3 * (u * x + v) ** 2), "u": np.sum(3 * (u * x + v) ** 2 * x)}


def broadcast(row, column):
    return np.sum(np.sin(row * column))


def d_broadcast(row, column):
    c = np.cos(row * column)
    return (c * column).sum(axis=0, keepdims=True), (c * row).sum(axis=1, keepdims=True)


def unused(w, v, x):
    return np.sum(w[:2] * x[:2])


def d_unused(w, v, x):
    g = np.zeros_like(w)
    g[:2] = x[:2]
    return g, np.zeros_like(v)


def trilinear(T, a, b, c):
    return np.einsum("ijk,i,j,k->", T, a, b, c)


def d_trilinear(T, a, b, c):
    outer = a[:, None, None] * b[:, None] * c
    return (
        outer,
        np.einsum("ijk,j,k->i", T, b, c),
        np.einsum("ijk,i,k->j", T, a, c),
        np.einsum("ijk,i,j->k", T, a, b),
    )


def squares(W, X, Y):
    return np.mean((X @ W - Y) ** 2)


def squares_expanded(W, X, Y):
    return (np.trace(W.T @ X.T @ X @ W) - 2 * np.sum(Y * (X @ W)) + np.sum(Y * Y)) / Y.size


def d_squares(W, X, Y):
    return 2 * X.T @ (X @ W - Y) / Y.size


def d_squares_grouped(W, X, Y):
    return 2 * ((X.T @ X) @ W - X.T @ Y) / Y.size


def d_squares_rows(W, X, Y):
    g = np.zeros_like(W)
    for x, y in zip(X[::-1], Y[::-1], strict=True):
        g += np.outer(x, x @ W - y) * (2 / Y.size)
    return g


def d_squares_einsum(W, X, Y):
    return np.einsum("ni,nj->ij", X, np.einsum("ni,ij->nj", X, W) - Y) / (0.5 * Y.size)


def logdet(L):
    return 2 * np.sum(np.log(np.abs(np.diag(L)))) - np.log(np.linalg.det(L @ L.T + np.eye(len(L))))


def d_logdet(L):
    return np.diag(2 / np.diag(L)) - 2 * np.linalg.solve(L @ L.T + np.eye(len(L)), L)


def solved(A, b):
    return np.sum(np.linalg.solve(A, b) ** 2)


def d_solved(A, b):
    x = np.linalg.solve(A, b)
    lam = np.linalg.solve(A.T, 2 * x)
    return -np.outer(lam, x), lam


def top_singular(A):
    return np.linalg.svd(A, compute_uv=False)[0]


def d_top_singular(A):
    u, _, v = np.linalg.svd(A)
    return np.outer(u[:, 0], v[0])


def powers(x, p):
    return np.sum(x**p)


def d_powers(x, p):
    return p * x ** (p - 1), np.sum(x**p * np.log(x))


def corners() -> list[Case]:
    rng = np.random.default_rng(13)
    at_zero = np.array([0.0, 1.5, -2.0, 0.0])
    tie = np.array([1.0, 3.0, 3.0, -1.0, 3.0])
    x, y = np.array([[1.0, 1.0], [2.0, -1.0], [0.5, 0.5]]), np.array([1.0, -1.0, 1.0])
    border = np.array([1.0, -1.0, 0.4, 2.0])
    return [
        *(
            case(
                f"rectifier at zero, slope {s:g}",
                rectified,
                rectified_slope(s),
                at_zero.copy(),
                np.array([1.0, 2, 3, -4]),
            )
            for s in (0.0, 0.5, 1.0)
        ),
        *(
            case(
                f"absolute value at its corner, slope {s:g}",
                absolute,
                absolute_slope(s),
                at_zero.copy(),
                np.array([0.0, 0, 1, 0]),
            )
            for s in (0.0, 1.0, -1.0)
        ),
        case("largest of a tie, the first", largest, largest_first, tie.copy()),
        case("largest of a tie, shared", largest, largest_shared, tie.copy()),
        case("largest, nearly a tie", largest, largest_first, np.array([1.0, 1.0 + 1e-6, 0.3])),
        case("margin met exactly, not counted", margin, margin_slope, np.array([0.5, 0.5]), x, y),
        case("margin met exactly, counted", margin, margin_slope_met, np.array([0.5, 0.5]), x, y),
        case("clip at its border, outside", clipped, clipped_slope, border.copy()),
        case("clip at its border, inside", clipped, clipped_slope_border, border.copy()),
        case("Huber at its join", huber, huber_slope, border.copy()),
        case("length of nothing", length, length_slope, np.zeros(3)),
        case("length of nearly nothing", length, length_slope, np.array([1e-9, -2e-9, 0.0])),
        case("median", middle, middle_slope, rng.normal(size=7)),
        case(
            "absolute value just beside its corner",
            absolute,
            absolute_slope(0.0),
            np.array([1e-5, -1e-7, 2.0]),
            np.zeros(3),
        ),
    ]


def shapes() -> list[Case]:
    rng = np.random.default_rng(14)
    params = {
        "scale": 0.8,
        "layers": [{"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3)}, {"W": rng.normal(size=(3, 2))}],
    }
    x, y = rng.normal(size=6), rng.normal(size=6)
    return [
        case("nested dict and list", nested, d_nested, params, rng.normal(size=(4, 2))),
        case("named tuple", line, d_line, Line(0.3, -1.2), x, y),
        case("tuple of two arrays", pair, d_pair, (rng.normal(size=(3, 2)), rng.normal(size=3)), rng.normal(size=2)),
        case("dict by name, in another order", by_name, d_by_name, 0.4, -0.7, x, n=2),
        case("row and column broadcast", broadcast, d_broadcast, rng.normal(size=(1, 4)), rng.normal(size=(3, 1)), n=2),
        case("one entry in each", broadcast, d_broadcast, np.array([[0.3]]), np.array([[2.0]]), n=2),
        case("a parameter that does nothing", unused, d_unused, rng.normal(size=4), rng.normal(size=3), x, n=2),
        case("array of no dimension", by_name, d_by_name, np.array(0.4), np.array(-0.7), x, n=2),
        case(
            "three axes",
            trilinear,
            d_trilinear,
            rng.normal(size=(2, 3, 2)),
            *map(rng.normal, (0, 1, 2), (1, 1, 1), (2, 3, 2)),
            n=4,
        ),
        case(
            "columns first in memory",
            squares,
            d_squares,
            np.asfortranarray(rng.normal(size=(3, 2))),
            rng.normal(size=(5, 3)),
            rng.normal(size=(5, 2)),
        ),
        case(
            "a view with steps",
            squares,
            d_squares,
            rng.normal(size=(6, 4))[::2, ::2],
            rng.normal(size=(5, 3)),
            rng.normal(size=(5, 2)),
        ),
    ]


def equal_formulas() -> list[Case]:
    rng = np.random.default_rng(15)
    W, X, Y = rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    grads = {"plain": d_squares, "grouped": d_squares_grouped, "by rows": d_squares_rows, "einsum": d_squares_einsum}
    L = np.tril(rng.normal(size=(4, 4))) + 2 * np.eye(4)
    return [
        *(case(f"squares expanded, gradient {n}", squares_expanded, g, W, X, Y) for n, g in grads.items()),
        case("squares, symmetric data", squares, d_squares_grouped, W + W.T, X + X.T, Y),
        case("squares, numbers like 1e5", squares_expanded, d_squares_rows, 1e5 * W, X, 1e5 * Y),
        case("solve", solved, d_solved, W + 3 * np.eye(4), Y[0], n=2),
        case(
            "solve, nearly singular", solved, d_solved, np.array([[1.0, 1.0], [1.0, 1.0137]]), np.array([1.0, 2.0]), n=2
        ),
        case("largest singular value", top_singular, d_top_singular, X),
        case("powers", powers, d_powers, np.array([1e-3, 0.5, 20.0]), 1.7, n=2),
        case("powers, tiny base", powers, d_powers, np.array([1e-12, 1e-9]), 0.5, n=2),
        case("log determinant", logdet_lower, d_logdet_lower, np.diag(L).copy(), np.tril(L, -1)),
    ]


def logdet_lower(d, lower):
    L = lower + np.diag(d)
    return logdet(L)


def d_logdet_lower(d, lower):
    return np.diag(d_logdet(lower + np.diag(d))).copy()


def cases() -> list[Case]:
    return [*corners(), *shapes(), *equal_formulas()]
