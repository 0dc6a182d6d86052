"""A page as a PDF, made by Typst: fonts inside, each formula with its words (PDF/UA-1), the same bytes at each run.

`pages` puts many documents into one file, each with its own page numbers, footer and code. Letters that Typst's own
fonts do not have come from the fonts of the machine; where that has none either, their numbers are shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gradwork.errors import MissingExtraError, UsageError
from gradwork.formats import Format, typst
from gradwork.notation.document import Document, Style

_INSTALL = 'python -m pip install "gradwork[pdf]"'
_UNSHOWN = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed', re.DOTALL)
_LONGEST_CODE = 213  # bytes of a QR code of version 10: finer ones are not read from paper
_MOST_TRIES = 6


@dataclass(frozen=True, slots=True)
class Page:
    """A document as it goes to paper: what stands at the foot of each page, and the text of the QR code there."""

    document: Document
    footer: str = ""
    code: str = ""


def render(document: Document, style: Style, *, footer: str = "", code: str = "") -> bytes:
    """One document as a PDF.

    Raises MissingExtraError where Typst (or, for a `code`, segno) is not installed, UsageError for a paper that there
    is not and for a code that is too long.
    """
    return pages([Page(document, footer, code)], style)


def pages(documents: Sequence[Document | Page], style: Style | None = None) -> bytes:
    """Documents in one PDF: each begins on a new page, and its pages are counted from 1.

    Without a style, each has its own digits, on A4. Raises what `render` raises, and UsageError where there is nothing
    to print.
    """
    given = [one if isinstance(one, Page) else Page(one) for one in documents]
    if not given:
        raise UsageError("there is no document to print", hint="pages([document])")
    sheets = [
        typst.sheet(
            one.document,
            style or Style(digits=one.document.digits),
            number,
            one.footer,
            _code(one.code) if one.code else "",
        )
        for number, one in enumerate(given, 1)
    ]
    return _compiled(typst.source(sheets, given[0].document))


@lru_cache(maxsize=1024)
def _code(text: str) -> str:
    """A QR code as SVG."""
    try:
        import segno
    except ImportError as error:
        raise MissingExtraError("a QR code needs segno, which is not installed", hint=_INSTALL) from error
    size = len(text.encode("utf-8", errors="replace"))
    if size > _LONGEST_CODE:
        raise UsageError(
            f"the text of the code is too long: {size} bytes",
            why=f"a code of more than {_LONGEST_CODE} bytes is too fine to be read from paper",
            hint="a shorter address, or the seed alone",
        )
    made = segno.make_qr(text.encode("utf-8", errors="replace").decode(), error="m", boost_error=False)
    written: str = made.svg_inline(border=3, omitsize=True)
    return written.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def _compiled(source: str) -> bytes:
    """The PDF of a source. A letter that no font has is a reason to look further, then to show its number."""
    compiler = _typst()
    own_fonts_only = True
    for _ in range(_MOST_TRIES):
        try:
            made: bytes = compiler.compile(
                source.encode("utf-8"), ignore_system_fonts=own_fonts_only, format="pdf", pdf_standards="ua-1"
            )
            return made
        except compiler.TypstError as error:
            letters = _unshown(str(error.diagnostic))
            if not letters:
                raise
            if not own_fonts_only:
                source = _with_numbers(source, letters)
            own_fonts_only = False
    return _refused(source)


def _refused(source: str) -> bytes:
    # Every letter beyond what all fonts have: nothing is left to be refused.
    compiler = _typst()
    letters = {letter for letter in source if letter > "\u024f"}
    made: bytes = compiler.compile(
        _with_numbers(source, letters).encode("utf-8"), ignore_system_fonts=True, format="pdf", pdf_standards="ua-1"
    )
    return made


def _unshown(message: str) -> set[str]:
    """The letters that Typst has no font for."""
    texts = _UNSHOWN.findall(message)
    return {letter for text in texts for letter in _unescaped(text) if not letter.isascii()}


def _unescaped(text: str) -> str:
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), text)


def _with_numbers(source: str, letters: set[str]) -> str:
    return source.translate({ord(letter): f"U+{ord(letter):04X}" for letter in letters})


def _typst() -> Any:
    try:
        import typst as compiler
    except ImportError as error:
        raise MissingExtraError("a PDF needs typst, which is not installed", hint=_INSTALL) from error
    return compiler


FORMAT = Format("pdf", ".pdf", "application/pdf", "for paper; each formula has its words for a screen reader", render)
