"""By nudging, as a section of the page: loss before, loss after, rise, slope; then the vectors and the matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.gradients.derive import derive_graph
from gradwork.gradients.nudging.page import entry, vectors
from gradwork.gradients.view import View
from gradwork.graph.tree import leaves_in
from gradwork.notation.document import Block, Equation, Equations, Paragraph, Table, Text
from gradwork.notation.layout import Derivative, Fraction, Number, Product, Symbol, equation

if TYPE_CHECKING:
    from gradwork.working.work import Worked

# The second slope is worked out by the rules for so many parameters, to say why one-way nudging errs.
_CURVED = 4


def nudge_blocks(worked: Worked, view: View) -> Iterator[Block]:
    """The table of nudges, what both ways give, why they differ, and the slopes laid out as the parameters are."""
    before = float(np.asarray(worked.forward.outputs[0]).reshape(-1)[0])
    after = leaves_in(worked.nudged.after)
    slopes = leaves_in(worked.nudged.gradient)
    rows: list[tuple[Text, ...]] = []
    left_out = 0
    for name, position, losses, slope in zip(worked.names, worked.positions, after, slopes, strict=True):
        value = np.asarray(worked.forward[position])
        indices = list(np.ndindex(value.shape))
        left_out += max(0, len(indices) - view.entries)
        for index in indices[: view.entries]:
            rows.append(_row(name, index, value, np.asarray(losses), np.asarray(slope), before, worked.nudge))
    yield Paragraph(("raise one parameter by ", Number(worked.nudge), ", keep the rest:  slope = rise / nudge"))
    yield Table(("", "from", "to", "loss before", "loss after", "rise", "slope"), tuple(rows), align="l......")
    if left_out:
        yield Paragraph(f"{left_out} more parameters are nudged likewise; --full lists them.", "note")
    yield from _both_ways(worked, view)
    yield from _laid_out(worked, view)


def _row(
    name: str, index: tuple[int, ...], value: Any, losses: Any, slopes: Any, before: float, nudge: float
) -> tuple[Text, ...]:
    here, loss = float(value[index]), float(losses[index])
    return (
        entry(name, index),
        Number(here),
        Number(here + nudge),
        Number(before, 10),
        Number(loss, 10),
        Number(loss - before, 8),
        Number(float(slopes[index])),
    )


def _both_ways(worked: Worked, view: View) -> Iterator[Block]:
    """Nudging both ways, and for single numbers why one way differs."""
    measured = leaves_in(worked.measured.gradient)
    single = [(n, i, m) for n, i, m in zip(worked.names, worked.positions, measured, strict=True) if not np.ndim(m)]
    if not single:
        yield Paragraph(
            "One-way nudging errs by about half the curvature times the nudge. Both ways, in much smaller nudges, it "
            "does not: those slopes stand at the end.",
            "why",
        )
        return
    loss = worked.derived[single[0][0]].target
    yield Equations(
        tuple(
            Equation(
                equation(Derivative(Symbol(loss), Symbol(n)), Number(float(m))), note="both ways, in smaller nudges"
            )
            for n, _, m in single
        )
    )
    rows = [row for row in (_why(worked, n, i) for n, i, _ in single[:_CURVED]) if row is not None]
    if rows:
        yield Paragraph(
            "They differ because the loss bends: one-way nudging errs by half the curvature times the nudge.", "why"
        )
        yield Equations(tuple(rows))


def _why(worked: Worked, name: str, position: int) -> Equation | None:
    made = derive_graph(worked.graph, [worked.forward[i] for i in worked.graph.inputs], position, 2).higher
    if made is None or not np.isfinite(made.value) or made.value == 0:
        return None
    curvature = float(made.value)
    half = Product((Fraction(Number(curvature), Number(2)), Number(worked.nudge)))
    return Equation(
        equation(half, Number(curvature / 2 * worked.nudge)),
        note=f"{name}: curvature {curvature:.6g}, by the rules once more",
    )


def _laid_out(worked: Worked, view: View) -> Iterator[Block]:
    """The slopes of a bias vector as one vector; of a weight matrix column by column, then side by side."""
    loss = next(iter(worked.derived.values())).target
    for array in worked.nudged.arrays.values():
        yield from vectors(array, *view.corner, loss)
