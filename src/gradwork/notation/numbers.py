"""How a number is written: as few digits as say it, never more than asked for."""

from __future__ import annotations

import math
from decimal import Decimal


def decimal_text(value: float | int | complex | bool, digits: int = 6) -> str:
    """Write `value` with at most `digits` significant digits and no trailing zeros.

    Whole numbers are written out up to 15 digits. From a million million on, or below 1e-4, a power of ten is used.
    The minus sign is ASCII; a format may set its own.

    >>> decimal_text(2498.06), decimal_text(-1539.2800000000002), decimal_text(0.1 + 0.2), decimal_text(2e-8)
    ('2498.06', '-1539.28', '0.3', '2e-8')
    >>> decimal_text(3.0), decimal_text(1234567.0), decimal_text(float("nan")), decimal_text(1 / 3, 3)
    ('3', '1234567', 'nan', '0.333')
    """
    value = getattr(value, "item", lambda: value)()  # a number of NumPy's, which this floor does not import
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, complex):
        return _complex_text(value, digits)
    if isinstance(value, int) and abs(value) >= 10**21:
        mantissa, _, exponent = f"{Decimal(value):.{digits - 1}e}".partition("e")
        return f"{_without_zeros(mantissa)}e{int(exponent)}"
    if isinstance(value, int):
        return str(value)
    value = float(value)
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    if exponent and 0 <= int(exponent) < 12:
        return f"{value:.0f}"
    mantissa = _without_zeros(mantissa)
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def _without_zeros(mantissa: str) -> str:
    return mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa


def _complex_text(value: complex, digits: int) -> str:
    real, imaginary = decimal_text(value.real, digits), decimal_text(abs(value.imag), digits)
    sign = "-" if value.imag < 0 else "+"
    return f"{imaginary if sign == '+' else '-' + imaginary}i" if value.real == 0 else f"{real} {sign} {imaginary}i"


def mantissa_and_exponent(text: str) -> tuple[str, int | None]:
    """Split "2.5e-8" into "2.5" and -8; the exponent is None where there is none."""
    mantissa, _, exponent = text.partition("e")
    parts_are_numbers = mantissa.lstrip("-").replace(".", "").isdigit() and exponent.lstrip("-").isdigit()
    return (mantissa, int(exponent)) if parts_are_numbers else (text, None)
