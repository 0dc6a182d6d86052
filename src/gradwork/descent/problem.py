"""A loss, where it starts and its data, as the loop needs them: leaves, batches, and one program for a whole step."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from gradwork.descent.called import ByFormula, called_of, kept_for
from gradwork.descent.faults import check_data
from gradwork.descent.kept import key_of
from gradwork.descent.mapped import open_mapped
from gradwork.descent.method import Method
from gradwork.errors import ArgumentError, DataError, GradworkError
from gradwork.gradients.compile import Compiled
from gradwork.gradients.compile import Program as CompiledProgram
from gradwork.gradients.compile import compile as compiled
from gradwork.gradients.transforms import grad, jvp, value_and_grad
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
    numbers:   which rows of all data these are, where some are held out.
    """

    f: Callable[..., Any]
    structure: Structure
    start: Leaves
    names: tuple[str, ...]
    data: tuple[Any, ...] = ()
    varying: tuple[bool, ...] = ()
    backend: str = "numpy"
    numbers: Any = None
    _kept: dict[str, Compiled] = field(default_factory=dict)
    _programs: dict[str, CompiledProgram] = field(default_factory=dict, init=False)  # that of these very data

    def __getstate__(self) -> dict[str, Any]:
        """Programs are made anew elsewhere."""
        return {
            each.name: {} if each.name in ("_kept", "_programs") else self.__dict__[each.name] for each in fields(self)
        }

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
        numbers = np.arange(self.rows) if self.numbers is None else self.numbers
        return replace(self, data=self.batch(rows), numbers=numbers[rows])

    def params(self, leaves: Leaves) -> Any:
        """The parameters in the user's own structure."""
        return self.structure.build(iter(leaves))

    def value(self, leaves: Leaves, batch: Sequence[Any] | None = None) -> float:
        """The loss on a batch; on all data where none is given."""
        program = self._program("value", _of_leaves(self.f, self.structure))
        return float(program(leaves, *(self.data if batch is None else batch)))

    def value_and_gradient(self, leaves: Leaves, batch: Sequence[Any] | None = None) -> tuple[Any, Leaves]:
        """The loss and its slope by each leaf."""
        value, gradient = self._slopes()(leaves, *(self.data if batch is None else batch))
        return value, [np.asarray(g) if np.ndim(g) else np.float64(g) for g in gradient]

    def loss_there(self, leaves: Leaves) -> float:
        """As `value` on all data, from a program that there is already where these are in memory."""
        return self.value(leaves) if self.rows and not self.data else float(self.value_and_gradient(leaves)[0])

    def bent(self, leaves: Leaves, along: Leaves) -> Leaves | None:
        """How the gradient moves along a direction; None where a rule is missing for that, and for large data."""
        if getattr(self, "source", None) is not None:
            return None
        if "bent" not in self._kept:
            slope = grad(_of_leaves(self.f, self.structure))
            moved = lambda at, to, *data: jvp(lambda w: slope(w, *data), (at,), (to,))[1]  # noqa: E731
            self._kept["bent"] = compiled(moved)
        try:
            found = self._kept["bent"](leaves, along, *self.data)
        except GradworkError:
            return None
        return [np.asarray(g) if np.ndim(g) else np.float64(g) for g in found]

    def gradient_program(self, batch: Sequence[Any]) -> CompiledProgram:
        """The program of loss and gradient for data of these shapes."""
        if batch is not self.data:
            return self._slopes().program_for(self.start, *batch)
        if "" not in self._programs:
            self._programs[""] = self._slopes().program_for(self.start, *batch)
        return self._programs[""]

    def _slopes(self) -> Compiled:
        if "gradient" not in self._kept:
            self._kept["gradient"] = compiled(_of_leaves(self.f, self.structure), wrt=0, backend=self.backend)
        return self._kept["gradient"]

    @property
    def is_known(self) -> bool:
        """Whether the loss is a formula that was worked out for data of these shapes before, without a random number.

        It gives the same value at the same point then, and there is nothing in it to refuse.
        """
        if not isinstance(self.f, ByFormula) or "gradient" not in self._kept:
            return False
        program = self._kept["gradient"].known_for(self.start, *self.data)
        if program is None or program.moving or key_of(program) is None:
            return False
        self._programs[""] = program
        return True

    def _program(self, name: str, f: Callable[..., Any]) -> Compiled:
        if name not in self._kept:
            self._kept[name] = compiled(f, backend=self.backend)
        return self._kept[name]

    def step(self, method: Method, weight_decay: float, clip: float | None) -> Step:
        """The step of the loop; it also knows how to take many at once."""
        from gradwork.descent.blocks import ProblemStep

        return ProblemStep(self, method, weight_decay, clip)

    def one_step(self, method: Method, weight_decay: float, clip: float | None) -> Step:
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


