"""A loss and its gradient from a Python file, and a point to check them at: `gradwork check net.py`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradwork.errors import ModelError, Where
from gradwork.models.function import _bind, _no_function, _run, _told_by_line
from gradwork.tables.read import not_there


@dataclass(frozen=True, eq=False)
class Checked:
    """What is to be checked: the functions, and the arguments of the point by position and by name."""

    loss: Callable[..., Any]
    gradient: Any
    args: Sequence[Any]
    kwargs: Mapping[str, Any]


def load_checked(file: Path, loss: str = "loss", gradient: str = "gradient", point: str = "point") -> Checked:
    """Run the file and take what is named from it.

    gradient: a function, or numbers: an array, a tuple, a dict.
    point:    a tuple or a dict of arguments, or a function that gives one. Where the file has none of that name, the
              arguments get their default values, or the file's variables of the same names.
    Raises MissingFileError, and ModelError for a file that cannot be run and for what is not in it.
    """
    if not file.exists():
        raise not_there(file)
    if file.suffix.lower() in (".toml", ".csv", ".json", ".ipynb"):
        raise ModelError(
            f"{file.name} is no Python file",
            where=Where(str(file)),
            why="what is checked is a loss and a gradient that somebody wrote in Python",
            hint="gradwork work takes a model file, and holds three ways to its gradient against each other",
        )
    source = file.read_text(encoding="utf-8", errors="replace")
    module = _run(file, source)
    function = getattr(module, loss, None)
    if not callable(function):
        raise _no_function(file, source, loss)
    if not hasattr(module, gradient):
        raise ModelError(
            f"{file.name} has no {gradient}",
            where=Where(str(file)),
            why="what is checked is a function that gives the gradient, or the gradient itself",
            hint=f"def {gradient}(...): ..., with the arguments of {loss}; or --gradient NAME",
        )
    given = getattr(module, gradient)
    args, kwargs = _point(file, module, function, point)
    _check_fit(file, function, loss, args, kwargs)
    checked = _told_by_line(file, given) if callable(given) else given
    return Checked(_told_by_line(file, function), checked, args, kwargs)


def _check_fit(
    file: Path, function: Callable[..., Any], name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    """Whether the function can be called with the point."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        wanted = ", ".join(signature.parameters)
        tuple_of = f"({wanted},)" if len(signature.parameters) == 1 else f"({wanted})"
        given = ", ".join(kwargs) if kwargs else f"{len(args)} value{'s' if len(args) != 1 else ''}"
        raise ModelError(
            f"the point does not fit the arguments of {name}",
            where=Where(str(file)),
            why=f"{name} takes {wanted or 'nothing'}, and the point has {given}: {error}",
            hint=f"point = {tuple_of}, a dict by these names, or --at NAME",
        ) from None


def _point(file: Path, module: Any, function: Callable[..., Any], name: str) -> tuple[Sequence[Any], Mapping[str, Any]]:
    found = getattr(module, name, None)
    if callable(found):
        found = _told_by_line(file, found)()
    if isinstance(found, Mapping):
        return (), dict(found)
    if isinstance(found, (tuple, list)):
        return tuple(found), {}
    if found is not None:
        return (found,), {}
    if name != "point":
        raise ModelError(
            f"{file.name} has no {name}",
            where=Where(str(file)),
            why="--at names a tuple or a dict of arguments, or a function that gives one",
        )
    bound, _ = _bind(file, function, vars(module), {})
    return tuple(bound.values()), {}
