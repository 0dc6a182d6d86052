"""A function traced once, whose slopes are measured again and again at new points. `gw.nudge` traces at every call.

It cannot see what the function would do differently at another point: a function that decides by its arguments is
refused, and one that reads something else, such as a clock, is as it was when it was traced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.gradients.nudging.per_unit import Units, slopes
from gradwork.gradients.nudging.rerun import Departed, Rerun
from gradwork.gradients.nudging.start import started
from gradwork.gradients.nudging.straight_line import straight_line
from gradwork.gradients.nudging.structure import Structure
from gradwork.gradients.nudging.structured import traced_structure
from gradwork.gradients.nudging.subject import Array
from gradwork.gradients.nudging.tape import Tape
from gradwork.gradients.wrt import Wrt
from gradwork.graph.trace import Function


class Nudger:
    """One-way slopes of `f` with respect to every entry of its arguments in `wrt`, at points of the same shapes.

    f, args, wrt, kwargs: as for `gw.nudge`; the arguments of `wrt` are single numbers or arrays, and `f` gives one
    number.
    mode: "structure": each entry by itself; "per_unit": by the sums that they enter, where curves
    that fit are tried at the first point only; "scalars": each entry by itself,
    in straight-line Python, for tiny graphs; "auto" takes scalars if that can be, and else structure.

    Calling it with the arrays of `wrt` gives their slopes: (f(x + h) - f(x)) / h for every entry.
    What is done is recorded at the first point, and run again in memory of its own: one call at a time.
    Raises ArgumentError for a function that cannot be traced, or that decides by the values of its arguments.

    >>> import numpy as np
    >>> nudger = Nudger(lambda w: np.sum(w ** 3), np.array([1.0, -2.0]))
    >>> nudger.mode, [s.round(4).tolist() for s in nudger(np.array([1.0, 2.0]), h=1e-6)]
    ('scalars', [[3.0, 12.0]])
    """

    def __init__(
        self, f: Function, *args: Any, wrt: Wrt = 0, mode: str = "auto", kwargs: Mapping[str, Any] | None = None
    ) -> None:
        if mode not in ("auto", "scalars", "structure", "per_unit"):
            raise ArgumentError(f"there is no mode {mode!r}", hint="auto, scalars, structure, per_unit")
        start = started(f, args, kwargs or {}, wrt)
        found = traced_structure(start)
        if found is None or found[0].graph.guards or len(found[1]) != len(start.subject.moving) or start.subject.shape:
            raise ArgumentError(
                "the function cannot be traced once and for all",
                why="it gives more than one number, decides by its arguments, or does what a trace cannot follow",
                hint="gw.nudge(f, ...), which takes any function",
            )
        self.structure: Structure = found[0]
        self.units = Units(self.structure)
        self.nodes = tuple(found[1][part] for part in start.subject.moving)
        self.shapes = tuple(self.structure.shapes[node] for node in self.nodes)
        self.sizes = tuple(int(np.prod(shape, dtype=np.int64)) for shape in self.shapes)
        if mode == "per_unit" and all(made is not None for made in slopes(self.units, self.nodes, 1e-6)):
            self.units.trust_curves()
        graph, values = self.structure.graph, self.structure.values
        self.line = straight_line(graph, values, self.nodes) if mode in ("auto", "scalars") else None
        if mode == "scalars" and self.line is None:
            raise ArgumentError("the graph is too large for single numbers", hint='mode="structure"')
        self.mode = "scalars" if self.line else "structure" if mode == "auto" else mode
        self.rerun = None if self.line else self._recorded()

    def __call__(self, *arrays: Any, h: float = 1e-6) -> list[Array]:
        """The slopes at these values of the arguments in `wrt`, one array each."""
        if self.line is not None:
            try:
                point: list[float] = []
                for array in arrays:
                    point += np.asarray(array).reshape(-1).tolist()
                return self._shaped(self.line(point, h)[1])
            except (ArithmeticError, ValueError):
                pass  # a number left its domain: arrays hold infinity and nan, single numbers do not
        again = self._again(arrays, h)
        if again is not None:
            return again
        self._move_to(arrays)
        if self.mode == "structure" and self._fits():
            return self._together(self.structure, h)
        found = slopes(self.units, self.nodes, h) if self.mode == "per_unit" else [None] * len(self.nodes)
        return [self._each(k, h) if made is None else made for k, made in enumerate(found)]

    def _again(self, arrays: tuple[Any, ...], h: float) -> list[Array] | None:
        """The slopes by what was recorded; None where there is nothing, or where this point takes another way."""
        if self.rerun is None or not all(np.shape(a) == s for a, s in zip(arrays, self.shapes, strict=True)):
            return None
        try:
            with np.errstate(all="ignore"):
                return self.rerun(*arrays, h)
        except Departed:
            return None

    def _recorded(self) -> Rerun | None:
        """What is done at every point, written down at this one; None where it cannot be, or would take many chunks."""
        if self.mode == "structure" and not self._fits():
            return None
        tape = Tape()
        point = {node: tape.entered(self.structure.values[node]) for node in self.nodes}
        h = tape.entered(1e-6)
        try:
            with np.errstate(all="ignore"):
                structure = self.structure.recorded(tape, point)
                if self.mode == "structure":
                    return Rerun(tape, self._together(structure, h))
                units = self.units.at(structure)
                found = slopes(units, self.nodes, h)
                return None if any(made is None for made in found) else Rerun(tape, found)
        except Exception:
            return None  # what cannot be written down is done anew at every point

    def _fits(self) -> bool:
        return self.structure.fits(sum(self.sizes), self.nodes)

    def _together(self, structure: Structure, h: Any) -> list[Any]:
        """Every entry of all arrays, at once."""
        with np.errstate(all="ignore"):
            flat = [structure.values[node].reshape(-1) for node in self.nodes]
            raised = [f + h for f in flat]
            nudges = [(node, np.arange(len(f)), f) for node, f in zip(self.nodes, raised, strict=True)]
            rises = structure.results_together(nudges)[0] - structure.base[0]
            ends = np.cumsum(self.sizes)
            return [
                (rises[e - n : e] / (after - before)).reshape(s)
                for e, n, s, before, after in zip(ends, self.sizes, self.shapes, flat, raised, strict=True)
            ]

    def _shaped(self, row: Any) -> list[Array]:
        flat = np.asarray(row)
        ends = np.cumsum(self.sizes)
        return [flat[e - n : e].reshape(s) for e, n, s in zip(ends, self.sizes, self.shapes, strict=True)]

    def _move_to(self, arrays: tuple[Any, ...]) -> None:
        inputs = self.structure.graph.inputs
        given = dict(zip(self.nodes, arrays, strict=True))
        values = [given.get(i, self.structure.values[i]) for i in inputs]
        values = [np.asarray(v, dtype=np.float64)[()] if i in given else v for i, v in zip(inputs, values, strict=True)]
        with np.errstate(all="ignore"):
            self.structure.move_to(values)
        self.units.forget_values()

    def _each(self, k: int, h: float) -> Array:
        """Every entry by itself, in chunks."""
        node, size = self.nodes[k], self.sizes[k]
        if not size:
            return np.zeros(self.shapes[k])
        flat = np.broadcast_to(self.structure.values[node], self.shapes[k]).reshape(-1)
        targets, base = flat + h, self.structure.base[0]
        room = self.structure.room(node)
        made = np.empty(size)
        with np.errstate(all="ignore"):
            for first in range(0, size, room):
                some = slice(first, first + room)
                made[some] = self.structure.results(node, np.arange(size)[some], targets[some])[0]
            return np.asarray((made - base) / (targets - flat)).reshape(self.shapes[k])
