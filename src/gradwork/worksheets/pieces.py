"""The pieces of an exercise's formulas: names, numbers, blanks, and formulas with either put in.

Blanks are numbered where they are first met, so the numbers run in reading order through the whole sheet. What has been
met before is shown by its number alone, however often it is put in again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from gradwork.errors import ArgumentError
from gradwork.gradients.reading import read
from gradwork.notation.language import ENGLISH, Language
from gradwork.notation.layout import (
    Blank,
    Derivative,
    Fraction,
    Layout,
    Matrix,
    Number,
    Subscript,
    Symbol,
    Words,
    equation,
)
from gradwork.worksheets.exercise import Exercise
from gradwork.worksheets.plan import BACK, Plan, Quantity

STAR = "★"
Place = tuple[Any, ...]


@dataclass
class Numbering:
    """The blanks of a sheet: which place has which number. `asked` has them in order."""

    asked: list[tuple[int, Place]] = field(default_factory=list)  # (item, place)
    numbers: dict[tuple[int, Place], int] = field(default_factory=dict)

    def of(self, item: int, place: Place) -> tuple[int, bool]:
        """The number of a blank, and whether it was met before."""
        known = self.numbers.get((item, place))
        if known is not None:
            return known, True
        self.asked.append((item, place))
        self.numbers[item, place] = number = len(self.asked)
        return number, False


@dataclass(frozen=True)
class Pieces:
    """Writes what stands in an exercise. `hidden` has the places that are blank or starred.

    item: which exercise of the sheet it is: blanks are numbered by it.
    """

    exercise: Exercise
    plan: Plan
    values: Sequence[float] = ()
    hidden: frozenset[Place] = frozenset()
    item: int = 0
    numbering: Numbering = field(default_factory=Numbering)
    language: Language = ENGLISH

    def cell(self, text: str) -> tuple[str, int | None]:
        """What a name such as "W[1,2]" or "W" stands for: the quantity, and the cell where it is a single one."""
        name, _, inside = text.partition("[")
        quantity = self.quantity(name.strip())
        if not inside:
            return quantity.name, quantity.first if not quantity.shape else None
        place = tuple(int(i) - 1 for i in inside.rstrip("] ").split(","))
        flat = 0
        for i, n in zip(place, quantity.shape, strict=True):
            flat = flat * n + i
        return quantity.name, quantity.first + flat

    def label(self, name: str) -> Layout:
        """How a quantity, or one cell of it, is written."""
        base, _, inside = name.partition("[")
        piece = label_of(self.exercise.labels.get(base, base))
        if not inside:
            return piece
        return Subscript(piece, tuple(Words(i.strip()) for i in inside.rstrip("]").split(",")))

    def quantity(self, name: str) -> Quantity:
        """The quantity of this name."""
        quantity = self.plan.quantities.get(name)
        if quantity is None:
            known = ", ".join(self.plan.quantities)
            raise ArgumentError(f"the exercise {self.exercise.name} shows {name!r}, which it does not have", hint=known)
        return quantity

    def says_something(self, name: str) -> bool:
        """Whether a line's formula is more than the number that it comes to: that would give a blank away."""
        quantity = self.quantity(name)
        if name in self.plan.fixed:
            return isinstance(self.plan.fixed[name], str)
        return self._alias(quantity) is not None or bool(_read_by(self.plan, quantity))

    def formula(self, name: str) -> Layout:
        """The formula of a line."""
        if isinstance(behind := self.plan.fixed.get(name), str):
            return self.label(behind)
        cut = {q.leaf: self.label(n) for n, q in reversed(self.plan.quantities.items())}
        return self._read(name, cut)

    def slope_of(self, name: str) -> Layout | None:
        """What a line is the slope of, where its formula would be its number: d loss/d square, d (3 x + c)/d x."""
        quantities, stem, label = self.plan.quantities, name.removeprefix("d"), self.label(name)
        if self.quantity(name).role == BACK and stem in quantities:
            return Derivative(self.label(self.plan.program.lines[-1][0] or "loss"), self.label(stem))
        if isinstance(label, Derivative) and isinstance(label.top, Symbol):
            top = label.top.name
            if top in quantities and self.says_something(top):
                return Derivative(self.formula(top), label.bottom)
        return None

    def numbers_put_in(self, name: str) -> Layout:
        """The formula of a line, with the numbers put in."""
        # Only what the line reads is met here: a blank is numbered where it is first written.
        quantity = self.quantity(name)
        if isinstance(behind := self.plan.fixed.get(name), str):
            return self.value(behind)
        if alias := self._alias(quantity):
            return self.value(alias.name)
        nodes = _read_by(self.plan, quantity)
        cut = {q.leaf: self.value(q.name) for q in reversed(self.plan.quantities.values()) if q.leaf in nodes}
        return self._said(read(self.plan.graph, quantity.node, cut, own=True))

    def value(self, name: str) -> Layout:
        """A quantity as numbers, with its blanks."""
        quantity = self.quantity(name)
        cells = [self.number(c) for c in quantity.cells]
        if not quantity.shape:
            return cells[0]
        width = quantity.shape[-1]
        rows = tuple(tuple(cells[k : k + width]) for k in range(0, len(cells), width))
        return Matrix(rows, quantity.shape)

    def number(self, cell: int) -> Layout:
        """One number, or its blank."""
        if ("star", cell) in self.hidden:
            return Words(STAR)
        if ("cell", cell) in self.hidden:
            return self.blank(("cell", cell), label=self.plan.cell_name(cell))
        value = self.values[cell]
        return Number(int(value) if float(value).is_integer() else value, 12)

    def blank(self, place: Place, choices: tuple[str, ...] = (), label: str = "") -> Blank:
        """A blank: numbered where it is first met, and shown by its number alone from then on."""
        number, again = self.numbering.of(self.item, place)
        return Blank(number, again, choices, label)

    def equation_told(self, text: str) -> Layout:
        """An equation that holds too, "slope = X"."""
        left, _, right = text.partition("=")
        return equation(self.label(left.strip()), self._formula_text(right.strip()))

    def _formula_text(self, text: str) -> Layout:
        if text in self.plan.quantities:
            return self.label(text)
        rights = [t.split("=", 1)[1].strip() for t in self.exercise.also]
        node = self.plan.graph.find(f"also_{rights.index(text)}")
        cut = {q.leaf: self.label(n) for n, q in reversed(self.plan.quantities.items())}
        return self._said(read(self.plan.graph, node, cut, own=True))

    def _read(self, name: str, cut: Mapping[int, Layout]) -> Layout:
        quantity = self.quantity(name)
        alias = self._alias(quantity)
        return cut[alias.leaf] if alias else self._said(read(self.plan.graph, quantity.node, cut, own=True))

    def _alias(self, quantity: Quantity) -> Quantity | None:
        """The quantity that this one is another name for, where it is one."""
        for other in self.plan.quantities.values():
            if (
                other.leaf == quantity.node
                and other is not quantity
                and (other.leaf != quantity.leaf or other.first < quantity.first)
            ):
                return other
        return None

    def _said(self, piece: Layout) -> Layout:
        """A formula with its words, such as "over rows", in the language of the page."""
        return piece if self.language.code == "en" else _with_words(piece, self.language)


