"""A family of the fourth blind set: the third set's form; gradients may also be dicts, lists of layers and classes' work."""

from __future__ import annotations

import copy
import inspect
import linecache
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from check.blind.case import change
from check.blind_third.case import Family as OfThird


@dataclass(frozen=True)
class Family(OfThird):
    """As there; `parts` are classes and functions that the backward pass uses: mistakes may be edits of their text."""

    parts: tuple[Any, ...] = ()

    def edited(self, number: int, pieces: tuple[str, ...]) -> Callable[..., Any]:
        """The parts and the backward pass with each piece replaced, as a module with a source of its own."""
        source = "\n\n".join(inspect.getsource(part) for part in (*self.parts, self.backward))
        for old, new in zip(pieces[::2], pieces[1::2], strict=True):
            assert source.count(old) == 1, (self.name, old, source.count(old))
            source = source.replace(old, new)
        file = f"<fourth, {self.name} {number}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        module = types.ModuleType(file.strip("<>"))
        module.__dict__.update({**self.backward.__globals__, "__name__": module.__name__, "__file__": file})
        sys.modules[module.__name__] = module  # where a class looks for its source
        exec(compile(source, file, "exec"), module.__dict__)
        return getattr(module, self.backward.__name__)

    def changes(self, wrong: Callable[..., Any], args: tuple[Any, ...]) -> dict[str, float]:
        """How far each parameter's gradient is from the right one, relative to its largest entry."""
        with np.errstate(all="ignore"):
            given = wrong(*copy.deepcopy(args))
        right = self.backward(*copy.deepcopy(args))
        if self.n_params == 1:
            given, right = (given,), (right,)
        pairs = zip(self.parameters, right, given, strict=True)
        return {name: far(a, b) for name, a, b in pairs}

    def spoilt(self, wrong: Callable[..., Any], args: tuple[Any, ...]) -> tuple[str, ...]:
        return tuple(name for name, size in self.changes(wrong, args).items() if size > 1e-6)


def far(right: Any, wrong: Any) -> float:
    return max(change(a, b) for a, b in zip(leaves(right), leaves(wrong), strict=True))


def leaves(value: Any) -> list[Any]:
    """The arrays of nested dicts, lists and tuples, in the order in which they stand."""
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]
