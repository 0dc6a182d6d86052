"""Gradient descent on a model, with the numbers of each step, and why it stopped."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace

from gradwork.cli import _options
from gradwork.descent import methods

# Those of gradwork.descent.schedules, which needs NumPy; a test holds the two equal.
SCHEDULES = ("constant", "step", "cosine", "warm-up")


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    _options.add_model(parser)
    group = parser.add_argument_group("the descent; what is left out is taken from [descend] in the model")
    group.add_argument("--learning-rate", type=_above_zero, metavar="R", help="the learning rate (default: chosen)")
    group.add_argument("--steps", type=_options.at_least(0), metavar="N", help="at most so many steps (default 1000)")
    group.add_argument("--method", choices=methods.names(), help="the update rule (default gd)")
    group.add_argument("--batch", type=_options.at_least(1), metavar="N", help="rows of a step (default: all)")
    group.add_argument("--schedule", choices=SCHEDULES, help="how the learning rate changes on the way")
    group.add_argument("--checkpoint", metavar="FILE", help="keep the run in FILE, and go on from there")
    shown = parser.add_argument_group("which steps are worked")
    shown.add_argument("--work", type=_options.at_least(0), default=0, metavar="N", help="the first N steps")
    shown.add_argument("--every", type=_options.at_least(1), metavar="K", help="and every K-th")
    parser.add_argument("--digits", type=_options.at_least(1, at_most=17), metavar="N", help="digits (default 6)")
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Load the model, go down, show the page; 1 where the loss grew, 130 after an interrupt."""
    from gradwork.models import load

    model = load(options.model, wrt=options.wrt, seed=options.seed)
    found = model.descend(
        wrt=options.wrt,
        learning_rate=options.learning_rate,
        steps=options.steps,
        method=options.method,
        batch=options.batch,
        schedule=options.schedule,
        seed=options.seed,
        checkpoint=options.checkpoint,
        work=options.work,
        every=options.every,
    )
    document = found.document()
    shown = _options.show(replace(document, digits=options.digits or document.digits), options)
    return shown or {"diverged": 1, "interrupted": 130}.get(found.reason, 0)


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"needs a number above 0, not {text!r}")
    return number
