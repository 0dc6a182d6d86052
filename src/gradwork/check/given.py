"""The gradient that is to be checked, array by array. `reading` finds out which is which, `answered` asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.graph.trace import as_number
from gradwork.graph.tree import flatten

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Leaf:
    """One array of one argument: its name, its value, and what was given as its gradient (None: nothing was).

    place: which of the argument's leaves it is.
    """

    name: str
    key: int | str
    value: Any
    yours: Any
    place: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that its gradient has to have."""
        return np.shape(self.value)


@dataclass(frozen=True, eq=False)
class Reading:
    """How the given gradient was read: which arguments it covers, leaf by leaf.

    said: what had to be guessed;  second: it is the second part of a pair (loss, gradient).
    by_name: the names of the arguments, where it was a dict by their names.
    """

    keys: tuple[int | str, ...]
    leaves: tuple[Leaf, ...]
    said: str = ""
    second: bool = False
    by_name: tuple[str, ...] = ()

    def checked(self) -> list[Leaf]:
        """The leaves for which a gradient was given."""
        return [leaf for leaf in self.leaves if leaf.yours is not None]


def plain(value: Any) -> Any:
    """A gradient's array as NumPy's own: of torch, JAX and others too. None where it is not made of numbers."""
    if hasattr(value, "detach"):
        value = value.detach()
    if hasattr(value, "cpu"):
        value = value.cpu()
    if hasattr(value, "dtype") and "bfloat16" in str(value.dtype) and hasattr(value, "float"):
        value = value.float()
    if isinstance(value, (bool, np.bool_)):
        return None
    return as_number(value)


def copied(value: Any) -> Any:
    """A nested value with arrays of its own."""
    leaves, structure = flatten(value)
    return structure.build(iter([_copy(leaf) for leaf in leaves]))


def _copy(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf.copy(order="K")
    return leaf.clone() if hasattr(leaf, "clone") and hasattr(leaf, "detach") else leaf
