"""The first calls of a loss: does it take the data, give a number, leave its parameters alone, and repeat itself."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np

from gradwork.descent.large import sample_of
from gradwork.descent.linear_columns import names_of
from gradwork.descent.problem import Problem
from gradwork.errors import (
    ArgumentError,
    ChangedArgumentError,
    DataError,
    GradworkError,
    NotRepeatableError,
    ShapeError,
    Where,
)
from gradwork.graph.frames import is_users
from gradwork.graph.trace import as_number


def check_rows(problem: Problem) -> None:
    """Raise DataError for data without a row."""
    for name, values in zip(names_of(problem), problem.data, strict=False):
        if np.ndim(values) and not len(values):
            raise DataError(f"{name} has no rows", why="a loss over no rows is no number", hint="data with rows")


def check_repeats(problem: Problem) -> None:
    """Call the loss twice at the start.

    Raises ShapeError where it stops and the data differ in length, ChangedArgumentError where it writes into its
    parameters, NotRepeatableError where it gives two values. What it gives is judged when it is traced.
    """
    first, second = (as_number(_called(problem)) for _ in range(2))
    if first is None or second is None or np.array_equal(first, second, equal_nan=True):
        return
    raise NotRepeatableError(
        "the loss gives different values at the same point",
        details=(f"first {_short(first)}, then {_short(second)}",),
        why="a step is worked out once and taken many times, with the same random numbers in each",
        hint="a loss without random numbers of its own; batch= draws rows anew for each step",
    )


def _called(problem: Problem) -> Any:
    leaves = [np.array(leaf)[()] for leaf in problem.start]
    try:
        value = problem.f(problem.params(leaves), *sample_of(problem))
    except GradworkError:
        raise
    except Exception as error:
        raise _by_name(error) or _of_arguments(problem, error) or _of_lengths(problem, error) or error from None
    for name, before, after in zip(problem.names, problem.start, leaves, strict=True):
        if not np.array_equal(before, after, equal_nan=True):
            raise ChangedArgumentError(
                f"the loss changes {name} in place",
                why="the next step starts from the parameters, and the loss has moved them",
                hint="work on a copy inside the loss: w = w.copy()",
            )
    return value


def _by_name(error: Exception) -> ArgumentError | None:
    """What to say of a loss that asks for a column by its name, as of a table of pandas; None where that is not it."""
    named = isinstance(error, IndexError) and "only integers" in str(error)
    named |= isinstance(error, AttributeError) and isinstance(error.obj, np.ndarray)
    if not named:
        return None
    return ArgumentError(
        f"the loss stops at the start: {error}",
        where=_line(error),
        why="data are arrays of numbers in the loss, a table of pandas too, and its columns have no names there",
        hint='one array a column: gw.descend(loss, start, {"x": table["x"], "y": table["y"]})',
    )


def _of_arguments(problem: Problem, error: Exception) -> ArgumentError | None:
    """What to say where the loss takes other arguments than there are; None where it was called."""
    if not isinstance(error, TypeError) or _line(error) is not None:
        return None
    given = ", ".join(names_of(problem)) or "no data"
    return ArgumentError(
        f"the loss cannot be called with these data: {error}",
        why=f"it is called with the parameters and then with {given}",
        hint="data=(x, y) for loss(params, x, y); a dict by name; a table, as of pandas, is one array",
    )


def _line(error: Exception) -> Where | None:
    """The user's line that an error came from."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if is_users(file):
            found = Where(file, line)
    return found


def _of_lengths(problem: Problem, error: Exception) -> ShapeError | None:
    """What the loss stopped at, where the data differ in length; None where that is not it."""
    lengths = {name: len(v) for name, v in zip(names_of(problem), problem.data, strict=False) if np.ndim(v)}
    if not isinstance(error, ValueError) or len(set(lengths.values())) < 2:
        return None
    rows = ", ".join(f"{name} {count}" for name, count in lengths.items())
    return ShapeError(
        f"the loss stops at the start: {error}",
        why=f"the data have different numbers of rows: {rows}",
        hint="equal rows",
    )


def _short(value: Any) -> str:
    return f"{float(value):.6g}" if np.ndim(value) == 0 else f"an array {np.shape(value)}"
