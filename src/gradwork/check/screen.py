"""Which deliberate mistakes can be the one: asked of all of them at once, before any is tried out.

Behind the place of a mistake the way back is linear, so a wrong value there adds to the gradient what a linear map
makes of its difference from the right one. The map need not be known: the sum of a gradient's entries with random
weights is a fixed sum over the entries of the difference, and its weights are found by going back through the way back
once. A mistake whose sum is not that of the given gradient is not the one; the few that are left are tried out.

Source: checking a product with a random vector: Freivalds, 1977.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.evidence import Edit, Evidence, Joint
from gradwork.check.given import Array
from gradwork.errors import GradworkError
from gradwork.gradients.backprop import sweep
from gradwork.graph.builder import Builder
from gradwork.graph.graph import CONSTANT
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op, spread
from gradwork.graph.traced import Traced

ALWAYS_LINEAR = frozenset(
    "add subtract negative sum mean reshape transpose broadcast_to getitem scatter copy positive astype".split()
)
MOST_ARRAYS = 24
MOST_ENTRIES = 20_000_000  # of the slopes of all nodes, for all arrays


class _Read(Sequence[Any]):
    """Values that remember which of them were read."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values, self.read, self.all = values, set[int](), False

    def __getitem__(self, place: Any) -> Any:
        self.read.add(place)
        return self.values[place]

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        self.all = True
        return iter(self.values)


class Screen:
    """What a change at each node of the way back adds to one number of each array.

    weights:  for each array by name, how much the change of each node's entries counts, by node.
    target:   for each wrong array, what the number has to change by.
    reach:    for each array, within what that is equal.
    """

    def __init__(self, joint: Joint, evidence: Evidence) -> None:
        self.joint = joint
        self.names = [n for n in joint.slope if n in evidence.fitting or n not in evidence.wrong]
        self.wrong = [n for n in evidence.fitting if n in joint.slope and np.isfinite(evidence.yours[n]).all()]
        self._known: dict[tuple[int, ...], bool] = {}
        self._behind = _bits(joint)
        self.weights: dict[str, dict[int, Array]] = {}
        self.target: dict[str, float] = {}
        self.reach: dict[str, float] = {}
        carrying = joint.graph.depends_on([a for a in joint.adjoint.values() if a >= joint.forward])
        self.carrying = {i for i in range(joint.forward, len(carrying)) if carrying[i]}
        self.linear = _linear_from(joint, self.carrying)
        random = np.random.default_rng(7)
        back = GoneBack(joint)
        for name in self.names:
            right = np.asarray(evidence.right[name], float)
            seed = random.uniform(0.5, 1.5, size=right.shape) * random.choice([-1.0, 1.0], size=right.shape)
            verdict = evidence.verdicts.get(name)
            if verdict is not None and verdict.at_kink.shape == right.shape:
                seed = np.where(verdict.at_kink, 0.0, seed)
            self.weights[name] = back.with_seed(name, seed)
            within = float(np.sum(np.abs(seed) * evidence.tolerance[name]))
            self.reach[name] = 2 * within + _unit(joint) * float(np.sum(np.abs(seed * right)))
            if name in self.wrong:
                self.target[name] = float(np.sum(seed * (evidence.yours[name] - right)))

    @property
    def rest(self) -> list[str]:
        """The arrays that are right: nothing may change there."""
        return [n for n in self.names if n not in self.wrong]

    def judged(self, edits: Mapping[int, Edit]) -> bool | None:
        """Whether these wrong values may explain some wrong array; None where that cannot be told from here.

        The shares of several nodes add up where none is behind another.
        """
        if min(edits) < self.joint.forward or not all(self.linear[p] for p in edits):
            return None
        if len(edits) > 1 and not self._apart(tuple(sorted(edits))):
            return None
        total = dict.fromkeys(self.names, 0.0)
        size = dict.fromkeys(self.names, 0.0)
        with np.errstate(all="ignore"):
            for position, edit in edits.items():
                values = _Read(self.joint.values)
                try:
                    value = np.asarray(edit(values), float)
                except (ArithmeticError, ValueError, TypeError, IndexError):
                    return False
                if len(edits) > 1 and self._meets(values, edits):
                    return None
                right = self.joint.value(position)
                if value.shape != right.shape:
                    return False
                changed = (value - right).reshape(-1)
                if not np.isfinite(changed).all():
                    return None
                for name in self.names:
                    weight = self.weights[name].get(position)
                    if weight is not None:
                        flat = np.asarray(weight, float).reshape(-1)
                        total[name] += float(changed @ flat)
                        size[name] += float(np.abs(changed) @ np.abs(flat))
        for name, target in self.target.items():
            reach = self.reach[name] + 4 * _unit(self.joint) * size[name] + 1e-9 * abs(target)
            if total[name] and abs(total[name] - target) <= reach:
                return True
        return False

    def _apart(self, positions: tuple[int, ...]) -> bool:
        """Whether what these nodes change in what comes back meets nowhere behind another of them."""
        if positions not in self._known:
            before, apart = 0, True
            for landed in sorted(self._landing(p) for p in positions):
                apart = apart and not self._behind[landed] & before
                before |= 1 << landed
            self._known[positions] = apart
        return self._known[positions]

    def _meets(self, values: _Read, edits: Mapping[int, Edit]) -> bool:
        """Whether a wrong value is made from what another mistake changes."""
        changed = sum(1 << p for p in edits)
        return values.all or any(self._behind[i] & changed for i in values.read)

    def _landing(self, position: int) -> int:
        """The first node that carries a slope back on the way from a node."""
        while position not in self.carrying:
            (position,) = self.joint.graph.consumers[position]
        return position

    def fits(self, position: int, changed: Array, *, alone: bool = False) -> Array:
        """For each of several values of a node, a row each, whether it explains a wrong array and spoils no right one.

        changed: the values less the right one, flat.  alone: whether what is spoiled is not asked for.
        """
        fitting: Array = np.zeros(len(changed), bool)
        spoils: Array = np.zeros(len(changed), bool)
        finite: Array = np.asarray(np.isfinite(changed).all(axis=1))
        changed = np.where(finite[:, None], changed, 0.0)
        for name in self.names:
            weight = self.weights[name].get(position)
            if weight is None:
                continue
            flat = np.asarray(weight, float).reshape(-1)
            number = changed @ flat
            reach = self.reach[name] + 4 * _unit(self.joint) * (np.abs(changed) @ np.abs(flat))
            if name in self.target:
                fitting |= (np.abs(number) > 0) & (
                    np.abs(number - self.target[name]) <= reach + 1e-9 * abs(self.target[name])
                )
            elif not alone:
                spoils |= np.abs(number) > reach
        return np.asarray(finite & fitting & ~spoils)


