"""Evaluating the function at nudged points, entry by entry: here, or on the workers of an executor.

Points are cut into shards of a fixed size, so that results do not depend on how many workers there are.
"""

from __future__ import annotations

import pickle
import sys
import time
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.gradients.nudging.subject import Array, Subject

SHARD = 32  # entries
Shard = tuple[Array, Array, Array, Array]  # parts, indices, targets, and where their values go
QUIET = 2.0  # seconds of work before anything is said


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
    """Evaluates a subject at nudged points; keeps count, tells how far it is, and stops in good order on Ctrl-C."""

    def __init__(self, subject: Subject, entries: Entries, executor: Executor | None = None) -> None:
        self.subject = subject
        self.entries = entries
        self.executor = executor
        self.interrupted = False

    def sample(self, ids: Array, offsets: Array) -> Samples:
        """Move each entry of `ids` by each of its `offsets` (offsets, entries), alone, and give the results.

        The offset is what is asked for; `moved` is what floating point made of it. Entries that an interrupt left out
        are NaN.
        """
        start = self.entries.value[ids]
        with np.errstate(over="ignore"):
            target = start + offsets
        targets = target.astype(np.float32).astype(np.float64) if self._single_grid(ids) else target
        values = np.full((*targets.shape, int(np.prod(self.subject.shape))), np.nan)
        progress = Progress(targets.size)
        try:
            self._fill(ids, targets, values, progress)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            progress.done()
        return Samples(values, targets - start)

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
        if self.interrupted:
            return
        part, index, targets, _ = zip(*work, strict=True) if work else ((), (), (), ())
        try:
            for shard, found in zip(
                work, executor.map(_shard_apart, [self.subject] * len(work), part, index, targets), strict=True
            ):
                shard[3][:] = found
                self.subject.evaluations += shard[2].size
                progress.step(shard[2].size)
        except (pickle.PicklingError, AttributeError) as error:
            raise ArgumentError(
                "the function cannot be sent to another process",
                why=str(error),
                hint="define it at the top of a module, or use a concurrent.futures.ThreadPoolExecutor",
            ) from error


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


def _shard_apart(subject: Subject, part: Array, index: Array, targets: Array) -> Array:
    # Arrays of its own: another thread is moving other entries of the same arguments.
    apart = subject.fresh()
    values = np.full((*targets.shape, int(np.prod(subject.shape))), np.nan)
    evaluate_shard(apart, part, index, targets, values)
    apart.check_unchanged()
    return values


class Progress:
    """One line on a terminal, after two seconds of work, wiped away at the end."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.reached = 0
        self.began = self.said = time.monotonic()
        self.shown = False

    def step(self, more: int) -> None:
        """So many evaluations more are done."""
        self.reached += more
        now = time.monotonic()
        if now - self.began > QUIET and now - self.said > 0.2 and sys.stderr is not None and sys.stderr.isatty():
            self.said, self.shown = now, True
            left = (now - self.began) * (self.count - self.reached) / max(1, self.reached)
            text = f"nudging: {self.reached:,} of {self.count:,} evaluations, {left:.0f} s left (Ctrl-C keeps them)"
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def done(self) -> None:
        """Take the line away."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
