"""A loss as it is called in a descent, and the programs that are kept for one that is a formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gradwork.descent.kept import size_of
from gradwork.errors import ArgumentError
from gradwork.graph.formula import Formula, Program, evaluate_program
from gradwork.graph.formula.called import CalledProgram, as_called_program
from gradwork.graph.keyed import LARGEST, Kept
from gradwork.graph.op import REGISTER
from gradwork.graph.tree import Structure

if TYPE_CHECKING:
    from gradwork.gradients.compile import Compiled

FORMULAS = Kept(32)


def called_of(loss: Any, start: Any, keys: tuple[str, ...], has_data: bool) -> Callable[..., Any]:
    """The loss as a function of params and of data in a row."""
    if isinstance(loss, str):
        program = _read(loss)
    else:
        program = as_called_program(loss) if isinstance(loss, Formula) or not callable(loss) else None
    if program is None and not callable(loss):
        raise ArgumentError("the loss is no function and no formula", hint="gw.descend(loss, start, (x, y))")
    if program is None:
        return ByName(loss, keys) if keys else loss
    if not isinstance(start, Mapping) or (has_data and not keys):
        hint = 'gw.descend("mean((x*w - y)^2)", {"w": 0.0}, {"x": x, "y": y})'
        raise ArgumentError("a formula takes its parameters and data by name", why="both are dicts", hint=hint)
    return ByFormula(program.program, keys)


@lru_cache(maxsize=64)
def _read(text: str) -> CalledProgram | None:
    return as_called_program(text)


@dataclass(frozen=True)
class ByFormula:
    """Named formulas as a function of a dict of parameters and of data in a row."""

    program: Program
    keys: tuple[str, ...]

    def lines(self, params: Mapping[str, Any], *columns: Any) -> dict[str, Any]:
        """The value of every line."""
        return evaluate_program(self.program, self.bound(params, *columns), REGISTER.by_word)

    def bound(self, params: Mapping[str, Any], *columns: Any) -> dict[str, Any]:
        """Every name with its value."""
        return {**dict(zip(self.keys, columns, strict=True)), **params}

    def __call__(self, params: Mapping[str, Any], *columns: Any) -> Any:
        return self.lines(params, *columns)[self.program.lines[-1][0]]


@dataclass(frozen=True)
class ByName:
    """A function of params and of data by name, as one of data in a row."""

    loss: Callable[..., Any]
    keys: tuple[str, ...]

    def __call__(self, params: Any, *columns: Any) -> Any:
        return self.loss(params, **dict(zip(self.keys, columns, strict=True)))


def kept_for(called: Any, structure: Structure, backend: str, values: tuple[Any, ...]) -> dict[str, Compiled]:
    """Where the programs of a loss are kept: for a formula, those of earlier descents with the same words."""
    if not isinstance(called, ByFormula) or size_of(values) > LARGEST:
        return {}
    words = [w for _, formula in called.program.lines for w in formula.functions]
    meaning = tuple((REGISTER.by_word.get(w), REGISTER.by_name.get(w)) for w in words)
    if any(op is not None and not op.fixed for _, op in meaning):  # it may look at more than its arguments
        return {}
    key = (called, structure, backend, meaning)
    try:
        found = FORMULAS.get(key)
    except TypeError:  # a key of the parameters' structure that cannot be compared
        return {}
    kept: dict[str, Compiled] = found if found is not None else FORMULAS.put(key, {})
    return kept
