"""In the place of the plain loop: nudges that are followed through the graph, where the graph is the function.

What cannot be traced, or does not give what the function itself gives when a few entries are tried, stays with the
loop.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradwork.gradients.nudging.branches import followed
from gradwork.gradients.nudging.progress import Progress
from gradwork.gradients.nudging.sampler import Entries, Sampler, evaluate_shard
from gradwork.gradients.nudging.start import DOUBLE, Start
from gradwork.gradients.nudging.structure import Structure
from gradwork.gradients.nudging.subject import Array, Subject

TRIED = 3  # entries of each array that the function itself is asked about


class StructuredSampler(Sampler):
    """A sampler that follows nudges through the graph. `node_of` names the input of each part that this is done for."""

    def __init__(self, subject: Subject, entries: Entries, structure: Structure, node_of: dict[int, int]) -> None:
        super().__init__(subject, entries)
        self.structure = structure
        self.node_of = node_of
        self.said: dict[int, str] = {}
        self._tried = False

    def mode_of(self, part: int) -> str:
        return self.said.get(part) or ("structure" if part in self.node_of else super().mode_of(part))

    def leave_doubtful(self, noise: Array) -> None:
        """Leave those parts to the plain loop for which following a few nudges is not what the function does."""
        if self._tried:
            return
        self._tried = True
        if not _agrees(self, list(self.node_of), noise):
            for part in [part for part in self.node_of if not _agrees(self, [part], noise)]:
                del self.node_of[part]

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
        if len(nodes) == len(present) > 1 and self.structure.fits(len(ids), nodes):
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


def structured_sampler(start: Start, entries: Entries, noise: Array, tried: bool = True) -> StructuredSampler | None:
    """A sampler that knows the graph; None where the function cannot be traced, or the graph is not the function.

    tried: whether a few entries are nudged in the function itself, too. What is not tried here has to be, later on.
    """
    found = traced_structure(start)
    if found is None:
        return None
    structure, node_of = found
    if not np.allclose(structure.base, start.base, rtol=64 * DOUBLE, atol=float(noise.max(initial=0)), equal_nan=True):
        return None
    sampler = StructuredSampler(start.subject, entries, structure, node_of)
    if tried:
        sampler.leave_doubtful(noise)
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


def _agrees(sampler: StructuredSampler, parts: Sequence[int], noise: Array) -> bool:
    """Whether a few entries, nudged in the function itself, give what following them through the graph does."""
    generator = np.random.default_rng(3)
    several = [np.flatnonzero(sampler.entries.part == part) for part in parts]
    few = [generator.choice(rows, min(TRIED, len(rows)), replace=False) for rows in several if len(rows)]
    if not few:
        return True
    chosen = np.concatenate(few)
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
