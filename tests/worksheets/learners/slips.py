"""Learners who slip at one number and carry on from there: with a name, and with none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .simulation import Answer, Work, text_of

Change = Callable[[float, Any, tuple[int, ...], int, Any], float | None]


def sign_lost(value: float, written: Any, cell: Any, digits: int, draw: Any) -> float | None:
    return -value if value else None


def point_moved(value: float, written: Any, cell: Any, digits: int, draw: Any) -> float | None:
    if abs(value) < 2:
        return None
    return value * (0.1 if draw.random() < 0.5 and round(value * 10 ** (digits - 1), 6).is_integer() else 10)


def digits_swapped(value: float, written: Any, cell: Any, digits: int, draw: Any) -> float | None:
    text = text_of(abs(value), digits)
    places = [k for k in range(len(text) - 1) if (text[k : k + 2]).isdigit() and text[k] != text[k + 1]]
    if not places:
        return None
    k = int(draw.choice(places))
    swapped = text[:k] + text[k + 1] + text[k] + text[k + 2 :]
    return float(swapped) * np.sign(value)


def cell_beside(value: float, written: Any, cell: tuple[int, ...], digits: int, draw: Any) -> float | None:
    others = [float(v) for v in np.ravel(written) if v != value]
    return float(draw.choice(others)) if others else None


def off_by_one(value: float, written: Any, cell: Any, digits: int, draw: Any) -> float | None:
    step = 10.0 ** -(len(text_of(value, digits).partition(".")[2]))
    return value + step * draw.choice([-1, 1])


def off_by_two(value: float, written: Any, cell: Any, digits: int, draw: Any) -> float | None:
    step = 10.0 ** -(len(text_of(value, digits).partition(".")[2]))
    return value + step * draw.choice([-2, 2])


def off_by_ten(value: float, written: Any, cell: Any, digits: int, draw: Any) -> float | None:
    step = 10.0 ** -(len(text_of(value, digits).partition(".")[2]))
    return value + 10 * step * draw.choice([-1, 1])


def digit_typo(value: float, written: Any, cell: Any, digits: int, draw: Any) -> float | None:
    text = text_of(abs(value), digits)
    places = [k for k, letter in enumerate(text) if letter.isdigit()]
    k = int(draw.choice(places))
    other = str(draw.choice([d for d in "0123456789" if d != text[k]]))
    return float(text[:k] + other + text[k + 1 :]) * (np.sign(value) or 1.0)


def times_table(value: float, written: Any, cell: Any, digits: int, draw: Any) -> float | None:
    """A product that is off by one factor: 7 x 8 = 63, 6 x 4 = 28."""
    factors = [k for k in range(2, 10) if value and value % k == 0 and abs(value // k) >= 2]
    return value + float(draw.choice(factors)) * draw.choice([-1, 1]) if factors else None


NAMED: dict[str, Change] = {
    "sign lost": sign_lost,
    "decimal point moved": point_moved,
    "digits swapped": digits_swapped,
    "copied from the cell beside": cell_beside,
}
NAMELESS: dict[str, Change] = {
    "off by one": off_by_one,
    "off by two": off_by_two,
    "off by ten": off_by_ten,
    "a digit mistyped": digit_typo,
    "a product off by a factor": times_table,
}


def slipping(work: Work, change: Change, draw: Any) -> list[Answer] | None:
    """One number of one line goes wrong by `change`; everything after it is carried on."""
    from .workings import WORKINGS

    cells = [c for c in work.cells if any(line.startswith(c[0] + " = ") for line in WORKINGS[work.kind])]
    if not cells:
        return None
    name, cell = cells[int(draw.integers(len(cells)))]

    def slip(_: Work, line: str, written: Any) -> Any:
        if line != name:
            return written
        slipped = change(float(written[cell]), written, cell, work.digits, draw)
        if slipped is None:
            return written
        written = np.array(written, dtype=float)
        written[cell] = slipped
        return written

    return work.run([], slip)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "comma": lambda text: text.replace(".", ","),
    "zeros at the end": lambda text: text if not _number(text) else text + ("0" if "." in text else ".0"),
    "no zero in front": lambda text: text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text,
    "plus in front": lambda text: "+" + text if _number(text) and not text.startswith("-") else text,
    "long minus": lambda text: text.replace("-", "\u2212") if _number(text) else text,
    "spaces": lambda text: f"  {text} ",
    "exponent": lambda text: f"{float(text):.9e}" if _number(text) else text,
    "fraction": lambda text: _fraction(text),
}


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _fraction(text: str) -> str:
    if not _number(text) or "." not in text:
        return text
    whole = text.replace(".", "")
    return f"{int(whole)}/{10 ** len(text.partition('.')[2])}"
