"""Convolution and pooling; matrices; sorting."""

from __future__ import annotations

import jax.numpy as jnp
from check.jax_blind.case import drawn, of_vjp, one
from jax import lax

PLAIN = ("NCHW", "OIHW", "NCHW")


def convolution(x, k, b):
    return lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=PLAIN) + b[:, None, None]


def convolution_back(m, kept, g):
    x, k, _ = kept
    full = [(n - 1, n - 1) for n in k.shape[2:]]
    turned = one(m, k[:, :, ::-1, ::-1], unturned=k).swapaxes(0, 1)
    dx = lax.conv_general_dilated(g, turned, (1, 1), full, dimension_numbers=PLAIN)
    swapped, coming = x.swapaxes(0, 1), g.swapaxes(0, 1)
    dk = lax.conv_general_dilated(swapped, coming, (1, 1), "VALID", dimension_numbers=PLAIN).swapaxes(0, 1)
    dk = one(m, dk, mean=dk / len(x), turned=dk[:, :, ::-1, ::-1])
    return dx, dk, one(m, g.sum((0, 2, 3)), bias=g.mean((0, 2, 3)), samples=g.sum((0, 2, 3)) / len(x))


def strided(x, k):
    """In one dimension, with stride 2, and a layer behind."""
    return jnp.tanh(lax.conv_general_dilated(x, k, (2,), [(1, 1)], dimension_numbers=("NWC", "WIO", "NWC")))


def strided_back(m, kept, g):
    x, k = kept
    a = strided(x, k)
    d = g * one(m, 1 - a**2, no_tanh=1.0)
    padded = jnp.pad(x, ((0, 0), (1, 1), (0, 0)))
    dk = [jnp.einsum("nti,nto->io", padded[:, j : j + 2 * a.shape[1] : 2], d) for j in range(k.shape[0])]
    dx = jnp.zeros_like(padded)
    for j in range(k.shape[0]):
        tap = k[one(m, j, turned=k.shape[0] - 1 - j)]
        dx = dx.at[:, j : j + 2 * a.shape[1] : 2].add(jnp.einsum("nto,io->nti", d, tap))
    return dx[:, 1:-1], one(m, jnp.stack(dk), turned_k=jnp.stack(dk[::-1]))


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2), (1, 2, 2), "VALID")


def spread(y):
    return jnp.repeat(jnp.repeat(y, 2, 1), 2, 2)


def max_pool_back(m, kept, g):
    (x,) = kept
    y = max_pool(x)
    back = spread(g) * (x == spread(y))
    smallest = -max_pool(-x)
    return (one(m, back, all=spread(g), mean=spread(g) / 4, smallest=spread(g) * (x == spread(smallest))),)


def mean_pool(x):
    n, h, w = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2).mean((2, 4))


def mean_pool_back(m, kept, g):
    return (one(m, spread(g) / 4, sum=spread(g), half=spread(g) / 2),)


def solved(a, b):
    return jnp.linalg.solve(a, b)


def solved_back(m, kept, g):
    a, b = kept
    y = jnp.linalg.solve(a, b)
    db = jnp.linalg.solve(one(m, a.T, untransposed=a), g)
    da = one(m, -jnp.outer(db, y), sign=jnp.outer(db, y), transposed=-jnp.outer(y, db), b=-jnp.outer(db, b))
    return da, db


def inverse(a):
    return jnp.linalg.inv(a)


def inverse_back(m, kept, g):
    (a,) = kept
    y = jnp.linalg.inv(a)
    return (one(m, -y.T @ g @ y.T, sign=y.T @ g @ y.T, untransposed=-y @ g @ y, once=-y.T @ g),)


def product(a, b, c):
    return a @ b @ c


def product_back(m, kept, g):
    a, b, c = kept
    return (
        one(m, g @ c.T @ b.T, order=g @ b.T @ c.T),
        one(m, a.T @ g @ c.T, untransposed=a @ g @ c.T, transposed=(a.T @ g @ c.T).T),
        one(m, (a @ b).T @ g, missing=b.T @ g, mean=(a @ b).T @ g / 3),
    )


def ordered(x, w):
    return jnp.sort(x) @ w


def ordered_back(m, kept, g):
    x, w = kept
    order = jnp.argsort(x)
    back = jnp.zeros_like(x).at[order].set(g * w)
    return one(m, back, unsorted=g * w, twice=(g * w)[order]), g * one(m, jnp.sort(x), unsorted_w=x)


def cases():
    yield from of_vjp("convolution", convolution, convolution_back, drawn(50, (2, 2, 4, 5), (3, 2, 2, 2), (3,)), {
        "unturned": ("x", "the kernel is not turned round"),
        "mean": ("k", "mean over the samples for the sum"),
        "turned": ("k", "the slope of the kernel is turned round"),
        "bias": ("b", "mean for sum"),
        "samples": ("b", "mean over the samples for the sum, in b"),
    })  # fmt: skip
    yield from of_vjp("strided convolution", strided, strided_back, drawn(51, (2, 6, 2), (3, 2, 2)), {
        "no_tanh": ("x k", "the slope of tanh is missing"),
        "turned": ("x", "the kernel is turned round"),
        "turned_k": ("k", "the slope of the kernel is turned round"),
    })  # fmt: skip
    yield from of_vjp("max pool", max_pool, max_pool_back, drawn(52, (2, 4, 4)), {
        "all": ("x", "sent to all entries of the window"),
        "mean": ("x", "shared out as by a mean pool"),
        "smallest": ("x", "sent to the smallest entry"),
    })  # fmt: skip
    yield from of_vjp("mean pool", mean_pool, mean_pool_back, drawn(53, (2, 4, 4)), {
        "sum": ("x", "the division is missing"),
        "half": ("x", "divided by the width of the window for its size"),
    })  # fmt: skip
    a, b = drawn(54, (3, 3), (3,))
    yield from of_vjp("solve", solved, solved_back, (a + 3 * jnp.eye(3), b), {
        "untransposed": ("a b", "a for its transpose"),
        "sign": ("a", "the sign, in a alone"),
        "transposed": ("a", "the slope of a is transposed"),
        "b": ("a", "the right side where the solution belongs"),
    })  # fmt: skip
    yield from of_vjp("inverse", inverse, inverse_back, (a + 3 * jnp.eye(3),), {
        "sign": ("a", "the sign"),
        "untransposed": ("a", "the inverse for its transpose"),
        "once": ("a", "one of two inverses is missing"),
    })  # fmt: skip
    yield from of_vjp("product of matrices", product, product_back, drawn(55, (3, 3), (3, 3), (3, 3)), {
        "order": ("a", "the order of the factors"),
        "untransposed": ("b", "a for its transpose"),
        "transposed": ("b", "the slope of b is transposed"),
        "missing": ("c", "the factor a is missing"),
        "mean": ("c", "mean over the rows for the sum"),
    })  # fmt: skip
    yield from of_vjp("sorting", ordered, ordered_back, drawn(56, (6,), (6,)), {
        "unsorted": ("x", "not put back in order"),
        "twice": ("x", "put in order once more"),
        "unsorted_w": ("w", "x where the sorted x belongs"),
    })  # fmt: skip
