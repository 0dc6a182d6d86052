"""What each of JAX's operations is in NumPy: one declaration each, found by listing this folder.

A function that is declared takes the operation's operands in order, and those of its parameters that it names. NumPy's
functions, and gradwork's, are all that it may use of them: then it works on traced values as it does on plain ones.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Entry:
    """One declaration.

    thin:    operands may have any shape that spreads over the declared one, and so may the result.
    several: it gives several results.
    names:   the parameters that it takes.
    """

    function: Callable[..., Any]
    thin: bool
    several: bool
    names: tuple[str, ...]

    def chosen(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Those of an operation's parameters that are asked for."""
        return {name: params[name] for name in self.names if name in params}


_ENTRIES: dict[str, Entry] = {}


def declared(*names: str, thin: bool = False, several: bool = False) -> Callable[[F], F]:
    """A decorator: the function stands for these operations of JAX."""

    def keep(function: F) -> F:
        parameters = inspect.signature(function).parameters.values()
        asked = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        for name in names:
            _ENTRIES[name] = Entry(function, thin, several, asked)
        return function

    return keep


def all_entrywise(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Functions that act entry by entry, and need no parameters."""
    for name, function in functions.items():
        _ENTRIES[name] = Entry(function, True, False, ())


def entry_of(name: str) -> Entry | None:
    """What stands for an operation; None where nothing does."""
    return _entries().get(name)


def named_function(name: str) -> bool:
    """Whether a function of JAX's own is one step here."""
    return f"jax.{name}" in _entries()


@functools.cache
def _entries() -> dict[str, Entry]:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return _ENTRIES
