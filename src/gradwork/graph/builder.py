"""A graph in the making. The tracer adds the user's operations to it, and rules add theirs.

A concrete builder computes each value at once (so that Python's own `if` can be answered, and shapes are NumPy's own);
an abstract one knows only shapes, and serves rules that work on graphs with free symbols.
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.errors import ArgumentError, EscapedValueError, GradworkError, MatrixError, ShapeError, Where
from gradwork.graph import frames
from gradwork.graph.graph import CONSTANT, INPUT, NO_PARAMS, USER, Graph, Guard, Node, Origin, Params
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.run import apply_op, spread

if TYPE_CHECKING:
    from gradwork.graph.traced import Traced

ENTRY_BY_ENTRY = "an operation entry by entry"
_LEVELS = itertools.count(1)
_FLOAT64 = np.dtype(np.float64)
Row = tuple[str, tuple[int, ...], Params, tuple[int, ...], Any, Any, Origin]


class Builder:
    """Rows of a graph that is being written. One builder belongs to one trace, and to one thread."""

    def __init__(self, *, concrete: bool = True) -> None:
        self.level = next(_LEVELS)
        self.concrete = concrete
        self.open = True
        self.rows: list[Row] = []
        self.values: list[Any] = []
        self.names: dict[int, str] = {}
        self.results: set[int] = set()
        self.inputs: list[int] = []
        self.constants: dict[int, Any] = {}
        self.guards: list[Guard] = []
        self.captured: list[Traced] = []
        self.depth = 0
        self.pending: Any = None  # a write into an ordinary array, until the user's instruction is over
        self.whole: set[int] = set()  # inputs that were whole numbers, and are taken as floats
        self.returned: Any = None  # a conversion to a plain number in which the traced function ended
        self.counted: list[int] | None = None  # how many hold an array, where that is being found out
        self.borrowed: list[tuple[Any, Any, Traced]] = []
        self.mark: frames.Mark | Where | None = None
        self.origin = USER
        self._lifted: dict[int, tuple[weakref.ref[Any], Any, int]] = {}
        self._captures: dict[tuple[int, int], int] = {}

    # -- adding rows ------------------------------------------------------------------------------------------------

    def emit(self, op: Op, inputs: tuple[int, ...], params: Params = NO_PARAMS) -> int:
        """Add one operation and give its position."""
        if not self.open:
            raise escaped()
        rows = self.rows
        if self.concrete:
            values = self.values
            try:
                if op.elementwise:
                    value = op.function(*[values[i] for i in inputs], **params)
                    shape = rows[inputs[0]][3]
                else:
                    value = apply_op(op, [values[i] for i in inputs], [rows[i][3] for i in inputs], params)
                    shape = value.shape
            except (ValueError, IndexError, np.exceptions.AxisError) as error:
                raise self.refused(op.name, inputs, error) from error
            values.append(value)
            rows.append((op.name, inputs, params, shape, value.dtype, self.mark, self.origin))
        else:
            shape, dtype = infer(op, tuple((rows[i][3], rows[i][4]) for i in inputs), params)
            rows.append((op.name, inputs, params, shape, dtype, self.mark, self.origin))
        return len(rows) - 1

    def input(self, value: Any, name: str | None, *, shape: tuple[int, ...] = (), dtype: Any = _FLOAT64) -> int:
        """Add an input. An abstract builder takes its shape instead of its value."""
        if self.concrete:
            shape, dtype = value.shape, value.dtype
            self.values.append(value)
        self.rows.append((INPUT, (), NO_PARAMS, shape, dtype, None, self.origin))
        position = len(self.rows) - 1
        self.inputs.append(position)
        if name:
            self.names[position] = name
        return position

    def constant(self, value: Any, *, shape: tuple[int, ...] | None = None, name: str | None = None) -> int:
        """Add a constant; a single number may stand for an array of `shape`."""
        if not self.open:
            raise escaped()
        self.rows.append(
            (CONSTANT, (), NO_PARAMS, value.shape if shape is None else shape, value.dtype, self.mark, self.origin)
        )
        position = len(self.rows) - 1
        if self.concrete:
            self.values.append(value)
        self.constants[position] = value
        if name:
            self.names[position] = name
        return position

    def captured_array(self, array: np.ndarray[Any, Any]) -> int:
        """A constant for an array that the function reached by itself, under the user's own name for it.

        The array is copied: what the user writes into it later must not change what was traced. The same array met
        again, unchanged, is the same constant.
        """
        if type(array) is not np.ndarray:
            array = plain_array(array, "an array that the function reaches")
        met = self._lifted.get(id(array))
        if met is not None and met[0]() is array and np.array_equal(met[1], array, equal_nan=met[1].dtype.kind in "fc"):
            return met[2]
        copy = array if not array.flags.writeable and array.base is None else array.copy(order="K")
        position = self.constant(copy, name=None if self.origin.kind == "rule" else frames.name_of(array))
        # Held weakly: how many hold an array tells whether writing to it would be seen elsewhere.
        self._lifted[id(array)] = (weakref.ref(array), copy, position)
        return position

    def capture(self, outer: Traced, index: int) -> int:
        """An input that stands for a value of an outer trace, which this one reached by itself."""
        key = (id(outer), index)
        if key not in self._captures:
            self._captures[key] = self.input(outer.value, outer.builder.names.get(index))
            self.captured.append(outer)
        return self._captures[key]

    def guard(self, position: int, outcome: Any) -> None:
        """Note a decision that hangs on a traced value."""
        self.guards.append(Guard(position, outcome, frames.line_of(self.mark)))

    def shape(self, position: int) -> tuple[int, ...]:
        """The shape of a node."""
        return self.rows[position][3]

    def dtype(self, position: int) -> Any:
        """The dtype of a node."""
        return self.rows[position][4]

    # -- modes ------------------------------------------------------------------------------------------------------

    def by_rule(self, origin: Origin, where: Any = None) -> ByRule:
        """Rows that are added inside come from a rule or a pass, and point at the line of the node they came from."""
        return ByRule(self, origin, where)

    # -- the result -------------------------------------------------------------------------------------------------

    def graph(self, outputs: Sequence[int]) -> Graph:
        """The frozen graph of what was added so far."""
        return Graph(
            nodes=tuple(map(self._node, range(len(self.rows)))),
            inputs=tuple(self.inputs),
            outputs=tuple(outputs),
            constants=dict(self.constants),
            guards=tuple(self.guards),
        )

    def _node(self, position: int) -> Node:
        op, inputs, params, shape, dtype, mark, origin = self.rows[position]
        name = self.names.get(position)
        where = mark
        if isinstance(mark, frames.Mark):
            where, assigned = frames.place(mark)
            if name is None and position in self.results:
                name = assigned
        return Node(op, inputs, params, shape, dtype, name, where, origin)

    @classmethod
    def on(cls, graph: Graph, values: Sequence[Any] | None = None) -> Builder:
        """A builder that goes on where `graph` ends; concrete when the values of its nodes are given."""
        builder = cls(concrete=values is not None)
        builder.rows = [(n.op, n.inputs, n.params, n.shape, n.dtype, n.where, n.origin) for n in graph.nodes]
        builder.names = {i: n.name for i, n in enumerate(graph.nodes) if n.name}
        builder.values = list(values) if values is not None else []
        builder.inputs = list(graph.inputs)
        builder.constants = dict(graph.constants)
        builder.guards = list(graph.guards)
        return builder

    def fork(self) -> Builder:
        """A builder that goes on where this one stands now; this one stays as it is."""
        builder = Builder(concrete=self.concrete)
        builder.rows = self.rows.copy()
        builder.values = self.values.copy()
        builder.names = self.names.copy()
        builder.results = self.results.copy()
        builder.inputs = self.inputs.copy()
        builder.constants = self.constants.copy()
        builder.guards = self.guards.copy()
        return builder

    def full_value(self, position: int) -> Any:
        """The value of a node, in its full shape. Only in a concrete builder."""
        return spread(self.values[position], self.rows[position][3])

    def refused(self, what: str, inputs: tuple[int, ...], error: Exception) -> GradworkError:
        """What NumPy refused, told with the names and shapes of the operands and the user's line."""
        if isinstance(error, GradworkError):
            error.where = error.where or frames.line_of(self.mark)
            return error
        shapes = ", ".join(f"{self.names.get(i) or 'an argument'} {self.rows[i][3]}" for i in inputs)
        where = frames.line_of(self.mark)
        if isinstance(error, np.linalg.LinAlgError) and not any(word in str(error) for word in _OF_SHAPES):
            return LinAlgMatrixError(f"{what} cannot take {shapes}", where=where, why=_said(error), hint=_remedy(error))
        why, hint = _misfit(what, [self.rows[i][3] for i in inputs])
        return ShapeError(f"{what} cannot take {shapes}", where=where, why=why or str(error), hint=hint)


