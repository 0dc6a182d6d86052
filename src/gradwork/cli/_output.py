"""Putting a page where it belongs: a window of any width, a pipe of any encoding, or a file, whole or not at all."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, TextIO

from gradwork.cli import _report

if TYPE_CHECKING:
    from gradwork.notation.document import Document, Style

_NARROWEST = 20
_FOR_THE_EYE = ("terminal", "plain")  # the formats that go through the window's own encoding
_OF_BYTES = ("pdf",)
SIGNS = "∂Σ√×·−→²ᵀ≤─│"


def style(document: Document, options: Namespace) -> Style:
    """What the reader's window and wishes say about the page."""
    from gradwork.notation.document import Style

    to_file = options.output is not None
    return Style(
        digits=getattr(options, "digits", None) or document.digits,
        width=options.width or (80 if to_file else window_width()),
        color=options.to == "terminal" and _color(options.color, to_file),
        paper=getattr(options, "paper", "a4"),
        unicode=to_file or options.to not in _FOR_THE_EYE or can_write(SIGNS, sys.stdout),
    )


def window_width() -> int:
    """The window's width in characters; 80 where there is none. COLUMNS is honoured."""
    return max(_NARROWEST, shutil.get_terminal_size((80, 24)).columns)


def can_write(text: str, stream: TextIO) -> bool:
    """Whether the stream's encoding has these characters."""
    try:
        text.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def print_page(page: str | bytes, name: str) -> None:
    """Write the page to standard output; what its encoding lacks becomes a question mark, never an error."""
    data = page.encode(_encoding(name), errors="replace") if isinstance(page, str) else page
    if not data.endswith(b"\n") and isinstance(page, str):
        data += b"\n"
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:  # a stream of a notebook or of a test, which takes text alone
        sys.stdout.write(data.decode("utf-8", errors="replace"))
        return
    sys.stdout.flush()
    binary.write(data)
    binary.flush()


def target(text: str) -> str | None:
    """Where -o points; complains before any work is done. None stands for standard output."""
    if text == "-":
        return None
    folder = os.path.dirname(os.path.realpath(text))
    if os.path.isdir(text):
        raise refusal(f"cannot write to {text}: it is a folder", os.path.join(text, "page.html"))
    if not os.path.isdir(folder):
        raise refusal(
            f"cannot write {text}: there is no folder {os.path.dirname(text)}", f"mkdir -p {shlex.quote(folder)}"
        )
    if not os.access(text if os.path.exists(text) else folder, os.W_OK):
        raise refusal(f"cannot write {text}: no permission to write there", "a folder of your own")
    return text


def refuse_bytes_in_window(options: Namespace) -> None:
    """Complain, before any work is done, where bytes would go to a window that shows text."""
    if options.to in _OF_BYTES and options.output is None and sys.stdout.isatty():
        raise refusal(f"a window cannot show {options.to.upper()}: it is no text", f"-o page.{options.to}")


def save_page(page: str | bytes, path: str) -> None:
    """Write the file, whole or not at all, and say so."""
    data = page.encode("utf-8") if isinstance(page, str) else page
    path_itself = os.path.realpath(path)  # a link stays a link, to a new file
    if os.path.exists(path_itself) and not os.path.isfile(path_itself):
        with open(path_itself, "wb") as device:  # /dev/null, a named pipe: there is nothing to replace
            device.write(data)
    else:
        _replace(path_itself, data)
    _report.say(f"wrote {path}")


def _replace(path: str, data: bytes) -> None:
    unfinished = f"{path}.{os.getpid()}.unfinished"
    try:
        with open(unfinished, "xb") as file:
            file.write(data)
        if os.path.exists(path):
            shutil.copymode(path, unfinished)
        os.replace(unfinished, path)
    finally:
        if os.path.exists(unfinished):
            os.remove(unfinished)


def _color(wish: str, to_file: bool) -> bool:
    if wish == "auto":
        return not to_file and _report.wants_color(sys.stdout)
    return wish == "always"


def _encoding(name: str) -> str:
    # HTML, JSON and LaTeX say themselves that they are UTF-8, whatever the window speaks.
    return (sys.stdout.encoding or "utf-8") if name in _FOR_THE_EYE else "utf-8"


def refusal(headline: str, hint: str, why: str = "") -> Exception:
    """The error for an output that cannot be."""
    from gradwork.errors import UsageError

    return UsageError(headline, why=why, hint=hint)
