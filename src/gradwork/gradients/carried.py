"""A whole gradient carried forward: one entry moves by 1, and the rules say how far the loss moves.

It uses the pushforwards of the ops where going back uses their pullbacks, so the two check each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwork.gradients.forward import sweep_forward
from gradwork.graph.builder import Builder
from gradwork.graph.graph import Graph
from gradwork.graph.run import run
from gradwork.graph.traced import Traced


def carried_forward(graph: Graph, values: Sequence[Any], position: int) -> Any:
    """The slopes of `graph`'s one output by each entry of the input at node `position`, in that input's shape.

    values: those of every node. One pass forward an entry.

    >>> import numpy as np, gradwork as gw
    >>> graph = gw.trace("sum(x^3)", x=np.array([1.0, 2.0]))
    >>> carried_forward(graph, graph.run(np.array([1.0, 2.0])).values, graph.find("x")).tolist()
    [3.0, 12.0]
    """
    builder = Builder.on(graph, values)
    shape, dtype = builder.shape(position), builder.dtype(position)
    unit = np.zeros(shape, dtype)[()]
    moving = {position: Traced(builder, builder.input(unit, "tangent"))}
    moved = sweep_forward(builder, moving, len(graph.nodes) - 1)
    slopes = np.zeros(shape, dtype)
    if graph.outputs[0] not in moved:
        return slopes[()]
    pushed = builder.graph([moved[graph.outputs[0]].index])
    inputs = [values[i] for i in graph.inputs]
    for index in np.ndindex(shape):
        unit = np.zeros(shape, dtype)
        unit[index] = 1
        slopes[index] = np.reshape(run(pushed, [*inputs, unit[()]], known=values).outputs[0], -1)[0]
    return slopes[()]
