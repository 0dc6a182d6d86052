"""The places of a way back at which a mistake can be made, and how they are called.

Every node of the way back says which rule made it, for which node of the loss and in which role (`Origin`); that is
all that is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.beside import Beside
from gradwork.check.evidence import Edit, Joint
from gradwork.gradients.backprop import SUM_OF_PATHS
from gradwork.gradients.expression import one_line
from gradwork.gradients.reading import read
from gradwork.graph.graph import CONSTANT, INPUT, Node
from gradwork.graph.op import REGISTER
from gradwork.graph.passes import TRANSPARENT
from gradwork.notation.layout import Layout, Symbol
from gradwork.ops.activations import relu, sigmoid, softplus

SUMMING = ("add", "subtract")


@dataclass(frozen=True)
class ChainStep:
    """What comes back, times the local slope of one op: node `product` of the way back.

    coming: the slope that comes back to the op;  slope: its local slope;  of: the op's node in the loss.
    """

    product: int
    coming: int
    slope: int
    of: int


def chain_steps(joint: Joint) -> Iterator[ChainStep]:
    """Every product of what comes back with a local slope."""
    for position in range(joint.forward, len(joint.graph)):
        node = joint.node(position)
        if node.op not in ("multiply", "chain_product") or node.origin.node is None:
            continue
        if node.origin.role.startswith("chain rule through"):
            coming, slope = node.inputs
            yield ChainStep(position, coming, slope, node.origin.node)


@dataclass(frozen=True)
class Stretch:
    """Several functions in a row, entry by entry, that slopes go back through: from `end` to `start`.

    called: what they are together, such as "sigmoid"; "" where they have no name.
    """

    start: int
    end: int
    called: str


KNOWN: dict[str, Callable[[Any], Any]] = {"sigmoid": sigmoid, "tanh": np.tanh, "softplus": softplus, "relu": relu}
LONGEST_STRETCH = 6


def stretches(joint: Joint) -> Iterator[Stretch]:
    """Every stretch of two functions and more in which each value has no other reader."""
    for end in joint.adjoint:
        if not joint.node(end).shape and end in joint.graph.outputs:
            continue
        start = end
        for length in range(1, LONGEST_STRETCH + 1):
            before = _one_before(joint, start)
            if before is None:
                break
            start = before
            if length > 1 and start in joint.adjoint and joint.adjoint[start] >= joint.forward:
                value, result = joint.value(start), joint.value(end)
                with np.errstate(all="ignore"):
                    reach = 1e-9 if np.asarray(result).dtype.itemsize > 4 else 1e-5
                    names = [n for n, f in KNOWN.items() if np.allclose(f(value), result, rtol=reach, atol=reach / 1e3)]
                yield Stretch(start, end, names[0] if names else "")


def _one_before(joint: Joint, position: int) -> int | None:
    """What an op entry by entry reads, where nothing else reads it and only it has slopes; None elsewhere."""
    node = joint.node(position)
    if node.op in (INPUT, CONSTANT) or not REGISTER.named(node.op).elementwise:
        return None
    moving = [i for i in dict.fromkeys(node.inputs) if i in joint.adjoint]
    if len(moving) != 1 or joint.node(moving[0]).shape != node.shape:
        return None
    readers = [r for r in joint.graph.consumers[moving[0]] if r < joint.forward]
    return moving[0] if readers == [position] or position == readers[-1] == readers[0] else None


def by_rule(joint: Joint, *ops: str) -> Iterator[tuple[int, Node]]:
    """The nodes of the way back that are one of these ops."""
    for position in range(joint.forward, len(joint.graph)):
        if joint.node(position).op in ops:
            yield position, joint.node(position)


def made_for(joint: Joint, position: int) -> int:
    """The node of the loss that a node of the way back belongs to; the first one where it belongs to none."""
    of = joint.node(position).origin.node
    return of if of is not None and of < joint.forward else 0


def sums_of_paths(joint: Joint) -> Iterator[tuple[int, Node]]:
    """The sums over what comes back from several uses of one value."""
    for position, node in by_rule(joint, "add"):
        if node.origin.by == SUM_OF_PATHS and node.origin.node is not None:
            yield position, node


def behind(joint: Joint, position: int, start: int) -> list[int]:
    """The nodes of the way back that `position` is worked out from, as far back as `start`, itself included."""
    found, waiting = [], [position]
    while waiting:
        at = waiting.pop()
        if at >= start and at not in found:
            found.append(at)
            waiting += joint.node(at).inputs
    return sorted(found)


def without_copies(joint: Joint, position: int) -> int:
    """What a value is before it is spread, reshaped or copied."""
    while joint.node(position).op in TRANSPARENT:
        position = joint.node(position).inputs[0]
    return position


def equal_values(one: Any, other: Any) -> bool:
    """Whether two values are the same up to rounding, and not zero."""
    reach = 1e-12 * float(np.max(np.abs(one), initial=0.0))
    return bool(reach and np.shape(one) == np.shape(other) and np.max(np.abs(np.subtract(one, other))) <= reach)


def as_it_is(position: int) -> Edit:
    """The value of another node, unchanged."""
    return lambda values: values[position]


def scaled(position: int, factor: float) -> Edit:
    """The value of a node, times a number."""
    return lambda values: values[position] * factor


def slope_in_words(names: Names, step: ChainStep) -> str:
    """A local slope with what it is the slope of: a factor of a product is called a factor."""
    slope = names.written(step.slope, {})
    op = names.joint.node(step.of).op
    return f"the factor {slope}" if op == "multiply" else f"the slope of {op}, {slope},"


LONGEST = 12  # operations in a formula that stands for a name
SPELLED, MOST_SPELLED = 60, 2  # characters of the formula behind such a name; names
_LONG = re.compile(r"\bu(\d+)\b")
_POWER_ONE = re.compile(r"\^1(?![\w.^])")  # of 2 u^1, the slope of a square


class Names:
    """How the values of a loss are called: the user's own names, z and a with the layer's number, else a formula.

    numbered: whether the second value of one name is called by a number behind it.
    """

    def __init__(self, joint: Joint, *, numbered: bool = True) -> None:
        self.joint = joint
        self.cut: dict[int, Layout] = {}
        self._texts: dict[int, str] = {}
        self._names: dict[int, str] = {}
        taken: dict[str, int] = {}
        size: dict[int, int] = {}
        for position in range(joint.forward):
            node = joint.node(position)
            name = node.name or self._filled(position) or self._usual(position)
            size[position] = 1 + sum(size[i] for i in node.inputs)
            if not name and size[position] > LONGEST:
                name = f"u{position}"  # a formula that nobody would read
            empty = node.op == CONSTANT and any(joint.node(r).op == "setitem" for r in joint.graph.consumers[position])
            if name and empty:
                self.cut[position] = Symbol(f"{name}_empty")
                size[position] = 1
            elif name:
                taken[name] = taken.get(name, 0) + 1
                self.cut[position] = Symbol(name if taken[name] == 1 or not numbered else f"{name}_{taken[name]}")
                size[position] = 1
        for of, adjoint in joint.adjoint.items():
            if of in self.cut and adjoint >= joint.forward and adjoint not in self.cut:
                self.cut[adjoint] = Symbol(f"d_{one_line(self.cut[of])}")

    @classmethod
    def of(cls, joint: Joint) -> Names:
        """The names of a graph: they are made once."""
        found = _MADE.get(joint)
        if found is None:
            found = _MADE[joint] = cls(joint)
        return found

    def _filled(self, position: int) -> str:
        """An array that is filled entry by entry has, when it is full, the name that it had empty."""
        joint, node = self.joint, self.joint.node(position)
        if node.op != "setitem":
            return ""
        readers = (joint.node(r) for r in joint.graph.consumers[position])
        if any(reader.op == "setitem" and reader.inputs[0] == position for reader in readers):
            return ""
        while node.op == "setitem":
            node = joint.node(node.inputs[0])
        return node.name or ""

    def _usual(self, position: int) -> str:
        """Scores of a layer are z, what its activation makes of them a."""
        joint, node = self.joint, self.joint.node(position)
        layer = joint.layers[position]
        if not layer or node.op in (INPUT, CONSTANT):
            return ""
        inside = [without_copies(joint, i) for i in node.inputs]
        if node.op == "add" and any(joint.node(i).op == "matmul" for i in inside):
            return f"z{layer}"
        if node.op == "matmul":
            readers = [joint.node(r).op for r in joint.graph.consumers[position] if r < joint.forward]
            return "" if "add" in readers or len(set(inside)) == 1 else f"z{layer}"  # q @ q is a length
        op = REGISTER.named(node.op)
        one = op.elementwise and len(node.inputs) == 1 and node.op not in ("negative", "square")
        if one and self.cut.get(inside[0]) == Symbol(f"z{layer}"):
            return f"a{layer}"
        return ""

    def layout(self, position: int) -> Layout:
        """What a node is called, as a piece of mathematics."""
        position = without_copies(self.joint, position)
        return self.cut[position] if position in self.cut else read(self.joint.graph, position, self.cut)

    def name(self, position: int) -> str:
        """What a node is called."""
        if position not in self._names:
            self._names[position] = _POWER_ONE.sub("", one_line(self.layout(position)))
        return self._names[position]

    def written(self, position: int, instead: dict[int, Layout]) -> str:
        """A node as a formula, with other things standing for some nodes."""
        if not instead:
            if position not in self._texts:
                whole = read(self.joint.graph, position, self.cut, own=position in self.cut)
                self._texts[position] = _POWER_ONE.sub("", one_line(whole))
            return self._texts[position]
        cut = {**self.cut, **instead}
        return one_line(read(self.joint.graph, position, cut, own=position in cut))

    def spelled(self, says: str) -> str:
        """What the first of the names such as u39 in a sentence stand for: "with u39 = a b + c"."""
        found: list[str] = []
        for digits in dict.fromkeys(_LONG.findall(says)):
            position = int(digits)
            called = position < self.joint.forward and not self.joint.node(position).name
            if called and self.cut.get(position) == Symbol(f"u{digits}") and len(found) < MOST_SPELLED:
                formula = self.written(position, {})
                short = formula if len(formula) <= SPELLED else f"{formula[:SPELLED].rsplit(' ', 1)[0]} ..."
                found.append(f"u{digits} = {short}")
        return "with " + " and ".join(found) if found else ""

    def in_layer(self, of: int) -> str:
        """ ", in layer 2", for a node of the loss; "" where there are no layers."""
        layer = self.joint.layers[of] if of < self.joint.forward else 0
        return f", in layer {layer}" if layer else ""


_MADE: Beside[Joint, Names] = Beside()
