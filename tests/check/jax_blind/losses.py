"""Losses and what they are made of: softmax, cross-entropies, Huber, similarities, quadratic forms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from check.jax_blind.case import drawn, of_vjp, one

LABELS = jnp.asarray([2, 0, 3, 1, 1])


def softmax(z):
    e = jnp.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_back(m, kept, g):
    (z,) = kept
    p = softmax(z)
    return (
        one(m, p * (g - (g * p).sum(-1, keepdims=True)), diagonal=g * p * (1 - p), axis=p * (g - (g * p).sum(0)),
            no_p=p * (g - g.sum(-1, keepdims=True)), only=g * p, outer=g - p * (g * p).sum(-1, keepdims=True)),
    )  # fmt: skip


def softmax_classes(x, w):
    return jax.nn.softmax(x @ w)


def classes_back(m, kept, g):
    x, w = kept
    p = jax.nn.softmax(x @ w)
    dz = one(m, p * (g - (g * p).sum(-1, keepdims=True)), diagonal=g * p * (1 - p))
    return one(m, dz @ w.T, wrong=g @ w.T), x.T @ dz


def cross_entropy(z):
    return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(5), LABELS])


def cross_entropy_back(m, kept, g):
    (z,) = kept
    p = jax.nn.softmax(z)
    hot = jax.nn.one_hot(LABELS, 4)
    d = one(m, p - hot, sign=hot - p, no_labels=p, times=p * (p - hot), other=p - jnp.roll(hot, 1, 1))
    return (g * one(m, d / len(z), total=d, entries=d / z.size),)


def binary(z, y):
    return jnp.mean(jnp.logaddexp(z, 0.0) - y * z)


def binary_back(m, kept, g):
    z, y = kept
    s = jax.nn.sigmoid(z)
    dz = one(m, s - y, slope=(s - y) * s * (1 - s), logits=z - y, plain=s)
    return g * dz / len(z), one(m, -g * z / len(z), s=-g * s / len(z))


def huber(r):
    return jnp.where(jnp.abs(r) < 0.8, 0.5 * r**2, 0.8 * (jnp.abs(r) - 0.4))


def huber_back(m, kept, g):
    (r,) = kept
    outer = one(m, 0.8 * jnp.sign(r), no_delta=jnp.sign(r), no_sign=0.8 * jnp.ones_like(r), r=r)
    return (g * jnp.where(one(m, jnp.abs(r), signed=r) < 0.8, one(m, r, twice=2 * r), outer),)


def logsumexp(x):
    return jax.nn.logsumexp(x, axis=1)


def logsumexp_back(m, kept, g):
    (x,) = kept
    e = jnp.exp(x)
    share = one(m, e / e.sum(1, keepdims=True), unshared=e, axis=e / e.sum(0), log=jax.nn.log_softmax(x))
    return (g[:, None] * share,)


def cosine(a, b):
    return (a * b).sum(-1) / (jnp.sqrt((a**2).sum(-1)) * jnp.sqrt((b**2).sum(-1)))


def cosine_back(m, kept, g):
    a, b = kept
    na, nb = (jnp.sqrt((v**2).sum(-1, keepdims=True)) for v in (a, b))
    c = (a * b).sum(-1, keepdims=True) / (na * nb)
    g = g[:, None]
    second = one(m, c * a / na**2, power=c * a / na, sign=-c * a / na**2, held=0.0)
    return g * (b / (na * nb) - second), g * (a / (na * nb) - one(m, c * b / nb**2, other=c * a / nb**2))


def mse(x, w, y):
    return jnp.mean((x @ w - y) ** 2)


def mse_back(m, kept, g):
    x, w, y = kept
    d = g * one(m, 2 * (x @ w - y) / y.size, no_two=(x @ w - y) / y.size, rows=2 * (x @ w - y) / len(y),
                total=2 * (x @ w - y), sign=2 * (y - x @ w) / y.size)  # fmt: skip
    return d @ w.T, x.T @ d, one(m, -d, target=d)


def quadratic(x, a):
    return 0.5 * x @ a @ x


def quadratic_back(m, kept, g):
    x, a = kept
    dx = one(m, 0.5 * (a + a.T) @ x, half=0.5 * a @ x, full=a @ x)
    return g * dx, g * one(m, 0.5 * jnp.outer(x, x), no_half=jnp.outer(x, x))


def bilinear(x, a, y):
    return jnp.einsum("ni,ij,nj->n", x, a, y)


def bilinear_back(m, kept, g):
    x, a, y = kept
    dx = g[:, None] * (y @ one(m, a.T, untransposed=a))
    da = one(m, (g[:, None] * x).T @ y, transposed=(g[:, None] * y).T @ x, no_g=x.T @ y)
    return dx, da, g[:, None] * (x @ a)


def distance(x, c):
    return jnp.sqrt(((x[:, None, :] - c[None]) ** 2).sum(-1))


def distance_back(m, kept, g):
    x, c = kept
    apart = x[:, None, :] - c[None]
    d = jnp.sqrt((apart**2).sum(-1, keepdims=True))
    one_by_one = g[..., None] * one(m, apart / d, root=apart, twice=2 * apart / d, square=apart / d**2)
    return one_by_one.sum(1), one(m, -one_by_one.sum(0), sign=one_by_one.sum(0))


def cases():
    yield from of_vjp("softmax", softmax, softmax_back, drawn(10, (4, 4)), {
        "diagonal": ("z", "only the diagonal of the softmax's slopes"),
        "axis": ("z", "the sum goes over the wrong axis"),
        "no_p": ("z", "the shares are missing in the inner sum"),
        "only": ("z", "only the first term"),
        "outer": ("z", "the shares are missing before the first term"),
    })  # fmt: skip
    yield from of_vjp("softmax layer", softmax_classes, classes_back, drawn(11, (5, 3), (3, 4)), {
        "diagonal": ("x w", "only the diagonal of the softmax's slopes"),
        "wrong": ("x", "the softmax is left out, in x alone"),
    })  # fmt: skip
    yield from of_vjp("cross-entropy", cross_entropy, cross_entropy_back, drawn(12, (5, 4)), {
        "sign": ("z", "labels minus shares"),
        "no_labels": ("z", "the labels are missing"),
        "times": ("z", "p (p - y) for p - y"),
        "other": ("z", "the labels are shifted by one"),
        "total": ("z", "the mean over the rows is missing"),
        "entries": ("z", "mean over all entries for the mean over the rows"),
    })  # fmt: skip
    z, y = drawn(13, (6,), (6,))
    yield from of_vjp("binary cross-entropy", binary, binary_back, (z, (y > 0).astype(jnp.float32)), {
        "slope": ("z", "the slope of the sigmoid once too often"),
        "logits": ("z", "z - y for sigmoid(z) - y"),
        "plain": ("z", "the labels are missing"),
        "s": ("y", "sigmoid(z) for z"),
    })  # fmt: skip
    yield from of_vjp("huber", huber, huber_back, drawn(14, (8,), scale=1.5), {
        "no_delta": ("r", "the factor delta is missing"),
        "no_sign": ("r", "the sign is missing"),
        "r": ("r", "not clipped"),
        "signed": ("r", "the mask lacks the absolute value"),
        "twice": ("r", "2 r for r"),
    })  # fmt: skip
    yield from of_vjp("logsumexp", logsumexp, logsumexp_back, drawn(15, (4, 4)), {
        "unshared": ("x", "the sum below is missing"),
        "axis": ("x", "the sum goes over the wrong axis"),
        "log": ("x", "the logarithm of the shares for the shares"),
    })  # fmt: skip
    yield from of_vjp("cosine similarity", cosine, cosine_back, drawn(16, (4, 3), (4, 3)), {
        "power": ("a", "norm for its square"),
        "sign": ("a", "plus for minus before the second term"),
        "held": ("a", "the norm is held"),
        "other": ("b", "a where b belongs"),
    })  # fmt: skip
    yield from of_vjp("linear regression", mse, mse_back, drawn(17, (6, 4), (4, 2), (6, 2)), {
        "no_two": ("x w y", "the factor 2 is missing"),
        "rows": ("x w y", "mean over the rows for the mean over all entries"),
        "total": ("x w y", "the mean is missing"),
        "sign": ("x w y", "the sign of the residual"),
        "target": ("y", "the sign, in y alone"),
    })  # fmt: skip
    yield from of_vjp("quadratic form", quadratic, quadratic_back, drawn(18, (4,), (4, 4)), {
        "half": ("x", "only one of two paths"),
        "full": ("x", "a x, as if a were symmetric"),
        "no_half": ("a", "the factor 1/2 is missing"),
    })  # fmt: skip
    yield from of_vjp("bilinear", bilinear, bilinear_back, drawn(19, (5, 3), (3, 3), (5, 3)), {
        "untransposed": ("x", "a for its transpose"),
        "transposed": ("a", "the slope of a is transposed"),
        "no_g": ("a", "what comes back is ignored, in a alone"),
    })  # fmt: skip
    yield from of_vjp("distances", distance, distance_back, drawn(20, (5, 3), (4, 3)), {
        "root": ("x c", "the slope of the root is missing"),
        "twice": ("x c", "the factor 1/2 of the root is missing"),
        "square": ("x c", "divided by the square for the distance"),
        "sign": ("c", "the sign, in c alone"),
    })  # fmt: skip
