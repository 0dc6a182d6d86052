"""One figure by itself: a file of SVG without any extra, PNG where Matplotlib is installed, or a page in any format."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from gradwork.formats.display import Shown
from gradwork.notation.document import Document, Figure

SUFFIXES = (".svg", ".png")


@dataclass(frozen=True)
class Picture(Shown):
    """A figure with its title. Print it for a plot of characters; a notebook shows it; `save` writes it to a file.

    >>> from gradwork.notation.document import Curve
    >>> picture = Picture("A line", Figure((Curve((0.0, 1.0), (0.0, 1.0)),)))
    >>> picture.svg()[:38]
    '<svg xmlns="http://www.w3.org/2000/svg'
    """

    title: str
    figure: Figure

    def document(self) -> Document:
        """A page with this picture alone."""
        return Document(self.title, (self.figure,))

    def svg(self) -> str:
        """The picture as a file of its own, which moves where the figure does."""
        from gradwork.formats._svg_file import svg_file

        return svg_file(self.figure, self.title)

    def png(self) -> bytes:
        """The picture as Matplotlib draws it, one that moves where the figure does (an animated PNG).

        Raises MissingExtraError where Matplotlib is not installed.
        """
        from gradwork.formats._matplotlib import png

        return png(self.figure, self.title)

    def plot(self) -> Any:
        """The picture as a figure of Matplotlib. Raises MissingExtraError where that is not installed."""
        from gradwork.formats._matplotlib import drawn

        return drawn(self.figure, self.title)

    def save(self, path: str | os.PathLike[str], **style: Any) -> None:
        """Write the picture to a file: .svg, .png, or any format of pages, as the suffix says."""
        suffix = os.path.splitext(os.fspath(path))[1].lower()
        if suffix not in SUFFIXES:
            super().save(path, **style)
            return
        data = self.bytes_for(suffix)
        with open(path, "wb") as file:
            file.write(data)

    def bytes_for(self, suffix: str) -> bytes:
        """The file for ".svg" or ".png"."""
        return self.png() if suffix == ".png" else self.svg().encode("utf-8")
