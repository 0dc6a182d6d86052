"""Plain descent on a loss that is proved quadratic: its steps are taken through the loss's moments, not the data.

Such a loss has the same second slopes H everywhere, and gradient g + H (p - p0). In the directions in which H only
stretches (its eigenvectors), a step of learning rate r multiplies each slope by 1 - r λ, whatever the others do; so all
steps follow from H, from the gradient at the start and from the learning rate. For linear regression these are sums
over the rows of x², x and x y, the moments of the data. Losses are added up from the end of a block back: a step lowers
the loss by r Σ s² (1 - r λ/2), each term of which is 0 or more, so nothing cancels.

Source: Boyd and Vandenberghe, Convex Optimization, 2004, section 9.3; Goh, Why Momentum Really Works, Distill 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from gradwork.descent.curvature import flat, shaped
from gradwork.descent.problem import Array, Leaves, Problem
from gradwork.graph.degree import degrees
from gradwork.graph.graph import Graph

if TYPE_CHECKING:
    from gradwork.descent.loop import Plan, State
    from gradwork.descent.method import Method

MOST = 200  # parameters: beyond, finding the directions costs more than it saves
LEAST_ROWS = 16
BLOCK = 1000  # steps that are worked out together; always the same ones, so that a run may be cut anywhere
_QUADRATIC: WeakKeyDictionary[Graph, bool] = WeakKeyDictionary()  # what was read off graphs that are kept
RULE = {"new_weight": "weight - learning_rate*gradient"}


@dataclass(frozen=True, eq=False)
class Quadratic:
    """A loss of degree 2: its directions (columns), the curvature in each, and start and slopes there."""

    start: Array
    directions: Array
    curvatures: Array
    slopes: Array


def quadratic_of(problem: Problem, method: Method, weight_decay: float, clip: float | None) -> Quadratic | None:
    """The loss in its own directions; None where it is not proved quadratic, or where this is not for its method."""
    if dict(method.lines) != RULE or method.search is not None or weight_decay or clip is not None:
        return None
    if problem.rows < max(LEAST_ROWS, 2 * problem.size):
        return None  # the plain steps are as quick, and their numbers are those that a hand works out
    if (
        problem.backend != "numpy"
        or not 0 < problem.size <= MOST
        or any(leaf.dtype != np.float64 for leaf in problem.start)
    ):
        return None
    if not is_quadratic(problem):
        return None
    start = flat(problem.start)
    slopes = _gradient(problem, start)
    second = _second_slopes(problem, start, slopes)
    if second is None:
        return None
    curvatures, directions = np.linalg.eigh(second)
    largest = float(curvatures[-1])
    if not largest > 0 or curvatures[0] < -1e-10 * largest:
        return None
    return Quadratic(start, directions, np.maximum(curvatures, 0.0), directions.T @ slopes)


def is_quadratic(problem: Problem) -> bool:
    """Whether the loss is a polynomial of degree 2 in the parameters, read off its graph."""
    program = problem.gradient_program(problem.data)
    count = len(problem.start)
    if program.graph.guards or program.moving or not all(program.slots.taken[:count]):
        return False
    if program.graph not in _QUADRATIC:
        degree = degrees(program.graph, program.graph.inputs[:count])[program.graph.outputs[0]]
        _QUADRATIC[program.graph] = degree is not None and degree <= 2
    return _QUADRATIC[program.graph]


def _gradient(problem: Problem, at: Array) -> Array:
    return flat(problem.value_and_gradient(shaped(at, problem.start))[1])


def _second_slopes(problem: Problem, start: Array, slopes: Array) -> Array | None:
    """H from gradients at other points, where a difference is exact but for rounding. None where it does not hold."""
    second = np.empty((start.size, start.size))
    size = float(np.max(np.abs(slopes)))
    for i in range(start.size):
        # As far away that the slopes change by about their own size: nearer, their difference would lose digits.
        far = max(1.0, abs(float(start[i])))
        for _ in range(2):
            moved = start.copy()
            moved[i] += far
            second[i] = (_gradient(problem, moved) - slopes) / (moved[i] - start[i])
            bend = float(np.max(np.abs(second[i])))
            if not (0 < 10 * bend * far < size < np.inf):
                break
            far = size / bend
    second = (second + second.T) / 2
    away = _somewhere(start.size) * np.maximum(1.0, np.abs(start))
    told, found = slopes + second @ away, _gradient(problem, start + away)
    scale = size + float(np.max(np.abs(second)) * np.sum(np.abs(away)))
    return second if np.isfinite(scale) and np.max(np.abs(told - found)) <= 1e-9 * scale else None


@lru_cache(maxsize=16)
def _somewhere(size: int) -> Array:
    direction = np.random.default_rng(0).normal(size=size)
    direction.flags.writeable = False
    return direction


class Moments:
    """The steps of one learning rate, a block at a time."""

    def __init__(self, problem: Problem, quadratic: Quadratic, rate: float) -> None:
        self.problem, self.quadratic, self.rate = problem, quadratic, rate
        self.shrink = 1 - rate * quadratic.curvatures
        self.lowers = rate * (1 - rate * quadratic.curvatures / 2)
        self.first = 0
        self._work_out(quadratic.slopes, np.zeros_like(quadratic.slopes))

    @property
    def falls(self) -> bool:
        """Whether no step goes up: elsewhere the losses would lose digits, and few steps are enough to see it."""
        return bool(np.all(np.abs(self.shrink) <= 1))

    def steps(self, first: int, stop: int) -> tuple[Array, Array, Array]:
        """Losses and square norms of the gradient before the steps, and the points after them; `stop` in one block."""
        block = first // BLOCK * BLOCK
        if block < self.first:
            self.first = 0
            self._work_out(self.quadratic.slopes, np.zeros_like(self.quadratic.slopes))
        while self.first < block:
            self.first += BLOCK
            self._work_out(self.next_slopes, self.next_sum)
        part = slice(first - block, stop - block)
        return self.losses[part], self.squares[part], self.points[part]

    def _work_out(self, slopes: Array, so_far: Array) -> None:
        factors = np.broadcast_to(self.shrink, (BLOCK, slopes.size)).copy()
        factors[0] = slopes
        along = np.multiply.accumulate(factors, axis=0)
        self.next_slopes = along[-1] * self.shrink
        squares = along * along
        self.squares = squares.sum(axis=1)
        along[0] += so_far
        sums = np.add.accumulate(along, axis=0)
        self.next_sum = sums[-1]
        self.points = self.quadratic.start - (self.rate * sums) @ self.quadratic.directions.T
        end = self.problem.value_and_gradient(shaped(self.points[-1], self.problem.start))[0]
        lowered = squares @ self.lowers
        self.losses = float(end) + np.add.accumulate(lowered[::-1])[::-1]


def by_moments(
    plan: Plan, state: State, stop: int, moments: Moments, limit: float, tiny: float, look: int | None
) -> tuple[str, str] | None:
    """Take steps, up to `stop`. Gives the reason to end, if there is one.

    look: to the end of a block instead; but after every so many steps somebody looks whether the parameters still move,
          and where they do not, the steps end there.
    """
    step = state.at[0]
    stop = min(plan.steps if look else stop, (step // BLOCK + 1) * BLOCK)
    look = look or BLOCK
    losses, squares, points = moments.steps(step, stop)
    looks = np.arange((step // look + 1) * look - step, stop - step, look)
    looks = looks[looks > 1]
    rests = np.flatnonzero((points[looks - 1] == points[looks - 2]).all(axis=1))
    if rests.size:
        at = int(looks[rests[0]])
        stop = step + at
        losses, squares, points = losses[:at], squares[:at], points[:at]
    largest = np.maximum.accumulate(np.append(state.steepest, squares))[:-1]
    ends = np.flatnonzero(~((losses < limit) & (squares < np.inf)) | (squares <= tiny * largest))
    done = int(ends[0]) if ends.size else stop - step
    state.losses += losses[:done].tolist()
    stride, count = plan.stride, step + done
    kept = points[:done][(-step - 1) % stride :: stride]
    rows = state.path.room(count // stride + 1)
    rows[state.path.count : state.path.count + len(kept)] = kept
    state.path.count += len(kept)
    if done:
        state.square = float(squares[done - 1])
        state.steepest = float(max(largest[done - 1], squares[done - 1]))
        leaves: Leaves = shaped(points[done - 1], plan.problem.start)
        nothing: list[Any] = [[] for _ in leaves]
        state.at = (count, leaves, nothing)
    if not ends.size:
        return None
    loss, square = float(losses[done]), float(squares[done])
    if not (loss < limit and square < np.inf):
        return "diverged", f"step {count + 1:,}: loss {loss:.6g}"
    return "converged", f"{np.sqrt(square):.3g}"
