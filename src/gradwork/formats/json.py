"""Pages for programs: every block and piece as an object, numbers in full, and the facts behind the page.

Each formula also has `text`, as it stands on a plain page, and `spoken`, as it is read aloud. NaN and the
infinities, for which JSON has no numbers, are the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from gradwork.formats import Format
from gradwork.formats._formula import Formula
from gradwork.formats._signs import ASCII, GLUE, finished
from gradwork.notation.document import Block, Document, Style
from gradwork.notation.language import ENGLISH, Language
from gradwork.notation.layout import Layout
from gradwork.notation.speech import spoken
from gradwork.notation.writer import trimmed

VERSION = 1


def render(document: Document, style: Style) -> str:
    """The page as JSON text."""
    page = {
        "format": "gradwork-page",
        "version": VERSION,
        "title": document.title,
        "language": document.language,
        "blocks": [as_data(block, style.digits, document.say) for block in document.blocks],
        "facts": plain_data(document.facts),
    }
    return json.dumps(page, ensure_ascii=False, indent=1, allow_nan=False).encode(errors="replace").decode() + "\n"


def as_data(value: Any, digits: int, say: Language = ENGLISH) -> Any:
    """A block, or what stands in one, as dicts, lists, strings and numbers."""
    if isinstance(value, Layout):
        piece = trimmed(value, 60)
        text = finished(Formula(ASCII, digits, say=say).write(piece).line.replace(GLUE, " "), color=False)
        return {**_fields(piece), "text": text, "spoken": spoken(piece, digits, say)}
    if isinstance(value, Block):
        return {
            "kind": type(value).__name__,
            **{f.name: as_data(getattr(value, f.name), digits, say) for f in fields(value)},
        }
    if isinstance(value, (tuple, list)):
        return [as_data(item, digits, say) for item in value]
    if is_dataclass(value):  # curves and dots
        return {field.name: as_data(getattr(value, field.name), digits, say) for field in fields(value)}
    return plain_data(value)


def _fields(value: Any) -> Any:
    if isinstance(value, Layout):
        return {"kind": type(value).__name__, **{f.name: _fields(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, tuple):
        return [_fields(item) for item in value]
    return plain_data(value)


def plain_data(value: Any) -> Any:
    """What JSON can hold: arrays as nested lists, complex numbers as their parts, NaN and infinity as strings.

    >>> plain_data({"slope": float("nan"), 1: (2, 3.5)})
    {'slope': 'nan', '1': [2, 3.5]}
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, complex):
        return {"real": plain_data(value.real), "imaginary": plain_data(value.imag)}
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_data(item) for item in value]
    if hasattr(value, "tolist"):
        return plain_data(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_data(getattr(value, field.name)) for field in fields(value)}
    return str(value)


FORMAT = Format("json", ".json", "application/json", "every number in full, for programs", render)
