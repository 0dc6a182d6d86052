"""What people write by mistake in the place of a value: other values of the same shape, and simple functions of them.

Every value of the forward pass is one, and its usual companions: one less it, its square, its sign, its slope if it is
an activation, itself centred, shared out or made positive, the next row or column in its place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT
from gradwork.graph.passes import TRANSPARENT
from gradwork.ops.activations import sigmoid, softmax

REDUCED: dict[str, Callable[..., Any]] = {"mean": np.mean, "max": np.max, "min": np.min, "sum": np.sum}
MOST_NUMBERS = 4_000_000  # all values together, for one shape
Make = Callable[[Any], Any]


@dataclass(frozen=True, eq=False)
class StandIn:
    """A value: what `make` gives of the value of node `of`, in the shape `shape`.

    far:  how far it is from the value itself: 0 for that, 1 and 2 for what is made of it.
    """

    of: int
    make: Make
    says: str
    shape: tuple[int, ...]
    far: int

    def value(self, values: Sequence[Any], own: tuple[int, ...]) -> Any:
        """Its value, from those of all nodes."""
        with np.errstate(all="ignore"):
            made = self.make(np.broadcast_to(np.asarray(values[self.of], float), own))
            return np.broadcast_to(made, self.shape)


class StandIns:
    """All stand-ins of a loss, by shape, with their values stacked."""

    def __init__(self, joint: Joint, names: Names | None = None) -> None:
        self.joint = joint
        self.names = names or Names.of(joint)
        self._bases = [p for p in range(joint.forward) if _is_base(joint, p)]
        self._stacked: dict[tuple[int, ...], tuple[list[StandIn], Array]] = {}

    def of_shape(self, shape: tuple[int, ...]) -> tuple[list[StandIn], Array]:
        """The stand-ins of a shape, and their values, a row each; those that are near come first."""
        if shape not in self._stacked:
            self._stacked[shape] = self._made(shape)
        return self._stacked[shape]

    def _made(self, shape: tuple[int, ...]) -> tuple[list[StandIn], Array]:
        size = max(int(np.prod(shape)), 1)
        found: list[StandIn] = []
        rows: list[Array] = []
        seen: set[bytes] = set()
        values = self.joint.values
        for stand_in in sorted(self._all(shape), key=lambda s: s.far):
            if (len(rows) + 1) * size > MOST_NUMBERS:
                break
            try:
                value = stand_in.value(values, self.joint.node(stand_in.of).shape)
            except (ValueError, TypeError, ArithmeticError):
                continue
            flat = np.ascontiguousarray(value, float).reshape(-1)
            key = np.round(flat, 12).tobytes() if size < 100_000 else bytes(str(id(flat)), "ascii")
            if key in seen or not np.isfinite(flat).all() or not flat.any():  # nothing in its place: a missing path
                continue
            seen.add(key)
            found.append(stand_in)
            rows.append(flat)
        return found, np.stack(rows) if rows else np.zeros((0, size))

    def _all(self, shape: tuple[int, ...]) -> Iterator[StandIn]:
        if self._bases:
            for number in (1.0, -1.0):
                yield StandIn(self._bases[0], functools.partial(_full, shape, number), f"{number:g}", shape, 0)
        for position in self._bases:
            own = self.joint.node(position).shape
            name = grouped(self.names.name(position))
            if own == shape and self.joint.node(position).op in REDUCED:
                yield from self._reduced(position, shape)
            if own == shape:
                value = np.asarray(self.joint.value(position), float)
                for says, make, far in _companions(name, value):
                    yield StandIn(position, make, says, shape, far)
            elif own and len(own) == 2 and own[::-1] == shape:
                yield StandIn(position, np.transpose, f"{name} transposed", shape, 1)
            elif _spreads(own, shape):
                for says, make, far in _plain(name):
                    yield StandIn(position, make, says, shape, far + 1)

    def _reduced(self, position: int, shape: tuple[int, ...]) -> Iterator[StandIn]:
        """Another way to make one number of many, where the loss has the largest, a mean or a sum."""
        node = self.joint.node(position)
        inside = node.inputs[0]
        axes, keep = tuple(node.params["axis"]), bool(node.params["keepdims"])
        over = " and ".join(str(a) for a in axes)
        for op, function in REDUCED.items():
            if op != node.op:
                make = functools.partial(_along_axes, function, axes, keep)
                yield StandIn(inside, make, f"the {op} of {self.names.name(inside)} over axis {over}", shape, 2)


def _along_axes(function: Callable[..., Any], axes: tuple[int, ...], keep: bool, value: Any) -> Any:
    return function(value, axis=axes, keepdims=keep)


def _full(shape: tuple[int, ...], number: float, _: Any) -> Array:
    return np.full(shape, number)


def grouped(name: str) -> str:
    """A formula in brackets, where something stands beside it; a name without them."""
    plain = name.replace("_", "").replace("'", "").isalnum() or name[0] == name[-1] == "|"
    called = name.endswith(")") and name.split("(")[0].isidentifier()
    return name if plain or called else f"({name})"


def _is_base(joint: Joint, position: int) -> bool:
    node = joint.node(position)
    if node.op in TRANSPARENT or node.dtype.kind not in "fib":
        return False
    return node.op != CONSTANT or bool(node.name and node.shape)


def _spreads(own: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether one shape is spread over another by adding rows or columns."""
    if len(own) > len(shape) or int(np.prod(own)) == 0:
        return False
    return all(a in (1, b) for a, b in zip(reversed(own), reversed(shape), strict=False))


