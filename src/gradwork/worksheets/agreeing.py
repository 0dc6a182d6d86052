"""Whether what was typed is a value: exactly as the sheet asks, with too few digits, or a slip beside it."""

from __future__ import annotations

from gradwork.worksheets.answers import Reading
from gradwork.worksheets.rounding import SLACK, number_text, rounded

# How far off a whole number may be that is short for a number with decimals: 2 for 1.96 (a 0 behind the point is not
# written), 140 for 139.8.
TENTH, NEAREST = 0.05, 0.005


def agrees(reading: Reading, value: float, decimals: int) -> bool:
    """Whether what was typed is this value, as exactly as the sheet asks."""
    typed = reading.value
    slack = SLACK * max(1.0, abs(value))
    if abs(typed - value) <= slack:
        return True
    if reading.decimals is None:
        return (
            rounded(typed, decimals) == rounded(value, decimals) and abs(typed - value) <= 0.5 * 10.0**-decimals + slack
        )
    if reading.decimals >= decimals:
        return abs(typed - value) <= 0.5 * 10.0**-decimals * (1 + 1e-6) + slack
    return False


def shows(reading: Reading, value: float, decimals: int, digits: int) -> bool:
    """Whether what was typed is this value as exactly as the sheet asks, or rounded to so many digits at least.

    What is wrong has other digits than the key, and may be cut off elsewhere.
    """
    if agrees(reading, value, decimals):
        return True
    if not reading.decimals or reading.decimals >= decimals:
        return False
    if len(number_text(abs(reading.value)).replace(".", "").lstrip("0")) < digits:
        return False
    return abs(reading.value - value) <= 0.5 * 10.0**-reading.decimals * (1 + 1e-6)


def is_short_of(reading: Reading, value: float, exact: bool) -> bool:
    """Whether what was typed is this value, rounded to fewer digits than the sheet asks.

    Where nothing has to be rounded, a whole number has to be very near.
    """
    if reading.decimals is None:
        return False
    off = abs(reading.value - value)
    if exact and not reading.decimals and off > max(min(TENTH, 0.025 * abs(value)), NEAREST * abs(value)):
        return False
    if off > (0.2 if reading.decimals else 0.05) * abs(value):
        return False
    # A half may be rounded either way.
    return off <= 0.5 * 10.0**-reading.decimals * (1 + 1e-6)


def has_one_digit(reading: Reading) -> bool:
    """Whether a number with decimals has one digit but for zeros: 0.1."""
    return bool(reading.decimals) and len(number_text(abs(reading.value)).replace(".", "").strip("0")) == 1


def is_beside(typed: float, right: float) -> bool:
    """Whether a number is the right one but for 1 or 2 in a digit, and neither 0 nor that with the other sign."""
    if not right or typed == -right:
        return False
    texts = [number_text(abs(v)) for v in (typed, right)]
    places = max(len(text.partition(".")[2]) for text in texts)
    apart = abs(typed - right) * 10.0**places
    # Of a number's first digit, 1 or 2 is too much to be beside it: 4 for 104.
    near = apart < 2.5 or abs(typed - right) <= abs(right) / 2
    return near and any(abs(apart - steps * 10**k) < 1e-6 for steps in (1, 2) for k in range(3))
