"""What a Python function reaches beside its arguments: globals, closures, defaults, and what these hold.

A compiled program stands for the function only while all of that is as it was. Numbers, text and modules are compared
by what they are; arrays by every entry; lists, dicts, plain objects and the functions that are called, by what is in
them. What cannot be looked into (an open file, the clock, a compiled extension's own state) is not seen.
"""

from __future__ import annotations

import builtins
import dis
import functools
import random
import sys
import sysconfig
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Atom = (bool, int, float, complex, str, bytes, type(None), type, np.generic, np.dtype, np.ufunc)
Missing = object()
DEEPEST = 8
MOST = 20_000  # things looked at
_LIBRARY = tuple(sysconfig.get_path(key) for key in ("stdlib", "purelib", "platlib"))
_PACKAGE = __name__.split(".", maxsplit=1)[0]


class Captured:
    """A note of everything that a function reaches, as it is now.

    moving: whether something in it cannot be compared, such as an iterator: the function is then traced at each call.

    >>> scale = [2.0]
    >>> captured = Captured({"scale": scale})
    >>> captured.is_same()
    True
    >>> scale[0] = 3.0
    >>> captured.is_same()
    False
    """

    missing = Missing

    def __init__(self, function: Any) -> None:
        self.moving = False
        self.seen: dict[int, Any] = {}
        # Names that hold the very same thing as before need no further look, where the thing cannot change.
        self.names: list[tuple[Mapping[str, Any], str, Any]] = []
        self.cells: list[tuple[Any, Any]] = []
        self.attributes: list[tuple[Any, str, Any]] = []
        self.checks: list[Callable[[], bool]] = []
        self._note(function, 0)
        self.seen.clear()

    def is_same(self) -> bool:
        """Whether all is as it was."""
        for holder, name, value in self.names:
            if holder.get(name, Missing) is not value:
                return False
        for owner, name, value in self.attributes:
            if getattr(owner, name, Missing) is not value:
                return False
        try:
            for cell, value in self.cells:
                if cell.cell_contents is not value:
                    return False
        except ValueError:  # emptied since
            return False
        return self.contents_are_same()

    def contents_are_same(self) -> bool:
        """Whether arrays, lists and the like hold what they held."""
        return all(check() for check in self.checks)

    # -- noting -----------------------------------------------------------------------------------------------------

    def _note(self, value: Any, depth: int) -> None:
        """Note what is inside `value`; that it is this very thing has been noted by who holds it."""
        if isinstance(value, Atom) or id(value) in self.seen:
            return
        if depth > DEEPEST or len(self.seen) > MOST:
            self.moving = True
            return
        self.seen[id(value)] = value
        if isinstance(value, np.ndarray):
            self._array(value)
        elif isinstance(value, types.FunctionType):
            if not _is_library(value.__module__):
                self._function(value, depth)
        elif isinstance(value, types.MethodType):
            self._note(value.__func__, depth + 1)
            self._note(value.__self__, depth + 1)
        elif isinstance(value, functools.partial):
            for part in (value.func, value.args, value.keywords):
                self._note(part, depth + 1)
        elif isinstance(value, (list, tuple, dict, set, frozenset)):
            self._container(value, depth)
        elif isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)):
            self._generator(value)
        elif isinstance(value, Iterator):
            self.moving = True
        elif isinstance(value, (types.ModuleType, types.BuiltinFunctionType)):
            pass
        else:
            self._object(value, depth)

    def _array(self, array: np.ndarray[Any, Any]) -> None:
        if array.dtype.hasobject:
            self.moving = True
            return
        if array.flags.writeable or array.base is not None:
            copy = array.copy()
            self.checks.append(lambda: _same_array(array, copy))

    def _function(self, function: types.FunctionType, depth: int) -> None:
        code = function.__code__
        self.attributes += [(function, "__code__", code), (function, "__defaults__", function.__defaults__)]
        for name, attributes in _global_names(code).items():
            value = function.__globals__.get(name, Missing)
            if value is Missing and not hasattr(builtins, name):
                continue
            self.names.append((function.__globals__, name, value))
            if value is Missing:
                continue
            self._note(value, depth + 1)
            if isinstance(value, types.ModuleType) and not _is_library(value.__name__):
                self._attributes(value, attributes, depth)
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            self.cells.append((cell, value))
            self._note(value, depth + 1)
        for defaults in (function.__defaults__, function.__kwdefaults__):
            if defaults:
                self._note(defaults, depth + 1)

    def _attributes(self, module: types.ModuleType, attributes: frozenset[str], depth: int) -> None:
        """What is read off a module of the user's own, such as a file of settings."""
        for name in attributes:
            value = module.__dict__.get(name, Missing)
            if value is not Missing:
                self.names.append((module.__dict__, name, value))
                self._note(value, depth + 1)

    def _container(self, value: Any, depth: int) -> None:
        if isinstance(value, dict):
            items = dict(value)
            self.checks.append(
                lambda: len(value) == len(items) and all(value.get(k, Missing) is v for k, v in items.items())
            )
            inside = list(items.values())
        else:
            inside = list(value)
            if isinstance(value, list):
                self.checks.append(lambda: len(value) == len(inside) and all(map(_is, value, inside)))
            elif isinstance(value, set):
                kept = frozenset(value)
                self.checks.append(lambda: value == kept)
        for one in inside:
            self._note(one, depth + 1)

    def _generator(self, value: Any) -> None:
        state = _state(value)
        self.checks.append(lambda: _equal_states(_state(value), state))

    def _object(self, value: Any, depth: int) -> None:
        """An object of a class of the user's: its attributes. Of other classes: nothing can be seen."""
        if _is_library(type(value).__module__) and not isinstance(value, types.SimpleNamespace):
            return
        held = getattr(value, "__dict__", None)
        if held is not None:
            self._container(held, depth)
        for name in _slots(type(value)):
            found = getattr(value, name, Missing)
            self.attributes.append((value, name, found))
            if found is not Missing:
                self._note(found, depth + 1)
        for kind in type(value).__mro__:
            called = kind.__dict__.get("__call__")
            if isinstance(called, types.FunctionType):
                self._note(called, depth + 1)
                break


