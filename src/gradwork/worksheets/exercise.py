"""What a chapter declares: exercises, how they are shown, and which of their numbers are asked for.

An exercise is a few named lines in the notation of formulas, and how its numbers are drawn. Everything else is read off
the plan that is made from the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradwork.worksheets.draw import Draw
from gradwork.worksheets.plan import Plan, shape_of
from gradwork.worksheets.planning import plan_of

if TYPE_CHECKING:
    from gradwork.worksheets.masks import Mask

Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """Something that is shown, in the order of the page. Use one of the classes below."""


@dataclass(frozen=True)
class Given(Row):
    """Values by name: X = 3, W = 2. `together` puts numbers on one line."""

    names: tuple[str, ...]
    together: bool = True


@dataclass(frozen=True)
class Line(Row):
    """A line: its name, its formula, the numbers put in, its value.

    formula: says the rule in symbols. numbers: puts the numbers in. value: shows what comes out.
    shape: says its shape (which may be asked). rule: names the rule of a line of the way back (which may be asked).
    """

    name: str
    formula: bool = True
    numbers: bool = False
    value: bool = True
    shape: bool = False
    rule: bool = False


@dataclass(frozen=True)
class Grid(Row):
    """Numbers in a table: before, after, change. Each row has a heading and names; "" leaves a cell empty.

    A name may be one cell of a quantity, counted from 1: "W[1,2]".
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Told(Row):
    """Rules in symbols, without numbers: what may be used throughout."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Code(Row):
    """Lines as a program would write them."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Note(Row):
    """A sentence."""

    text: str


@dataclass(frozen=True)
class BySign:
    """Which answer of a choice is right: by the sign of a number, or of how much it is more than another.

    of, less: the quantities, each one number.   above, below, zero: the positions of the answers.

    >>> BySign("new_loss", less="loss", above=1, below=0, zero=1)({"new_loss": 3.0, "loss": 4.0})
    0
    """

    of: str
    above: int
    below: int
    zero: int
    less: str = ""

    def __call__(self, values: Mapping[str, Any]) -> int:
        return self.position(values[self.of] - (values[self.less] if self.less else 0.0))

    def position(self, number: float) -> int:
        """The answer for a number."""
        return self.above if number > 0 else self.below if number < 0 else self.zero


@dataclass(frozen=True, eq=False)
class Choice(Row):
    """A question with answers to choose from. `answer(values)` gives the position of the right one.

    values: name → number, list or list of lists, as printed.   concept: for masks that choose by concept.
    With `BySign` an answer that follows from the learner's own number counts as carried.
    """

    text: str
    options: tuple[str, ...]
    answer: Callable[[Mapping[str, Any]], int]
    concept: str = ""


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise of a chapter.

    name:      unique in its chapter.   text: what to do, in a sentence or two.
    lines:     named formulas in order; with `gradients` the last one is the loss.
    draw:      draws the givens: name → number or nested lists.
    also:      equations that hold too, a second way to a line: "slope = X". They are told on the page.
    gradients, slopes: see `plan_of`.
    labels:    how a quantity is written: "dZ/dW" for the line `slope`.
    show:      what the page shows, in order; the givens, then every line with its formula, where it is left out.
    decimals:  the places that numbers are printed with.   exact: nothing has to be rounded to them.
    largest:   no number on the page is larger.
    suits:     whether drawn numbers make a good exercise: suits(values), values as for `Choice`.
    concepts:  concept → names of quantities that are about it, for masks.
    """

    name: str
    text: str
    lines: str
    draw: Callable[[Draw], Arrays]
    also: tuple[str, ...] = ()
    gradients: tuple[str, ...] = ()
    slopes: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    show: tuple[Row, ...] = ()
    decimals: int = 2
    exact: bool = True
    largest: float = 200.0
    suits: Callable[[Mapping[str, Any]], bool] | None = None
    concepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _plans: dict[Any, Plan] = field(default_factory=dict, init=False, repr=False)

    def plan(self, given: Arrays) -> Plan:
        """The plan for givens of these shapes, made once."""
        shapes = {name: shape_of(value) for name, value in given.items()}
        key = tuple(shapes.items())
        if key not in self._plans:
            self._plans[key] = plan_of(self.lines, shapes, also=self.also, gradients=self.gradients, slopes=self.slopes)
        return self._plans[key]

    def rows(self, plan: Plan) -> tuple[Row, ...]:
        """What the page shows."""
        if self.show:
            return self.show
        given = tuple(n for n, q in plan.quantities.items() if q.role == "given")
        return (Given(given), *(Line(n) for n, q in plan.quantities.items() if q.role != "given"))


@dataclass(frozen=True)
class Ask:
    """An exercise in a level of a chapter: with a mask, and how often with other numbers.

    others: the same exercise, arranged in other ways; the seed says which of them a sheet gets.
    """

    exercise: Exercise
    mask: Mask
    times: int = 1
    others: tuple[Exercise, ...] = ()

    def arranged(self, seed: Sequence[object]) -> Exercise:
        """The exercise as the words of this seed have it."""
        return Draw(*seed, "arranged").pick((self.exercise, *self.others)) if self.others else self.exercise


@dataclass(frozen=True)
class Chapter:
    """A chapter: what it is called, what it is for, and what its three levels ask.

    slug:  its name in commands and file names.   number: its place in the book.
    goals: what a learner can do afterwards.      needs: slugs of chapters that come before.
    words: code of a language → English sentence → the sentence, for what the language itself does not have.
    """

    slug: str
    number: int
    title: str
    goals: str
    levels: tuple[tuple[Ask, ...], ...]
    needs: tuple[str, ...] = ()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
