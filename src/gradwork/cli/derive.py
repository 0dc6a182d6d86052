"""Derive a formula or a model's loss by the rules, step by step.

The argument is a formula, such as "x^n", or a model: a file, or file.py:function.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from gradwork.cli import _options

if TYPE_CHECKING:
    from gradwork.notation.document import Document


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument("subject", metavar="FORMULA|MODEL", help='a formula, such as "x^n", or a model file')
    _options.add_wrt(parser)
    _options.add_seed(parser)
    parser.add_argument(
        "--at", type=_options.point, metavar="x=3,n=2", help="the numbers to put in, and the point of the picture"
    )
    parser.add_argument("--order", type=_options.at_least(1), default=1, metavar="N", help="the order (default 1)")
    _options.add_extent(parser)
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Derive what was named, show the page."""
    is_model = names_model(options.subject)
    return _options.show(_of_model(options) if is_model else _of_formula(options), options)


def names_model(subject: str) -> bool:
    """Whether the argument is a model rather than a formula.

    >>> names_model("net.toml"), names_model("net.py:loss"), names_model("x^2")
    (True, True, False)
    """
    return subject.endswith((".toml", ".py")) or ".py:" in subject or os.path.exists(subject)


def _of_formula(options: Namespace) -> Document:
    import numpy as np

    from gradwork.gradients.derive import derive

    names = options.wrt or (0,)
    if len(names) > 1:
        from gradwork.cli._parser import misuse

        raise misuse("a formula is derived with respect to one name at a time", f"--wrt {names[0]}")
    _check_point(options)
    with np.errstate(all="ignore"):  # what is not a number is said on the page
        derived = derive(options.subject, wrt=names[0], kwargs=options.at, order=options.order)
    document: Document = derived.document()
    return document


def _check_point(options: Namespace) -> None:
    """Complain of a number for a name that the formula does not have: a misspelt one would be left out in silence."""
    from gradwork.graph.formula import parse, parse_program

    if not options.at:
        return
    several = "=" in options.subject
    names = parse_program(options.subject).names if several else parse(options.subject).names
    for name in options.at:
        if name not in names:
            from gradwork.cli._parser import misuse, nearest

            hint = nearest(name, names) or ", ".join(names)
            raise misuse(f"--at gives {name} a number, and the formula has no {name}", hint)


def _of_model(options: Namespace) -> Document:
    from gradwork.models import load

    model = load(options.subject, wrt=options.wrt, seed=options.seed)
    document: Document = model.derive(
        wrt=options.wrt,
        order=options.order,
        rows=options.rows,
        columns=options.columns,
        digits=options.digits,
        full=options.full,
    )
    return document
