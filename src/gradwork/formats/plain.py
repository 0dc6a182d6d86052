"""Plain text in ASCII, for files, pipes and windows that know nothing else."""

from __future__ import annotations

from dataclasses import replace

from gradwork.formats import Format
from gradwork.formats._signs import ASCII
from gradwork.formats._text import render_text
from gradwork.notation.document import Document, Style


def render(document: Document, style: Style) -> str:
    """The page as ASCII text without colour."""
    return render_text(document, replace(style, color=False), ASCII)


FORMAT = Format("plain", ".txt", "text/plain", "text in ASCII alone", render)
