"""How a result shows itself: as text when printed, as a page in a notebook, as any format on request."""

from __future__ import annotations

import os
import shutil
from typing import Any

from gradwork.notation.document import Document, Style


class Shown:
    """For anything with a method `document()`: `print` shows it, a notebook shows it, `save` writes it.

    >>> from gradwork.notation.document import Paragraph
    >>> class Greeting(Shown):
    ...     def document(self) -> Document:
    ...         return Document("Greeting", (Paragraph("hello"),))
    >>> print(Greeting())
    Greeting
    ========
    <BLANKLINE>
    hello
    """

    def document(self) -> Document:
        """The page that shows this."""
        if isinstance(self, Document):
            return self
        raise NotImplementedError(f"{type(self).__name__} has no document()")

    def document_for(self, format_name: str) -> Document:
        """The page for a format that may show more than others."""
        return self.document()

    def __str__(self) -> str:
        from gradwork.formats import render

        document = self.document()
        width = max(20, shutil.get_terminal_size((80, 24)).columns)
        return str(render(document, "plain", Style(digits=document.digits, width=width))).rstrip("\n")

    def _repr_html_(self) -> str:
        from gradwork.formats.html import fragment

        return fragment(self.document())

    def to(self, format_name: str, **style: Any) -> str | bytes:
        """This in a format: "plain", "terminal", "html", "json", "latex", "typst", "pdf".

        `style` has digits, width, color, unicode, paper.
        """
        from gradwork.formats import render

        document = self.document_for(format_name)
        return render(document, format_name, Style(**{"digits": document.digits, **style}))

    def save(self, path: str | os.PathLike[str], **style: Any) -> None:
        """Write this to a file, in the format that its suffix says."""
        from gradwork.formats import for_path

        page = self.to(for_path(os.fspath(path)), **style)
        with open(path, "wb") as file:
            file.write(page.encode("utf-8") if isinstance(page, str) else page)
