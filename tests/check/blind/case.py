"""What a case of the blind set is, and how a family of models is turned into cases."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Bugs = frozenset[str]
NONE: Bugs = frozenset()


@dataclass(frozen=True)
class Case:
    """A loss, a gradient written by hand, the point, and what is known to be wrong with the gradient there."""

    name: str
    family: str
    loss: Callable[..., Any]
    gradient: Callable[..., Any]
    args: tuple[Any, ...]
    wrong: tuple[str, ...]
    cause: str
    n_params: int


@dataclass(frozen=True)
class Family:
    """A model with a right backward pass, `backward(*args, bug)`, in which each of `bugs` can be switched on."""

    name: str
    loss: Callable[..., Any]
    backward: Callable[..., Any]
    point: Callable[[np.random.Generator], tuple[Any, ...]]
    n_params: int
    bugs: dict[str, str]
    doubles: tuple[tuple[str, str], ...] = ()
    scales: tuple[float, ...] = (0.1, 3.0)

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.loss).parameters)[: self.n_params]

    def gradient(self, *bugs: str) -> Callable[..., Any]:
        assert set(bugs) <= set(self.bugs), (self.name, bugs)
        chosen = frozenset(bugs)

        def gradient(*args: Any) -> Any:
            return self.backward(*args, bug=chosen)

        return gradient

    def planted(self, seed: int = 0) -> list[Case]:
        """One case a bug, and one for each pair of `doubles`; which parameters are wrong is measured, not typed."""
        found = []
        for number, bugs in enumerate([*((bug,) for bug in self.bugs), *self.doubles]):
            args = self.point(np.random.default_rng([seed, number]))
            wrong = self.spoilt(bugs, args)
            cause = "; and ".join(self.bugs[bug] for bug in bugs)
            name = f"{self.name}: {' + '.join(bugs)}"
            found.append(Case(name, self.name, self.loss, self.gradient(*bugs), args, wrong, cause, self.n_params))
        return found

    def spoilt(self, bugs: tuple[str, ...], args: tuple[Any, ...]) -> tuple[str, ...]:
        with np.errstate(all="ignore"):
            wrong = self.backward(*args, bug=frozenset(bugs))
        right = self.backward(*args, bug=NONE)
        return tuple(name for name, a, b in zip(self.parameters, right, wrong, strict=True) if change(a, b) > 1e-6)

    def right(self, seeds: int = 4) -> list[Case]:
        """The right gradient at several seeds, and with the parameters (not the data) scaled."""
        found = []
        for seed in range(seeds):
            args = self.point(np.random.default_rng([100, seed]))
            found.append(self.right_case(f"seed {seed}", args))
        for scale in self.scales:
            args = self.point(np.random.default_rng([200, 1]))
            scaled = tuple(scale * np.asarray(a) for a in args[: self.n_params])
            found.append(self.right_case(f"parameters times {scale:g}", scaled + args[self.n_params :]))
        return found

    def right_case(self, name: str, args: tuple[Any, ...]) -> Case:
        return Case(f"{self.name}: {name}", self.name, self.loss, self.gradient(), args, (), "", self.n_params)


def change(right: Any, wrong: Any) -> float:
    """The largest change of an entry over the largest entry; infinite for another shape or what is not finite."""
    right, wrong = np.asarray(right, dtype=float), np.asarray(wrong, dtype=float)
    if right.shape != wrong.shape or not np.isfinite(wrong).all():
        return float("inf")
    if not right.size:
        return 0.0
    largest = float(np.max(np.abs(wrong - right)))
    return largest / max(float(np.max(np.abs(right))), 1e-12)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any, axis: int = -1) -> Any:
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)
