"""The largest curvature of a loss at a point, without its Hessian.

The Hessian times a vector is the slope of the gradient along it (Pearlmutter 1994). Each product gives the next of a
few orthogonal directions, between which the Hessian is a narrow band of numbers whose largest eigenvalue is soon that
of the whole (Lanczos 1950).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.descent.problem import Array, Leaves, Problem

ENOUGH = 10_000  # rows; more make the curvature hardly better known
TURNS = 60
CLOSE = 1e-4  # relative


def largest_curvature(problem: Problem, leaves: Leaves) -> float:
    """The largest curvature at the point; nan where gradients there are not finite.

    >>> from gradwork.descent.problem import problem_of
    >>> problem = problem_of(lambda w: 2 * w[0] ** 2 + 5 * w[1] ** 2, [1.0, 1.0], None, "numpy")
    >>> round(largest_curvature(problem, [np.float64(1.0), np.float64(1.0)]), 3)
    10.0
    """
    if problem.rows > ENOUGH:
        problem = problem.of_rows(slice(0, ENOUGH))
    at = flat(leaves)
    vector = np.random.default_rng(0).normal(size=at.size)
    basis = [vector / np.linalg.norm(vector)]
    along: list[float] = []
    across: list[float] = []
    found = np.nan
    for _ in range(min(TURNS, at.size)):
        turned = np.asarray(_product(problem, leaves, at, basis[-1]), dtype=np.float64)
        if not np.all(np.isfinite(turned)):
            return float("nan")
        along.append(float(basis[-1] @ turned))
        for _ in range(2):  # twice is enough: what rounding has left of the earlier directions goes too
            for earlier in basis:
                turned = turned - (earlier @ turned) * earlier
        length = float(np.linalg.norm(turned))
        table = np.diag(along) + np.diag(across, 1) + np.diag(across, -1)
        values, vectors = np.linalg.eigh(table)
        found = float(values[-1])
        # The last entry tells how far the vector is from one that the Hessian only stretches (Paige 1971).
        if length * abs(vectors[-1, -1]) <= CLOSE * abs(found) or not length > 1e-14 * np.max(np.abs(values)):
            break
        across.append(length)
        basis.append(turned / length)
    return found


def _product(problem: Problem, leaves: Leaves, at: Array, vector: Array) -> Array:
    """The Hessian times a unit vector: by the rules, or by moving both ways where a rule is missing."""
    product = problem.bent(leaves, shaped(vector, leaves))
    if product is not None:
        return flat(product)
    # The nudge balances truncation and rounding.
    nudge = np.cbrt(np.finfo(at.dtype).eps) * max(1.0, float(np.linalg.norm(at)))
    right = problem.value_and_gradient(shaped(at + nudge * vector, leaves))[1]
    left = problem.value_and_gradient(shaped(at - nudge * vector, leaves))[1]
    difference: Array = (flat(right) - flat(left)) / (2 * nudge)
    return difference


def flat(leaves: Leaves) -> Array:
    """The leaves in one vector."""
    return np.concatenate([np.ravel(leaf) for leaf in leaves])


def shaped(vector: Array, like: Leaves) -> Leaves:
    """A vector as leaves of the shapes of `like`."""
    leaves: list[Any] = []
    at = 0
    for leaf in like:
        size = int(np.size(leaf))
        if np.ndim(leaf):
            leaves.append(vector[at : at + size].astype(leaf.dtype).reshape(leaf.shape))
        else:
            leaves.append(leaf.dtype.type(vector[at]))
        at += size
    return leaves
