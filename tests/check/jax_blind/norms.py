"""Normalisations."""

from __future__ import annotations

import jax.numpy as jnp
from check.jax_blind.case import drawn, of_vjp, one

EPS = 1e-5


def layer_norm(x, gamma, beta):
    mean = x.mean(-1, keepdims=True)
    var = ((x - mean) ** 2).mean(-1, keepdims=True)
    return gamma * (x - mean) / jnp.sqrt(var + EPS) + beta


def norm_back(m, x, gamma, g, axis):
    mean = x.mean(axis, keepdims=True)
    var = ((x - mean) ** 2).mean(axis, keepdims=True)
    std = jnp.sqrt(var + EPS)
    n = (x - mean) / std
    d = g * one(m, gamma, no_gamma=1.0)
    by_mean, by_var = d.mean(axis, keepdims=True), n * (d * n).mean(axis, keepdims=True)
    dx = one(
        m, (d - by_mean - by_var) / std, held=d / std, no_mean=(d - by_var) / std, no_var=(d - by_mean) / std,
        var=(d - by_mean - by_var) / var, plus=(d - by_mean + by_var) / std, no_std=d - by_mean - by_var,
        sums=(d - d.sum(axis, keepdims=True) - by_var) / std,
    )  # fmt: skip
    return dx, n


def layer_back(m, kept, g):
    x, gamma, _ = kept
    dx, n = norm_back(m, x, gamma, g, -1)
    return dx, one(m, g * n, raw=g * x).sum(0), one(m, g.sum(0), mean=g.mean(0))


def batch_norm(x, gamma, beta):
    mean, var = jnp.mean(x, axis=0), jnp.var(x, axis=0)
    return gamma * (x - mean) / jnp.sqrt(var + EPS) + beta


def batch_back(m, kept, g):
    x, gamma, _ = kept
    dx, n = norm_back(m, x, gamma, g, 0)
    return dx, one(m, g * n, raw=g * x).sum(0), g.sum(0)


def rms_norm(x, w):
    return x / jnp.sqrt(jnp.mean(x**2, axis=-1, keepdims=True) + EPS) * w


def rms_back(m, kept, g):
    x, w = kept
    r = jnp.sqrt(jnp.mean(x**2, axis=-1, keepdims=True) + EPS)
    d = g * w
    inner = (d * x).mean(-1, keepdims=True)
    second = one(m, x * inner / r**3, power=x * inner / r**2, sum=x * (d * x).sum(-1, keepdims=True) / r**3, held=0.0)
    return d / r - second, one(m, g * x / r, raw=g * x).sum(0)


def unit(x):
    return x / jnp.linalg.norm(x, axis=1, keepdims=True)


def unit_back(m, kept, g):
    (x,) = kept
    n = jnp.linalg.norm(x, axis=1, keepdims=True)
    y = x / n
    along = (g * y).sum(1, keepdims=True)
    return (one(m, (g - y * along) / n, held=g / n, x=(g - x * along) / n, no_norm=g - y * along),)


def cases():
    statistics = {
        "held": ("x", "mean and variance are held"),
        "no_mean": ("x", "the way through the mean is missing"),
        "no_var": ("x", "the way through the variance is missing"),
        "var": ("x", "divided by the variance for its root"),
        "plus": ("x", "the sign of the way through the variance"),
        "no_std": ("x", "not divided by the standard deviation"),
        "sums": ("x", "sum for mean in the way through the mean"),
        "no_gamma": ("x", "gamma is missing"),
        "raw": ("gamma", "x for the normalised x"),
    }
    yield from of_vjp("layer norm", layer_norm, layer_back, drawn(30, (3, 5), (5,), (5,)), {
        **statistics, "mean": ("beta", "mean for sum"),
    })  # fmt: skip
    yield from of_vjp("batch norm", batch_norm, batch_back, drawn(31, (6, 3), (3,), (3,)), statistics)
    yield from of_vjp("rms norm", rms_norm, rms_back, drawn(32, (3, 5), (5,)), {
        "held": ("x", "the norm is held"),
        "power": ("x", "r^2 for r^3"),
        "sum": ("x", "sum for mean"),
        "raw": ("w", "x for the normalised x"),
    })  # fmt: skip
    yield from of_vjp("unit vectors", unit, unit_back, drawn(33, (4, 3)), {
        "held": ("x", "the norm is held"),
        "x": ("x", "x for the unit vector"),
        "no_norm": ("x", "not divided by the norm"),
    })  # fmt: skip
