"""Kinds of exercises that any chapter can use: order the steps, foresee a sign, find the mistake that somebody made.

Each is put together from the rows of `exercise.py`; the numbers, the key and the marking are those of any exercise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from gradwork.errors import ArgumentError, UsageError
from gradwork.graph.formula import Program, parse_program
from gradwork.worksheets.draw import Draw
from gradwork.worksheets.exercise import Arrays, BySign, Choice, Exercise, Row, Told
from gradwork.worksheets.plan import Plan, shape_of
from gradwork.worksheets.planning import plan_of
from gradwork.worksheets.rounding import printer

_TRIES = 200


def in_order(shown: Sequence[str], right: Sequence[str]) -> tuple[Choice, ...]:
    """Rows that ask for the place of each step: `shown` as they stand on the page, `right` in their order.

    Each step has to need the one before it, so that no other order is right as well.

    >>> [row.answer({}) + 1 for row in in_order(("dA is step", "dZ is step"), ("dZ is step", "dA is step"))]
    [2, 1]
    """
    places = tuple(str(k + 1) for k in range(len(right)))
    return tuple(Choice(step, places, _always(right.index(step))) for step in shown)


def out_of_order(exercise: Exercise, steps: Sequence[str], times: int = 12) -> tuple[Exercise, ...]:
    """The exercise with its steps mixed, in so many ways: the lines are told, then the place of each is asked.

    steps: names of lines in their one right order. What the exercise shows comes first.
    """
    return tuple(
        replace(
            exercise,
            show=(
                *exercise.show,
                Told(mixed),
                *in_order([f"{name} is step" for name in mixed], [f"{name} is step" for name in steps]),
            ),
        )
        for mixed in _mixtures(tuple(steps), times)
    )


def _mixtures(steps: tuple[str, ...], times: int) -> list[tuple[str, ...]]:
    """Orders in which at most one step stands at its own place, and none after the one that it follows."""
    draw, found = Draw(*steps), list[tuple[str, ...]]()
    for _ in range(_TRIES):
        left = list(steps)
        mixed = tuple(left.pop(draw.whole(0, len(left) - 1)) for _ in steps)
        places = [steps.index(step) for step in mixed]
        apart = all(later != earlier + 1 for earlier, later in pairwise(places))
        if apart and sum(k == place for k, place in enumerate(places)) <= 1 and mixed not in found:
            found.append(mixed)
    return found[:times]


def _always(position: int) -> Callable[[Mapping[str, Any]], int]:
    return lambda values: position


def sign_first(name: str, text: str) -> Choice:
    """A row that asks for the sign of a line's number, before it is worked out."""
    return Choice(text, ("above 0", "below 0", "0"), BySign(name, above=0, below=1, zero=2))


@dataclass(frozen=True, eq=False)
class Mistake:
    """A mistake that somebody may have made.

    lines: the lines that are wrong by it, as somebody worked them: name → formula.   words: what it is called.
    """

    lines: Mapping[str, str]
    words: str


def with_a_mistake(
    exercise: Exercise,
    *,
    name: str,
    text: str,
    places: Mapping[str, tuple[str, ...]],
    mistakes: Sequence[Mistake],
    show: tuple[Row, ...],
    below: tuple[Row, ...] = (),
    lines: str = "",
    asks: tuple[str, str] = ("Where is the mistake?", "Which mistake is it?"),
) -> Exercise:
    """The exercise as somebody worked it, with one mistake: the learner says where it is, and which.

    places: where it may be, in words → the lines that stand there. What somebody has for the line Z is their_Z.
    lines:  what the learner works out. Without them, each line again, from what somebody has before it: so what comes
            after the mistake is right, and one line alone is not.
    show:   as for an exercise; the two questions come after it, and then what is `below`.

    Numbers are drawn until no two of the mistakes would give what is written. Raises ArgumentError for a place that is
    no line of the exercise.
    """
    worked = _Worked(exercise, places, mistakes)
    choices = (
        Choice(asks[0], tuple(places), lambda v: tuple(places).index(worked.place(v))),
        Choice(asks[1], worked.words, lambda v: worked.words.index(worked.mistake(v).words)),
    )
    return replace(
        exercise,
        name=name,
        text=text,
        lines=worked.read(lines or worked.again()),
        draw=worked.draw,
        show=(*show, *choices, *below),
        suits=lambda v: worked.is_clear(v) and (exercise.suits is None or exercise.suits(v)),
    )


