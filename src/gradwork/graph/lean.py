"""A trace that keeps only the values that are still in use, as the function itself does.

An ordinary trace keeps the value of every node, since going back asks for them. Where they are worked out again instead
(`gradwork.gradients.checkpoints`), each is let go once nothing in the function stands for it any more.
"""

from __future__ import annotations

from typing import Any

from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT, NO_PARAMS, Params
from gradwork.graph.op import REGISTER, Op
from gradwork.graph.run import apply_op

GONE = None  # what stands in the place of a value that was let go


class Position(int):
    """A node's position that lets the value go when nobody holds it any more: every traced value holds its own."""

    values: Values

    def __del__(self) -> None:
        self.values.let_go(self)


class Values(list[Any]):
    """The values of a trace. One that was let go and is asked for after all is worked out again."""

    def __init__(self, builder: Builder) -> None:
        super().__init__()
        self.builder = builder

    def let_go(self, position: int) -> None:
        """Forget the value of a node."""
        super().__setitem__(int(position), GONE)

    def __getitem__(self, position: Any) -> Any:
        value = super().__getitem__(position)
        return self._again(int(position)) if value is GONE else value

    def _again(self, position: int) -> Any:
        needed, waiting = set(), [position]
        while waiting:
            node = waiting.pop()
            if node not in needed and super().__getitem__(node) is GONE:
                needed.add(node)
                waiting += self.builder.rows[node][1]
        found: dict[int, Any] = {}
        for node in sorted(needed):
            name, inputs, params, *_ = self.builder.rows[node]
            values = [found[i] if i in needed else super(Values, self).__getitem__(i) for i in inputs]
            found[node] = apply_op(REGISTER.named(name), values, [self.builder.shape(i) for i in inputs], params)
        return found[position]


class LeanBuilder(Builder):
    """A builder whose values go when the traced values that stand for them go. Inputs and constants stay."""

    def __init__(self) -> None:
        super().__init__()
        self.values = Values(self)
        self.results = _PlainSet()

    def emit(self, op: Op, inputs: tuple[int, ...], params: Params = NO_PARAMS) -> int:
        """Add one operation and give its position, which holds the value."""
        position = Position(super().emit(op, tuple(map(int, inputs)), params))
        position.values = self.values  # type: ignore[assignment]
        return position

    def guard(self, position: int, outcome: Any) -> None:
        """Note a decision, without holding on to the value that it hangs on."""
        super().guard(int(position), outcome)

    def kept(self) -> int:
        """How many bytes of values are held, beside inputs and constants."""
        rows = self.rows
        held = [v for v, row in zip(list.__iter__(self.values), rows, strict=True) if row[0] not in (INPUT, CONSTANT)]
        return sum(v.nbytes for v in held if v is not GONE)


class _PlainSet(set[int]):
    """A set of numbers that does not hold on to what they were."""

    def add(self, element: int) -> None:
        """Add a number."""
        super().add(int(element))
