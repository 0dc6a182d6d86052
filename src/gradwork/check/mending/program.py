"""The given gradient function itself, step by step, beside the loss.

A gradient function of NumPy can be traced like a loss. What comes out is a program that ends in the wrong numbers; a
cause is a change of one of its steps after which it ends in the right ones. As behind a mistake in the way back, all
that depends on a step in a straight line can be told by one number: the sum of the outputs with random weights.

Source: mutation as a means of repair: Debroy and Wong, 2010. The one number: Freivalds, 1977.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.check.evidence import Evidence, Joint, traced_with_counts
from gradwork.check.given import Array, copied
from gradwork.check.screen import ALWAYS_LINEAR, GoneBack
from gradwork.errors import GradworkError
from gradwork.graph.graph import CONSTANT, INPUT, Graph
from gradwork.graph.run import spread
from gradwork.graph.trace import Trace
from gradwork.graph.traced import Traced
from gradwork.graph.tree import flatten

MOST_NODES = 6_000
SAME = 1e-8  # within what the numbers from several arrays are one
MOST_ENTRIES = 20_000_000  # of the weights of all steps, for all arrays
PRODUCTS = ("multiply", "chain_product", "matmul", "einsum")
PICKING = {"getitem": 1, "scatter": 1, "setitem": 2}  # how many of what they read are numbers; the rest are places
STRAIGHT = (ALWAYS_LINEAR | {"stack", "concatenate", "cumsum"}) - PICKING.keys()
Read = Callable[[Any], Mapping[str, Any] | None]


@dataclass(frozen=True, eq=False)
class Program:
    """The steps of the loss, then those of the gradient function, in one graph.

    joint: all of it as steps forward; `slope` are the numbers that were given.
    start: the first step of the gradient function.
    """

    joint: Joint
    start: int

    @property
    def steps(self) -> range:
        """The positions of the gradient function's own steps."""
        return range(self.start, len(self.joint.graph))

    def like(self, other: Program) -> bool:
        """Whether two programs do the same steps."""
        mine, theirs = self.joint.graph, other.joint.graph
        return (
            self.start == other.start
            and len(mine) == len(theirs)
            and all(a.op == b.op and a.inputs == b.inputs for a, b in zip(mine.nodes, theirs.nodes, strict=True))
        )


def program_of(
    gradient: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    asked: Sequence[int | str],
    loss: Joint,
    yours: Mapping[str, Array],
    read: Read,
) -> Program | None:
    """Trace a gradient function; None where it cannot be traced, or gives other numbers than it gave.

    loss: the graph of the loss at the same point;  read: which array each result belongs to.
    """
    try:
        with np.errstate(all="ignore"):
            traced = _traced(gradient, args, kwargs, asked)
            if len(traced.values) + loss.forward > MOST_NODES:
                return None
            outputs = _outputs(traced, yours, read)
            return None if outputs is None else _beside(loss, traced.graph, traced.values, outputs)
    except Exception:
        return None  # what a user's function does with values that are followed is its own affair


def _traced(gradient: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], asked: Any) -> Trace:
    mine, others = [copied(a) for a in args], {k: copied(v) for k, v in kwargs.items()}
    try:
        return traced_with_counts(gradient, mine, others, asked)
    except GradworkError:
        with _arrays_followed() as follow:

            def followed(*some: Any, **named: Any) -> Any:
                follow(flatten((some, named))[0])
                return gradient(*some, **named)

            return traced_with_counts(functools.wraps(gradient)(followed), args, kwargs, asked)


@contextlib.contextmanager
def _arrays_followed() -> Iterator[Callable[[Any], None]]:
    """While it lasts, new arrays are followed from the start, and np.array stacks values that are followed.

    An ordinary array that has two names cannot be written to with a value that is followed; nor can an array of objects
    be written into another. Whatever has nothing to do with the trace gets what NumPy always gives.
    """
    builders: list[Any] = []
    plain = {name: getattr(np, name) for name in ("array", "zeros", "ones", "empty")}

    def follow(leaves: Any) -> None:
        builders[:] = [leaf.builder for leaf in leaves if isinstance(leaf, Traced)][:1]

    def array(value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, (list, tuple)) and _is_followed(value):
            return np.stack([array(v) if isinstance(v, (list, tuple)) else v for v in value])
        return plain["array"](value, *args, **kwargs)

    def filled(name: str) -> Callable[..., Any]:
        def make(*args: Any, **kwargs: Any) -> Any:
            made = plain["zeros" if name == "empty" else name](*args, **kwargs)
            if builders and builders[0].open and made.dtype.kind == "f" and made.size:
                return Traced(builders[0], builders[0].constant(made))
            return made

        return make

    for name in plain:
        setattr(np, name, array if name == "array" else filled(name))
    try:
        yield follow
    finally:
        for name, original in plain.items():
            setattr(np, name, original)


def _is_followed(value: Any) -> bool:
    return isinstance(value, Traced) or (isinstance(value, (list, tuple)) and any(map(_is_followed, value)))


