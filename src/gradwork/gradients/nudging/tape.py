"""Writing down the NumPy calls of a calculation, so that it can be run again on other numbers without its Python.

What follows a nudge through a graph decides by shapes and places what to do, and then does it with NumPy. At another
point the decisions are the same and only the numbers differ. So the calculation is done once on `Recorded` arrays: they
hold real numbers, and every call on them is noted. `rerun.py` makes of the notes a list of calls into memory that is
set aside once.

What cannot be noted raises `NotRecorded`; nothing is ever taken for a constant silently. A decision by a number (is
everything finite?) is noted with its outcome, and where it turns out otherwise in a later run, that run is given up.

Source: the evaluation traces of Griewank and Walther, Evaluating Derivatives, 2008, section 2.1; arrays that note their
calls: NumPy enhancement proposals 13 and 18.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from gradwork.gradients.nudging.recordable import FUNCTIONS, JOINING, OTHERS, VIEWS, NotRecorded, take
from gradwork.graph.op import Op


@dataclass(eq=False)
class Cell:
    """One array of the calculation. `of` is the cell whose memory it looks at, through `view`; itself for most.

    value: what it held when it was recorded, whose dtype, shape and layout are those of every run.
    """

    value: Any
    of: Cell | None = None
    view: Callable[[Any], Any] | None = None

    @property
    def root(self) -> Cell:
        """The cell that owns the memory."""
        cell = self
        while cell.of is not None:
            cell = cell.of
        return cell


@dataclass(eq=False)
class Call:
    """`function(*inputs, **options)`, whose result goes to `out`; inputs are cells and constants.

    kind: "ufunc" and "reduce" write to a place they are given; "copy" and "put" write into `out`; "other" calls give
    an array of their own; "guard" gives none: it expects `outcome`.
    """

    kind: str
    function: Any
    inputs: tuple[Any, ...]
    options: dict[str, Any]
    out: Cell | None = None
    outcome: bool = True


@dataclass(eq=False)
class Tape:
    """The calls in order, and the arrays that the calculation starts from."""

    calls: list[Call] = field(default_factory=list)
    inputs: list[Cell] = field(default_factory=list)

    def entered(self, value: Any) -> Recorded:
        """An array that will be another one in each run."""
        cell = Cell(np.array(value))
        self.inputs.append(cell)
        return Recorded(self, cell)

    def note(self, kind: str, function: Any, inputs: Sequence[Any], options: dict[str, Any], value: Any) -> Recorded:
        """Note a call that gave `value`."""
        if not isinstance(value, (np.ndarray, np.generic)):
            raise NotRecorded(function)
        cell = Cell(np.asarray(value))
        self.calls.append(Call(kind, function, tuple(map(_cell, inputs)), options, cell))
        return Recorded(self, cell)

    def watched(self, op: Op) -> Op:
        """The op, noting its calls: one by one where that can be, and else as a whole.

        What a user wrote is always called as a whole: it may look at something that is another thing next time.
        """
        function = op.function if isinstance(op.function, np.ufunc) else self._noting(op.function, op.fixed)
        branch = op.branch if op.fixed or op.branch is None else self._noting(op.branch, False)
        return replace(op, function=function, branch=branch)

    def _noting(self, function: Callable[..., Any], apart: bool) -> Callable[..., Any]:
        def call(*inputs: Any, **options: Any) -> Any:
            if not any(isinstance(i, Recorded) for i in inputs):
                return function(*inputs, **options)
            before = len(self.calls)
            if apart:
                try:
                    found = function(*inputs, **options)
                except NotRecorded:
                    del self.calls[before:]
                else:
                    if isinstance(found, Recorded):
                        return found
                    del self.calls[before:]
            value = function(*(i.value if isinstance(i, Recorded) else i for i in inputs), **options)
            return self.note("other", function, inputs, options, np.asarray(value))

        return call


def _cell(value: Any) -> Any:
    if isinstance(value, (tuple, list)) and any(isinstance(_cell(v), Cell) for v in value):
        raise NotRecorded("arrays within a list")
    return value.cell if isinstance(value, Recorded) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(map(_plain, value))
    return value.value if isinstance(value, Recorded) else value


class Recorded(NDArrayOperatorsMixin):
    """An array whose calls are noted on a tape."""

    __slots__ = ("cell", "tape")

    def __init__(self, tape: Tape, cell: Cell) -> None:
        self.tape = tape
        self.cell = cell

    @property
    def value(self) -> Any:
        return self.cell.value

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NotRecorded("an array that is taken out of its recording")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        if any(isinstance(v, Recorded) for v in options.values()) or method not in ("__call__", "reduce"):
            raise NotRecorded(ufunc)
        if out is not None:
            return self._in_place(ufunc, method, inputs, out, options)
        if method == "reduce":
            value = ufunc.reduce(*map(_plain, inputs), **options)
            return self.tape.note("reduce", ufunc, inputs, options, value)
        if ufunc is np.matmul and all(np.ndim(_plain(i)) == 2 for i in inputs) and not options:
            ufunc = np.dot
        value = ufunc(*map(_plain, inputs), **options)
        return self.tape.note("ufunc", ufunc, inputs, options, value)

    def _in_place(self, ufunc: Any, method: str, inputs: Any, out: Any, options: dict[str, Any]) -> Any:
        (target,) = out
        if method != "__call__" or not isinstance(target, Recorded) or options:
            raise NotRecorded(ufunc)
        ufunc(*map(_plain, inputs), out=target.value)
        self.tape.calls.append(Call("put", ufunc, (*map(_cell, inputs), target.cell), {}, target.cell))
        return target

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: dict[str, Any]) -> Any:
        known = FUNCTIONS.get(function)
        if known is not None:
            try:
                return known(*inputs, **options)
            except (TypeError, AttributeError):
                raise NotRecorded(function) from None
        if any(isinstance(v, Recorded) for v in options.values()):
            raise NotRecorded(function)
        if function in VIEWS:
            # What comes first is looked at, the rest says how.
            source, *rest = inputs
            return source._seen(lambda a: function(a, *rest, **options))
        if function not in JOINING and function not in OTHERS:
            raise NotRecorded(function)
        value = function(*map(_plain, inputs), **options)
        if function in JOINING:
            return self.tape.note("joined", function, inputs[0], _named(options, inputs[1:], "axis"), value)
        return self.tape.note("other", function, inputs, options, value)

    def _seen(self, view: Callable[[Any], Any]) -> Recorded:
        """Another look at the same memory; a copy where NumPy makes one."""
        value = view(self.value)
        if value is self.value:
            return self
        if np.shares_memory(value, self.value) or not value.size:
            return Recorded(self.tape, Cell(value, self.cell, view))
        return self.tape.note("other", view, (self,), {}, value)

    def __getitem__(self, index: Any) -> Recorded:
        index = index if isinstance(index, tuple) else (index,)
        if any(isinstance(i, Recorded) for i in index):
            raise NotRecorded("a place that hangs on a number")
        if _basic(index):
            looked = index if Ellipsis in [i for i in index if not isinstance(i, slice)] else (*index, Ellipsis)
            return self._seen(lambda a: a[looked])
        if all(isinstance(i, np.ndarray) and i.dtype.kind in "iu" for i in index) and self.flags.c_contiguous:
            front = self.shape[: len(index)]
            places = np.ravel_multi_index(np.broadcast_arrays(*index), front)
            picked: Recorded = take(self.reshape(-1, *self.shape[len(index) :]), places, axis=0)
            return picked
        return self.tape.note("other", _picked, (self, index), {}, self.value[index])

    def __setitem__(self, index: Any, values: Any) -> None:
        index = index if isinstance(index, tuple) else (index,)
        if any(isinstance(i, Recorded) for i in index):
            raise NotRecorded("a place that hangs on a number")
        target = self[index] if _basic(index) else None
        self.value[index] = _plain(values)
        if target is not None:
            self.tape.calls.append(Call("put", np.copyto, (target.cell, _cell(values)), {}, target.cell))
        else:
            self.tape.calls.append(Call("put", _put, (self.cell, index, _cell(values)), {}, self.cell))

    def __bool__(self) -> bool:
        outcome = bool(self.value)
        self.tape.calls.append(Call("guard", bool, (self.cell,), {}, None, outcome))
        return outcome

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        raise NotRecorded("entry by entry")

    def __pow__(self, exponent: Any) -> Any:
        return np.square(self) if type(exponent) is int and exponent == 2 else np.power(self, exponent)

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    dtype = property(lambda self: self.value.dtype)
    nbytes = property(lambda self: self.value.nbytes)
    flags = property(lambda self: self.value.flags)
    T = property(lambda self: np.transpose(self))

    def reshape(self, *shape: Any) -> Recorded:
        return self._seen(lambda a: a.reshape(*shape))

    def astype(self, dtype: Any, copy: bool = True) -> Recorded:
        if not copy and self.dtype == dtype:
            return self
        return self.tape.note("copy", np.copyto, (self,), {}, self.value.astype(dtype))

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self._reduced(np.logical_or, axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self._reduced(np.logical_and, axis=axis, keepdims=keepdims)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self._reduced(np.add, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False, initial: Any = np._NoValue) -> Any:
        return self._reduced(np.maximum, axis=axis, keepdims=keepdims, initial=initial)

    def min(self, axis: Any = None, keepdims: bool = False, initial: Any = np._NoValue) -> Any:
        return self._reduced(np.minimum, axis=axis, keepdims=keepdims, initial=initial)

    def _reduced(self, ufunc: Any, **options: Any) -> Any:
        return ufunc.reduce(self, **options)


def _basic(index: tuple[Any, ...]) -> bool:
    return all(i is None or i is Ellipsis or isinstance(i, (int, slice, np.integer)) for i in index)


def _picked(array: Any, index: Any) -> Any:
    return array[index]


def _put(array: Any, index: Any, values: Any) -> None:
    array[index] = values


def _named(options: dict[str, Any], positional: Sequence[Any], *names: str) -> dict[str, Any]:
    return {**dict(zip(names, positional, strict=False)), **options}
