"""The one central thing: a frozen program of array operations, in the order in which they are evaluated.

A `Graph` holds no values and no gradients. Whatever works on it (running, nudging, deriving, going back)
returns a record of its own, or another graph. Nodes name their inputs by position, so every method is a plain
loop and a chain of 50,000 operations is no deeper than one.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradwork.errors import ArgumentError, Where

if TYPE_CHECKING:
    from gradwork.graph.run import Run

INPUT = "input"
CONSTANT = "constant"


class Params(dict[str, Any]):
    """The static attributes of a node, such as an axis. Read only, hashable, picklable."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> None:
        raise TypeError("the attributes of a node cannot be changed; make a new node with graph.replace(...)")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _refuse  # type: ignore[assignment]

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(sorted((k, freeze(v)) for k, v in self.items())))

    def __reduce__(self) -> tuple[type[Params], tuple[dict[str, Any]]]:
        return Params, (dict(self),)


def freeze(value: Any) -> Hashable:
    """A hashable stand-in for an attribute: slices become tuples (they cannot be hashed before Python 3.12)."""
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, tuple):
        return tuple(freeze(v) for v in value)
    return value  # type: ignore[no-any-return]


NO_PARAMS = Params()


class Origin(NamedTuple):
    """What made a node.

    kind: "user" (the traced code), "rule" (a derivative rule), or "pass" (a rewriting of the graph).
    by:   the textbook name of the rule, or the name of the pass.
    node: the node that it came from, as a position in the graph that the rule or pass read.
    path: which input of that node the slope belongs to, counted from 0.
    role: the part that it plays, in words: "local slope of tanh at node 7".
    """

    kind: str = "user"
    by: str = ""
    node: int | None = None
    path: int | None = None
    role: str = ""


USER = Origin()


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: its op (by name), the positions of its inputs, and where the user wrote it."""

    op: str
    inputs: tuple[int, ...]
    params: Params
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str | None = None
    where: Where | None = None
    origin: Origin = USER


@dataclass(frozen=True, slots=True)
class Guard:
    """A decision of Python's that hung on a traced value: the graph is right only while it comes out the same."""

    node: int
    outcome: Any
    where: Where | None = None

    def holds(self, value: Any) -> bool:
        """Whether `value`, the node's value in another run, leads to the same decision."""
        if isinstance(self.outcome, bool):
            return bool(np.all(value)) == self.outcome
        return bool(np.array_equal(value, self.outcome))


@dataclass(frozen=True, eq=False)
class Graph:
    """A program in single-assignment form. `inputs` and `outputs` are positions in `nodes`.

    `constants` maps the position of a constant node to its value, which may be a single number standing for
    an array of equal ones. Print it to read it as a program; in a notebook it shows itself.

    >>> import gradwork as gw
    >>> graph = gw.trace(lambda x, w: (x * w) ** 2, 3.0, 2.0)
    >>> print(graph)
    graph(x, w)
      u2 = x * w
      u4 = u2 ** 2
      return u4
    >>> graph.run(3.0, 5.0).outputs
    (np.float64(225.0),)
    """

    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: Mapping[int, Any]
    guards: tuple[Guard, ...] = ()

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, in order; an input without a name is called by its node."""
        return tuple(self.nodes[i].name or f"u{i}" for i in self.inputs)

    def find(self, name: str) -> int:
        """The position of the last node of that name. Raises ArgumentError when there is none."""
        for position in range(len(self.nodes) - 1, -1, -1):
            if self.nodes[position].name == name:
                return position
        known = sorted({n.name for n in self.nodes if n.name})
        raise ArgumentError(f"the graph has no node named {name!r}", hint=f"one of {', '.join(known)}")

    def run(self, *values: Any, replaced: Mapping[int, Any] | None = None) -> Run:
        """Evaluate every node in order. See `gradwork.graph.run.run`."""
        from gradwork.graph.run import run

        return run(self, values, replaced=replaced)

    def replace(self, position: int, **changes: Any) -> Graph:
        """The same graph with one node changed: how a deliberate mistake (a mutant) is made.

        Raises ArgumentError if the node would read a later one.
        """
        node = replace(self.nodes[position], **changes)
        if any(not 0 <= i < position for i in node.inputs):
            raise ArgumentError(
                f"node {position} cannot read nodes {node.inputs}",
                why="a node reads only nodes that stand before it",
            )
        return replace(self, nodes=(*self.nodes[:position], node, *self.nodes[position + 1 :]))

    def with_outputs(self, outputs: Sequence[int]) -> Graph:
        """The same nodes with other results."""
        return replace(self, outputs=tuple(outputs))

    @functools.cached_property
    def consumers(self) -> tuple[tuple[int, ...], ...]:
        """For each node, the positions of the nodes that read it."""
        readers: list[list[int]] = [[] for _ in self.nodes]
        for position, node in enumerate(self.nodes):
            for i in dict.fromkeys(node.inputs):
                readers[i].append(position)
        return tuple(map(tuple, readers))

    def depends_on(self, sources: Sequence[int]) -> list[bool]:
        """For each node, whether its value can move when one of `sources` does."""
        moving = [False] * len(self.nodes)
        for source in sources:
            moving[source] = True
        for position, node in enumerate(self.nodes):
            if not moving[position]:
                moving[position] = any(moving[i] for i in node.inputs)
        return moving

    def __str__(self) -> str:
        from gradwork.graph.show import program_text

        return program_text(self)

    def __repr__(self) -> str:
        return f"<Graph of {len(self.nodes)} nodes: ({', '.join(self.input_names)}) -> {len(self.outputs)} result(s)>"

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(str(self))}</pre>"
