"""The way back of an exercise, cut into lines: what comes back to each named line, in terms of the next ones.

The engine's own backward graph is taken and cut at the lines: each stands as an input for whatever reads it, so that
`dZ = dA * slope` is what a sheet shows, and not what is left after a constant has been moved through three lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gradwork.gradients.backprop import backpropagate
from gradwork.graph.graph import CONSTANT, INPUT, NO_PARAMS, Graph, Node
from gradwork.graph.op import REGISTER
from gradwork.graph.passes import simplified


@dataclass(frozen=True, eq=False)
class Backward:
    """A graph of the forward lines, of one input for each quantity on the way back, and of their definitions.

    inputs:   for each quantity on the way back, the node that stands for it; `defined` has the node that works it out.
    slopes:   those of them that are local slopes, with the forward node whose slope it is.
    order:    the quantities in the order in which they are worked out.
    """

    graph: Graph
    inputs: Mapping[str, int]
    defined: Mapping[str, int]
    slopes: Mapping[str, int]
    order: tuple[str, ...]


def backward_lines(graph: Graph, wrt: Sequence[str], names: Mapping[str, int], *, slopes: bool) -> Backward:
    """Go back from the graph's output to `wrt`.

    names:  the named lines and givens, with their nodes.
    slopes: whether local slopes of named lines are lines of their own.
    """
    adjoints = backpropagate(graph, [names[n] for n in wrt])
    raw, keep = adjoints.graph, len(graph.nodes)
    target = graph.outputs[0]
    positions = {position: name for name, position in names.items()}
    lines = sorted((i for i in adjoints.of if i in positions and i != target), reverse=True)
    cuts: dict[int, list[tuple[int, str]]] = {}  # node of the raw graph → (forward node, name), first met first
    for i in lines:
        cuts.setdefault(adjoints.of[i], []).append((i, f"d{positions[i]}"))
    slope_nodes = _slopes(raw, keep, positions) if slopes else {}
    every = [(raw.nodes[p], name) for p, group in cuts.items() for _, name in group]
    every += [(raw.nodes[p], name) for p, (_, name) in slope_nodes.items()]
    nodes: list[Node] = list(raw.nodes[:keep])
    inputs: dict[str, int] = {}
    for like, name in every:
        inputs[name] = len(nodes)
        nodes.append(Node(INPUT, (), NO_PARAMS, like.shape, like.dtype, name))
    constants = {i: v for i, v in raw.constants.items() if i < keep}
    to = dict(enumerate(range(keep)))
    defined: dict[str, int] = {}
    order: list[str] = []
    for p in range(keep, len(raw.nodes)):
        node = raw.nodes[p]
        reads = tuple(_read(i, node, cuts, slope_nodes, inputs, to) for i in node.inputs)
        to[p] = len(nodes)
        nodes.append(replace(node, inputs=reads))
        if node.op == CONSTANT:
            constants[to[p]] = raw.constants[p]
        for k, (_, name) in enumerate(cuts.get(p, ())):
            defined[name] = to[p] if k == 0 else inputs[cuts[p][k - 1][1]]
            order.append(name)
        if p in slope_nodes:
            defined[slope_nodes[p][1]] = to[p]
            order.append(slope_nodes[p][1])
    for p, group in cuts.items():
        if p < keep:  # what comes back is a value of the forward pass itself
            for _, name in group:
                defined[name] = p
                order.append(name)
    whole = Graph(
        tuple(nodes), (*graph.inputs, *inputs.values()), tuple(defined[n] for n in order), constants, graph.guards
    )
    simple, at = simplified(whole, keep=keep + len(inputs))
    return Backward(
        simple,
        inputs,
        {name: at.get(i, i) for name, i in defined.items()},
        {name: forward for forward, name in slope_nodes.values()},
        tuple(order),
    )


def _read(
    i: int,
    reader: Node,
    cuts: Mapping[int, list[tuple[int, str]]],
    slopes: Mapping[int, tuple[int, str]],
    inputs: Mapping[str, int],
    to: Mapping[int, int],
) -> int:
    """What stands in place of node `i` for a node that reads it: the line that the reader's own rule goes back from."""
    if i in slopes:
        return inputs[slopes[i][1]]
    if i not in cuts:
        return to[i]
    through = reader.origin.node
    fitting = [name for forward, name in cuts[i] if through is None or forward >= through]
    return inputs[fitting[-1] if fitting else cuts[i][-1][1]]


def _slopes(raw: Graph, keep: int, positions: Mapping[int, str]) -> dict[int, tuple[int, str]]:
    """The local slopes of named lines that are one function of one named thing: node → (forward node, name)."""
    found: dict[int, tuple[int, str]] = {}
    for forward, name in positions.items():
        node = raw.nodes[forward]
        if node.op in (INPUT, CONSTANT) or not REGISTER.named(node.op).elementwise or len(node.inputs) != 1:
            continue
        role = f"local slope of {node.op} at node {forward}"
        mine = [p for p in range(keep, len(raw.nodes)) if raw.nodes[p].origin.role == role]
        if mine and raw.nodes[mine[-1]].op != CONSTANT:
            of = positions.get(node.inputs[0])
            found[mine[-1]] = (forward, f"d{name}/d{of}" if of else f"{name}'")
    return found
