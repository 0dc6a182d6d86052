"""What units of a network do to their scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.graph.traced import Traced
from gradwork.ops._special import FUNCTIONS
from gradwork.ops.activations import relu, sigmoid, softplus
from gradwork.torch._aten import aten, entrywise

entrywise(sigmoid=sigmoid, relu=relu)
SELU = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


@aten("silu")
def _silu(x: Any) -> Any:
    return x * sigmoid(x)


@aten("mish")
def _mish(x: Any) -> Any:
    return x * np.tanh(softplus(x))


@aten("gelu")
def _gelu(x: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * (0.5 * (1 + FUNCTIONS["erf"](x / math.sqrt(2))))


@aten("leaky_relu")
def _leaky(x: Any, slope: Any = 0.01) -> Any:
    return np.where(x > 0, x, slope * x)


@aten("_prelu_kernel")
def _prelu(x: Any, weight: Any) -> Any:
    return np.where(x > 0, x, weight * x)


@aten("elu")
def _elu(x: Any, alpha: Any = 1, scale: Any = 1, inside: Any = 1) -> Any:
    # Beyond 0 the exponential is not used, and must not overflow.
    small = np.minimum(x, 0.0)
    below = alpha * (np.exp(small if inside == 1 else inside * small) - 1)
    found = np.where(x > 0, x, below)
    return found if scale == 1 else scale * found


@aten("celu")
def _celu(x: Any, alpha: Any = 1) -> Any:
    return _elu(x, alpha, 1, 1 / alpha)


@aten("selu")
def _selu(x: Any) -> Any:
    return _elu(x, SELU[1], SELU[0])


@aten("softplus")
def _softplus(x: Any, beta: Any = 1, threshold: Any = 20) -> Any:
    scaled = x if beta == 1 else beta * x
    found = softplus(scaled) if beta == 1 else softplus(scaled) / beta
    return np.where(scaled > threshold, x, found) if np.any(_plain(scaled) > threshold) else found


def _plain(x: Any) -> Any:
    return x.value if isinstance(x, Traced) else x


@aten("log_sigmoid_forward")
def _log_sigmoid(x: Any) -> Any:
    return -softplus(-x), None


@aten("hardtanh")
def _hardtanh(x: Any, least: Any = -1, most: Any = 1) -> Any:
    return np.clip(x, least, most)


@aten("relu6")
def _relu6(x: Any) -> Any:
    return np.clip(x, 0, 6)


@aten("hardsigmoid")
def _hardsigmoid(x: Any) -> Any:
    return np.clip(x + 3, 0, 6) / 6


@aten("hardswish")
def _hardswish(x: Any) -> Any:
    return x * (np.clip(x + 3, 0, 6) / 6)


@aten("threshold")
def _threshold(x: Any, edge: Any, value: Any) -> Any:
    return np.where(x > edge, x, value)


@aten("softshrink")
def _softshrink(x: Any, edge: Any = 0.5) -> Any:
    return np.where(x > edge, x - edge, np.where(x < -edge, x + edge, 0.0))


@aten("hardshrink")
def _hardshrink(x: Any, edge: Any = 0.5) -> Any:
    return np.where(np.abs(x) > edge, x, 0.0)


@aten("glu")
def _glu(x: Any, dim: int = -1) -> Any:
    half = x.shape[dim] // 2
    first, second = np.split(x, [half], axis=dim)
    return first * sigmoid(second)


@aten("_softmax", "_safe_softmax")
def _softmax(x: Any, dim: int, *_: Any, **__: Any) -> Any:
    e = np.exp(x - np.max(x, axis=dim, keepdims=True))
    return e / np.sum(e, axis=dim, keepdims=True)


@aten("_log_softmax")
def _log_softmax(x: Any, dim: int, *_: Any) -> Any:
    z = x - np.max(x, axis=dim, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=dim, keepdims=True))


@aten("native_dropout", drawn=True)
def _dropout(given: Any, x: Any, p: float, train: bool | None = None) -> Any:
    if train is False:
        return x, None
    return x * (given[1] / (1 - p) if p < 1 else 0.0 * given[1]), None
