"""A family of the second blind set: a right backward pass, and mistakes that are edits of its text."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from check.blind.case import Case, change


@dataclass(frozen=True)
class Family:
    """`mistakes`: what is wrong, in plain words, to the pieces of text: what stood there, what stands there, ..."""

    name: str
    loss: Callable[..., Any]
    backward: Callable[..., Any]
    point: Callable[[np.random.Generator], tuple[Any, ...]]
    n_params: int
    mistakes: dict[str, tuple[str, ...]]

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.loss).parameters)[: self.n_params]

    def edited(self, number: int, pieces: tuple[str, ...]) -> Callable[..., Any]:
        """The backward pass with each piece replaced, as a function of its own with its own source."""
        source = inspect.getsource(self.backward)
        for old, new in zip(pieces[::2], pieces[1::2], strict=True):
            assert source.count(old) == 1, (self.name, old, source.count(old))
            source = source.replace(old, new)
        file = f"<{self.name} {number}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        names = dict(self.backward.__globals__)
        exec(compile(source, file, "exec"), names)
        return names[self.backward.__name__]

    def planted(self) -> list[Case]:
        found = []
        for number, (cause, pieces) in enumerate(self.mistakes.items()):
            args = self.point(np.random.default_rng([7, number]))
            wrong = self.edited(number, pieces)
            spoilt = self.spoilt(wrong, args)
            found.append(Case(f"{self.name}: {cause}", self.name, self.loss, wrong, args, spoilt, cause, self.n_params))
        return found

    def spoilt(self, wrong: Callable[..., Any], args: tuple[Any, ...]) -> tuple[str, ...]:
        """The parameters whose gradient differs, measured at the data."""
        with np.errstate(all="ignore"):
            given = wrong(*args)
        right = self.backward(*args)
        return tuple(name for name, a, b in zip(self.parameters, right, given, strict=True) if change(a, b) > 1e-6)

    def right(self, seeds: int = 2) -> list[Case]:
        return [self.right_case(f"seed {seed}", self.point(np.random.default_rng([8, seed]))) for seed in range(seeds)]

    def right_case(self, name: str, args: tuple[Any, ...], backward: Callable[..., Any] | None = None) -> Case:
        backward = backward or self.backward
        return Case(f"{self.name}: {name}", self.name, self.loss, backward, args, (), "", self.n_params)
