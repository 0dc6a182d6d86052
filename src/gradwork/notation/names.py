"""Names and characters: what Greek letters are called, where a name carries an index, what must not be printed."""

from __future__ import annotations

import re

_SMALL = (
    "alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ omicron ο "
    "pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω"
).split()
GREEK: dict[str, str] = dict(zip(_SMALL[::2], _SMALL[1::2], strict=True))
GREEK |= {name.capitalize(): letter.upper() for name, letter in GREEK.items()}
GREEK_NAMES: dict[str, str] = {letter: name for name, letter in GREEK.items()}

# A short name with its number, x1 or W12, or with an index after an underscore, x_1 or w_max.
_NUMBERED = re.compile(r"([^\W\d_]+)(\d+)")
_INDEXED = re.compile(r"([^\W\d_]+)_([^\W_]+)")

# What could steer a terminal, turn the direction of a line, or is no character at all.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff\ue000-\uf8ff]"
)


def clean(text: str) -> str:
    """The text without what could steer a terminal or break a file: spaces for tabs and line ends, � for the rest.

    >>> clean("a\\x1b[31mb\\tc")
    'a�[31mb c'
    """
    if text.isprintable() and text.isascii():
        return text
    text = text.replace("\u00ad", "")  # a soft hyphen shows or not as each window pleases
    return _UNPRINTABLE.sub(lambda match: " " if match[0] in "\t\n\r\v\f\u2028\u2029" else "\ufffd", text)


def split_name(name: str) -> tuple[str, str]:
    """A name's letters and the index that it carries, if any.

    >>> split_name("W1"), split_name("alpha_2"), split_name("w_max"), split_name("learning_rate"), split_name("loss")
    (('W', '1'), ('alpha', '2'), ('w', 'max'), ('learning_rate', ''), ('loss', ''))
    """
    if match := _NUMBERED.fullmatch(name):
        return match[1], match[2]
    match = _INDEXED.fullmatch(name)
    if match and (len(match[1]) == 1 or match[1] in GREEK or match[2].isdigit()):
        return match[1], match[2]
    return name, ""
