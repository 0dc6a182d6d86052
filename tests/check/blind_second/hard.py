"""Right gradients that are hard to judge: single precision, large constants, far scales, long sums, fast waves."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from check.blind.case import Case
from check.blind_second import hard_shapes
from check.blind_second.case import Family


def single(value: Any) -> Any:
    value = np.asarray(value)
    return value.astype(np.float32)[()] if value.dtype == np.float64 else value[()]


def lifted(loss: Callable[..., Any], constant: float) -> Callable[..., Any]:
    def lifted_loss(*args):
        return loss(*args) + constant

    lifted_loss.__signature__ = inspect.signature(loss)
    return lifted_loss


SINGLE = (0, 1, 2, 3, 5, 6, 7, 10, 13, 16, 18, 22, 25, 29, 33)
LIFTED = {0: 1e6, 2: -1e7, 4: 3e8, 5: 1e5, 9: -1e6, 12: 1e8, 15: 1e7, 20: 1e9, 24: 1e6, 26: -1e8, 31: 1e10, 35: 1e4}
SCALED = {0: 1e7, 1: 1e-7, 3: 1e3, 5: 30.0, 6: 1e-4, 9: 8.0, 10: 1e-5, 13: 1e-6, 15: 25.0, 16: 5.0, 22: 1e-3, 32: 1e-5}


def from_families(families: list[Family]) -> list[Case]:
    found = []
    for number in SINGLE:
        family = families[number]
        args = tuple(single(a) for a in family.point(np.random.default_rng([9, number])))
        found.append(family.right_case("single precision", args))
    for number, constant in LIFTED.items():
        family = families[number]
        args = family.point(np.random.default_rng([10, number]))
        loss = lifted(family.loss, constant)
        name = f"{family.name}: a constant of {constant:g} in the loss"
        found.append(Case(name, family.name, loss, family.backward, args, (), "", family.n_params))
    for number, scale in SCALED.items():
        family, n = families[number], families[number].n_params
        args = family.point(np.random.default_rng([11, number]))
        args = tuple(scale * np.asarray(a) for a in args[:n]) + args[n:]
        found.append(family.right_case(f"parameters times {scale:g}", args))
    return found


def case(name: str, loss: Callable[..., Any], gradient: Callable[..., Any], *args: Any, n: int = 1) -> Case:
    return Case(f"hard: {name}", "hard", loss, gradient, args, (), "", n)


def long_mean(w, x):
    return np.mean((w * x - 1) ** 2)


def d_long_mean(w, x):
    return 2 * np.mean((w * x - 1) * x)


def alternating(w, signs):
    return np.sum(signs * np.exp(w * np.arange(signs.size) / signs.size))


def d_alternating(w, signs):
    t = np.arange(signs.size) / signs.size
    return np.sum(signs * t * np.exp(w * t))


def loop_sum(w, n):
    total = 0.0
    for i in range(1, n + 1):
        total += np.sin(w / i)
    return total


def d_loop_sum(w, n):
    return sum(np.cos(w / i) / i for i in range(1, n + 1))


def wave(w, rate):
    return np.sum(np.sin(rate * w))


def d_wave(w, rate):
    return rate * np.cos(rate * w)


def chirp(a, b):
    return np.sin(1 / a) * b + np.cos(40 * b**2)


def d_chirp(a, b):
    return -np.cos(1 / a) / a**2 * b, np.sin(1 / a) - np.sin(40 * b**2) * 80 * b


def ripple(x):
    return np.sum(x**2) + 1e-4 * np.sum(np.sin(1e3 * x))


def d_ripple(x):
    return 2 * x + 0.1 * np.cos(1e3 * x)


def far_scales(x, c):
    return np.sum(c * np.log(np.cosh(x / c)))


def d_far_scales(x, c):
    return np.tanh(x / c)


def barrier(x, mu):
    return np.sum(x) - mu * np.sum(np.log(x))


def d_barrier(x, mu):
    return 1 - mu / x


def bowl(x, A, b):
    return 0.5 * x @ A @ x - b @ x


def d_bowl(x, A, b):
    return A @ x - b


def cancels(x):
    return np.sum((1e7 + x) ** 2 - 1e14 - 2e7 * x)


def d_cancels(x):
    return 2 * x


def logistic_map(r, n):
    x = 0.3
    for _ in range(n):
        x = r * x * (1 - x)
    return x


def d_logistic_map(r, n):
    x, dx = 0.3, 0.0
    for _ in range(n):
        x, dx = r * x * (1 - x), x * (1 - x) + r * (1 - 2 * x) * dx
    return dx


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def d_rosenbrock(x):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def cross_entropy(z, k):
    top = np.max(z)
    return top + np.log(np.sum(np.exp(z - top))) - z[k]


def d_cross_entropy(z, k):
    p = np.exp(z - np.max(z))
    p /= p.sum()
    p[k] -= 1
    return p


def stable_bce(z, y):
    return np.sum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


def d_stable_bce(z, y):
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z)))) - y


def squashed(w, x):
    return np.sum(np.tanh(x @ w))


def d_squashed(w, x):
    return x.T @ (1 / np.cosh(x @ w) ** 2)


def numbers() -> list[Case]:
    rng = np.random.default_rng(12)
    signs = np.where(np.arange(5000) % 2 == 0, 1.0, -1.0)
    far = 10.0 ** np.arange(-6, 7)
    half = rng.normal(size=(5, 5))
    hilbert = 1 / (np.arange(6)[:, None] + np.arange(6) + 1)
    base = rng.normal(size=4)
    return [
        case("mean over 200000 numbers", long_mean, d_long_mean, 0.7, rng.normal(size=200_000)),
        case("mean over 100000 numbers around a million", long_mean, d_long_mean, 1e-6, 1e6 + rng.normal(size=100_000)),
        case("mean over single numbers", long_mean, d_long_mean, np.float32(0.5), rng.normal(size=9999).astype("f")),
        case("sum of changing signs", alternating, d_alternating, 3.0, signs),
        case("sum of changing signs, large terms", alternating, d_alternating, 12.0, signs),
        case("loop over 3000 terms", loop_sum, d_loop_sum, 2.0, 3000),
        *(case(f"wave at rate {k:g}", wave, d_wave, base.copy(), k) for k in (50.0, 1e3, 1e5)),
        case("slow wave", wave, d_wave, base.copy(), 1e-6),
        case("wave far from zero", wave, d_wave, 1e4 + base, 20.0),
        case("chirp", chirp, d_chirp, 0.05, 2.3, n=2),
        case("chirp near zero", chirp, d_chirp, 0.004, -1.1, n=2),
        case("ripple on a bowl", ripple, d_ripple, base.copy()),
        case("entries of far sizes", far_scales, d_far_scales, far * rng.normal(size=13), far),
        case("log barrier near the wall", barrier, d_barrier, np.array([1e-8, 1e-3, 1.0, 50.0]), 1e-2),
        case("log barrier of tiny weight", barrier, d_barrier, np.array([1e-6, 2e-5, 3.0]), 1e-7),
        case(
            "bowl at its bottom",
            bowl,
            d_bowl,
            np.linalg.solve(half @ half.T, base_of(half)),
            half @ half.T,
            base_of(half),
        ),
        case("bowl of a Hilbert matrix", bowl, d_bowl, rng.normal(size=6), hilbert, np.ones(6)),
        case("bowl of far curvatures", bowl, d_bowl, rng.normal(size=4), np.diag([1e-6, 1.0, 1e3, 1e8]), np.ones(4)),
        case("large terms that cancel", cancels, d_cancels, np.array([300.0, -2000.0, 1e4])),
        case("logistic map, calm", logistic_map, d_logistic_map, 2.9, 60),
        case("logistic map, 12 steps of chaos", logistic_map, d_logistic_map, 3.9, 12),
        case("Rosenbrock", rosenbrock, d_rosenbrock, rng.normal(size=6)),
        case("Rosenbrock at its bottom", rosenbrock, d_rosenbrock, np.ones(5)),
        case("cross entropy of logits near 800", cross_entropy, d_cross_entropy, np.array([801.0, 799.5, 800.2]), 1),
        case("cross entropy already met", cross_entropy, d_cross_entropy, np.array([45.0, -3.0, 1.0]), 0),
        case("cross entropy far from met", cross_entropy, d_cross_entropy, np.array([90.0, -30.0, 1.0]), 1),
        case(
            "saturated logits", stable_bce, d_stable_bce, np.array([-60.0, 35.0, 700.0, 0.1]), np.array([0, 1, 0, 1.0])
        ),
        case("logits of both sides", stable_bce, d_stable_bce, np.array([-20.0, 18.0, -1e-9]), np.array([1, 0, 1.0])),
        case("tanh units saturated", squashed, d_squashed, np.array([9.0, -11.0]), rng.normal(size=(6, 2))),
        case("tanh units tiny", squashed, d_squashed, np.array([1e-9, -1e-10]), rng.normal(size=(6, 2))),
    ]


def base_of(half: np.ndarray) -> np.ndarray:
    return half.sum(axis=1)


def cases(families: list[Family]) -> list[Case]:
    return [*from_families(families), *numbers(), *hard_shapes.cases()]
