"""A loss, where it starts and its data, as the loop needs them: leaves, batches, and one program for a whole step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradwork.descent.method import Method
from gradwork.errors import ArgumentError, DataError
from gradwork.gradients.compile import Compiled
from gradwork.gradients.compile import compile as compiled
from gradwork.gradients.transforms import value_and_grad
from gradwork.graph.formula import Formula, Program, evaluate_program
from gradwork.graph.formula.called import as_called_program
from gradwork.graph.op import REGISTER
from gradwork.graph.run import run
from gradwork.graph.trace import trace_call
from gradwork.graph.tree import Structure, flatten

Array = np.ndarray[Any, Any]
Leaves = list[Any]
# (leaves, states, rate, step, *batch) → loss, the gradient's square norm, new leaves, new states
Step = Callable[..., tuple[Any, Any, Leaves, list[Leaves]]]


@dataclass(frozen=True, eq=False)
class Problem:
    """What is descended.

    f:         loss(params, *data) → one number.
    structure: how the parameters are nested; `start` are their leaves.
    names:     one for each leaf.
    data:      what the loss takes beside the parameters; `varying` says which of these have a row for each row.
    """

    f: Callable[..., Any]
    structure: Structure
    start: Leaves
    names: tuple[str, ...]
    data: tuple[Any, ...] = ()
    varying: tuple[bool, ...] = ()
    backend: str = "numpy"
    _kept: dict[str, Compiled] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows of data there are; 0 without data."""
        return next((len(d) for d, v in zip(self.data, self.varying, strict=True) if v), 0)

    @property
    def size(self) -> int:
        """How many numbers the parameters are."""
        return sum(int(np.size(leaf)) for leaf in self.start)

    def batch(self, rows: Any) -> tuple[Any, ...]:
        """The data of some rows; `rows` is an index array or a slice."""
        return tuple(d[rows] if v else d for d, v in zip(self.data, self.varying, strict=True))

    def of_rows(self, rows: Any) -> Problem:
        """The same with fewer rows."""
        return replace(self, data=self.batch(rows))

    def params(self, leaves: Leaves) -> Any:
        """The parameters in the user's own structure."""
        return self.structure.build(iter(leaves))

    def value(self, leaves: Leaves, batch: Sequence[Any] | None = None) -> float:
        """The loss on a batch; on all data where none is given."""
        program = self._program("value", lambda leaves, *data: self.f(self.params(leaves), *data))
        return float(program(leaves, *(self.data if batch is None else batch)))

    def value_and_gradient(self, leaves: Leaves, batch: Sequence[Any] | None = None) -> tuple[Any, Leaves]:
        """The loss and its slope by each leaf."""
        if "gradient" not in self._kept:
            f = lambda leaves, *data: self.f(self.params(leaves), *data)  # noqa: E731
            self._kept["gradient"] = compiled(f, wrt=0, backend=self.backend)
        value, gradient = self._kept["gradient"](leaves, *(self.data if batch is None else batch))
        return value, [np.asarray(g) if np.ndim(g) else np.float64(g) for g in gradient]

    def _program(self, name: str, f: Callable[..., Any]) -> Compiled:
        if name not in self._kept:
            self._kept[name] = compiled(f, backend=self.backend)
        return self._kept[name]

    def step(self, method: Method, weight_decay: float, clip: float | None) -> Step:
        """One program that works out the loss, its gradient, and the parameters after the step."""
        slopes = value_and_grad(lambda leaves, *data: self.f(self.params(leaves), *data))

        def step(leaves: Leaves, states: list[Leaves], rate: Any, number: Any, *data: Any) -> Any:
            value, gradient = slopes(leaves, *data)
            return (value, *advanced(method, leaves, gradient, states, rate, number, weight_decay, clip))

        return compiled(step, backend=self.backend)

    def update(self, method: Method, weight_decay: float, clip: float | None) -> Callable[..., Any]:
        """As `step`, for a gradient that was worked out elsewhere."""

        def update(leaves: Leaves, gradient: Leaves, states: list[Leaves], rate: Any, number: Any) -> Any:
            return advanced(method, leaves, gradient, states, rate, number, weight_decay, clip)

        return compiled(update, backend=self.backend)


def advanced(
    method: Method,
    leaves: Leaves,
    gradient: Leaves,
    states: list[Leaves],
    rate: Any,
    number: Any,
    weight_decay: float,
    clip: float | None,
) -> tuple[Any, Leaves, list[Leaves]]:
    """The square norm of the gradient, and the method's next leaves and states. Takes traced values."""
    square: Any = sum((np.sum(g * g) for g in gradient), 0.0)
    if clip is not None:
        # Pascanu et al. (2013): the direction stays, the length is at most `clip`.
        long = square > clip**2
        scale = np.where(long, clip / np.sqrt(np.where(long, square, 1.0)), 1.0)
        gradient = [g * scale for g in gradient]
    pairs = [
        method.advance(leaf, g, kept, rate, number, weight_decay)
        for leaf, g, kept in zip(leaves, gradient, states, strict=True)
    ]
    return square, [weight for weight, _ in pairs], [kept for _, kept in pairs]


# -- what was given ---------------------------------------------------------------------------------------------------


