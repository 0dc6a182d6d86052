"""Work on other machines: shards of a fixed size, and a function that travels once a worker and not once a shard.

Shards do not depend on how many workers there are, and each result has its place, so the sum of it is the same to the
last bit on one thread or on fifty machines. A worker of `dask.distributed` that is lost loses its shards to others.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from hashlib import sha256
from typing import Any, Protocol

import numpy as np

from gradwork.errors import ArgumentError
from gradwork.gradients.nudging.subject import Array

SHARD = 32  # entries
SMALL = 2**16  # bytes: a subject below travels with every shard
KEPT = 4  # subjects that a worker keeps

Shard = tuple[Array, Array, Array, Array]  # parts, indices, targets, and where their values go
Evaluate = Callable[[Any, Array, Array, Array, Array], None]
_KEPT: OrderedDict[str, Movable] = OrderedDict()


class Movable(Protocol):
    """What travels: the function at its point, of which every shard moves a copy."""

    shape: tuple[int, ...]

    def fresh(self) -> Movable:
        """Another one with arrays of its own."""

    def check_unchanged(self) -> None:
        """Raise ChangedArgumentError if the function has changed what it was given."""


class Carried:
    """A subject on its way to a worker: whole, or by the key under which the worker has kept it.

    Between threads nothing is pickled, and the subject is handed over as it is.
    """

    def __init__(self, subject: Movable) -> None:
        self.subject: Movable | None = subject
        self.whole = True
        self._pickled: tuple[str, bytes] | None = None

    def pickled(self) -> tuple[str, bytes]:
        """The key and the bytes, made once."""
        if self._pickled is None:
            data = _dumped(self.subject)
            self._pickled = sha256(data).hexdigest(), data
        return self._pickled

    def by_key(self) -> Carried:
        """The same without the bytes, for workers that have them; itself if it is small, or was never pickled."""
        if self._pickled is None or len(self._pickled[1]) <= SMALL:
            return self
        other = Carried.__new__(Carried)
        other.subject, other.whole, other._pickled = self.subject, False, self._pickled
        return other

    def __getstate__(self) -> tuple[str, bytes | None]:
        key, data = self.pickled()
        return key, data if self.whole else None

    def __setstate__(self, state: tuple[str, bytes | None]) -> None:
        key, data = state
        self.whole, self._pickled = data is not None, None
        if data is not None and key not in _KEPT:
            _KEPT[key] = pickle.loads(data)
            while len(_KEPT) > KEPT:
                _KEPT.popitem(last=False)
        self.subject = _KEPT.get(key)


def _dumped(subject: Movable | None) -> bytes:
    # What brings workers of its own (loky, dask) brings cloudpickle, which also takes what is defined in a session.
    other = sys.modules.get("cloudpickle")
    try:
        return bytes(other.dumps(subject)) if other is not None else pickle.dumps(subject)
    except Exception as error:
        raise pickle.PicklingError(str(error)) from error


def evaluated_apart(carried: Carried, evaluate: Evaluate, part: Array, index: Array, targets: Array) -> Array | None:
    """One shard's values; None where this worker has not the subject yet."""
    if carried.subject is None:
        return None
    # Arrays of its own: another thread is moving other entries of the same arguments.
    apart = carried.subject.fresh()
    values = np.full((*targets.shape, int(np.prod(apart.shape))), np.nan, np.result_type(targets, np.float64))
    evaluate(apart, part, index, targets, values)
    apart.check_unchanged()
    return values


def run_elsewhere(
    executor: Executor, carried: Carried, evaluate: Evaluate, work: list[Shard], done: Callable[[Shard], None]
) -> None:
    """Have the shards evaluated by the executor, each into its place; `done` is told of each.

    Raises ArgumentError where the function cannot be sent. An interrupt gives up what has not begun.
    """
    waiting = list(reversed(work))
    running: dict[Future[Any], tuple[Shard, Carried]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < _at_once(executor):
                _submit(executor, carried.by_key(), evaluate, waiting.pop(), running)
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                shard, sent = running.pop(future)
                found = future.result()
                if found is None and not sent.whole:
                    _submit(executor, carried, evaluate, shard, running)
                    continue
                shard[3][:] = found
                done(shard)
    except pickle.PicklingError as error:
        raise ArgumentError(
            "the function cannot be sent to another process",
            why=str(error),
            hint="define it at the top of a module, or use a concurrent.futures.ThreadPoolExecutor",
        ) from error
    finally:
        for future in running:
            future.cancel()


def _submit(
    executor: Executor,
    carried: Carried,
    evaluate: Evaluate,
    shard: Shard,
    running: dict[Future[Any], tuple[Shard, Carried]],
) -> None:
    part, index, targets, _ = shard
    future = executor.submit(evaluated_apart, carried, evaluate, part, index, np.ascontiguousarray(targets))
    running[future] = (shard, carried)


def _at_once(executor: Executor) -> int:
    """How many shards are under way: enough to keep every worker busy, so few that an interrupt is soon over."""
    workers = getattr(executor, "_max_workers", None)
    client = getattr(executor, "_client", None)
    if client is not None:
        workers = sum(client.ncores().values())
    return 2 * max(workers or os.cpu_count() or 1, 2)
