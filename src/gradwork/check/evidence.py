"""What the search for a cause looks at: the given gradient, the right one, and the graph that that is read from.

Where the function can be traced, the right gradient is that of the graph, to all its digits, once the measured slopes
have confirmed it; otherwise it is the measured one, and what cannot be seen through its bars stays unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradwork.check.given import Array, Leaf, plain
from gradwork.check.softened import softly
from gradwork.check.verdicts import Verdict
from gradwork.errors import GradworkError, TracedValueError
from gradwork.gradients.backprop import backpropagate
from gradwork.gradients.traced_slopes import check_one_number
from gradwork.graph.graph import CONSTANT, INPUT, Graph, Node
from gradwork.graph.op import REGISTER
from gradwork.graph.run import run, spread
from gradwork.graph.trace import Function, Trace, trace_call
from gradwork.graph.tree import flatten

Edit = Callable[[Sequence[Any]], Any]
SMALL = 1e-9  # of an array's typical slope: what is nearer than this is taken for equal, where nothing is less exact


@dataclass(frozen=True, slots=True)
class _Step:
    """How a node is worked out.  shapes: those of what it reads, where it has to see all of it."""

    function: Callable[..., Any]
    inputs: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...] | None
    params: dict[str, Any]

    def value(self, values: Sequence[Any]) -> Any:
        """The node's value, from those of all nodes."""
        read = [values[i] for i in self.inputs]
        if self.shapes is not None:
            read = [v if v.shape == s else np.broadcast_to(v, s) for v, s in zip(read, self.shapes, strict=True)]
        return self.function(*read, **self.params)


@dataclass(frozen=True, eq=False)
class Joint:
    """The graph of the loss and of the way back from it, with the value of every node.

    forward:  how many of the nodes are those of the loss; the rest is the way back.
    adjoint:  for a node of the loss, the node that holds the slope that comes back to it.
    place:    for each array of the checked arguments by name, the input that it is.
    slope:    for each checked array by name, the node that holds its gradient.
    """

    graph: Graph
    values: tuple[Any, ...]
    forward: int
    adjoint: Mapping[int, int]
    place: Mapping[str, int]
    slope: Mapping[str, int]

    def value(self, position: int) -> Array:
        """The value of a node, in its full shape."""
        return np.asarray(spread(self.values[position], self.graph.nodes[position].shape))

    def node(self, position: int) -> Node:
        """A node."""
        return self.graph.nodes[position]

    def with_edits(self, edits: Mapping[int, Edit]) -> dict[str, Array] | None:
        """The gradients when some nodes are worked out otherwise; None where that cannot be done.

        An edit gets the values of all nodes and gives a value of the node's own shape.
        """
        found = self._edited(edits)
        if found is None:
            return None
        values, changed = found
        nodes = self.graph.nodes
        return {name: np.asarray(spread(values[i], nodes[i].shape)) for name, i in self.slope.items() if changed[i]}

    def after(self, edits: Mapping[int, Edit]) -> Joint | None:
        """The same graph with the values that it has after some edits; None where that cannot be done."""
        found = self._edited(edits)
        return None if found is None else replace(self, values=tuple(found[0]))

    def _edited(self, edits: Mapping[int, Edit]) -> tuple[list[Any], bytearray] | None:
        """All values after some edits that a gradient depends on, and which of them changed."""
        values = list(self.values)
        changed = bytearray(len(values))
        nodes, steps = self.graph.nodes, self._steps
        try:
            with np.errstate(all="ignore"):
                for position in range(min(edits), len(nodes)):
                    if position in edits:
                        value = np.asarray(edits[position](values))
                        if value.shape != nodes[position].shape:
                            return None
                    else:
                        step = steps[position]
                        if step is None:
                            continue
                        for i in step.inputs:
                            if changed[i]:
                                break
                        else:
                            continue
                        value = step.value(values)
                    values[position] = value
                    changed[position] = 1
        except (ArithmeticError, ValueError, TypeError, IndexError):
            return None
        return values, changed

    @cached_property
    def _steps(self) -> list[_Step | None]:
        """How each node is worked out; None for what is given, and for what no gradient depends on."""
        nodes = self.graph.nodes
        needed = bytearray(len(nodes))
        for position in self.slope.values():
            needed[position] = 1
        for position in range(len(nodes) - 1, -1, -1):
            if needed[position]:
                for i in nodes[position].inputs:
                    needed[i] = 1
        found: list[_Step | None] = []
        for position, node in enumerate(nodes):
            if node.op in (INPUT, CONSTANT) or not needed[position]:
                found.append(None)
                continue
            op = REGISTER.named(node.op)
            shapes = None if op.elementwise else tuple(nodes[i].shape for i in node.inputs)
            found.append(_Step(op.function, node.inputs, shapes, dict(node.params)))
        return found

    @cached_property
    def layers(self) -> list[int]:
        """For each node of the loss, how many matrix products with a parameter lie on the longest way to it."""
        moving = self.graph.depends_on(list(self.place.values()))
        depth = [0] * self.forward
        for position in range(self.forward):
            node = self.graph.nodes[position]
            below = max((depth[i] for i in node.inputs if i < self.forward), default=0)
            product = node.op in ("matmul", "einsum") and any(moving[i] for i in node.inputs)
            depth[position] = below + product
        return depth


