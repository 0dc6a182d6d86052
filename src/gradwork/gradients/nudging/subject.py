"""The function that is nudged, with plain arguments of its own that can be moved one entry at a time.

The function sees copies: the caller's arrays are never written to, and serve as the reference by which a function that
changes its arguments is found out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, ChangedArgumentError
from gradwork.gradients.wrt import Wanted, Wrt, no_number, resolve
from gradwork.graph.formula import Program, evaluate_program
from gradwork.graph.op import REGISTER
from gradwork.graph.trace import Called, Function, as_called, as_number
from gradwork.graph.tree import Structure, flatten, leaf_names

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Part:
    """One leaf of one argument. `start` is None where it is not a number or an array (text, a function, None).

    Everything numeric is held flat; `kind` says what the function gets: "number", "array", or "tensor" (an array of
    another package, made anew for every call).
    """

    name: str
    given: Any
    start: Array | None
    shape: tuple[int, ...] = ()
    kind: str = "array"
    wanted: bool = False

    def handed(self, flat: Array) -> Any:
        """What the function gets for the values `flat`."""
        if self.kind == "tensor":
            return tensor(self.given, flat.reshape(self.shape))
        if self.kind == "array":
            return flat.reshape(self.shape)
        return flat[0].item() if isinstance(self.given, (int, float)) and flat.dtype.kind == "f" else flat[0]


@dataclass(frozen=True, eq=False)
class Argument:
    """One argument of the call: its place in it, its structure, and the numbers of its parts."""

    key: int | str
    structure: Structure
    parts: tuple[int, ...]


class Subject:
    """A function at a point, whose entries can be moved. `work` holds the arrays that the function sees."""

    def __init__(self, f: Function, parts: Sequence[Part], arguments: Sequence[Argument], wanted: Wanted) -> None:
        self.f = f
        self.parts = tuple(parts)
        self.arguments = tuple(arguments)
        self.wanted = wanted
        self.shape: tuple[int, ...] = ()
        self.single = False
        self.evaluations = 0
        self._lay_out()

    def _lay_out(self) -> None:
        self.work = [None if p.start is None else p.start.copy() for p in self.parts]
        self._called = as_called(self.f)
        if not isinstance(self._called, Called):
            REGISTER.load()  # a worker process has no functions for its formulas yet
        self._built = {a.key: self._build(a) for a in self.arguments}
        self._given: tuple[list[Any], dict[str, Any]] | None = None
        fixed = ("array",)
        self._rebuilt = [
            a for a in self.arguments if any(self._moves(i) and self.parts[i].kind not in fixed for i in a.parts)
        ]

    def _moves(self, part: int) -> bool:
        return self.parts[part].wanted and self.parts[part].start is not None

    def _build(self, argument: Argument) -> Any:
        return argument.structure.build(iter([self._handed(i) for i in argument.parts]))

    def _handed(self, part: int) -> Any:
        flat = self.work[part]
        return self.parts[part].given if flat is None else self.parts[part].handed(flat)

    def __getstate__(self) -> dict[str, Any]:
        kept = ("f", "parts", "arguments", "wanted", "shape", "single")
        return {name: self.__dict__[name] for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.evaluations = 0
        self._lay_out()

    def fresh(self) -> Subject:
        """Another one at the same point with arrays of its own, for another thread."""
        other = object.__new__(Subject)
        other.__setstate__(self.__getstate__())
        return other

    @property
    def moving(self) -> list[int]:
        """The parts that are nudged."""
        return [i for i in range(len(self.parts)) if self._moves(i)]

    def arguments_given(self) -> tuple[list[Any], dict[str, Any]]:
        """The arguments as the function sees them now."""
        for argument in self._rebuilt:
            self._built[argument.key] = self._build(argument)
        if self._rebuilt or self._given is None:
            args = [self._built[a.key] for a in self.arguments if isinstance(a.key, int)]
            self._given = args, {a.key: self._built[a.key] for a in self.arguments if isinstance(a.key, str)}
        return self._given

    def called_with_complex(self) -> Any:
        """The result where `work` holds complex numbers in the place of what moves."""
        for argument in self.arguments:
            self._built[argument.key] = self._build(argument)
        self._given = None
        result = self.call()
        leaves, structure = flatten(result)
        plain = _plain(leaves[0]) if structure.kind is None else None
        return result if plain is None else plain

    def call(self) -> Any:
        """What the function gives at the values in `work`."""
        args, kwargs = self.arguments_given()
        self.evaluations += 1
        if isinstance(self._called, Called):
            return self._called.function(*args, **kwargs)
        return _worked_out(
            self._called.program, {**dict(zip(self._called.labels(len(args)), args, strict=True)), **kwargs}
        )

    def value(self) -> Array:
        """The result as a flat array of float64, which shares no memory with the arguments."""
        result = self.call()
        if type(result) is float or type(result) is np.float64:
            return np.array((result,))  # what most losses give
        return np.array(plain_result(result), dtype=np.float64).reshape(-1)

    def at(self, part: int, index: int, target: float) -> Array:
        """The result with one entry at `target` and all others untouched; NaN where the function is not defined there.

        Raises ChangedArgumentError if the function writes to that entry, ArgumentError if it gives another shape there.
        """
        work = self.work[part]
        assert work is not None
        before = work[index]
        work[index] = target
        put = work[index]
        try:
            result = self.value()
        except (ArithmeticError, ValueError):
            # The function worked at the point itself: here it has left its domain, as math.log does below zero.
            result = np.full(math.prod(self.shape), np.nan)
        finally:
            changed = work[index] != put
            work[index] = before
        if changed:
            raise changed_argument(self.parts[part].name)
        if result.size != math.prod(self.shape):
            raise ArgumentError(
                f"the result changes its size when {self.parts[part].name} is nudged",
                why="a slope compares the same result before and after",
            )
        return result

    def check_unchanged(self) -> None:
        """Raise ChangedArgumentError, naming the argument, if the function has changed what it was given."""
        for part, work in zip(self.parts, self.work, strict=True):
            if work is not None and part.start is not None and not _same(work, part.start):
                raise changed_argument(part.name)
        for argument in self.arguments:
            structure = flatten(self._built[argument.key])[1]
            if list(structure.paths()) != list(argument.structure.paths()):
                raise changed_argument(str(self.parts[argument.parts[0]].name if argument.parts else argument.key))

    def narrowed(self) -> Subject:
        """The same at the nearest point of single precision, on whose grid every nudge will lie."""
        parts = [replace(p, start=_on_grid(p.start)) if p.wanted and p.start is not None else p for p in self.parts]
        other = Subject(self.f, parts, self.arguments, self.wanted)
        other.shape, other.single, other.evaluations = self.shape, True, self.evaluations
        return other


def changed_argument(name: str) -> ChangedArgumentError:
    """The function wrote to what it was given."""
    return ChangedArgumentError(
        f"the function changes its argument {name} in place",
        why="a nudge moves one entry and holds all else still; here the point itself moves between two evaluations",
        hint=f"work on a copy inside the function: {name} = {name}.copy()",
    )


def subject_of(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Wrt, widen: bool = True) -> Subject:
    """Take the call `f(*args, **kwargs)` apart. `widen`: floats narrower than 64 bits become float64."""
    called = as_called(f)
    wanted = resolve(f, wrt, args, kwargs)
    labels = called.labels(len(args))
    parts: list[Part] = []
    arguments = []
    given: list[tuple[int | str, Any, str]] = [(i, value, labels[i]) for i, value in enumerate(args)]
    given += [(name, value, name) for name, value in kwargs.items()]
    taken_apart = [(key, *flatten(value)) for key, value, _ in given]
    labelled = [(label, structure) for (_, _, label), (_, _, structure) in zip(given, taken_apart, strict=True)]
    for (key, leaves, structure), places in zip(taken_apart, leaf_names(labelled), strict=True):
        first = len(parts)
        parts += [_part(name, leaf, key in wanted.keys, widen) for name, leaf in zip(places, leaves, strict=True)]
        arguments.append(Argument(key, structure, tuple(range(first, len(parts)))))
    _check_numbers(parts, arguments, wanted)
    return Subject(f, parts, arguments, wanted)


def _part(name: str, given: Any, wanted: bool, widen: bool) -> Part:
    plain = _plain(given)
    if plain is None or (not wanted and not isinstance(given, np.ndarray) and not _is_plain_float(given, plain)):
        return Part(name, given, None, wanted=wanted)
    if plain.dtype.kind == "c" and wanted:
        raise ArgumentError(
            f"{name} is complex, and a nudge moves a real number",
            hint="nudge its real and imaginary parts as two arguments",
        )
    dtype = np.dtype(plain.dtype)
    if (wanted and dtype.kind in "iub") or (dtype.kind == "f" and (widen or dtype.itemsize > 8)):
        dtype = np.dtype(np.float64)
    kind = "array" if isinstance(given, np.ndarray) else "tensor" if _is_tensor(given) else "number"
    if kind == "number" and np.ndim(plain):
        kind = "array"
    return Part(name, given, np.array(plain, dtype).reshape(-1), np.shape(plain), kind, wanted)


def _is_plain_float(given: Any, plain: Any) -> bool:
    """Whether something that stays as it is may be widened: a data frame has columns, which no array of it has."""
    return bool(plain.dtype.kind == "f") and (isinstance(given, (float, np.generic)) or _is_tensor(given))


def _plain(value: Any) -> Any:
    # A tensor that records its own history has to be detached before it can be read.
    return as_number(value.detach() if hasattr(value, "detach") else value)


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "new_tensor") or type(value).__module__.partition(".")[0] in ("jax", "jaxlib")


def tensor(like: Any, values: Array) -> Any:
    """`values` as an array of the package that `like` belongs to, which its user has imported already."""
    if hasattr(like, "new_tensor"):
        return like.new_tensor(values, dtype=like.double().dtype if values.dtype == np.float64 else like.dtype)
    return sys.modules["jax"].numpy.asarray(values)


def _check_numbers(parts: Sequence[Part], arguments: Sequence[Argument], wanted: Wanted) -> None:
    for argument in arguments:
        mine = [parts[i] for i in argument.parts]
        if argument.key in wanted.keys and not any(p.start is not None for p in mine):
            raise no_number(argument.key, [part.given for part in mine])


def _worked_out(program: Program, names: Mapping[str, Any]) -> Any:
    return evaluate_program(program, names, REGISTER.by_word)[program.lines[-1][0]]


def plain_result(result: Any) -> Any:
    """What the function returned, as a NumPy number or array. Raises ArgumentError where it is neither."""
    leaves, structure = flatten(result)
    plain = _plain(leaves[0]) if structure.kind is None else None
    if plain is None or plain.dtype.kind not in "iuf":
        raise ArgumentError(
            f"the function returned {_said(result, plain)}",
            why="a slope is a rise divided by a nudge, so the result has to be a real number or an array of them",
            hint="return the loss at the end of the function"
            if result is None
            else "return one number, or one array: np.array([...])",
        )
    return plain


def _said(result: Any, plain: Any) -> str:
    if plain is not None:
        return {"c": "a complex number", "b": "a truth value"}.get(plain.dtype.kind, "no number")
    return "nothing (None)" if result is None else f"a {type(result).__name__}"


def _same(one: Array, other: Array) -> bool:
    if one.dtype.kind in "fc":
        return bool(np.array_equal(one, other, equal_nan=True))
    return bool(np.array_equal(one, other))


def _on_grid(values: Array) -> Array:
    return values.astype(np.float32).astype(values.dtype)
