"""The pictures of a descent: the curve of the loss, the path over the loss, predictions against data.

Each is a `Figure`, so that every format draws it: the terminal, HTML, LaTeX, and `picture.save("run.svg")` or `.png`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwork.descent.called import ByFormula, ByName
from gradwork.descent.predictions import Predictions, predicted_at, predictions
from gradwork.descent.problem import Problem
from gradwork.descent.result import Descent
from gradwork.descent.surface import surface
from gradwork.errors import ArgumentError, GradworkError
from gradwork.formats.picture import Picture
from gradwork.graph.formula.evaluate import close
from gradwork.notation.document import Curve, Dot, Figure
from gradwork.notation.numbers import decimal_text

Array = np.ndarray[Any, Any]

FIRST = 60  # steps of a loss curve that are drawn one by one
PARTS = 200  # stretches of the rest, of which the highest and the lowest step are drawn
FINE = 201  # points of a curve of predictions


def picture(found: Descent, kind: str, names: Sequence[str] = ()) -> Picture:
    """One of the pictures; see `Descent.picture`."""
    if kind not in KINDS:
        hint = " or ".join(close(kind, KINDS)) or "loss"
        raise ArgumentError(f"there is no picture {kind!r}", why=f"there are {', '.join(KINDS)}", hint=hint)
    if names and kind not in ("contour", "path"):
        raise ArgumentError(f"the picture {kind!r} takes no parameters", hint="contour or path, which show two of them")
    title = found.notes[0] if found.notes else "Gradient descent"
    return Picture(title, KINDS[kind](found, tuple(names)))


# -- the loss ---------------------------------------------------------------------------------------------------------


def loss(found: Descent, _: Sequence[str] = ()) -> Figure:
    """The loss after each step; on a logarithmic axis where it spans more than a hundred times."""
    losses = np.asarray(found.losses, dtype=np.float64)
    kept = _highs_and_lows(losses)
    seen = np.concatenate([losses, [v for _, v in found.held_out]])
    seen = seen[np.isfinite(seen)]
    logarithmic = "y" if seen.size and seen.min() > 0 and seen.max() / seen.min() > 100 else ""
    said = _missing(losses)
    if _all_at_the_start(losses):
        logarithmic = "x" + logarithmic
        said = f"The loss of step 0, {_short(losses[0])}, stands left of a logarithmic axis. {said}".strip()
    kind = "path" if len(losses) <= 40 else "curve"
    curves = [Curve(tuple(kept.tolist()), tuple(losses[kept].tolist()), "loss" if found.held_out else "", kind)]
    if found.held_out:
        steps, held = zip(*found.held_out, strict=True)
        curves.append(Curve(tuple(float(k) for k in steps), tuple(float(v) for v in held), "loss on held-out rows"))
    last = len(losses) - 1
    dots = (Dot(float(last), float(losses[-1]), _short(losses[-1])),)
    alt = (
        f"The loss against the step: {_short(losses[0])} at the start, {_short(losses[-1])} after {last:,} "
        f"step{'s' if last != 1 else ''}."
    )
    return Figure(tuple(curves), dots, "step", "loss", said, alt, logarithmic)


def _all_at_the_start(losses: Array) -> bool:
    """Whether a hundredth of many steps does nearly all, so that the rest would be a line along the axis."""
    if len(losses) < 1000 or not np.isfinite(losses).all():
        return False
    early = losses[len(losses) // 100]
    return bool(abs(losses[0] - early) > 0.9 * (losses.max() - losses.min()))


def _short(value: float) -> str:
    """Six digits, with a power of ten from ten million on."""
    if not abs(value) >= 1e7 or not np.isfinite(value):
        return decimal_text(float(value), 6)
    mantissa, _, exponent = f"{float(value):.5e}".partition("e")
    return f"{decimal_text(float(mantissa), 6)}e{int(exponent)}"


def _highs_and_lows(values: Array) -> Array:
    """Which steps are drawn: the first ones all, of later ones the highest and the lowest of each stretch."""
    if len(values) <= FIRST + 2 * PARTS:
        return np.arange(len(values))
    kept = {*range(FIRST), len(values) - 1}
    for part in np.array_split(np.arange(FIRST, len(values)), PARTS):
        kept |= {int(part[0])}
        if np.isfinite(values[part]).any():
            kept |= {int(part[np.nanargmin(values[part])]), int(part[np.nanargmax(values[part])])}
    return np.array(sorted(kept))


def _missing(losses: Array) -> str:
    broken = int(np.sum(~np.isfinite(losses)))
    where = int(np.argmax(~np.isfinite(losses)))
    said = f"From step {where:,} on, {broken:,} of {len(losses):,} losses are not finite and not drawn."
    return said if broken else ""


# -- predictions ------------------------------------------------------------------------------------------------------


def predicted(found: Descent, _: Sequence[str] = ()) -> Figure:
    """Predictions against data: a curve where there is one column of data, otherwise predicted against measured."""
    made = predictions(found.problem, list(found.leaves))
    if made.kind == "classes":
        return _classes(found, made)
    if made.column is not None:
        return _over_one_column(found, made)
    measured, values = np.ravel(made.measured), np.ravel(made.predicted)
    both = np.concatenate([measured, values[np.isfinite(values)]])
    ends = (float(both.min()), float(both.max()))
    curves = (
        Curve(ends, ends, "predicted = measured", "tangent"),
        Curve(tuple(measured.tolist()), tuple(values.tolist()), _count(made, measured.size), "points"),
    )
    error = float(np.sqrt(np.mean((values - measured) ** 2)))
    name = data_name(found, made.target)
    alt = f"Predicted against measured {name}; the root of the mean square error is {decimal_text(error, 4)}."
    return Figure(curves, (), f"measured {name}", f"predicted {name}", alt, alt)


def _over_one_column(found: Descent, made: Predictions) -> Figure:
    assert made.column is not None
    problem = found.problem if made.rows is None else found.problem.of_rows(made.rows)
    x = np.ravel(np.asarray(problem.data[made.column], dtype=np.float64))
    measured = np.ravel(made.measured)
    curves = [Curve(tuple(x.tolist()), tuple(measured.tolist()), _count(made, x.size), "points")]
    fine = np.linspace(x.min(), x.max(), FINE)
    low, high = float(measured.min()), float(measured.max())
    far = 2 * (high - low or 1.0)
    for leaves, label, kind in (
        (list(found.leaves), "predicted at the end", "curve"),
        (list(found.problem.start), "predicted at the start", "tangent"),
    ):
        heights = _along(problem, made, leaves, fine, x)
        near = np.isfinite(heights) & (heights > low - far) & (heights < high + far)
        if kind == "curve" or near.all():  # a start far off would flatten the rest
            curves.append(Curve(tuple(fine.tolist()), tuple(heights.tolist()), label, kind))
    across, upward = data_name(found, made.column), data_name(found, made.target)
    error = float(np.sqrt(np.mean((np.ravel(made.predicted) - measured) ** 2)))
    alt = (
        f"{upward} against {across}: {x.size:,} points, and the curve that the model predicts. The root of the mean "
        f"square error is {decimal_text(error, 4)}."
    )
    return Figure(tuple(curves), (), across, upward, "", alt)


def _along(problem: Problem, made: Predictions, leaves: list[Any], fine: Array, x: Array) -> Array:
    """The predictions along the column; at its own values alone where the loss takes no others."""
    try:
        with np.errstate(all="ignore"):
            return predicted_at(problem, leaves, made, fine)
    except (GradworkError, ValueError, TypeError, StopIteration):
        order = np.argsort(x)
        with np.errstate(all="ignore"):
            values = np.ravel(predictions(problem, leaves).predicted)
        heights: Array = np.interp(fine, x[order], values[order])
        return heights


def _classes(found: Descent, made: Predictions) -> Figure:
    """For each row the probability that the model gives to the row's own class."""
    measured, values = made.measured, made.predicted
    if measured.ndim == 2 and min(measured.shape) > 1:
        axis = 1 if np.all(measured.sum(axis=1) == 1) else 0
        own = (measured * values).sum(axis=axis)
        right = np.argmax(measured, axis=axis) == np.argmax(values, axis=axis)
    else:
        own = np.ravel(np.where(measured == 1, values, 1 - values))
        right = own > 0.5
    rows = (np.arange(own.size) if made.rows is None else made.rows) + 1
    curves = [
        Curve(tuple(rows[which].tolist()), tuple(own[which].tolist()), f"{label}: {int(which.sum()):,}", "points")
        for which, label in ((right, "class found"), (~right, "another class found"))
        if which.any()
    ]
    said = f"{int(right.sum()):,} of {own.size:,} rows get their own class."
    if made.rows is not None:
        said += f" Shown are {own.size:,} of {found.problem.rows:,} rows."
    alt = f"The probability that the model gives to each row's own class. {said}"
    window = (0.0, float(rows.max() + 1), 0.0, 1.05)
    return Figure(tuple(curves), (), "row", "probability of the row's own class", said, alt, window=window)


def _count(made: Predictions, shown: int) -> str:
    return f"measured, {shown:,} {'of the ' if made.rows is not None else ''}{'rows' if shown != 1 else 'row'}"


def data_name(found: Descent, place: int) -> str:
    """What a column of data is called."""
    f = found.problem.f
    keys = f.keys if isinstance(f, (ByFormula, ByName)) else ()
    return keys[place] if place < len(keys) else f"data[{place}]"


KINDS: dict[str, Callable[[Descent, Sequence[str]], Figure]] = {
    "loss": loss,
    "contour": lambda found, names: surface(found, names, moving=False),
    "predictions": predicted,
    "path": lambda found, names: surface(found, names, moving=True),
}
