"""Steps carried out with NumPy's functions: on plain arrays, and on traced ones, which makes them a graph.

A value that JAX has spread over a shape stays as it was until something needs it in full: so a bias stays a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.graph.builder import Builder
from gradwork.graph.traced import Traced
from gradwork.jax._program import Place, Program, Slot, Step
from gradwork.jax.primitives import Entry, entry_of


def weighed(outputs: Sequence[Any], weights: Sequence[Any], arrays: Mapping[str, Any]) -> Any:
    """All outputs times their weights, which are called g in a graph, as what is sent back mostly is."""
    builder = _innermost(arrays)
    names = ["g"] if len(weights) == 1 else [f"g{k + 1}" for k in range(len(weights))]
    total: Any = 0.0
    for k, (output, weight) in enumerate(zip(outputs, weights, strict=True)):
        part = np.sum(output * _named(builder, weight[()], names[k]))
        total = part if k == 0 else total + part
    return total


def plain_value(value: Any) -> Any:
    """The number or array that a traced value stands for."""
    return np.asarray(value.value if isinstance(value, Traced) else value)


def _innermost(arrays: Mapping[str, Any]) -> Builder | None:
    """What the innermost trace is written with."""
    builders = [a.builder for a in arrays.values() if isinstance(a, Traced)]
    return max(builders, key=lambda builder: builder.level, default=None)


def _named(builder: Builder | None, value: Any, name: str) -> Any:
    """A plain value as a constant of the trace, under a name."""
    return value if builder is None else Traced(builder, builder.constant(value, name=name))


def replayed(program: Program, arrays: Mapping[str, Any]) -> list[Any]:
    """The outputs. Values may be plain, or traced."""
    values: dict[Slot, Any] = {slot: arrays[name] for name, slot in program.inputs}
    names = Names(arrays)
    for step in program.steps:
        entry = entry_of(step.name)
        if entry is None:
            raise LookupError(step.name)
        with names.at(step.place), np.errstate(all="ignore"):
            found = _carried_out(step, entry, values)
        values.update(zip(step.writes, found, strict=True))
        names.note(step.place, found[0])
    names.done()
    return [_full(values[o], o.shape) if isinstance(o, Slot) else np.asarray(o) for o in program.outputs]


def _carried_out(step: Step, entry: Entry, values: Mapping[Slot, Any]) -> Sequence[Any]:
    reads = [_read(r, entry, values) for r in step.reads]
    found = entry.function(*reads, **entry.chosen(step.params))
    return found if entry.several else (found,)


def _read(read: Any, entry: Entry, values: Mapping[Slot, Any]) -> Any:
    if isinstance(read, Slot):
        value = values[read]
        return value if entry.thin else _full(value, read.shape)
    if entry.thin and read.size and read.ndim and np.all(read == read.flat[0]):
        return read.flat[0]  # one number, spread
    return read[()]


def _full(value: Any, shape: tuple[int, ...]) -> Any:
    return value if np.shape(value) == shape else np.broadcast_to(value, shape)


class Names:
    """Lines and names of the user's, put on the nodes that steps add to a trace."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.builder = _innermost(arrays)
        self.start = len(self.builder.rows) if self.builder is not None else 0
        self.last: tuple[Place, int] | None = None

    def at(self, place: Place) -> _At:
        """For a `with` block: nodes that are added inside point at a place."""
        return _At(self.builder, place)

    def note(self, place: Place, value: Any) -> None:
        """A name belongs to the last value of an expression that is assigned to it."""
        if self.builder is None or not isinstance(value, Traced) or value.builder is not self.builder:
            return
        if self.last is not None and self.last[0].span != place.span:
            self.done()
        self.last = (place, value.index)

    def done(self) -> None:
        """The expression is over."""
        if self.last is not None and self.builder is not None:
            place, index = self.last
            if place.name and index >= self.start:
                self.builder.names.setdefault(index, place.name)
        self.last = None


class _At:
    def __init__(self, builder: Builder | None, place: Place) -> None:
        self.builder, self.place = builder, place

    def __enter__(self) -> None:
        if self.builder is not None:
            self.before, self.builder.mark = self.builder.mark, self.place.where

    def __exit__(self, *_: object) -> None:
        if self.builder is not None:
            self.builder.mark = self.before
