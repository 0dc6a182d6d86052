"""Random networks with more than two hundred parameters, smooth and not, whose rows stay apart or meet."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

import gradwork as gw

Table = Any
ACTIVATIONS: dict[str, Callable[[Table], Table]] = {
    "tanh": np.tanh, "sigmoid": gw.sigmoid, "relu": gw.relu, "softplus": gw.softplus, "sine": np.sin,
    "none": lambda z: z, "leaky": lambda z: np.where(z > 0, z, 0.1 * z), "abs": np.abs,
    "clipped": lambda z: np.clip(z, -1.0, 1.0), "swish": lambda z: z * gw.sigmoid(z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.where(z > 0, 0.0, z)) - 1), "square": lambda z: z * z,
    "positive part": lambda z: np.maximum(z, 0.0), "steps": lambda z: z + 0.05 * np.floor(4 * z),
    "threes": lambda z: np.max(np.stack([z, 0.5 * z, -0.2 * z], axis=0), axis=0),
}  # fmt: skip
# What rows do to each other between two layers, if anything.
MEETINGS: dict[str, Callable[[Table], Table]] = {
    "apart": lambda z: z,
    "scaled by row": lambda z: (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1, keepdims=True) + 1e-2),
    "batch statistics": lambda z: (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-2),
    "centred": lambda z: z - z.mean(axis=0),
    "neighbours": lambda z: z + 0.5 * z[::-1],
    "running sums": lambda z: 0.1 * np.cumsum(z, axis=0),
    "attention": lambda z: gw.softmax(z @ z.T / 8.0) @ z,
    "largest of the batch": lambda z: z - np.max(z, axis=0),
    "turned": lambda z: z[np.arange(len(z)) - 1],
}


def _picked(labels: Table) -> Callable[[Table], Table]:
    def loss(z: Table) -> Table:
        shifted = z - np.max(z, axis=1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(shifted), axis=1)) - shifted[np.arange(len(labels)), labels])

    return loss


def _losses(rng: np.random.Generator, rows: int, out: int) -> dict[str, Callable[[Table], Table]]:
    wanted, labels = rng.standard_normal((rows, out)), rng.integers(0, out, rows)
    signs = rng.choice([-1.0, 1.0], (rows, out))
    return {
        "squares": lambda z: np.mean((z - wanted) ** 2),
        "by hand": _picked(labels),
        "cross-entropy": lambda z: -np.mean(gw.log_softmax(z)[np.arange(rows), labels]),
        "shares": lambda z: -np.sum(np.eye(out)[labels] * gw.log_softmax(z, axis=1)) / rows,
        "hinge": lambda z: np.mean(np.maximum(0.0, 1.0 - signs * z)),
        "absolute": lambda z: np.mean(np.abs(z - wanted)),
        "root": lambda z: np.sqrt(np.mean((z - wanted) ** 2) + 1e-3),
        "worst row": lambda z: np.max(np.sum((z - wanted) ** 2, axis=1)),
        "large constant": lambda z: np.mean((z - wanted) ** 2) + 1e6,
        "log of all": lambda z: gw.logsumexp(z),
        "margin": lambda z: np.mean(np.max(z, axis=1) - z[np.arange(rows), labels]),
        "norms": lambda z: np.sum(np.sqrt(np.sum(z * z, axis=1) + 1e-9)),
    }


def network(seed: int) -> tuple[str, Callable[..., Table], list[np.ndarray]]:
    """A name, the loss as a function of its arrays one by one, and a point with more than 200 entries."""
    rng = np.random.default_rng(seed)
    rows = int(rng.choice([1, 2, 5, 16, 33]))
    sizes = [
        int(rng.integers(6, 24)),
        *(int(rng.integers(9, 24)) for _ in range(rng.integers(1, 4))),
        int(rng.integers(1, 6)),
    ]
    while sum((a + 1) * b for a, b in itertools.pairwise(sizes)) <= 210:
        sizes[1] += 6
    chosen = [str(rng.choice(list(ACTIVATIONS))) for _ in sizes[1:-1]]
    smooth = rng.random() < 0.4
    if smooth:
        chosen = [str(rng.choice(["tanh", "sigmoid", "softplus", "sine", "swish"])) for _ in sizes[1:-1]]
    meeting = "apart" if rng.random() < 0.6 else str(rng.choice(list(MEETINGS)))
    losses = _losses(rng, rows, sizes[-1])
    loss = str(rng.choice(list(losses)))
    decay = 1e-2 if rng.random() < 0.15 else 0.0
    tied = rng.random() < 0.1
    inputs = rng.standard_normal((rows, sizes[0])) * 10 ** rng.choice([0.0, 0.0, 0.0, -3.0, 2.0])
    # At two corners at once the rules multiply halves, and what comes out need not be a slope of either side.
    once = loss not in ("margin", "worst row", "hinge", "absolute") and "positive part" not in chosen
    if rng.random() < 0.2 and once:
        inputs[rng.integers(rows)] = 0.0
    if rng.random() < 0.2:
        inputs = np.maximum(inputs, 0.0)
    strength = 10 ** rng.choice([0.0, 0.0, 0.0, 1.0, -2.0])
    point = []
    for a, b in itertools.pairwise(sizes):
        point.append(strength * rng.standard_normal((a, b)) / np.sqrt(a))
        point.append((0.0 if rng.random() < 0.3 else 0.3) * rng.standard_normal(b))
    columns = rng.random() < 0.2

    def f(*point: Table) -> Table:
        a = inputs
        for k, name in enumerate([*chosen, None]):
            w, b = point[2 * k], point[2 * k + 1]
            z = (w.T @ a.T + b[:, None]).T if columns else a @ w + b
            if k == 0:
                z = MEETINGS[meeting](z)
            if tied and k == 0:
                z = z + 0.1 * (z @ w.T) @ w
            a = z if name is None else ACTIVATIONS[name](z)
        total = losses[loss](a)
        return total + decay * sum(np.sum(w * w) for w in point[::2]) if decay else total

    words = f"{seed}: {'-'.join(map(str, sizes))}, {rows} rows, {' '.join(chosen)}, {meeting}, {loss}"
    return words + (", decay" if decay else "") + (", tied" if tied else "") + f", x{strength:g}", f, point
