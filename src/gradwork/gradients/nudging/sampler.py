"""Evaluating the function at nudged points, entry by entry: here, or on the workers of an executor.

Points are cut into shards of a fixed size, so that results do not depend on how many workers there are.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.nudging.progress import Progress
from gradwork.gradients.nudging.shards import SHARD, Carried, Shard, run_elsewhere
from gradwork.gradients.nudging.subject import Array, Subject


@dataclass(frozen=True, eq=False)
class Entries:
    """Every entry that is nudged, in one row after the other: its part, its place in it, its value and its scale."""

    part: Array
    index: Array
    value: Array
    scale: Array


def entries_of(subject: Subject) -> Entries:
    """List the entries. An entry's scale is max(|entry|, RMS of its array), or 1 where all of that is zero."""
    part, index, value, scale = [], [], [], []
    for i in subject.moving:
        flat = np.asarray(subject.work[i], dtype=np.float64)
        rms = _root_mean_square(flat)
        part.append(np.full(flat.size, i))
        index.append(np.arange(flat.size))
        value.append(flat)
        found = np.maximum(np.abs(flat), rms)
        scale.append(np.where(found > np.finfo(float).tiny * 2.0**60, found, 1.0))
    return Entries(*(np.concatenate(column) if column else np.zeros(0) for column in (part, index, value, scale)))


def _root_mean_square(flat: Array) -> float:
    finite = np.abs(flat[np.isfinite(flat)])
    largest = float(finite.max(initial=0.0))
    # Divided first: the square of 1e200 would overflow.
    return largest * float(np.sqrt(np.mean((finite / largest) ** 2))) if largest else 0.0


@dataclass(frozen=True, eq=False)
class Samples:
    """Results at nudged points, (offsets, entries, results), and the nudges as realised, (offsets, entries)."""

    values: Array
    moved: Array


class Sampler:
    """Evaluates a subject at nudged points; keeps count, tells how far it is, and stops in good order on Ctrl-C.

    own: None where every entry is followed to every result; otherwise which ones it is followed to, see `colouring.py`.
    """

    own: Any = None

    def __init__(self, subject: Subject, entries: Entries, executor: Executor | None = None) -> None:
        self.subject = subject
        self.entries = entries
        self.executor = executor
        self.interrupted = False
        self.progress = Progress()
        self._carried: Carried | None = None

    def sample(self, ids: Array, offsets: Array) -> Samples:
        """Move each entry of `ids` by each of its `offsets` (offsets, entries), alone, and give the results.

        The offset is what is asked for; `moved` is what floating point made of it. Entries that an interrupt left out
        are NaN.
        """
        start = self.entries.value[ids]
        with np.errstate(over="ignore"):
            target = start + offsets
        targets = target.astype(np.float32).astype(np.float64) if self._single_grid(ids) else target
        values = np.full((*targets.shape, self.width), np.nan)
        self.progress.expect(targets.size)
        try:
            self._fill(ids, targets, values, self.progress)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self.progress.done()
        return Samples(values, targets - start)

    @property
    def width(self) -> int:
        """How many results belong to each nudge."""
        return int(np.prod(self.subject.shape))

    def mode_of(self, part: int) -> str:
        """How the nudges of a part are evaluated."""
        return "definition"

    def _single_grid(self, ids: Array) -> bool:
        if self.subject.single:
            return True
        dtypes = {getattr(self.subject.work[int(p)], "dtype", None) for p in np.unique(self.entries.part[ids])}
        return any(d is not None and d.itemsize < 8 for d in dtypes)

    def _fill(self, ids: Array, targets: Array, values: Array, progress: Progress) -> None:
        """Evaluate with the entries of `ids` at `targets`, into `values`."""
        shards = [slice(i, i + SHARD) for i in range(0, len(ids), SHARD)]
        work = [(self.entries.part[ids[s]], self.entries.index[ids[s]], targets[:, s], values[:, s]) for s in shards]
        if self.executor is None:
            self._here(work, progress)
        else:
            self._elsewhere(self.executor, work, progress)

    def _here(self, work: list[Shard], progress: Progress) -> None:
        for part, index, targets, values in work:
            if self.interrupted:
                return
            evaluate_shard(self.subject, part, index, targets, values, progress)

    def _elsewhere(self, executor: Executor, work: list[Shard], progress: Progress) -> None:
        def done(shard: Shard) -> None:
            self.subject.evaluations += shard[2].size
            progress.step(shard[2].size)

        if not self.interrupted:
            self._carried = self._carried or Carried(self.subject)
            run_elsewhere(executor, self._carried, evaluate_shard, work, done)


def evaluate_shard(
    subject: Subject, part: Array, index: Array, targets: Array, values: Array, progress: Progress | None = None
) -> None:
    """Fill `values` (offsets, entries, results), entry after entry, so that an interrupt leaves whole entries."""
    with np.errstate(all="ignore"):
        for j in range(targets.shape[1]):
            for k in range(targets.shape[0]):
                values[k, j] = subject.at(int(part[j]), int(index[j]), targets[k, j])
            if progress is not None:
                progress.step(targets.shape[0])