def _read_by(plan: Plan, quantity: Quantity) -> set[int]:
    """The quantities' nodes that a definition reads."""
    leaves = {q.leaf for q in plan.quantities.values()} - ({quantity.leaf} if quantity.leaf == quantity.node else set())
    waiting, met, found = [quantity.node], set(), set()
    while waiting:
        i = waiting.pop()
        if i in leaves:
            found.add(i)
        elif i not in met:
            met.add(i)
            waiting += plan.graph.nodes[i].inputs
    return found


def _with_words(piece: Any, say: Callable[[str], str]) -> Any:
    if isinstance(piece, Words):
        return Words(say(piece.text))
    if isinstance(piece, tuple):
        return tuple(_with_words(part, say) for part in piece)
    if isinstance(piece, Layout):
        return replace(piece, **{f.name: _with_words(getattr(piece, f.name), say) for f in fields(piece)})
    return piece


def label_of(text: str) -> Layout:
    """A label as a piece: "dZ/dW" is a derivative, "a/b" another fraction, anything else a name."""
    top, slash, bottom = text.partition("/")
    if not slash:
        return Symbol(text)
    if top.startswith("d") and bottom.startswith("d") and len(top) > 1 and len(bottom) > 1:
        return Derivative(Symbol(top[1:]), Symbol(bottom[1:]))
    return Fraction(label_of(top), label_of(bottom))
