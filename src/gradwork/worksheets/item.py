"""One exercise with its numbers and blanks: drawn by seed, clean, and shown to be solvable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gradwork.errors import UsageError
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.notation.language import ENGLISH, Language
from gradwork.worksheets.draw import Draw
from gradwork.worksheets.exercise import Choice, Exercise, Given, Grid, Line, Row, Told
from gradwork.worksheets.masks import Hiding, Mask
from gradwork.worksheets.pieces import Numbering, Pieces, Place
from gradwork.worksheets.plan import BACK, GIVEN, Plan, Relation
from gradwork.worksheets.printing import Printing
from gradwork.worksheets.rounding import printer
from gradwork.worksheets.routes import Route
from gradwork.worksheets.solver import Solution, solve

TRIES = 400
BETTER = 4  # so many numbers that would do are compared for how well they tell mistakes apart


@dataclass(frozen=True, eq=False)
class Item:
    """An exercise of a sheet.

    values:   all cells, as printed.   hidden: the places that are blank or starred.
    solution: the order in which the blanks can be found.
    """

    exercise: Exercise
    plan: Plan
    values: tuple[float, ...]
    hidden: frozenset[Place]
    solution: Solution

    @cached_property
    def by_name(self) -> dict[str, Any]:
        """Name → number or nested lists."""
        return {name: self.plan.array(name, self.values).tolist() for name in self.plan.quantities}

    @cached_property
    def shown(self) -> frozenset[int]:
        """The cells that the page prints, blank or not."""
        return frozenset(shown_cells(self.exercise, self.plan))

    @cached_property
    def unrounded(self) -> list[float]:
        """All cells as they are where nothing is rounded on the way."""
        given = {n: self.by_name[n] for n, q in self.plan.quantities.items() if q.role == GIVEN}
        return self.plan.fill(given, lambda value: value)

    def routes(self, cell: int) -> tuple[Route, ...]:
        """The ways to a cell that the page tells."""
        return tuple(r for r in self.plan.routes(cell) if r.relation in self._telling)

    @cached_property
    def _telling(self) -> frozenset[Relation]:
        return frozenset(self.told)

    @cached_property
    def told(self) -> tuple[Relation, ...]:
        """The relations that the page says."""
        return _told(self.exercise, self.plan)

    @cached_property
    def rules(self) -> dict[str, str]:
        """The rule by which each line of the way back is worked out."""
        return rules_of(self.plan)

    def answer(self, place: Place) -> float | int | str:
        """What belongs in a blank: a number, the position of a choice, or the name of a rule."""
        kind, *rest = place
        if kind == "cell":
            return self.values[rest[0]]
        if kind == "shape":
            return self.plan.quantities[rest[0]].shape[rest[1]]
        if kind == "rule":
            return self.rules[rest[0]]
        return self.choice(place).answer(self.by_name)

    def choice(self, place: Place) -> Choice:
        """The question of a choice."""
        row = self.exercise.rows(self.plan)[place[1]]
        assert isinstance(row, Choice)
        return row

    def printing(self, item: int, numbering: Numbering, language: Language = ENGLISH) -> Printing:
        """Prints it, with blanks numbered on."""
        pieces = Pieces(self.exercise, self.plan, self.values, self.hidden, item, numbering, language)
        return Printing(pieces, self.rules)


Worth = Callable[["Item"], float]


def make_item(
    exercise: Exercise,
    mask: Mask,
    seed: Sequence[object],
    series: tuple[int, int] = (0, 1),
    worth: Worth | None = None,
) -> Item:
    """Draw numbers until they are clean, suit, and leave every blank findable.

    seed:  words that fix the numbers.
    worth: how well an item tells mistakes apart, 1 for fully; the best of a few is taken.

    Raises UsageError where no numbers make the mask solvable, with the blanks that cannot be found.
    """
    best: tuple[float, Item] | None = None
    missing: tuple[str, ...] = ()
    good = 0
    for attempt in range(TRIES):
        draw = Draw(*seed, attempt)
        item = _drawn(exercise, mask, draw, series)
        if isinstance(item, tuple):
            missing = missing or item
            continue
        if item is None:
            continue
        value = worth(item) if worth else 1.0
        if best is None or value > best[0]:
            best = (value, item)
        good += 1
        if value >= 1 or good >= BETTER:
            break
    if best is not None:
        return best[1]
    if missing:
        raise UsageError(
            f"the mask {mask.name} hides too much in the exercise {exercise.name}",
            why=f"these cannot be found from what is printed: {', '.join(missing[:8])}",
            hint="a mask that hides less, such as results, or one of them given",
        )
    raise UsageError(
        f"no numbers were found for the exercise {exercise.name}",
        why=f"{TRIES} draws were not clean to {exercise.decimals} decimals, or did not suit",
        hint="more decimals, other ranges of the givens, or exact = false",
    )


def _drawn(exercise: Exercise, mask: Mask, draw: Draw, series: tuple[int, int]) -> Item | tuple[str, ...] | None:
    """One try: an item, the names of blanks that cannot be found, or None where the numbers are not clean."""
    given = exercise.draw(draw)
    plan = exercise.plan(given)
    try:
        values = plan.fill(given, printer(exercise.decimals, exact=exercise.exact, largest=exercise.largest))
    except (ArithmeticError, ValueError):
        return None
    by_name = None
    if exercise.suits is not None:
        by_name = {name: plan.array(name, values).tolist() for name in plan.quantities}
        if not exercise.suits(by_name):
            return None
    return with_mask(exercise, plan, values, mask, draw, series)


def with_mask(
    exercise: Exercise, plan: Plan, values: Sequence[float], mask: Mask, draw: Draw, series: tuple[int, int] = (0, 1)
) -> Item | tuple[str, ...]:
    """The exercise with these numbers and this mask; or the names of the blanks that cannot be found."""
    shown = shown_cells(exercise, plan)
    told = _told(exercise, plan)
    telling = set(told)
    unseen = set(range(plan.size)) - set(shown)

    def solution(cells: Iterable[int], stars: Iterable[int] = ()) -> Solution:
        wanted = list(cells)
        return solve(plan, values, {*wanted, *stars, *unseen}, wanted, telling.__contains__)

    rows = exercise.rows(plan)
    shapes = tuple(r.name for r in rows if isinstance(r, Line) and r.shape)
    rules = tuple(r.name for r in rows if isinstance(r, Line) and r.rule)
    held = frozenset(c for r in rows if isinstance(r, Given) for n in r.names for c in plan.quantities[n].cells)
    hiding = Hiding(
        exercise, plan, values, draw, shown, told, shapes, rules, series, held, lambda cells: solution(cells).solvable
    )
    places = [("cell", p) if isinstance(p, int) else p for p in mask.hide(hiding)]
    places += [("choice", k) for k, row in enumerate(rows) if isinstance(row, Choice)]
    cells = [p[1] for p in places if p[0] == "cell"]
    stars = [p[1] for p in places if p[0] == "star"]
    solved = solution(cells, stars)
    if not solved.solvable:
        return tuple(plan.cell_name(c) for c in solved.missing)
    return Item(exercise, plan, tuple(values), frozenset(places), solved)


def shown_cells(exercise: Exercise, plan: Plan) -> tuple[int, ...]:
    """The cells that the page prints, in reading order, each once."""
    pieces = Pieces(exercise, plan)
    found: dict[int, None] = {}
    for row in exercise.rows(plan):
        for name in _names(row):
            quantity, cell = pieces.cell(name)
            for c in [cell] if cell is not None else plan.quantities[quantity].cells:
                found[c] = None
    return tuple(found)


def _names(row: Row) -> list[str]:
    if isinstance(row, Given):
        return list(row.names)
    if isinstance(row, Line):
        return [row.name] if row.value else []
    if isinstance(row, Grid):
        return [name for line in row.rows for name in line[1:] if name]
    return []


def _told(exercise: Exercise, plan: Plan) -> tuple[Relation, ...]:
    lines: set[str] = set()
    for row in exercise.rows(plan):
        if isinstance(row, Told):
            lines |= set(row.names)
        elif isinstance(row, Line) and row.formula:
            lines.add(row.name)
    return tuple(r for r in plan.relations if r.extra or r.line in lines)


def rules_of(plan: Plan) -> dict[str, str]:
    """The textbook name of the rule by which each line of the way back is worked out, where it is one rule."""
    found = {}
    for name, quantity in plan.quantities.items():
        if quantity.role == BACK:
            node = plan.graph.nodes[quantity.node]
            if node.op not in (INPUT, CONSTANT) and node.origin.by:
                found[name] = node.origin.by
    return found
