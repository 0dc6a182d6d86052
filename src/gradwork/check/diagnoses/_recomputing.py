"""Values of the forward pass that the way back works out anew, and otherwise than the loss does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gradwork.check.cause import Mutant
from gradwork.check.evidence import Joint
from gradwork.check.sites import Names
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.passes import TRANSPARENT

Ways = Callable[[Joint, Names, int], Iterator[tuple[str, Callable[[Sequence[Any]], Any]]]]


def recomputed(joint: Joint, names: Names, sources: Sequence[int], ways: Ways) -> Iterator[Mutant]:
    """At each value of the forward pass that moves with `sources`: every other way to work it out."""
    moving = joint.graph.depends_on(sources)
    for position in range(joint.forward):
        node = joint.node(position)
        if node.op in (INPUT, CONSTANT) or node.op in TRANSPARENT or not moving[position] or node.dtype.kind != "f":
            continue
        if position in joint.graph.outputs:
            continue
        whole = names.written(position, {})
        for says, edit in ways(joint, names, position):
            yield Mutant(
                position,
                edit,
                f"the way back works out {whole} {says}{names.in_layer(position)}",
                joint.layers[position],
                f"the loss has {whole} there, and the way back has to be taken at its values",
                f"keep the value of {whole} from the forward pass, or work it out in the same way",
            )
