"""Nudging with the graph known: every entry by itself, but only what it moves is evaluated again.

The function is traced once. A nudge is followed through the graph as what it moves (`moved.py`), op by op
(`passing.py`), many nudges at once in chunks of bounded memory. The results are those of the plain loop, to rounding:
no rule of calculus is used. What cannot be traced, or does not give what the function itself gives when a few entries
are tried, stays with the plain loop.

Source: a nudge of W[i, j] moves one column of X @ W, and a moved column of A changes A @ V by an outer product: the
rank-one updates of numerical linear algebra; Golub and Van Loan, Matrix Computations, section 2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np

from gradwork.gradients.nudging.idle import idle_nodes
from gradwork.gradients.nudging.moved import Moved, dense, point, side_by_side
from gradwork.gradients.nudging.passing import passed
from gradwork.gradients.nudging.recordable import NotRecorded
from gradwork.gradients.nudging.site import Site
from gradwork.gradients.nudging.subject import Array
from gradwork.gradients.nudging.tape import Tape
from gradwork.graph.graph import Graph
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op, run, spread

MOST_BYTES = 1 << 26  # a chunk takes no more memory than that
NEAR_BYTES = 8 << 20  # and no more than this where it can: it stays near the processor
LEAST = 64  # nudges in a chunk, for long rows, where memory allows


Nudges = tuple[int, Array, Array]  # an input, flat positions in it, and where they are moved to
Group = tuple[int, Moved, Array]  # a node, what moved of it, and to which columns of the results that belongs


class Structure:
    """A graph at a point, through which nudges of its inputs can be followed."""

    def __init__(self, graph: Graph, values: Sequence[Any]) -> None:
        self.graph = graph
        self.values = tuple(values)
        self.output = graph.outputs[0]
        self.shapes = [node.shape for node in graph.nodes]
        self._idle: frozenset[int] | None = None
        self._watched: Callable[[Any], Any] | None = None
        self._sites: dict[int, Site] = {}
        self._moving: dict[int, Sequence[bool]] = {}
        self._leading: dict[int, set[int]] = {}
        self._orders: dict[tuple[int, int], list[tuple[int, tuple[int, ...], tuple[int, ...]]]] = {}
        self._meetings: dict[tuple[int, ...], tuple[int, tuple[int, ...]] | None] = {}
        self._room: dict[int, int] = {}
        self._bytes: dict[tuple[int, int], int] = {}
        _keep_freed_memory()

    def move_to(self, inputs: Sequence[Any]) -> None:
        """Stand at another point of the same shapes."""
        self.values = run(self.graph, inputs).values
        self._sites.clear()

    def recorded(self, tape: Tape, inputs: Mapping[int, Any]) -> Structure:
        """The same at the values in `inputs`, by node; what hangs on them is worked out on the tape."""
        other = copy(self)
        other._sites, other._watched = {}, tape.watched
        moving = self.graph.depends_on(list(inputs))
        values = list(self.values)
        for position, node in enumerate(self.graph.nodes):
            if position in inputs:
                values[position] = inputs[position]
            elif node.inputs and not moving[position] and not REGISTER.named(node.op).fixed:
                raise NotRecorded(node.op)  # what a user wrote may give something else at the next point
            elif moving[position]:
                op = tape.watched(REGISTER.named(node.op))
                arguments = [values[i] for i in node.inputs]
                values[position] = apply_op(op, arguments, [self.shapes[i] for i in node.inputs], node.params)
        other.values = tuple(values)
        return other

    @property
    def idle(self) -> frozenset[int]:
        """The extremes that nothing hangs on at this point: see `idle.py`."""
        if self._idle is None:
            self._idle = idle_nodes(self.graph, self.values, range(len(self.values)))
        return self._idle

    @property
    def base(self) -> Array:
        """The result at the point, flat."""
        whole = spread(self.values[self.output], self.shapes[self.output])
        flat: Array = whole.astype(np.float64, copy=False).reshape(-1)
        return flat

    def site(self, position: int) -> Site:
        """A node with what its inputs and its value were before the nudges."""
        found = self._sites.get(position)
        if found is None:
            node = self.graph.nodes[position]
            bases = tuple(self.values[i] for i in node.inputs)
            value = self.values[position]
            shapes = tuple(self.shapes[i] for i in node.inputs)
            op = REGISTER.named(node.op)
            if self._watched is not None:
                op = self._watched(op)
            found = Site(op, node.params, bases, shapes, value, node.shape)
            self._sites[position] = found
        return found

    def order(self, start: int, end: int) -> list[tuple[int, tuple[int, ...], tuple[int, ...]]]:
        """The nodes between two, in order: each with its inputs, and the nodes that nobody reads after it."""
        found = self._orders.get((start, end))
        if found is None:
            moving, needed = self._after(start), self.before(end)
            between = [p for p in range(start + 1, end + 1) if moving[p] and p in needed]
            last = {i: p for p in between for i in self.graph.nodes[p].inputs}
            done: dict[int, list[int]] = {}
            for i, p in last.items():
                done.setdefault(p, []).append(i)
            found = [(p, self.graph.nodes[p].inputs, tuple(done.get(p, ()))) for p in between]
            self._orders[start, end] = found
        return found

    def _after(self, start: int) -> Sequence[bool]:
        if start not in self._moving:
            self._moving[start] = self.graph.depends_on([start])
        return self._moving[start]

    def before(self, end: int) -> set[int]:
        """The nodes that node `end` hangs on, itself among them."""
        if end not in self._leading:
            self._leading[end] = _leading_to(self.graph, [end])
        return self._leading[end]

    def follow(self, start: int, moved: Moved, end: int | None = None, watch: Any = None) -> Moved | None:
        """What moves of node `end` (the result, if none is named) when node `start` has moved.

        watch: is told of every node on the way: `watch(position, site, inputs, result)`.
        """
        end = self.output if end is None else end
        state: dict[int, Moved | None] = {start: moved}
        for position, inputs, done in self.order(start, end):
            several = [state.get(i) for i in inputs]
            site = self.site(position)
            state[position] = passed(site, several)
            if watch is not None:
                watch(position, site, several, state[position])
            for i in done:
                state.pop(i, None)
        return state.get(end)

    def results(self, start: int, flat: Array, targets: Array) -> Array:
        """The result (results, K) with one entry of input `start` at its target, for K nudges."""
        moved = self.follow(start, point(self.shapes[start], flat, targets))
        if moved is None:
            return np.broadcast_to(self.base[:, None], (self.base.size, len(flat)))
        values = spread(self.values[self.output], self.shapes[self.output])
        return dense(moved, values).reshape(-1, len(flat))

    def results_together(self, nudges: Sequence[Nudges]) -> Array:
        """The results of nudges of several inputs, (results, K), in a row: their ways are one from where they meet."""
        groups = []
        first = 0
        for start, flat, targets in nudges:
            columns = np.arange(first, first := first + len(flat))
            groups.append((start, point(self.shapes[start], flat, targets), columns))
        made = np.copy(np.broadcast_to(self.base[:, None], (self.base.size, first)))
        for position, moved, columns in self._met(groups):
            found = self.follow(position, moved)
            if found is not None:
                all_of_it = dense(found, self.values[self.output]).reshape(len(made), -1)
                if len(columns) == first and np.array_equal(columns, np.arange(first)):
                    return all_of_it
                made[:, columns] = all_of_it
        return made

    def _met(self, groups: list[Group]) -> list[Group]:
        """The groups of nudges after all that can be joined have been."""
        while (meeting := self._next_meeting(tuple(position for position, _, _ in groups))) is not None:
            end, some = meeting
            moved = [(self.follow(groups[k][0], groups[k][1], end), groups[k][2]) for k in some]
            there = [(m, columns) for m, columns in moved if m is not None]
            groups = [group for k, group in enumerate(groups) if k not in some]
            if there:
                joined = side_by_side([m for m, _ in there], self.values[end])
                groups.append((end, joined, np.concatenate([columns for _, columns in there])))
        return groups

    def _next_meeting(self, positions: tuple[int, ...]) -> tuple[int, tuple[int, ...]] | None:
        """The first node through which all that several of `positions` move has to pass, and which of them."""
        if positions not in self._meetings:
            passes: dict[int, list[int]] = {}
            for k, position in enumerate(positions):
                for narrow in self._narrows(position):
                    passes.setdefault(narrow, []).append(k)
            shared = [narrow for narrow, some in passes.items() if len(some) > 1]
            self._meetings[positions] = (min(shared), tuple(passes[min(shared)])) if shared else None
        return self._meetings[positions]

    def _narrows(self, start: int) -> list[int]:
        """The nodes, `start` among them, through which everything that it moves has to pass."""
        live, narrows = {start}, [start]
        for position, _, done in self.order(start, self.output):
            live = (live | {position}) - set(done)
            if live == {position}:
                narrows.append(position)
        return narrows

    def fits(self, count: int, starts: Sequence[int]) -> bool:
        """Whether so many nudges of these inputs go into one chunk."""
        if count * self._widest <= min(NEAR_BYTES, MOST_BYTES):
            return True
        return count <= min(map(self.room, starts))

    @cached_property
    def _widest(self) -> int:
        """More bytes than any nudge takes: those of every value."""
        return 8 * sum(int(np.prod(shape, dtype=np.int64)) for shape in self.shapes)

    def room(self, start: int) -> int:
        """How many nudges of an input go into one chunk."""
        if start not in self._room:
            size = int(np.prod(self.shapes[start], dtype=np.int64))
            flat = np.array([0, size - 1])
            values = spread(self.values[start], self.shapes[start]).reshape(-1)[flat]
            self._room[start] = self.room_for(start, point(self.shapes[start], flat, values), self.output, size)
        return self._room[start]

    def room_for(self, start: int, sample: Moved, end: int, wanted: int) -> int:
        """How many of `wanted` nudges like those of `sample` go into one chunk."""
        if wanted * self._widest <= min(NEAR_BYTES, MOST_BYTES):
            return wanted
        key = (start, end)
        bytes_each = self._bytes[key] = self._bytes.get(key) or self._bytes_each(start, sample, end)
        return max(1, min(max(NEAR_BYTES // bytes_each, LEAST), MOST_BYTES // bytes_each))

    def _bytes_each(self, start: int, sample: Moved, end: int) -> int:
        """The memory that one nudge takes at the widest place, with room for intermediate results."""
        live: dict[int, int] = {}
        widest = 1
        until = {i: p for p, inputs, _ in self.order(start, end) for i in inputs}

        def weigh(position: int, site: Site, inputs: Sequence[Moved | None], result: Moved | None) -> None:
            nonlocal widest
            live[position] = 0 if result is None else result.values.nbytes
            widest = max(widest, sum(live.values()) + live[position])
            for i in [i for i in live if until.get(i, position + 1) <= position]:
                del live[i]

        with np.errstate(all="ignore"):
            self.follow(start, sample, end, weigh)
        return max(8, widest // sample.count)


def _keep_freed_memory() -> None:
    """Have the C library keep what is freed, up to some tens of megabytes.

    Chunk after chunk needs arrays of the same sizes. Each of a few megabytes would be given back to the system and
    fetched again, page by page, which takes three times as long as the arithmetic. glibc stops doing that for blocks
    smaller than the largest one that was ever freed (mallopt(3), M_MMAP_THRESHOLD); this one is never touched.
    """
    np.empty(31 << 20, np.uint8)


def _leading_to(graph: Graph, ends: Sequence[int]) -> set[int]:
    needed = set(ends)
    for position in range(max(needed, default=-1), -1, -1):
        if position in needed:
            needed.update(graph.nodes[position].inputs)
    return needed
