"""Gauss-Newton and Levenberg-Marquardt: a change of all parameters that is solved for, for a loss of squares.

Near its lowest point a sum of squares is known to half its digits only: there steps are judged by how much of the
residuals still lies along the slopes, the offset of Bates and Watts (1988), section 2.2.4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.descent.curvature import flat, shaped
from gradwork.descent.large import Large
from gradwork.descent.method import Finished, Method, Taken
from gradwork.descent.problem import Array, Leaves, Problem, Step
from gradwork.descent.searches import working
from gradwork.descent.searches.squares import Squares, residuals_of
from gradwork.descent.searches.squares_in_parts import Rows, all_squares, own_of, some_squares
from gradwork.errors import ArgumentError, GradworkError
from gradwork.notation.document import Block

TRIALS = 80  # halvings, or growths of the damping, in one step
ENOUGH = 4500  # roundings: the offset at which further steps are about rounding alone
ROUNDING = 450  # roundings of a loss: what two ways of adding it up may differ by
FIRST_DAMPING = 1e-3
STRAIGHT = 0.75  # twice the correction beside the change, at most: beyond it straight lines say little
DEAD = 1e-10  # of the residuals: a parameter whose own size is seen in them by less is held where it is
STILL = 1e-6  # of the residuals: a parameter that moves them by less counts as one that does nothing
FLATTER = 0.9  # by how much the offset has to shrink where the loss cannot show a fall


@dataclass(frozen=True)
class Trial:
    """One change that was tried: how it was found, and whether the loss fell."""

    names: Mapping[str, Any]
    leaves: Leaves
    loss: float
    point: Point


class Point:
    """The squares at a point, and how much of the residuals the parameters can still take away there."""

    def __init__(self, problem: Rows, leaves: Leaves, loss: float, decay: float) -> None:
        self.leaves, self.loss = leaves, loss
        given = flat(leaves)
        self.weight, self.rounding = given.astype(np.float64), float(np.finfo(given.dtype).eps)
        found = _with_decay(all_squares(problem, leaves)[0], self.weight, decay)
        self.residual, self.jacobian = found.residual, found.jacobian
        self.gradient: Array = 2 * self.jacobian.T @ self.residual
        self.noise = _noise(self, found)
        self.finite = bool(np.all(np.isfinite(self.jacobian)) and np.all(np.isfinite(self.residual)))
        self.offset, self.reach = _offset(self) if self.finite else (math.inf, math.inf)

    @property
    def level(self) -> float:
        """How much of the loss is rounding."""
        in_residuals = self.noise * (2 * float(np.linalg.norm(self.residual)) + self.noise)
        return ROUNDING * self.rounding * abs(self.loss) + in_residuals


def _offset(point: Point) -> tuple[float, float]:
    """The share of the residuals that lies along the slopes, and the longest undamped change beside its weight."""
    scale = _held(np.linalg.norm(point.jacobian, axis=0), point)
    left, sizes, right = np.linalg.svd(point.jacobian / scale, full_matrices=False)
    kept = sizes > 1e-14 * sizes[0]
    along = left.T[kept] @ point.residual
    change = np.abs((along / sizes[kept]) @ right[kept] / scale)
    size = np.linalg.norm(point.residual)
    reach = change / np.maximum(np.abs(point.weight), np.finfo(float).tiny)
    return float(np.linalg.norm(along) / size) if size else 0.0, float(np.max(reach, initial=0.0))


def _noise(point: Point, found: Squares) -> float:
    """The rounding of all residuals together: each is a difference of numbers of the size of slope times weight."""
    size = found.size
    if size is None:
        size = float(np.linalg.norm(np.abs(found.jacobian) @ np.abs(point.weight)))
    return 4 * point.rounding * size


def _held(scale: Array, point: Point) -> Array:
    """Scales that keep a parameter where it is which moves nothing: its own size would hardly be seen in a residual."""
    least = DEAD * np.linalg.norm(point.residual) / np.abs(point.weight)
    scale = np.where(np.isfinite(least), np.maximum(scale, least), scale)
    return np.where(scale > 0, scale, 1.0)


class LeastSquares:
    """What the two methods share: trial changes, which to take, and when there is none to take."""

    judges = True
    why_none = "The loss bends too sharply here for its slopes to say how it falls, or has a corner."

    def first(self, problem: Problem, given: float | None, weight_decay: float) -> tuple[float, str]:
        """A learning rate of 1: the whole change. Raises ArgumentError for a loss that is no sum of squares."""
        if given is not None:
            raise ArgumentError(
                "this method takes no learning rate",
                why="it solves for the whole change of the parameters, and shortens one that does not lower the loss",
                hint="no learning_rate; or another method",
            )
        some_squares(problem, problem.start)
        return 1.0, "it is 1, the whole of a change that is solved for"

    def rate(self, states: Sequence[Leaves]) -> float:
        """The learning rate of a step."""
        return 1.0

    def step(self, method: Method, source: Any, weight_decay: float) -> Step:
        """A step as the loop takes it."""
        problem: Rows = source
        latest: list[Point] = []

        def at(leaves: Leaves) -> Point:
            for point in latest:
                if all(a is b for a, b in zip(point.leaves, leaves, strict=True)):
                    return point
            return Point(problem, leaves, _objective(problem, leaves, weight_decay), weight_decay)

        @np.errstate(all="ignore")
        def step(leaves: Leaves, states: list[Leaves], rate: Any, number: Any, *batch: Any) -> Any:
            point = at(leaves)
            trial = self._taken(method, problem, point, states, weight_decay)
            latest[:] = [trial.point]
            plain = problem.value(leaves) if weight_decay else point.loss
            square = float(point.gradient @ point.gradient)
            return plain, square, trial.leaves, self._kept(method, trial, leaves)

        return step

    def shown(self, method: Method, problem: Problem, taken: Taken, weight_decay: float) -> tuple[Block, ...]:
        """The residuals, their slopes, and the change, with numbers."""
        with np.errstate(all="ignore"):
            loss = _objective(problem, taken.before, weight_decay)
            point = Point(problem, taken.before, loss, weight_decay)
            trial = self._taken(method, problem, point, taken.states, weight_decay)
        return working.least_squares(problem, self._all(method, trial), method, some_squares(problem, taken.before))

    # -- inside -----------------------------------------------------------------------------------------------------

    def _taken(self, method: Method, problem: Rows, point: Point, states: Sequence[Leaves], decay: float) -> Trial:
        """The first change that lowers the loss. Raises Finished where there is none."""
        if point.offset <= ENOUGH * point.rounding:
            raise _ended(point, problem)
        # Twice over: the loss cannot show a fall that is smaller than its own rounding.
        fine = point.offset**2 * float(point.residual @ point.residual) <= point.level
        tried = 0
        for names in self._changes(method, problem, point, states, decay):
            tried += 1
            new = np.asarray(names["new_weight"], dtype=np.float64)
            leaves = shaped(new, point.leaves)
            if not np.all(np.isfinite(new)) or np.array_equal(flat(leaves), flat(point.leaves)):
                if np.all(np.isfinite(new)):
                    break
                continue
            loss = _objective(problem, leaves, decay)
            if loss < point.loss or (fine and loss <= point.loss + point.level):
                there = Point(problem, leaves, loss, decay)
                if there.finite and (not fine or there.offset < FLATTER * point.offset):
                    return Trial({**names, "new_loss": loss, "loss": point.loss}, leaves, loss, there)
            if fine:
                break
        if fine or point.reach <= 1e-9:
            raise _ended(point, problem)
        raise Finished(
            "stalled",
            f"None of {tried} changes that were tried lowers the loss, though the slopes say that it should fall: "
            f"{point.offset:.3g} of the residuals lies along them. {self.why_none}",
        )

    def _changes(
        self, method: Method, problem: Rows, point: Point, states: Sequence[Leaves], decay: float
    ) -> Iterator[dict[str, Any]]:
        raise NotImplementedError

    def _all(self, method: Method, trial: Trial) -> dict[str, Any]:
        """Every name of the formulas with its value."""
        return dict(trial.names)

    def _kept(self, method: Method, trial: Trial, leaves: Leaves) -> list[Leaves]:
        raise NotImplementedError


def _with_decay(found: Squares, weight: Array, decay: float) -> Squares:
    """With the squares of the weight decay: its slope is decay * weight."""
    if not decay:
        return found
    root = math.sqrt(decay / 2)
    residual = np.concatenate([found.residual, root * weight])
    size = None if found.size is None else math.hypot(found.size, root * float(np.linalg.norm(weight)))
    return Squares(residual, np.concatenate([found.jacobian, root * np.eye(weight.size)]), size)


def _nearby(problem: Rows, point: Point, leaves: Leaves, decay: float) -> dict[str, Array]:
    """The residuals at another point; with those at this one and their slopes where all three are folded anew."""
    if isinstance(problem, Problem) and not isinstance(problem, Large):
        found, residual = None, residuals_of(problem, leaves)
    else:
        found, folded = all_squares(problem, point.leaves, leaves)
        assert folded is not None
        residual = folded
    weight = flat(leaves).astype(np.float64)
    if decay:
        residual = np.concatenate([residual, math.sqrt(decay / 2) * weight])
    if found is None:
        return {"residual_nearby": residual}
    found = _with_decay(found, point.weight, decay)
    return {"residual_nearby": residual, "residual": found.residual, "jacobian": found.jacobian}


def _objective(problem: Rows, leaves: Leaves, decay: float) -> float:
    """The loss, with what the weight decay adds to it."""
    loss = problem.value(leaves)
    return loss if not decay else loss + decay / 2 * float(np.sum(np.square(flat(leaves), dtype=np.float64)))


def _ended(point: Point, problem: Rows) -> Finished:
    """The end of a run whose parameters have nothing left to gain here."""
    if not np.any(point.residual):
        return Finished("converged", "The residuals are all 0: no loss of squares is lower.")
    # How far a parameter moves the residuals as a whole: its slopes times its own size.
    moves = np.linalg.norm(point.jacobian, axis=0) * np.where(point.weight == 0, math.inf, np.abs(point.weight))
    little = ~(moves > STILL * np.linalg.norm(point.residual))
    still = [name for name, is_still in zip(working.entry_names(own_of(problem)), little, strict=True) if is_still]
    if not np.any(point.jacobian):
        return Finished(
            "stalled", "The slopes of all residuals are 0 here, so no parameter changes anything: a plateau."
        )
    said = (
        f"No change of the parameters takes anything off the residuals any more: {point.offset:.2g} of them lies along "
        "their slopes. Further steps would be about rounding alone."
    )
    if still:
        listed = ", ".join(still[:6]) + (" ..." if len(still) > 6 else "")
        said += (
            f" The residuals hardly move with {listed} here: this may be a plateau, and another start may lead lower."
        )
    return Finished("converged", said)


class Undamped(LeastSquares):
    """Gauss-Newton: the whole change, or half of it, or a quarter."""

    why_none = "Some parameters do nearly the same here, so the change is too long; levenberg-marquardt shortens such."

    def rate(self, states: Sequence[Leaves]) -> float:
        """The learning rate of a step."""
        return float(np.ravel(states[0][0])[0])

    def _changes(
        self, method: Method, problem: Rows, point: Point, states: Sequence[Leaves], decay: float
    ) -> Iterator[dict[str, Any]]:
        names: dict[str, Any] = {"jacobian": point.jacobian, "residual": point.residual, "weight": point.weight}
        names["scale"] = _held(method.work_out("scale", names), point)
        names["change"] = method.work_out("change", names)
        for halvings in range(TRIALS):
            names["learning_rate"] = np.float64(0.5**halvings)
            yield {**names, "new_weight": method.work_out("new_weight", names)}

    def _kept(self, method: Method, trial: Trial, leaves: Leaves) -> list[Leaves]:
        return [[trial.names["learning_rate"]] for _ in leaves]


class Damped(LeastSquares):
    """Levenberg-Marquardt: a damping that grows until the loss falls, and shrinks when it falls as it should."""

    def _changes(
        self, method: Method, problem: Rows, point: Point, states: Sequence[Leaves], decay: float
    ) -> Iterator[dict[str, Any]]:
        scale = np.concatenate([np.ravel(row[0]) for row in states])
        names: dict[str, Any] = {"jacobian": point.jacobian, "residual": point.residual, "weight": point.weight}
        names["scale"] = scale
        names["new_scale"] = _held(method.work_out("new_scale", names), point)
        for line in ("slopes", "products", "pull"):
            names[line] = method.work_out(line, names)
        names["identity"] = np.eye(point.weight.size)
        names["damping"], growth = np.float64(np.ravel(states[0][1])[0]) or np.float64(FIRST_DAMPING), 2.0
        names["loss"] = point.loss
        for _ in range(TRIALS):
            found = _bent(method, problem, point, names, decay)
            if found:
                yield found
            names["damping"], growth = names["damping"] * growth, 2 * growth

    def _all(self, method: Method, trial: Trial) -> dict[str, Any]:
        """Every name of the formulas with its value."""
        names = {**trial.names, "expected": method.work_out("expected", trial.names)}
        names["gain"] = method.work_out("gain", names) if names["expected"] > 0 else np.float64(1.0)
        return {**names, "new_damping": method.work_out("new_damping", names)}

    def _kept(self, method: Method, trial: Trial, leaves: Leaves) -> list[Leaves]:
        names = self._all(method, trial)
        like = [np.zeros(np.shape(leaf)) if np.ndim(leaf) else np.float64(0) for leaf in leaves]
        return [[part, np.float64(names["new_damping"])] for part in shaped(np.asarray(names["new_scale"]), like)]


def _bent(method: Method, problem: Rows, point: Point, names: Mapping[str, Any], decay: float) -> dict[str, Any]:
    """The change for one damping, with its correction for the bend of the residuals; empty where it bends too far."""
    found = dict(names)
    try:
        found["change"] = method.work_out("change", found)
        nearby = point.weight - method.constants["nearby"] * found["change"]
        found |= _nearby(problem, point, shaped(nearby, point.leaves), decay)
        if "residual" in found:
            found["slopes"] = method.work_out("slopes", found)
        for line in ("bend", "correction", "new_weight"):
            found[line] = method.work_out(line, found)
    except (np.linalg.LinAlgError, GradworkError):  # no number solves it: more damping does
        return {}
    scale = found["new_scale"]
    along, aside = (float(np.linalg.norm(scale * found[name])) for name in ("change", "correction"))
    return found if 2 * aside <= STRAIGHT * along else {}
