"""How numbers are printed on a sheet, and which count as equal to what is printed.

One policy everywhere: a value is rounded to the exercise's decimals, halves away from zero, as at school; every later
value is computed from the printed ones. So whoever works with what stands on the page gets what stands in the key.
"""

from __future__ import annotations

import math
from collections.abc import Callable

SLACK = 1e-9  # what arithmetic in binary may be off by, relative to a number of ordinary size


class NotShort(ArithmeticError):
    """A value would have to be rounded, or is too long for the sheet."""


def rounded(value: float, decimals: int) -> float:
    """The value as it is printed.

    >>> rounded(0.125, 2), rounded(-0.125, 2), rounded(3 * 2.1, 4)
    (0.13, -0.13, 6.3)
    """
    scale = 10.0**decimals
    size = abs(value) * scale
    whole = math.floor(size + 0.5 + min(SLACK * max(1.0, size), 1e-3))
    return math.copysign(round(whole / scale, decimals), value) if whole else 0.0


def printer(decimals: int, *, exact: bool, largest: float) -> Callable[[float], float]:
    """What a plan does with each value: round it to `decimals`.

    exact:   raise NotShort where that changes the value.
    largest: raise NotShort for a value beyond it.
    """

    def printed(value: float) -> float:
        shown = rounded(value, decimals)
        if not abs(shown) <= largest:
            raise NotShort
        if exact and abs(shown - value) > SLACK * max(1.0, abs(value)):
            raise NotShort
        return shown

    return printed


def number_text(value: float) -> str:
    """A printed value as text, without an exponent and without zeros that say nothing.

    >>> number_text(6.0), number_text(-0.25), number_text(0.1 + 0.2)
    ('6', '-0.25', '0.3')
    """
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
