"""Work a model's gradient all three ways, with every number shown."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gradwork.cli import _options


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    _options.add_model(parser)
    _options.add_nudge(parser)
    _options.add_extent(parser)
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Load the model, work it, show the page."""
    from gradwork.models import load

    model = load(options.model, wrt=options.wrt, seed=options.seed)
    document = model.work(
        wrt=options.wrt,
        nudge=options.nudge,
        rows=options.rows,
        columns=options.columns,
        digits=options.digits,
        full=options.full,
    )
    return _options.show(document, options)
