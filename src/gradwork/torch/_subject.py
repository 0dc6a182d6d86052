"""A function or module of torch as what is nudged: named tensors in, tensors out, one number by a random projection.

The projection is what makes the check see everything: with all weights 1, a backward that ignores what comes back to it
would pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from gradwork.errors import ArgumentError, TracedValueError
from gradwork.graph.traced import Traced
from gradwork.torch._followed import Followed
from gradwork.torch._tensors import (
    Array,
    Tensors,
    array_of,
    drawn,
    is_real_number,
    named,
    same,
    same_draws,
    tensor_of,
    wide,
    widened,
)

Gradients = dict[str, "torch.Tensor | None"]
WEIGHTS, OTHER_WEIGHTS = 1, 2  # seeds of two projections


@dataclass(frozen=True, eq=False)
class Subject:
    """What is checked.

    values: the checked tensors by name, in their own precision.
    run:    `run(values, widen)` gives the outputs that are numbers; `widen` asks for double precision in all else.
    single: the outputs are one number already, and need no projection.
    raw:    what a custom function's backward itself returned at its last call, by name; None where that is not seen.
    """

    values: Tensors
    run: Callable[[Tensors, bool], Sequence[torch.Tensor]]
    single: bool = False
    raw: Raw | None = None
    wide: bool = True

    @cached_property
    def outputs(self) -> tuple[torch.Tensor, ...]:
        """The outputs at the point."""
        return tuple(o.detach() for o in self.forward(self.point))

    @property
    def point(self) -> dict[str, torch.Tensor]:
        """The checked tensors in the precision in which they are nudged: copies, whatever is then done to them."""
        return {n: (widened(v) if self.wide else v.detach()).clone() for n, v in self.values.items()}

    @cached_property
    def draws(self) -> bool:
        """Whether random numbers of torch take part: the outputs are other ones from another seed."""
        with torch.no_grad():
            first, other = self.forward(self.point), self.forward(self.point, seed=1)
        return any(not same(a, b) for a, b in zip(first, other, strict=True))

    @cached_property
    def writes(self) -> bool:
        """Whether the forward pass writes into a checked tensor."""
        given = self.point
        with torch.no_grad():
            self.forward(given)
        return any(not same(v, given[n]) for n, v in self.point.items())

    @property
    def narrow(self) -> list[str]:
        """The dtypes below double precision among what is checked."""
        return sorted({named(v.dtype) for v in self.values.values() if v.dtype != wide(v.dtype)})

    def forward(self, values: Tensors, seed: int = 0) -> Sequence[torch.Tensor]:
        """The outputs, with the same random draws in every call."""
        with same_draws(self.values, seed):
            found = self.run(values, self.wide)
        if not found:
            raise ArgumentError("no output is a tensor of floating numbers", why="slopes are asked of numbers")
        return found

    def weights(self, seed: int = WEIGHTS) -> list[torch.Tensor]:
        """What comes back to each output: random numbers, or 1 for a loss."""
        if self.single:
            return [torch.ones_like(o) for o in self.outputs]
        return [drawn(o, seed + 1000 * k).to(o.dtype) for k, o in enumerate(self.outputs)]

    @cached_property
    def followed(self) -> Followed:
        """The forward pass in gradwork's own graph."""
        return Followed(self)

    def loss(self, **arrays: Any) -> Any:
        """The projected outputs at other values: what is nudged; for traced values, what causes are read from."""
        if self.wide and any(isinstance(a, Traced) for a in arrays.values()):
            return self.followed.loss(arrays)
        values = {n: self.tensor(n, a, copy=self.writes) for n, a in arrays.items()}
        with torch.no_grad():
            total = projected(self.forward(values), self.weights())
        # A number of single precision says by its dtype how fine the nudges may be.
        return total.cpu().numpy()[()] if self.wide or total.dtype == torch.float64 else np.float32(float(total))

    def gradient(self, **arrays: Any) -> dict[str, Any]:
        """What torch gives for the projection: the gradient that is checked; for traced values, its own steps."""
        if self.wide and any(isinstance(a, Traced) for a in arrays.values()):
            return self.followed.gradient(arrays)
        values = {n: self.tensor(n, a) for n, a in arrays.items()}
        found = self.backward(values, self.weights())
        return {n: _array(g, values[n]) for n, g in found.items()}

    def backward(self, values: Tensors, weights: Sequence[torch.Tensor]) -> Gradients:
        """The gradients by all checked tensors for what comes back to the outputs."""
        leaves, outputs = self.recorded(values)
        with same_draws(self.values):
            return self.pulled(leaves, outputs, weights)

    def recorded(self, values: Tensors) -> tuple[dict[str, torch.Tensor], Sequence[torch.Tensor]]:
        """Fresh leaves, and the outputs with the history that leads back to them."""
        leaves = {n: v.detach().requires_grad_(True) for n, v in values.items()}
        with torch.enable_grad():
            return leaves, self.forward(leaves)

    def pulled(
        self,
        leaves: Tensors,
        outputs: Sequence[torch.Tensor],
        weights: Sequence[torch.Tensor],
        **options: Any,
    ) -> Gradients:
        """One way back from outputs; what a custom backward returned stands where torch would refuse or mend it."""
        pairs = [(o, w) for o, w in zip(outputs, weights, strict=True) if o.requires_grad]
        if not pairs:
            return dict.fromkeys(leaves)
        if self.raw is not None:
            self.raw.returned = None
        try:
            found = torch.autograd.grad(
                [o for o, _ in pairs], list(leaves.values()), [w for _, w in pairs], allow_unused=True, **options
            )
        except RuntimeError:
            if self.raw is None or self.raw.returned is None:
                raise
            found = (None,) * len(leaves)
        gradients = dict(zip(leaves, found, strict=True))
        return gradients if self.raw is None else self.raw.instead_of(gradients, leaves)

    def narrowed(self) -> Subject:
        """The same, run in its own precision."""
        return replace(self, wide=False)

    def tensor(self, name: str, value: Array, copy: bool = True) -> torch.Tensor:
        """An array as a checked tensor. Raises TracedValueError for what is no plain number."""
        if not isinstance(value, (np.ndarray, np.generic, float)):
            raise TracedValueError("torch takes plain numbers", why="what happens in torch is not traced")
        like = self.values[name]
        return tensor_of(np.asarray(value), like, wide(like.dtype) if self.wide else like.dtype, copy)


