"""List the chapters of the workbook: what each is for, and what comes before it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gradwork.cli import _options


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument("--masks", action="store_true", help="list the masks instead: what a sheet may leave blank")
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Show the list."""
    from gradwork.notation.document import Document, Table

    if options.masks:
        from gradwork.worksheets.masks import Masks, masks

        rows = tuple((m.example if isinstance(m, Masks) else n, m.title) for n, m in masks().items())
        return _options.show(Document("Masks", (Table(("mask", "hides"), rows, align="ll"),)), options)
    from gradwork.worksheets.chapters import chapters

    found = chapters().values()
    lines = tuple((str(c.number), c.slug, c.title, c.goals) for c in found)
    facts = {
        "chapters": [{"number": c.number, "slug": c.slug, "title": c.title, "needs": list(c.needs)} for c in found]
    }
    page = Document("Chapters", (Table(("", "chapter", "title", "goal"), lines, align="rlll"),), facts=facts)
    return _options.show(page, options)
