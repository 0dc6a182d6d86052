"""A family of the third blind set: a right backward pass, and mistakes that are edits of its text.

The form is that of blind_second; new are `second` (another right backward pass, algebraically different), `hard` (points
where a right pass is hard to judge) and the numbers at the end of a mistake's words: "... [B1 M11]".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from check.blind.case import Case
from check.blind_second.case import Family as OfSecond


@dataclass(frozen=True)
class Family(OfSecond):
    """As there; `second` is another right backward pass, `hard` are points where a right one is hard to judge."""

    second: Callable[..., Any] | None = None
    hard: dict[str, Callable[[np.random.Generator], tuple[Any, ...]]] = field(default_factory=dict)

    @property
    def codes(self) -> dict[str, str]:
        """What is wrong -> the numbers of the two research lists that fit it, "" where none does."""
        return {key.split(" [")[0]: key.rstrip("]").partition(" [")[2] for key in self.mistakes}

    def planted(self) -> list[Case]:
        found = []
        for number, (key, pieces) in enumerate(self.mistakes.items()):
            cause = key.split(" [")[0]
            args = self.point(np.random.default_rng([17, number]))
            wrong = self.edited(number, pieces)
            spoilt = self.spoilt(wrong, args)
            found.append(Case(f"{self.name}: {cause}", self.name, self.loss, wrong, args, spoilt, cause, self.n_params))
        return found

    def right(self, seeds: int = 2) -> list[Case]:
        found = []
        for seed in range(seeds):
            args = self.point(np.random.default_rng([18, seed]))
            found.append(self.right_case(f"seed {seed}", args, self.backward))
        if self.second is not None:
            found.append(self.right_case("second form", self.point(np.random.default_rng([19, 0])), self.second))
        for name, point in self.hard.items():
            found.append(self.right_case(name, point(np.random.default_rng([20, 0])), self.backward))
        return found


def single(point: Callable[[np.random.Generator], tuple[Any, ...]]) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """The same point in single precision."""

    def cast(value: Any) -> Any:
        if isinstance(value, float):
            return np.float32(value)
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            return value.astype(np.float32)
        return value

    return lambda rng: tuple(cast(value) for value in point(rng))


def scaled(
    point: Callable[[np.random.Generator], tuple[Any, ...]], factors: dict[int, float]
) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """The same point with some of its arguments made larger or smaller."""
    return lambda rng: tuple(v * factors[k] if k in factors else v for k, v in enumerate(point(rng)))