def _bits(joint: Joint) -> list[int]:
    """For each node, itself and all that it is worked out from, a bit each."""
    found: list[int] = []
    for position, node in enumerate(joint.graph.nodes):
        bits = 1 << position
        for i in node.inputs:
            bits |= found[i]
        found.append(bits)
    return found


def _unit(joint: Joint) -> float:
    narrow = any(joint.node(i).dtype.itemsize < 8 for i in joint.slope.values())
    return 1e-4 if narrow else 1e-11


_MADE: Beside[Joint, Screen | None] = Beside()


def screened(joint: Joint, evidence: Evidence) -> Screen | None:
    """The screen of a way back and of what was given; None where it cannot be gone back through."""
    if joint not in _MADE:
        _MADE[joint] = screen_of(joint, evidence)
    return _MADE[joint]


def screen_of(joint: Joint, evidence: Evidence) -> Screen | None:
    """A screen of its own, for other values than those that were given."""
    try:
        with np.errstate(all="ignore"):
            return Screen(joint, evidence) if _is_small(joint) else None
    except (GradworkError, ArithmeticError, ValueError, TypeError, LookupError):
        return None


def _is_small(joint: Joint) -> bool:
    """Whether what every node counts for, for each array, can be kept."""
    back = (joint.node(i).shape for i in range(joint.forward, len(joint.graph)))
    entries = sum(int(np.prod(shape)) for shape in back)
    return len(joint.slope) <= MOST_ARRAYS and entries * len(joint.slope) <= MOST_ENTRIES


class GoneBack:
    """The way back through the way back, as a graph that is run for each array."""

    def __init__(self, joint: Joint) -> None:
        self.joint = joint
        builder = Builder.on(joint.graph.with_outputs([0]))
        self.seeds: dict[str, int] = {}
        starts: dict[int, Traced] = {}
        for name, position in joint.slope.items():
            node = joint.node(position)
            if position in starts:
                continue
            seed = builder.input(None, f"seed of {name}", shape=node.shape, dtype=node.dtype)
            self.seeds[name] = seed
            starts[position] = Traced(builder, seed)
        starting = set(joint.adjoint.values())
        back = range(joint.forward, len(joint.graph))
        wrt = [i for i in back if (joint.node(i).op != CONSTANT or i in starting) and joint.node(i).dtype.kind in "fc"]
        adjoints = sweep(builder, starts, wrt)
        self.of = {k: t.index for k, t in adjoints.items() if k >= joint.forward}
        self.graph = builder.graph([])

    def with_seed(self, name: str, seed: Array) -> dict[int, Array]:
        """What each node counts for when these are the seeds of one array, and those of all others are zero."""
        values: list[Any] = list(self.joint.values)
        nodes = self.graph.nodes
        active = [False] * len(self.joint.values)
        own = self.seeds.get(name)
        for position in range(len(values), len(nodes)):
            node = nodes[position]
            if position in self.seeds.values():
                active.append(position == own)
                values.append(seed.astype(node.dtype) if position == own else np.zeros((), node.dtype))
                continue
            if node.op == CONSTANT:
                values.append(self.graph.constants[position])
                active.append(False)
                continue
            shapes = [nodes[i].shape for i in node.inputs]
            values.append(apply_op(REGISTER.named(node.op), [values[i] for i in node.inputs], shapes, node.params))
            active.append(any(active[i] for i in node.inputs))
        return {k: np.asarray(spread(values[i], nodes[i].shape)) for k, i in self.of.items() if active[i]}


def _linear_from(joint: Joint, carrying: set[int]) -> list[bool]:
    """For each node of the way back, whether the gradients depend on its value in a straight line.

    Whatever carries a slope back does. A local slope does where every way from it to one of these is linear, and there
    is only one.
    """
    nodes = joint.graph.nodes
    found = [False] * len(nodes)
    for position in range(len(nodes) - 1, joint.forward - 1, -1):
        if position in carrying:
            found[position] = True
            continue
        readers = joint.graph.consumers[position]
        if len(readers) == 1:
            (reader,) = readers
            found[position] = found[reader] and linear_in(nodes[reader].op, nodes[reader].inputs, position)
    return found


def linear_in(op: str, inputs: Sequence[int], position: int) -> bool:
    """Whether an op is linear in one of its inputs while the others stand still."""
    if inputs.count(position) != 1:
        return op in ALWAYS_LINEAR
    if op == "divide":
        return inputs[0] == position
    return op in ALWAYS_LINEAR or op in ("multiply", "chain_product", "matmul", "einsum")
