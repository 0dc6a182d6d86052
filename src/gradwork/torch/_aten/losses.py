"""Losses of predictions and targets, or of scores and labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.ops.activations import softplus
from gradwork.torch._aten import aten

NONE, MEAN = 0, 1


def _reduced(terms: Any, reduction: int) -> Any:
    return terms if reduction == NONE else np.mean(terms) if reduction == MEAN else np.sum(terms)


@aten("mse_loss")
def _squared(x: Any, y: Any, reduction: int = MEAN) -> Any:
    return _reduced((x - y) ** 2, reduction)


@aten("huber_loss")
def _huber(x: Any, y: Any, reduction: int = MEAN, delta: float = 1.0) -> Any:
    gap = x - y
    size = np.abs(gap)
    return _reduced(np.where(size <= delta, 0.5 * gap**2, delta * (size - 0.5 * delta)), reduction)


@aten("smooth_l1_loss")
def _smooth(x: Any, y: Any, reduction: int = MEAN, beta: float = 1.0) -> Any:
    gap = x - y
    size = np.abs(gap)
    return _reduced(np.where(size < beta, 0.5 * gap**2 / beta, size - 0.5 * beta) if beta else size, reduction)


@aten("soft_margin_loss")
def _soft_margin(x: Any, y: Any, reduction: int = MEAN) -> Any:
    return _reduced(np.log(1 + np.exp(-y * x)), reduction)


@aten("binary_cross_entropy")
def _of_shares(p: Any, y: Any, weight: Any = None, reduction: int = MEAN) -> Any:
    # Torch lets no logarithm fall below -100.
    terms = -(y * np.maximum(np.log(p), -100.0) + (1 - y) * np.maximum(np.log(1 - p), -100.0))
    return _reduced(terms if weight is None else terms * weight, reduction)


@aten("binary_cross_entropy_with_logits")
def _of_logits(z: Any, y: Any, weight: Any = None, pos_weight: Any = None, reduction: int = MEAN) -> Any:
    if pos_weight is None:
        terms = softplus(z) - y * z
    else:
        terms = (1 - y) * z + (1 + (pos_weight - 1) * y) * softplus(-z)
    return _reduced(terms if weight is None else terms * weight, reduction)


@aten("nll_loss_forward", "nll_loss2d_forward")
def _of_labels(logs: Any, labels: Any, weight: Any, reduction: int, ignored: int) -> Any:
    classes = 1 if logs.ndim > 1 else 0
    counts = np.ones(logs.shape[classes]) if weight is None else weight
    kept = np.not_equal(labels, ignored)
    there = np.where(kept, labels, 0)
    if logs.ndim == 1:
        picked, share = logs[there], counts[there] * kept
    else:
        places = np.ix_(*(np.arange(n) for n in labels.shape))
        picked, share = logs[(places[0], there, *places[1:])], counts[there] * kept
    plain = weight is None and bool(np.all(kept))
    if reduction == NONE:
        return (-picked if plain else -picked * share), None
    if plain:
        return (-np.mean(picked) if reduction == MEAN else -np.sum(picked)), None
    total = -np.sum(picked * share)
    return (total / np.sum(share) if reduction == MEAN else total), None
