"""What is checked in gradwork's own graph, forward and back: written down once, and trusted only where it holds.

The steps have to give what torch gives, at the point of every trace and at a second one near by. Where they do not, or
where something is met that has no counterpart in NumPy, the forward pass stays a black box. The way back is followed as
well: it is the user's own backward that runs there, and a cause may be a change of one of its steps.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from gradwork.errors import TracedValueError
from gradwork.graph.traced import Traced
from gradwork.torch._program import Program, Untraceable
from gradwork.torch._recording import recorded
from gradwork.torch._tensors import Array, Tensors

LOOSE = 1e-9  # of an output's size: rounding of two ways of adding up
MOVED = 2.0**-7  # to the second point, as a share
Arrays = Mapping[str, Any]


class Followed:
    """The forward pass and the way back of a subject as steps of NumPy calls."""

    def __init__(self, subject: Any) -> None:
        self.subject = subject
        self.forward = Route(subject.forward, subject.tensor)
        self.back = Route(self._back, subject.tensor)

    @property
    def why(self) -> str:
        """What stands against following the forward pass; "" where nothing does."""
        return self.forward.why

    def loss(self, arrays: Arrays) -> Any:
        """The projected outputs, as a traced value. Raises TracedValueError where they cannot be followed."""
        outputs = self.forward.followed(arrays)
        if self.subject.single:
            return outputs[0]
        weights = [_named(weight.cpu().numpy(), arrays) for weight in self.subject.weights()]
        terms = [np.sum(output * weight) for output, weight in zip(outputs, weights, strict=True)]
        return functools.reduce(operator.add, terms)

    def gradient(self, arrays: Arrays) -> dict[str, Any]:
        """What torch gives for the projection, as traced values. Raises TracedValueError as `loss` does."""
        return dict(zip(arrays, self.back.followed(arrays), strict=True))

    def _back(self, values: Tensors) -> list[torch.Tensor]:
        found = self.subject.backward(values, self.subject.weights())
        return [torch.zeros_like(v) if found[n] is None else found[n] for n, v in values.items()]


class Route:
    """A function of the checked tensors, followed.  why: what stands against that; "" where nothing does."""

    def __init__(self, run: Callable[[Tensors], Sequence[torch.Tensor]], tensor: Callable[[str, Array], Any]) -> None:
        self.run = run
        self.tensor = tensor
        self.program: Program | None = None
        self.why = ""

    def followed(self, arrays: Arrays) -> Sequence[Any]:
        """The outputs, traced, that are what torch gives here."""
        if self.why:
            raise _refusal(self.why)
        plain = {n: np.array(a.value if isinstance(a, Traced) else a, dtype=float) for n, a in arrays.items()}
        try:
            if self.program is not None:
                outputs = self._here(self.program, arrays, plain)
                if outputs is not None:
                    return outputs
                # Another way was taken here than where it was written down.
            self.program = self._written_down(plain)
            outputs = self._here(self.program, arrays, plain)
        except Exception as error:  # whatever it is, the check goes on without a graph
            self.why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise _refusal(self.why) from None
        if outputs is None:
            self.why = "its steps do not give what torch gives"
            raise _refusal(self.why)
        return outputs

    def _here(self, program: Program, arrays: Arrays, plain: Mapping[str, Array]) -> Sequence[Any] | None:
        """The outputs, traced, where they are what torch gives."""
        outputs = program.run(arrays)
        values = [o.value if isinstance(o, Traced) else o for o in outputs]
        return outputs if _same(values, self._torch(plain)) else None

    def _written_down(self, plain: Mapping[str, Array]) -> Program:
        """The steps at a point, after they have been tried at a second one."""
        values = self._tensors(plain)
        program = recorded(lambda: self.run(values), values)
        generator = np.random.default_rng(5)
        there = {n: _moved(a, generator) for n, a in plain.items()}
        if not _same(program.run(there), self._torch(there)):
            raise Untraceable("at a second point its steps do not give what torch gives")
        return program

    def _torch(self, plain: Mapping[str, Array]) -> list[Array]:
        with torch.no_grad():
            return [o.detach().cpu().numpy() for o in self.run(self._tensors(plain))]

    def _tensors(self, plain: Mapping[str, Array]) -> dict[str, torch.Tensor]:
        return {n: self.tensor(n, a) for n, a in plain.items()}


def _named(weight: Array, arrays: Arrays) -> Any:
    """What comes back to an output, under torch's own name for it."""
    builder = next(a.builder for a in arrays.values() if isinstance(a, Traced))
    return Traced(builder, builder.constant(weight, name="grad_output")) if weight.ndim else weight[()]


def _moved(values: Array, generator: np.random.Generator) -> Array:
    typical = float(np.sqrt(np.mean(values**2))) if values.size else 0.0
    still = np.where(values == 0, typical or 1.0, values)
    return np.asarray(values + MOVED * still * generator.uniform(-1, 1, values.shape))


def _same(mine: Sequence[Any], theirs: Sequence[Array]) -> bool:
    if len(mine) != len(theirs):
        return False
    for a, b in zip(mine, theirs, strict=True):
        if np.shape(a) != b.shape:
            return False
        size = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
        if not np.allclose(a, b, rtol=LOOSE, atol=LOOSE * size, equal_nan=True):
            return False
    return True


def _refusal(why: str) -> TracedValueError:
    return TracedValueError("torch takes plain numbers", why=f"what happens in torch could not be traced: {why}")
