"""The page of a nudging: by array, every nudge with the loss before and after; then vectors, then the matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwork.gradients.nudging.record import Nudged, NudgedArray
from gradwork.gradients.reading import table as grid
from gradwork.notation.document import (
    Block,
    Document,
    Equation,
    Equations,
    Heading,
    Inline,
    Paragraph,
    Section,
    Table,
    Text,
)
from gradwork.notation.layout import Derivative, Layout, Number, Subscript, Symbol, Words, equation
from gradwork.notation.numbers import decimal_text

LOSS_DIGITS = 10  # a loss before and after is of use only with the digits in which they differ


def page(found: Nudged, *, rows: int, columns: int, digits: int, title: str, loss: str) -> Document:
    """The document; see `Nudged.document`."""
    blocks: list[Block] = [Paragraph(_what_was_done(found))]
    for array in found.arrays.values():
        heading = Heading(Symbol(array.name), 2, aside=_shape(array))
        blocks.append(Section(heading, tuple(_array_blocks(found, array, rows, columns, loss))))
    blocks += _remarks(found)
    return Document(title, tuple(blocks), facts(found), digits=digits)


def _what_was_done(found: Nudged) -> Text:
    one, step = "Each parameter is ", _common_step(found)
    by: tuple[Inline, ...] = (" by ", Number(step)) if step is not None else ()
    if found.scheme == "forward":
        return (one, "raised", *by, ", the rest stand still:  slope = rise / nudge.")
    if found.scheme == "central":
        return (one, "moved both ways", *by, ", the rest stand still:  slope = difference / twice the nudge.")
    if found.scheme == "complex":
        return one + "moved by an imaginary nudge, the rest stand still:  slope = imaginary part / nudge."
    return (
        one + "moved both ways by shrinking nudges, the rest stand still; the slopes are drawn on to no nudge at all."
    )


def _common_step(found: Nudged) -> float | None:
    """The nudge of all entries, where it is the same but for its last digits."""
    steps = np.concatenate([np.ravel(array.step) for array in found.arrays.values()])
    same = len(steps) > 0 and bool(np.all(np.abs(steps - steps[0]) <= 1e-9 * steps[0]))
    return float(f"{steps[0]:.9g}") if same else None


def _shape(array: NudgedArray) -> str:
    return (
        "(" + ", ".join(map(str, array.value.shape)) + ("," if array.value.ndim == 1 else "") + ")"
        if array.value.shape
        else ""
    )


def _array_blocks(found: Nudged, array: NudgedArray, rows: int, columns: int, loss: str) -> Iterator[Block]:
    if np.shape(found.before):
        shape = "×".join(map(str, array.slope.shape))
        yield Paragraph(("slopes of shape ", shape, " (result, then parameter)"))
        if array.slope.ndim <= 2:
            yield Equation(equation(Derivative(Symbol(loss), Symbol(array.name)), grid(array.slope, rows, columns)))
        return
    yield _nudges(found, array, rows * columns if array.value.ndim > 1 else rows)
    if array.value.size > (most := rows * columns if array.value.ndim > 1 else rows):
        yield Paragraph(
            f"{array.value.size - most:,} more entries of {array.name} were nudged in the same way.", "note"
        )
    yield from vectors(array, rows, columns, loss)


def _nudges(found: Nudged, array: NudgedArray, most: int) -> Table:
    heads, align, cells = _layout(found)
    lines = [cells(line) for line, _ in zip(array.rows(float(found.before)), range(most), strict=False)]
    named = [
        (entry(array.name, index), *line) for index, line in zip(np.ndindex(array.value.shape), lines, strict=False)
    ]
    return Table(("", *heads), tuple(named), align="l" + align)


def _layout(found: Nudged) -> tuple[tuple[str, ...], str, Callable[[dict[str, Any]], tuple[Text, ...]]]:
    """The columns of a table of nudges: its headings, how they are aligned, and its cells for one entry."""
    if found.scheme == "complex":
        return ("at", "slope", "±"), "..l", lambda e: (Number(e["value"]), Number(e["slope"]), _bar(e["bar"]))
    if found.scheme == "forward":
        nudge = ("nudge",) if _common_step(found) is None else ()
        heads = ("from", "to", "loss before", "loss after", "rise", *nudge, "slope")
        return (
            heads,
            "." * len(heads),
            lambda e: (*_moved(e), *([Number(e["nudge"], 4)] if nudge else []), Number(e["slope"])),
        )
    heads = ("from", "to", "loss before", "loss after", "slope", "±")
    return heads, ".....l", lambda e: (*_moved(e)[:-1], Number(e["slope"]), _bar(e["bar"]))


def _moved(entry: dict[str, Any]) -> tuple[Text, ...]:
    losses = (Number(entry["before"], LOSS_DIGITS), Number(entry["after"], LOSS_DIGITS))
    return (Number(entry["value"]), Number(entry["nudged"]), *losses, Number(entry["rise"]))


def _bar(bar: float) -> Text:
    return Number(bar, 1) if np.isfinite(bar) else "?"


def entry(name: str, index: tuple[int, ...]) -> Layout:
    """A parameter's entry, as people count: from 1.

    >>> from gradwork.gradients.expression import one_line
    >>> one_line(entry("W", (0, 1))), one_line(entry("b", ()))
    ('W[1, 2]', 'b')
    """
    return Subscript(Symbol(name), tuple(Number(i + 1) for i in index)) if index else Symbol(name)


def vectors(array: NudgedArray, rows: int, columns: int, loss: str) -> Iterator[Block]:
    """A bias vector as one vector; a matrix column by column, and then the columns side by side."""
    whole = Derivative(Symbol(loss), Symbol(array.name))
    if array.slope.ndim == 1 or (array.slope.ndim == 2 and array.slope.shape[1] == 1):
        column = grid(array.slope.reshape(-1, 1), rows, columns)
        yield Equation(equation(whole, column), note="the slopes, put together as a vector")
        return
    if array.slope.ndim != 2:
        return
    lines = []
    for j in range(min(columns, array.slope.shape[1])):
        one = Derivative(Symbol(loss), Subscript(Symbol(array.name), (Words(f"column {j + 1}"),)))
        lines.append(Equation(equation(one, grid(array.slope[:, j : j + 1], rows, columns))))
    if array.slope.shape[1] > columns:
        yield Paragraph(f"The first {columns} of {array.slope.shape[1]} columns:", "note")
    yield Equations(tuple(lines))
    note = "the columns side by side: the gradient, laid out as the weight matrix is"
    yield Equation(equation(whole, grid(array.slope, rows, columns)), note=note)


def _remarks(found: Nudged) -> Iterator[Block]:
    if found.partial:
        yield Paragraph("Interrupted: what was not nudged stands as nan.", "warning")
    for name in found.ignored:
        yield Paragraph(f"{name} makes no difference to the result: its slopes are exactly 0.", "note")
    for corner in found.kinks[:6]:
        place = corner.name + (f"[{', '.join(str(i + 1) for i in corner.index)}]" if corner.index else "")
        sides = f"slope {decimal_text(corner.left)} on its left, {decimal_text(corner.right)} on its right"
        made = f" of {corner.op}" + (f" ({corner.where})" if corner.where else "") if corner.op else ""
        said = f"at a jump{made}: it has no slope" if corner.kind == "jump" else f"at a corner{made}: {sides}"
        yield Paragraph(f"{place} stands {said}.", "note")
    if len(found.kinks) > 6:
        yield Paragraph(f"{len(found.kinks) - 6} more entries stand at corners.", "note")
    if found.unasked:
        asked = "Asking the graph about each would take too long: their one-sided slopes decide."
        yield Paragraph(f"{found.unasked:,} more entries look like corners. {asked}", "note")
    if found.colours:
        groups = "one group" if found.colours == 1 else f"{found.colours:,} groups"
        yield Paragraph(f"Entries that share no result were nudged together, in {groups}.", "note")
    if found.one_sided:
        names = ", ".join(dict.fromkeys(name for name, _ in found.one_sided))
        yield Paragraph(f"{names}: a nudge would have left the function's domain, so it went one way only.", "note")


def facts(found: Nudged) -> dict[str, object]:
    """What a program would want to read off the page."""
    return {
        "scheme": found.scheme,
        "mode": found.mode,
        "modes": dict(found.modes),
        "assumed": {name: list(words) for name, words in found.assumed.items()},
        "evaluations": found.evaluations,
        "before": _listed(found.before),
        "partial": found.partial,
        "colours": found.colours,
        "unasked": found.unasked,
        "ignored": list(found.ignored),
        "power": dict(found.power),
        "kinks": [
            {"name": c.name, "index": list(c.index), "left": c.left, "right": c.right, "kind": c.kind}
            | ({"op": c.op, "where": str(c.where or "")} if c.op else {})
            for c in found.kinks
        ],
        "arrays": {
            name: {
                field: _listed(getattr(array, field)) for field in ("value", "step", "slope", "bar", "after", "below")
            }
            for name, array in found.arrays.items()
        },
    }


def _listed(values: Any) -> Any:
    return np.asarray(values).tolist()
