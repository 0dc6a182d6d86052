"""A derivation as a page: lines and steps, the product of the slopes, the numbers, and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwork.gradients.corners import corner_notes
from gradwork.gradients.derivation import Derivation, Line
from gradwork.gradients.expression import one_line
from gradwork.graph.run import run
from gradwork.notation import document as page
from gradwork.notation.document import (
    Block,
    Curve,
    Document,
    Dot,
    Equation,
    Equations,
    Figure,
    Heading,
    Paragraph,
    Section,
)
from gradwork.notation.layout import Symbol, equation

_POINTS = 81
_ORDINALS = {1: "", 2: "second ", 3: "third ", 4: "fourth "}


def derivation_page(made: Derivation) -> Document:
    """The whole page of a derivation, the higher orders after the first."""
    blocks: list[Block] = []
    facts: list[dict[str, Any]] = []
    current: Derivation | None = made
    order = 1
    while current is not None:
        if order > 1:
            blocks.append(Heading(f"Order {order}: the {_ORDINALS.get(order, f'{order}th ')}derivative"))
        blocks += derivation_blocks(current)
        facts.append(derivation_facts(current))
        current, order = current.higher, order + 1
    blocks += picture(made)
    title = f"d {made.target} / d {made.wrt}, by the rules"
    return Document(title, tuple(blocks), {"derivations": facts})


def derivations_page(made: Sequence[Derivation], title: str) -> Document:
    """Several derivations on one page, a section each."""
    if len(made) == 1:
        return replace(derivation_page(made[0]), title=title)
    blocks: list[Block] = []
    for one in made:
        own = derivation_page(one)
        blocks.append(Section(Heading(("d ", Symbol(one.target), " / d ", Symbol(one.wrt))), own.blocks))
    return Document(title, tuple(blocks), {"derivations": [derivation_facts(one) for one in made]})


def derivation_blocks(made: Derivation, shown: set[str] | None = None, *, corners: bool = True) -> list[Block]:
    """Lines, steps and result of one derivation. Lines that are in `shown` stand on the page already."""
    blocks: list[Block] = []
    again = []
    for line in made.lines:
        said = f"{line.name}: {' '.join(map(str, line.steps))}"
        if shown is not None and said in shown:
            again.append(line.name)
            continue
        if shown is not None:
            shown.add(said)
        blocks += _line_blocks(line, made)
    if again:
        blocks.insert(0, Paragraph(f"{', '.join(again)}: as above", "note"))
    blocks.append(Heading("Put together", level=4))
    blocks.append(Equations(tuple(_chain_rows(made))))
    if made.numbers:
        blocks.append(Equations(made.numbers))
    if corners and made.run is not None and made.source is not None and made.wrt in made.source.input_names:
        wrt = made.source.find(made.wrt)
        blocks += [Paragraph(note, "note") for note in corner_notes(made.source, made.run, [wrt])]
    return blocks + _nowhere(made)


def _nowhere(made: Derivation) -> list[Block]:
    """A formula has a slope only where it has a value: 1/x is a number at -1, and log(x) is none there."""
    if made.run is None or made.source is None:
        return []
    value = np.asarray(made.run[made.source.outputs[0]])
    if value.dtype.kind not in "fc" or np.isfinite(value).all():
        return []
    shown = "is not a number" if np.isnan(value).any() else "is infinite"
    return [Paragraph(f"{made.target} {shown} at this point, so it has no slope there", "warning")]


def _line_blocks(line: Line, made: Derivation) -> Iterator[Block]:
    named = one_line(line.definition) != line.name
    yield Heading((equation(Symbol(line.name), line.definition),) if named else (line.definition,), level=4)
    for step in line.steps:
        yield page.Step(step.rule, step.before.layout, step.after.layout, step.remark or "")
    if line.together is not None:
        yield Equation(line.together, note="together")


def _chain_rows(made: Derivation) -> Iterator[Equation]:
    left, *sides = made.chain
    for count, side in enumerate(sides):
        note = "chain rule" if count == 0 and len(made.lines) > 1 else ""
        if count == len(sides) - 1 and len(sides) > 1:
            note = "simplified"
        yield Equation(equation(left, side), note=note)


def derivation_facts(made: Derivation) -> dict[str, Any]:
    """What a program would read off the page."""
    return {
        "target": made.target,
        "wrt": made.wrt,
        "result": str(made.result),
        "value": None if made.value is None else np.asarray(made.value).tolist(),
        "steps": [{"rule": s.rule, "before": str(s.before), "after": str(s.after), "note": s.note} for s in made.steps],
    }


# -- the picture ------------------------------------------------------------------------------------------------------


def picture(made: Derivation) -> list[Block]:
    """The curve of the target over one parameter, with a secant and the tangent at the point; empty without a point."""
    if made.run is None or made.source is None or np.ndim(made.value) or made.value is None:
        return []
    graph = made.source
    names = graph.input_names
    if made.wrt not in names:
        return []
    at = names.index(made.wrt)
    inputs = [made.run[i] for i in graph.inputs]
    target = graph.outputs[0]
    if not (np.isfinite(made.value) and np.isfinite(made.run[target])):
        return []
    here = float(inputs[at])

    def height(x: float) -> float:
        with np.errstate(all="ignore"):
            moved = [np.float64(x) if k == at else v for k, v in enumerate(inputs)]
            return float(np.real(run(graph, moved)[target]))

    return [_figure(made, height, here)]


def _figure(made: Derivation, height: Any, here: float) -> Figure:
    reach = max(1.0, abs(here))
    nudge = reach / 2
    value, slope = height(here), float(made.value)
    xs = np.linspace(here - 1.5 * reach, here + 1.5 * reach, _POINTS)
    ends = np.array([here - reach, here + reach])
    secant = (height(here + nudge) - value) / nudge
    middle = _finite([height(x) for x in xs])
    curves = [
        Curve(tuple(xs.tolist()), tuple(middle), label=made.target, kind="curve"),
        Curve(
            tuple(ends.tolist()),
            tuple((value + slope * (ends - here)).tolist()),
            label=f"tangent, slope {slope:.6g}",
            kind="tangent",
        ),
    ]
    if np.isfinite(secant):
        curves.insert(
            1,
            Curve(
                tuple(ends.tolist()),
                tuple((value + secant * (ends - here)).tolist()),
                label=f"secant, nudge {nudge:.3g}: slope {secant:.6g}",
                kind="secant",
            ),
        )
    return Figure(
        tuple(curves),
        (Dot(here, value, f"{made.wrt} = {here:.6g}"),),
        x_label=made.wrt,
        y_label=made.target,
        caption="The smaller the nudge, the closer the secant lies to the tangent.",
        alt=f"The curve of {made.target} over {made.wrt}. At {made.wrt} = {here:.6g} it is {value:.6g}; "
        f"its tangent has slope {slope:.6g}, and the secant to the point one nudge of {nudge:.3g} further has slope "
        f"{secant:.6g}.",
    )


def _finite(values: list[float]) -> list[float]:
    return [v if np.isfinite(v) else float("nan") for v in values]
