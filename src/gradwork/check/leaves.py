"""The numbers of one argument beside those that were given as its gradient, whatever both are nested in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradwork.check.given import Leaf, plain
from gradwork.errors import ArgumentError
from gradwork.graph.tree import flatten


def leaves_beside(value: Any, given: Any, key: int | str, label: str) -> list[Leaf] | None:
    """The leaves of an argument beside those of its gradient; None where the structures differ."""
    inside, structure = flatten(value)
    if structure.kind is not None:
        given = _in_lists(value, given)
    if structure.kind is None:
        as_array = _is_table(given) and np.shape(given) == np.shape(value)
        if isinstance(given, (Mapping, list, tuple)) and not as_array:
            return None
        handed = [np.asarray(given) if as_array else given]
    else:
        try:
            handed = structure.leaves_of(_with_nothing(value, given))
        except (ValueError, KeyError, TypeError):
            return None
    found = []
    for place, (leaf, mine) in enumerate(zip(inside, handed, strict=True)):
        number = plain(leaf)
        if number is None or number.dtype.kind == "b":
            continue
        yours = None if mine is None else plain(mine)
        if mine is not None and yours is None:
            return None
        if yours is not None and number.dtype.kind != "c":
            yours = _real(yours, label)
        found.append(Leaf(label, key, number, yours, place))
    return found


def _in_lists(value: Any, given: Any) -> Any:
    """An array given for lists of numbers of its shape, as lists."""
    array = None if isinstance(given, (Mapping, list, tuple)) else plain(given)
    if array is None or not np.ndim(array) or not isinstance(value, (list, tuple)) or not _is_table(value):
        return given
    try:
        same = np.shape(value) == np.shape(array)
    except ValueError:
        return given  # rows of different lengths
    return np.asarray(array).tolist() if same else given


def _with_nothing(value: Any, given: Any) -> Any:
    """A gradient with None for those keys of a dict that hold no number, where they were left out."""
    if not isinstance(value, Mapping) or not isinstance(given, Mapping):
        return given
    missing = [k for k in value if k not in given]
    if any(plain(leaf) is not None for k in missing for leaf in flatten(value[k])[0]):
        return given
    return {k: _with_nothing(v, given[k]) if k in given else None for k, v in value.items()} | {
        k: v for k, v in given.items() if k not in value
    }


def _is_table(given: Any) -> bool:
    """Whether nested lists of plain numbers are meant as an array."""
    if isinstance(given, (list, tuple)):
        return bool(given) and all(isinstance(g, (int, float)) or _is_table(g) for g in given)
    return False


def _real(yours: Any, label: str) -> Any:
    """A gradient without its imaginary part, which has to be zero."""
    if yours.dtype.kind != "c":
        return yours
    if np.any(np.imag(yours) != 0):
        raise ArgumentError(
            f"the gradient by {label} is complex" if label else "the gradient is complex",
            why="a real loss has real slopes by real numbers",
            hint="np.real(...) of it, if the imaginary part is rounding",
        )
    return np.real(yours)
