"""Which arguments a gradient is taken by: positions, names, or a tuple of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradwork.errors import ArgumentError
from gradwork.graph.trace import Function, as_called

Wrt = int | str | Sequence[int | str]


@dataclass(frozen=True)
class Wanted:
    """The arguments asked for, as positions in `args` or names in `kwargs`; `single` when not a tuple was given."""

    keys: tuple[int | str, ...]
    single: bool

    def pack(self, results: Sequence[Any]) -> Any:
        """One result for one argument, a tuple for a tuple."""
        return results[0] if self.single else tuple(results)


def resolve(f: Function, wrt: Wrt, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Wanted:
    """Turn `wrt` into places in this call. Raises ArgumentError, with what there is, for one that is not there."""
    if type(wrt) is int and 0 <= wrt < len(args):
        return Wanted((wrt,), True)
    single = not isinstance(wrt, (tuple, list))
    asked = list(wrt) if isinstance(wrt, (tuple, list)) else [wrt]
    if not asked:
        raise ArgumentError("wrt names no argument", hint="wrt=0 for the first one, or its name")
    labels = _labels(f, args)
    keys = tuple(_key(one, labels, args, kwargs, f) for one in asked)
    if len(set(keys)) < len(keys):
        raise ArgumentError(f"wrt names one argument twice: {wrt!r}")
    return Wanted(keys, single)


def keywords(kwargs: Any) -> dict[str, Any]:
    """What `kwargs=` passes on. Raises ArgumentError for anything but a dict by the names of arguments."""
    if kwargs is None:
        return {}
    if not isinstance(kwargs, Mapping) or not all(isinstance(name, str) for name in kwargs):
        of_names = (
            "a dict whose keys are no names" if isinstance(kwargs, Mapping) else f"of type {type(kwargs).__name__}"
        )
        raise ArgumentError(f"kwargs is {of_names}", why="it holds arguments by name", hint='kwargs={"x": 3.0}')
    return dict(kwargs)


def no_number(key: int | str, leaves: Sequence[Any]) -> ArgumentError:
    """The error for an argument that a slope is asked for, and that has no numbers in it."""
    kinds = dict.fromkeys(
        f"an array of dtype {x.dtype}" if hasattr(x, "dtype") else f"a {type(x).__name__}" for x in leaves
    )
    return ArgumentError(
        f"argument {key!r} holds no number",
        why=f"it is {', '.join(kinds)}" if kinds else "it is empty",
        hint="wrt names an argument that is a number, an array of numbers, or a structure of them",
    )


def _labels(f: Function, args: Sequence[Any]) -> list[str]:
    return as_called(f).labels(len(args))


def _key(one: Any, labels: list[str], args: Sequence[Any], kwargs: Mapping[str, Any], f: Function) -> int | str:
    if isinstance(one, str):
        if one in kwargs:
            return one
        if one in labels:
            return labels.index(one)
        names = [*labels, *kwargs]
        import difflib

        near = difflib.get_close_matches(one, names, n=1)
        raise ArgumentError(
            f"wrt={one!r}: there is no argument of that name",
            why=f"the call has {', '.join(names) or 'no arguments'}",
            hint=f"wrt={near[0]!r}" if near else None,
        )
    if isinstance(one, bool) or not hasattr(one, "__index__"):
        raise ArgumentError(f"wrt={one!r} is neither a position nor a name", hint="wrt=0, wrt='w', or wrt=(0, 1)")
    position = int(one.__index__())
    if -len(args) <= position < len(args):
        return position % len(args)
    # A parameter that is passed by name still has its position.
    every = as_called(f).names()
    if 0 <= position < len(every) and every[position] in kwargs:
        return every[position]
    raise ArgumentError(
        f"wrt={position}: the call has {len(args)} positional arguments",
        hint="positions count from 0" if args else "pass the argument, or give its name",
    )
