"""List the formats that a page can be written in."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gradwork.cli import _options


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Show what there is."""
    from gradwork import formats
    from gradwork.notation.document import Document, Paragraph, Table

    found = [formats.named(name) for name in formats.names()]
    rows = tuple((one.name, one.suffix, one.summary) for one in found)
    use = Paragraph("Choose one with --to, or by the name of the file after -o.")
    facts = {"formats": [{"name": one.name, "suffix": one.suffix, "media_type": one.media_type} for one in found]}
    page = Document("Formats", (Table(("format", "file name", "what it is"), rows, align="lll"), use), facts)
    return _options.show(page, options)
