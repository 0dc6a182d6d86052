"""The table [descend] of a model file: which keys it may have, and what each may be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from gradwork.descent import methods
from gradwork.descent.schedules import FORMULAS
from gradwork.descent.starts import INITS
from gradwork.models import values
from gradwork.models.text import ModelText, describe


class Kind(NamedTuple):
    """What a setting may be: in words, as a test, and an example."""

    words: str
    fits: Callable[[Any], bool]
    example: str


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _names(value: Any) -> bool:
    several = isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)
    return isinstance(value, bool | str) or several


_ABOVE = Kind("a finite number above 0", lambda v: _number(v) and v > 0, "0.01")
_SHARE = Kind("a share of the rows, between 0 and 1", lambda v: _number(v) and 0 < v < 1, "0.2")
KINDS = {
    "learning_rate": _ABOVE,
    "clip": _ABOVE,
    "init_scale": _ABOVE,
    "weight_decay": Kind("a finite number, 0 or more", lambda v: _number(v) and v >= 0, "0.001"),
    "holdout": _SHARE,
    "test": _SHARE,
    "steps": Kind("a whole number, 0 or more", lambda v: _whole(v, 0), "1000"),
    "seed": Kind("a whole number, 0 or more", lambda v: _whole(v, 0), "1"),
    "batch": Kind("a whole number, 1 or more", lambda v: _whole(v, 1), "32"),
    "standardise": Kind("true, false, or names of data", _names, "true"),
}
WORDS: dict[str, Callable[[], tuple[str, ...]]] = {
    "method": methods.names,
    "schedule": lambda: tuple(FORMULAS),
    "init": lambda: tuple(INITS),
}
KEYS = (*KINDS, *WORDS)


def check(text: ModelText, table: dict[str, Any]) -> None:
    """Raise ModelError, with the line, for a setting that there is not and for a value that it cannot have."""
    text.check_keys(table, KEYS, ("descend",), "of [descend]")
    for key, value in table.items():
        path = ("descend", key)
        if key in WORDS:
            known = WORDS[key]()
            text.take(table, key, str, "a text", ("descend",))
            said = value.replace(" ", "-").replace("_", "-") if key == "method" else value
            if said not in known:
                raise values.unknown(text, path, value, known)
        elif not KINDS[key].fits(value):
            kind = KINDS[key]
            raise text.error(
                path, f"{key} has to be {kind.words}", f"it is {describe(value)}", f"{key} = {kind.example}"
            )
