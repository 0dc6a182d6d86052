"""The samples of an op as functions that can be traced and nudged, and what is said of a broken promise."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.graph.op import Composite, Op
from gradwork.graph.traced import call, contains_traced
from gradwork.graph.tree import Structure, flatten


@dataclass(frozen=True)
class Broken:
    """One promise that does not hold: which one, at what, and how."""

    promise: str
    at: str
    how: str

    def __str__(self) -> str:
        return f"{self.promise}, at {self.at}: {self.how}"


@dataclass(frozen=True, eq=False)
class Case:
    """One sample as a function of the float arrays in it; everything else in the sample stands still."""

    call: Callable[..., Any]
    structure: Structure
    leaves: tuple[Any, ...]
    params: dict[str, Any]
    text: str

    @property
    def moving(self) -> list[int]:
        """Which leaves are numbers that can move."""
        return [k for k, leaf in enumerate(self.leaves) if is_float(leaf)]

    @property
    def point(self) -> list[Any]:
        """The arrays that can move."""
        return [np.asarray(self.leaves[k], dtype=_float_dtype(self.leaves[k]))[()] for k in self.moving]

    @property
    def is_complex(self) -> bool:
        """Whether the sample is one of complex numbers."""
        return any(np.iscomplexobj(p) for p in self.point)

    def __call__(self, *arrays: Any) -> Any:
        slots = dict(zip(self.moving, arrays, strict=True))
        filled = [slots.get(k, leaf) for k, leaf in enumerate(self.leaves)]
        result = self.call(*self.structure.build(iter(filled)), **self.params)
        # Several results are looked at as one, and a complex result of real numbers as its two parts.
        if isinstance(result, (tuple, list)):
            result = np.concatenate([np.ravel(r) for r in result])
        if np.iscomplexobj(result) and not any(map(np.iscomplexobj, arrays)):
            return np.stack([np.real(result), np.imag(result)])
        return result

    def in_float32(self) -> list[Any]:
        """The same point in single precision."""
        return [np.asarray(p, dtype=np.float32)[()] for p in self.point]


def cases(op: Op | Composite) -> list[Case]:
    """The op's samples, as functions that can be traced and nudged."""
    made = []
    function = called(op.answers[0])
    for sample in op.samples:
        values, params = _arguments(op, sample)
        leaves, structure = flatten(values)
        made.append(Case(function, structure, tuple(leaves), params, f"{short(values)}{params or ''}"))
    return made


def at_numbers(op: Op, numbers: Sequence[Any]) -> Case:
    """The op at these numbers, each an operand."""
    leaves, structure = flatten(tuple(np.asarray(n)[()] for n in numbers))
    return Case(called(op.answers[0]), structure, tuple(leaves), {}, short(tuple(numbers)))


def called(function: Any) -> Callable[..., Any]:
    """The function, taken by the tracer wherever a traced value is among the arguments."""

    def either(*args: Any, **kwargs: Any) -> Any:
        if any(map(contains_traced, args)):
            return call(function, args, kwargs)
        with warnings.catch_warnings():
            # What NumPy means to drop is still asked for by those who use it.
            warnings.simplefilter("ignore", DeprecationWarning)
            return function(*args, **kwargs)

    return either


def _arguments(op: Op | Composite, sample: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    values = sample if isinstance(sample, tuple) else (sample,)
    if values and isinstance(values[-1], dict):
        return values[:-1], dict(values[-1])
    return values, {}


def uneven(shape: tuple[int, ...], stream: int) -> Any:
    """Weights between 0.5 and 1.5 in size, of both signs, always the same and nowhere alike."""
    count = int(np.prod(shape, dtype=np.int64))
    turns = np.modf(0.618033988749895 * (np.arange(count) + 1) + 0.37 * stream)[0]
    signs = np.where(np.modf(0.414213562373095 * (np.arange(count) + 2) + 0.11 * stream)[0] < 0.4, -1.0, 1.0)
    return (signs * (0.5 + turns)).reshape(shape)[()]


def size(value: Any) -> float:
    """How large the numbers are, 1 at least: what an absolute tolerance goes by."""
    return float(max(1.0, np.max(np.abs(value), initial=0.0)))


def short(value: Any) -> str:
    """A value on one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def is_float(value: Any) -> bool:
    """Whether a value is made of numbers that can move."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "fc"
    return isinstance(value, (float, complex))


def _float_dtype(value: Any) -> Any:
    return np.asarray(value).dtype
