"""A worksheet from anybody's own model: its lines, its numbers, and the way back to its parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gradwork.errors import UsageError
from gradwork.models.load import load
from gradwork.models.model import Model
from gradwork.worksheets.exercise import Ask, Chapter, Exercise
from gradwork.worksheets.masks import mask_named

_ROWS = 4  # of the data: a sheet is worked by hand


def chapter_from_file(path: Path) -> tuple[Chapter, str]:
    """A chapter of one exercise, and the text that brings it back."""
    return chapter_from_model(load(str(path))), ""


def chapter_from_text(text: str, name: str) -> Chapter:
    """A chapter from the text of a model file."""
    return chapter_from_model(load(text))


def chapter_from_model(model: Model) -> Chapter:
    """A chapter of one exercise: the model's lines, and the gradient with respect to its parameters."""
    if model.program is None:
        raise UsageError("a function has no lines to print", hint="a model file with formulas: loss = ... or [lines]")
    given = {name: _few_rows(value) for name, value in model.bound.items()}
    exercise = Exercise(
        name="model",
        text=model.title,
        lines=str(model.program),
        draw=lambda draw: given,
        gradients=model.wrt,
        decimals=3,
        exact=False,
        largest=1e9,
    )
    ask = Ask(exercise, mask_named("results"))
    return Chapter("model", 0, model.title, "", ((ask,), (ask,), (ask,)))


def _few_rows(value: Any) -> Any:
    array = np.asarray(value)
    return array[:_ROWS].tolist() if array.ndim else float(array)
