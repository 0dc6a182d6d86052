"""Text for a window: mathematical signs and, where it is wished for, colour."""

from __future__ import annotations

from gradwork.formats import Format
from gradwork.formats._signs import ASCII, UNICODE
from gradwork.formats._text import render_text
from gradwork.notation.document import Document, Style


def render(document: Document, style: Style) -> str:
    """The page as text; in ASCII where the style says that the window has no more."""
    return render_text(document, style, UNICODE if style.unicode else ASCII)


FORMAT = Format("terminal", "", "text/plain; charset=utf-8", "text for a window, with mathematical signs", render)
