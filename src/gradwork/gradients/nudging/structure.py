"""Nudging with the graph known: every entry by itself, but only what it moves is evaluated again.

The function is traced once. A nudge is followed through the graph as what it moves (`moved.py`), op by op
(`passing.py`), many nudges at once in chunks of bounded memory. The results are those of the plain loop, to rounding:
no rule of calculus is used. What cannot be traced, or does not give what the function itself gives when a few entries
are tried, stays with the plain loop.

Source: a nudge of W[i, j] moves one column of X @ W, and a moved column of A changes A @ V by an outer product: the
rank-one updates of numerical linear algebra; Golub and Van Loan, Matrix Computations, section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwork.gradients.nudging.branches import followed
from gradwork.gradients.nudging.moved import Moved, dense, point, side_by_side
from gradwork.gradients.nudging.passing import Site, passed
from gradwork.gradients.nudging.progress import Progress
from gradwork.gradients.nudging.sampler import Entries, Sampler, evaluate_shard
from gradwork.gradients.nudging.start import DOUBLE, Start
from gradwork.gradients.nudging.subject import Array, Subject
from gradwork.graph.graph import Graph
from gradwork.graph.op import REGISTER
from gradwork.graph.run import run

MOST_BYTES = 1 << 26  # a chunk takes no more memory than that
NEAR_BYTES = 8 << 20  # and no more than this where it can: it stays near the processor
LEAST = 64  # nudges in a chunk, for long rows, where memory allows
TRIED = 3  # entries of each array that the function itself is asked about


Nudges = tuple[int, Array, Array]  # an input, flat positions in it, and where they are moved to
Group = tuple[int, Moved, Array]  # a node, what moved of it, and to which columns of the results that belongs


class Structure:
    """A graph at a point, through which nudges of its inputs can be followed."""

    def __init__(self, graph: Graph, values: Sequence[Any]) -> None:
        self.graph = graph
        self.values = tuple(values)
        self.output = graph.outputs[0]
        self.shapes = [node.shape for node in graph.nodes]
        self._sites: dict[int, Site] = {}
        self._orders: dict[tuple[int, int], list[tuple[int, tuple[int, ...], tuple[int, ...]]]] = {}
        self._meetings: dict[tuple[int, ...], tuple[int, tuple[int, ...]] | None] = {}
        self._room: dict[int, int] = {}
        self._bytes: dict[tuple[int, int], int] = {}
        _keep_freed_memory()

    def move_to(self, inputs: Sequence[Any]) -> None:
        """Stand at another point of the same shapes."""
        self.values = run(self.graph, inputs).values
        self._sites.clear()

    @property
    def base(self) -> Array:
        """The result at the point, flat."""
        whole = np.broadcast_to(self.values[self.output], self.shapes[self.output])
        return np.asarray(whole, dtype=np.float64).reshape(-1)

    def site(self, position: int) -> Site:
        """A node with what its inputs and its value were before the nudges."""
        found = self._sites.get(position)
        if found is None:
            node = self.graph.nodes[position]
            bases = tuple(self.values[i] for i in node.inputs)
            value = self.values[position]
            shapes = tuple(self.shapes[i] for i in node.inputs)
            found = Site(REGISTER.named(node.op), node.params, bases, shapes, value, node.shape)
            self._sites[position] = found
        return found

    def order(self, start: int, end: int) -> list[tuple[int, tuple[int, ...], tuple[int, ...]]]:
        """The nodes between two, in order: each with its inputs, and the nodes that nobody reads after it."""
        found = self._orders.get((start, end))
        if found is None:
            moving, needed = self.graph.depends_on([start]), _leading_to(self.graph, [end])
            between = [p for p in range(start + 1, end + 1) if moving[p] and p in needed]
            last = {i: p for p in between for i in self.graph.nodes[p].inputs}
            done: dict[int, list[int]] = {}
            for i, p in last.items():
                done.setdefault(p, []).append(i)
            found = [(p, self.graph.nodes[p].inputs, tuple(done.get(p, ()))) for p in between]
            self._orders[start, end] = found
        return found

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
        values = np.broadcast_to(self.values[self.output], self.shapes[self.output])
        return dense(moved, values).reshape(-1, len(flat))

    def results_together(self, nudges: Sequence[Nudges]) -> Array:
        """The results of nudges of several inputs, (results, K), in a row: their ways are one from where they meet."""
        groups = []
        first = 0
        for start, flat, targets in nudges:
            columns = np.arange(first, first := first + len(flat))
            groups.append((start, point(self.shapes[start], flat, targets), columns))
        made = np.empty((self.base.size, first))
        made[...] = self.base[:, None]
        for position, moved, columns in self._met(groups):
            found = self.follow(position, moved)
            if found is not None:
                made[:, columns] = dense(found, self.values[self.output]).reshape(len(made), -1)
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

    def room(self, start: int) -> int:
        """How many nudges of an input go into one chunk."""
        if start not in self._room:
            size = int(np.prod(self.shapes[start], dtype=np.int64))
            flat = np.array([0, size - 1])
            values = np.broadcast_to(self.values[start], self.shapes[start]).reshape(-1)[flat]
            self._room[start] = self.room_for(start, point(self.shapes[start], flat, values), self.output)
        return self._room[start]

    def room_for(self, start: int, sample: Moved, end: int) -> int:
        """How many nudges like those of `sample` go into one chunk."""
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


# -- in the place of the plain loop ------------------------------------------------------------------------------------


class StructuredSampler(Sampler):
    """A sampler that follows nudges through the graph. `node_of` names the input of each part that this is done for."""

    def __init__(self, subject: Subject, entries: Entries, structure: Structure, node_of: dict[int, int]) -> None:
        super().__init__(subject, entries)
        self.structure = structure
        self.node_of = node_of
        self.said: dict[int, str] = {}

    def mode_of(self, part: int) -> str:
        return self.said.get(part) or ("structure" if part in self.node_of else super().mode_of(part))

    def only(self, rows: Array) -> StructuredSampler:
        """The same for some of the entries."""
        entries = self.entries
        some = Entries(entries.part[rows], entries.index[rows], entries.value[rows], entries.scale[rows])
        return StructuredSampler(self.subject, some, self.structure, self.node_of)

    def _fill(self, ids: Array, targets: Array, values: Array, progress: Progress) -> None:
        if self.interrupted:
            return
        parts = self.entries.part[ids]
        present = list(dict.fromkeys(parts.tolist()))
        nodes = [self.node_of[part] for part in present if part in self.node_of]
        if len(nodes) == len(present) > 1 and len(ids) <= min(map(self.structure.room, nodes)):
            self._follow_all(ids, [np.flatnonzero(parts == part) for part in present], targets, values, progress)
            return
        for part in dict.fromkeys(parts.tolist()):
            columns = np.flatnonzero(parts == part)
            if part in self.node_of:
                self._follow(self.node_of[part], self.entries.index[ids[columns]], columns, targets, values, progress)
            else:
                found = values[:, columns]
                index = self.entries.index[ids[columns]]
                evaluate_shard(self.subject, parts[columns], index, targets[:, columns], found, progress)
                values[:, columns] = found

    def _follow_all(self, ids: Array, columns: list[Array], targets: Array, values: Array, progress: Progress) -> None:
        """Few nudges of several arrays: all at once."""
        part, index = self.entries.part[ids], self.entries.index[ids]
        with np.errstate(all="ignore"):
            for row in range(len(targets)):
                nudges = [(self.node_of[int(part[some[0]])], index[some], targets[row, some]) for some in columns]
                values[row, np.concatenate(columns)] = self.structure.results_together(nudges).T
                self.subject.evaluations += len(ids)
                progress.step(len(ids))

    def _follow(
        self, node: int, index: Array, columns: Array, targets: Array, values: Array, progress: Progress
    ) -> None:
        room = self.structure.room(node)
        with np.errstate(all="ignore"):
            for row in range(len(targets)):
                for first in range(0, len(columns), room):
                    some = columns[first : first + room]
                    found = self.structure.results(node, index[first : first + room], targets[row, some])
                    values[row, some] = found.T
                    self.subject.evaluations += len(some)
                    progress.step(len(some))


def structured_sampler(start: Start, entries: Entries, noise: Array) -> StructuredSampler | None:
    """A sampler that knows the graph; None where the function cannot be traced, or the graph is not the function."""
    found = traced_structure(start)
    if found is None:
        return None
    structure, node_of = found
    if not np.allclose(structure.base, start.base, rtol=64 * DOUBLE, atol=float(noise.max(initial=0)), equal_nan=True):
        return None
    sampler = StructuredSampler(start.subject, entries, structure, node_of)
    doubtful = [part for part in node_of if not _agrees(sampler, part, noise)]
    for part in doubtful:
        del node_of[part]
    return sampler if node_of else None


def traced_structure(start: Start) -> tuple[Structure, dict[int, int]] | None:
    """The graph at the point, and the input that stands for each part; None where there is none to be trusted."""
    subject = start.subject
    if subject.single or start.unit > DOUBLE:
        return None  # rounding to single precision hangs on the order in which terms are added up
    trace = start.trace or followed(subject)
    if trace is None or len(trace.outputs) != 1 or any(node.dtype.kind == "c" for node in trace.graph.nodes):
        return None
    graph = trace.graph
    mine = {a.key: a.parts for a in subject.arguments}
    pairs = [pair for a in trace.arguments for pair in zip(mine[a.key], a.positions, strict=True)]
    node_of = {part: node for part, node in pairs if node is not None and part in set(subject.moving)}
    if graph.guards:
        # A nudge that turned a decision of Python's would lead to another graph.
        reached = {part: graph.depends_on([node]) for part, node in node_of.items()}
        node_of = {p: node for p, node in node_of.items() if not any(reached[p][g.node] for g in graph.guards)}
    return Structure(graph, trace.values), node_of


def _agrees(sampler: StructuredSampler, part: int, noise: Array) -> bool:
    """Whether a few entries, nudged in the function itself, give what following them through the graph does."""
    rows = np.flatnonzero(sampler.entries.part == part)
    if not len(rows):
        return True
    chosen = np.random.default_rng(3).choice(rows, min(TRIED, len(rows)), replace=False)
    offsets = np.exp2(np.rint(np.log2(sampler.entries.scale[chosen])) - 10)[None]
    plain = Sampler(sampler.subject, sampler.entries).sample(chosen, offsets).values
    try:
        followed = sampler.sample(chosen, offsets).values
    except Exception:
        # An op of the user's own may do anything with arrays that it does not expect.
        return False
    allowed = 16 * noise + 256 * DOUBLE * np.abs(np.nan_to_num(plain))
    same = (plain == followed) | (np.isnan(plain) & np.isnan(followed))
    return bool(np.all(same | (np.abs(plain - followed) <= allowed)))
