"""A custom function of torch: a right one, and mistakes that are edits of its text."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

Tensors = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """A function with its inputs.  cause: what is wrong, "" where nothing is;  wrong: the inputs that it spoils."""

    name: str
    family: str
    function: type[torch.autograd.Function]
    inputs: Tensors
    wrong: tuple[str, ...] = ()
    cause: str = ""


@dataclass(frozen=True)
class Family:
    """`mistakes`: what is wrong, in plain words, to the pieces of text: what stood there, what stands there, ..."""

    name: str
    function: type[torch.autograd.Function]
    point: Callable[[torch.Generator], Tensors]
    mistakes: dict[str, tuple[str, ...]]

    @property
    def names(self) -> list[str]:
        return list(inspect.signature(self.function.forward).parameters)[1:]

    def edited(self, number: int, pieces: tuple[str, ...]) -> type[torch.autograd.Function]:
        """The function with each piece replaced, as a class of its own with its own source."""
        source = inspect.getsource(self.function)
        for old, new in zip(pieces[::2], pieces[1::2], strict=True):
            assert source.count(old) == 1, (self.name, old, source.count(old))
            source = source.replace(old, new)
        file = f"<torch {self.name} {number}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        names = dict(inspect.getmodule(self.function).__dict__)
        exec(compile(source, file, "exec"), names)
        return names[self.function.__name__]

    def planted(self) -> list[Case]:
        found = []
        for number, (cause, pieces) in enumerate(self.mistakes.items()):
            inputs = self.point(torch.Generator().manual_seed(100 + number))
            wrong = self.edited(number, pieces)
            found.append(Case(f"{self.name}: {cause}", self.name, wrong, inputs, self.spoilt(wrong, inputs), cause))
        return found

    def right(self, seeds: int = 2) -> list[Case]:
        points = [self.point(torch.Generator().manual_seed(7 + seed)) for seed in range(seeds)]
        return [
            Case(f"{self.name}: seed {seed}", self.name, self.function, inputs) for seed, inputs in enumerate(points)
        ]

    def spoilt(self, wrong: type[torch.autograd.Function], inputs: Tensors) -> tuple[str, ...]:
        """The inputs whose gradient differs, in double precision."""
        mine, its = gradients(wrong, inputs), gradients(self.function, inputs)
        far = [n for n in range(len(inputs)) if its[n] is not None and _far(mine[n], its[n])]
        return tuple(self.names[n] for n in far)


def _far(a: torch.Tensor | None, b: torch.Tensor) -> bool:
    a = torch.zeros_like(b) if a is None else a
    return a.shape != b.shape or float((a - b).abs().max()) > 1e-6 * float(b.abs().max())


def gradients(function: type[torch.autograd.Function], inputs: Tensors) -> list[torch.Tensor | None]:
    """By every input that is asked about; a loss that is a random sum of all outputs."""
    asked = [isinstance(v, torch.Tensor) and v.requires_grad for v in inputs]
    leaves = [v.detach().double().requires_grad_(True) if a else v for a, v in zip(asked, inputs, strict=True)]
    outputs = function.apply(*leaves)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    generator = torch.Generator().manual_seed(1)
    total = sum((o * torch.randn(o.shape, generator=generator, dtype=o.dtype)).sum() for o in outputs)
    found = iter(torch.autograd.grad(total, [v for a, v in zip(asked, leaves, strict=True) if a], allow_unused=True))
    return [next(found) if a else None for a in asked]


def drawn(generator: torch.Generator, *shape: int, scale: float = 1.0) -> torch.Tensor:
    """An input of normal numbers that is asked about."""
    return (scale * torch.randn(*shape, generator=generator, dtype=torch.float64)).requires_grad_(True)
