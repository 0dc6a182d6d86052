"""The page of a descent: the rule, steps with their numbers, why it stopped, the parameters, the curve of the loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwork.descent.called import ByFormula
from gradwork.descent.pictures import loss as loss_curve
from gradwork.descent.result import Descent, WorkedStep
from gradwork.descent.sliders import sliders as sliders_of
from gradwork.errors import ArgumentError, GradworkError
from gradwork.gradients.derive import derive
from gradwork.gradients.reading import read
from gradwork.gradients.view import View
from gradwork.graph.trace import trace_call
from gradwork.notation.document import (
    Block,
    Document,
    Equation,
    Equations,
    Heading,
    Paragraph,
    Section,
    Table,
    Text,
)
from gradwork.notation.layout import Derivative, Layout, Number, Symbol, Words, equation

SHOWN = 6  # entries of an array, rows of a line


def page(found: Descent, title: str = "", sliders: bool = False) -> Document:
    """The document; see `Descent.document`."""
    blocks: list[Block] = [Paragraph(note, "note") for note in found.notes]
    blocks += [
        Paragraph(f"{found.method.title[:1].upper()}{found.method.title[1:]}, {_of_what(found)}"),
        Equations(found.method.equations()),
    ]
    constants = [f"{name} = {value:g}" for name, value in found.method.constants.items()]
    search = found.method.search
    if search is None:
        constants = [f"learning_rate = {found.learning_rate:g}", *constants]
    elif not search.judges:
        constants = [f"learning_rate = {found.learning_rate:g} is the first that is tried", *constants]
    blocks += [Paragraph(", ".join(constants))] if constants else []
    if found.why_learning_rate:
        blocks.append(Paragraph(f"The learning rate was chosen: {found.why_learning_rate}.", "why"))
    blocks += [block for step in found.worked for block in _worked(found, step)]
    blocks += [
        Heading(
            f"{found.reason[:1].upper()}{found.reason[1:]}",
            aside=f"after {found.steps:,} step{'s' if found.steps != 1 else ''}",
        ),
        Paragraph(found.explanation, "warning" if found.reason == "diverged" else "result"),
        _parameters(found),
        *_scores(found),
    ]
    slid = sliders_of(found) if sliders else None
    if slid is not None:
        blocks += [Heading("Step by step"), slid]
    elif len(found.losses) > 1:
        blocks.append(loss_curve(found))
    return Document(title or "Gradient descent", tuple(blocks), facts(found))


def _scores(found: Descent) -> list[Block]:
    """How well the parameters predict the rows that were kept apart."""
    try:
        scores = found.scores if found.test is not None else None
    except ArgumentError as error:
        return [Paragraph(f"The test rows have no score: {error.headline}.", "note")]
    return [] if scores is None else [Paragraph(f"{str(scores)[:1].upper()}{str(scores)[1:]}.", "result")]


def _of_what(found: Descent) -> str:
    """What the formulas of the rule are about."""
    one = "for each parameter in each step"
    return one if found.method.search is None else "for all parameters together in each step"


def _parameters(found: Descent) -> Table:
    rows: list[tuple[Text, ...]] = []
    for name, before, after in zip(found.names, found.problem.start, found.leaves, strict=True):
        rows.append((Symbol(name), _shown(before), _shown(after)))
    last = float(found.loss)
    rows.append(("loss", Number(float(found.losses[0])) if len(found.losses) else "", Number(last)))
    return Table(("", "at the start", "at the end"), tuple(rows), align="lrr")


def _shown(value: Any) -> Text:
    if not np.ndim(value):
        return Number(float(value))
    return View().array(np.asarray(value))


# -- a step with its numbers -----------------------------------------------------------------------------------------


def _worked(found: Descent, step: WorkedStep) -> Iterator[Block]:
    rows = "" if step.rows is None else f"rows {', '.join(str(int(i) + 1) for i in step.rows[:SHOWN])}"
    more = " ..." if step.rows is not None and len(step.rows) > SHOWN else ""
    blocks: list[Block] = []
    if isinstance(found.problem.f, ByFormula) and _has_rows(found, step):
        blocks.append(_forward(found, step))
    else:
        blocks.append(Equations((Equation(equation(Words("loss"), Number(step.loss))),)))
    for i, name in enumerate(found.names if not step.shown else ()):
        blocks += _one_parameter(found, step, i, name)
    blocks += step.shown
    yield Section(Heading(f"Step {step.number}", aside=rows + more), tuple(blocks))


def _has_rows(found: Descent, step: WorkedStep) -> bool:
    """Whether the step's data are in memory: those that are gone through in parts are not shown line by line."""
    return bool(step.batch) or not found.problem.rows


def _forward(found: Descent, step: WorkedStep) -> Table:
    """The lines of the model, as far as the loss, for the first rows."""
    by_formula = found.problem.f
    assert isinstance(by_formula, ByFormula)
    values = by_formula.lines(found.problem.params(list(step.before)), *step.batch)
    count = min(4, max((len(v) for v in values.values() if np.ndim(v)), default=1))
    rows: list[tuple[Text, ...]] = []
    for name, value in values.items():
        array = np.asarray(value)
        cells: list[Text] = [""] * count
        if not array.ndim:
            cells[0] = Number(float(array))
        elif array.ndim == 1:
            cells[: len(array[:count])] = [Number(float(v)) for v in array[:count]]
        else:
            cells[0] = f"{' × '.join(map(str, array.shape))} numbers"
        rows.append((Symbol(name or "loss"), *cells))
    one = all(np.ndim(value) == 0 for value in values.values())
    heads = [""] if one else [f"row {i + 1 if step.rows is None else int(step.rows[i]) + 1}" for i in range(count)]
    return Table(("", *heads), tuple(rows), align="l" + "r" * count)


