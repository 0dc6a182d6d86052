"""Right gradients at corners: ReLU units exactly at zero, ties in a max, zero weights under L1, margins met exactly.

At a corner a choice is made, as every framework makes one; each of the usual choices counts as right.
"""

from __future__ import annotations

import numpy as np
from check.blind.case import Case


def relu(w, b, X, y):
    return np.mean((np.maximum(X @ w + b, 0) - y) ** 2)


def d_relu(at_zero):
    def gradient(w, b, X, y):
        a = X @ w + b
        d = 2 * (np.maximum(a, 0) - y) / y.size * np.where(a == 0, at_zero, a > 0)
        return X.T @ d, d.sum(axis=0)

    return gradient


def leaky(b, X, y):
    a = X + b
    return np.sum(np.where(a > 0, a, 0.1 * a) * y)


def d_leaky(at_zero):
    def gradient(b, X, y):
        a = X + b
        return (np.sum(np.where(a == 0, at_zero, np.where(a > 0, 1, 0.1)) * y, axis=0),)

    return gradient


def lasso(w, X, y, alpha):
    return 0.5 * np.mean((X @ w - y) ** 2) + alpha * np.sum(np.abs(w))


def d_lasso(w, X, y, alpha):
    return X.T @ (X @ w - y) / len(y) + alpha * np.sign(w)


def hinge(w, b, X, y):
    return np.mean(np.maximum(0, 1 - y * (X @ w + b)))


def d_hinge(at_corner):
    def gradient(w, b, X, y):
        gap = 1 - y * (X @ w + b)
        d = -y * np.where(gap == 0, at_corner, gap > 0) / len(y)
        return X.T @ d, np.sum(d)

    return gradient


def largest(w, X):
    return np.sum(np.max(X * w, axis=1) ** 2)


def d_largest(kind):
    def gradient(w, X):
        s = X * w
        top = s.max(axis=1, keepdims=True)
        hit = (s == top) * 1.0
        if kind == "first":
            hit = np.eye(len(w))[np.argmax(s, axis=1)]
        if kind == "last":
            hit = np.eye(len(w))[len(w) - 1 - np.argmax(s[:, ::-1], axis=1)]
        if kind == "shared":
            hit = hit / hit.sum(axis=1, keepdims=True)
        return (np.sum(2 * top * hit * X, axis=0),)

    return gradient


def clipped(w, x):
    return np.sum(np.clip(w * x, -1, 1) * np.arange(1.0, len(w) + 1))


def d_clipped(at_edge):
    def gradient(w, x):
        s = np.abs(w * x)
        return (np.where(s == 1, at_edge, s < 1) * x * np.arange(1.0, len(w) + 1),)

    return gradient


def huber(w, y):
    r = w - y
    return np.sum(np.where(np.abs(r) <= 1, 0.5 * r**2, np.abs(r) - 0.5))


def d_huber(w, y):
    return (np.clip(w - y, -1, 1),)


def steps(w, x):
    return np.sum(np.floor(w * x)) + np.sum(w**2)


def d_steps(w, x):
    return (2 * w,)


def length(v, y):
    return np.sqrt(np.sum(v**2)) + v @ y


def d_length(v, y):
    size = np.sqrt(np.sum(v**2))
    return (y if size == 0 else v / size + y,)


def median(w, x):
    return np.median(w * x)


def d_median(w, x):
    s = w * x
    hit = np.zeros(len(w))
    hit[np.argsort(s, kind="stable")[len(w) // 2]] = 1
    return (hit * x,)


def cases() -> list[Case]:
    rng = np.random.default_rng(1000)
    X, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    zero_row = X.copy()
    zero_row[2] = 0
    w, b = rng.normal(size=(3, 2)), np.zeros(2)
    found = []

    def add(name, loss, gradient, *args, n=1):
        found.append(Case(f"corner: {name}", "corners", loss, gradient, args, (), "", n))

    for at_zero in (0.0, 1.0, 0.5):
        add(f"ReLU row of zeros, slope {at_zero:g} at zero", relu, d_relu(at_zero), w, b, zero_row, y, n=2)
        add(f"ReLU, all parameters zero, slope {at_zero:g}", relu, d_relu(at_zero), 0 * w, b, np.abs(X), y * y, n=2)
    column = np.array([[0.0, 1, -1], [2, 0, 0.5], [-1, 3, 0]])
    for at_zero in (1.0, 0.1):
        add(f"leaky ReLU at zero, slope {at_zero:g}", leaky, d_leaky(at_zero), np.zeros(3), column, np.abs(column) + 1)
    for seed in range(3):
        some = np.random.default_rng([1001, seed]).normal(size=6)
        some[[1, 4]] = 0
        add(
            f"L1 with zero weights, seed {seed}", lasso, d_lasso, some, rng.normal(size=(8, 6)), rng.normal(size=8), 0.5
        )
    whole = np.array([[1.0, 0], [0, 1], [2, 1], [-1, 1]])
    signs = np.array([1.0, 1, -1, 1])
    for at_corner in (0.0, 1.0):
        add(
            f"hinge met exactly, slope {at_corner:g}",
            hinge,
            d_hinge(at_corner),
            np.array([1.0, 0.5]),
            0.0,
            whole,
            signs,
            n=2,
        )
    tied = np.array([[1.0, 1, 0.5], [0.2, 2, 2], [3, 1, 0]])
    for kind in ("first", "last", "shared"):
        add(f"tie in a max, {kind}", largest, d_largest(kind), np.ones(3), tied)
        add(f"no tie in a max, {kind}", largest, d_largest(kind), np.array([1.0, 1.5, -0.7]), tied)
    edge = np.array([0.5, 1.0, 2.0, -1.0])
    for at_edge in (0.0, 1.0):
        add(f"clip at its edge, slope {at_edge:g}", clipped, d_clipped(at_edge), edge, np.ones(4))
    add("Huber exactly at its threshold", huber, d_huber, np.array([1.0, -1.0, 0.3, 2.0]), np.zeros(4))
    add("floor, away from its steps", steps, d_steps, np.array([0.3, 1.7, -2.2]), np.array([1.1, 2.0, 0.4]))
    add("length of a vector", length, d_length, np.array([3e-4, -4e-4]), np.array([1.0, 2.0]))
    add("length of a zero vector, slope zero", length, d_length, np.zeros(2), np.array([1.0, 2.0]))
    add("median", median, d_median, np.array([0.3, 1.7, -2.2, 0.9, 1.1]), np.array([1.1, 2.0, 0.4, 1.0, -1.0]))
    near = np.array([1e-9, -1e-9, 1e-5, -1e-5, 1e-12])
    add("leaky ReLU next to zero", leaky, d_leaky(0.1), near, np.zeros((2, 5)), np.ones((2, 5)))
    add("tie in a max nearly met", largest, d_largest("first"), np.array([1.0, 1 + 1e-10, 1.0]), tied)
    add("L1 with weights next to zero", lasso, d_lasso, near, rng.normal(size=(8, 5)), rng.normal(size=8), 0.5)
    return found
