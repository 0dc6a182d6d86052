"""By backpropagation: from the result back, one node at a time, as a graph of the same ops.

The graph that comes out begins with the nodes of the graph that went in, so every value of the forward pass can be
looked at beside the slope that comes back to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.gradients.rules import SMOOTH, pull_back
from gradwork.graph.builder import Builder
from gradwork.graph.graph import Graph, Origin
from gradwork.graph.traced import Traced, lift

SUM_OF_PATHS = "sum of paths"


@dataclass(frozen=True, eq=False)
class Adjoints:
    """A graph that goes forward and back. `of[k]` is the node that holds the slope coming back to node k."""

    graph: Graph
    of: dict[int, int]


def backpropagate(
    graph: Graph,
    wrt: Sequence[int],
    values: Sequence[Any] | None = None,
    seed: Any = None,
    still: Sequence[int] = (),
) -> Adjoints:
    """The graph that computes, after the forward pass, the slope of its one output by each node in `wrt`.

    values: those of every node, when they are known; then the slopes are computed at once.
    seed:   what the result counts for, 1 by default: a number or array of the output's shape.
    still:  nodes whose slope is known to cancel in the end, so that nothing need go back through them.

    >>> import gradwork as gw
    >>> graph = gw.trace("(x*w - y)^2", x=3.0, w=2.0, y=5.0)
    >>> adjoints = backpropagate(graph, wrt=[graph.find("w")])
    >>> adjoints.graph.run(3.0, 2.0, 5.0).outputs
    (np.float64(6.0),)
    """
    builder = Builder.on(graph, values)
    position = graph.outputs[0]
    one = np.ones((), builder.dtype(position))[()] if seed is None else seed
    with builder.by_rule(Origin("rule", "seed", position, None, "the result counts for itself")):
        start = Traced(builder, builder.constant(one, shape=builder.shape(position)))
    adjoints = sweep(builder, {position: start}, wrt, still)
    outputs = [lift(builder, adjoints[i]) if i in adjoints else zeros(builder, i) for i in wrt]
    return Adjoints(builder.graph(outputs), {k: t.index for k, t in adjoints.items()})


def zeros(builder: Builder, position: int) -> int:
    """A node of zeros, in the shape of another: the slope where nothing comes back."""
    dtype = builder.dtype(position)
    with builder.by_rule(Origin("rule", "constant rule", position, None, "the result does not depend on it")):
        return builder.constant(
            np.zeros((), dtype if dtype.kind in "fc" else np.float64)[()], shape=builder.shape(position)
        )


def sweep(
    builder: Builder, cotangents: dict[int, Traced], wrt: Sequence[int], still: Sequence[int] = ()
) -> dict[int, Traced]:
    """Go back from the nodes in `cotangents`; give what has come back to every node on a path to `wrt`.

    still: nodes that nothing need go back through.
    """
    last = max(cotangents)
    wanted = on_path(builder, wrt, last, still)
    rows = builder.rows
    waiting: dict[int, list[Traced]] = {position: [c] for position, c in cotangents.items()}
    adjoints: dict[int, Traced] = {}
    with np.errstate(all="ignore"):
        for position in range(last, -1, -1):
            arrived = waiting.pop(position, None)
            if not arrived or not wanted[position]:
                continue
            adjoint = adjoints[position] = add_up(builder, position, arrived)
            inputs = rows[position][1]
            going = [wanted[i] for i in inputs]
            if True in going:
                for i, slope in zip(inputs, pull_back(builder, position, adjoint, going), strict=True):
                    if slope is not None:
                        waiting.setdefault(i, []).append(slope)
    return adjoints


def on_path(builder: Builder, wrt: Sequence[int], last: int, still: Sequence[int] = ()) -> list[bool]:
    """For each node up to `last`, whether it depends on one of `wrt` and can carry a slope; none through `still`."""
    wanted = [False] * (last + 1)
    for i in wrt:
        if i <= last:
            wanted[i] = True
    for position, row in enumerate(builder.rows[: last + 1]):
        if position in still:
            continue
        for i in row[1]:
            if wanted[i]:
                wanted[position] = wanted[position] or row[4].kind in SMOOTH
                break
    return wanted


def add_up(builder: Builder, position: int, arrived: list[Traced]) -> Traced:
    """The slope at a node that several paths lead to is the sum of what each brings."""
    total = arrived[0]
    if len(arrived) > 1:
        with builder.by_rule(Origin("rule", SUM_OF_PATHS, position, None, f"sum over the paths from node {position}")):
            for one in arrived[1:]:
                total = total + one
    dtype = builder.dtype(position)
    return total if total.dtype == dtype else in_dtype(builder, total, dtype)


def in_dtype(builder: Builder, slope: Traced, dtype: Any) -> Traced:
    """A slope in the dtype of what it belongs to. A real number moves along the real line only: the rest drops out."""
    if dtype.kind not in SMOOTH or slope.dtype == dtype:
        return slope
    with builder.by_rule(
        Origin("rule", "real part rule", slope.index, None, "slope in the dtype of its argument"), builder.mark
    ):
        if slope.dtype.kind == "c" and dtype.kind != "c":
            slope = np.real(slope)
        return slope if slope.dtype == dtype else slope.astype(dtype)
