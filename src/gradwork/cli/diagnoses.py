"""List the causes that a wrong gradient is told by: code, name, and what it is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from gradwork.cli import _options

if TYPE_CHECKING:
    from gradwork.notation.document import Document


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Show the catalogue."""
    return _options.show(_page(), options)


def _page() -> Document:
    from gradwork.check.cause import causes
    from gradwork.notation.document import Document, Paragraph, Table

    found = causes()
    rows = tuple((cause.code, cause.name, cause.summary) for cause in found)
    facts = {
        "causes": [
            {"code": c.code, "name": c.name, "summary": c.summary, "bugs": list(c.bugs), "paper": list(c.paper)}
            for c in found
        ]
    }
    use = Paragraph("gradwork explain CODE shows one of them with a broken and a mended gradient.")
    table = Table(("code", "name", "what it is"), rows, align="lll")
    return Document("Causes of a wrong gradient", (table, use), facts)
