"""Functions that stand in losses and networks, with the slopes that people remember for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gradwork.check.given import Array

OfOne = Callable[[Array], Array]
OfBoth = Callable[[Array, Array], Array]
ROOT = math.sqrt(2 / math.pi)
_erf = np.vectorize(math.erf, otypes=[float])
SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772  # of selu


@dataclass(frozen=True)
class Known:
    """A function: its value at z, its slope at z, and slopes that are written with z and the result a.

    remembered: by the formula; right for this function where a is its own result, and a mistake for another.
    """

    value: OfOne
    slope: OfOne
    written: str
    remembered: dict[str, OfBoth] = field(default_factory=dict)


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))


def _leaky(leak: float) -> Known:
    return Known(
        lambda z: np.where(z > 0, z, leak * z), lambda z: np.where(z > 0, 1.0, leak), f"1 where z > 0, else {leak:g}"
    )


def _normal(z: Array) -> Array:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))


def _share(z: Array) -> Array:
    return np.asarray(0.5 * (1 + _erf(z / math.sqrt(2))))


def _inner(z: Array) -> Array:
    return np.tanh(ROOT * (z + 0.044715 * z**3))


def _gelu_slope(z: Array) -> Array:
    t = _inner(z)
    return np.asarray(0.5 * (1 + t) + 0.5 * z * (1 - t * t) * ROOT * (1 + 3 * 0.044715 * z * z))


def _swish_slope(z: Array, beta: float) -> Array:
    s = sigmoid(beta * z)
    return np.asarray(s + beta * z * s * (1 - s))


def _elu(z: Array, alpha: float = 1.0) -> Array:
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def _elu_slope(z: Array, alpha: float = 1.0) -> Array:
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))


ACTIVATIONS: dict[str, Known] = {
    "identity": Known(lambda z: z, np.ones_like, "1"),
    "sigmoid": Known(
        sigmoid,
        lambda z: sigmoid(z) * (1 - sigmoid(z)),
        "s (1 - s) with s = sigmoid(z)",
        {"a (1 - a), with a the result": lambda z, a: a * (1 - a)},
    ),
    "tanh": Known(
        np.tanh,
        lambda z: 1 - np.tanh(z) ** 2,
        "1 - tanh(z)^2",
        {"1 - a^2, with a the result": lambda z, a: 1 - a * a},
    ),
    "relu": Known(lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0, "1 where z > 0"),
    "leaky relu (0.01)": _leaky(0.01),
    "leaky relu (0.1)": _leaky(0.1),
    "leaky relu (0.2)": _leaky(0.2),
    "leaky relu (0.3)": _leaky(0.3),
    "absolute value": Known(np.abs, np.sign, "the sign of z"),
    "softplus": Known(
        lambda z: np.logaddexp(0.0, z), sigmoid, "sigmoid(z)", {"1 - exp(-a)": lambda z, a: 1 - np.exp(-a)}
    ),
    "elu": Known(_elu, _elu_slope, "1 where z > 0, else exp(z)"),
    "selu": Known(
        lambda z: SCALE * _elu(z, ALPHA), lambda z: SCALE * _elu_slope(z, ALPHA), "1.0507 times 1, or 1.6733 exp(z)"
    ),
    "gelu (with erf)": Known(lambda z: z * _share(z), lambda z: _share(z) + z * _normal(z), "Phi(z) + z phi(z)"),
    "gelu (with tanh)": Known(lambda z: 0.5 * z * (1 + _inner(z)), _gelu_slope, "of the formula with tanh"),
    "gelu (with a sigmoid)": Known(
        lambda z: z * sigmoid(1.702 * z), lambda z: _swish_slope(z, 1.702), "s + 1.702 z s (1 - s)"
    ),
    "swish": Known(lambda z: z * sigmoid(z), lambda z: _swish_slope(z, 1.0), "s + z s (1 - s)"),
    "the gate of swish or gelu": Known(sigmoid, sigmoid, "sigmoid(z) alone"),
    "the gate of gelu": Known(_share, _share, "Phi(z) alone"),
    "hard tanh": Known(lambda z: np.clip(z, -1, 1), lambda z: (np.abs(z) < 1) * 1.0, "1 where |z| < 1"),
    "hard sigmoid": Known(
        lambda z: np.clip(0.2 * z + 0.5, 0, 1), lambda z: 0.2 * (np.abs(z) < 2.5), "0.2 where |z| < 2.5"
    ),
    "softsign": Known(lambda z: z / (1 + np.abs(z)), lambda z: 1 / (1 + np.abs(z)) ** 2, "1 / (1 + |z|)^2"),
    "arctan": Known(np.arctan, lambda z: 1 / (1 + z * z), "1 / (1 + z^2)"),
    "exp": Known(np.exp, np.exp, "exp(z)"),
    "the square of relu": Known(lambda z: np.maximum(z, 0) ** 2, lambda z: 2 * np.maximum(z, 0), "2 max(z, 0)"),
    "half the square of relu": Known(lambda z: 0.5 * np.maximum(z, 0) ** 2, lambda z: np.maximum(z, 0), "max(z, 0)"),
}


def _unlike(u: Array) -> Array:
    """No function at all has this slope."""
    return np.full_like(u, np.nan)


MISFITS: dict[str, Known] = {
    "the absolute value": Known(np.abs, np.sign, "the sign"),
    "the square": Known(lambda u: u * u, lambda u: 2 * u, "2 u"),
    "half the square": Known(lambda u: 0.5 * u * u, lambda u: u, "u"),
    "the absolute value, with its sign lost": Known(_unlike, np.ones_like, "1"),
    "the square, with its sign lost": Known(_unlike, lambda u: 2 * np.abs(u), "2 |u|"),
    "half the square, with its sign lost": Known(_unlike, np.abs, "|u|"),
    "the cube": Known(lambda u: u**3, lambda u: 3 * u * u, "3 u^2"),
    "the fourth power": Known(lambda u: u**4, lambda u: 4 * u**3, "4 u^3"),
    "the logarithm of cosh": Known(lambda u: np.log(np.cosh(u)), np.tanh, "tanh(u)"),
    "the root of 1 + u^2": Known(lambda u: np.sqrt(1 + u * u), lambda u: u / np.sqrt(1 + u * u), "u / sqrt(1 + u^2)"),
    "the logarithm of 1 + u^2": Known(lambda u: np.log1p(u * u), lambda u: 2 * u / (1 + u * u), "2 u / (1 + u^2)"),
}

LOGARITHMS: dict[str, Known] = {
    "the natural logarithm": Known(np.log, lambda z: 1 / z, "1 / z"),
    "the logarithm to base 2": Known(np.log2, lambda z: 1 / (z * math.log(2)), "1 / (z ln 2)"),
    "the logarithm to base 10": Known(np.log10, lambda z: 1 / (z * math.log(10)), "1 / (z ln 10)"),
    "log(1 + z)": Known(np.log1p, lambda z: 1 / (1 + z), "1 / (1 + z)"),
    "the root": Known(np.sqrt, lambda z: 0.5 / np.sqrt(z), "1 / (2 sqrt(z))"),
    "one over z": Known(lambda z: 1 / z, lambda z: -1 / z**2, "-1 / z^2"),
    "one over the square": Known(lambda z: 1 / z**2, lambda z: -2 / z**3, "-2 / z^3"),
    "exp": Known(np.exp, np.exp, "exp(z)"),
    "1 + z": Known(lambda z: 1 + z, np.ones_like, "1"),
    "z": Known(lambda z: z, np.ones_like, "1"),
    "2 to the power z": Known(np.exp2, lambda z: np.exp2(z) * math.log(2), "2^z ln 2"),
    "10 to the power z": Known(lambda z: 10**z, lambda z: 10**z * math.log(10), "10^z ln 10"),
}

PERIODIC: dict[str, Known] = {
    "sin": Known(np.sin, np.cos, "cos(z)"),
    "cos": Known(np.cos, lambda z: -np.sin(z), "-sin(z)"),
    "-cos": Known(lambda z: -np.cos(z), np.sin, "sin(z)"),
    "-sin": Known(lambda z: -np.sin(z), lambda z: -np.cos(z), "-cos(z)"),
    "sin, of degrees": Known(lambda z: np.sin(np.deg2rad(z)), lambda z: np.cos(np.deg2rad(z)), "cos of degrees"),
    "cos, of degrees": Known(lambda z: np.cos(np.deg2rad(z)), lambda z: -np.sin(np.deg2rad(z)), "-sin of degrees"),
    "tan": Known(np.tan, lambda z: 1 + np.tan(z) ** 2, "1 + tan(z)^2"),
}


FAMILIES = (ACTIVATIONS, MISFITS, LOGARITHMS, PERIODIC)
