"""A piece of mathematics that is read off a graph: it prints itself, and it can be worked out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradwork.formats._signs import ASCII, finished
from gradwork.formats._text import TextPage
from gradwork.graph.graph import Graph
from gradwork.graph.run import run
from gradwork.notation.document import Document, Equation, Style
from gradwork.notation.layout import Layout


@dataclass(frozen=True, eq=False)
class Expression:
    """A layout, and the node that it was read from.

    >>> import gradwork as gw
    >>> slope = gw.derive("x^n", wrt="x").result
    >>> str(slope), float(slope.value(x=2.0, n=3.0))
    ('n x^(n - 1)', 12.0)
    """

    layout: Layout
    graph: Graph
    position: int

    def value(self, **names: Any) -> Any:
        """The number or array that it comes to, with these values of the graph's inputs."""
        return run(self.graph, {n: names[n] for n in self.graph.input_names if n in names} or names)[self.position]

    def __str__(self) -> str:
        return one_line(self.layout)

    def _repr_html_(self) -> str:
        from gradwork.formats.html import fragment

        return fragment(Document("Expression", (Equation(self.layout),)))

    def __repr__(self) -> str:
        return f"<Expression {self}>"

    def __eq__(self, other: object) -> bool:
        return str(self) == other if isinstance(other, str) else self is other

    __hash__ = object.__hash__


def one_line(layout: Layout, digits: int = 6) -> str:
    """A formula on one line of plain text.

    >>> from gradwork.notation.layout import Number, Power, Symbol
    >>> one_line(Power(Symbol("x"), Number(2)))
    'x^2'
    """
    page = TextPage(Style(digits=digits, width=1_000_000), ASCII)
    return finished(page.inline((layout,)), False)
