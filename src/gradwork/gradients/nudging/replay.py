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
from gradwork.gradients.nudging.start import started
from gradwork.gradients.nudging.straight_line import straight_line
from gradwork.gradients.nudging.structure import Structure, traced_structure
from gradwork.gradients.nudging.subject import Array
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
        if mode == "per_unit" and all(slopes(self.units, node, 1e-6) is not None for node in self.nodes):
            self.units.trust_curves()
        graph, values = self.structure.graph, self.structure.values
        self.line = straight_line(graph, values, self.nodes) if mode in ("auto", "scalars") else None
        if mode == "scalars" and self.line is None:
            raise ArgumentError("the graph is too large for single numbers", hint='mode="structure"')
        self.mode = "scalars" if self.line else "structure" if mode == "auto" else mode

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
        self._move_to(arrays)
        if self.mode == "structure" and sum(self.sizes) <= min(map(self.structure.room, self.nodes)):
            return self._together(h)
        found = [slopes(self.units, node, h) if self.mode == "per_unit" else None for node in self.nodes]
        return [self._each(k, h) if made is None else made for k, made in enumerate(found)]

    def _together(self, h: float) -> list[Array]:
        """Every entry of all arrays, at once."""
        with np.errstate(all="ignore"):
            flat = [self.structure.values[node].reshape(-1) for node in self.nodes]
            nudges = [(node, np.arange(len(f)), f + h) for node, f in zip(self.nodes, flat, strict=True)]
            rises = self.structure.results_together(nudges)[0] - self.structure.base[0]
            before = np.concatenate(flat)
            return self._shaped(rises / ((before + h) - before))

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
