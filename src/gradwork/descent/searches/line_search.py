"""A search for the learning rate of each step, along a direction that a few formulas give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwork.descent.curvature import flat, largest_curvature, shaped
from gradwork.descent.lowest import is_low
from gradwork.descent.method import Finished, Method, Taken
from gradwork.descent.problem import Array, Leaves, Problem, Step
from gradwork.descent.searches import working
from gradwork.descent.searches.wolfe import Tried, good_rate
from gradwork.notation.document import Block

ENDLESS = -1e100  # a loss that has fallen so far has no lowest value
FAR = 1e6  # times the parameters: a first trial beyond it would be about a curvature that is nearly 0
GROWTH = 10.0  # by how much the first trial of a step may be longer than the step before


class LineSearch:
    """Steps along a direction, each as far as the strong Wolfe conditions ask for."""

    judges = False

    def first(self, problem: Problem, given: float | None, weight_decay: float) -> tuple[float, str]:
        """The first trial of the first step, and why."""
        if given is not None:
            return given, ""
        curvature = largest_curvature(problem, problem.start)
        size = float(np.linalg.norm(flat(problem.value_and_gradient(problem.start)[1])))
        longest = FAR * max(1.0, float(np.linalg.norm(flat(problem.start))))
        if np.isfinite(curvature) and curvature > 0 and size / (curvature + weight_decay) <= longest:
            return 1 / (curvature + weight_decay), (
                f"each step looks for its own; the first one starts with one over the largest curvature at the start, "
                f"{curvature:.6g}"
            )
        why = "each step looks for its own; the first one starts with a step of length 1"
        return (1 / size if 0 < size < np.inf else 1.0), why

    def rate(self, states: Sequence[Leaves]) -> float:
        """The learning rate of a step."""
        return float(np.ravel(states[0][-1])[0])

    def step(self, method: Method, source: Any, weight_decay: float) -> Step:
        """A step as the loop takes it."""

        @np.errstate(all="ignore")
        def step(leaves: Leaves, states: list[Leaves], rate: Any, number: Any, *batch: Any) -> Any:
            loss, slopes = source.value_and_gradient(leaves, batch)
            names = _direction(method, flat(leaves), _decayed(slopes, leaves, weight_decay), leaves, states)
            square = float(np.sum(np.square(names["gradient"], dtype=np.float64)))
            slope = float(names["direction_taken"] @ names["gradient"])
            if not slope < 0 or not np.isfinite(slope):
                return loss, square, leaves, _kept(method, names, leaves, self.rate(states), slope)
            first = _first_trial(states, slope, float(rate))
            line = _Line(method, source, weight_decay, leaves, batch, float(loss), names)
            found, _ = line.search(first)
            if found is None and "share" in names and names["share"] != 0:
                line = replace(line, names=_anew(names))
                found, _ = line.search(first)
            if found is None:
                raise line.ended(first)
            kept = _kept(method, line.names, leaves, found.rate, line.start.slope)
            return loss, square, line.moved(found.rate), kept

        return step

    def shown(self, method: Method, problem: Problem, taken: Taken, weight_decay: float) -> tuple[Block, ...]:
        """The direction, and the step along it, with numbers."""
        slopes = _decayed(problem.value_and_gradient(taken.before)[1], taken.before, weight_decay)
        names = _direction(method, flat(taken.before), slopes, taken.before, taken.states)
        after = flat(taken.after)
        if "share" in names and not np.array_equal(flat(_moved(method, names, taken.rate, taken.before)), after):
            names = _anew(names)  # the direction led nowhere, and it was tried without its share
        return working.line(method, problem, {**names, "learning_rate": np.float64(taken.rate), "new_weight": after})


@dataclass(frozen=True, eq=False)
class _Line:
    """The loss along one direction."""

    method: Method
    source: Any
    decay: float
    leaves: Leaves
    batch: tuple[Any, ...]
    loss: float
    names: Mapping[str, Any]

    @property
    def start(self) -> Tried:
        weight, slope = self.names["weight"], float(self.names["direction_taken"] @ self.names["gradient"])
        return Tried(0.0, self.loss + self.decay / 2 * float(weight @ weight), slope)

    @property
    def rounding(self) -> float:
        return 8 * float(np.finfo(self.names["weight"].dtype).eps)

    def moved(self, rate: float) -> Leaves:
        return _moved(self.method, self.names, rate, self.leaves)

    def along(self, rate: float) -> Tried:
        there = self.moved(rate)
        value, slopes = self.source.value_and_gradient(there, self.batch)
        place = flat(there)
        slope = float(self.names["direction_taken"] @ _decayed(slopes, there, self.decay))
        return Tried(rate, float(value) + self.decay / 2 * float(place @ place), slope)

    def search(self, first: float) -> tuple[Tried | None, int]:
        return good_rate(self.along, self.start, first, self.rounding)

    def ended(self, first: float) -> Finished:
        """Whether the loss is lowest here, or falls by less than its last digits along the line, or has a corner."""
        problem: Problem = getattr(self.source, "problem", self.source)
        if self.start.loss < ENDLESS:
            return Finished("diverged", "It falls without end.")
        if is_low(problem, self.leaves, problem.value(problem.start), self.decay):
            return Finished(
                "converged",
                "No learning rate along the direction lowers the loss, and what any parameter alone could still take "
                "off it is smaller than its last digits.",
            )
        slope = f"though its slope there is {self.start.slope:.3g}"
        if first * abs(self.start.slope) <= 1e3 * self.rounding * abs(self.start.loss):
            return Finished(
                "stalled",
                f"The loss falls by less than its last digits along the direction, {slope}: the parameters differ too "
                "much in size for one learning rate. Standardised columns would help, or parameters in other units.",
            )
        return Finished("stalled", f"No learning rate lowers the loss, {slope}. The loss may have a corner here.")


def _decayed(slopes: Leaves, leaves: Leaves, decay: float) -> Array:
    return flat(slopes) + decay * flat(leaves) if decay else flat(slopes)


def _anew(names: Mapping[str, Any]) -> dict[str, Any]:
    """The direction without a share of the one before."""
    against = -names["gradient"]
    return {**names, "share": np.float64(0.0), "new_direction": against, "direction_taken": against}


def _direction(
    method: Method, weight: Array, gradient: Array, leaves: Leaves, states: Sequence[Leaves]
) -> dict[str, Any]:
    """What the formulas give before the learning rate is known; `direction_taken` is where the step leads."""
    names: dict[str, Any] = {"weight": weight, "gradient": gradient, "direction_taken": -gradient}
    if "new_direction" not in method.lines:
        return names
    kept = {name: flat([row[i] for row in states]) for i, name in enumerate(method.states) if name in _OF_EACH}
    if not np.any(kept["last_gradient"]):
        kept["last_gradient"] = gradient  # the first step: no share of a direction that there is not
    names |= kept
    for line in method.lines:
        if line != "new_weight":
            names[line] = method.work_out(line, names)
    if not float(names["new_direction"] @ gradient) < 0:
        return _anew(names)
    return {**names, "direction_taken": names["new_direction"]}


_OF_EACH = ("direction", "last_gradient")


def _moved(method: Method, names: Mapping[str, Any], rate: float, leaves: Leaves) -> Leaves:
    weight = names["weight"]
    return shaped(method.work_out("new_weight", {**names, "learning_rate": weight.dtype.type(rate)}), leaves)


def _first_trial(states: Sequence[Leaves], slope: float, first: float) -> float:
    """The rate that would make the loss fall as much as in the step before, had it a straight line to fall along."""
    last_slope, last_rate = (float(np.ravel(part)[0]) for part in states[0][-2:])
    if not (last_rate > 0 and last_slope < 0):
        return first
    return last_rate * min(GROWTH, max(1 / GROWTH, last_slope / slope))


def _kept(method: Method, names: Mapping[str, Any], leaves: Leaves, rate: float, slope: float) -> list[Leaves]:
    """What is remembered, for each leaf in the order of the method's states."""
    of_each = {"direction": names.get("new_direction"), "last_gradient": names["gradient"]}
    parts = {name: shaped(of_each[name], leaves) for name in method.states if name in _OF_EACH}
    numbers = {"last_slope": np.float64(slope), "learning_rate": np.float64(rate)}
    return [[parts[name][i] if name in parts else numbers[name] for name in method.states] for i in range(len(leaves))]
