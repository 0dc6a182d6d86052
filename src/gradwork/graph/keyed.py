"""Graphs as keys: what was made from a graph is found again for an equal one.

Two graphs have one key where they are the same node for node, with shapes, dtypes and constants to the last bit, and
where their operations are the same declarations. So whatever is made from a graph alone may be looked up by it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import numpy as np

from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.op import REGISTER

LARGEST = 2**20  # bytes of constants in a key
MOST_NODES = 3000


class Kept:
    """What was made lately, by key.

    >>> kept = Kept(1)
    >>> kept.put("a", 1), kept.put("b", 2), kept.get("a"), kept.get("b")
    (1, 2, None, 2)
    """

    def __init__(self, most: int = 64) -> None:
        self.most = most
        self.found: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """What was made for the key; None where nothing was."""
        with self._lock:
            if key not in self.found:
                return None
            self.found.move_to_end(key)
            return self.found[key]

    def put(self, key: Hashable, made: Any) -> Any:
        """Keep what was made; gives what is kept for the key, which another thread may have made before."""
        with self._lock:
            made = self.found.setdefault(key, made)
            while len(self.found) > self.most:
                self.found.popitem(last=False)
            return made


class Hashed:
    """A long key whose hash is worked out once."""

    def __init__(self, key: Hashable) -> None:
        self.key, self.hash = key, hash(key)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Hashed) and self.hash == other.hash and self.key == other.key)


def graph_key(graph: Graph, named: bool = False) -> Hashable | None:
    """All that a program is written from, as something that can be compared; None where that is too large.

    named: names and places in the user's text count too.
    """
    size = sum(np.asarray(value).nbytes for value in graph.constants.values())
    if graph.guards or size > LARGEST or len(graph.nodes) > MOST_NODES:
        return None
    constants = tuple((i, array_key(value)) for i, value in graph.constants.items())
    words = tuple((n.name, n.where) for n in graph.nodes) if named else None
    nodes = tuple((n.op, n.inputs, n.params, n.shape, n.dtype) for n in graph.nodes)
    return None if None in (key for _, key in constants) else _hashed(
        (nodes, graph.inputs, graph.outputs, constants, words)
    )  # fmt: skip


def _hashed(key: Any) -> Hashed | None:
    try:
        return Hashed(key)
    except TypeError:
        return None


def array_key(value: Any) -> Hashable | None:
    """An array, to the bit; None where it is too large for a key, or not of numbers."""
    array = np.asarray(value)
    if array.nbytes > LARGEST or array.dtype.hasobject:
        return None
    return (array.dtype, array.shape, array.tobytes())


def operations(graph: Graph) -> tuple[Any, ...] | None:
    """The operations of a graph; None where one may look at more than its arguments."""
    names = dict.fromkeys(n.op for n in graph.nodes if n.op not in (INPUT, CONSTANT))
    found = tuple(REGISTER.named(name) for name in names)
    return found if all(op.fixed for op in found) else None
