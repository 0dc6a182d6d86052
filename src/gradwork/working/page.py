"""The page of a working: model, forward pass, the three ways, their agreement, the next step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.gradients.by_matrices import cut_at_slopes, rules_between, users_of
from gradwork.gradients.corners import corner_notes
from gradwork.gradients.lines import Lines, lines_of
from gradwork.gradients.pages import derivation_blocks
from gradwork.gradients.reading import read, read_or_cut
from gradwork.gradients.view import View, shape_text
from gradwork.graph.graph import CONSTANT, INPUT
from gradwork.notation.document import Block, Equation, Equations, Heading, Paragraph, Section, Table, Text
from gradwork.notation.layout import Derivative, Infix, Layout, Number, Product, Sum, Symbol, equation
from gradwork.working.agreement_page import agreement_blocks
from gradwork.working.nudge_page import nudge_blocks

if TYPE_CHECKING:
    from gradwork.working.work import Worked


def page_blocks(
    worked: Worked, view: View, about: Sequence[Block], learning_rate: float | None, layout: str
) -> tuple[Block, ...]:
    """Every block of the page, in order."""
    lines = lines_of(worked.graph, worked.positions, worked.graph.outputs[0])
    return (
        *about,
        *_model(worked, lines, view, layout),
        Heading("Forward"),
        *_forward(worked, lines, view),
        Heading("1  By nudging", aside="raise one parameter a little, keep the rest, see how the loss moves"),
        *nudge_blocks(worked, view),
        Heading("2  By the rules", aside="one named rule at a time"),
        *_rules(worked, view),
        Heading("3  By backpropagation", aside="from the loss back, one line at a time"),
        *_backward(worked, lines, view),
        Heading("The three side by side"),
        *agreement_blocks(worked, view),
        *_next_step(worked, learning_rate, view),
    )


# -- the model -------------------------------------------------------------------------------------------------------


def _model(worked: Worked, lines: Lines, view: View, layout: str) -> Iterator[Block]:
    shown = [i for i in lines.order if i in lines.given or i == lines.target]
    names = {i: lines.names[i] for i in lines.names if i in lines.given or i == lines.target}
    yield Equations(tuple(Equation(equation(names[i], read(worked.graph, i, names, own=True))) for i in shown))
    rows: list[tuple[Text, ...]] = []
    for i in worked.graph.inputs:
        role = "parameter" if i in worked.positions else "given"
        rows.append(
            (
                Symbol(worked.graph.nodes[i].name or f"u{i}"),
                role,
                shape_text(worked.graph.nodes[i].shape),
                view.array(worked.forward[i]),
            )
        )
    yield Table(("", "", "shape", "value"), tuple(rows), align="lllr"[:3] + "l")
    if any(len(worked.graph.nodes[i].shape) == 2 for i in worked.positions):
        text = (
            "Rows of data are rows; Z = X W + b, so a column of W feeds one unit."
            if layout == "rows"
            else (
                "Columns of X are rows of data; Z = W X + b, so a row of W feeds one unit. "
                "A weight column is a column of the matrix as it is laid out."
            )
        )
        yield Paragraph(text, "note")


# -- forward ---------------------------------------------------------------------------------------------------------


def _forward(worked: Worked, lines: Lines, view: View) -> Iterator[Block]:
    """Every line of the forward pass with its values, and where these stand at a corner."""
    entries: list[tuple[Layout, Layout | None, int]] = []
    names = {i: n for i, n in lines.names.items() if i in lines.given or i == lines.target}
    every = [i for i, n in enumerate(worked.graph.nodes) if n.name and n.op not in (INPUT, CONSTANT)]
    for i in sorted({*every, *lines.order}):
        own = read(worked.graph, i, names, own=True)
        entries.append((names[i], own, i) if i in names else (own, None, i))
    yield from values_block(entries, worked.forward, view)
    yield from (Paragraph(note, "note") for note in corner_notes(worked.graph, worked.forward, worked.positions))


def values_block(entries: Sequence[tuple[Layout, Layout | None, int]], run: object, view: View) -> Iterator[Block]:
    """Named values: a table while they are numbers and rows of numbers, equations where there are matrices."""
    values = [np.asarray(run[i]) for _, _, i in entries]  # type: ignore[index]
    if all(v.ndim <= 1 for v in values):
        yield _row_table(entries, values, view)
        return
    yield Equations(
        tuple(
            Equation(
                equation(*(piece for piece in (name, own) if piece is not None), view.array(v)),
                note=shape_text(v.shape),
            )
            for (name, own, _), v in zip(entries, values, strict=True)
        )
    )


def _row_table(
    entries: Sequence[tuple[Layout, Layout | None, int]], values: Sequence[np.ndarray[Any, Any]], view: View
) -> Table:
    longest = max((v.size for v in values if v.ndim), default=0)
    shown = longest if view.full else min(longest, view.rows)
    dots: tuple[Text, ...] = ("...",) if longest > shown else ()
    rows: list[tuple[Text, ...]] = []
    for (name, own, _), value in zip(entries, values, strict=True):
        label: Text = (equation(name, own),) if own is not None else (name,)
        cells: tuple[Text, ...]
        if value.ndim == 0:
            cells = (Number(value.item()), *("" for _ in range(max(shown - 1, 0) + len(dots))))
        else:
            cells = (
                *(Number(v) for v in value[:shown].tolist()),
                *("" for _ in range(shown - min(shown, value.size))),
                *dots,
            )
        rows.append((label, shape_text(value.shape), *cells))
    heads = tuple(f"row {k + 1}" for k in range(shown)) if longest else ("value",)
    return Table(("", "shape", *heads, *dots), tuple(rows), align="ll" + "r" * (max(shown, 1)) + "l" * len(dots))


# -- by the rules ----------------------------------------------------------------------------------------------------


def _rules(worked: Worked, view: View) -> Iterator[Block]:
    shown: set[str] = set()
    for name, made in worked.derived.items():
        heading = Heading(("d ", Symbol(made.target), " / d ", Symbol(name)), level=3)
        blocks = derivation_blocks(made, shown if np.ndim(made.value) else None, corners=False)
        if np.ndim(made.value):
            blocks.pop()
            blocks.append(Equation(equation(made.chain[0], view.array(made.value))))
        yield Section(heading, tuple(blocks))


# -- by backpropagation ----------------------------------------------------------------------------------------------


def _backward(worked: Worked, lines: Lines, view: View) -> Iterator[Block]:
    """What comes back to each line and each parameter, read off the nodes that computed it."""
    of, graph = worked.adjoints.of, worked.adjoints.graph
    spelled = _spelled(lines)
    loss = spelled.names[lines.target]
    formulas: list[Equation] = []
    entries: list[tuple[Layout, Layout | None, int]] = []
    values: list[np.ndarray[Any, Any]] = []
    for i in (*reversed(lines.order), *worked.positions):
        if i not in of:
            continue
        top = Derivative(loss, spelled.names[i])
        own = Number(1) if i == lines.target else read_or_cut(graph, of[i], cut_at_slopes(spelled, of, graph, i))
        rule = "the loss counts for itself" if i == lines.target else rules_between(lines, users_of(lines, of, i))
        values.append(np.asarray(worked.backward[of[i]]))
        entries.append((top, None, of[i]))
        formulas.append(Equation(equation(top, own), note=rule))
    if all(v.ndim <= 1 for v in values):
        yield Equations(tuple(formulas))
        yield _row_table(entries, values, view)
        return
    for formula, value in zip(formulas, values, strict=True):
        body = formula.body if not value.ndim else equation(*_sides(formula.body), view.array(value))
        yield Equation(body, note=f"{formula.note}, {shape_text(value.shape)}" if value.ndim else formula.note)


def _sides(body: Layout) -> tuple[Layout, ...]:
    return body.operands if isinstance(body, Infix) and body.operator == "=" else (body,)


def _spelled(lines: Lines) -> Lines:
    """The same lines with letters of ours spelled out: d error^2, and not d u."""
    names = {i: lines.names[i] for i in lines.names if i in lines.given or i == lines.target}
    for i in lines.order:
        if i not in names:
            names[i] = read(lines.graph, i, {k: v for k, v in names.items() if k != i})
    return Lines(lines.graph, lines.wrt, lines.target, lines.moving, lines.order, names, lines.given)


# -- the next step ---------------------------------------------------------------------------------------------------


def _next_step(worked: Worked, learning_rate: float | None, view: View) -> Iterator[Block]:
    """The update of gradient descent: new weight = weight - learning rate times its slope."""
    if learning_rate is None:
        return
    yield Heading("The next step of gradient descent")
    rate, rows = Symbol("learning_rate"), []
    for name, i in zip(worked.names, worked.positions, strict=True):
        slope, here = np.asarray(worked.backpropagated[name]), np.asarray(worked.forward[i])
        made = worked.derived[name]
        if not here.ndim:
            rows.append(Equation(equation(Symbol(f"new_{name}"), _less(Symbol(name), rate, made.result.layout))))
            rows.append(
                Equation(
                    equation(
                        Symbol(f"new_{name}"),
                        _less(Number(here.item()), Number(learning_rate), Number(slope.item())),
                        Number((here - learning_rate * slope).item()),
                    )
                )
            )
        else:
            rows.append(
                Equation(
                    equation(
                        Symbol(f"new_{name}"),
                        _less(Symbol(name), rate, made.chain[0]),
                        view.array(here - learning_rate * slope),
                    )
                )
            )
    yield Equations(tuple(rows))
    yield Paragraph(("with learning rate ", Number(learning_rate)), "note")


def _less(weight: Layout, rate: Layout, slope: Layout) -> Layout:
    factors = (rate, *(slope.factors if isinstance(slope, Product) else (slope,)))
    return Sum((weight, Product(factors)), (1, -1))
