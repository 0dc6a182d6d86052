"""Each row or column has its own factor, and the factors are an array that stands in the loss."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwork.check.cause import Cause, Finding, explained
from gradwork.check.diagnoses._ratio import close, comparable
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.given import Array
from gradwork.check.sites import Names

FEWEST = 3  # lines with factors of their own before these say something
MOST_VECTORS = 200


def find(evidence: Evidence) -> Iterator[Finding]:
    """Yours = v_k x right in line k, with v, or one over it, an array of the loss."""
    joint = evidence.joint
    if joint is None:
        return
    for name in evidence.fitting:
        right = evidence.right[name]
        if not comparable(evidence, name) or not right.any():
            continue
        for axis in range(right.ndim):
            if right.shape[axis] < FEWEST:
                continue
            factors = _factors(evidence, name, axis)
            if factors is None:
                continue
            match = _named(joint, factors)
            if match is None:
                continue
            what, exact = match
            made = right * _along(exact, axis, right.ndim)
            if close(evidence, name, made, max(1.0, float(np.max(np.abs(exact))))):
                line = "entry" if right.ndim == 1 else {0: "row", 1: "column"}.get(axis, f"place on axis {axis}")
                yield explained(
                    CAUSE,
                    evidence,
                    f"each {line} of {name} is multiplied by its entry of {what}",
                    [name],
                    {name: made},
                    why=f"within one {line}, yours is one number times what is right; these numbers are {what}",
                    hint=f"leave that factor out, or put in the one that is missing: look for {what}",
                )
                break


def _factors(evidence: Evidence, name: str, axis: int) -> Array | None:
    """One factor a line; None where a line has no single one, or all have the same."""
    right = np.moveaxis(evidence.right[name], axis, 0).reshape(evidence.right[name].shape[axis], -1)
    yours = np.moveaxis(evidence.yours[name], axis, 0).reshape(right.shape)
    total = np.sum(right**2, axis=1)
    if np.any(total == 0):
        return None
    factors = np.sum(right * yours, axis=1) / total
    if np.ptp(factors) <= 1e-6 * np.max(np.abs(factors)) or np.any(factors == 0):
        return None
    candidate = evidence.right[name] * _along(factors, axis, evidence.right[name].ndim)
    return factors if close(evidence, name, candidate, max(1.0, float(np.max(np.abs(factors))))) else None


def _along(factors: Array, axis: int, count: int) -> Array:
    return factors.reshape([-1 if a == axis else 1 for a in range(count)])


def _named(joint: Joint, factors: Array) -> tuple[str, Array] | None:
    """The array of the loss that the factors are, with its name; or one over it, or its square."""
    names = Names.of(joint)
    tried = 0
    for position in range(joint.forward):
        node = joint.node(position)
        if int(np.prod(node.shape)) != len(factors) or max(node.shape, default=0) != len(factors):
            continue
        vector = np.asarray(joint.value(position), float).reshape(-1)
        tried += 1
        if tried > MOST_VECTORS or not np.isfinite(vector).all() or np.any(vector == 0):
            continue
        if np.ptp(vector) <= 1e-6 * np.max(np.abs(vector)):
            continue
        text = names.name(position)
        for made, what in (
            (vector, text),
            (1 / vector, f"1/({text})"),
            (vector**2, f"({text})^2"),
            (1 / vector**2, f"1/({text})^2"),
        ):
            if np.allclose(made, factors, rtol=1e-6, atol=0):
                return what, made
    return None


CAUSE = Cause(
    code="GW241",
    name="scale of rows",
    summary="Each row or column has its own factor, and the factors are an array of the loss.",
    explain="Within one row, or column, the gradient is one number times what is right, and the numbers are those of "
    "another array: a scale that was applied twice or not at all, class weights, a standard deviation.",
    broken="""
import numpy as np

def loss(w, scale, x):
    return np.sum(np.sin(x @ w))

def gradient(w, scale, x):
    return np.cos(x @ w) @ x / scale
""",
    mended="""
def gradient(w, scale, x):
    return np.cos(x @ w) @ x
""",
    find=find,
    rank=45,
)
