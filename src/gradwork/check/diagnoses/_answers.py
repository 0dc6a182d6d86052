"""What a gradient function gave when it was called twice at one point, array by array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwork.check.evidence import Evidence
from gradwork.check.given import Array, plain
from gradwork.graph.tree import flatten


def both(evidence: Evidence) -> Iterator[tuple[str, Array, Array]]:
    """The name of each array, with the first and the second answer."""
    if evidence.answers is None:
        return
    first, second = (_numbers(answer) for answer in evidence.answers)
    if len(first) != len(second):
        return
    left = list(evidence.yours)
    for one, two in zip(first, second, strict=True):
        for name in left:
            mine = np.asarray(evidence.yours[name])
            if one is None or two is None or not mine.shape == np.shape(one) == np.shape(two):
                continue
            first_time, second_time = (np.asarray(np.real(answer), float) for answer in (one, two))
            if np.array_equal(mine, first_time, equal_nan=True):
                left.remove(name)
                yield name, first_time, second_time
                break


def _numbers(answer: Any) -> list[Any]:
    return [plain(leaf) for leaf in flatten(answer)[0]]


def unlike(evidence: Evidence, name: str, one: Array, two: Array) -> bool:
    """Whether two answers differ by more than the order of a sum may change."""
    if np.array_equal(one, two, equal_nan=True):
        return False
    with np.errstate(all="ignore"):
        gap = np.abs(one - two)
    reach = np.max(evidence.tolerance[name], initial=0.0, where=np.isfinite(evidence.tolerance[name]))
    return not bool(np.all((gap <= reach) | (np.isnan(one) & np.isnan(two)) | (one == two)))
