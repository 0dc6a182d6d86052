"""Whether a gradient that has shrunk means a lowest point, or parameters of very different size.

A gradient is a mixture of units: beside the slope by one parameter that of another may look like nothing, and lead far
down all the same. The curvature along each parameter alone tells how much its slope could still take off the loss.
"""

from __future__ import annotations

import numpy as np

from gradwork.descent.curvature import ENOUGH, flat, shaped
from gradwork.descent.problem import Array, Leaves, Problem

MOST = 40  # parameters that are looked at, those with the largest slopes
LEFT = 1e-12  # of the loss: what may still be gained at a lowest point


@np.errstate(all="ignore")
def is_low(problem: Problem, leaves: Leaves, first: float, decay: float = 0.0) -> bool:
    """Whether no parameter alone could take anything off the loss that is worth a step: slope^2/(2 curvature).

    first: the loss at the start.     decay: of the weights, where it is added to the gradient.

    >>> from gradwork.descent.problem import problem_of
    >>> valley = problem_of(lambda w: (w[0] - 1) ** 2 + 1e-12 * (w[1] - 1e6) ** 2, [1.0, 0.0], None, "numpy")
    >>> is_low(valley, [np.float64(1.0), np.float64(0.0)], 1.0), is_low(valley, [np.float64(1), np.float64(1e6)], 1.0)
    (False, True)
    """
    loss, slopes = problem.value_and_gradient(leaves)
    at = flat(leaves).astype(np.float64)
    slope = flat(slopes).astype(np.float64) + decay * at
    size = max(abs(first), abs(float(loss)))
    chosen = np.argsort(-np.abs(slope))[:MOST]
    begun = flat(problem.start).astype(np.float64)
    # The slopes are those of all rows; for the curvature, some rows do.
    some = problem.of_rows(slice(0, ENOUGH)) if problem.rows > ENOUGH else problem
    gain = 0.0
    for k in chosen:
        curvature = _curvature(some, leaves, at, int(k), float(at[k] - begun[k])) + decay
        if curvature > 0:
            gain += float(slope[k]) ** 2 / (2 * curvature)
        else:  # no parabola has a lowest point here: a move by the parameter's own size is worth so much
            gain += abs(float(slope[k])) * max(abs(float(at[k])), abs(float(at[k] - begun[k])))
    return not gain > max(LEFT, 4 * float(np.finfo(flat(leaves).dtype).eps)) * size


def _curvature(problem: Problem, leaves: Leaves, at: Array, k: int, moved: float) -> float:
    """The curvature along one parameter: by the rules, or by moving both ways where a rule is missing."""
    along = np.zeros(at.size)
    along[k] = 1.0
    product = problem.bent(leaves, shaped(along, leaves))
    if product is not None:
        return float(flat(product)[k])
    nudge = float(np.cbrt(np.finfo(flat(leaves).dtype).eps)) * (max(abs(at[k]), abs(moved)) or 1.0)
    sides = []
    for way in (nudge, -nudge):
        there = at.copy()
        there[k] += way
        sides.append(float(flat(problem.value_and_gradient(shaped(there, leaves))[1])[k]))
    return (sides[0] - sides[1]) / (2 * nudge)
