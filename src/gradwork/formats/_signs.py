"""The characters that a page of text is made of, in Unicode and in ASCII, and how wide they stand.

Style marks are private characters around single words; they take no room, and the last step of a page turns them
into colour or drops them. No text of a user's holds any: `clean` has taken them out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from gradwork.notation.names import GREEK_NAMES, clean

GLUE = "\u00a0"  # a space that no line is broken at; an ordinary space on the page

_END = "\ue000"
_STYLES = {
    "bold": "1",
    "dim": "2",
    "struck": "9",
    "heading": "1;36",
    "rule": "36",
    "new": "1;33",
    "result": "1;32",
    "right": "32",
    "wrong": "31",
    "blank": "1;35",
    "warning": "33",
}
_STARTS = {name: chr(0xE001 + i) for i, name in enumerate(_STYLES)}
_CODES = {_STARTS[name]: code for name, code in _STYLES.items()}
_MARKS = re.compile("[\ue000-\ue0ff]")


@dataclass(frozen=True, slots=True)
class Signs:
    """One set of characters. `tall` has for each bracket its top, middle, bottom and, for braces, its point."""

    dot: str
    ellipsis: str
    vertical_dots: str
    diagonal_dots: str
    root: str
    sum: str
    partial: str
    transpose: str
    rule: str
    double_rule: str
    tall: dict[str, tuple[str, str, str]]
    right: str
    wrong: str
    unicode: bool


_TALL = {
    "[": ("⎡", "⎢", "⎣"), "]": ("⎤", "⎥", "⎦"), "(": ("⎛", "⎜", "⎝"), ")": ("⎞", "⎟", "⎠"),
    "|": ("│", "│", "│"), "‖": ("║", "║", "║"), "{": ("⎧", "⎪", "⎩"), "}": ("⎫", "⎪", "⎭"),
}  # fmt: skip

UNICODE = Signs("·", "…", "⋮", "⋱", "√", "Σ", "∂", "ᵀ", "─", "═", _TALL, " ✓", " ✗", True)
ASCII = Signs("*", "...", ":", "..", "sqrt", "sum", "d", "^T", "-", "=", {}, " (right)", " (wrong)", False)

_ASCII_FOR = {
    "·": "*", "⋅": "*", "×": "*", "⊙": "(*)", "⊗": "(x)", "÷": "/", "−": "-", "–": "-", "—": "--", "‐": "-", "‑": "-",
    "→": "->", "←": "<-", "↦": "|->", "⇒": "=>", "⟹": "=>", "↑": "^", "↓": "v", "≈": "~=", "≤": "<=", "≥": ">=",
    "≠": "!=", "±": "+-", "∓": "-+", "√": "sqrt", "∛": "cbrt", "∞": "inf", "∂": "d", "∑": "sum", "Σ": "Sigma",
    "∏": "prod", "∫": "int", "∇": "grad ", "∈": " in ", "∘": "o", "‖": "||", "∣": "|", "│": "|", "…": "...", "⋯": "...",
    "⋮": ":", "⋱": "..", "‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "‚": ",", "«": "<<", "»": ">>", "•": "*",
    "°": " deg", "µ": "u", "✓": "ok", "✔": "ok", "✗": "x", "✘": "x", "ᵀ": "^T", "ₑ": "_e", "ß": "ss", "ẞ": "SS",
    "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "œ": "oe", "Œ": "OE",
    "½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "─": "-", "═": "=", "□": "[]", "■": "#", "€": "EUR",
    "⁻": "^-", "ε": "epsilon", "§": "section ", "©": "(c)", "®": "(R)", "¹": "^1", "²": "^2", "³": "^3", "ⁿ": "^n",
    "\ufffd": "?", GLUE: GLUE, "\u2009": " ", "\u202f": " ", "\u2007": " ", "\u00ad": "", "\u200d": "", "\ufe0f": "",
    **dict(zip("⁰⁴⁵⁶⁷⁸⁹", ("^0", "^4", "^5", "^6", "^7", "^8", "^9"), strict=True)),
    "★": "*",
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    **{letter: name for letter, name in GREEK_NAMES.items() if letter != "Σ"},
}  # fmt: skip
_ACCENT_NAMES = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot"}
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def to_ascii(text: str, *, name: bool = False) -> str:
    """The text in ASCII alone; a letter that has no likeness there is written by its number.

    >>> to_ascii("η → 0.1 ± ½, Müller"), to_ascii("ŷ", name=True), to_ascii("学")
    ('eta -> 0.1 +- 1/2, Muller', 'yhat', '\\\\u5b66')
    """
    return text if text.isascii() else "".join(_ascii_letter(letter, name) for letter in text)


def _ascii_letter(letter: str, name: bool) -> str:
    if letter.isascii() or _MARKS.match(letter):
        return letter
    if letter in _ASCII_FOR:
        return _ASCII_FOR[letter]
    if name and letter in _ACCENT_NAMES:
        return _ACCENT_NAMES[letter]
    if unicodedata.combining(letter):
        return ""
    simpler = unicodedata.normalize("NFKD", letter)
    if simpler != letter:
        return to_ascii(simpler, name=name)
    return letter.encode("ascii", "backslashreplace").decode()


def prepare(text: str, signs: Signs, *, name: bool = False) -> str:
    """A user's text made safe, and put into ASCII where only that can be shown."""
    text = clean(text)
    return text if signs.unicode else to_ascii(text, name=name)


def superscript(text: str) -> str:
    """Digits and a minus sign, raised."""
    return text.translate(_SUPERSCRIPTS)


def subscript(text: str) -> str:
    """Digits, lowered."""
    return text.translate(_SUBSCRIPTS)


def paint(text: str, style: str) -> str:
    """The text with a style for the eye: each word by itself, so that words may be parted and padded freely."""
    start = _STARTS[style]
    words = re.split(f"([ {GLUE}]+)", unpainted(text))
    return "".join(f"{start}{word}{_END}" if word.strip(f" {GLUE}") else word for word in words)


def unpainted(text: str) -> str:
    """The text without its style marks."""
    return text if text.isascii() else _MARKS.sub("", text)


def finished(line: str, color: bool) -> str:
    """A line as it goes out: marks turned to colour or dropped, glue to spaces, no space at the end."""
    line = line.replace(GLUE, " ")
    if not color:
        return unpainted(line).rstrip()
    return _MARKS.sub(lambda match: f"\x1b[{_CODES.get(match[0], '0')}m", line.rstrip())


def width(text: str) -> int:
    """How many columns of a window the text takes: wide letters take two, accents and marks none.

    >>> width("abc"), width("日本"), width("e\\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_letter_width(letter) for letter in text)


def _letter_width(letter: str) -> int:
    if letter < "\u0300":
        return 1
    if "\ue000" <= letter <= "\ue0ff" or unicodedata.combining(letter) or letter in "\u200d\ufe0f":
        return 0
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
