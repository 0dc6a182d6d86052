"""Slopes measured by nudging, with nothing of the engine: what every rule is held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_NUDGE = 2e-3


def nudged(f: Callable[..., Any], point: Sequence[Any], step: float = _NUDGE) -> list[Any]:
    """The table of slopes of `f` by each array in `point`, measured both ways, with three steps against one another."""
    tables = []
    with np.errstate(all="ignore"):
        for k, array in enumerate(point):
            columns = [_measured(f, point, k, i, step) for i in np.ndindex(np.shape(array))]
            out = np.shape(f(*point))
            table = np.stack(columns, axis=-1) if columns else np.zeros((*out, 0))
            tables.append(table.reshape(out + np.shape(array)))
    return tables


def _measured(f: Callable[..., Any], point: Sequence[Any], k: int, i: Any, step: float) -> Any:
    """Central differences at three steps, each half the one before, extrapolated to none (Richardson 1911)."""
    first, second, third = (_central(f, point, k, i, step / d) for d in (1, 2, 4))
    better, best = (4 * second - first) / 3, (4 * third - second) / 3
    return (16 * best - better) / 15


def _central(f: Callable[..., Any], point: Sequence[Any], k: int, i: Any, step: float) -> Any:
    up, down = moved_by(point, k, i, step), moved_by(point, k, i, -step)
    width = np.asarray(up[k])[i] - np.asarray(down[k])[i]
    return (np.asarray(f(*up), np.float64) - np.asarray(f(*down), np.float64)) / width


def moved_by(point: Sequence[Any], k: int, i: Any, step: float) -> list[Any]:
    """The point with entry `i` of its array `k` moved by a step, in units of its own size from 1 up."""
    changed = np.array(point[k], dtype=np.float64)
    changed[i] += step * max(1.0, abs(float(changed[i])))
    return [*point[:k], changed[()], *point[k + 1 :]]
