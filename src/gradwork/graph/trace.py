"""From a function, or a formula, to its graph.

The function is called once with traced values in place of its arguments. Everything that it does with them becomes a
node; what it does beside them (loops, closures, its own arrays) has been done by the time that the graph stands.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, GradworkError, Where
from gradwork.graph import frames
from gradwork.graph.builder import Builder
from gradwork.graph.formula import Formula, Program, evaluate_program, parse_program
from gradwork.graph.graph import Graph
from gradwork.graph.op import REGISTER
from gradwork.graph.traced import Traced, lift
from gradwork.graph.tree import Structure, flatten

Function = Callable[..., Any] | str | Formula | Program


@dataclass(frozen=True, eq=False)
class Argument:
    """One argument of the traced function: its structure, its leaves, and the inputs that stand for them.

    A leaf that is not a number or an array (text, None, a function) has no input; its position is None.
    """

    key: int | str
    structure: Structure
    leaves: tuple[Any, ...]
    positions: tuple[int | None, ...]

    def build(self, at: Mapping[int, Any], otherwise: Any = None) -> Any:
        """This argument's structure with what `at` holds for each of its inputs."""
        return self.structure.build(iter([otherwise if p is None else at[p] for p in self.positions]))

    @property
    def inputs(self) -> tuple[int, ...]:
        """The inputs of this argument, in order."""
        return tuple(p for p in self.positions if p is not None)


@dataclass(frozen=True, eq=False)
class Trace:
    """A graph with what is needed to call it as the function was called.

    builder: what the trace was written with, closed now; its rows are those of the graph.
    outputs: the positions of the results.
    sources: for each input of the graph, the plain value, or the traced value of an outer trace, that it stands for.
    output:  the structure of what the function returned.
    """

    builder: Builder
    outputs: tuple[int, ...]
    arguments: tuple[Argument, ...]
    sources: tuple[Any, ...]
    output: Structure

    @functools.cached_property
    def graph(self) -> Graph:
        """The frozen graph."""
        return self.builder.graph(self.outputs)

    @property
    def values(self) -> list[Any]:
        """The value of every node, as it was when tracing."""
        return self.builder.values

    def argument(self, key: int | str) -> Argument:
        """The traced argument at a position or of a name."""
        return next(a for a in self.arguments if a.key == key)


def trace(f: Function, /, *args: Any, **kwargs: Any) -> Graph:
    """The graph of `f` at these arguments: an ordinary NumPy function, or a formula as text.

    args, kwargs: numbers, arrays, or nested tuples, lists, dicts and dataclasses of them; every number or array in
    them becomes an input of the graph, under its own name. Text, None and functions are passed on as they are.
    Gives a frozen `Graph`, which prints as a program. Raises what `f` raises, and TracedValueError, on the user's own
    line, where a traced value is used in a way that would lose its slope.

    >>> import numpy as np, gradwork as gw
    >>> print(gw.trace("mean((x*w + b - y)^2)", x=np.array([1.0, 2.0]), w=3.0, b=0.0, y=np.array([1.0, 1.0])))
    graph(x, w, b, y)
      u4 = broadcast_to(w, shape=(2,))
      u5 = x * u4
      u6 = broadcast_to(b, shape=(2,))
      u7 = u5 + u6
      u8 = u7 - y
      u10 = u8 ** 2
      u11 = mean(u10)
      return u11
    """
    return trace_call(f, args, kwargs).graph


@frames.is_boundary
def trace_call(
    f: Function,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    only: Sequence[int | str] | None = None,
    floating: bool | Sequence[int | str] = False,
) -> Trace:
    """Trace `f`, making inputs of the arguments in `only` (positions, or names of keywords; all when None).

    floating: whole numbers among the traced arguments (all of them, or those named) are taken as floats, since a
    slope is asked for.
    """
    REGISTER.load()
    called = as_called(f)
    labels = called.labels(len(args))
    builder = Builder()
    sources: list[Any] = []
    arguments: list[Argument] = []

    def enter(key: int | str, value: Any, label: str) -> Any:
        if only is not None and key not in only:
            return value
        as_floats = floating if isinstance(floating, bool) else key in floating
        argument = _enter(builder, key, value, label, as_floats, sources)
        arguments.append(argument)
        traced = {p: Traced(builder, p) for p in argument.inputs}
        fill = iter(argument.leaves)
        return argument.structure.build(
            iter([leaf if p is None else traced[p] for p, leaf in zip(argument.positions, fill, strict=True)])
        )

    traced_args = [enter(i, a, labels[i]) for i, a in enumerate(args)]
    traced_kwargs = {k: enter(k, v, k) for k, v in (kwargs or {}).items()}
    _name_apart(builder)
    try:
        result = called(builder, traced_args, traced_kwargs)
        leaves, output = flatten(result)
        outputs = [lift(builder, _result(leaf)) for leaf in leaves]
    except ValueError as error:
        raise _own(error) from None
    finally:
        builder.open = False
    sources += builder.captured
    return Trace(builder, tuple(outputs), tuple(arguments), tuple(sources), output)


def _own(error: ValueError) -> Exception:
    """The error to show: where NumPy wraps one of ours, asked to put a traced value into an array, ours says more."""
    return error.__cause__ if isinstance(error.__cause__, GradworkError) else error


