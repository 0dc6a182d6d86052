"""The options that several commands share, and how their values are read."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from gradwork.cli import _output

if TYPE_CHECKING:
    from gradwork.formats.picture import Picture
    from gradwork.notation.document import Document


def add_model(parser: ArgumentParser) -> None:
    """MODEL, and what belongs to loading it."""
    parser.add_argument("model", metavar="MODEL", help="a model file (.toml), or file.py:function")
    add_wrt(parser)
    add_seed(parser)


def add_wrt(parser: ArgumentParser) -> None:
    """--wrt: the parameters that the gradient is taken with respect to."""
    parser.add_argument("--wrt", type=wrt_names, metavar="NAMES", help="with respect to these only: w or w,b")


def add_seed(parser: ArgumentParser) -> None:
    """--seed: which random numbers a model starts from."""
    parser.add_argument("--seed", type=at_least(0), metavar="N", help="start from the random numbers of this seed")


def add_nudge(parser: ArgumentParser) -> None:
    """--nudge: the size of the nudge that is printed."""
    parser.add_argument(
        "--nudge", type=nudge_size, default=0.01, metavar="H", help="the size of the nudge (default 0.01)"
    )


def add_extent(parser: ArgumentParser) -> None:
    """How much of large arrays is shown."""
    group = parser.add_argument_group("how much is shown")
    group.add_argument("--digits", type=at_least(1, at_most=17), metavar="N", help="significant digits (default 6)")
    group.add_argument("--rows", type=at_least(1), metavar="N", help="rows of a large array")
    group.add_argument("--columns", type=at_least(1), metavar="N", help="columns of a large array")
    group.add_argument("--full", action="store_true", help="every number of every array")


def add_page(parser: ArgumentParser) -> None:
    """Where the page goes and in which format."""
    from gradwork import formats

    group = parser.add_argument_group("where it goes")
    group.add_argument("--to", choices=tuple(formats.names()), help="the format (default: terminal, or by FILE's name)")
    group.add_argument("-o", "--output", type=_output.target, metavar="FILE", help="write to FILE; - is the terminal")
    group.add_argument("--paper", choices=("a4", "letter"), default="a4", help="the paper of a PDF (default: a4)")
    group.add_argument("--width", type=at_least(20), metavar="N", help="characters in a line (default: the window's)")
    group.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colour (default: auto, where it helps)"
    )


def settle(options: Namespace) -> None:
    """Decide on the format before any work is done: by --to, by the file's name, or for the terminal."""
    if options.to is None and options.output is None:
        options.to = "terminal"
    elif options.to is not None:
        _output.refuse_bytes_in_window(options)
    else:
        from gradwork import formats

        if _drawn_by_itself(options):
            return
        options.to = formats.for_path(options.output)


def _drawn_by_itself(options: Namespace) -> bool:
    """Whether FILE is one picture, which is no page of any format."""
    from gradwork.formats.picture import SUFFIXES

    wanted = getattr(options, "picture", None) or getattr(options, "of", None)
    suffix = os.path.splitext(options.output)[1].lower()
    if wanted and suffix in (".gif", ".jpg", ".jpeg", ".webp", ".bmp", ".tiff", ".mp4"):
        ways = "pictures are written as .svg, as .png with Matplotlib, or on a page such as .html or .pdf"
        raise _output.refusal(
            f"a picture cannot be written as {suffix}", os.path.splitext(options.output)[0] + ".svg", ways
        )
    if suffix in SUFFIXES and "picture" in options and not wanted:
        raise _output.refusal(f"{options.output} is a picture, and none is chosen", "--picture loss")
    return bool(wanted) and suffix in SUFFIXES


def show_picture(picture: Picture, options: Namespace) -> int:
    """Put a picture where the options say: into a file of its own, or onto a page; the exit code."""
    if options.to is not None:
        return show(picture.document(), options)
    _output.save_page(picture.bytes_for(os.path.splitext(options.output)[1].lower()), options.output)
    return 0


def show(document: Document, options: Namespace) -> int:
    """Render the page as the options say and put it where they say; the exit code."""
    from gradwork import formats

    page = formats.render(document, options.to, _output.style(document, options))
    if options.output is None:
        _output.print_page(page, options.to)
    else:
        _output.save_page(page, options.output)
    return 0


# How values are read. Each raises ArgumentTypeError with the end of a sentence that begins with the option's name.


def at_least(least: int, at_most: int | None = None) -> Callable[[str], int]:
    """A reader of whole numbers from `least` on."""
    extent = f"{least} or more" if at_most is None else f"{least} to {at_most}"

    def whole_number(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if number < least or (at_most is not None and number > at_most):
            raise ArgumentTypeError(f"needs a whole number, {extent}, not {text!r}")
        return number

    return whole_number


def nudge_size(text: str) -> float:
    """A nudge: any finite number above 0."""
    number = _finite(text)
    if number < 0:
        raise ArgumentTypeError(f"needs a number above 0, not {text!r}: it is nudged both ways where that tells more")
    if number == 0:
        raise ArgumentTypeError("needs a number that is not 0: a slope is a rise divided by the nudge")
    return number


def wrt_names(text: str) -> tuple[str, ...]:
    """Names between commas.

    >>> wrt_names("w, b")
    ('w', 'b')
    """
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise ArgumentTypeError(f"needs names with commas between them, such as w,b, not {text!r}")
    return names


def point(text: str) -> dict[str, float]:
    """Numbers by name.

    >>> point("x=3, n=2")
    {'x': 3.0, 'n': 2.0}
    """
    values: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        if not name or not equals:
            raise ArgumentTypeError(f"needs names with their numbers, such as x=3,n=2, not {text!r}")
        if name in values:
            raise ArgumentTypeError(f"gives {name} twice: {text!r}")
        values[name] = _finite(number)
    return values


def _finite(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf"):
        raise ArgumentTypeError(f"needs a number, not {text!r}")
    return number