def _one_parameter(found: Descent, step: WorkedStep, i: int, name: str) -> Iterator[Block]:
    slope = step.gradient[i]
    if np.ndim(slope):
        yield _entries(step, i, name)
        return
    formula, rows = _slope_as_formula(found, step, name)
    top = Derivative(Symbol("loss"), Symbol(name))
    yield Equations((Equation(equation(top, *formula, Number(float(slope)))), *rows))
    yield Equations(tuple(_with_numbers(found, step, i, name, formula)))


def _slope_as_formula(found: Descent, step: WorkedStep, name: str) -> tuple[tuple[Layout, ...], tuple[Equation, ...]]:
    """The slope as the rules give it, for a model of formulas; nothing for a function."""
    by_formula = found.problem.f
    if not isinstance(by_formula, ByFormula) or not _has_rows(found, step):
        return (), ()
    bound = by_formula.bound(found.problem.params(list(step.before)), *step.batch)
    try:
        derivation = derive(by_formula.program, wrt=name, kwargs=bound)
    except GradworkError:  # a derivation is a help to the reader; the slope itself is the run's own
        return (), ()
    return (derivation.chain[-1],) if derivation.chain else (), tuple(derivation.numbers)


def _with_numbers(found: Descent, step: WorkedStep, i: int, name: str, slope: tuple[Layout, ...]) -> Iterator[Equation]:
    """The lines of the rule with the numbers put in: `new w = w - learning_rate · slope = 0 - 0.1 · 6 = -0.6`."""
    values: dict[str, Any] = {
        **found.method.constants,
        **dict(zip(found.method.states, step.states[i], strict=True)),
        "weight": step.before[i],
        "gradient": step.gradient[i],
        "learning_rate": step.rate,
        "step": float(step.number),
        "weight_decay": found.weight_decay,
    }
    for line, text in found.method.lines.items():
        traced = trace_call(text, (), {n: np.float64(values[n]) for n in _names_in(found, line)})
        graph = traced.graph
        inputs = [(position, graph.nodes[position].name or "") for position in graph.inputs]
        words = {p: _called(n, name) for p, n in inputs}
        if slope:
            words |= {p: slope[0] for p, n in inputs if n == "gradient"}
        digits = {p: Number(float(values[n])) for p, n in inputs}
        values[line] = traced.values[graph.outputs[0]]
        shown = step.after[i] if line == "new_weight" else values[line]
        sides = [read(graph, graph.outputs[0], cut, own=True) for cut in (words, digits)]
        yield Equation(equation(_called(line, name), *sides, Number(float(shown))))


def _names_in(found: Descent, line: str) -> tuple[str, ...]:
    return dict(found.method.program.lines)[line].names


def _called(word: str, name: str) -> Layout:
    """`weight` under the parameter's own name."""
    if word in ("weight", "new_weight"):
        return Symbol(name) if word == "weight" else Words(f"new {name}")
    return Symbol(word) if not word.startswith("new_") else Words(word.replace("_", " "))


def _entries(step: WorkedStep, i: int, name: str) -> Table:
    before, slope, after = (np.ravel(v) for v in (step.before[i], step.gradient[i], step.after[i]))
    shape = np.shape(step.before[i])
    rows: list[tuple[Text, ...]] = []
    for at in range(min(SHOWN, before.size)):
        place = ", ".join(str(int(p) + 1) for p in np.unravel_index(at, shape))
        rows.append((f"{name}[{place}]", *(Number(float(v[at])) for v in (before, slope, after))))
    left = before.size - len(rows)
    caption = f"and {left:,} more entries of {name}" if left else ""
    return Table(("", "before", "gradient", "after"), tuple(rows), caption, "lrrr")


def facts(found: Descent) -> dict[str, Any]:
    """What a program would want to read off the page."""
    return {
        "method": found.method_name,
        "learning_rate": found.learning_rate,
        "why_learning_rate": found.why_learning_rate,
        "reason": found.reason,
        "explanation": found.explanation,
        "steps": found.steps,
        "loss": found.loss,
        "parameters": dict(zip(found.names, found.leaves, strict=True)),
        "curvature": found.curvature,
        "largest_learning_rate": found.largest_learning_rate,
        "working_learning_rate": found.working_learning_rate,
        "losses": found.losses,
        "test_rows": None if found.test is None else found.test.rows,
        "worked": [
            {
                "step": step.number,
                "learning_rate": step.rate,
                "loss": step.loss,
                "before": dict(zip(found.names, step.before, strict=True)),
                "gradient": dict(zip(found.names, step.gradient, strict=True)),
                "after": dict(zip(found.names, step.after, strict=True)),
            }
            for step in found.worked
        ],
    }
