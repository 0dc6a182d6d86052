"""What a sheet leaves blank. One file a mask, found by listing this folder; masks can be named and put together.

A mask looks at an exercise with its numbers and says what is hidden: cells, shapes, names of rules. Whether everything
that it hides can be found again is not its business: the solver shows that for every sheet.

    results+shapes      two masks together
    every-3             every third number that is worked out
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import Any

from gradwork.errors import UsageError
from gradwork.worksheets.draw import Draw
from gradwork.worksheets.exercise import Exercise
from gradwork.worksheets.plan import Plan, Relation

Place = tuple[Any, ...]  # ("cell", k), ("star", k), ("shape", name, axis), ("rule", name)


@dataclass(frozen=True, eq=False)
class Hiding:
    """What a mask may look at.

    shown:    the cells that the page prints, in reading order.   told: the relations whose formula it prints.
    series:   which of how many like exercises this is, counted from 0: (0, 3) is the first of three.
    held:     the cells that the page gives, though a line would work them out.
    findable: whether these cells could still be found if they were all blank.
    """

    exercise: Exercise
    plan: Plan
    values: Sequence[float]
    draw: Draw
    shown: tuple[int, ...]
    told: tuple[Relation, ...]
    shapes: tuple[str, ...]
    rules: tuple[str, ...]
    series: tuple[int, int]
    held: frozenset[int]
    findable: Callable[[Iterable[int]], bool]

    def role(self, cell: int) -> str:
        """The role of a cell: "given", "line", "back" or "slope"."""
        return "given" if cell in self.held else self.plan.owner[cell].role

    def worked(self) -> list[int]:
        """The shown cells that are worked out, in reading order."""
        return [c for c in self.shown if self.role(c) != "given"]

    def given(self) -> list[int]:
        """The shown cells that are given."""
        return [c for c in self.shown if self.role(c) == "given"]


@dataclass(frozen=True, eq=False)
class Mask:
    """A way to choose blanks.

    name: as it is called in commands.   title: what it hides, in words.
    hide: gives the places that are hidden, cells as plain numbers.
    """

    name: str
    title: str
    hide: Callable[[Hiding], Iterable[int | Place]]

    def __add__(self, other: Mask) -> Mask:
        """Both together."""

        def both(hiding: Hiding) -> Iterator[int | Place]:
            yield from self.hide(hiding)
            yield from other.hide(hiding)

        return Mask(f"{self.name}+{other.name}", f"{self.title}; {other.title}", both)


@dataclass(frozen=True, eq=False)
class Masks:
    """A family of masks with an argument, such as every-3. `make` turns the argument into a mask."""

    name: str
    title: str
    make: Callable[[str], Mask]
    example: str


@cache
def masks() -> Mapping[str, Mask | Masks]:
    """All masks by name: the modules of this folder, and those of other packages (entry point group gradwork.masks)."""
    modules = [f"{__name__}.{m.name}" for m in iter_modules(__path__) if not m.name.startswith("_")]
    modules += [point.value for point in entry_points(group="gradwork.masks")]
    found = [import_module(name).MASK for name in modules]
    return {mask.name: mask for mask in sorted(found, key=lambda mask: mask.name)}


def mask_named(text: str) -> Mask:
    """The mask of this name. Raises UsageError, with the names that there are.

    >>> mask_named("results").title
    'every number that is worked out'
    """
    parts = [_one(part.strip(), text) for part in text.split("+")]
    mask = parts[0]
    for other in parts[1:]:
        mask = mask + other
    return mask


def _one(part: str, text: str) -> Mask:
    known = masks()
    if isinstance(mask := known.get(part), Mask):
        return mask
    name, _, argument = part.partition("-")
    family = known.get(name) if not isinstance(known.get(part), Masks) else known[part]
    if isinstance(family, Masks) and argument:
        return family.make(argument)
    import difflib

    examples = [m.example if isinstance(m, Masks) else n for n, m in known.items()]
    if isinstance(family, Masks):
        raise UsageError(f"the mask {part!r} needs to be told more", hint=family.example)
    near = difflib.get_close_matches(part, examples, n=1, cutoff=0.5)
    raise UsageError(
        f"there is no mask {part!r}", why=f"there are: {', '.join(examples)}", hint=near[0] if near else examples[0]
    )
