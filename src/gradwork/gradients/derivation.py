"""What a derivation is: lines, steps, the product of the slopes, and the result. See `derive.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradwork.formats.display import Shown
from gradwork.gradients.expression import Expression, one_line
from gradwork.graph.graph import Graph
from gradwork.graph.run import Run
from gradwork.notation.document import Document, Equation
from gradwork.notation.layout import Layout


@dataclass(frozen=True, eq=False)
class Step:
    """One step: the rule by its textbook name, what it was applied to, what came out, and a remark.

    `remark` is the note with its formulas as pieces, for pages.
    """

    rule: str
    before: Expression
    after: Expression
    remark: tuple[str | Layout, ...] = ()

    @property
    def note(self) -> str:
        """The remark as plain text."""
        return "".join(part if isinstance(part, str) else one_line(part) for part in self.remark)

    def __str__(self) -> str:
        note = f"    ({self.note})" if self.note else ""
        return f"{self.rule}: {self.before} = {self.after}{note}"


@dataclass(frozen=True, eq=False)
class Line:
    """A line of the computation and how it moves: its definition, the steps, and what they come to."""

    name: str
    definition: Layout
    steps: tuple[Step, ...]
    together: Layout | None


@dataclass(frozen=True, eq=False)
class Derivation(Shown):
    """d `target` / d `wrt`, by the rules.

    lines:  from the result inwards; `steps` are theirs in one row.
    chain:  the sides of the last equation: the product of the slopes, that product written out, and simplified.
    result: the last side. `value` is its number (or array) at the point, None where a symbol is free.
    higher: the derivation of the next order, when more than one was asked for.
    """

    target: str
    wrt: str
    lines: tuple[Line, ...]
    chain: tuple[Layout, ...]
    result: Expression
    value: Any = None
    numbers: tuple[Equation, ...] = ()
    run: Run | None = None
    source: Graph | None = None
    order: int = 1
    higher: Derivation | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step, in order."""
        return tuple(step for line in self.lines for step in line.steps)

    def document(self) -> Document:
        """The derivation as a page."""
        from gradwork.gradients.pages import derivation_page

        return derivation_page(self)

    def __repr__(self) -> str:
        return f"<Derivation d {self.target}/d {self.wrt} = {self.result}>"