@dataclass(eq=False)
class Raw:
    """What a custom function's backward returned: torch sums a wrong shape, casts a dtype, and fills in for None.

    names: the names of forward's arguments, in order; None for one that is not checked.
    """

    names: Sequence[str | None]
    returned: tuple[Any, ...] | None = field(default=None)

    def instead_of(self, gradients: Gradients, leaves: Tensors) -> Gradients:
        """The gradients, with what was returned where its shape is not the input's."""
        if self.returned is None:
            return gradients
        found = dict(gradients)
        for name, mine in zip(self.names, self.returned, strict=False):
            if name is None or not isinstance(mine, torch.Tensor):
                continue
            if mine.shape != leaves[name].shape or mine.dtype != leaves[name].dtype or found[name] is None:
                found[name] = mine
        return found


def watched(function: type[torch.autograd.Function], raw: Raw) -> type[torch.autograd.Function]:
    """The same function; what its backward returns is kept in `raw`."""

    def backward(context: Any, *coming: Any) -> Any:
        found = function.backward(context, *coming)
        raw.returned = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        return found

    return type(function.__name__, (function,), {"backward": staticmethod(backward), "__module__": function.__module__})


def projected(outputs: Sequence[torch.Tensor], weights: Sequence[torch.Tensor]) -> torch.Tensor:
    """One number: every entry of every output times its weight."""
    total: torch.Tensor | float = 0.0
    for output, weight in zip(outputs, weights, strict=True):
        # The slope that torch gives by a complex number is that by its real and by its imaginary part.
        product = (output * weight.conj()).real if output.is_complex() else output * weight
        total = total + product.sum()
    assert isinstance(total, torch.Tensor)
    return total


def numbers_in(result: Any) -> list[torch.Tensor]:
    """The tensors of floating numbers in what a function returned, in order."""
    from gradwork.graph.tree import flatten

    return [leaf for leaf in flatten(result)[0] if is_real_number(leaf)]


def arrays_of(values: Tensors) -> dict[str, Array]:
    """Checked tensors as arrays of double precision."""
    return {n: np.asarray(array_of(v), dtype=np.float64) for n, v in values.items()}


def _array(gradient: torch.Tensor | None, value: torch.Tensor) -> Array:
    if gradient is None:
        return np.zeros_like(array_of(value))
    if gradient.dim() and gradient.layout != torch.strided:
        gradient = gradient.to_dense()
    return array_of(gradient)


def at_its_widest(subject: Subject) -> Subject:
    """The subject in double precision where it runs there and answers in it; else as it is."""
    if not subject.narrow:
        return subject
    try:
        outputs = subject.outputs
        kept = all(o.dtype == wide(o.dtype) for o in outputs)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        kept = False
    return subject if kept else subject.narrowed()


def names_of(function: Callable[..., Any], count: int, skip: int = 0) -> list[str]:
    """The names of a function's arguments; numbered where it takes any number of them."""
    from gradwork.graph.trace import as_called

    labels = as_called(function).labels(count + skip)[skip:]
    return [str(label) for label in labels]


__all__ = ["Mapping", "Raw", "Subject", "arrays_of", "at_its_widest", "names_of", "numbers_in", "projected", "watched"]
