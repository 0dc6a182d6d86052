"""Running a recorded calculation again: NumPy calls in a row, into memory that is set aside once.

No Python is left in between but the calls themselves. What hangs on nothing that changes was worked out while
recording; what nobody reads is left out; what looks at other memory is looked up once; and an array takes the memory of
one that is no longer needed.

Source: register allocation by the ends of live ranges, Poletto and Sarkar 1999.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwork.gradients.nudging.tape import Call, Cell, Recorded, Tape

Step = tuple[Callable[..., Any], tuple[Any, ...]]


class Departed(Exception):
    """A decision turned out otherwise than it did when the calculation was recorded."""


class Rerun:
    """A recorded calculation. Calling it with other inputs gives what it would give for them.

    Its memory is its own: one call at a time. Raises Departed where it would take another way.
    """

    def __init__(self, tape: Tape, results: Sequence[Any]) -> None:
        self.held: dict[Cell, Any] = {}
        calls = _needed(_gathered_once(tape.calls), results)
        self._set_aside(tape.inputs, calls, [r.cell for r in results if isinstance(r, Recorded)])
        self.inputs = [self.held[cell] for cell in tape.inputs]
        self.results = [self._found(r.cell) if isinstance(r, Recorded) else np.asarray(r) for r in results]
        self.steps = [step for call in calls for step in self._steps(call)]
        self.held.clear()  # the cells, with what they held when they were recorded, are no longer needed

    def __call__(self, *inputs: Any) -> list[Any]:
        for place, value in zip(self.inputs, inputs, strict=True):
            place[...] = value
        for function, arguments in self.steps:
            function(*arguments)
        return [result.copy() for result in self.results]

    # -- memory -------------------------------------------------------------------------------------------------------

    def _set_aside(self, inputs: Sequence[Cell], calls: Sequence[Call], results: Sequence[Cell]) -> None:
        last: dict[Cell, int] = {}
        for n, call in enumerate(calls):
            for cell in _cells(call):
                last[cell.root] = n
        last.update(dict.fromkeys([cell.root for cell in results], len(calls)))
        for cell in inputs:
            self.held[cell] = np.empty_like(cell.value)
            last[cell] = len(calls)
        free: list[Any] = []
        ends: dict[int, list[Cell]] = {}
        blocks: dict[Cell, Any] = {}
        for cell, n in last.items():
            ends.setdefault(n, []).append(cell)
        for n, call in enumerate(calls):
            root = call.out.root if call.out is not None else None
            if root is not None and root not in self.held:
                over = _overwritten(call, [cell for cell in ends.get(n, ()) if cell in blocks])
                blocks[root] = _block(free, root.value.nbytes) if over is None else blocks.pop(over)
                self.held[root] = _laid_out(blocks[root], root.value)
            free += [blocks[cell] for cell in ends.get(n, ()) if cell in blocks]

    def _found(self, cell: Any) -> Any:
        """The array that stands for a cell; constants stand for themselves."""
        if not isinstance(cell, Cell):
            return cell
        if cell not in self.held:
            assert cell.of is not None and cell.view is not None
            self.held[cell] = cell.view(self._found(cell.of))
        return self.held[cell]

    # -- steps --------------------------------------------------------------------------------------------------------

    def _steps(self, call: Call) -> list[Step]:
        inputs = tuple(map(self._found, call.inputs))
        if call.kind == "guard":
            return [(_stay, (inputs[0], call.outcome))]
        out = self._found(call.out)
        if call.kind == "reduce":
            return [_reduction(call.function, inputs[0], call.options, out)]
        if call.kind == "ufunc":
            if call.function is np.dot and not (out.flags.c_contiguous and out.dtype == np.result_type(*inputs)):
                return [(functools.partial(np.matmul, out=out), inputs)]
            if call.options or not isinstance(call.function, np.ufunc) or call.function in (np.maximum, np.minimum):
                return [(functools.partial(call.function, out=out, **call.options), inputs)]
            return [(call.function, (*inputs, out))]
        if call.kind == "put":
            return [(call.function, inputs)]
        if call.kind == "copy":
            return [(functools.partial(np.copyto, casting="unsafe"), (out, inputs[0]))]
        if call.kind == "joined":
            return [(functools.partial(call.function, out=out, **call.options), (inputs,))]
        return [(_into, (out, functools.partial(call.function, *inputs, **call.options)))]


def _cells(call: Call) -> list[Cell]:
    cells = [cell for cell in call.inputs if isinstance(cell, Cell)]
    return [*cells, call.out] if call.out is not None else cells


def _needed(calls: Sequence[Call], results: Sequence[Any]) -> list[Call]:
    """The calls that something hangs on, in order."""
    wanted = {r.cell.root for r in results if isinstance(r, Recorded)}
    kept = []
    for call in reversed(calls):
        if call.kind == "guard" or (call.out is not None and call.out.root in wanted):
            wanted.update(cell.root for cell in _cells(call))
            kept.append(call)
    return kept[::-1]


def _gathered_once(calls: Sequence[Call]) -> list[Call]:
    """The same calls without those that do again what one before them did."""
    changed = {call.out.root for call in calls if call.kind == "put" and call.out is not None}
    seen: dict[Any, Cell] = {}
    kept = []
    for call in calls:
        if call.kind in ("ufunc", "reduce") and not {c.root for c in _cells(call)} & changed:
            key = (call.kind, call.function, tuple(map(_same, call.inputs)), repr(call.options))
            before = seen.setdefault(key, call.out) if call.out is not None else None
            if before is not None and before is not call.out and call.out is not None:
                call.out.of, call.out.view = before, _itself
                continue
        kept.append(call)
    return kept


def _itself(array: Any) -> Any:
    return array


def _same(given: Any) -> Any:
    """What two equal inputs have in common: the memory that cells look at, and how; the content of constants."""
    if isinstance(given, Cell):
        owner = given
        while owner.of is not None and owner.view is not _itself:
            owner = owner.of
        offset = given.value.ctypes.data - owner.value.ctypes.data
        return (id(owner.root), offset, given.value.shape, given.value.strides)
    if isinstance(given, np.ndarray):
        return (given.shape, given.dtype.str, given.tobytes())
    return (type(given), repr(given))


def _overwritten(call: Call, ending: list[Cell]) -> Cell | None:
    """An input that nobody reads after this call and that the result can take the place of, entry by entry."""
    if call.kind != "ufunc" or not isinstance(call.function, np.ufunc) or call.function.signature or call.options:
        return None
    assert call.out is not None
    like = call.out.value
    for cell in call.inputs:
        if isinstance(cell, Cell) and cell in ending:
            value = cell.value
            if (value.shape, value.strides, value.dtype) == (like.shape, like.strides, like.dtype):
                return cell
    return None


def _block(free: list[Any], size: int) -> Any:
    """The smallest free block that is large enough, or a new one."""
    fitting = [n for n, block in enumerate(free) if size + 64 <= block.nbytes <= 4 * size + 256]
    if fitting:
        return free.pop(min(fitting, key=lambda n: free[n].nbytes))
    return np.empty(max(size, 8) + 64, np.uint8)


def _laid_out(block: Any, like: Any) -> Any:
    """An array in the block's memory, with its entries in the same order as those of `like`."""
    order = sorted(range(like.ndim), key=lambda a: -abs(like.strides[a]) if like.shape[a] > 1 else 0)
    start = -block.ctypes.data % 64
    dense = block[start : start + like.nbytes].view(like.dtype).reshape([like.shape[a] for a in order])
    return dense.transpose(np.argsort(order))


def _stay(value: Any, outcome: bool) -> None:
    if bool(value) != outcome:
        raise Departed


def _into(out: Any, call: Callable[[], Any]) -> None:
    value = call()
    if np.shape(value) != out.shape:
        raise Departed
    out[...] = value


def _reduction(ufunc: Any, array: Any, options: dict[str, Any], out: Any) -> Step:
    """A sum over leading axes is a product with ones, which runs along the rows of memory."""
    axes = _axes(options.get("axis", 0), array.ndim)
    leads = axes == tuple(range(len(axes))) and len(axes) > 0 and array.size
    plain = array.flags.c_contiguous and out.flags.c_contiguous and array.dtype == out.dtype == np.float64
    if ufunc is np.add and leads and plain and not options.get("initial"):
        count = int(np.prod([array.shape[a] for a in axes], dtype=np.int64))
        flat = array.reshape(count, -1)
        return functools.partial(np.dot, out=out.reshape(-1)), (np.ones(count), flat)
    return functools.partial(ufunc.reduce, out=out, **options), (array,)


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(int(a) % ndim for a in np.atleast_1d(axis)))
