"""Varied functions with correct gradients, on which bars have to hold: a name, a function, and points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Case = tuple[str, Callable[[np.ndarray], Any], np.ndarray]


def smooth_families(rng: np.random.Generator, size: int = 12, rows: int = 20) -> dict[str, Callable[[Any], Any]]:
    """Functions of one vector, written so that they can be traced, at parameters of about 1."""
    data = rng.standard_normal((rows, size)) / np.sqrt(size)
    target = rng.standard_normal(rows)
    labels = (target > 0).astype(float)
    inner = rng.standard_normal((size, 4))
    outer = rng.standard_normal((4, rows))
    signs = rng.choice([-1.0, 1.0], 20_000)
    spread = np.logspace(0, 8, size)
    rotation = np.linalg.qr(rng.standard_normal((size, size)))[0]
    return {
        "tanh loss": lambda w: np.mean((np.tanh(data @ w) - target) ** 2),
        "two layers": lambda w: np.mean((np.tanh(np.tanh(w[:, None] * inner).sum(axis=0) @ outer) - target) ** 2),
        "logistic": lambda w: np.mean(np.log1p(np.exp(-(2 * labels - 1) * (data @ w)))),
        "product": lambda w: np.prod(1 + 0.3 * np.sin(w)),
        "rosenbrock": lambda w: np.sum(100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2),
        "logsumexp": lambda w: np.log(np.sum(np.exp(data @ w))),
        "norm": lambda w: np.sqrt(np.sum((data @ w) ** 2) + 1e-3),
        "oscillating": lambda w: np.mean(np.cos(30 * (data @ w))),
        "saturated": lambda w: np.mean(np.tanh(8 * (data @ w) + 6)),
        "long sum": lambda w: np.sum(signs * np.exp(0.1 * w[0] * signs) * np.cos(w[1] * signs)) + np.sum(w**2),
        "ill-conditioned": lambda w: 0.5 * np.sum(spread * (w @ rotation) ** 2),
        "linear": lambda w: np.sum(data @ w),
        "quadratic": lambda w: np.mean((data @ w - target) ** 2),
        "large constant": lambda w: np.mean((np.tanh(data @ w) - target) ** 2) + 1e6,
        "quotient": lambda w: np.sum(data @ w) / (1 + np.sum(w**2)),
        "power": lambda w: np.sum(np.abs(w) ** 2.5 * np.sign(w)),
    }


def cases(seed: int, size: int = 12) -> Iterator[Case]:
    """Every family at parameters from 1e-6 to 1e6: inside, the scale is taken out again."""
    rng = np.random.default_rng(seed)
    for name, f in smooth_families(rng, size).items():
        for scale in (1e-6, 1e-3, 1.0, 1e3, 1e6):
            yield f"{name}, parameters {scale:g}", _scaled(f, scale), scale * rng.standard_normal(size)
        yield f"{name}, small parameters", f, 1e-4 * rng.standard_normal(size)
        yield f"{name}, large parameters", f, 10 * rng.standard_normal(size)


def _scaled(f: Callable[[Any], Any], scale: float) -> Callable[[Any], Any]:
    return lambda w: f(w / scale)


def single_precision(seed: int, size: int = 12, rows: int = 20) -> Iterator[Case]:
    """Functions whose numbers are all of single precision, where their argument is, as the point is."""
    rng = np.random.default_rng(seed)
    data = (rng.standard_normal((rows, size)) / np.sqrt(size)).astype(np.float32)
    target = rng.standard_normal(rows).astype(np.float32)
    small = np.float32(1e-3)
    families: dict[str, Callable[[Any], Any]] = {
        "tanh loss": lambda w: np.mean((np.tanh(data @ w) - target) ** 2),
        "logistic": lambda w: np.mean(np.log1p(np.exp(-target * (data @ w)))),
        "norm": lambda w: np.sqrt(np.sum((data @ w) ** 2) + small),
        "oscillating": lambda w: np.mean(np.cos(np.float32(10) * (data @ w))),
        "linear": lambda w: np.sum(data @ w),
        "quadratic": lambda w: np.mean((data @ w - target) ** 2),
        "rosenbrock": lambda w: np.sum(np.float32(100) * (w[1:] - w[:-1] ** 2) ** 2 + (np.float32(1) - w[:-1]) ** 2),
    }
    for name, f in families.items():
        for scale in (1e-3, 1.0, 10.0):
            yield f"{name}, parameters {scale:g}", f, (scale * rng.standard_normal(size)).astype(np.float32)