def trace_symbols(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], free: Sequence[str]) -> Graph:
    """The graph of `f` with names in `free` as symbols: single numbers without a value.

    Names that have a value give their shape alone. Raises TracedValueError where `f` decides by a value.
    """
    REGISTER.load()
    called = as_called(f)
    builder = Builder(concrete=False)
    bound = dict(zip(called.labels(len(args)), args, strict=True)) | dict(kwargs)
    traced: dict[str, Any] = {}
    for name in [*bound, *free]:
        value = as_number(bound[name]) if name in bound else np.float64(1.0)
        if value is None:
            traced[name] = bound[name]
            continue
        value = as_float(value)
        traced[name] = Traced(builder, builder.input(None, name, shape=np.shape(value), dtype=value.dtype))
    try:
        result = called(builder, (), traced)
        outputs = [lift(builder, _result(leaf)) for leaf in flatten(result)[0]]
    finally:
        builder.open = False
    return builder.graph(outputs)


def _result(leaf: Any) -> Any:
    if isinstance(leaf, (Traced, np.ndarray)) or as_number(leaf) is not None:
        return leaf
    if isinstance(leaf, bool):
        return np.bool_(leaf)
    raise ArgumentError(
        f"the function returned {'nothing (None)' if leaf is None else type(leaf).__name__}",
        why="a graph ends in numbers or arrays",
        hint="return the loss at the end of the function" if leaf is None else "return numbers or arrays only",
    )


def _enter(builder: Builder, key: int | str, value: Any, label: str, floating: bool, sources: list[Any]) -> Argument:
    leaves, structure = flatten(value)
    positions: list[int | None] = []
    for place, leaf in zip(structure.paths(), leaves, strict=True):
        plain = leaf.value if isinstance(leaf, Traced) else as_number(leaf)
        if plain is None or (floating and plain.dtype.kind == "b"):
            positions.append(None)  # nor does a mask have a slope
            continue
        source = leaf
        if not isinstance(leaf, Traced):
            source = plain = as_float(plain) if floating else plain
        positions.append(builder.input(snapshot(plain), place.name(label)))
        sources.append(source)
    return Argument(key, structure, tuple(leaves), tuple(positions))


def snapshot(value: Any) -> Any:
    """A copy of an array that may be written to later; numbers and read-only arrays as they are."""
    return value.copy(order="K") if isinstance(value, np.ndarray) and value.flags.writeable else value


def _name_apart(builder: Builder) -> None:
    """Give a second input of one name a number, so that names tell inputs apart."""
    seen: dict[str, int] = {}
    for position in builder.inputs:
        name = builder.names[position]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            builder.names[position] = f"{name}_{seen[name]}"


def as_number(value: Any) -> Any:
    """`value` as a NumPy number or array; None where it is not one (text, None, a function, a truth value)."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value if value.dtype.kind in "biufc" else None
    if isinstance(value, (bool, str, bytes, type)) or value is None:
        return None
    if isinstance(value, (int, float, complex)):
        return np.asarray(value)[()]
    if hasattr(value, "__array__"):
        # Data frames and series of other packages say how they become arrays.
        array = np.asarray(value)
        return array if array.dtype.kind in "biufc" else None
    return None


def as_float(value: Any) -> Any:
    """A whole number, or an array of them, as floats; anything else as it is."""
    return value.astype(np.float64) if value.dtype.kind in "iu" else value


_NAMES: weakref.WeakKeyDictionary[Any, list[str]] = weakref.WeakKeyDictionary()


def _positional_names(function: Any) -> list[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in kinds]


@dataclass(frozen=True)
class Called:
    """A Python function under trace."""

    function: Callable[..., Any]

    def names(self) -> list[str]:
        """The names of the parameters that can be passed by position."""
        try:
            found = _NAMES.get(self.function)
        except TypeError:  # it cannot be hashed, or not be held weakly
            return _positional_names(self.function)
        if found is None:
            found = _positional_names(self.function)
            with contextlib.suppress(TypeError):
                _NAMES[self.function] = found
        return found

    def labels(self, count: int) -> list[str]:
        """A name for each of the first `count` positional arguments."""
        names = self.names()
        return [names[i] if i < len(names) else f"x{i}" for i in range(count)]

    def __call__(self, builder: Builder, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return self.function(*args, **kwargs)


@dataclass(frozen=True)
class CalledProgram:
    """Named formulas under trace: the last line is the result, and every line names its node."""

    program: Program

    def names(self) -> list[str]:
        """The formula's own names, in order of appearance."""
        return list(self.program.names)

    def labels(self, count: int) -> list[str]:
        """The names that positional arguments are bound to."""
        names = self.names()
        if count > len(names):
            raise ArgumentError(f"the formula has {len(names)} names ({', '.join(names)}), {count} values were given")
        return names[:count]

    def __call__(self, builder: Builder, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        bound = {**dict(zip(self.labels(len(args)), args, strict=True)), **kwargs}
        last = self.program.lines[-1][0]

        @contextmanager
        def at(where: Where) -> Iterator[None]:
            before, builder.mark = builder.mark, where
            try:
                yield
            finally:
                builder.mark = before

        def name(line: str, value: Any) -> None:
            if isinstance(value, Traced) and line and value.builder is builder:
                builder.names.setdefault(value.index, line)

        return evaluate_program(self.program, bound, REGISTER.by_word, at, name)[last]


def as_called(f: Function) -> Called | CalledProgram:
    """What stands behind `f`: a function, a formula, or named formulas."""
    if isinstance(f, str):
        return CalledProgram(parse_program(f))
    if isinstance(f, Formula):
        return CalledProgram(Program((("", f),)))
    if isinstance(f, Program):
        return CalledProgram(f)
    if callable(f):
        return Called(f)
    raise ArgumentError(
        f"{type(f).__name__} is neither a function nor a formula",
        hint='hand over the function itself (loss, not loss(...)), or a formula such as "mean((x*w - y)^2)"',
    )
