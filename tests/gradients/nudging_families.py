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


def long_sums(seed: int, rows: int = 100_000, size: int = 6) -> Iterator[Case]:
    """Losses that are sums over very many rows: their rounding is far above one unit in the last place."""
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((rows, size))
    target = data @ rng.standard_normal(size) + rng.standard_normal(rows)
    for scale in (1e-6, 1.0, 1e6):
        point = scale * rng.standard_normal(size)
        yield "squares of 100,000 rows", _scaled(lambda w: np.sum((data @ w - target) ** 2), scale), point
        yield "tanh of 100,000 rows", _scaled(lambda w: np.sum(np.tanh(data @ w) * target), scale), point


PIECES: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh, "sin": np.sin, "bump": lambda z: np.exp(-z * z), "square": lambda z: z * z, "cube": lambda z: z**3,
    "root": lambda z: np.sqrt(z * z + 1e-3), "log": lambda z: np.log(z * z + 0.1),
    "inverse": lambda z: 1 / (z * z + 0.2), "fast": lambda z: np.cos(30 * z),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "saturated": lambda z: np.tanh(6 * z + 4),
    "softmax": lambda z: np.exp(z - np.max(z)) / np.sum(np.exp(z - np.max(z))),
}  # fmt: skip
CORNERED: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs, "relu": lambda z: np.maximum(z, 0), "clip": lambda z: np.clip(z, -0.7, 0.7),
    "leaky": lambda z: np.where(z > 0, z, 0.1 * z), "power 1.5": lambda z: np.abs(z) ** 1.5, "sort": np.sort,
}  # fmt: skip
ENDS: tuple[Callable[[Any], Any], ...] = (
    np.sum, np.mean, lambda z: np.sum(z * z), lambda z: np.sqrt(np.sum(z * z) + 1e-6),
)  # fmt: skip


def unseen(w: np.ndarray) -> np.ndarray:
    """The same array, by a way on which nothing can be traced."""
    return np.frombuffer(w.tobytes(), dtype=w.dtype).reshape(w.shape)


def mixed(seed: int) -> tuple[str, Callable[[np.ndarray], float], Callable[[Any], Any], np.ndarray]:
    """A black box of double precision plus a part of single precision beside a constant; and what it should be."""
    name, f, point = composition(seed)
    rng = np.random.default_rng(seed + 1)
    size = len(point)
    own = (np.abs(point) + 1e-300).astype(np.float32)
    matrix = (rng.standard_normal((size, 5)) / np.sqrt(size)).astype(np.float32)
    constant, amplitude = np.float32(10 ** rng.uniform(0, 3)), np.float32(10 ** rng.uniform(-1, 1))
    bend = (np.tanh, np.sin, np.square)[rng.integers(3)]
    level = abs(float(f(point))) or 1.0

    def single(w: Any, to: type) -> Any:
        return to(constant) + to(amplitude) * np.sum(bend((w / own.astype(to)) @ matrix.astype(to)))

    def computed(w: np.ndarray) -> float:
        w = unseen(w)
        return float(f(w)) / level + float(single(w.astype(np.float32), np.float32))

    return f"{name}, and {constant:g} in single", computed, lambda w: f(w) / level + single(w, np.float64), point


def composition(seed: int, cornered: bool = False) -> Case:
    """A random composition of linear maps and the pieces above, at parameters of any size, often with a constant."""
    rng = np.random.default_rng(seed)
    pieces = {**PIECES, **(CORNERED if cornered else {})}
    names, steps = [], []
    size = wide = int(rng.integers(2, 10))
    for _ in range(rng.integers(1, 4)):
        if rng.random() < 0.7:
            next_wide = int(rng.choice([1, 3, 8, 30]))
            matrix = rng.standard_normal((wide, next_wide)) / np.sqrt(wide) * 10 ** rng.uniform(-1, 0.5)
            offset = rng.standard_normal(next_wide) * (rng.random() < 0.5)
            steps.append(lambda z, matrix=matrix, offset=offset: z @ matrix + offset)
            wide = next_wide
        names.append(str(rng.choice(list(pieces))))
        steps.append(pieces[names[-1]])
    constant = 0.0 if rng.random() < 0.7 else float(10 ** rng.uniform(0, 8))
    scale, end = 10 ** rng.uniform(-6, 6), ENDS[rng.integers(len(ENDS))]

    def f(w: Any) -> Any:
        z = w / scale
        for step in steps:
            z = step(z)
        return end(z) + constant

    point = rng.standard_normal(size) * scale * 10 ** rng.uniform(-1.5, 0.5)
    return f"{seed}: {' '.join(names)} + {constant:g}, parameters {scale:g}", f, point