class LinAlgMatrixError(MatrixError, np.linalg.LinAlgError):
    """A matrix that LAPACK refuses; NumPy's own kind of error too, which a program may wait for."""


# Words of NumPy's messages that are about shapes, and not about numbers.
_OF_SHAPES = ("dimension", "square", "empty")
_REMEDIES = {
    "Singular": "np.linalg.lstsq or np.linalg.pinv, or a small multiple of the identity added to it",
    "Matrix is not positive": "a small multiple of the identity added to it",
}


def _said(error: Exception) -> str:
    text = str(error)
    return {"Singular matrix": "the matrix is singular: it has no inverse"}.get(text, text)


def _remedy(error: Exception) -> str | None:
    return next((hint for start, hint in _REMEDIES.items() if str(error).startswith(start)), None)


def _misfit(what: str, shapes: Sequence[tuple[int, ...]]) -> tuple[str, str | None]:
    """Why two shapes do not fit, and what would; empty where NumPy's own words have to do."""
    if len(shapes) != 2 or not all(shapes):
        return "", None
    left, right = shapes
    if what == "matmul":
        rows = right[-2] if len(right) > 1 else right[0]
        fits = "the right side transposed (.T) would fit" if len(right) == 2 and right[1] == left[-1] else None
        return f"the left side has {left[-1]} columns and the right one {rows} rows, and these have to be equal", fits
    if what == ENTRY_BY_ENTRY:
        pairs = [(a, b) for a, b in zip(reversed(left), reversed(right), strict=False) if a != b and 1 not in (a, b)]
        if pairs:
            a, b = pairs[0]
            return (
                f"entry by entry, lengths have to be equal or 1, counted from the last axis; here {a} meets {b}",
                None,
            )
    return "", None


