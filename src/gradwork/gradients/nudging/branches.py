"""Whether a corner lies within a nudge, told by the graph and not by numbers.

Every op that has a corner says on which side of it its arguments lie: its branch. If the branches at both ends of a
nudge are the same, no corner lies between them, and what looks like one is noise. If they differ however small the
nudge is, the point stands at a corner, and the op whose branch differs has its line.

What the branches cannot tell: an op without one, near a place where it is not smooth (a root of 0, the length of a
vector of zeros). There the verdict is "unknown", and one-sided slopes decide, as for a function that has no graph.

Source: research/engines A.8; the branch signatures are those of piecewise smooth programs, Griewank 2013.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.errors import Where
from gradwork.gradients.nudging.idle import idle_nodes
from gradwork.gradients.nudging.subject import Array, Subject
from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op, spread
from gradwork.graph.trace import Trace, trace_call

NEAR = 0.1  # an argument that moves by more than this share of its way there may meet a place that is not smooth
# Where ops without branches are not smooth; at 0, if they are not named here.
SPOTS = {"arcsin": (-1.0, 1.0), "arccos": (-1.0, 1.0), "arctanh": (-1.0, 1.0), "arccosh": (1.0,), "log1p": (-1.0,)}
# Not analytic in the complex plane, but smooth.
SMOOTH = frozenset({"where", "exp2", "logaddexp", "deg2rad", "rad2deg"})
OVERHEAD = 1000  # entries that could be worked out in the time that it takes to call an op
CURVED = 0.25  # a second difference above this share of the first ones is not that of a smooth op on a small step

Values = dict[int, Any]


@dataclass(frozen=True)
class Crossing:
    """What the graph says of a nudge. `verdict`: "same" (no corner between its ends), "changes", or "unknown".

    op, where: of the first op whose branch changes.
    """

    verdict: str
    op: str = ""
    where: Where | None = None


SAME, UNKNOWN = Crossing("same"), Crossing("unknown")


def followed(subject: Subject) -> Trace | None:
    """The trace of the function at the values in `work`; None where it cannot be traced."""
    args, kwargs = subject.arguments_given()
    try:
        with np.errstate(all="ignore"):
            return trace_call(subject.f, args, kwargs, only=subject.wanted.keys, floating=True)
    except Exception:
        # Whatever a traced value does not fit into is judged as a black box instead.
        return None


def checked(trace: Trace | None, subject: Subject, base: Array) -> Trace | None:
    """The trace, if it gives the result that the function gives; a function may do something else when traced."""
    if trace is None or len(trace.outputs) != 1:
        return None
    position = trace.outputs[0]
    row = trace.builder.rows[position]
    found = np.asarray(spread(trace.values[position], row[3]))
    if found.dtype.kind not in "iuf" or found.size != base.size:
        return None
    unit = float(np.finfo(found.dtype).eps) if found.dtype.kind == "f" else 0.0
    close = np.allclose(found.reshape(-1), base, rtol=1e4 * unit, atol=0.0, equal_nan=True)
    return trace if close else None


def unit_inside(trace: Trace) -> float:
    """The unit of the coarsest floats between the moving arguments and the result; 0 where there are none."""
    graph = trace.graph
    moving, needed = graph.depends_on(graph.inputs), _needed(graph, graph.outputs)
    dtypes = {graph.nodes[p].dtype for p in needed if moving[p] and graph.nodes[p].dtype.kind == "f"}
    return max((float(np.finfo(dtype).eps) / 2 for dtype in dtypes), default=0.0)


def reaches(trace: Trace, subject: Subject, part: int) -> bool:
    """Whether a result hangs on that part; what is multiplied by a constant 0 hangs on nothing."""
    place = places_of(trace, subject).get(part)
    if place is None:
        return True
    moving = {place}
    for position, node in enumerate(trace.graph.nodes):
        by_zero = node.op == "multiply" and any(_zero(trace.graph.constants.get(i)) for i in node.inputs)
        if not by_zero and any(i in moving for i in node.inputs):
            moving.add(position)
    return any(end in moving for end in trace.graph.outputs)


def _zero(constant: Any) -> bool:
    return constant is not None and not np.any(constant)


def _needed(graph: Graph, ends: Sequence[int]) -> set[int]:
    needed = set(ends)
    for position in range(len(graph.nodes) - 1, -1, -1):
        if position in needed:
            needed.update(graph.nodes[position].inputs)
    return needed


def branches_of(trace: Trace | None, subject: Subject) -> Branches | None:
    """The branches of a trace, if there is one."""
    return None if trace is None else Branches(trace, subject)


class Branches:
    """The sides on which the arguments of every op lie, at the point and at nudged points."""

    def __init__(self, trace: Trace, subject: Subject) -> None:
        self.graph = trace.graph
        self.values = trace.values
        self.places = places_of(trace, subject)
        needed = _needed(self.graph, (*self.graph.outputs, *(g.node for g in self.graph.guards)))
        self.guards = tuple(g for g in self.graph.guards if not isinstance(g.outcome, np.ndarray))
        self.order: dict[int, list[int]] = {}
        self._costs: dict[int, int] = {}
        for part, place in self.places.items():
            moving = self.graph.depends_on([place])
            self.order[part] = [p for p in sorted(needed) if moving[p] and self.graph.nodes[p].inputs]
        idle = idle_nodes(self.graph, self.values, sorted(needed))
        watched = needed - idle
        self.sides = {p: side for p in watched if (side := _branch(self.graph.nodes[p])) is not None}
        self.rough = {p for p in watched if p not in self.sides and _may_be_rough(self.graph, p)}

    def watches(self, part: int, told: bool = False) -> bool:
        """Whether a nudge of that part may meet a corner at all; `told`: one that an op or a decision tells of."""
        order = self.order.get(part, ())
        if any(guard.node in order for guard in self.guards):
            return True
        return any(p in self.sides or (p in self.rough and not told) for p in order)

    def cost(self, part: int) -> int:
        """How many entries of arrays are worked out to look at one end of a nudge; each op costs some by itself."""
        if part not in self._costs:
            sizes = [math.prod(self.graph.nodes[p].shape) for p in self.order.get(part, ())]
            self._costs[part] = sum(size + OVERHEAD for size in sizes)
        return self._costs[part]

    def between(self, part: int, index: int, low: float, high: float) -> Crossing:
        """What the graph says of the way from `low` to `high` of one entry, past the point itself."""
        if part not in self.places:
            return UNKNOWN
        ends = []
        for target in (low, high):
            try:
                with np.errstate(all="ignore"):
                    ends.append(self._at(part, index, target))
            except Exception:
                return UNKNOWN  # the op does not take what it is given there
        with np.errstate(all="ignore"):
            return self._compared(part, *ends)

    def _at(self, part: int, index: int, target: float) -> Values:
        """The values that move, with one entry at `target`."""
        graph, place = self.graph, self.places[part]
        entered = np.array(spread(self.values[place], graph.nodes[place].shape), order="C")
        entered.reshape(-1)[index] = target
        moved: Values = {place: entered[()]}
        for position in self.order[part]:
            node = graph.nodes[position]
            arguments = [moved[i] if i in moved else self.values[i] for i in node.inputs]
            shapes = [graph.nodes[i].shape for i in node.inputs]
            moved[position] = apply_op(REGISTER.named(node.op), arguments, shapes, node.params)
        return moved

    def _compared(self, part: int, low: Values, high: Values) -> Crossing:
        rough = False
        for position in self.order[part]:
            node = self.graph.nodes[position]
            if position in self.sides:
                one, other = (self._side(position, node, moved) for moved in (low, high))
                if not np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"):
                    return Crossing("changes", node.op, node.where)
            elif position in self.rough and not rough:
                rough = not self._smooth(position, node, low, high)
        for guard in self.guards:
            if guard.node in low and guard.holds(low[guard.node]) != guard.holds(high[guard.node]):
                return Crossing("changes", self.graph.nodes[guard.node].op, guard.where)
        return UNKNOWN if rough else SAME

    def _side(self, position: int, node: Node, moved: Values) -> Array:
        return np.asarray(self.sides[position](*self._arguments(node, moved), **node.params))

    def _arguments(self, node: Node, moved: Values) -> list[Any]:
        nodes = self.graph.nodes
        return [spread(moved[i] if i in moved else self.values[i], nodes[i].shape) for i in node.inputs]

    def _smooth(self, position: int, node: Node, low: Values, high: Values) -> bool:
        """Whether an op without a branch is smooth on the way: far from where it is not, or nearly a straight line."""
        # A quotient is not smooth where what it is divided by is 0; what is divided makes no difference.
        telling = node.inputs[1:] if node.op == "divide" else node.inputs
        spots = SPOTS.get(node.op, (0.0,))
        if REGISTER.named(node.op).unbounded and node.op != "arctan2":
            if all(_far(self.values[i], low[i], high[i], spots) for i in telling if i in low):
                return True
        elif _far(self.values[position], low[position], high[position], (0.0,)):
            return True  # the length of a vector, say, which is not smooth where it is 0
        at, below, above = (np.asarray(v) for v in (self.values[position], low[position], high[position]))
        bend = np.abs(above - 2 * at + below)
        allowed = CURVED * (np.abs(above - at) + np.abs(at - below)) + 16 * np.finfo(at.dtype).eps * np.abs(at)
        return bool((bend <= allowed).all())


def places_of(trace: Trace, subject: Subject) -> dict[int, int]:
    """For each moving part, the input of the graph that stands for it."""
    places = {}
    for argument in subject.arguments:
        if argument.key not in subject.wanted.keys:
            continue
        for part, position in zip(argument.parts, trace.argument(argument.key).positions, strict=True):
            if position is not None and subject.parts[part].start is not None:
                places[part] = position
    return places


def _branch(node: Node) -> Callable[..., Any] | None:
    """What tells the side; a comparison, a place in an order or a whole number is itself a side."""
    if node.op in (INPUT, CONSTANT):
        return None
    op = REGISTER.named(node.op)
    return op.branch or (op.function if node.dtype.kind in "biu" else None)


def _may_be_rough(graph: Graph, position: int) -> bool:
    node = graph.nodes[position]
    if node.op in (INPUT, CONSTANT) or node.op in SMOOTH or node.dtype.kind not in "fc":
        return False
    op = REGISTER.named(node.op)
    if op.linear or (node.op == "power" and _whole(graph.constants.get(node.inputs[1]))):
        return False
    return bool(op.kinks) or op.unbounded or not op.analytic


def _whole(exponent: Any) -> bool:
    return exponent is not None and bool(np.all((np.asarray(exponent) % 1 == 0) & (np.asarray(exponent) >= 0)))


def _far(at: Any, low: Any, high: Any, spots: tuple[float, ...]) -> bool:
    """Whether an argument keeps far from the places where its op is not smooth."""
    moved = np.maximum(np.abs(high - at), np.abs(low - at))
    return all(bool((moved <= NEAR * np.abs(at - spot)).all()) for spot in spots)
