"""The gradients of a loss of which some steps are written otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.evidence import Joint
from gradwork.check.given import Array
from gradwork.gradients.backprop import sweep
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.op import REGISTER
from gradwork.graph.run import spread
from gradwork.graph.traced import Traced, lift


class Steps:
    """The values of the loss while it is written again: by their nodes, as traced arrays."""

    def __init__(self, builder: Builder, at: dict[int, int]) -> None:
        self.builder = builder
        self.at = at

    def __getitem__(self, position: int) -> Any:
        return Traced(self.builder, self.at.get(position, position))


Write = Callable[[Steps], Any]
_FORWARD: Beside[Joint, Graph] = Beside()


def gradients(joint: Joint, values: Sequence[Any], writes: Mapping[int, Write]) -> dict[str, Array]:
    """The gradients by array name when some steps are written otherwise, at the point that `values` are of.

    Raises ValueError where the other steps do not fit.
    """
    forward = _loss(joint)
    last = forward.outputs[0]
    builder = Builder.on(forward, [values[i] for i in range(joint.forward)])
    at: dict[int, int] = {}
    steps = Steps(builder, at)
    for position in range(min(writes), joint.forward):
        node = joint.node(position)
        if position in writes:
            if not any(i in at for i in node.inputs):
                at[position] = position  # what is written may read the step itself
            else:
                at[position] = _again(builder, node, at)
            at[position] = lift(builder, writes[position](steps))
        elif node.op not in (INPUT, CONSTANT) and any(i in at for i in node.inputs):
            at[position] = _again(builder, node, at)
    end = at.get(last, last)
    if builder.shape(end) != ():
        raise ValueError("the other loss is not one number")
    start = Traced(builder, builder.constant(np.ones((), builder.dtype(end))[()], shape=()))
    adjoints = sweep(builder, {end: start}, list(joint.place.values()))
    found = {}
    for name in joint.slope:
        place = joint.place[name]
        shape = joint.node(place).shape
        slope = adjoints.get(place)
        found[name] = (
            np.zeros(shape) if slope is None else np.asarray(spread(builder.values[slope.index], shape), float)
        )
    return found


def _again(builder: Builder, node: Any, at: Mapping[int, int]) -> int:
    return builder.emit(REGISTER.named(node.op), tuple(at.get(i, i) for i in node.inputs), node.params)


def _loss(joint: Joint) -> Graph:
    if joint not in _FORWARD:
        last = max(k for k in joint.adjoint if k < joint.forward)
        constants = {k: v for k, v in joint.graph.constants.items() if k < joint.forward}
        _FORWARD[joint] = Graph(joint.graph.nodes[: joint.forward], joint.graph.inputs, (last,), constants)
    return _FORWARD[joint]