def _outputs(traced: Any, yours: Mapping[str, Array], read: Read) -> dict[str, int] | None:
    """The output of each array: results are read once more with marks in their places."""
    outputs = traced.outputs
    shapes = [traced.graph.nodes[i].shape for i in outputs]
    marks = read(traced.output.build(iter([np.full(shape, k, float) for k, shape in enumerate(shapes)])))
    if marks is None or set(marks) != set(yours):
        return None
    found: dict[str, int] = {}
    for name, mark in marks.items():
        flat = np.asarray(mark, float).reshape(-1)
        if not flat.size or np.ptp(flat) or not 0 <= flat[0] < len(outputs):
            return None
        position = outputs[int(flat[0])]
        value = np.asarray(spread(traced.values[position], traced.graph.nodes[position].shape), float)
        if value.shape != np.shape(yours[name]) or not _same(value, np.asarray(yours[name], float)):
            return None
        found[name] = position
    return found


def _same(one: Array, other: Array) -> bool:
    reach = 1e-10 * float(np.max(np.abs(other), initial=0.0))
    return bool(np.isfinite(one).all() and np.all(np.abs(one - other) <= reach))


def _beside(loss: Joint, own: Graph, values: Sequence[Any], outputs: Mapping[str, int]) -> Program:
    """One graph of both; what is given to both is there once."""
    nodes = list(loss.graph.nodes[: loss.forward])
    every = list(loss.values[: loss.forward])
    constants = {k: v for k, v in loss.graph.constants.items() if k < loss.forward}
    at: dict[int, int] = {}
    given = loss.graph.inputs
    if len(given) == len(own.inputs) and all(
        loss.node(a).shape == own.nodes[b].shape and np.array_equal(loss.values[a], values[b])
        for a, b in zip(given, own.inputs, strict=True)
    ):
        at = dict(zip(own.inputs, given, strict=True))
    inputs = list(given)
    for position, node in enumerate(own.nodes):
        if position in at:
            continue
        at[position] = len(nodes)
        if node.op == CONSTANT:
            constants[len(nodes)] = own.constants[position]
        if node.op == INPUT:
            inputs.append(len(nodes))
        nodes.append(replace(node, inputs=tuple(at[i] for i in node.inputs)))
        every.append(values[position])
    slope = {name: at[position] for name, position in outputs.items()}
    graph = Graph(tuple(nodes), tuple(inputs), tuple(slope.values()), constants)
    joint = Joint(graph, tuple(every), len(nodes), {}, loss.place, slope)
    return Program(joint, loss.forward)


