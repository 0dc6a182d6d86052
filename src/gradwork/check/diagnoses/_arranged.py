"""Right numbers in other places: what was given, against the right array with its entries put elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradwork.check.evidence import Evidence
from gradwork.check.given import Array

Arrange = Callable[[Array], Array]


def arranged(evidence: Evidence, name: str, arrange: Arrange, source: str | None = None) -> bool:
    """Whether an array is the right one (or that of `source`) with its entries put elsewhere by `arrange`."""
    source = source or name
    yours = np.asarray(evidence.yours[name], float)
    try:
        right = arrange(np.asarray(evidence.right[source], float))
        reach = arrange(np.broadcast_to(evidence.tolerance[source], np.shape(evidence.right[source])))
    except (ValueError, IndexError):
        return False
    if np.shape(right) != np.shape(yours) or not np.isfinite(yours).all() or not np.isfinite(reach).all():
        return False
    return bool(np.all(np.abs(yours - right) <= reach)) and _tells(right, reach)


def _tells(right: Array, reach: Array) -> bool:
    return bool(np.any(np.abs(right) > 100 * reach))


def differs(evidence: Evidence, name: str, candidate: Array) -> bool:
    """Whether a candidate is another array than the right one, beyond the noise."""
    right = evidence.right[name]
    if np.shape(candidate) != np.shape(right):
        return True
    return bool(np.any(np.abs(candidate - right) > 10 * evidence.tolerance[name]))
