"""Forward rules: `custom_jvp`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from check.jax_blind.case import drawn, of_jvp, one


def tanh(x):
    return jnp.tanh(x)


def tanh_forward(m, args, tangents):
    (x,), (t,) = args, tangents
    a = jnp.tanh(x)
    return t * one(m, 1 - a**2, x=1 - x**2, squared=(1 - a**2) ** 2)


def soft(x):
    return jnp.logaddexp(x, 0.0)


def soft_forward(m, args, tangents):
    (x,), (t,) = args, tangents
    s = jax.nn.sigmoid(x)
    return t * one(m, s, exp=jnp.exp(x), slope=s * (1 - s))


def times(x, y):
    return x * jnp.sin(y)


def times_forward(m, args, tangents):
    (x, y), (tx, ty) = args, tangents
    return tx * jnp.sin(y) + ty * one(m, x * jnp.cos(y), no_x=jnp.cos(y), sin=x * jnp.sin(y), sign=-x * jnp.cos(y))


def ratio(x, y):
    return x / (1 + y**2)


def ratio_forward(m, args, tangents):
    (x, y), (tx, ty) = args, tangents
    low = 1 + y**2
    by_y = one(m, -2 * x * y / low**2, sign=2 * x * y / low**2, power=-2 * x * y / low, two=-x * y / low**2)
    return tx / low + ty * by_y


def length(x):
    return jnp.sqrt((x**2).sum(-1))


def length_forward(m, args, tangents):
    (x,), (t,) = args, tangents
    n = length(x)
    return (x * t).sum(-1) / one(m, n, twice=n / 2, square=n**2)


def normal(x):
    mean, std = x.mean(-1, keepdims=True), jnp.std(x, axis=-1, keepdims=True)
    return (x - mean) / std


def normal_forward(m, args, tangents):
    (x,), (t,) = args, tangents
    std = jnp.std(x, axis=-1, keepdims=True)
    y = normal(x)
    by_mean, by_std = t.mean(-1, keepdims=True), y * (t * y).mean(-1, keepdims=True)
    return (t - one(m, by_mean, mean=0.0) - one(m, by_std, std=0.0)) / std


def layer(x, w):
    return jax.nn.relu(x @ w)


def layer_forward(m, args, tangents):
    (x, w), (tx, tw) = args, tangents
    z = x @ w
    t = tx @ w + one(m, x @ tw, half=0.5 * (x @ tw))
    return one(m, t * (z > 0), no_mask=t, below=t * (z < 0))


def shares(z):
    return jax.nn.softmax(z)


def shares_forward(m, args, tangents):
    (z,), (t,) = args, tangents
    p = shares(z)
    return one(m, p * (t - (p * t).sum(-1, keepdims=True)), diagonal=p * (1 - p) * t, no_p=t - (p * t).sum(-1)[:, None])


def cases():
    yield from of_jvp("forward: tanh", tanh, tanh_forward, drawn(60, (4, 3)), {
        "x": ("x", "1 - x^2 for 1 - tanh(x)^2"),
        "squared": ("x", "the slope is squared"),
    })  # fmt: skip
    yield from of_jvp("forward: softplus", soft, soft_forward, drawn(61, (6,)), {
        "exp": ("x", "the denominator of the sigmoid is missing"),
        "slope": ("x", "the slope of the sigmoid for the sigmoid"),
    })  # fmt: skip
    yield from of_jvp("forward: x sin y", times, times_forward, drawn(62, (5,), (5,)), {
        "no_x": ("y", "the factor x is missing"),
        "sin": ("y", "sin for cos"),
        "sign": ("y", "the sign"),
    })  # fmt: skip
    yield from of_jvp("forward: ratio", ratio, ratio_forward, drawn(63, (5,), (5,)), {
        "sign": ("y", "the sign of the quotient rule"),
        "power": ("y", "the denominator is not squared"),
        "two": ("y", "the factor 2 is missing"),
    })  # fmt: skip
    yield from of_jvp("forward: length", length, length_forward, drawn(64, (4, 3)), {
        "twice": ("x", "the factor 1/2 of the root is missing"),
        "square": ("x", "divided by the square"),
    })  # fmt: skip
    yield from of_jvp("forward: normalised", normal, normal_forward, drawn(65, (3, 5)), {
        "mean": ("x", "the way through the mean is missing"),
        "std": ("x", "the way through the standard deviation is missing"),
    })  # fmt: skip
    yield from of_jvp("forward: relu layer", layer, layer_forward, drawn(66, (5, 4), (4, 3)), {
        "no_mask": ("x w", "the mask is missing"),
        "below": ("x w", "the mask is the wrong way round"),
        "half": ("w", "a factor 1/2"),
    })  # fmt: skip
    yield from of_jvp("forward: softmax", shares, shares_forward, drawn(67, (4, 3)), {
        "diagonal": ("z", "only the diagonal of the softmax's slopes"),
        "no_p": ("z", "the shares are missing before the bracket"),
    })  # fmt: skip