def _plain(name: str) -> Iterator[tuple[str, Make, int]]:
    yield name, lambda v: v, 0
    yield f"1/{name}", lambda v: 1 / v, 1
    yield f"{name}^2", np.square, 1
    yield f"1/{name}^2", lambda v: 1 / v**2, 2
    yield f"-{name}", np.negative, 1


def _companions(name: str, value: Array) -> Iterator[tuple[str, Make, int]]:
    yield from _plain(name)
    yield f"1 - {name}", lambda v: 1 - v, 1
    yield f"({name} - 1)", lambda v: v - 1, 2
    yield f"|{name}|", np.abs, 2
    yield f"({name} > 0)", lambda v: (v > 0) * 1.0, 1
    yield f"({name} <= 0)", lambda v: (v <= 0) * 1.0, 2
    low, high = float(np.min(value, initial=np.inf)), float(np.max(value, initial=-np.inf))
    if low < 0 < high:
        yield f"sign({name})", np.sign, 2
    if low >= 0 and high <= 1:
        yield f"{name} (1 - {name})", lambda v: v * (1 - v), 1
        yield f"(2 {name} - 1)", lambda v: 2 * v - 1, 2
        yield f"({name} > 1/2)", lambda v: (v > 0.5) * 1.0, 2
    if low >= -1 and high <= 1:
        yield f"(1 - {name}^2)", lambda v: 1 - v * v, 1
        yield f"(1 - |{name}|)", lambda v: 1 - np.abs(v), 2
    if high < 50:
        yield f"exp({name})", np.exp, 1
    if low > 0:
        yield f"log({name})", np.log, 1
        yield f"sqrt({name})", np.sqrt, 1
        yield f"1/sqrt({name})", lambda v: 1 / np.sqrt(v), 2
    if low >= 0:
        yield f"log(1 + {name})", np.log1p, 2
    yield f"sigmoid({name})", sigmoid, 1
    yield f"sigmoid(-{name})", lambda v: sigmoid(-v), 2
    yield f"tanh({name})", np.tanh, 2
    yield f"sigmoid'({name})", lambda v: sigmoid(v) * (1 - sigmoid(v)), 2
    yield f"tanh'({name})", lambda v: 1 - np.tanh(v) ** 2, 2
    yield f"max({name}, 0)", lambda v: np.maximum(v, 0), 2
    yield from _along(name, value)


def _along(name: str, value: Array) -> Iterator[tuple[str, Make, int]]:
    for axis in range(value.ndim):
        if value.shape[axis] < 2:
            continue
        what = ("columns" if axis == value.ndim - 1 else "rows") if value.ndim < 3 else f"axis {axis}"
        words = {"name": name, "over": f"over axis {axis}", "what": what}
        for says, make in ALONG.items():
            yield says.format(**words), functools.partial(make, axis=axis), 2


def _by_largest(v: Any, axis: int) -> Any:
    return np.exp(v - v.max(axis=axis, keepdims=True))


def _normalised(v: Any, axis: int) -> Any:
    return (v - v.mean(axis=axis, keepdims=True)) / v.std(axis=axis, keepdims=True)


def _at_largest(v: Any, axis: int) -> Any:
    return (np.argmax(v, axis=axis, keepdims=True) == _counted(v, axis)) * 1.0


def _counted(v: Any, axis: int) -> Any:
    return np.arange(v.shape[axis]).reshape([-1 if a == axis else 1 for a in range(v.ndim)])


ALONG: dict[str, Callable[..., Any]] = {
    "softmax({name}) {over}": softmax,
    "the exponentials of {name}, over their largest {over},": _by_largest,
    "{name} less its mean {over}": lambda v, axis: v - v.mean(axis=axis, keepdims=True),
    "the mean of {name} {over}": lambda v, axis: v.mean(axis=axis, keepdims=True),
    "the sum of {name} {over}": lambda v, axis: v.sum(axis=axis, keepdims=True),
    "{name}, normalised {over},": _normalised,
    "1 at the largest of {name} {over}": _at_largest,
    "{name} in the reverse order {over}": lambda v, axis: np.flip(v, axis=axis),
    "{name} with its {what} moved on by one": lambda v, axis: np.roll(v, 1, axis=axis),
    "{name} with its {what} moved back by one": lambda v, axis: np.roll(v, -1, axis=axis),
    "the first of {name} {over}": lambda v, axis: np.take(v, [0], axis=axis),
    "the last of {name} {over}": lambda v, axis: np.take(v, [-1], axis=axis),
}
