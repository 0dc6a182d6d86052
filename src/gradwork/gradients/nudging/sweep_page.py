"""The page of a sweep: the V, what its arms are, and the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.gradients.nudging.subject import Array
from gradwork.notation.document import Block, Curve, Document, Dot, Figure, Paragraph, Table, Text
from gradwork.notation.layout import Number, Symbol
from gradwork.notation.numbers import decimal_text

if TYPE_CHECKING:
    from gradwork.gradients.nudging.sweep import Sweep

NEAR = 4.0  # powers of ten: the labels of marks that are no further apart meet
ARM = 10.0  # what lies so far above the lowest point belongs to an arm


def page(found: Sweep, *, digits: int, title: str) -> Document:
    """The document; see `Sweep.document`."""
    blocks: list[Block] = [_introduction(found), figure(found), *_in_words(found), _table(found)]
    return Document(title, tuple(blocks), facts(found), digits=digits)


def _entry(found: Sweep) -> str:
    return found.name + (f"[{', '.join(str(i + 1) for i in found.index)}]" if found.index else "")


def _introduction(found: Sweep) -> Paragraph:
    return Paragraph(
        (
            f"One slope, measured with nudges of every size: that of the loss with respect to {_entry(found)} = ",
            Number(found.value),
            ". Measured as exactly as can be, it is ",
            Number(found.reference, 10),
            f", give or take {decimal_text(found.bar, 1)}." if np.isfinite(found.bar) else "; how exactly is unknown.",
        )
    )


def figure(found: Sweep) -> Figure:
    """The two V-shaped curves, with their lowest points marked. Both axes are logarithms."""
    across = _logarithms(found.step)
    one, both = found.best_forward, found.best_central
    heights = {way: _logarithms(_without_luck(error)) for way, error in _errors(found)}
    places = {"one way": one, "both ways": both}
    labels = {way: f"best nudge {way}: {_rounded(found.step[i])}" for way, i in places.items()}
    if abs(across[one] - across[both]) < NEAR and abs(heights["one way"][one] - heights["both ways"][both]) < 1:
        labels = {"one way": "", "both ways": "best nudges one way and both ways"}  # two would lie over each other
    dots = tuple(Dot(across[i], heights[way][i], labels[way]) for way, i in places.items())
    return Figure(
        (
            Curve(across, heights["one way"], "one way"),
            Curve(across, heights["both ways"], "both ways", "path"),
        ),
        dots,
        "log10 nudge",
        "log10 slope error",
        "On both axes one step is a factor of 10. Every point is the median of the nudges within a decade, since one "
        "by itself may hit the slope by luck; the table has each by itself. "
        f"Errors below {_rounded(found.bar)} may be those of the slope that all are held against.",
        "Two curves in the shape of a V. One way, the error is least, "
        f"{_rounded(found.forward_error[one])}, at a nudge of {_rounded(found.step[one])}; both ways "
        f"{_rounded(found.central_error[both])} at {_rounded(found.step[both])}. "
        "To the left both rise in steps of rounding, to the right evenly.",
    )


def _errors(found: Sweep) -> tuple[tuple[str, Array], ...]:
    return ("one way", found.forward_error), ("both ways", found.central_error)


def _without_luck(error: Array) -> Array:
    """The median of each error and of its neighbours, a decade to either side."""
    from gradwork.gradients.nudging.sweep import PER_DECADE

    padded = np.pad(error, PER_DECADE, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * PER_DECADE + 1)
    steady = np.array([np.median(some[np.isfinite(some)]) if np.isfinite(some).any() else np.nan for some in around])
    return np.where(np.isfinite(error), steady, np.nan)


def _logarithms(values: Array) -> tuple[float, ...]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return tuple(float(v) for v in np.where(values > 0, np.log10(values), np.nan))


def _rounded(value: float) -> str:
    return f"{value:.1e}"


def _in_words(found: Sweep) -> Iterator[Paragraph]:
    from gradwork.gradients.nudging.sweep import envelope

    ways = (
        ("One way", found.forward_error, found.best_forward, 10),
        ("Both ways", found.central_error, found.best_central, 100),
    )
    for way, error, best, factor in ways:
        yield Paragraph(
            f"{way}, the best nudge is {_rounded(found.step[best])}; the slope is then off by {_rounded(error[best])}.",
            "result",
        )
        lowest = float(envelope(error)[best])
        arms = _right_arm(found, error, best, factor, lowest), _left_arm(found.step, error, best, lowest)
        yield Paragraph(" ".join(arms), "why")


def _right_arm(found: Sweep, error: Array, best: int, factor: int, lowest: float) -> str:
    if np.nanmax(error[: best + 1]) <= ARM * max(lowest, found.bar):
        return "To its right the error does not grow: the loss is of so low a degree that no wider nudge bends it."
    theory = f"To its right a nudge ten times smaller should make the error {factor} times smaller (truncation)"
    slope = _arm(found.step[:best], error[:best], lowest)
    return theory + (f"; here it is {10**slope:.3g} times." if slope is not None else ".")


def _left_arm(step: Array, error: Array, best: int, lowest: float) -> str:
    theory = "To its left a nudge ten times smaller makes it about 10 times larger (rounding: the digits that are lost"
    slope = _arm(step[best + 1 :], error[best + 1 :], lowest)
    return theory + (f"); here {10**-slope:.3g} times." if slope is not None else ").")


def _arm(step: Array, error: Array, lowest: float) -> float | None:
    """The steepness of an arm between the logarithms; None where too little of it can be seen."""
    seen = np.isfinite(error) & (error > max(ARM * lowest, 1e-300)) & (step < ARM**-0.5 * step.max(initial=0.0))
    if np.count_nonzero(seen) < 4:
        return None
    return float(np.polyfit(np.log10(step[seen]), np.log10(error[seen]), 1)[0])


def _table(found: Sweep) -> Table:
    """One row a power of ten, and the best ones."""
    from gradwork.gradients.nudging.sweep import PER_DECADE

    shown = sorted({*range(0, len(found.step), PER_DECADE), found.best_forward, found.best_central})
    rows: list[tuple[Text, ...]] = []
    for i in shown:
        marks = [way for way, best in (("one way", found.best_forward), ("both ways", found.best_central)) if best == i]
        slopes = (_slope(found.forward[i]), _slope(found.central[i]))
        errors = (_error(found.forward_error[i]), _error(found.central_error[i]))
        note = "best " + " and ".join(marks) if marks else ""
        rows.append((_rounded(found.step[i]), slopes[0], errors[0], slopes[1], errors[1], note))
    heads = ("nudge", "slope one way", "off by", "slope both ways", "off by", "")
    return Table(heads, tuple(rows), (Symbol(found.name), " nudged by every size"), "r.r.rl")


def _slope(value: float) -> Text:
    return Number(float(value), 10) if np.isfinite(value) else "–"


def _error(value: float) -> str:
    return _rounded(value) if np.isfinite(value) else "–"


def facts(found: Sweep) -> dict[str, Any]:
    """What a program would want to read off the page."""
    return {
        "parameter": found.name,
        "index": list(found.index),
        "value": found.value,
        "reference": found.reference,
        "bar": found.bar,
        "rows": found.table(),
        "best": {
            "forward": float(found.step[found.best_forward]),
            "central": float(found.step[found.best_central]),
        },
    }
