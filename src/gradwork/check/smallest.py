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

from gradwork.check.case import Case, typical
from gradwork.check.evidence import Evidence, Joint
from gradwork.check.where import Place
from gradwork.graph.tree import flatten

SECONDS = 1.0
Wrong = Callable[[Sequence[Any], Mapping[str, Any]], bool]


def fewest_rows(case: Case, evidence: Evidence) -> list[Place]:
    """How few rows of the data show the mistake, as a sentence; [] where that cannot be told."""
    if not callable(case.gradient) or evidence.joint is None:
        return []

    def is_wrong(some: Sequence[Any], named: Mapping[str, Any]) -> bool:
        yours, joint = case.slopes_at((some, named)), case.joint_at((some, named))
        if yours is None or joint is None:
            return False
        for name in evidence.fitting:
            right = np.asarray(joint.value(joint.slope[name]), float)
            off = np.abs(yours[name] - right) > 1e-6 * (typical(right) + typical(yours[name]))
            if np.shape(yours[name]) == right.shape and off.any():
                return True
        return False

    rows = smallest_rows(case.args, case.kwargs, case.reading.keys, evidence.joint, is_wrong)
    if rows is None:
        return []
    numbers = ", ".join(str(row + 1) for row in rows[:6]) + (", ..." if len(rows) > 6 else "")
    if len(rows) == 1:
        return [Place(f"one row of the data is enough to show it: row {numbers} alone")]
    return [Place(f"{len(rows)} rows of the data are enough to show it, and no fewer: rows {numbers}")]


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
