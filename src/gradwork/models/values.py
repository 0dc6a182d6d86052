"""Numbers in model files: single ones, nested lists, and random ones that everybody draws alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwork.descent.starts import INITS, Stream, fans
from gradwork.errors import ModelError
from gradwork.models.text import ModelText, Path, describe

Array = np.ndarray[Any, Any]
MOST = 50_000_000


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


def _given_shape(text: ModelText, value: Any, path: Path) -> tuple[int, ...]:
    sizes = [value] if isinstance(value, int) else value
    if not isinstance(sizes, list) or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sizes):
        why = "a shape is a list of whole numbers above 0" if value is not None else "it has no shape"
        raise text.error(path, f"the shape of {path[-1]} cannot be read", why, "shape = [2, 3]")
    if math.prod(sizes) > MOST:
        raise text.error(path, f"{path[-1]} would have {math.prod(sizes):,} numbers", f"up to {MOST:,} are drawn")
    return tuple(sizes)
