"""Calling a gradient function: twice, on arguments of its own, so that what it does to them is seen."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.check.given import copied
from gradwork.errors import ArgumentError
from gradwork.graph.trace import as_called
from gradwork.graph.tree import flatten


@dataclass(frozen=True, eq=False)
class Answer:
    """What a gradient function gave, twice, and what it did to its arguments.

    changed: names of the arguments that it wrote into.
    """

    first: Any
    second: Any
    changed: tuple[str, ...]


def answered(gradient: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], loss: Any = None) -> Answer:
    """Call the gradient function twice on copies of the arguments. Raises ArgumentError if it does not take them.

    loss: asked first whether it takes them: where it does not, the gradient function is not to blame.
    """
    if callable(loss):
        what = "the loss cannot be called with these arguments"
        _check_takes(loss, args, kwargs, what, "gw.check(loss, gradient, w, x, y): what the loss takes comes last")
    what = "the gradient function does not take the arguments of the loss"
    _check_takes(gradient, args, kwargs, what, "give it the parameters that the loss has")
    first, changed = _called(gradient, args, kwargs)
    second, again = _called(gradient, args, kwargs)
    return Answer(first, second, tuple(dict.fromkeys([*changed, *again])))


def _check_takes(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], what: str, hint: str
) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # a function of C: what it takes shows when it is called
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        given = [f"{len(args)} positional"] * bool(args) + [f"{name}=" for name in kwargs]
        raise ArgumentError(
            f"{what}: {error}",
            why=f"both are called with the same ones: {', '.join(given) or 'none'}",
            hint=hint,
        ) from None


def _called(gradient: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, list[str]]:
    mine, others = [copied(a) for a in args], {k: copied(v) for k, v in kwargs.items()}
    result = copied(gradient(*mine, **others))
    labels = [*as_called(gradient).labels(len(args)), *kwargs]
    changed = []
    for label, before, after in zip(labels, [*args, *kwargs.values()], [*mine, *others.values()], strict=True):
        pairs = zip(flatten(before)[0], flatten(after)[0], strict=False)
        if any(
            isinstance(a, np.ndarray) and not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc") for a, b in pairs
        ):
            changed.append(label)
    return result, changed
