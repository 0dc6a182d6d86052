"""Nudging together what cannot meet: entries that no entry of the result has in common share one evaluation.

A function that gives an array has a slope for each pair of a result and an entry, and most of these are 0 where each
result hangs on few entries: a band, a stencil, rows of a batch. Which ones is read off the graph (`sparsity.py`).
Entries are then given colours, so that two that meet in a result differ; all entries of one colour are nudged at once,
each by a step of its own, and every result tells of the one among them that it hangs on. Three colours serve a
tridiagonal matrix of any size. A result that hangs on every entry, as in the last row of an arrow-shaped matrix, makes
all colours differ: then nothing is gained, and nothing is shared.

Nothing is taken on trust: what none of the nudged entries reaches has to stay where it was, to the last bit, and a few
entries are nudged alone first. Where that fails, every entry is nudged by itself.

Source: Curtis, Powell and Reid 1974; Coleman and More 1983 (orders in which greedy colouring needs few colours).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence

import numpy as np

from gradwork.gradients.nudging.branches import places_of
from gradwork.gradients.nudging.ladder import Climbed
from gradwork.gradients.nudging.noise import Noise
from gradwork.gradients.nudging.progress import Progress
from gradwork.gradients.nudging.rungs import Rung
from gradwork.gradients.nudging.sampler import Entries, Sampler
from gradwork.gradients.nudging.sparsity import Dense, pattern_of
from gradwork.gradients.nudging.start import Start
from gradwork.gradients.nudging.subject import Array, Subject, changed_argument

TRIED = 3  # entries that are nudged alone before others are trusted to share
PAIRS = 200_000  # conflicts, up to which the order "smallest last" is worth its time
Measure = Callable[[Sampler, Noise, Array | None], Climbed]
WORTH = 2  # so many times fewer nudges than entries, or it is not worth it


class Spilled(Exception):
    """A result moved that hangs on none of the entries that were nudged: the pattern is not that of the function."""


class ColouredSampler(Sampler):
    """A sampler that nudges entries of one colour together.

    Its results are those that an entry reaches, and no others: `own` (entries, most of them) says which. Where an entry
    reaches fewer than the most, it names a result that is none, one beyond the last, which is always 0.
    """

    def __init__(self, subject: Subject, entries: Entries, base: Array, own: Array, colour: Array) -> None:
        super().__init__(subject, entries)
        self.base, self.colour = base, colour
        self.own: Array = own
        self.colours = int(colour.max(initial=-1)) + 1

    def mode_of(self, part: int) -> str:
        return "coloured"

    @property
    def width(self) -> int:
        return int(self.own.shape[1])

    def _fill(self, ids: Array, targets: Array, values: Array, progress: Progress) -> None:
        order = np.argsort(self.colour[ids], kind="stable")
        ends = np.flatnonzero(np.diff(self.colour[ids[order]])) + 1
        with np.errstate(all="ignore"):
            for some in np.split(order, ends):
                for k in range(len(targets)):
                    if self.interrupted:
                        return
                    values[k, some] = self.together(ids[some], targets[k, some])
                    progress.step(len(some))

    def together(self, ids: Array, targets: Array) -> Array:
        """What each of these entries does to its own results, (entries, most), all of them being nudged at once."""
        result = moved_together(self.subject, self.entries, ids, targets)
        if len(ids) > 1 and (np.isfinite(self.base) & ~np.isfinite(result)).any():
            # One of them left the domain: it must not take the others along.
            half = len(ids) // 2
            return np.concatenate([self.together(ids[s], targets[s]) for s in (slice(half), slice(half, None))])
        own = self.own[ids]
        if len(ids) == 1 and not np.isfinite(result).any():
            return np.where(own < len(self.base), np.nan, 0.0)
        reached = np.zeros(len(self.base) + 1, dtype=bool)
        reached[own] = True
        if not np.array_equal(result[~reached[:-1]], self.base[~reached[:-1]], equal_nan=True):
            raise Spilled
        return np.asarray(np.append(result, 0.0)[own])

    def expanded(self, found: Climbed) -> Climbed:
        """The same for all results: what an entry does not reach stands still, and there is no doubt about it."""
        still, nothing = np.append(self.base, 0.0), np.append(np.zeros_like(self.base), 0.0)
        rung = found.rung
        unused = np.broadcast_to(np.nan, (len(self.own), len(self.base)))
        corners = bool(found.corner.any())
        chosen = {
            name: self._spread_out(getattr(rung, name), background)
            for name, background in (
                ("after", still), ("below", still), ("left", nothing), ("right", nothing), ("curvature", nothing),
                *((("left0", nothing), ("right0", nothing)) if corners else ()),
            )
        }  # fmt: skip
        rest = ("left0", "right0", "plain", "truncation", "rounding", "gap", "finer_gap", "slope")
        wide = Rung(step=rung.step, **{**dict.fromkeys(rest, unused), **chosen})
        flags = [self._spread_out(flag, nothing.astype(bool)) for flag in (found.corner, found.jump)]
        slope, bar = (self._spread_out(v, nothing, jumps=True) for v in (found.slope, found.bar))
        if self.interrupted:
            undone = np.isnan(found.slope).all(axis=1)
            slope[undone], bar[undone] = np.nan, np.inf
        return Climbed(wide, slope, bar, flags[0], flags[1], found.undefined, found.at, found.unasked)

    def _spread_out(self, values: Array, background: Array, jumps: bool = False) -> Array:
        """Laid out with the entries side by side in memory, as the arrays of the record are."""
        wide = np.empty((len(background), len(values)), values.dtype)
        wide[:] = background[:, None]
        if values.dtype.kind == "f" and not jumps:
            wide[:, np.isnan(values).all(axis=1)] = np.nan  # not nudged, or not that way
        wide.T[np.arange(len(values))[:, None], self.own] = values
        return wide[:-1].T


def moved_together(subject: Subject, entries: Entries, ids: Array, targets: Array) -> Array:
    """The result with several entries at their targets, all others where they are; NaN outside the domain."""
    if len(ids) == 1:
        return subject.at(int(entries.part[ids[0]]), int(entries.index[ids[0]]), float(targets[0]))
    kept = {}
    for part in np.unique(entries.part[ids]).tolist():
        work, mine = subject.work[part], entries.part[ids] == part
        assert work is not None
        kept[part] = work.copy()
        work[entries.index[ids[mine]]] = targets[mine]
    changed = []
    try:
        result = subject.value()
    except (ArithmeticError, ValueError):
        result = np.full(math.prod(subject.shape), np.nan)
    finally:
        for part, before in kept.items():
            work, mine = subject.work[part], entries.part[ids] == part
            assert work is not None
            put = before.copy()
            put[entries.index[ids[mine]]] = targets[mine]
            changed += [] if np.array_equal(work, put, equal_nan=True) else [part]
            work[:] = before
    if changed:
        raise changed_argument(subject.parts[changed[0]].name)
    return result if result.size == math.prod(subject.shape) else np.full(math.prod(subject.shape), np.nan)


# -- who shares -------------------------------------------------------------------------------------------------------


def coloured_sampler(start: Start, entries: Entries, asked: bool) -> ColouredSampler | None:
    """A sampler that shares nudges; None where the graph is not known, or shows that it would gain too little.

    asked: by name, so that any gain will do.
    """
    results, count = len(start.base), len(entries.part)
    if start.trace is None or min(results, count) < 2:
        return None
    graph, inputs = start.trace.graph, places_of(start.trace, start.subject)
    if set(inputs) != set(start.subject.moving) or any(
        graph.depends_on(list(inputs.values()))[g.node] for g in graph.guards
    ):
        return None  # a nudge that turned a decision of Python's would lead to another graph
    first = {
        inputs[part]: int(np.flatnonzero(entries.part == part)[0]) for part in inputs if (entries.part == part).any()
    }
    try:
        with np.errstate(all="ignore"):
            pattern = pattern_of(graph, start.trace.values, first, count)
    except Dense:
        return None
    colour = colours_of(pattern // count, pattern % count, count)
    if (colour.max(initial=0) + 1) * (1 if asked else WORTH) > (count - 1 if asked else count):
        return None
    sampler = ColouredSampler(start.subject, entries, start.base, _own(pattern, count, results), colour)
    return sampler if _trusted(sampler) else None


def _own(pattern: Array, count: int, results: int) -> Array:
    """The results that each entry reaches, filled up with one beyond the last."""
    by_entry = np.argsort(pattern % count, kind="stable")
    entry, result = pattern[by_entry] % count, pattern[by_entry] // count
    each = np.bincount(entry, minlength=count)
    own = np.full((count, max(1, int(each.max(initial=0)))), results)
    own[entry, np.arange(len(entry)) - (np.cumsum(each) - each)[entry]] = result
    return own


def _trusted(sampler: ColouredSampler) -> bool:
    """Whether a few entries do the same alone as together with others, and nothing else."""
    generator = np.random.default_rng(5)
    entries = sampler.entries
    with np.errstate(all="ignore"):
        targets = entries.value + np.exp2(np.rint(np.log2(entries.scale)) - 10)
        try:
            for row in generator.choice(len(targets), min(TRIED, len(targets)), replace=False):
                mine = np.flatnonzero(sampler.colour == sampler.colour[row])
                shared = sampler.together(mine, targets[mine])[np.searchsorted(mine, row)]
                alone = sampler.together(np.array([row]), targets[[row]])[0]
                if not np.allclose(shared, alone, rtol=2.0**-40, atol=0.0, equal_nan=True):
                    return False
        except Spilled:
            return False
    return True


def measured_together(
    measure: Measure, sampler: ColouredSampler, noise: Noise, steps: Array | None
) -> tuple[Climbed, Sampler]:
    """What `measure` finds with nudges that are shared; if the pattern turns out wrong, with every entry by itself."""
    try:
        return sampler.expanded(measure(sampler, noise, steps)), sampler
    except Spilled:
        plain = Sampler(sampler.subject, sampler.entries)
        return measure(plain, noise, steps), plain


# -- colours ----------------------------------------------------------------------------------------------------------


def colours_of(results: Array, entries: Array, count: int) -> Array:
    """A colour for each of `count` entries, so that two that meet in a result differ. Greedy, in several orders.

    results, entries: the pairs of a result and an entry that it hangs on, results in order.

    >>> colours_of(np.repeat(np.arange(4), 2), np.array([0, 1, 1, 2, 2, 3, 3, 4]), 5).tolist()    # a chain
    [0, 1, 0, 1, 0]
    """
    order = np.argsort(entries, kind="stable")
    reached = np.split(results[order], np.cumsum(np.bincount(entries, minlength=count))[:-1])
    rows: list[list[int]] = [r.tolist() for r in reached]
    meeting = np.bincount(results) if len(results) else np.zeros(1, dtype=int)
    fewest = int(meeting.max())  # those that meet in one result all differ
    weight = np.bincount(entries, weights=meeting[results], minlength=count)
    orders = [np.arange(count), np.argsort(-weight, kind="stable")]
    best = None
    for n in range(3):
        if n == 2 and int((meeting.astype(float) ** 2).sum()) > PAIRS:
            break
        found = _greedy(rows, orders[n] if n < 2 else _smallest_last(rows, results, entries), int(meeting.size))
        if best is None or found.max(initial=-1) < best.max(initial=-1):
            best = found
        if best.max(initial=-1) + 1 <= fewest:
            break
    assert best is not None
    return best


def _greedy(rows: Sequence[Sequence[int]], order: Array, results: int) -> Array:
    """Each entry in turn gets the first colour that nobody has whom it meets; colours are bits of a whole number."""
    taken = [0] * results
    colour = np.zeros(len(rows), dtype=int)
    for entry in order.tolist():
        mine = rows[entry]
        seen = 0
        for result in mine:
            seen |= taken[result]
        free = ~seen & (seen + 1)
        colour[entry] = free.bit_length() - 1
        for result in mine:
            taken[result] |= free
    return colour


def _smallest_last(rows: Sequence[Sequence[int]], results: Array, entries: Array) -> Array:
    """Last comes who meets the fewest others; then, among the others, again: Matula 1968, Coleman and More 1983."""
    members: list[list[int]] = [[] for _ in range(int(results.max(initial=-1)) + 1)]
    for result, entry in zip(results.tolist(), entries.tolist(), strict=True):
        members[result].append(entry)
    meets = [set().union(*(members[r] for r in mine)) - {e} for e, mine in enumerate(rows)]
    degree = [len(m) for m in meets]
    heap = [(d, e) for e, d in enumerate(degree)]
    heapq.heapify(heap)
    done, order = [False] * len(rows), []
    while heap:
        d, entry = heapq.heappop(heap)
        if done[entry] or d != degree[entry]:
            continue
        done[entry] = True
        order.append(entry)
        for other in meets[entry]:
            if not done[other]:
                degree[other] -= 1
                heapq.heappush(heap, (degree[other], other))
    return np.array(order[::-1], dtype=int)
