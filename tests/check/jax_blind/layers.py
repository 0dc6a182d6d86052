"""Dense layers with their activations, gates and dropout."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from check.jax_blind.case import drawn, of_vjp, one

ARGS = drawn(0, (5, 4), (4, 3), (3,))


def tanh_layer(x, w, b):
    return jnp.tanh(x @ w + b)


def tanh_back(m, kept, g):
    x, w, b = kept
    z = x @ w + b
    a = jnp.tanh(z)
    slope = one(m, 1 - a**2, z=1 - z**2, none=jnp.ones_like(a), squared=(1 - a**2) ** 2, linear=1 - a, plus=1 + a**2)
    d = g * slope
    dw = one(m, x.T @ d, mean=x.T @ d / len(x), g=x.T @ g)
    return d @ w.T, dw, one(m, d.sum(0), bias_mean=d.mean(0), bias_g=g.sum(0))


def sigmoid_layer(x, w, b):
    return jax.nn.sigmoid(x @ w + b)


def sigmoid_back(m, kept, g):
    x, w, b = kept
    z = x @ w + b
    s = jax.nn.sigmoid(z)
    d = g * one(m, s * (1 - s), only=s, z=z * (1 - z), other=1 - s, twice=s * (1 - s) * (1 - s))
    return one(m, d @ w.T, untouched=g @ w.T), x.T @ d, d.sum(0)


def relu_layer(x, w, b):
    z = x @ w + b
    return jnp.maximum(z, 0)


def relu_back(m, kept, g):
    x, w, b = kept
    z = x @ w + b
    mask = one(m, z > 0, none=jnp.ones_like(z), g=g > 0, below=z < 0, no_bias=x @ w > 0)
    d = g * mask
    return d @ w.T, x.T @ d, d.sum(0)


ROOT = (2 / jnp.pi) ** 0.5


def gelu(x):
    u = ROOT * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + jnp.tanh(u))


def gelu_back(m, kept, g):
    (x,) = kept
    t = jnp.tanh(ROOT * (x + 0.044715 * x**3))
    inner = ROOT * one(m, 1 + 3 * 0.044715 * x**2, cube=1 + 0.044715 * x**2, three=1 + 3 * 0.044715 * x**3, flat=1.0)
    first, second = 0.5 * (1 + t), 0.5 * x * (1 - t**2) * inner
    return (g * one(m, first + second, first=first, second=second, half=first + x * (1 - t**2) * inner),)


def silu(x):
    return x * jax.nn.sigmoid(x)


def silu_back(m, kept, g):
    (x,) = kept
    s = jax.nn.sigmoid(x)
    slope = s + x * s * (1 - s)
    return (g * one(m, slope, first=s, second=x * s * (1 - s), no_one=s + x * s * s, swish=x * s),)


def softplus(x):
    return jnp.log1p(jnp.exp(x))


def softplus_back(m, kept, g):
    (x,) = kept
    e = jnp.exp(x)
    return (g * one(m, e / (1 + e), exp=e, other=1 / (1 + e), tanh=jnp.tanh(x)),)


def glu(x, v, w):
    return (x @ v) * jax.nn.sigmoid(x @ w)


def glu_back(m, kept, g):
    x, v, w = kept
    u, s = x @ v, jax.nn.sigmoid(x @ w)
    du = g * one(m, s, ungated=jnp.ones_like(s))
    dz = g * u * one(m, s * (1 - s), slope=s)
    dx = one(m, du @ v.T + dz @ w.T, one_path=du @ v.T)
    return dx, x.T @ du, x.T @ dz


def block(x, w, v):
    return x + jnp.tanh(x @ w) @ v


def block_back(m, kept, g):
    x, w, v = kept
    a = jnp.tanh(x @ w)
    da = g @ one(m, v.T, untransposed=v)
    dz = da * one(m, 1 - a**2, missing=jnp.ones_like(a))
    dx = one(m, g + dz @ w.T, skip=dz @ w.T, only_skip=g)
    return dx, x.T @ dz, one(m, a.T @ g, input=x.T @ g)


MASK = jnp.asarray([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1]], jnp.float32)


def dropout(x):
    return x * MASK / 0.75


def dropout_back(m, kept, g):
    return (one(m, g * MASK / 0.75, unscaled=g * MASK, unmasked=g / 0.75),)


def cases():
    yield from of_vjp("dense tanh", tanh_layer, tanh_back, ARGS, {
        "z": ("x w b", "1 - z^2 for 1 - tanh(z)^2"),
        "none": ("x w b", "the slope of tanh is missing"),
        "squared": ("x w b", "the slope of tanh is squared"),
        "linear": ("x w b", "1 - a for 1 - a^2"),
        "plus": ("x w b", "1 + a^2 for 1 - a^2"),
        "mean": ("w", "mean over the rows for the sum, in w"),
        "g": ("w", "the slope of tanh is missing, in w alone"),
        "bias_mean": ("b", "mean over the rows for the sum, in b"),
        "bias_g": ("b", "the slope of tanh is missing, in b alone"),
    })  # fmt: skip
    yield from of_vjp("dense sigmoid", sigmoid_layer, sigmoid_back, ARGS, {
        "only": ("x w b", "s for s (1 - s)"),
        "z": ("x w b", "z (1 - z) for s (1 - s)"),
        "other": ("x w b", "1 - s for s (1 - s)"),
        "twice": ("x w b", "(1 - s)^2 for 1 - s"),
        "untouched": ("x", "the slope of the sigmoid is missing, in x alone"),
    })  # fmt: skip
    yield from of_vjp("dense relu", relu_layer, relu_back, ARGS, {
        "none": ("x w b", "the mask of relu is missing"),
        "g": ("x w b", "the mask is made from what comes back"),
        "below": ("x w b", "the mask is the wrong way round"),
        "no_bias": ("x w b", "the mask is made before the bias is added"),
    })  # fmt: skip
    yield from of_vjp("gelu", gelu, gelu_back, drawn(1, (4, 3)), {
        "first": ("x", "only the first term of the product rule"),
        "second": ("x", "only the second term of the product rule"),
        "cube": ("x", "the 3 of the cube's slope is missing"),
        "three": ("x", "3 x^3 for 3 x^2"),
        "flat": ("x", "the cube's slope is missing"),
        "half": ("x", "the factor 1/2 is missing in the second term"),
    })  # fmt: skip
    yield from of_vjp("silu", silu, silu_back, drawn(2, (4, 3)), {
        "first": ("x", "only the first term of the product rule"),
        "second": ("x", "only the second term of the product rule"),
        "no_one": ("x", "s s for s (1 - s)"),
        "swish": ("x", "the value for the slope"),
    })  # fmt: skip
    yield from of_vjp("softplus", softplus, softplus_back, drawn(3, (6,)), {
        "exp": ("x", "the denominator of the sigmoid is missing"),
        "other": ("x", "1 - sigmoid for sigmoid"),
        "tanh": ("x", "tanh for sigmoid"),
    })  # fmt: skip
    yield from of_vjp("glu", glu, glu_back, drawn(4, (5, 4), (4, 3), (4, 3)), {
        "one_path": ("x", "the way through the gate is missing"),
        "ungated": ("x v", "the gate is missing"),
        "slope": ("x w", "the gate's slope lacks 1 - s"),
    })  # fmt: skip
    yield from of_vjp("residual block", block, block_back, drawn(5, (5, 4), (4, 4), (4, 4)), {
        "skip": ("x", "the way past the layers is missing"),
        "only_skip": ("x", "the way through the layers is missing"),
        "missing": ("x w", "the slope of tanh is missing"),
        "untransposed": ("x w", "v for its transpose"),
        "input": ("v", "x where the hidden values belong"),
    })  # fmt: skip
    yield from of_vjp("dropout", dropout, dropout_back, drawn(6, (3, 4)), {
        "unscaled": ("x", "the scale is missing"),
        "unmasked": ("x", "the mask is missing"),
    })  # fmt: skip
