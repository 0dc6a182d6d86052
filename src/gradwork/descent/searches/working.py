"""A step of a search with its numbers, as blocks of a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradwork.descent.method import Method, layout
from gradwork.descent.problem import Array, Problem
from gradwork.descent.searches.squares import Squares
from gradwork.gradients.view import View
from gradwork.notation.document import Block, Equation, Equations, Table, Text
from gradwork.notation.layout import Layout, Number, Symbol, Words, equation

ENTRIES = 8  # parameters that are listed one by one
WRITTEN_OUT = 9  # numbers up to which an array stands in a formula
_LONG = ("jacobian", "slopes", "residual")  # one for each row of data


def entry_names(problem: Problem) -> list[str]:
    """A name for each number of the parameters: w, b, or W[1, 2]."""
    names: list[str] = []
    for name, leaf in zip(problem.names, problem.start, strict=True):
        if not np.ndim(leaf):
            names.append(name)
            continue
        places = (", ".join(str(i + 1) for i in at) for at in np.ndindex(*np.shape(leaf)))
        names += [f"{name}[{place}]" for place in places]
    return names


def line(method: Method, problem: Problem, names: Mapping[str, Any]) -> tuple[Block, ...]:
    """A step along a direction."""
    blocks: list[Block] = [Equations(tuple(_numbers(method, names)))]
    columns = {"before": names["weight"], "gradient": names["gradient"]}
    if "new_direction" in names:
        columns["direction"] = names["new_direction"]
    return (*blocks, _entries(problem, {**columns, "after": names["new_weight"]}))


def _numbers(method: Method, names: Mapping[str, Any]) -> Iterator[Equation]:
    """The formulas of the rule with the numbers put in, as far as they are short enough to be read."""
    small = {n: v for n, v in names.items() if np.size(v) <= WRITTEN_OUT}
    for name, text in method.lines.items():
        used = dict(method.program.lines)[name].names
        value = names.get(name)
        if value is None or name not in small or any(n not in small and n not in method.constants for n in used):
            continue
        numbers = {**method.constants, **names}
        cut = {n: _shown(numbers[n]) for n in used}
        yield Equation(equation(_word(name), layout(text, numbers), layout(text, numbers, cut), _shown(value)))


def _word(name: str) -> Layout:
    return Words(name.replace("_", " "))


def _shown(value: Any) -> Layout:
    array = np.asarray(value)
    return Number(float(array)) if not array.ndim else View().array(array)


def least_squares(problem: Problem, names: Mapping[str, Any], method: Method, first: Squares) -> tuple[Block, ...]:
    """A change that was solved for: residuals and slopes of the first rows, and what the formulas make of them.

    first: residuals of these rows, or of more; `names` may have folded ones.
    """
    headings = entry_names(problem)[:ENTRIES]
    residual, jacobian = first.residual, first.jacobian
    rows: list[tuple[Text, ...]] = []
    for k in range(min(4, len(residual))):
        rows.append((f"{k + 1}", Number(float(residual[k])), *(Number(float(v)) for v in jacobian[k, :ENTRIES])))
    left = len(residual) - len(rows)
    caption = f"The loss is the sum of the squares of the residuals{_more(problem, left)}"
    slopes = [f"slope by {name}" for name in headings]
    table = Table(("residual", "", *slopes), tuple(rows), caption, "l" + "r" * (1 + len(headings)))
    columns = {
        "before": names["weight"],
        "gradient": 2 * names["jacobian"].T @ names["residual"],
        "change": names["change"],
    }
    return (
        table,
        Equations(tuple(_numbers(method, {n: v for n, v in names.items() if n not in _LONG}))),
        _entries(problem, {**columns, "after": names["new_weight"]}),
    )


def _more(problem: Problem, left: int) -> str:
    if not problem.data and problem.rows:
        return "; these are the first, and the others are gone through in parts"
    return f"; {left:,} more rows" if left else ""


def _entries(problem: Problem, columns: Mapping[str, Array]) -> Table:
    words = entry_names(problem)
    rows: list[tuple[Text, ...]] = []
    for k, name in enumerate(words[:ENTRIES]):
        rows.append((Symbol(name), *(Number(float(column[k])) for column in columns.values())))
    left = len(words) - len(rows)
    caption = f"and {left:,} more parameters" if left else ""
    return Table(("", *columns), tuple(rows), caption, "l" + "r" * len(columns))
