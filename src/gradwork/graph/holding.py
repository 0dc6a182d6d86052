"""Which ordinary array an expression of the user's means, where it is held, and whether anything else holds it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.graph import frames, syntax

if TYPE_CHECKING:
    import ast

_OPTIMIZED = 1
ONE_HOLDER = 3  # as counted by a function here: the holder, the name in it, and the argument of the count


@dataclass(eq=False)
class Taking:
    """An ordinary array whose place a traced one takes.

    rest:   what follows the array in the text up to the target of the write: [0] and .T of y[0].T.
    hold:   puts a value where the array is held; None for local variables, which are bound by their names.
    traced: stands for the array once it is known.
    """

    array: Any
    rest: list[ast.expr]
    hold: Callable[[Any], None] | None
    traced: Any = None


def taking_of(expression: ast.expr, frame: FrameType, scope: Any) -> Taking | None:
    """The array that an expression names or is a window on, and where it is held; None where that is not known."""
    links = syntax.links(expression)
    if links is None:
        return None
    holder: Any = None
    for k, link in enumerate(links):
        try:
            value = syntax.evaluated(link, frame, scope) if k == 0 else syntax.step(holder, link, frame, scope)
        except Exception:  # whatever the user's own attributes do: then the array is not known
            return None
        if isinstance(value, np.ndarray):
            if value.__class__ is not np.ndarray or value.dtype.kind not in "fc":
                return None
            hold = _local(link, value, frame) if k == 0 else _place(holder, link, frame, scope)
            return None if hold is None else Taking(value, links[k + 1 :], hold or None)
        holder = value
    return None


def _local(name: Any, array: Any, frame: FrameType) -> Any:
    """How a variable is bound: False for a local one, a function for a global one, None where it cannot be."""
    code = frame.f_code
    if name.id in code.co_varnames or name.id in code.co_cellvars:
        return False if code.co_flags & _OPTIMIZED else None
    if name.id in code.co_freevars:
        return False if _owner_is_traced(name.id, array, frame) else None
    if name.id in frame.f_globals:
        return lambda value: frame.f_globals.__setitem__(name.id, value)
    return None


def _owner_is_traced(name: str, array: Any, frame: FrameType) -> bool:
    """Whether the function whose variable it is runs inside the trace: otherwise the variable outlives it."""
    outer = frame.f_back
    while outer is not None and not frames.is_start(outer.f_code):
        if name in outer.f_code.co_cellvars:
            scope = outer.f_locals
            own = scope.get(name) is array
            frames.let_go(outer, scope)
            if own:
                return True
        outer = outer.f_back
    return False


def _place(holder: Any, link: Any, frame: FrameType, scope: Any) -> Callable[[Any], None] | None:
    attribute = getattr(link, "attr", None)
    if attribute is not None:
        return lambda value: setattr(holder, attribute, value)
    if isinstance(holder, (list, dict)) and hasattr(link, "slice"):
        key = syntax.evaluated(link.slice, frame, scope)
        return lambda value: holder.__setitem__(key, value)
    return None


def owns_its_memory(array: Any) -> bool:
    """Whether nobody else holds the memory of an array."""
    # The base of `np.zeros(6).reshape(2, 3)` is held by nobody else: one reference from the array, one from here.
    base = array.base
    return base is None or (isinstance(base, np.ndarray) and sys.getrefcount(base) <= ONE_HOLDER)
