"""A forward pass of torch as steps, each a function of NumPy calls; it runs on arrays, and on traced values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gradwork.errors import Where
from gradwork.graph import frames
from gradwork.graph.builder import Builder
from gradwork.graph.traced import Traced
from gradwork.torch._tensors import Array


class Untraceable(Exception):
    """What happens cannot be followed; the text says what."""


@dataclass(frozen=True)
class Slot:
    """The place of a value that depends on what is checked."""

    number: int


@dataclass(eq=False)
class Fixed:
    """A tensor that does not depend on what is checked.  name: that of the user's variable."""

    tensor: torch.Tensor | None
    name: str = ""
    array: Array | None = None

    def settle(self) -> None:
        """Keep the numbers alone."""
        assert self.tensor is not None
        self.array = np.array(self.tensor.detach().cpu().resolve_conj().resolve_neg().numpy())
        self.array.flags.writeable = False
        self.tensor = None


@dataclass(eq=False)
class Step:
    """One call.

    outputs: the places of what it gives; None for what nobody reads, or what counts as given.
    where:   the user's line.  names: the user's variables that hold the results, as far as there are such.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    outputs: tuple[Slot | None, ...]
    where: Where | None = None
    names: dict[int, str] = field(default_factory=dict)
    mark: frames.Mark | None = None


def needed(steps: Sequence[Step], outputs: Sequence[Any]) -> list[Step]:
    """The steps that the outputs, and the decisions on the way, are worked out from."""
    wanted = {slot.number for slot in slots_in(list(outputs))}
    found = []
    for step in reversed(steps):
        if not step.outputs or any(slot is not None and slot.number in wanted for slot in step.outputs):
            wanted |= {slot.number for slot in slots_in([*step.args, *step.kwargs.values()])}
            found.append(step)
    return found[::-1]


def slots_in(values: Any) -> Iterator[Slot]:
    """The places that are read somewhere in these arguments."""
    if isinstance(values, Slot):
        yield values
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from slots_in(value)


@dataclass(frozen=True, eq=False)
class Program:
    """Steps from the checked arrays, by name, to the outputs."""

    inputs: Mapping[str, Slot]
    steps: Sequence[Step]
    outputs: Sequence[Any]

    def run(self, arrays: Mapping[str, Any]) -> list[Any]:
        """The outputs at these arrays, or traced values."""
        builder = next((a.builder for a in arrays.values() if isinstance(a, Traced)), None)
        values: dict[int, Any] = {slot.number: arrays[name] for name, slot in self.inputs.items()}
        fixed: dict[int, Any] = {}

        def read(value: Any) -> Any:
            if isinstance(value, Slot):
                return values[value.number]
            if isinstance(value, Fixed):
                if id(value) not in fixed:
                    fixed[id(value)] = _lifted(builder, value)
                return fixed[id(value)]
            if isinstance(value, (list, tuple)):
                return type(value)(read(v) for v in value)
            return value

        for step in self.steps:
            with _at_the_line(builder, step.where):
                before = 0 if builder is None else len(builder.rows)
                args = [read(a) for a in step.args]
                with np.errstate(all="ignore"):
                    found = step.function(*args, **{k: read(v) for k, v in step.kwargs.items()})
            given = found if isinstance(found, tuple) else (found,)
            for slot, value in zip(step.outputs, given, strict=False):
                if slot is not None:
                    values[slot.number] = value
                    _name(value, step.names.get(slot.number, ""), before)
        return [read(o) for o in self.outputs]


def _lifted(builder: Builder | None, fixed: Fixed) -> Any:
    """A constant, under the user's own name for it."""
    array = fixed.array
    assert array is not None
    if builder is None or array.dtype.kind != "f" or not array.ndim:
        return array if array.ndim else array[()]
    return Traced(builder, builder.constant(array, name=fixed.name or None))


def _name(value: Any, name: str, before: int) -> None:
    if name and isinstance(value, Traced) and value.index >= before:
        value.builder.names.setdefault(value.index, name)


@contextmanager
def _at_the_line(builder: Builder | None, where: Where | None) -> Iterator[None]:
    """What is added to the graph points at the user's line."""
    if builder is None:
        yield
        return
    before, builder.mark = builder.mark, where
    try:
        yield
    finally:
        builder.mark = before
