"""An exercise as blocks of a page: its rows, with a blank where something is hidden.

Blanks are numbered where they are first met, so the numbers run in reading order through the whole sheet. What has been
met before is shown by its number alone, however often it is put in again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from gradwork.errors import ArgumentError
from gradwork.gradients.reading import read
from gradwork.notation.document import Block, Equation, Equations, Listing, Paragraph, Table, Text
from gradwork.notation.layout import (
    Blank,
    Derivative,
    Fraction,
    Layout,
    Listed,
    Matrix,
    Number,
    Symbol,
    Words,
    equation,
)
from gradwork.worksheets.exercise import Choice, Code, Exercise, Given, Grid, Line, Note, Row, Told
from gradwork.worksheets.plan import Plan, Quantity

if TYPE_CHECKING:
    from gradwork.worksheets.words import Language

STAR = "★"
_WIDE = 64  # characters of givens that stand on one line
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


@dataclass
class Printing:
    """Prints one exercise. `hidden` has the places that are blank or starred; `answers` fills blanks in instead."""

    exercise: Exercise
    plan: Plan
    values: Sequence[float]
    hidden: frozenset[Place]
    item: int
    numbering: Numbering
    language: Language
    rules: Mapping[str, str] = field(default_factory=dict)

    def blocks(self) -> Iterator[Block]:
        """The rows, in order."""
        told = [Equation(self._equation_told(text)) for text in self.exercise.also]
        waiting: list[Equation] = []
        for position, row in enumerate(self.exercise.rows(self.plan)):
            if isinstance(row, (Line, Given, Told)):
                waiting += self._equations(row)
                continue
            if waiting:
                yield Equations(tuple(waiting))
                waiting = []
            yield from self._row(row, position)
        if waiting or told:
            yield Equations((*waiting, *told))

    # -- rows ---------------------------------------------------------------------------------------------------------

    def _equations(self, row: Row) -> Iterator[Equation]:
        if isinstance(row, Given):
            for names in self._side_by_side(row):
                pieces = [equation(self.label(n), self._value(n)) for n in names]
                yield Equation(Listed(tuple(pieces), ",   ") if len(pieces) > 1 else pieces[0])
        elif isinstance(row, Told):
            for n in row.names:
                if self._says_something(n):
                    yield Equation(equation(self.label(n), self._formula(n)))
        elif isinstance(row, Line):
            yield self._line(row)

    def _side_by_side(self, row: Given) -> Iterator[list[str]]:
        """The givens, as many on one line as have room there: a sheet of paper is small."""
        line: list[str] = []
        width = 0
        for name in row.names:
            shape = self._quantity(name).shape
            own = len(name) + 6 + 6 * (shape[-1] if shape else 1)
            if line and (not row.together or width + own > _WIDE):
                yield line
                line, width = [], 0
            line.append(name)
            width += own
        if line:
            yield line

    def _line(self, row: Line) -> Equation:
        sides: list[Layout] = [self.label(row.name)]
        if row.formula and self._says_something(row.name):
            sides.append(self._formula(row.name))
        if row.numbers:
            sides.append(self._numbers_put_in(row.name))
        if row.value:
            sides.append(self._value(row.name))
        return Equation(equation(*sides), note=self._remark(row) or "")

    def _remark(self, row: Line) -> Text:
        parts: list[str | Layout] = []
        if row.rule and row.name in self.rules:
            place: Place = ("rule", row.name)
            if place in self.hidden:
                choices = tuple(self.language(r) for r in sorted(set(self.rules.values())))
                parts += [self._blank(place, choices, self.language("rule of {name}", name=row.name))]
            else:
                parts += [self.language(self.rules[row.name])]
        if row.shape:
            shape = self._quantity(row.name).shape
            cells: list[str | Layout] = []
            for axis, size in enumerate(shape):
                side: Place = ("shape", row.name, axis)
                cells += [" × "] if axis else []
                label = self.language("shape of {name}", name=row.name)
                cells += [self._blank(side, label=label) if side in self.hidden else str(size)]
            parts += [*([", "] if parts else []), *cells]
        return tuple(parts)

    def _row(self, row: Row, position: int) -> Iterator[Block]:
        if isinstance(row, Note):
            yield Paragraph(self.language(row.text), "plain")
        elif isinstance(row, Code):
            source = {name: str(formula).replace("^", "**") for name, formula in self.plan.program.lines}
            yield Listing("\n".join(f"{n} = {source[n]}" for n in row.names))
        elif isinstance(row, Grid):
            heads = ("", *(self.language(c) for c in row.columns))
            lines = tuple(tuple(self._grid_cell(t, k) for k, t in enumerate(line)) for line in row.rows)
            yield Table(heads, lines, align="l" + "r" * len(row.columns))
        elif isinstance(row, Choice):
            options = tuple(self.language(o) for o in row.options)
            text = self.language(row.text)
            yield Paragraph((text + " ", self._blank(("choice", position), options, text)))

    def _grid_cell(self, text: str, column: int) -> Text:
        if not text:
            return ""
        if column == 0:
            return self.label(text)
        name, cell = self.cell(text)
        return self._cell(cell) if cell is not None else self._value(name)

    # -- pieces -------------------------------------------------------------------------------------------------------

    def cell(self, text: str) -> tuple[str, int | None]:
        """What a name such as "W[1,2]" or "W" stands for: the quantity, and the cell where it is a single one."""
        name, _, inside = text.partition("[")
        quantity = self._quantity(name.strip())
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
        from gradwork.notation.layout import Subscript

        return Subscript(piece, tuple(Words(i.strip()) for i in inside.rstrip("]").split(",")))

    def _quantity(self, name: str) -> Quantity:
        quantity = self.plan.quantities.get(name)
        if quantity is None:
            known = ", ".join(self.plan.quantities)
            raise ArgumentError(f"the exercise {self.exercise.name} shows {name!r}, which it does not have", hint=known)
        return quantity

    def _says_something(self, name: str) -> bool:
        """Whether a line's formula is more than the number that it comes to: that would give a blank away."""
        quantity = self._quantity(name)
        if name in self.plan.fixed:
            return isinstance(self.plan.fixed[name], str)
        return self._alias(quantity) is not None or bool(_read_by(self.plan, quantity))

    def _formula(self, name: str) -> Layout:
        if isinstance(behind := self.plan.fixed.get(name), str):
            return self.label(behind)
        cut = {q.leaf: self.label(n) for n, q in reversed(self.plan.quantities.items())}
        return self._read(name, cut)

    def _numbers_put_in(self, name: str) -> Layout:
        # Only what the line reads is met here: a blank is numbered where it is first written.
        quantity = self._quantity(name)
        if isinstance(behind := self.plan.fixed.get(name), str):
            return self._value(behind)
        if alias := self._alias(quantity):
            return self._value(alias.name)
        nodes = _read_by(self.plan, quantity)
        cut = {q.leaf: self._value(q.name) for q in reversed(self.plan.quantities.values()) if q.leaf in nodes}
        return self._said(read(self.plan.graph, quantity.node, cut, own=True))

    def _read(self, name: str, cut: Mapping[int, Layout]) -> Layout:
        quantity = self._quantity(name)
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

    def _value(self, name: str) -> Layout:
        quantity = self._quantity(name)
        cells = [self._cell(c) for c in quantity.cells]
        if not quantity.shape:
            return cells[0]
        width = quantity.shape[-1]
        rows = tuple(tuple(cells[k : k + width]) for k in range(0, len(cells), width))
        return Matrix(rows, quantity.shape)

    def _cell(self, cell: int) -> Layout:
        if ("star", cell) in self.hidden:
            return Words(STAR)
        if ("cell", cell) in self.hidden:
            return self._blank(("cell", cell), label=self.plan.cell_name(cell))
        value = self.values[cell]
        return Number(int(value) if float(value).is_integer() else value, 12)

    def _blank(self, place: Place, choices: tuple[str, ...] = (), label: str = "") -> Blank:
        number, again = self.numbering.of(self.item, place)
        return Blank(number, again, choices, label)

    def _equation_told(self, text: str) -> Layout:
        left, _, right = text.partition("=")
        return equation(self.label(left.strip()), self._formula_text(right.strip()))

    def _formula_text(self, text: str) -> Layout:
        if text in self.plan.quantities:
            return self.label(text)
        rights = [t.split("=", 1)[1].strip() for t in self.exercise.also]
        node = self.plan.graph.find(f"also_{rights.index(text)}")
        cut = {q.leaf: self.label(n) for n, q in reversed(self.plan.quantities.items())}
        return self._said(read(self.plan.graph, node, cut, own=True))

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