class ByRule:
    """For a `with` block: what a builder says of the rows that are added inside."""

    __slots__ = ("before", "builder", "mark", "origin", "where")

    def __init__(self, builder: Builder, origin: Origin, where: Any) -> None:
        self.builder, self.origin, self.where = builder, origin, where

    def __enter__(self) -> None:
        builder = self.builder
        self.before, self.mark = builder.origin, builder.mark
        builder.origin, builder.mark = self.origin, self.where
        builder.depth += 1

    def __exit__(self, *_: object) -> None:
        builder = self.builder
        builder.depth -= 1
        builder.origin, builder.mark = self.before, self.mark


def plain_array(array: Any, what: str) -> Any:
    """An array of a class of its own as an ordinary one. Raises ArgumentError where that would change what it means."""
    kind = type(array)
    if isinstance(array, (np.matrix, np.ma.MaskedArray)) or kind.__array_ufunc__ is not np.ndarray.__array_ufunc__:
        raise ArgumentError(
            f"{what} is of class {kind.__name__}",
            where=frames.user_where(),
            why="its operations differ from those of an ordinary array (its own product, a mask, units)",
            hint="a.filled(value), and a mask of its own" if kind.__name__ == "MaskedArray" else "np.asarray(a)",
        )
    return np.asarray(array)


def escaped() -> GradworkError:
    """The error for a traced value that outlived its trace."""
    return EscapedValueError(
        "a traced value was used after the function that it belongs to had returned",
        where=frames.user_where(),
        why="traced values stand for numbers only while their function is being traced; this one was kept, for "
        "instance in a list, a global or an attribute",
        hint="return the value from the function, and use what comes back",
    )


@functools.lru_cache(maxsize=65536)
def infer(op: Op, inputs: tuple[tuple[tuple[int, ...], Any], ...], params: Params) -> tuple[tuple[int, ...], Any]:
    """Shape and dtype of an op's value from those of its inputs, without any values."""
    if op.infer is not None:
        return op.infer(inputs, **params)
    if op.elementwise:
        return inputs[0][0], _result_dtype(op, tuple(dtype for _, dtype in inputs))
    arguments = [np.broadcast_to(np.ones((), dtype), shape) for shape, dtype in inputs]
    with np.errstate(all="ignore"):
        value = op.function(*arguments, **params)
    return np.shape(value), np.asarray(value).dtype


@functools.lru_cache(maxsize=4096)
def _result_dtype(op: Op, dtypes: tuple[Any, ...]) -> Any:
    with np.errstate(all="ignore"):
        return np.asarray(op.function(*(np.ones((), dtype) for dtype in dtypes))).dtype


def named_op(name: str) -> Op:
    """The op of that name."""
    return REGISTER.named(name)