@dataclass(frozen=True, eq=False)
class _Worked:
    """An exercise as somebody worked it, with one of the mistakes."""

    exercise: Exercise
    places: Mapping[str, tuple[str, ...]]
    mistakes: Sequence[Mistake]
    _plans: dict[Any, Plan] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in (*self.written, *(n for mistake in self.mistakes for n in mistake.lines)):
            if name not in self._lines or name not in self.written:
                raise ArgumentError(f"{name} is no line in which a mistake may be", hint=", ".join(self._lines))

    @cached_property
    def _program(self) -> Program:
        return parse_program(self.exercise.lines)

    @cached_property
    def _lines(self) -> dict[str, str]:
        return {name: str(formula) for name, formula in self._program.lines}

    @cached_property
    def written(self) -> tuple[str, ...]:
        """The lines that the page shows as somebody has them."""
        return tuple(name for names in self.places.values() for name in names)

    @property
    def words(self) -> tuple[str, ...]:
        """What the mistakes are called, each once."""
        return tuple(dict.fromkeys(mistake.words for mistake in self.mistakes))

    def again(self) -> str:
        """Each line, from what somebody has before it."""
        before = re.compile(rf"\b(?=({'|'.join(self.written)})\b)")
        return "; ".join(f"{name} = {before.sub('their_', line)}" for name, line in self._lines.items())

    def read(self, lines: str) -> str:
        """The lines, and one that is never shown, so that every number on the page is a quantity of the exercise."""
        shown = (*self._program.names, *(f"their_{name}" for name in self.written))
        left = [name for name in shown if name not in parse_program(lines).names]
        # A list: no number of the page could be taken for it, so no mistake is named after it.
        return f"{lines}; all_told = [{', '.join(f'sum({name})' for name in left)}]" if left else lines

    def draw(self, d: Draw) -> Arrays:
        """The givens, and what somebody made of them."""
        for _ in range(_TRIES):
            given = self.exercise.draw(d)
            theirs = self._theirs(d.pick(self.mistakes), given)
            if theirs is not None:
                return {**given, **{f"their_{name}": value for name, value in theirs.items()}}
        raise UsageError(
            f"no numbers were found for the exercise {self.exercise.name} with a mistake",
            why=f"{_TRIES} draws were not clean to {self.exercise.decimals} decimals",
            hint="more decimals, other ranges of the givens, or exact = false",
        )

    def place(self, values: Mapping[str, Any]) -> str:
        """Where the mistake is."""
        wrong = self.mistake(values).lines
        return next(words for words, names in self.places.items() if wrong.keys() & set(names))

    def mistake(self, values: Mapping[str, Any]) -> Mistake:
        """The mistake that gives what is written."""
        return self._fitting(values)[0]

    def is_clear(self, values: Mapping[str, Any]) -> bool:
        """Whether something is wrong, and one mistake alone explains it."""
        return len(self._fitting(values)) == 1

    def _fitting(self, values: Mapping[str, Any]) -> list[Mistake]:
        given = {n: values[n] for n in self._program.names}
        written = {n: values[f"their_{n}"] for n in self.written}
        if written == self._theirs(None, given):
            return []
        return [mistake for mistake in self.mistakes if self._theirs(mistake, given) == written]

    def _theirs(self, mistake: Mistake | None, given: Arrays) -> dict[str, Any] | None:
        """What is written with a mistake; None where it has no value, or is too long for the page."""
        shapes = {name: shape_of(value) for name, value in given.items()}
        key = (mistake, *shapes.items())
        if key not in self._plans:
            self._plans[key] = plan_of({**self._lines, **(mistake.lines if mistake else {})}, shapes)
        plan, made = self._plans[key], self.exercise
        used = {name: value for name, value in given.items() if name in plan.quantities}
        try:
            values = plan.fill(used, printer(made.decimals, exact=made.exact, largest=made.largest))
        except (ArithmeticError, ValueError):
            return None
        return {name: plan.array(name, values).tolist() for name in self.written}