def random_states() -> tuple[Any, ...]:
    """The states of the random numbers that everybody shares: a function that moves them cannot be replayed."""
    shared = sys.modules.get("numpy.random")
    return (random.getstate(), _state(shared.mtrand._rand) if shared is not None else None)


def same_states(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    """Whether no shared random number was drawn in between."""
    return before[0] == after[0] and (before[1] is None or _equal_states(before[1], after[1]))


def _is(a: Any, b: Any) -> bool:
    return a is b


def _same_array(array: np.ndarray[Any, Any], copy: np.ndarray[Any, Any]) -> bool:
    if array.dtype != copy.dtype or array.shape != copy.shape:
        return False
    # Bit for bit where that is quick: nan is then the same as itself, and -0.0 is not 0.0.
    if array.flags.c_contiguous and copy.flags.c_contiguous and array.ndim:
        return np.array_equal(array.reshape(-1).view(np.uint8), copy.reshape(-1).view(np.uint8))
    return array.tobytes() == copy.tobytes()


def _state(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return generator.getstate()
    return generator.bit_generator.state if hasattr(generator, "bit_generator") else generator.get_state(legacy=False)


def _equal_states(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal_states(a[k], b[k]) for k in a)
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else bool(a == b)


def _slots(kind: type) -> list[str]:
    found: list[str] = []
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        found += [slots] if isinstance(slots, str) else [s for s in slots if s not in ("__dict__", "__weakref__")]
    return found


@functools.lru_cache(maxsize=1024)
def _is_library(module: str | None) -> bool:
    """Whether a module is Python's, an installed package's or ours: taken not to change."""
    if not module or module == "__main__":
        return False
    root = module.split(".", maxsplit=1)[0]
    if root in (_PACKAGE, "numpy") or root in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return file.startswith(tuple(p for p in _LIBRARY if p))


@functools.lru_cache(maxsize=1024)
def _global_names(code: types.CodeType) -> dict[str, frozenset[str]]:
    """The globals that a code and the codes inside it read, each with the attributes that are read in there."""
    names: dict[str, frozenset[str]] = {}
    instructions = list(dis.get_instructions(code))
    attributes = frozenset(i.argval for i in instructions if i.opname in ("LOAD_ATTR", "LOAD_METHOD") and i.argval)
    for instruction in instructions:
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names[instruction.argval] = attributes
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            for name, inner in _global_names(constant).items():
                names[name] = inner | names.get(name, frozenset())
    return names
