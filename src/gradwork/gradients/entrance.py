"""The way into a compiled program: are these arguments such as it was made for, and is all around it as it was?

For arguments that are numbers, arrays, and lists, tuples and dicts of them, the questions are written out as a Python
function of the user's own arguments, since asking them in general costs more than many a gradient. Other arguments, and
arguments that do not fit, go the general way.
"""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.gradients.captured import Captured
from gradwork.graph.trace import Trace, as_float, as_number
from gradwork.graph.traced import Traced
from gradwork.graph.tree import Structure, flatten
from gradwork.lowering.numpy_program import WARNING, compiled_text

if TYPE_CHECKING:
    from gradwork.gradients.compile import Program

ATOMS = (bool, str, bytes, type(None))


# -- the general way --------------------------------------------------------------------------------------------------


def signature(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], Any]:
    """The leaves of a call, and a key that is equal where the same program may be asked."""
    leaves: list[Any] = []
    key: list[Any] = []
    for name, value in [*enumerate(args), *sorted(kwargs.items())]:
        mine, structure = flatten(value)
        leaves += mine
        key += [name, structure, *map(_kind, mine)]
    return leaves, _hashable(tuple(key))


def _kind(leaf: Any) -> Any:
    if type(leaf) is np.ndarray:
        return ("array", leaf.dtype, leaf.shape)
    if isinstance(leaf, Traced):
        return "traced"
    if is_of_jax(leaf):
        return ("array of JAX's", leaf.dtype, leaf.shape)
    number = as_number(leaf)
    if number is not None:
        return (type(leaf), number.dtype, np.shape(number))
    return ("static", leaf) if isinstance(leaf, ATOMS) else ("static object", id(leaf))


def is_of_jax(leaf: Any) -> bool:
    """Whether a leaf is an array of JAX's, which lies on a device and should stay there."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(leaf, getattr(jax, "Array", ()))


def _hashable(key: Any) -> Any:
    try:
        hash(key)
    except TypeError:
        return repr(key)
    return key


def kinds(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What the arguments were like, without the arrays: enough to write the questions from."""
    return [_shape_of(a) for a in args], {k: _shape_of(a) for k, a in sorted(kwargs.items())}


def _shape_of(value: Any) -> Any:
    if type(value) in (list, tuple):
        return (type(value), [_shape_of(v) for v in value])
    if type(value) is dict:
        return (dict, {k: _shape_of(v) for k, v in value.items()})
    if type(value) is np.ndarray:
        return ("array", value.dtype, value.shape)
    if type(value) in (float, int) or isinstance(value, np.generic):
        return ("number", type(value))
    return ("static", value) if isinstance(value, ATOMS) else ("other", value)


@dataclass(frozen=True)
class Slots:
    """Which leaves are inputs of the program, and how each is made into one: as a float, where a slope is asked for."""

    taken: tuple[bool, ...]
    dtypes: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]

    def inputs(self, leaves: Sequence[Any], single: bool, on_device: bool = False) -> list[Any]:
        """The inputs, in order: NumPy's numbers and arrays, or for a program of single numbers Python's floats.

        on_device: arrays of JAX's stay what they are.
        """
        given = [leaf for leaf, taken in zip(leaves, self.taken, strict=True) if taken]
        values = []
        for leaf, dtype in zip(given, self.dtypes, strict=True):
            if on_device and is_of_jax(leaf) and leaf.dtype == dtype:
                values.append(leaf)
                continue
            value = as_number(leaf)
            value = value if value.dtype == dtype else as_float(value)
            if not np.ndim(value):
                values.append(float(value) if single else value[()])
            else:
                values.append(np.ascontiguousarray(value) if single else np.asarray(value))
        return values


def slots(traced: Trace) -> Slots:
    """The slots of a trace, in the order of the arguments and their leaves (keywords by name, as in `signature`)."""
    taken: list[bool] = []
    arguments = sorted(traced.arguments, key=lambda a: (isinstance(a.key, str), a.key))
    order: list[int] = []
    for argument in arguments:
        for position in argument.positions:
            taken.append(position is not None)
            if position is not None:
                order.append(position)
    builder = traced.builder
    return Slots(tuple(taken), tuple(builder.dtype(i) for i in order), tuple(builder.shape(i) for i in order))


@dataclass(frozen=True)
class Result:
    """The structure of a result, and what stands in it where no number does."""

    structure: Structure
    given: tuple[Any, ...]

    def build(self, values: Iterator[Any]) -> Any:
        """The result, from its numbers in order."""
        return self.structure.build(next(values) if g is MARK else g for g in self.given)


MARK = object()


def result_of(tree: Any) -> Result:
    """The structure of a tree in which numbers are to stand where `MARK` does."""
    leaves, structure = flatten(tree)
    return Result(structure, tuple(leaves))


