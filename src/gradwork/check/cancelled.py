"""How far rounding on the way may throw the loss off, where the loss itself does not show it.

log(sum(exp(z))) - z[k] is nothing at all once z[k] is far ahead: no nudge moves it, and yet its slopes are not zero.
They lie below the last digit of the terms that cancel. So a measured slope is never known more exactly than what the
terms are off by, divided by the nudge. Where the loss can be traced, every value on the way is shaken, far above its
last digit, and what comes of it is scaled down to that digit; elsewhere the size of the loss near by has to do.

Source: the forward error of a calculation: Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 1.5;
found by shaking: CADNA, Vignes 1993.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from gradwork.check.allowance import unit_of
from gradwork.check.evidence import Joint
from gradwork.check.given import Leaf, copied, plain
from gradwork.gradients.nudging.passing import REARRANGING
from gradwork.gradients.nudging.record import NudgedArray
from gradwork.gradients.nudging.rounding import LOGARITHMS
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.graph.op import REGISTER
from gradwork.graph.run import apply_op
from gradwork.graph.tree import flatten

UNIT = 2.0**-53
SHAKE = 2.0**-40
SMALLEST = 5e-324  # what is smaller is rounded to nothing
SAFETY = 3.0
DRAWS = 4
SHARES = (0.7, 0.4, 0.2, 0.1, 0.03, 0.0)
ASIDE, FAR, RUN_AWAY = 0.125, 4, 1e3
WHOLE = frozenset({"floor", "ceil", "rint", "trunc", "fix", "round", "floor_divide", "heaviside"})
PICKING = frozenset({"max", "min", "maximum", "minimum", "where", "concatenate"})
EXACT = REARRANGING | WHOLE | PICKING | {"absolute", "negative", "sign"}
ADDING = frozenset({"sum", "mean", "matmul", "einsum", "dot", "cumsum"})


class Cancelled:
    """The rounding of the loss at a point, worked out once it is asked for."""

    def __init__(
        self,
        f: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        leaves: Sequence[Leaf],
        joint: Joint | None,
    ) -> None:
        self.f, self.args, self.kwargs, self.leaves, self.joint = f, args, kwargs, leaves, joint

    def widened(self, name: str, array: NudgedArray) -> NudgedArray:
        """The measurements of an array with no bar less than what rounding amounts to."""
        least = self.least_bar(name, np.asarray(array.step, float))
        return replace(array, bar=np.fmax(np.asarray(array.bar, float), least))

    def least_bar(self, name: str, step: Any) -> Any:
        """What rounding of the loss amounts to in slopes that were measured with these nudges."""
        if self.joint is not None and self.joint.place[name] not in self.joint.adjoint:
            return np.zeros(np.shape(step))  # the loss does not use it: its slope is nothing, without a doubt
        with np.errstate(all="ignore"):
            least = self.rounding / np.abs(step)
        return np.where(np.isfinite(least), least, 0.0)

    @cached_property
    def rounding(self) -> float:
        """By how much the loss may be off."""
        return _by_shaking(self.joint) if self.joint is not None else self._by_moving()

    def _by_moving(self) -> float:
        """Of a black box: one unit of the largest loss near by; 0 where the loss stays the same wherever it is.

        Near by is a little to the side, and on the way to the origin, where hardly anything is saturated.
        """
        generator = np.random.default_rng(3)
        ways = [(0.0, 1.0), *((0.0, share) for share in SHARES), *[(ASIDE, 1.0)] * 2, *[(1.0, 1.0)] * FAR]
        here, *others = [self._loss_at(aside, share, generator) for aside, share in ways]
        if all(v == here for v in others if np.isfinite(v)):
            return 0.0
        near = max((abs(v) for v in (here, *others[:-FAR]) if np.isfinite(v)), default=0.0)
        # Far away the loss may be of the size of what cancels here; or it may have run away.
        far = max((abs(v) for v in others[-FAR:] if np.isfinite(v)), default=0.0)
        unit = max((unit_of(np.asarray(leaf.value).dtype) for leaf in self.leaves), default=UNIT)
        return SAFETY * unit * max(near, min(far, RUN_AWAY * near))

    def _loss_at(self, aside: float, share: float, generator: np.random.Generator) -> float:
        wanted = {(leaf.key, leaf.place) for leaf in self.leaves}
        args = [_moved(v, k, wanted, aside, share, generator) for k, v in enumerate(self.args)]
        kwargs = {k: _moved(v, k, wanted, aside, share, generator) for k, v in self.kwargs.items()}
        try:
            with np.errstate(all="ignore"):
                return float(np.asarray(plain(self.f(*args, **kwargs))))
        except Exception:
            return float("nan")  # it has left its domain: that says nothing of its rounding


def _moved(
    value: Any, key: Any, wanted: set[tuple[Any, int]], aside: float, share: float, generator: np.random.Generator
) -> Any:
    leaves, structure = flatten(copied(value))
    moved = []
    for place, leaf in enumerate(leaves):
        if (key, place) not in wanted or hasattr(leaf, "detach"):
            moved.append(leaf)
            continue
        number = np.asarray(plain(leaf), float)
        typical = float(np.sqrt(np.mean(number**2))) if number.size else 0.0
        there = share * number + aside * (typical or 1.0) * generator.standard_normal(number.shape)
        moved.append(float(there) if isinstance(leaf, (int, float)) else there)
    return structure.build(iter(moved))


def _by_shaking(joint: Joint) -> float:
    loss = max(joint.adjoint)
    base = float(joint.value(loss))
    generator = np.random.default_rng(4)
    apart = [abs(_shaken(joint, loss, generator) - base) for _ in range(DRAWS)]
    finite = [gap for gap in apart if np.isfinite(gap)]
    return SAFETY * max(finite, default=0.0) * (UNIT / SHAKE) + UNIT * abs(base)


def _shaken(joint: Joint, loss: int, generator: np.random.Generator) -> float:
    """The loss when every value on the way is off by a share of its size."""
    values = list(joint.values)
    nodes = joint.graph.nodes
    try:
        with np.errstate(all="ignore"):
            for position in range(loss + 1):
                node = nodes[position]
                if node.op in (INPUT, CONSTANT):
                    continue
                shapes = [nodes[i].shape for i in node.inputs]
                op = REGISTER.named(node.op)
                value = apply_op(op, [values[i] for i in node.inputs], shapes, node.params)
                if node.op not in EXACT and node.dtype.kind == "f":
                    share = generator.uniform(-1, 1, np.shape(value)) * (SHAKE / UNIT)
                    size = _size(joint, position, value)
                    value = value + share * (unit_of(node.dtype) * size + SMALLEST)
                values[position] = value
    except (ArithmeticError, ValueError, TypeError, IndexError, np.linalg.LinAlgError):
        return float("nan")
    return float(np.asarray(values[loss]))


def _size(joint: Joint, position: int, value: Any) -> Any:
    """The size of a value for its rounding: of a sum, that of all that is added up."""
    node = joint.graph.nodes[position]
    inside = [np.abs(joint.values[i]) for i in node.inputs]
    if node.op in ADDING:
        shapes = [joint.graph.nodes[i].shape for i in node.inputs]
        return np.abs(apply_op(REGISTER.named(node.op), inside, shapes, node.params))
    size: Any = np.abs(value)
    if node.op in LOGARITHMS or node.op == "softmax":
        # Inside, scores are subtracted from each other, and what is small is added to 1.
        scores = float(np.max(inside[0], initial=0.0)) + 1.0
        return size * scores if node.op == "softmax" else size + scores
    return size


__all__ = ["Cancelled"]
