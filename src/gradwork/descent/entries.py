"""Entries of the parameters by name: w, W1[1,2]. Subscripts count from 1, as people see them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwork.descent.curvature import flat, shaped
from gradwork.descent.problem import Leaves
from gradwork.descent.result import Descent
from gradwork.errors import ArgumentError
from gradwork.graph.formula.evaluate import close

Array = np.ndarray[Any, Any]


LARGE = 30_000_000  # rows times parameters; beyond, a picture's many losses are taken on some rows
SOME = 20_000


@dataclass(frozen=True)
class Entry:
    """One number of the parameters: its name, the leaf that it stands in, its place there and among all numbers."""

    name: str
    leaf: int
    within: int
    column: int


def chosen(found: Descent, names: Sequence[str]) -> tuple[Entry, ...]:
    """The one or two entries of a picture: those named, or those that moved farthest. Raises ArgumentError."""
    if len(names) > 2:
        raise ArgumentError(f"a picture has room for two parameters, not {len(names)}", hint=" and ".join(names[:2]))
    if names:
        entries = tuple(entry(found, name) for name in names)
        if len({e.column for e in entries}) < len(entries):
            raise ArgumentError(f"{names[0]} and {names[1]} are the same parameter", hint="two that differ")
        return entries
    with np.errstate(all="ignore"):
        moved = np.abs(flat(list(found.leaves)) - found.path[0])
    farthest = np.argsort(-np.nan_to_num(moved, nan=np.inf), kind="stable")[:2]
    everything = {e.column: e for e in _entries(found, {int(i) for i in farthest})}
    return tuple(everything[i] for i in sorted(everything))


def entry(found: Descent, name: str) -> Entry:
    """The entry of this name. Raises ArgumentError where there is none."""
    match = re.fullmatch(r"(.*?)\s*(?:\[\s*(\d+(?:\s*,\s*\d+)*)\s*\])?", name.strip())
    word, places = (match[1], match[2]) if match else (name, None)
    if name.strip() in found.names:  # a name with brackets of its own, such as params[0]
        word, places = name.strip(), None
    if word not in found.names:
        hint = " or ".join(close(word, found.names)) or ", ".join(found.names[:6])
        why = f"there are {', '.join(found.names[:12])}"
        raise ArgumentError(f"there is no parameter {word!r}", why=why, hint=hint)
    leaf = found.names.index(word)
    shape = np.shape(found.leaves[leaf])
    at = tuple(int(part) - 1 for part in places.split(",")) if places else ()
    if not at and int(np.prod(shape)) == 1:
        at = (0,) * len(shape)
    if len(at) != len(shape) or not all(0 <= i < n for i, n in zip(at, shape, strict=True)):
        raise _no_such(word, shape, name)
    within = int(np.ravel_multi_index(at, shape)) if shape else 0
    return Entry(_called(word, within, shape), leaf, within, _offsets(found)[leaf] + within)


def _no_such(word: str, shape: tuple[int, ...], name: str) -> ArgumentError:
    if not shape:
        return ArgumentError(f"{word} is one number, and has no entry {name}", hint=word)
    last = ",".join(map(str, shape))
    first = ",".join("1" for _ in shape)
    what = f"{word} has the shape {' × '.join(map(str, shape))}" if len(shape) > 1 else f"{word} has {shape[0]} numbers"
    why = f"{what}: from {word}[{first}] to {word}[{last}]"
    return ArgumentError(f"{name} is not one number of {word}", why=why, hint=f"{word}[{first}]")


def _entries(found: Descent, columns: set[int]) -> Iterator[Entry]:
    for leaf, (name, offset) in enumerate(zip(found.names, _offsets(found), strict=True)):
        shape = np.shape(found.leaves[leaf])
        for column in sorted(columns):
            within = column - offset
            if 0 <= within < int(np.prod(shape)):
                yield Entry(_called(name, within, shape), leaf, within, column)


def _called(name: str, within: int, shape: tuple[int, ...]) -> str:
    places = ",".join(str(int(i) + 1) for i in np.unravel_index(within, shape)) if shape else ""
    return f"{name}[{places}]" if places else name


def _offsets(found: Descent) -> list[int]:
    sizes = [int(np.size(leaf)) for leaf in found.leaves]
    return [sum(sizes[:i]) for i in range(len(sizes))]


class Slice:
    """The loss where one or two entries move, and all others stay at their values at the end."""

    def __init__(self, found: Descent, entries: Sequence[Entry]) -> None:
        problem = self.problem = found.problem
        self.entries = entries
        self.rows: int | None = None  # how many rows the loss is taken on, where it is not on all
        in_parts = problem.rows and not problem.data
        if in_parts or problem.rows * problem.size > LARGE:
            some = np.unique(np.linspace(0, problem.rows - 1, SOME).astype(int))
            self.problem, self.rows = problem.of_rows(some), len(some) if len(some) < problem.rows else None
        self.like: Leaves = list(found.leaves)
        self.base = flat(self.like)

    def loss(self, *values: float) -> float:
        """The loss at these values of the entries; nan where it cannot be worked out."""
        at = self.base.copy()
        for e, value in zip(self.entries, values, strict=True):
            at[e.column] = value
        try:
            with np.errstate(all="ignore"):
                return float(self.problem.value(shaped(at, self.like)))
        except (ArithmeticError, np.linalg.LinAlgError):
            return float("nan")
