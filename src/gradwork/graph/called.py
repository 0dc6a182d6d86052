"""What stands behind the function that is to be traced: a Python function, a formula, or named formulas."""

from __future__ import annotations

import contextlib
import inspect
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradwork.errors import ArgumentError
from gradwork.graph.builder import Builder

if TYPE_CHECKING:
    from gradwork.graph.formula import Formula, Program
    from gradwork.graph.formula.called import CalledProgram

    Function = Callable[..., Any] | str | Formula | Program
else:
    Function = Any

_NAMES: weakref.WeakKeyDictionary[Any, list[str]] = weakref.WeakKeyDictionary()


def _positional_names(function: Any) -> list[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in kinds]


@dataclass(frozen=True)
class Called:
    """A Python function under trace."""

    function: Callable[..., Any]

    def names(self) -> list[str]:
        """The names of the parameters that can be passed by position."""
        try:
            found = _NAMES.get(self.function)
        except TypeError:  # it cannot be hashed, or not be held weakly
            return _positional_names(self.function)
        if found is None:
            found = _positional_names(self.function)
            with contextlib.suppress(TypeError):
                _NAMES[self.function] = found
        return found

    def labels(self, count: int) -> list[str]:
        """A name for each of the first `count` positional arguments."""
        names = self.names()
        return [names[i] if i < len(names) else f"x{i}" for i in range(count)]

    def __call__(self, builder: Builder, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return self.function(*args, **kwargs)


def as_called(f: Function) -> Called | CalledProgram:
    """What stands behind `f`: a function, a formula, or named formulas."""
    if callable(f):
        return Called(f)
    # Formulas are read by a grammar, which is loaded once one is met.
    from gradwork.graph.formula.called import as_called_program

    program = as_called_program(f)
    if program is not None:
        return program
    raise ArgumentError(
        f"{type(f).__name__} is neither a function nor a formula",
        hint='hand over the function itself (loss, not loss(...)), or a formula such as "mean((x*w - y)^2)"',
    )
