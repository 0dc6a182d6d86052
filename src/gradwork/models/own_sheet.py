"""A worksheet from anybody's own model: its lines, its numbers, and the way back to its parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gradwork.errors import ArgumentError, UsageError
from gradwork.models.load import load
from gradwork.models.model import Model
from gradwork.models.sheet_settings import drawer
from gradwork.worksheets.draw import Draw
from gradwork.worksheets.exercise import Ask, Chapter, Exercise
from gradwork.worksheets.masks import mask_named

_DIGITS = 6  # of a number that is left as it is
_ROWS = 4  # of the data: a sheet is worked by hand
_LEVELS = ("every-3", "results", "results")  # of a file that names no mask


def chapter_from_file(path: Path) -> Chapter:
    """A chapter of one exercise, from a model file."""
    return chapter_from_model(load(str(path)))


def chapter_from_model(model: Model) -> Chapter:
    """A chapter of one exercise: the model's lines, and the gradient with respect to its parameters.

    Raises UsageError for a model that has no lines to print.
    """
    if model.program is None:
        raise UsageError("a function has no lines to print", hint="a model file with formulas: loss = ... or [lines]")
    settings = model.settings.get("sheet", {})
    pools = model.settings.get("draw", {})
    decimals = settings.get("decimals", 3)
    fixed = {n: _short(_few_rows(v, settings.get("rows", _ROWS), model), decimals) for n, v in model.bound.items()}
    unknown = [name for name in pools if name not in fixed]
    if unknown:
        raise ArgumentError(f"[draw] draws {unknown[0]}, which no line uses", hint=", ".join(fixed))
    drawers = {name: drawer(pool) for name, pool in pools.items()}

    def draw(by: Draw) -> dict[str, Any]:
        return {**fixed, **{name: one(by, tuple(np.shape(fixed[name]))) for name, one in drawers.items()}}

    wanted = settings.get("gradients", True)
    gradients = model.wrt if wanted is True else () if wanted is False else tuple(wanted)
    exercise = Exercise(
        name=model.title,
        text=settings.get("text", ""),
        lines=str(model.program),
        draw=draw,
        gradients=gradients,
        slopes=settings.get("slopes", False),
        also=tuple(settings.get("also", ())),
        labels=settings.get("labels", {}),
        decimals=decimals,
        exact=settings.get("exact", False),
        largest=1e9,
    )
    own = settings.get("mask")
    asks = tuple((Ask(exercise, mask_named(own or mask), settings.get("times", 1)),) for mask in _LEVELS)
    return Chapter(Path(model.source).stem if model.source != "<model>" else "model", 0, model.title, "", asks)


def _short(value: Any, decimals: int) -> Any:
    """Numbers for work by hand: one of many digits, as a random start has, is rounded as the others are."""
    if isinstance(value, list):
        return [_short(one, decimals) for one in value]
    if not isinstance(value, float) or value == float(f"{value:.{_DIGITS}g}"):
        return value
    rounded = round(value, decimals)
    return rounded if abs(rounded) >= 10.0 ** (1 - decimals) else float(f"{value:.{decimals}g}")


def _few_rows(value: Any, rows: int, model: Model) -> Any:
    array = np.asarray(value)
    longest = max((np.shape(v)[0] for v in model.data.values() if np.ndim(v)), default=0)
    if array.ndim and array.shape[0] == longest and longest > rows:
        array = array[:rows]
    return array.tolist() if array.ndim else float(array)
