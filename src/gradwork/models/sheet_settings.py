"""The tables [sheet] and [draw] of a model file: what a worksheet of it asks, and how its numbers are drawn.

[sheet]
text = "Work the gradient out."
mask = "results+shapes"       what is left blank
decimals = 2                  the places that numbers are printed with
exact = false                 whether nothing has to be rounded to them
rows = 4                      so many rows of the data
gradients = ["W", "b"]        what the way back leads to; false for none, all parameters where it is left out
slopes = true                 local slopes as lines of their own
also = ["slope = X"]          a second way to a line
times = 3                     so many exercises, each with other numbers
[sheet.labels]
slope = "dZ/dW"

[draw]                        by seed, in place of the values of the file
W = { whole = [-3, 4] }       or { decimal = [-1, 1, 1] } with its places, or { pick = [0.1, 0.2] }
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwork.models.text import ModelText
from gradwork.worksheets.draw import Draw

KEYS = ("text", "mask", "decimals", "exact", "rows", "gradients", "slopes", "also", "times", "labels")
_KINDS = {
    "text": (str, "a text"),
    "mask": (str, "a text"),
    "decimals": (int, "a whole number"),
    "exact": (bool, "true or false"),
    "rows": (int, "a whole number"),
    "slopes": (bool, "true or false"),
    "times": (int, "a whole number"),
    "labels": (dict, "a table"),
    "also": (list, "a list of equations"),
}
_POOLS = {"whole": 2, "decimal": 3, "pick": 0}


def check(text: ModelText, sheet: dict[str, Any], draw: dict[str, Any]) -> None:
    """Raise ModelError, with its place, for what cannot be used."""
    text.check_keys(sheet, KEYS, ("sheet",), "of [sheet]")
    for key, (kind, what) in _KINDS.items():
        text.take(sheet, key, kind, what, ("sheet",))
    for key in ("decimals", "rows", "times"):
        if key in sheet and not 0 <= sheet[key] <= 99:
            raise text.error(("sheet", key), f"{key} cannot be {sheet[key]}", "it is from 0 to 99", f"{key} = 3")
    for name, pool in draw.items():
        _check_pool(text, name, pool)


def _check_pool(text: ModelText, name: str, pool: Any) -> None:
    hint = f"{name} = {{ whole = [-3, 4] }}"
    if not isinstance(pool, dict) or len(pool) != 1 or next(iter(pool)) not in _POOLS:
        why = "a draw is { whole = [low, high] }, { decimal = [low, high, places] } or { pick = [...] }"
        raise text.error(("draw", name), f"the draw of {name} cannot be read", why, hint)
    kind, numbers = next(iter(pool.items()))
    count = _POOLS[kind]
    fits = isinstance(numbers, list) and numbers and all(isinstance(n, int | float) for n in numbers)
    if not fits or (count and len(numbers) != count) or (count and numbers[0] > numbers[1]):
        why = f"{kind} takes {f'{count} numbers, the lower one first' if count else 'a list of numbers'}"
        raise text.error(("draw", name), f"the draw of {name} cannot be read", why, hint)


def drawer(pool: dict[str, Any]) -> Callable[[Draw, tuple[int, ...]], Any]:
    """What draws an array of a shape from a pool."""
    kind, numbers = next(iter(pool.items()))
    if kind == "whole":
        return lambda draw, shape: draw.whole(int(numbers[0]), int(numbers[1]), shape)
    if kind == "decimal":
        return lambda draw, shape: draw.decimal(numbers[0], numbers[1], int(numbers[2]), shape)
    return lambda draw, shape: draw.pick(numbers, shape)