class Aim:
    """What a change of each step adds to one number of each array, and what it has to add.

    linear:  for each step, whether the outputs depend on it in a straight line.
    weights: for each array by name, how much the change of each step's entries counts.
    target:  for each wrong array, what the number has to change by;  reach: within what that is equal.
    """

    def __init__(self, program: Program, evidence: Evidence) -> None:
        self.program, self.joint = program, program.joint
        joint = self.joint
        self.names = [n for n in joint.slope if np.shape(evidence.yours[n]) == np.shape(evidence.right[n])]
        self.wrong = [n for n in evidence.fitting if n in joint.slope]
        self.behind = _bits(joint)
        self.needed = _needed(joint)
        bent = _bent(joint, self.behind, self.needed)
        self.linear = [not (bent >> i) & 1 for i in range(len(joint.graph))]
        self.weights: dict[str, dict[int, Array]] = {}
        self.target: dict[str, float] = {}
        self.reach: dict[str, float] = {}
        self._unit = 1e-4 if any(joint.node(i).dtype.itemsize < 8 for i in joint.slope.values()) else 1e-11
        random = np.random.default_rng(11)
        back = GoneBack(replace(joint, forward=program.start))
        for name in self.names:
            right, yours = np.asarray(evidence.right[name], float), np.asarray(evidence.yours[name], float)
            seed = random.uniform(0.5, 1.5, size=right.shape) * random.choice([-1.0, 1.0], size=right.shape)
            verdict = evidence.verdicts.get(name)
            if verdict is not None and verdict.at_kink.shape == right.shape:
                seed = np.where(verdict.at_kink, 0.0, seed)
            first = next(n for n in self.names if joint.slope[n] == joint.slope[name])
            self.weights[name] = back.with_seed(first, seed)
            within = float(np.sum(np.abs(seed) * evidence.tolerance[name]))
            self.reach[name] = 2 * within + self._unit * float(
                np.sum(np.abs(seed * yours)) + np.sum(np.abs(seed * right))
            )
            if name in self.wrong:
                self.target[name] = float(np.sum(seed * (right - yours)))

    def matters(self, position: int) -> bool:
        """Whether a wrong array depends on a step."""
        return any(position in self.weights[name] for name in self.wrong)

    def fits(self, position: int, changed: Array) -> Array:
        """For each of several changes of a step, flat, a row each, whether it mends an array and spoils none."""
        finite: Array = np.asarray(np.isfinite(changed).all(axis=1))
        if not finite.all():
            changed = np.where(finite[:, None], changed, 0.0)
        size = np.abs(changed)
        fitting: Array = np.zeros(len(changed), bool)
        spoils: Array = np.zeros(len(changed), bool)
        for name in self.names:
            weight = self.weights[name].get(position)
            if weight is None:
                continue
            flat = np.asarray(weight, float).reshape(-1)
            number = changed @ flat
            reach = self.reach[name] + 4 * self._unit * (size @ np.abs(flat))
            if name in self.target:
                reach = reach + 1e-9 * abs(self.target[name])
                near = np.abs(number - self.target[name]) <= reach
                fitting |= near & (np.abs(number) > 0)
                spoils |= ~near & (np.abs(number) > reach)
            else:
                spoils |= np.abs(number) > reach
        return np.asarray(finite & fitting & ~spoils)

    def apart(self, positions: Sequence[int]) -> bool:
        """Whether none of these steps is worked out from another one."""
        bits = 0
        for position in sorted(positions):
            if self.behind[position] & bits:
                return False
            bits |= 1 << position
        return True

    def together(self, changes: Mapping[int, Array]) -> bool:
        """Whether changes of several steps, none of which is behind another, mend an array and spoil none."""
        total = dict.fromkeys(self.names, 0.0)
        size = dict.fromkeys(self.names, 0.0)
        for position, changed in changes.items():
            flat = np.asarray(changed, float).reshape(-1)
            if not np.isfinite(flat).all():
                return False
            for name in self.names:
                weight = self.weights[name].get(position)
                if weight is not None:
                    by = np.asarray(weight, float).reshape(-1)
                    total[name] += float(flat @ by)
                    size[name] += float(np.abs(flat) @ np.abs(by))
        mended = False
        for name in self.names:
            reach = self.reach[name] + 4 * self._unit * size[name]
            if name in self.target:
                near = abs(total[name] - self.target[name]) <= reach + 1e-9 * abs(self.target[name])
                mended = mended or (near and total[name] != 0)
                if not near and abs(total[name]) > reach:
                    return False
            elif abs(total[name]) > reach:
                return False
        return mended

    def number(self, position: int, part: Array, given: Array) -> float | None:
        """The number c for which `c part` in the place of what is given mends all; None where there is none."""
        numbers: list[float] = []
        part, given = part.reshape(-1), given.reshape(-1)
        if not np.isfinite(part).all():
            return None
        for name in self.names:
            weight = self.weights[name].get(position)
            if weight is None:
                continue
            by = np.asarray(weight, float).reshape(-1)
            share, wanted = float(part @ by), float(given @ by) + self.target.get(name, 0.0)
            reach = self.reach[name] + 4 * self._unit * float(np.abs(part) @ np.abs(by))
            if abs(share) > 1e3 * reach:
                numbers.append(wanted / share)
            elif abs(wanted) > 1e3 * reach:
                return None
        if not numbers or abs(numbers[0] - 1) < SAME or abs(numbers[0]) < SAME:
            return None
        spread = max(numbers) - min(numbers)
        return numbers[0] if spread <= SAME * max(1.0, abs(numbers[0])) else None


def aimed(program: Program, evidence: Evidence) -> Aim | None:
    """The aim of a program; None where it cannot be gone back through."""
    entries = sum(int(np.prod(program.joint.node(i).shape)) for i in program.steps)
    if entries * len(program.joint.slope) > MOST_ENTRIES:
        return None
    try:
        with np.errstate(all="ignore"):
            return Aim(program, evidence)
    except (GradworkError, ArithmeticError, ValueError, TypeError, LookupError, StopIteration):
        return None


def _bits(joint: Joint) -> list[int]:
    """For each step, itself and all that it is worked out from, a bit each."""
    found: list[int] = []
    for position, node in enumerate(joint.graph.nodes):
        bits = 1 << position
        for i in node.inputs:
            bits |= found[i]
        found.append(bits)
    return found


def _needed(joint: Joint) -> list[bool]:
    """For each step, whether an output depends on it."""
    needed = [False] * len(joint.graph)
    for position in joint.slope.values():
        needed[position] = True
    for position in range(len(needed) - 1, -1, -1):
        if needed[position]:
            for i in joint.node(position).inputs:
                needed[i] = True
    return needed


def _bent(joint: Joint, behind: Sequence[int], needed: Sequence[bool]) -> int:
    """The steps that an output does not depend on in a straight line, a bit each."""
    bent = 0
    for position, node in enumerate(joint.graph.nodes):
        if not needed[position] or node.op in (INPUT, CONSTANT) or node.op in STRAIGHT:
            continue
        if node.op in PRODUCTS:
            for k, i in enumerate(node.inputs):
                for j in node.inputs[:k]:
                    bent |= behind[i] & behind[j]
        elif node.op == "divide":
            bent |= behind[node.inputs[1]]
        elif node.op in PICKING:
            for i in node.inputs[PICKING[node.op] :]:
                bent |= behind[i]
        else:
            for i in node.inputs:
                bent |= behind[i]
    return bent