def joint_of(f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], leaves: Sequence[Leaf]) -> Joint | None:
    """Trace the loss and go back from it; None where it cannot be traced, or has no rule somewhere."""
    try:
        traced = traced_with_counts(f, args, kwargs, tuple(dict.fromkeys(leaf.key for leaf in leaves)))
        check_one_number(traced)
        graph = traced.graph
        given = [traced.values[i] for i in graph.inputs]
        places: dict[str, int] = {}
        for key in dict.fromkeys(leaf.key for leaf in leaves):
            mine = [leaf for leaf in leaves if leaf.key == key]
            for leaf, position in zip(mine, traced.argument(key).inputs, strict=True):
                places[leaf.name] = position
        values = run(graph, given).values
        back = backpropagate(graph, list(places.values()), values)
        every = run(back.graph, given, known=values).values
    except (GradworkError, ArithmeticError, ValueError, TypeError, LookupError, StopIteration):
        return None
    checked = {leaf.name for leaf in leaves if leaf.yours is not None}
    slope = {name: out for name, out in zip(places, back.graph.outputs, strict=True) if name in checked}
    return Joint(back.graph, every, len(graph.nodes), back.of, places, slope)


def traced_with_counts(
    f: Function, args: Sequence[Any], kwargs: Mapping[str, Any], asked: Sequence[int | str]
) -> Trace:
    """The trace of a loss, or of its gradient; one that needs its counts or labels as plain numbers gets them so."""
    try:
        return softly(lambda: trace_call(f, args, kwargs, floating=asked))
    except TracedValueError:
        given: list[tuple[int | str, Any]] = [*enumerate(args), *kwargs.items()]
        real = [key for key, value in given if key in asked or not _whole(value)]
        if len(real) == len(given):
            raise
        return softly(lambda: trace_call(f, args, kwargs, floating=asked, only=real))


def _whole(value: Any) -> bool:
    """Whether an argument is of whole numbers alone."""
    inside = [plain(leaf) for leaf in flatten(value)[0]]
    return bool(inside) and all(number is not None and number.dtype.kind in "iub" for number in inside)


