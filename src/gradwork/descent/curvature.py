"""The largest curvature of a loss at a point, from gradients alone.

The Hessian times a vector is the difference of two gradients; power iteration (von Mises and Pollaczek-Geiringer 1929)
turns the vector towards the steepest curvature. A symmetric matrix may have its largest eigenvalue below zero: then the
iteration is repeated on the Hessian less that value, whose largest is the most positive one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.descent.problem import Array, Leaves, Problem

ENOUGH = 10_000  # rows; more make the curvature hardly better known
TURNS = 60


def largest_curvature(problem: Problem, leaves: Leaves) -> float:
    """The largest curvature at the point; nan where gradients there are not finite.

    >>> from gradwork.descent.problem import problem_of
    >>> problem = problem_of(lambda w: 2 * w[0] ** 2 + 5 * w[1] ** 2, [1.0, 1.0], None, "numpy")
    >>> round(largest_curvature(problem, [np.float64(1.0), np.float64(1.0)]), 3)
    10.0
    """
    if problem.rows > ENOUGH:
        problem = problem.of_rows(slice(0, ENOUGH))
    first = _extreme(problem, leaves, 0.0)
    return first if not first < 0 else first + _extreme(problem, leaves, first)


def _extreme(problem: Problem, leaves: Leaves, shift: float) -> float:
    """The eigenvalue of the Hessian less `shift` that is farthest from zero."""
    at = flat(leaves)
    vector = np.random.default_rng(0).normal(size=at.size)
    vector /= np.linalg.norm(vector)
    found = np.nan
    for _ in range(TURNS):
        turned = _product(problem, leaves, at, vector) - shift * vector
        before, found = found, float(vector @ turned)
        length = float(np.linalg.norm(turned))
        if not length > 0 or not np.isfinite(length) or abs(found - before) <= 1e-5 * abs(found):
            break
        vector = turned / length
    return found


def _product(problem: Problem, leaves: Leaves, at: Array, vector: Array) -> Array:
    """The Hessian times a unit vector, by moving both ways. The nudge balances truncation and rounding."""
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
        part = vector[at : at + size].astype(leaf.dtype)
        leaves.append(part.reshape(leaf.shape) if np.ndim(leaf) else part[0])
        at += size
    return leaves