def problem_of(loss: Any, start: Any, data: Any, backend: str, names: Sequence[str] | None = None) -> Problem:
    """The problem for what `gw.descend` was given. Raises ArgumentError and DataError."""
    leaves, structure = flatten(start)
    numbers = [_number(leaf) for leaf in leaves]
    if not numbers:
        raise ArgumentError("there are no parameters to start from", hint="gw.descend(loss, {'w': 0.0, 'b': 0.0})")
    given = names or [place.name("params") for place in structure.paths()]
    for name, leaf in zip(given, numbers, strict=True):
        if not np.all(np.isfinite(leaf)):
            raise DataError(f"the start of {name} is not finite", why="no step can be taken from there")
    rows, called = _columns(loss, data, start)
    return Problem(called, structure, numbers, tuple(given), rows, _varying(rows), backend)


def _number(leaf: Any) -> Any:
    try:
        array = np.array(leaf)
        if array.dtype.kind not in "fiub":
            raise TypeError("no real number")
        array = array if array.dtype.kind == "f" else array.astype(np.float64)
    except (TypeError, ValueError) as error:
        why = "the parameters are real numbers, arrays, and lists, tuples, dicts and dataclasses of them"
        raise ArgumentError(f"{str(leaf)[:60]!r} is no parameter", why=why) from error
    return array if array.ndim else array.dtype.type(array)


def _columns(loss: Any, data: Any, start: Any) -> tuple[tuple[Any, ...], Callable[..., Any]]:
    """The data in a row, and the loss as a function of params and these."""
    program = as_called_program(loss) if isinstance(loss, (str, Formula)) or not callable(loss) else None
    if program is None and not callable(loss):
        raise ArgumentError("the loss is no function and no formula", hint="gw.descend(loss, start, (x, y))")
    if isinstance(data, Mapping):
        keys = tuple(data)
        values = tuple(_data(key, data[key]) for key in keys)
    else:
        values = () if data is None else tuple(data) if isinstance(data, (tuple, list)) else (data,)
        values = tuple(_data(f"data[{i}]", value) for i, value in enumerate(values))
        keys = ()
    if program is not None:
        if not isinstance(start, Mapping) or (values and not keys):
            hint = 'gw.descend("mean((x*w - y)^2)", {"w": 0.0}, {"x": x, "y": y})'
            raise ArgumentError("a formula takes its parameters and data by name", why="both are dicts", hint=hint)
        return values, ByFormula(program.program, keys)
    return values, ByName(loss, keys) if keys else loss


@dataclass(frozen=True)
class ByFormula:
    """Named formulas as a function of a dict of parameters and of data in a row."""

    program: Program
    keys: tuple[str, ...]

    def lines(self, params: Mapping[str, Any], *columns: Any) -> dict[str, Any]:
        """The value of every line."""
        return evaluate_program(self.program, self.bound(params, *columns), REGISTER.by_word)

    def bound(self, params: Mapping[str, Any], *columns: Any) -> dict[str, Any]:
        """Every name with its value."""
        return {**dict(zip(self.keys, columns, strict=True)), **params}

    def __call__(self, params: Mapping[str, Any], *columns: Any) -> Any:
        return self.lines(params, *columns)[self.program.lines[-1][0]]


@dataclass(frozen=True)
class ByName:
    """A function of params and of data by name, as one of data in a row."""

    loss: Callable[..., Any]
    keys: tuple[str, ...]

    def __call__(self, params: Any, *columns: Any) -> Any:
        return self.loss(params, **dict(zip(self.keys, columns, strict=True)))


def _data(name: str, value: Any) -> Any:
    """One argument of the loss. Raises DataError with the row of a number that is nan or infinite."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} is not numbers", why=f"its type is {array.dtype}")
    if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        at = f" in row {place[0] + 1}" if place else ""
        raise DataError(
            f"{name} is {array[place]}{at}" if place else f"{name} is {array}",
            why="a loss that hangs on it has no slope (rows are counted from 1 here)" if place else None,
            hint="leave that row out, or fill in a number",
        )
    return array if array.ndim else value


def _varying(data: Sequence[Any]) -> tuple[bool, ...]:
    """What has a row for each row of the first array."""
    count = next((len(d) for d in data if np.ndim(d)), 0)
    return tuple(bool(np.ndim(d)) and len(d) == count for d in data)


def fault(problem: Problem, leaves: Leaves, batch: Sequence[Any], rows: Any = None) -> str:
    """Where in the loss a number stopped being finite: the line, and the row where that can be told.

    rows: which rows of the data the batch is, where it is not all of them.
    """
    with np.errstate(all="ignore"):
        traced = trace_call(lambda leaves, *data: problem.f(problem.params(leaves), *data), (leaves, *batch), {})
        values = run(traced.graph, [traced.values[i] for i in traced.graph.inputs])
    for position, node in enumerate(traced.graph.nodes):
        value = np.asarray(values[position])
        if value.dtype.kind != "f" or np.all(np.isfinite(value)):
            continue
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        of_batch = rows is not None and place and len(value) == len(rows)
        at = int(rows[place[0]]) if of_batch else place[0] if place else 0
        row = f", row {at + 1}" if place else ""
        where = f" ({node.where})" if node.where is not None else ""
        return f"{node.op} gives {value[place]}{row}{where}" + (f", in {node.name}" if node.name else "")
    return "its slope is not finite, and every number on the way to the loss is"
