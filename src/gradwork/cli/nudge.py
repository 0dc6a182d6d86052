"""Measure a model's slopes by nudging: by layer, bias vector and weight column."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gradwork.cli import _options


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    _options.add_model(parser)
    _options.add_nudge(parser)
    parser.add_argument(
        "--sweep", action="store_true", help="one slope with nudges of every size: where truncation and rounding meet"
    )
    _options.add_extent(parser)
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Load the model, nudge its parameters (one of them by every size with --sweep), show the page."""
    from gradwork.models import load

    model = load(options.model, wrt=options.wrt, seed=options.seed)
    if options.sweep:
        return _options.show(model.sweep(wrt=options.wrt, digits=options.digits), options)
    document = model.nudge(
        wrt=options.wrt,
        nudge=options.nudge,
        rows=options.rows,
        columns=options.columns,
        digits=options.digits,
        full=options.full,
    )
    return _options.show(document, options)
