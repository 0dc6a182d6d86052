"""Gradient descent on a model, with the numbers of each step, and why it stopped."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from gradwork.cli import _options
from gradwork.descent import methods

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from gradwork.descent.result import Descent
    from gradwork.models import Model

# Those of gradwork.descent.schedules, which needs NumPy; a test holds the two equal.
SCHEDULES = ("constant", "step", "cosine", "warm-up")
# Those of gradwork.descent.starts and gradwork.descent.pictures, likewise.
INITS = ("glorot", "he", "uniform", "normal", "zeros")
PICTURES = ("loss", "contour", "predictions", "path")


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    _options.add_model(parser)
    group = parser.add_argument_group("the descent; what is left out is taken from [descend] in the model")
    group.add_argument("--learning-rate", type=_above_zero, metavar="R", help="the learning rate (default: chosen)")
    group.add_argument("--steps", type=_options.at_least(0), metavar="N", help="at most so many steps (default 1000)")
    known = methods.names()
    rule = f"the update rule (default gd): {', '.join(known)}"
    group.add_argument("--method", choices=known, type=_hyphens, metavar="NAME", help=rule)
    group.add_argument("--batch", type=_options.at_least(1), metavar="N", help="rows of a step (default: all)")
    group.add_argument("--schedule", choices=SCHEDULES, help="how the learning rate changes on the way")
    group.add_argument("--weight-decay", type=_zero_or_more, metavar="L", help="pull the weights towards 0")
    group.add_argument("--clip", type=_above_zero, metavar="C", help="the longest gradient")
    group.add_argument("--holdout", type=_share, metavar="S", help="share of rows to stop early by, such as 0.2")
    group.add_argument("--test", type=_share, metavar="S", help="share of rows kept apart, to score it by at the end")
    group.add_argument("--init", choices=INITS, help="draw the start at random, from --seed")
    group.add_argument("--init-scale", type=_above_zero, metavar="S", help="how widely it is drawn (default 1)")
    group.add_argument("--standardise", action="store_true", default=None, help="step on standardised columns")
    group.add_argument("--standardise-only", type=_names, metavar="NAMES", help="these columns alone, such as x,z")
    group.add_argument("--checkpoint", metavar="FILE", help="keep the run in FILE, and go on from there")
    group.add_argument("--workers", type=_options.at_least(1), metavar="N", help="spread each step over N processes")
    group.add_argument("--backend", choices=("numpy", "jax"), help="what works the steps out (default numpy)")
    group.add_argument("--no-moments", action="store_true", help="go through the rows in each step, always")
    group.add_argument("--no-progress", action="store_true", help="no line that tells how far it is")
    shown = parser.add_argument_group("which steps are worked")
    shown.add_argument("--work", type=_options.at_least(0), default=0, metavar="N", help="the first N steps")
    shown.add_argument("--every", type=_options.at_least(1), metavar="K", help="and every K-th")
    drawn = parser.add_argument_group("a picture in place of the page; FILE may be .svg, or .png with Matplotlib")
    drawn.add_argument("--picture", choices=PICTURES, help="the loss by step, the path over the loss, or predictions")
    drawn.add_argument("--of", type=_entries, default=(), metavar="NAMES", help="over one or two: w,b or W1[1,2]")
    parser.add_argument("--digits", type=_options.at_least(1, at_most=17), metavar="N", help="digits (default 6)")
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Load the model, go down, show the page; 1 where the loss grew, 130 after an interrupt."""
    from gradwork.models import load

    model = load(options.model, wrt=options.wrt, seed=options.seed)
    with _workers(options.workers) as executor:
        found = _descended(model, executor, options)
    shown = _show(found, options)
    return shown or {"diverged": 1, "interrupted": 130}.get(found.reason, 0)


@contextmanager
def _workers(count: int | None) -> Iterator[Executor | None]:
    """Processes to spread the steps over, if any are asked for."""
    if count is None:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Fresh processes: what has started threads, as NumPy's BLAS has, does not take well to forking.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as executor:
        yield executor


def _descended(model: Model, executor: Executor | None, options: Namespace) -> Descent:
    return model.descend(
        wrt=options.wrt,
        learning_rate=options.learning_rate,
        steps=options.steps,
        method=options.method,
        batch=options.batch,
        schedule=options.schedule,
        weight_decay=options.weight_decay,
        clip=options.clip,
        holdout=options.holdout,
        test=options.test,
        init=options.init,
        init_scale=options.init_scale,
        standardise=options.standardise_only or options.standardise,
        seed=options.seed,
        checkpoint=options.checkpoint,
        work=options.work,
        every=options.every,
        executor=executor,
        backend=options.backend,
        moments=False if options.no_moments else None,
        progress=False if options.no_progress else None,
    )


def _show(found: Descent, options: Namespace) -> int:
    if options.picture is not None or options.of:
        return _options.show_picture(found.picture(options.picture or "contour", *options.of), options)
    document = found.document_for(options.to)
    return _options.show(replace(document, digits=options.digits or document.digits), options)


def _entries(text: str) -> tuple[str, ...]:
    """Names between commas that stand outside of brackets.

    >>> _entries("w, W1[1,2]")
    ('w', 'W1[1,2]')
    """
    names = tuple(name.strip() for name in re.split(r",(?![^\[]*\])", text))
    if not all(names) or len(names) > 2:
        raise ArgumentTypeError(f"needs one name or two, such as w,b or W1[1,2],W1[2,2], not {text!r}")
    return names


def _names(text: str) -> tuple[str, ...]:
    """Names between commas.

    >>> _names("x, z")
    ('x', 'z')
    """
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise ArgumentTypeError(f"needs names, such as x or x,z, not {text!r}")
    return names


def _hyphens(text: str) -> str:
    """A method's name, in which spaces and underscores stand for hyphens."""
    return text.lower().replace(" ", "-").replace("_", "-")


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise ArgumentTypeError(f"needs a share between 0 and 1, not {text!r}")
    return number


def _zero_or_more(text: str) -> float:
    """A weight decay; 0 switches off that of the model."""
    try:
        return 0.0 if float(text) == 0 else _above_zero(text)
    except (ValueError, ArgumentTypeError):
        raise ArgumentTypeError(f"needs a number, 0 or more, not {text!r}") from None


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"needs a number above 0, not {text!r}")
    return number
