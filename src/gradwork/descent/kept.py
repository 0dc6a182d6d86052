"""Programs that are kept from one descent to the next, found again by the graph of loss and gradient.

Whatever could lead to another program is in the key: nodes, shapes, dtypes, constants, declarations, settings. Data are
in none of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from gradwork.graph.keyed import LARGEST, array_key, graph_key, operations
from gradwork.graph.op import REGISTER

if TYPE_CHECKING:
    from gradwork.descent.problem import Problem
    from gradwork.gradients.compile import Program

_KEYS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def key_of(program: Program) -> Hashable | None:
    """A key that is equal for programs of one graph with the same operations; None where it has to be made anew."""
    found = _KEYS.get(program)
    if found is None:
        found = _KEYS[program] = graph_key(program.graph), operations(program.graph)
    key, declared = found
    if key is None or declared is None:
        return None
    if any(REGISTER.by_name.get(op.name) is not op for op in declared):  # as another operation since
        return None
    return (key, declared, program.slots.taken, program.slots.dtypes)


def size_of(data: Sequence[Any]) -> int:
    """Bytes of the data."""
    return sum(getattr(value, "nbytes", 8) for value in data)


def loop_key(problem: Problem, program: Program, settings: tuple[Any, ...]) -> Any:
    """What a loop hangs on; None where it is not to be kept."""
    key, room = key_of(program), size_of(problem.data)
    kinds = [data_key(value, is_row) for value, is_row in zip(problem.data, problem.varying, strict=True)]
    return None if key is None or room > LARGEST or None in kinds else (key, settings, tuple(kinds))


def data_key(value: Any, is_row: bool) -> Any:
    """What a program may hang on of the data: shape and dtype; what is no long row of numbers, to the last bit."""
    kind = (np.shape(value), getattr(value, "dtype", type(value)), is_row)
    return kind if is_held(value) else (array_key(value), *kind)


def is_held(value: Any) -> bool:
    """Whether the numbers of an array are left out of the text of a program."""
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.kind == "f"