@dataclass(frozen=True, eq=False)
class Evidence:
    """A point, the gradient that was given there, and the right one.

    yours, right, tolerance: for each checked array by name; `tolerance` is within what equal counts as equal. An array
               of another shape than its argument's has no tolerance.
    verdicts:  for each checked array by name.
    joint:     the graph, None for a black box.
    changed:   names of the arguments that the gradient function wrote into.
    own:       gives the gradient function's own steps, a `Program`; None where it cannot be followed.
    ask:       `ask(seed)` gives the evidence at another point, where the gradient is a function; None elsewhere.
    """

    leaves: tuple[Leaf, ...]
    yours: Mapping[str, Array]
    right: Mapping[str, Array]
    tolerance: Mapping[str, Array]
    verdicts: Mapping[str, Verdict]
    joint: Joint | None
    ask: Callable[[int], Evidence | None] = field(default=lambda seed: None)
    answers: tuple[Any, Any] | None = None
    loss: Callable[..., Any] | None = None
    call: tuple[Sequence[Any], Mapping[str, Any]] = ((), {})
    changed: tuple[str, ...] = ()
    own: Callable[[], Any] = field(default=lambda: None)

    @property
    def wrong(self) -> list[str]:
        """The names of the arrays that are wrong, in the order of the arguments."""
        return [name for name, verdict in self.verdicts.items() if verdict.wrong]

    @property
    def fitting(self) -> list[str]:
        """The wrong arrays that have their argument's shape."""
        return [name for name in self.wrong if np.shape(self.yours[name]) == np.shape(self.right[name])]

    @cached_property
    def second(self) -> Evidence | None:
        """The evidence at another point; None where there is none."""
        for seed in (1, 2):
            found = self.ask(seed)
            if found is not None:
                return found
        return None

    @cached_property
    def program(self) -> Any:
        """The gradient function's own steps; None where it cannot be followed."""
        return self.own()

    def is_right(self, name: str, candidate: Any) -> bool:
        """Whether `candidate` is the right gradient of this array, to the noise; entries at kinks are left out."""
        right = self.right[name]
        if np.shape(candidate) != np.shape(right):
            return False
        with np.errstate(all="ignore"):
            near = np.abs(right - candidate) <= self.tolerance[name]
        kinks = self.verdicts[name].at_kink if name in self.verdicts else np.zeros(np.shape(right), bool)
        return bool(np.all(near | kinks))

    def equals(self, name: str, candidate: Any) -> bool:
        """Whether `candidate` is the given gradient of this array, to the noise; entries at kinks are left out."""
        yours = self.yours[name]
        if np.shape(candidate) != np.shape(yours):
            return False
        with np.errstate(all="ignore"):
            near = np.abs(yours - candidate) <= self.tolerance[name]
        same = (yours == candidate) | (np.isnan(yours) & np.isnan(candidate))
        kinks = self.verdicts[name].at_kink if name in self.verdicts else np.zeros(np.shape(yours), bool)
        return bool(np.all(near | same | kinks))

    def digits(self, names: Sequence[str], candidates: Mapping[str, Any]) -> int:
        """To how many digits of an array's typical slope candidates agree with what was given."""
        worst = 0.0
        for name in names:
            candidate = np.asarray(candidates.get(name, self.right[name]), float)
            typical = float(np.sqrt(np.mean(candidate**2))) or 1.0
            keep = ~self.verdicts[name].at_kink if name in self.verdicts else np.ones(candidate.shape, bool)
            keep = keep if keep.shape == candidate.shape else np.ones(candidate.shape, bool)
            gap = np.abs(self.yours[name] - candidate)[keep]
            worst = max(worst, float(np.max(gap, initial=0.0)) / typical)
        return 15 if worst == 0 else int(min(15, max(0, np.floor(-np.log10(worst)))))

    def typical(self, name: str) -> float:
        """The root mean square of the right slopes of an array."""
        right = self.right[name]
        return float(np.sqrt(np.mean(right**2))) if np.size(right) else 0.0

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Lengths that a factor may come from, by what they are: the rows of the data, the entries of the result."""
        found: dict[str, int] = {}
        if self.joint is None:
            return found
        graph = self.joint.graph
        for position in range(self.joint.forward):
            node = graph.nodes[position]
            if node.op in ("mean", "sum"):
                inside = graph.nodes[node.inputs[0]].shape
                count = int(np.prod([inside[a] for a in node.params["axis"]], dtype=np.int64))
                found.setdefault(f"the {count} entries that the {node.op} is over", count)
        for position in graph.inputs:
            node = graph.nodes[position]
            for axis, length in enumerate(node.shape):
                what = {0: "rows", 1: "columns"}.get(axis, f"axis {axis + 1}")
                found.setdefault(f"the {length} {what} of {node.name or 'an argument'}", length)
        return {what: n for what, n in found.items() if n > 1}
