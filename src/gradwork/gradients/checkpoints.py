"""Going back with few values kept: snapshots of what is alive at some places, and the rest worked out again.

The graph of a long chain is cut into steps where little is alive. Going back visits them from the last to the first; to
visit one, its values are made again from the nearest snapshot before it. Where snapshots are to lie so that the fewest
steps are carried out again is known: with s of them, and no step carried out more than r + 1 times, binomial(s + r, s)
steps can be gone back through. The schedule is a record that prints.

Source: Griewank and Walther 2000, Algorithm 799: revolve, ACM Transactions on Mathematical Software 26(1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.gradients.backprop import SUM_OF_PATHS, in_dtype, on_path, zeros
from gradwork.gradients.rules import pull_back
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT, Origin
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op, spread
from gradwork.graph.trace import Trace
from gradwork.graph.traced import Traced


@dataclass(frozen=True)
class Action:
    """One line of a schedule: "keep" what is alive before a step, "go" from one step to another, go "back" through one.

    first: the step; last: for "go", the step before which it ends.
    """

    what: str
    first: int
    last: int = 0

    def __str__(self) -> str:
        return {
            "keep": f"keep a snapshot before step {self.first}",
            "go": f"go on from step {self.first} to step {self.last}",
            "back": f"go back through step {self.first}",
        }[self.what]


@dataclass(frozen=True)
class Schedule:
    """What is done in which order, so that at most `snapshots` snapshots are kept beside the start.

    >>> print(Schedule(3, 1))
    3 steps, 1 snapshot(s), 5 steps carried out again
      go on from step 0 to step 1
      keep a snapshot before step 1
      go on from step 1 to step 2
      go back through step 2
      go back through step 1
      go back through step 0
    """

    steps: int
    snapshots: int

    @property
    def actions(self) -> Iterator[Action]:
        """The actions, one after the other."""
        waiting = [(0, self.steps, self.snapshots)]
        while waiting:
            first, last, free = waiting.pop()
            if last - first == 1:
                yield Action("back", first)
            elif last > first:
                middle = first + _split(last - first, free) if free else last - 1
                yield Action("go", first, middle)
                if free:
                    yield Action("keep", middle)
                    waiting += [(first, middle, free), (middle, last, free - 1)]
                else:
                    yield Action("back", middle)
                    waiting.append((first, middle, 0))

    @property
    def carried_out_again(self) -> int:
        """How many steps are carried out once the first sweep is over: all of them where all could be kept."""
        return self.steps + sum(a.last - a.first for a in self.actions if a.what == "go")

    def __str__(self) -> str:
        head = f"{self.steps} steps, {self.snapshots} snapshot(s), {self.carried_out_again} steps carried out again"
        return "\n".join([head, *(f"  {action}" for action in self.actions)])


def reach(slots: int, repeats: int) -> int:
    """How many steps can be gone back through with that many slots, none carried out more than `repeats` + 1 times."""
    return math.comb(slots + repeats, slots) if repeats >= 0 else 0


def _split(steps: int, snapshots: int) -> int:
    """After how many of the steps the next snapshot is to lie."""
    # The start counts as a snapshot too: it is there to go on from.
    slots, repeats = snapshots + 1, 0
    while reach(slots, repeats) < steps:
        repeats += 1
    most_before, most_after = reach(slots, repeats - 1), reach(slots - 1, repeats)
    return max(1, min(steps - 1, max(steps - most_after, min(most_before, steps - reach(slots - 1, repeats - 1)))))


# -- the chain --------------------------------------------------------------------------------------------------------


class Chain:
    """A trace cut into steps, with what is alive between two of them."""

    def __init__(self, traced: Trace) -> None:
        self.rows = rows = traced.builder.rows
        self.shapes = [row[3] for row in rows]
        needed = _needed(rows, traced.outputs)
        self.order = [p for p in needed if rows[p][0] not in (INPUT, CONSTANT)]
        self.place = {p: k for k, p in enumerate(self.order)}
        self.last_use: dict[int, int] = {}
        packed = set()
        for k, p in enumerate(self.order):
            for i in rows[p][1]:
                self.last_use[i] = k
                if rows[p][0] == "part":
                    packed.add(i)
        for i in traced.outputs:
            self.last_use[i] = len(self.order)
        self.cuts = self._cuts(packed)

    def _cuts(self, packed: set[int]) -> list[int]:
        """Where the steps begin, counted in the order: where less is alive than around it, and no factorisation is
        parted from its pieces, which have to be looked at together."""
        alive = [0] * (len(self.order) + 2)
        together = [0] * (len(self.order) + 2)
        for k, p in enumerate(self.order):
            end = self.last_use.get(p, k)
            size = math.prod(self.rows[p][3]) * self.rows[p][4].itemsize
            alive[k + 1] += size
            alive[end + 1] -= size
            if p in packed:
                together[k + 1] += 1
                together[end + 1] -= 1
        for k in range(1, len(alive)):
            alive[k] += alive[k - 1]
            together[k] += together[k - 1]
        inner = [
            k
            for k in range(1, len(self.order))
            if not together[k] and alive[k] <= alive[k + 1] and (alive[k] <= alive[k - 1] or k == 1)
        ]
        return [0, *inner, len(self.order)]

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.cuts) - 1

    def run(self, values: list[Any], first: int, last: int, keep: bool = False) -> None:
        """Carry out the steps from `first` to `last` on `values`; those that are done with go, unless they are kept."""
        for k in range(self.cuts[first], self.cuts[last]):
            position = self.order[k]
            name, inputs, params, *_ = self.rows[position]
            arguments = [values[i] for i in inputs]
            values[position] = apply_op(REGISTER.named(name), arguments, [self.shapes[i] for i in inputs], params)
            if not keep:
                for i in inputs:
                    if self.last_use[i] == k and i in self.place:
                        values[i] = None

    def alive(self, values: list[Any], step: int) -> dict[int, Any]:
        """The values that a snapshot before a step consists of."""
        here = self.cuts[step]
        done = self.order[:here]
        return {p: values[p] for p in done if values[p] is not None and self.last_use.get(p, -1) >= here}


def _needed(rows: Sequence[Any], outputs: Sequence[int]) -> list[int]:
    needed = set(map(int, outputs))
    for position in range(max(needed), -1, -1):
        if position in needed:
            needed.update(rows[position][1])
    return sorted(needed)


# -- going back -------------------------------------------------------------------------------------------------------


def value_and_slopes(traced: Trace, inputs: Sequence[int], snapshots: int) -> list[Any]:
    """The value of a lean trace, and the slope of each input, with at most `snapshots` snapshots kept.

    Slopes are those of going back at once, to the bit: the same rules on the same values, added up in the same order.
    """
    chain = Chain(traced)
    back = _GoingBack(traced, chain, inputs)
    kept: dict[int, dict[int, Any]] = {0: {}}
    on_the_way: dict[int, dict[int, Any]] = {}
    value = traced.builder.full_value(traced.outputs[0])
    value = np.array(value) if isinstance(value, np.ndarray) else value
    with np.errstate(all="ignore"):
        for action in Schedule(chain.steps, snapshots).actions:
            if action.what == "go":
                back.stand_at(kept[action.first])
                chain.run(back.values, action.first, action.last)
                on_the_way = {action.last: chain.alive(back.values, action.last)}
            elif action.what == "keep":
                kept |= on_the_way
                on_the_way = {}
            else:
                held = on_the_way if action.first in on_the_way else kept
                back.through(action.first, held.pop(action.first))
        return [value, *back.slopes(inputs)]


class _GoingBack:
    """What comes back, carried from step to step as plain values."""

    def __init__(self, traced: Trace, chain: Chain, inputs: Sequence[int]) -> None:
        self.chain = chain
        self.builder = builder = Builder()
        source = traced.builder
        builder.rows = source.rows.copy()
        builder.names = source.names.copy()
        builder.inputs = source.inputs.copy()
        builder.constants = source.constants.copy()
        self.given = {p: source.values[p] for p, row in enumerate(builder.rows) if row[0] in (INPUT, CONSTANT)}
        builder.values = [self.given.get(p) for p in range(len(builder.rows))]
        self.values = builder.values
        self.size = len(builder.rows)
        self.own = (len(builder.inputs), set(builder.constants))
        self.output = int(traced.outputs[0])
        self.wanted = on_path(builder, inputs, self.size - 1)
        self.carried: dict[int, tuple[str, Any, tuple[int, ...]]] = {}

    def stand_at(self, held: dict[int, Any]) -> None:
        """Only what a snapshot holds is known from here on."""
        for p in self.chain.order:
            self.values[p] = None
        for p, value in held.items():
            self.values[p] = value

    def through(self, step: int, held: dict[int, Any]) -> None:
        """Make the values of one step again, and carry what comes back through it."""
        chain, builder = self.chain, self.builder
        self.stand_at(held)
        chain.run(self.values, step, step + 1, keep=True)
        nodes = chain.order[chain.cuts[step] : chain.cuts[step + 1]]
        arrived = self._taken_up(nodes)
        for position in reversed(nodes):
            if position not in arrived or not self.wanted[position]:
                continue
            adjoint = in_dtype(builder, arrived.pop(position), builder.dtype(position))
            inputs = builder.rows[position][1]
            going = [self.wanted[i] for i in inputs]
            if True in going:
                for i, slope in zip(inputs, pull_back(builder, position, adjoint, going), strict=True):
                    if slope is not None:
                        arrived[i] = slope if i not in arrived else self._sum(i, arrived[i], slope)
        self._put_down(arrived)

    def _taken_up(self, nodes: Sequence[int]) -> dict[int, Traced]:
        """What has come back so far to the nodes of a step and to what they read, as nodes of the builder."""
        builder = self.builder
        reached = {*nodes, *(i for p in nodes for i in builder.rows[p][1])}
        arrived = {}
        for position in sorted(reached & self.carried.keys()):
            kind, value, shape = self.carried.pop(position)
            index = builder.constant(value, shape=shape) if kind == CONSTANT else builder.input(value, None)
            arrived[position] = Traced(builder, index)
        if self.output in nodes:
            one = np.ones((), builder.dtype(self.output))[()]
            with builder.by_rule(Origin("rule", "seed", self.output, None, "the result counts for itself")):
                arrived[self.output] = Traced(builder, builder.constant(one, shape=builder.shape(self.output)))
        return arrived

    def _sum(self, position: int, before: Traced, slope: Traced) -> Any:
        with self.builder.by_rule(Origin("rule", SUM_OF_PATHS, position, None, "sum over the paths")):
            return before + slope

    def _put_down(self, arrived: dict[int, Traced]) -> None:
        """Keep what has come back as plain values, and let go of all that the rules have added."""
        builder = self.builder
        for position, slope in arrived.items():
            value, shape = builder.values[slope.index], builder.shape(slope.index)
            single = slope.index in builder.constants and np.ndim(value) == 0
            self.carried[position] = (CONSTANT if single else INPUT, value, shape)
        del builder.rows[self.size :], builder.values[self.size :], builder.inputs[self.own[0] :]
        builder.guards.clear()
        for position in [p for p in builder.constants if p not in self.own[1]]:
            del builder.constants[position]
        builder._lifted.clear()
        builder.results.clear()

    def slopes(self, inputs: Sequence[int]) -> list[Any]:
        """What has come back to the inputs, in their own dtypes and shapes."""
        builder, found = self.builder, []
        if self.output not in self.chain.place:  # the result is an input itself
            self._put_down(self._taken_up([self.output]))
        for i in inputs:
            if i in self.carried:
                kind, value, shape = self.carried[i]
                index = builder.constant(value, shape=shape) if kind == CONSTANT else builder.input(value, None)
                index = in_dtype(builder, Traced(builder, index), builder.dtype(i)).index
            else:
                index = zeros(builder, i)
            value = spread(builder.values[index], builder.shape(index))
            found.append(np.array(value) if isinstance(value, np.ndarray) else value)
        return found


def check_count(checkpoints: Any) -> None:
    """Raise ArgumentError unless `checkpoints` is a whole number, 1 or more."""
    if isinstance(checkpoints, bool) or not isinstance(checkpoints, (int, np.integer)) or checkpoints < 1:
        raise ArgumentError(
            f"checkpoints={checkpoints!r} is no number of snapshots", hint="a whole number, 1 or more: checkpoints=10"
        )
