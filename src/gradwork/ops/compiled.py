"""Ops that only the compiled form of a graph has: nobody writes them, and pages never show them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.op import Op
from gradwork.notation.layout import call
from gradwork.ops._declare import node, public, structural
from gradwork.ops.indexing import GETITEM, Key, key_of, on_jax

ROWS = np.array([0, 1])
TABLE = np.array([[0.5, -1.0], [2.0, 1.0]])


@public
def add_at(a: Any, value: Any, *arrays: Any, index: Key) -> Any:
    """A copy of `a` with `value` added at the places that the index names."""
    changed = np.array(a)
    np.add.at(changed, key_of(index, arrays), value)
    return changed


ADD_AT: Op = structural(
    add_at,
    jax=lambda on, a, value, *arrays, index: on.np.asarray(a).at[on_jax(on, a.shape, index, arrays)].add(value),
    rule="sum rule",
    notation=lambda a, value, *arrays, index: call("add at", a, value),
    lower=lambda builder, a, value, *arrays, index: node(builder, ADD_AT, (a, value, *arrays), index=index),
    pullback=lambda g, y, a, value, *arrays, index: (
        g,
        node(g.builder, GETITEM, (g, *arrays), index=index),
        *(None for _ in arrays),
    ),
    linear="joint",
    analytic=True,
    arity=None,
    infer=lambda inputs, index: inputs[0],
    words=("_add_at",),
    samples=(
        (
            np.array([[0.5, -1.0], [2.0, 1.0]]),
            np.array([1.0, -3.0]),
            ROWS,
            ROWS,
            {"index": (("array", 0), ("array", 1))},
        ),
    ),
    why="Both what stood there and what is added take the whole slope.",
    source="by definition",
)