def _of_leaves(f: Callable[..., Any], structure: Structure) -> Callable[..., Any]:
    """The loss as a function of leaves. It reaches the loss alone, and not the data of a problem."""
    return lambda leaves, *data: f(structure.build(iter(leaves)), *data)


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
    """The square norm of the gradient, and the method's next leaves and states. Takes traced values.

    The norm is that of the gradient with its weight decay, which is 0 where the run is at rest.
    """
    square: Any = sum((np.sum(g * g) for g in gradient), 0.0)
    at_rest = square
    if weight_decay and not method.decays_weights:
        decayed = [g + weight_decay * leaf for leaf, g in zip(leaves, gradient, strict=True)]
        at_rest = sum((np.sum(g * g) for g in decayed), 0.0)
    if clip is not None:
        # Pascanu et al. (2013): the direction stays, the length is at most `clip`.
        long = square > clip**2
        scale = np.where(long, clip / np.sqrt(np.where(long, square, 1.0)), 1.0)
        gradient = [g * scale for g in gradient]
    pairs = [
        method.advance(leaf, g, kept, rate, number, weight_decay)
        for leaf, g, kept in zip(leaves, gradient, states, strict=True)
    ]
    return at_rest, [weight for weight, _ in pairs], [kept for _, kept in pairs]


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
    return _with_data(loss, start, data, Problem(lambda: None, structure, numbers, tuple(given), backend=backend))


def _with_data(loss: Any, start: Any, data: Any, empty: Problem) -> Problem:
    """The problem with its loss and its data: arrays in memory, files, or chunks."""
    from gradwork.descent.chunks import chunks_of, is_table
    from gradwork.descent.large import Large
    from gradwork.descent.sources import in_parts

    if not callable(loss) and is_table(data):
        data = {name: data[name] for name in data.columns}
    chunks = chunks_of(data)
    if chunks is not None:
        chunks.by_name = not callable(loss)
        chunks.look(check_data)
        called = called_of(loss, start, chunks.keys, True)
        rest = (chunks.varying, empty.backend)
        return Large(called, empty.structure, empty.start, empty.names, (), *rest, source=chunks)
    keys, values = _columns(data)
    called = called_of(loss, start, keys, bool(values))
    varying = _varying(values)
    source, values = in_parts(keys or [f"data[{i}]" for i in range(len(values))], values, varying)
    if source is not None:
        rest = (varying, empty.backend)
        return Large(called, empty.structure, empty.start, empty.names, (), *rest, source=source)
    kept = kept_for(called, empty.structure, empty.backend, values)
    return replace(empty, f=called, data=values, varying=varying, _kept=kept)


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


def _columns(data: Any) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The names of the data, where they have any, and the data in a row, with files opened."""
    if isinstance(data, Mapping):
        return tuple(data), tuple(map(_opened, data.values()))
    values = () if data is None else tuple(data) if isinstance(data, (tuple, list)) else (data,)
    return (), tuple(map(_opened, values))


def _opened(value: Any) -> Any:
    """A path is the `.npy` file there, memory-mapped."""
    return open_mapped(Path(value)) if isinstance(value, (str, os.PathLike)) else value


def _varying(data: Sequence[Any]) -> tuple[bool, ...]:
    """What has a row for each row of the first array."""
    count = next((len(d) for d in data if np.ndim(d)), 0)
    return tuple(bool(np.ndim(d)) and len(d) == count for d in data)