# -- the quick way ----------------------------------------------------------------------------------------------------


def entrance(program: Program, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """The function that stands in for the user's: it asks whether all fits, and runs the program; or `otherwise`."""
    writer = _Writer(program)
    return writer.written(otherwise) if writer.possible else otherwise


class _Writer:
    """Writes the questions for one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.bound: dict[str, Any] = {"ndarray": np.ndarray, "float64": np.float64, "Missing": _MISSING}
        self.lines: list[str] = []
        self.tests: list[str] = []
        self.leaves: list[tuple[str, Any]] = []
        self.possible = not _any_other([*program.args, *program.kwargs.values()])
        self.names = [f"a{k}" for k in range(len(program.args))]
        for name, kind in [*zip(self.names, program.args, strict=True), *program.kwargs.items()]:
            self._questions(name, kind)
        taken = program.slots.taken
        self.possible = self.possible and len(taken) == len(self.leaves)

    def _bind(self, value: Any) -> str:
        name = f"v{len(self.bound)}"
        self.bound[name] = value
        return name

    def _questions(self, name: str, kind: Any) -> None:
        if kind[0] in (list, tuple):
            self._flush([f"type({name}) is {kind[0].__name__}", f"len({name}) == {len(kind[1])}"])
            inside = [f"{name}_{k}" for k in range(len(kind[1]))]
            if inside:
                self.lines.append(f"{', '.join(inside)}, = {name}")
            for one, its_kind in zip(inside, kind[1], strict=True):
                self._questions(one, its_kind)
        elif kind[0] is dict:
            self._flush([f"type({name}) is dict", f"len({name}) == {len(kind[1])}"])
            for k, (key, its_kind) in enumerate(kind[1].items()):
                self.lines.append(f"{name}_{k} = {name}.get({self._bind(key)}, Missing)")
                self._questions(f"{name}_{k}", its_kind)
        else:
            self.leaves.append((name, kind))
            self.tests += self._leaf(name, kind)

    def _leaf(self, name: str, kind: Any) -> list[str]:
        if kind[0] == "array":
            _, dtype, shape = kind
            return [f"type({name}) is ndarray", f"{name}.dtype is {self._bind(dtype)}", f"{name}.shape == {shape}"]
        if kind[0] == "number":
            return [f"type({name}) is {kind[1].__name__ if kind[1] in (float, int) else self._bind(kind[1])}"]
        if kind[0] == "static":
            same = "is" if kind[1] is None or isinstance(kind[1], bool) else "=="
            return [f"type({name}) is {self._bind(type(kind[1]))}", f"{name} {same} {self._bind(kind[1])}"]
        return ["False"]

    def _flush(self, more: list[str]) -> None:
        """What has to hold before anything is taken apart."""
        tests, self.tests = [*self.tests, *more], []
        self.lines.append(f"if not ({' and '.join(tests)}): return otherwise(*args_(), **named_())")

    # -- the whole --------------------------------------------------------------------------------------------------

    def written(self, otherwise: Callable[..., Any]) -> Callable[..., Any]:
        """The entrance."""
        tests = [*self.tests, *self._surroundings()]
        keywords = list(self.program.kwargs)
        call = ", ".join([*self.names, *(f"{k}={k}" for k in keywords)])
        away = f"return otherwise({call}{', ' if call else ''}*others, **named)"
        questions = [line.replace("return otherwise(*args_(), **named_())", away) for line in self.lines]
        if tests:
            questions.append(f"if not ({' and '.join(tests)}): {away}")
        self.bound.update(
            otherwise=otherwise, program=self.program.written.function, REFUSED=self._refused(), pool=self.program.pool
        )
        arguments = [*(f"{n}=Missing" for n in self.names), "*others", *(f"{k}=Missing" for k in keywords), "**named"]
        unlike = ["others", "named", *(f"{n} is Missing" for n in (*self.names, *keywords))]
        body = [f"if {' or '.join(unlike)}: {self._absent()}", *questions, *self._run(away)]
        text = f"def entrance({', '.join(arguments)}):\n    try:\n"
        text += "".join(f"        {line}\n" for line in body)
        text += f"    except REFUSED: {away}\n"
        return compiled_text(text, "entrance", self.bound)

    def _absent(self) -> str:
        """A call with fewer arguments: only what was given is handed on."""
        self.bound["given"] = lambda *values: tuple(v for v in values if v is not _MISSING)
        self.bound["given_by_name"] = lambda **values: {k: v for k, v in values.items() if v is not _MISSING}
        names = ", ".join(self.names)
        named = ", ".join(f"{k}={k}" for k in self.program.kwargs)
        return f"return otherwise(*given({names}), *others, **given_by_name({named}), **named)"

    def _refused(self) -> tuple[Any, ...]:
        from gradwork.gradients.compile import REFUSED
        from gradwork.lowering.numpy_program import Otherwise

        return (*REFUSED, Otherwise, KeyError)

    def _surroundings(self) -> list[str]:
        """Whether everything that the function reaches is as it was."""
        captured: Captured = self.program.captured
        holders: dict[int, str] = {}
        tests = []
        for holder, name, value in captured.names:
            if id(holder) not in holders:
                holders[id(holder)] = self._bind(holder)
            if value is captured.missing:
                tests.append(f"{name!r} not in {holders[id(holder)]}")
            else:
                tests.append(f"{holders[id(holder)]}[{name!r}] is {self._bind(value)}")
        for owner, name, value in captured.attributes:
            tests.append(f"getattr({self._bind(owner)}, {name!r}, Missing) is {self._bind(value)}"
                         if name not in ("__code__", "__defaults__") else
                         f"{self._bind(owner)}.{name} is {self._bind(value)}")  # fmt: skip
        for cell, value in captured.cells:
            tests.append(f"{self._bind(cell)}.cell_contents is {self._bind(value)}")
        if captured.checks:
            tests.append(f"{self._bind(captured.contents_are_same)}()")
        return tests

    def _run(self, away: str) -> list[str]:
        values = [
            self._value(name, kind, dtype)
            for (name, kind), dtype in zip(self._taken(), self.program.slots.dtypes, strict=True)
        ]
        written = self.program.written
        results = [f"r{k}" for k in range(len(self.program.graph.outputs))]
        unpacked = f"{', '.join(results)}, = "
        plain = not written.buffers and (self.program.single or not _may_warn(self.program))
        if plain:
            lines = [f"{unpacked}program({', '.join([*values, '()'])})"]
        else:
            self.bound["new_room"] = lambda: (_quiet(), written.new_buffers())
            lines = [
                "room = pool.pop() if pool else new_room()",
                "context, buffers = room",
                f"{unpacked}context({', '.join(['program', *values, 'buffers'])})",
                "pool.append(room)",
            ]
        self.bound["pool"] = self.program.pool
        return [*lines, f"return {self._built(results)}"]

    def _taken(self) -> list[tuple[str, Any]]:
        return [leaf for leaf, taken in zip(self.leaves, self.program.slots.taken, strict=True) if taken]

    def _value(self, name: str, kind: Any, dtype: Any) -> str:
        """The argument as the program takes it."""
        if kind[0] == "array" and kind[2]:
            return name if kind[1] == dtype else f"{name}.astype({self._bind(dtype)})"
        if self.program.single:
            return name if kind == ("number", float) else f"float({name})"
        if kind[0] == "array":
            return f"{self._bind(dtype.type)}({name})"
        return name if kind[1] is dtype.type else f"{self._bind(dtype.type)}({name})"

    def _built(self, results: list[str]) -> str:
        graph = self.program.graph
        values = [
            f"float64({r})" if self.program.single and not graph.nodes[i].shape else r
            for r, i in zip(results, graph.outputs, strict=True)
        ]
        given = iter(self.program.result.given)
        rest = iter(values)
        leaves = [next(rest) if g is MARK else self._bind(g) for g in given]
        text = _literal(self.program.result.structure, iter(leaves))
        if text is not None:
            return text
        return f"{self._bind(self.program.result.structure.build)}(iter(({', '.join(leaves)},)))"


_MISSING = object()


def _any_other(found: Sequence[Any]) -> bool:
    for kind in found:
        if kind[0] == "other":
            return True
        if kind[0] in (list, tuple) and _any_other(kind[1]):
            return True
        if kind[0] is dict and _any_other(list(kind[1].values())):
            return True
    return False


def _literal(structure: Structure, leaves: Iterator[str]) -> str | None:
    """How a structure is written down; None where it is of another kind than tuples, lists and dicts."""
    if structure.kind is None:
        return next(leaves)
    inside = [_literal(child, leaves) for child in structure.children]
    if any(text is None for text in inside):
        return None
    if structure.kind is tuple:
        return f"({''.join(f'{text}, ' for text in inside)})"
    if structure.kind is list:
        return f"[{', '.join(text for text in inside if text)}]"
    if structure.kind is dict and all(isinstance(k, str) for k in structure.keys):
        return f"{{{', '.join(f'{k!r}: {text}' for k, text in zip(structure.keys, inside, strict=True))}}}"
    return None


def _may_warn(program: Program) -> bool:
    return any(node.op in WARNING for node in program.graph.nodes)


def _quiet() -> Callable[..., Any]:
    """What runs a function without NumPy's warnings: entering `np.errstate` anew costs more than many a program."""
    context = contextvars.copy_context()
    context.run(np.seterr, all="ignore")
    return context.run
