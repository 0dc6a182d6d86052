"""Going back once more by a way that was gone before.

A function is traced at every call, so that closures, globals and random numbers are always those of the moment. Where
the trace comes out node for node as an earlier one, the way back is the same too: its program is run again instead of
being written again. Values are never kept, and whatever a rule may have looked at (shapes, dtypes, single constants)
is compared; so a replay gives what writing it anew would give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, Guard
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.run import apply_op, spread
from gradwork.graph.trace import Trace

_MOST_ROWS = 30_000
_MOST_IN_ALL = 300_000


class Program:
    """The way back of one trace: which operations follow on its rows, and where the slopes stand then."""

    def __init__(self, traced: Trace, builder: Builder, inputs: Sequence[int], slopes_at: Sequence[int]) -> None:
        forward = traced.builder
        self.rows = [row[:5] for row in forward.rows]
        self.ops = {row[0]: REGISTER.by_name.get(row[0]) for row in forward.rows}
        self.constants = {p: v for p, v in forward.constants.items() if np.ndim(v) == 0}
        self.key = (traced.outputs, tuple(inputs))
        self.guards: tuple[Guard, ...] = tuple(builder.guards[len(forward.guards) :])
        self.slopes_at = tuple(slopes_at)
        self.shapes = [builder.shape(i) for i in slopes_at]
        self.rest: list[Any] = [None] * (len(builder.rows) - len(forward.rows))
        self.steps: list[tuple[int, Op, tuple[int, ...], Any, list[tuple[int, ...]]]] = []
        for position in _needed(builder, [*slopes_at, *(g.node for g in self.guards)], len(forward.rows)):
            name, ins, params, *_ = builder.rows[position]
            if name == CONSTANT:
                self.rest[position - len(forward.rows)] = builder.constants[position]
            else:
                self.steps.append((position, REGISTER.named(name), ins, params, [builder.shape(i) for i in ins]))

    def fits(self, traced: Trace, inputs: Sequence[int]) -> bool:
        """Whether this trace is node for node the one that the program was made from."""
        rows = traced.builder.rows
        if self.key != (traced.outputs, tuple(inputs)) or len(rows) != len(self.rows):
            return False
        for new, old in zip(rows, self.rows, strict=True):
            if new[0] != old[0] or new[1] != old[1] or new[3] != old[3] or new[4] != old[4] or new[2] != old[2]:
                return False
        if not self._same_constants(traced.builder.constants):
            return False
        declared = REGISTER.by_name
        return all(declared.get(name) is op for name, op in self.ops.items())

    def _same_constants(self, constants: dict[int, Any]) -> bool:
        for position, value in self.constants.items():
            other: Any = constants.get(position)
            # Compared to the bit: -0.0 and 0.0, and two kinds of nan, may lead a rule to different ways.
            if np.ndim(other) or (value is not other and value.tobytes() != other.tobytes()):
                return False
        return True

    def run(self, values: Sequence[Any]) -> list[Any] | None:
        """The slopes, from the values of the trace; None where a rule would decide otherwise by a value."""
        all_values = [*values, *self.rest]
        with np.errstate(all="ignore"):
            for position, op, ins, params, shapes in self.steps:
                arguments = [all_values[i] for i in ins]
                try:
                    all_values[position] = (
                        op.function(*arguments, **params) if op.elementwise else apply_op(op, arguments, shapes, params)
                    )
                except ValueError:
                    return None  # written anew, the rule says what it refuses, and on which line of the user's
        if not all(guard.holds(all_values[guard.node]) for guard in self.guards):
            return None
        return [spread(all_values[i], shape) for i, shape in zip(self.slopes_at, self.shapes, strict=True)]


def _needed(builder: Builder, outputs: Sequence[int], first: int) -> list[int]:
    """The nodes from `first` on that `outputs` hang on, in order."""
    needed = {i for i in outputs if i >= first}
    for position in range(max(needed, default=first - 1), first - 1, -1):
        if position in needed:
            needed.update(i for i in builder.rows[position][1] if i >= first)
    return sorted(needed)


class Replays:
    """The programs that were met lately. A trace is entered when it comes the second time: many never do."""

    def __init__(self) -> None:
        self._programs: dict[Any, Program | None] = {}
        self._size = 0

    def find(self, traced: Trace, inputs: Sequence[int]) -> tuple[Any, Program | None]:
        """A key for `remember` (None where it is not to be called), and the program that fits, if one is known."""
        rows = traced.builder.rows
        if len(rows) > _MOST_ROWS:
            return None, None
        key = (tuple(row[0] for row in rows), tuple(inputs))
        if key not in self._programs:
            self._programs[key] = None
            self._make_room(len(rows))
            return None, None
        program = self._programs[key]
        return key, program if program is not None and program.fits(traced, inputs) else None

    def remember(self, key: Any, traced: Trace, make: Callable[[], Program]) -> None:
        """Keep a program, in place of one that did not fit; none where a rule of the user's own takes part."""
        ops = [REGISTER.by_name.get(row[0]) for row in traced.builder.rows]
        if all(op is None or op.fixed for op in ops):
            self._programs[key] = make()

    def _make_room(self, rows: int) -> None:
        self._size += rows
        while self._size > _MOST_IN_ALL and self._programs:
            key = next(iter(self._programs), None)
            if key is None or self._programs.pop(key, self) is self:
                return
            self._size -= len(key[0])


REPLAYS = Replays()
