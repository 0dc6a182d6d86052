"""Check a gradient against measured slopes: which entries are wrong, where, and why.

FILE.py has a function `loss` and a function `gradient` of the same arguments; the point is `point` in it (a tuple or a
dict, or a function that gives one), or the variables that the arguments are called by. Exit code 1 if it is wrong.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gradwork.cli import _options


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument("file", metavar="FILE.py", type=Path, help="a Python file with the loss and its gradient")
    parser.add_argument("--loss", metavar="NAME", default="loss", help="the function that is differentiated")
    parser.add_argument("--gradient", metavar="NAME", default="gradient", help="the gradient, or a function for it")
    parser.add_argument("--at", metavar="NAME", default="point", help="the point: arguments, or a function for them")
    parser.add_argument("--strict", action="store_true", help="fail as well where nothing can be told")
    _options.add_wrt(parser)
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Load the file, check the gradient, show the report; code 1 where it does not pass."""
    import numpy as np

    from gradwork.check.check import check
    from gradwork.models.checked import load_checked

    given = load_checked(options.file, options.loss, options.gradient, options.at)
    names = tuple(options.wrt or ())
    wrt = names[0] if len(names) == 1 else names or None
    with np.errstate(all="ignore"):  # what is not a number is said in the report, and once
        found = check(given.loss, given.gradient, *given.args, wrt=wrt, strict=options.strict, kwargs=given.kwargs)
    title = f"Is the gradient in {options.file.name} right?"
    _options.show(found.document(title=title), options)
    return 0 if found.ok else 1
