"""The smallest part of the data that shows the mistake: for a wrong gradient whose cause is not recognised.

Rows are taken away as long as the gradient stays wrong, half of them at a time first: what is left can be worked
through by hand.

Source: Zeller and Hildebrandt, Simplifying and isolating failure-inducing input, 2002.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwork.check.evidence import Joint
from gradwork.graph.tree import flatten

SECONDS = 1.0
Wrong = Callable[[Sequence[Any], Mapping[str, Any]], bool]


def smallest_rows(
    args: Sequence[Any], kwargs: Mapping[str, Any], keys: Sequence[int | str], joint: Joint, is_wrong: Wrong
) -> list[int] | None:
    """The rows of the data that are enough to show the mistake; None where the data have no rows of their own.

    keys: the arguments that are checked, which stay as they are. `is_wrong` asks at an argument list of fewer rows.
    """
    data = [k for k in [*range(len(args)), *kwargs] if k not in keys]
    lengths = {np.shape(leaf)[0] for k in data for leaf in _leaves(args, kwargs, k) if np.ndim(leaf)}
    if len(lengths) != 1:
        return None
    (count,) = lengths
    ended = time.monotonic() + SECONDS
    rows = list(range(count))
    if count < 2 or not _wrong_with(rows, args, kwargs, data, is_wrong):
        return None
    piece = (count + 1) // 2
    while piece and len(rows) > 1:
        for start in range(0, len(rows), piece):
            fewer = rows[:start] + rows[start + piece :]
            if time.monotonic() > ended:
                return rows
            if fewer and _wrong_with(fewer, args, kwargs, data, is_wrong):
                rows = fewer
                break
        else:
            piece //= 2
            continue
        piece = min(piece, (len(rows) + 1) // 2)
    return rows


def _leaves(args: Sequence[Any], kwargs: Mapping[str, Any], key: int | str) -> list[Any]:
    value = args[key] if isinstance(key, int) else kwargs[key]
    return [leaf for leaf in flatten(value)[0] if isinstance(leaf, np.ndarray)]


def _wrong_with(
    rows: Sequence[int], args: Sequence[Any], kwargs: Mapping[str, Any], data: Sequence[int | str], is_wrong: Wrong
) -> bool:
    def part(key: int | str, value: Any) -> Any:
        if key not in data:
            return value
        leaves, structure = flatten(value)
        return structure.build(iter([v[list(rows)] if isinstance(v, np.ndarray) and v.ndim else v for v in leaves]))

    try:
        return is_wrong([part(k, v) for k, v in enumerate(args)], {k: part(k, v) for k, v in kwargs.items()})
    except Exception:
        return False  # fewer rows are no data for this loss: they show nothing
