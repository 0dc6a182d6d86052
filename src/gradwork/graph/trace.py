"""From a function, or a formula, to its graph.

The function is called once with traced values in place of its arguments. Everything that it does with them becomes a
node; what it does beside them (loops, closures, its own arrays) has been done by the time that the graph stands.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradwork.errors import ArgumentError, GradworkError, TracedValueError
from gradwork.graph import frames
from gradwork.graph.builder import Builder, plain_array
from gradwork.graph.called import Called as Called
from gradwork.graph.called import Function as Function
from gradwork.graph.called import as_called as as_called
from gradwork.graph.conversions import returned
from gradwork.graph.graph import Graph
from gradwork.graph.lean import LeanBuilder
from gradwork.graph.op import REGISTER
from gradwork.graph.plain import give_back, not_followed
from gradwork.graph.refusals import of_objects
from gradwork.graph.traced import Traced, lift
from gradwork.graph.tree import LEAF, Structure, flatten, leaf_names


class Argument(NamedTuple):
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
    Gives a frozen `Graph`, which prints as a program. Raises what `f` raises. Where a traced value is used in a way
    that would lose its slope (`math.sin(x)`), a function of few numbers becomes one black box, with a BlackBoxWarning
    that says so; for one of many, TracedValueError is raised on the user's own line.

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
    return trace_call(f, args, kwargs, black_box=True).graph


def trace_call(
    f: Function,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    only: Sequence[int | str] | None = None,
    floating: bool | Sequence[int | str] = False,
    black_box: bool = False,
    lean: bool = False,
) -> Trace:
    """Trace `f`, making inputs of the arguments in `only` (positions, or names of keywords; all when None).

    floating:  whole numbers among the traced arguments (all of them, or those named) are taken as floats, since a
               slope is asked for.
    black_box: a function that needs plain numbers inside becomes one node, if it is small, with a warning.
    lean:      values are kept only as long as the function itself keeps them.
    """
    try:
        return _traced(f, args, kwargs, only, floating, lean)
    except TracedValueError as error:
        if not black_box or not callable(f):
            raise
        # What it needs lives two floors up, so it is named.
        boxes = importlib.import_module("gradwork.gradients.black_box")
        asked = [a for key, a in [*enumerate(args), *(kwargs or {}).items()] if only is None or key in only]
        return boxes.as_a_whole(f, asked, error, lambda whole: _traced(whole, args, kwargs, only, floating))  # type: ignore[no-any-return]


@frames.is_boundary
def _traced(
    f: Function,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None,
    only: Sequence[int | str] | None,
    floating: bool | Sequence[int | str],
    lean: bool = False,
) -> Trace:
    REGISTER.load()
    called = as_called(f)
    labels = called.labels(len(args))
    builder = LeanBuilder() if lean else Builder()
    sources: list[Any] = []
    arguments: list[Argument] = []
    called_by: list[str] = []

    def enter(key: int | str, value: Any, label: str) -> Any:
        if only is not None and key not in only:
            return value
        as_floats = floating if isinstance(floating, bool) else key in floating
        argument = _enter(builder, key, value, label, as_floats, sources)
        arguments.append(argument)
        called_by.append(label)
        if argument.structure is LEAF and argument.positions[0] is not None:
            return Traced(builder, argument.positions[0])
        traced = {p: Traced(builder, p) for p in argument.inputs}
        fill = iter(argument.leaves)
        return argument.structure.build(
            iter([leaf if p is None else traced[p] for p, leaf in zip(argument.positions, fill, strict=True)])
        )

    traced_args = [enter(i, a, labels[i]) for i, a in enumerate(args)]
    traced_kwargs = {k: enter(k, v, k) for k, v in (kwargs or {}).items()}
    _name_apart(builder, arguments, called_by)
    try:
        result = returned(builder, called(builder, traced_args, traced_kwargs))
        leaves, output = flatten(result)
        outputs = [lift(builder, _result(leaf)) for leaf in leaves]
        if builder.pending is not None:
            raise not_followed(builder.pending.where)
    except ValueError as error:
        raise _own(error) from None
    except TypeError as error:
        told = of_objects(error)
        if told is None:
            raise
        raise told from None
    finally:
        builder.open = False
        give_back(builder)
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


_BARE = frozenset((float, np.float64, np.ndarray))


def _enter(builder: Builder, key: int | str, value: Any, label: str, floating: bool, sources: list[Any]) -> Argument:
    if type(value) in _BARE and not (type(value) is np.ndarray and value.dtype.kind != "f"):
        bare = np.float64(value) if type(value) is float else value
        sources.append(bare)
        return Argument(key, LEAF, (value,), (builder.input(snapshot(bare), label),))
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
        if isinstance(plain, np.ndarray) and type(plain) is not np.ndarray:
            plain = plain_array(plain, f"argument {place.name(label)}")
        positions.append(builder.input(snapshot(plain), place.name(label)))
        if isinstance(leaf, (int, np.integer)):
            builder.whole.add(positions[-1])  # type: ignore[arg-type]
        sources.append(source)
    return Argument(key, structure, tuple(leaves), tuple(positions))


def snapshot(value: Any) -> Any:
    """A copy of an array that may be written to later; numbers and read-only arrays as they are."""
    return value.copy(order="K") if isinstance(value, np.ndarray) and value.flags.writeable else value


def _name_apart(builder: Builder, arguments: Sequence[Argument], labels: Sequence[str]) -> None:
    """Give inputs that would share a name names of their own, so that names tell inputs apart."""
    if all(argument.structure is LEAF for argument in arguments) and len(set(labels)) == len(labels):
        return
    found = leaf_names([(label, argument.structure) for label, argument in zip(labels, arguments, strict=True)])
    for argument, names in zip(arguments, found, strict=True):
        for position, name in zip(argument.positions, names, strict=True):
            if position is not None:
                builder.names[position] = name


def as_number(value: Any) -> Any:
    """`value` as a NumPy number or array; None where it is not one (text, None, a function, a truth value)."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value if value.dtype.kind in "biufc" else None
    if isinstance(value, (bool, str, bytes, type)) or value is None:
        return None
    if isinstance(value, (int, float, complex)):
        number: Any = np.asarray(value)[()]
        return number if isinstance(number, np.generic) else _large(number)
    if hasattr(value, "__array__"):
        # Data frames and series of other packages say how they become arrays.
        array = np.asarray(value)
        return array if array.dtype.kind in "biufc" else None
    return None


def _large(value: int) -> Any:
    """A whole number beyond 64 bits, as a float; None beyond these, too."""
    try:
        return np.float64(value)
    except OverflowError:
        return None


def as_float(value: Any) -> Any:
    """A whole number, or an array of them, as floats; anything else as it is."""
    return value.astype(np.float64) if value.dtype.kind in "iu" else value
