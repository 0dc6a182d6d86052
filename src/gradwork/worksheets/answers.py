"""Reading what a person wrote in a blank: fractions, decimal commas, exponents, and signs from any keyboard.

What cannot be read is never wrong: it is said to be unreadable, and the learner is asked again.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "·": "*", "×": "*", "⁄": "/", "∕": "/", "÷": "/"}
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_PLAIN = r"(?:\d+(?:\.\d*)?|\.\d+)"
_NUMBER = re.compile(rf"[+-]?{_PLAIN}(?:e[+-]?\d+)?")
_SCIENTIFIC = re.compile(rf"([+-]?)(?:({_PLAIN})\s*[* ]\s*)?10\s*(?:\^|\*\*)\s*\(?([+-]?\d+)\)?")
_POWER = re.compile(rf"({_PLAIN})\s*(?:\^|\*\*)\s*(\d\d?)")
_ROOT = re.compile(rf"([+-]?)(?:sqrt\s*\(\s*({_PLAIN})\s*\)|√\s*\(?\s*({_PLAIN})\s*\)?)")
_MIXED = re.compile(r"([+-]?)(\d+)\s+(\d+)\s*/\s*(\d+)")
_NOTHING = frozenset({"", "?", "-", "–", "—", "−"})
_BEFORE = re.compile(r"^(?:ca\.?|approx\.?|about|circa|etwa|rund)\s+")


@dataclass(frozen=True)
class Reading:
    """A number as it was written. `decimals` are the places behind the point; None for a fraction, which is exact."""

    value: float
    decimals: int | None


def is_empty(text: str) -> bool:
    """Whether nothing is answered: nothing at all, or a mark that stands for it.

    >>> [is_empty(text) for text in (" ", "?", "-", "–", "-1", "?!")]
    [True, True, True, True, False, False]
    """
    return text.strip() in _NOTHING


def read_number(text: str) -> tuple[Reading, ...]:
    """The numbers that a text may mean: usually one; two for 1,000, which is one or a thousand; () if unreadable.

    >>> [r.value for r in read_number("−3,5")], [r.value for r in read_number("1/4")], read_number("three")
    ([-3.5], [0.25], ())
    """
    apart = re.sub(r"(?<=\d)(?=[¼-¾⅐-⅞])", " ", text)  # 1½ is one and a half, and not eleven halves
    raised = re.sub(r"[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m[0].translate(_RAISED), apart)
    plain = unicodedata.normalize("NFKC", raised.translate(_SIGNS)).translate(_SIGNS).strip().lower()
    plain = _BEFORE.sub("", plain.rpartition("=")[2].strip())  # what was worked out stands at the end: dZ = 2 * 3 = 6
    plain = re.sub(r"\s*\([^()\d]*\)$|\s*[;!]$", "", plain)  # "(rounded)"
    plain = re.sub(r"^[≈~]\s*|(?<=\d)\s*(?:\.\.+|…)$|(?<=[.,]\d)\.$|(?<=[.,]\d\d)\.$", "", plain).strip()
    while plain.startswith(("(", "[")) and plain.endswith((")", "]")):
        plain = plain[1:-1].strip()
    plain = re.sub(r"^([+-])\s+", r"\1", plain)
    if mixed := _MIXED.fullmatch(plain):
        return _fraction(mixed[1] + mixed[2], mixed[3], mixed[4])
    readings = [r for form in _without_commas(plain) for r in _read(form)]
    return tuple(dict.fromkeys(readings))


def _without_commas(text: str) -> list[str]:
    text = re.sub(r"(?<=\d)[ \u00a0\u202f'](?=\d{3}(?:\D|$))", "", text)
    if "," not in text:
        return [text]
    if text.count(",") == 1 and "." not in text:
        as_point = text.replace(",", ".")
        groups = re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text)
        return [as_point, text.replace(",", "")] if groups else [as_point]
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", text):
        return [text.replace(",", "")]
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d*", text):
        return [text.replace(".", "").replace(",", ".")]
    parts = [_without_commas(part)[:1] for part in text.split("/")] if text.count("/") == 1 else [[]]
    return ["/".join(one for part in parts for one in part)] if all(parts) else []


def _read(text: str) -> tuple[Reading, ...]:
    if text.endswith("%"):
        inside = _read(text[:-1].strip())
        return tuple(Reading(r.value / 100, None if r.decimals is None else r.decimals + 2) for r in inside)
    if _NUMBER.fullmatch(text):
        value = float(text)
        return (Reading(value, _places(text)),) if math.isfinite(value) else ()
    if found := _SCIENTIFIC.fullmatch(text):
        mantissa, exponent = found[2] or "1", int(found[3])
        if abs(exponent) > 300:
            return ()
        return (Reading(float(f"{found[1]}{mantissa}e{exponent}"), max(_places(mantissa) - exponent, 0)),)
    if found := _POWER.fullmatch(text):
        value = float(found[1]) ** int(found[2])
        return (Reading(value, None),) if math.isfinite(value) else ()
    if found := _ROOT.fullmatch(text):
        return (Reading(math.sqrt(float(found[2] or found[3])) * (-1 if found[1] == "-" else 1), None),)
    top, slash, bottom = text.partition("/")
    if slash and "/" not in bottom:
        one, other = _read(top.strip().strip("()")), _read(bottom.strip().strip("()"))
        if one and other and other[0].value:
            return (Reading(one[0].value / other[0].value, None),)
    return ()


def _fraction(whole: str, top: str, bottom: str) -> tuple[Reading, ...]:
    if int(bottom) == 0:
        return ()
    part = int(top) / int(bottom)
    return (Reading(int(whole) - part if whole.startswith("-") else int(whole) + part, None),)


def _places(text: str) -> int:
    mantissa, _, exponent = text.partition("e")
    return max(len(mantissa.partition(".")[2]) - int(exponent or 0), 0)
