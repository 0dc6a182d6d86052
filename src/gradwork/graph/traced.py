"""Traced values as the other parts of the house know them: the class, put together, and the doors to it.

value      what a traced value is, and what it answers where Python asks for a plain one
operators  its operators and methods, each in terms of a NumPy function
calling    how a NumPy function becomes nodes
lifting    how plain values enter a trace
writing    writing in place; windows on one memory
in_place, plain, syntax   writes into ordinary arrays
refusals   the messages
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwork.graph.calling import apply, array_function, array_ufunc, call, node
from gradwork.graph.lifting import contains_traced, innermost, lift
from gradwork.graph.operators import Doors, install
from gradwork.graph.value import Traced
from gradwork.graph.writing import write


def set_item(target: Any, key: Any, value: Any) -> Any:
    """A copy of `target` in which the entries at `key` are `value`: what `target[key] = value` means in a graph."""
    changed = np.array(target)
    changed[key] = value
    return changed


def get_item(target: Any, key: Any) -> Any:
    """`target[key]`."""
    return target[key]


def astype_of(target: Any, dtype: Any) -> Any:
    """`target.astype(dtype)`."""
    return np.asarray(target).astype(dtype)


install(Traced, Doors(call, apply, write, get_item, set_item, astype_of, array_function, array_ufunc))

__all__ = [
    "Traced",
    "astype_of",
    "call",
    "contains_traced",
    "get_item",
    "innermost",
    "lift",
    "node",
    "set_item",
    "write",
]
