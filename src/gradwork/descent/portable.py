"""A result of a descent as something that is pickled and copied: what holds functions is left behind or told so."""

from __future__ import annotations

import pickle
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from gradwork.descent.called import ByName
from gradwork.descent.left_behind import LeftBehind
from gradwork.descent.problem import Problem

if TYPE_CHECKING:
    from gradwork.descent.result import Descent

PICKLED = "it was pickled, and a function that does not stand at the top of a module cannot be"
CHUNKS = "it was pickled, and what gives chunks cannot be"
FUNCTIONS = ("work", "again")  # of a result: what takes its steps again
HINT = "define the loss at the top of a module, or write it as a formula"


def state_of(found: Descent) -> dict[str, Any]:
    """What a result is pickled as."""
    state = {field.name: getattr(found, field.name) for field in fields(found)}
    state.update(dict.fromkeys(FUNCTIONS))
    state["problem"] = _portable(found.problem)
    state["test"] = None if found.test is None else _portable(found.test)
    return state


def _portable(problem: Problem) -> Problem:
    f: Any = problem.f
    if isinstance(f, ByName) and not _goes(f):
        f = replace(f, loss=_without(f.loss))
    elif not _goes(f):
        f = _without(f)
    changes: dict[str, Any] = {"f": f, "_kept": {}}
    source = getattr(problem, "source", None)
    if source is not None and not _goes(source):
        changes["source"] = LeftBehind("its data", CHUNKS, "arrays, or .npy files, instead of chunks")
    return replace(problem, **changes)


def _without(f: Any) -> LeftBehind:
    return LeftBehind(f"the loss {getattr(f, '__name__', type(f).__name__)}", PICKLED, HINT)


def _goes(value: Any) -> bool:
    """Whether it can be pickled."""
    try:
        pickle.dumps(value)
    except Exception:
        return False
    return True
