"""Numbers in model files: single ones, nested lists, and random ones that everybody draws alike.

Random numbers come from `random.Random(seed).random()` alone: Python promises that stream for all time, and promises
nothing of its other methods.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwork.errors import ModelError
from gradwork.models.text import ModelText, Path, describe

Array = np.ndarray[Any, Any]
MOST = 50_000_000


class Stream:
    """Random numbers of one seed, in the order in which parameters are read."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.used: list[str] = []
        self._random = random.Random(seed).random

    def draw(self, shape: tuple[int, ...], init: str, scale: float | None, fans: tuple[int, int]) -> Array:
        """An array of one of the kinds in `INITS`. fans: how many numbers go into a unit, and come out of the layer.

        >>> Stream(0).draw((2,), "glorot", None, (3, 3)).round(4).tolist()
        [0.6888, 0.5159]
        """
        kind = INITS[init]
        count = math.prod(shape)
        if init != "zeros":
            self.used.append(init)
        return np.array([kind(self._random, scale, fans) for _ in range(count)], dtype=np.float64).reshape(shape)


def _uniform(draw: Callable[[], float], limit: float) -> float:
    return (2 * draw() - 1) * limit


def _normal(draw: Callable[[], float], scale: float) -> float:
    # Box and Muller: two uniform numbers make a normal one. 1 - u is never 0, so its logarithm is finite.
    radius = math.sqrt(-2 * math.log(1 - draw()))
    return scale * radius * math.cos(2 * math.pi * draw())


# Limits of the uniform kinds: Glorot and Bengio (2010) keep the variance both ways, He et al. (2015) that after relu.
INITS: dict[str, Callable[[Callable[[], float], float | None, tuple[int, int]], float]] = {
    "glorot": lambda draw, scale, fans: _uniform(draw, (scale or 1) * math.sqrt(6 / max(1, sum(fans)))),
    "he": lambda draw, scale, fans: _uniform(draw, (scale or 1) * math.sqrt(6 / max(1, fans[0]))),
    "uniform": lambda draw, scale, fans: _uniform(draw, 1 if scale is None else scale),
    "normal": lambda draw, scale, fans: _normal(draw, 1 if scale is None else scale),
    "zeros": lambda draw, scale, fans: 0.0,
}


def number(text: ModelText, value: Any, path: Path) -> float:
    """A single finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        headline = f"{path[-1]} has to be a number"
        raise text.error(path, headline, f"it is {describe(value)}", f"{path[-1]} = 0.5")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise text.error(path, f"{path[-1]} is {value}", "a loss needs finite numbers", f"{path[-1]} = 0.5")
    return result


def array(text: ModelText, value: Any, path: Path) -> Array:
    """Nested lists of finite numbers as an array of floats."""
    flat: list[float] = []
    shape = _shape(text, value, path, flat)
    return np.array(flat, dtype=np.float64).reshape(shape)


def _shape(text: ModelText, value: Any, path: Path, flat: list[float], depth: int = 0) -> tuple[int, ...]:
    if not isinstance(value, list):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise text.error(path, f"{path[-1]} has to hold numbers", f"it holds {describe(value)}", "[0.5, 1, 2]")
        if not math.isfinite(value):
            why = "nan and inf stand for no number that a loss could use"
            raise text.error(path, f"{path[-1]} holds {value} in {_place(len(flat))}", why, "a number")
        flat.append(float(value))
        return ()
    if not value or depth > 30:
        why = "it needs at least one number" if not value else "its lists lie too deep"
        raise text.error(path, f"{path[-1]} holds an empty list" if not value else f"{path[-1]} cannot be read", why)
    shapes = [_shape(text, item, path, flat, depth + 1) for item in value]
    odd = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
    if odd is not None:
        why = f"row 1 has {_entries(shapes[0])}, row {odd + 1} has {_entries(shapes[odd])}"
        raise text.error(path, f"the rows of {path[-1]} differ in length", why, "rows of one length")
    return (len(value), *shapes[0])


def _place(position: int) -> str:
    return f"entry {position + 1}"


def _entries(shape: tuple[int, ...]) -> str:
    return "a single number" if not shape else f"{shape[0]} entr{'y' if shape[0] == 1 else 'ies'}"


def parameter(text: ModelText, value: Any, path: Path, stream: Stream, layout: str) -> float | Array:
    """A parameter: a number, nested lists, or { shape = [...], init = "...", scale = ... }."""
    if isinstance(value, list):
        return array(text, value, path)
    if not isinstance(value, dict):
        return number(text, value, path)
    text.check_keys(value, ("shape", "init", "scale"), path, f"of {path[-1]}")
    shape = _given_shape(text, value.get("shape"), path)
    init, scale = random_kind(text, value, path)
    drawn = stream.draw(shape, init, scale, fans(shape, layout))
    return drawn if shape else float(drawn)


def random_kind(text: ModelText, table: dict[str, Any], path: Path) -> tuple[str, float | None]:
    """The keys `init` and `scale` of a table."""
    init = text.take(table, "init", str, "a text", path) or "glorot"
    if init not in INITS:
        raise unknown(text, (*path, "init"), init, INITS)
    scale = number(text, table["scale"], (*path, "scale")) if "scale" in table else None
    return init, scale


def unknown(text: ModelText, path: Path, word: str, known: Any) -> ModelError:
    """The error for a word that is none of those that a key may have."""
    from gradwork.graph.formula.evaluate import close

    near = close(word, known)
    why = f"it is one of {', '.join(known)}"
    return text.error(path, f"{path[-1]} cannot be {word!r}", why, " or ".join(f'"{n}"' for n in near) or None)


def fans(shape: tuple[int, ...], layout: str) -> tuple[int, int]:
    """How many numbers go into each unit of a weight matrix, and how many units it has."""
    if len(shape) < 2:
        return (shape[0] if shape else 1), 1
    return (shape[-2], shape[-1]) if layout == "rows" else (shape[-1], shape[-2])


def _given_shape(text: ModelText, value: Any, path: Path) -> tuple[int, ...]:
    sizes = [value] if isinstance(value, int) else value
    if not isinstance(sizes, list) or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sizes):
        why = "a shape is a list of whole numbers above 0" if value is not None else "it has no shape"
        raise text.error(path, f"the shape of {path[-1]} cannot be read", why, "shape = [2, 3]")
    if math.prod(sizes) > MOST:
        raise text.error(path, f"{path[-1]} would have {math.prod(sizes):,} numbers", f"up to {MOST:,} are drawn")
    return tuple(sizes)
