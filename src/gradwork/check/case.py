"""What is being checked: a loss, its gradient, the arguments, and how the gradient was read against them.

A case can be asked again elsewhere: with arguments moved a little, or with fewer rows of the data.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check import allowance
from gradwork.check.evidence import SMALL, Evidence, Joint, joint_of
from gradwork.check.given import Array, Leaf, Reading, copied, plain
from gradwork.check.mending.program import Program, program_of
from gradwork.check.reading import read_again
from gradwork.check.verdicts import Verdict
from gradwork.graph.trace import Function
from gradwork.graph.tree import flatten

Point = tuple[Sequence[Any], Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Case:
    """The loss, its gradient (a function, or what one gave), the arguments of both, and how the gradient was read."""

    loss: Function
    gradient: Any
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    reading: Reading

    @property
    def leaves(self) -> list[Leaf]:
        """The arrays for which a gradient was given."""
        return self.reading.checked()

    @property
    def yours(self) -> dict[str, Array]:
        """The given gradient, by name."""
        return {leaf.name: np.asarray(leaf.yours, float) for leaf in self.leaves}

    @property
    def unit(self) -> float:
        """The coarsest unit of rounding of the arrays and of the gradient."""
        values = (value for leaf in self.leaves for value in (leaf.yours, leaf.value))
        return max((allowance.unit_of(np.asarray(value).dtype) for value in values), default=0.0)

    def joint_at(self, point: Point) -> Joint | None:
        """The graph of the loss at a point, with its gradient; None where it cannot be traced."""
        with np.errstate(all="ignore"):  # the graph of a loss of another library, which does not warn as NumPy does
            return joint_of(self.loss, *point, self.reading.leaves)

    def program_at(self, point: Point, joint: Joint | None, yours: Mapping[str, Array]) -> Program | None:
        """The gradient function's own steps at a point; None where it cannot be followed."""
        there, keywords = point
        if joint is None or not callable(self.gradient):
            return None

        def read(result: Any) -> dict[str, Any] | None:
            again = read_again(result, there, keywords, self.reading)
            return None if again is None else {leaf.name: leaf.yours for leaf in again.checked()}

        asked = tuple(dict.fromkeys(leaf.key for leaf in self.reading.leaves))
        mine, others = [copied(a) for a in there], {k: copied(v) for k, v in keywords.items()}
        return program_of(self.gradient, mine, others, asked, joint, yours, read)

    def slopes_at(self, point: Point) -> dict[str, Array] | None:
        """What the gradient function gives at another point, by name; None where it fails there."""
        there, keywords = point
        try:
            result = self.gradient(*map(copied, there), **keywords)
        except Exception:
            return None  # what it does there is not what was asked about
        again = read_again(result, there, keywords, self.reading)
        if again is None:
            return None
        return {leaf.name: np.asarray(leaf.yours, float) for leaf in again.checked()}

    def moved(self, seed: int, by: float) -> Point:
        """A point where the numbers of the checked arguments are moved by a share of up to `by`, the rest as it was."""
        generator = np.random.default_rng(seed)

        def moved(value: Any) -> Any:
            leaves, structure = flatten(value)
            return structure.build(iter([_shaken(leaf, generator, by) for leaf in leaves]))

        keys = self.reading.keys
        there = [moved(a) if i in keys else copied(a) for i, a in enumerate(self.args)]
        return there, {k: moved(v) if k in keys else copied(v) for k, v in self.kwargs.items()}

    def elsewhere(self, verdicts: Mapping[str, Verdict], seed: int) -> Evidence | None:
        """The evidence at another point: the checked arguments moved by a tenth. None where nothing is known there."""
        if not callable(self.gradient):
            return None
        point = self.moved(seed, by=0.1)
        yours, joint = self.slopes_at(point), self.joint_at(point)
        if yours is None or joint is None:
            return None
        right = {n: np.asarray(joint.value(i), float) for n, i in joint.slope.items() if n in yours}
        if any(not np.isfinite(r).all() for r in right.values()):
            return None
        tolerance = self._tolerance(joint, right)
        clean = {n: v for n, v in verdicts.items() if n in yours}
        own = functools.partial(self.program_at, point, joint, yours)
        return Evidence(tuple(self.leaves), yours, right, tolerance, clean, joint, loss=None, call=point, own=own)

    def _tolerance(self, joint: Joint, right: Mapping[str, Array]) -> dict[str, Array]:
        unit = self.unit
        inputs = [joint.values[i] for i in joint.graph.inputs]
        rounding = allowance.by_precision(joint.graph, inputs, list(joint.slope.values()), unit)
        loose = dict(zip(joint.slope, rounding, strict=True)) if rounding else {}
        return {
            name: np.maximum(4 * loose.get(name, allowance.least(slope, unit)), SMALL * typical(slope))
            for name, slope in right.items()
        }


def typical(values: Any) -> float:
    """The root mean square of what is finite."""
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    return float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0


def _shaken(leaf: Any, generator: np.random.Generator, by: float) -> Any:
    if isinstance(leaf, bool) or hasattr(leaf, "detach"):
        return leaf
    number = plain(leaf)
    if number is None or number.dtype.kind not in "f":
        return leaf
    typical = float(np.sqrt(np.mean(np.square(number, dtype=float)))) if number.size else 0.0
    # Entries keep their signs, so that a logarithm stays defined; what is zero moves by a little of the rest.
    still = np.where(number == 0, typical or 1.0, 0.0)
    there = number * (1 + by * generator.uniform(-1, 1, number.shape)) + by * still * generator.uniform(
        -1, 1, number.shape
    )
    return there.astype(number.dtype)[()] if not isinstance(leaf, float) else float(there)
