"""Layer, group, batch and root-mean-square normalisation, with the affine map behind them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.torch._aten import aten


def _over(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any, Any]:
    """The normalised value, the mean and one over the deviation."""
    mean = np.mean(x, axis=axes, keepdims=True)
    spread = x - mean
    inverse = 1.0 / np.sqrt(np.mean(spread**2, axis=axes, keepdims=True) + eps)
    return spread * inverse, mean, inverse


def _affine(x: Any, weight: Any, bias: Any, shape: Any = None) -> Any:
    for value, multiply in ((weight, True), (bias, False)):
        if value is not None:
            value = value if shape is None else np.reshape(value, shape)
            x = x * value if multiply else x + value
    return x


@aten("native_layer_norm")
def _layer_norm(x: Any, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    found, mean, inverse = _over(x, tuple(range(x.ndim - len(shape), x.ndim)), eps)
    return _affine(found, weight, bias), mean, inverse


@aten("_fused_rms_norm")
def _rms_norm(x: Any, shape: Any, weight: Any, eps: Any) -> Any:
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    eps = float(np.finfo(x.dtype).eps) if eps is None else eps
    inverse = 1.0 / np.sqrt(np.mean(x**2, axis=axes, keepdims=True) + eps)
    return _affine(x * inverse, weight, None), inverse


@aten("native_group_norm")
def _group_norm(x: Any, weight: Any, bias: Any, n: int, c: int, _hxw: int, groups: int, eps: float) -> Any:
    found, mean, inverse = _over(np.reshape(x, (n, groups, -1)), (2,), eps)
    found = np.reshape(found, x.shape)
    return _affine(found, weight, bias, (c, *[1] * (x.ndim - 2))), np.squeeze(mean, 2), np.squeeze(inverse, 2)


def _batch_norm(x: Any, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, eps: float) -> Any:
    shape = (1, -1, *[1] * (x.ndim - 2))
    axes = (0, *range(2, x.ndim))
    if training:
        found, mean, inverse = _over(x, axes, eps)
        return _affine(found, weight, bias, shape), np.squeeze(mean, axes), np.squeeze(inverse, axes), None
    found = (x - np.reshape(mean, shape)) / np.sqrt(np.reshape(variance, shape) + eps)
    return _affine(found, weight, bias, shape), None, None, None


@aten("native_batch_norm", "_native_batch_norm_legit.default")
def _native(x: Any, w: Any, b: Any, mean: Any, var: Any, training: bool, momentum: float, eps: float) -> Any:
    return _batch_norm(x, w, b, mean, var, training, eps)


@aten("_native_batch_norm_legit.no_stats")
def _without_statistics(x: Any, w: Any, b: Any, training: bool, momentum: float, eps: float) -> Any:
    return _batch_norm(x, w, b, None, None, True, eps)


@aten("cudnn_batch_norm", "miopen_batch_norm")
def _on_a_device(x: Any, w: Any, b: Any, mean: Any, var: Any, training: bool, momentum: float, eps: float) -> Any:
    return _batch_norm(x, w, b, mean, var, training, eps)


@aten("_batch_norm_with_update", "_batch_norm_with_update_functional")
def _training(x: Any, w: Any, b: Any, mean: Any, var: Any, momentum: float, eps: float) -> Any:
    return _batch_norm(x, w, b, mean, var, True, eps)


@aten("_batch_norm_no_update", "_native_batch_norm_legit_no_training")
def _held(x: Any, w: Any, b: Any, mean: Any, var: Any, momentum: float, eps: float) -> Any:
    return _batch_norm(x, w, b, mean, var, False, eps)
