"""The slope of an array from which the array itself was left out: x w - y where x w + b - y belongs, in that of b."""

from __future__ import annotations

import numpy as np

from gradwork.check.evidence import Evidence
from gradwork.check.given import Array


def without_itself(evidence: Evidence, name: str) -> Array | None:
    """The slope of an array where that array is 0; None where it does not depend on it in a straight line."""
    right, half, none = (_slope_at(evidence, name, times) for times in (1.0, 0.5, 0.0))
    if right is None or half is None or none is None or np.array_equal(none, right):
        return None
    reach = 1e-9 * float(np.max(np.abs(none - right), initial=0.0))
    return none if np.all(np.abs(2 * half - none - right) <= reach) else None


def _slope_at(evidence: Evidence, name: str, times: float) -> Array | None:
    """The slope of an array with a number times the array in its place."""
    joint = evidence.joint
    place = joint.place.get(name) if joint is not None else None
    if joint is None or place is None or not np.any(joint.value(place)):
        return None
    made = joint.with_edits({place: lambda values: times * np.asarray(values[place])})
    value = None if made is None else made.get(name)
    return np.asarray(value, float) if value is not None and np.isfinite(value).all() else None
