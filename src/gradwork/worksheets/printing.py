"""An exercise as blocks of a page: its rows, with a blank where something is hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from gradwork.notation.document import Block, Equation, Equations, Inline, Listing, Paragraph, Table, Text
from gradwork.notation.layout import Infix, Layout, Listed, equation
from gradwork.worksheets.exercise import Choice, Code, Given, Grid, Line, Note, Row, Told
from gradwork.worksheets.pieces import Pieces

_WIDE = 64  # characters of givens that stand on one line


def _multiplies_entries(piece: Layout) -> bool:
    return (isinstance(piece, Infix) and piece.operator == "⊙") or any(map(_multiplies_entries, piece.parts()))


@dataclass(frozen=True)
class Printing:
    """Prints one exercise. `rules` names the rule of each line on the way back."""

    pieces: Pieces
    rules: Mapping[str, str] = field(default_factory=dict)

    def blocks(self) -> Iterator[Block]:
        """How to round, where that is needed; the rows, in order. What ⊙ means stands where it is met first."""
        if not self.pieces.exercise.exact:
            decimals = str(self.pieces.exercise.decimals)
            text = self.pieces.language(
                "Round each number to {decimals} decimals, and go on with the rounded one.", decimals=decimals
            )
            yield Paragraph(text, "plain")
        told_of_entries = False
        for block in self._blocks():
            if not told_of_entries and isinstance(block, Equations):
                at = next((k for k, row in enumerate(block.rows) if _multiplies_entries(row.body)), None)
                if at is not None:
                    told_of_entries = True
                    row = self._with_remark(block.rows[at], self.pieces.language("⊙: entry by entry"))
                    yield Equations((*block.rows[:at], row, *block.rows[at + 1 :]))
                    continue
            yield block

    def _with_remark(self, row: Equation, text: str) -> Equation:
        before: tuple[Inline, ...] = (row.note,) if isinstance(row.note, (str, Layout)) else tuple(row.note)
        return replace(row, note=(*before, ", ", text) if row.note else text)

    def _blocks(self) -> Iterator[Block]:
        told = [Equation(self.pieces.equation_told(text)) for text in self.pieces.exercise.also]
        waiting: list[Equation] = []
        for position, row in enumerate(self.pieces.exercise.rows(self.pieces.plan)):
            if isinstance(row, (Line, Given, Told)):
                waiting += self._equations(row)
                if isinstance(row, Line) and self._asks_for_rule(row):
                    yield Equations(tuple(waiting))
                    waiting = []
                    yield from (Paragraph(text, "plain") for text in self._asked_of(row))
                continue
            if waiting:
                yield Equations(tuple(waiting))
                waiting = []
            yield from self._row(row, position)
        if waiting or told:
            yield Equations((*waiting, *told))

    def _equations(self, row: Row) -> Iterator[Equation]:
        if isinstance(row, Given):
            for names in self._side_by_side(row):
                pieces = [equation(self.pieces.label(n), self.pieces.value(n)) for n in names]
                yield Equation(Listed(tuple(pieces), ",   ") if len(pieces) > 1 else pieces[0])
        elif isinstance(row, Told):
            for n in row.names:
                if self.pieces.says_something(n):
                    yield Equation(equation(self.pieces.label(n), self.pieces.formula(n)))
        elif isinstance(row, Line):
            yield self._line(row)

    def _side_by_side(self, row: Given) -> Iterator[list[str]]:
        """The givens, as many on one line as have room there: a sheet of paper is small."""
        line: list[str] = []
        width = 0
        for name in row.names:
            shape = self.pieces.quantity(name).shape
            own = len(name) + 6 + 6 * (shape[-1] if shape else 1)
            if line and (not row.together or width + own > _WIDE):
                yield line
                line, width = [], 0
            line.append(name)
            width += own
        if line:
            yield line

    def _line(self, row: Line) -> Equation:
        sides: list[Layout] = [self.pieces.label(row.name)]
        if row.formula and self.pieces.says_something(row.name):
            sides.append(self.pieces.formula(row.name))
        elif row.formula and (meaning := self.pieces.slope_of(row.name)) is not None:
            sides.append(meaning)
        if row.numbers:
            sides.append(self.pieces.numbers_put_in(row.name))
        if row.value:
            sides.append(self.pieces.value(row.name))
        return Equation(equation(*sides), note="" if self._asks_for_rule(row) else self._remark(row) or "")

    def _asks_for_rule(self, row: Line) -> bool:
        """Whether the rule of a line is to be chosen: the choices are too long to stand beside it."""
        return row.rule and row.name in self.rules and ("rule", row.name) in self.pieces.hidden

    def _asked_of(self, row: Line) -> Iterator[Text]:
        """What is asked about a line: its rule, and its shape."""
        say, name = self.pieces.language, row.name
        yield say("rule of {name}", name=name) + ": ", self._rule_of(name)
        if row.shape:
            yield say("shape of {name}", name=name) + ": ", *self._shape_of(name)

    def _remark(self, row: Line) -> Text:
        rule = self._rule_of(row.name) if row.rule and row.name in self.rules else None
        shape = self._shape_of(row.name) if row.shape else []
        between = [", "] if rule is not None and shape else []
        return (*([rule] if rule is not None else []), *between, *shape)

    def _rule_of(self, name: str) -> Inline:
        """The rule of a line, or the choice of one."""
        say, place = self.pieces.language, ("rule", name)
        if place not in self.pieces.hidden:
            return say(self.rules[name])
        choices = tuple(say(rule) for rule in sorted(set(self.rules.values())))
        return self.pieces.blank(place, choices, say("rule of {name}", name=name))

    def _shape_of(self, name: str) -> list[Inline]:
        """The shape of a quantity, as "2 × 3", with a blank for each side that is asked."""
        found: list[Inline] = []
        label = self.pieces.language("shape of {name}", name=name)
        for axis, size in enumerate(self.pieces.quantity(name).shape):
            place = ("shape", name, axis)
            found += [" × "] if axis else []
            found += [self.pieces.blank(place, label=label) if place in self.pieces.hidden else str(size)]
        return found

    def _row(self, row: Row, position: int) -> Iterator[Block]:
        if isinstance(row, Note):
            yield Paragraph(self.pieces.language(row.text), "plain")
        elif isinstance(row, Code):
            source = {name: str(formula).replace("^", "**") for name, formula in self.pieces.plan.program.lines}
            yield Listing("\n".join(f"{n} = {source[n]}" for n in row.names))
        elif isinstance(row, Grid):
            heads = ("", *(self.pieces.language(c) for c in row.columns))
            lines = tuple(tuple(self._grid_cell(t, k) for k, t in enumerate(line)) for line in row.rows)
            yield Table(heads, lines, align="l" + "r" * len(row.columns))
        elif isinstance(row, Choice):
            options = tuple(self.pieces.language(o) for o in row.options)
            text = self.pieces.language(row.text)
            yield Paragraph((text + " ", self.pieces.blank(("choice", position), options, text)))

    def _grid_cell(self, text: str, column: int) -> Text:
        if not text:
            return ""
        if column == 0:
            return self.pieces.label(text)
        name, cell = self.pieces.cell(text)
        return self.pieces.number(cell) if cell is not None else self.pieces.value(name)
