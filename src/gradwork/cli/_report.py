"""What is said on the error stream: errors in one shape, in colour where a person is looking."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from gradwork.errors import GradworkError

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
_RED, _BOLD, _PLAIN = "\x1b[31m", "\x1b[1m", "\x1b[0m"


def wants_color(stream: TextIO) -> bool:
    """Whether colour helps on `stream`: a person is looking, and has not asked for none (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def wants_debug(arguments: Sequence[str]) -> bool:
    """Whether tracebacks are asked for."""
    return "--debug" in arguments or os.environ.get("GRADWORK_DEBUG", "0") not in ("", "0")


def say(line: str) -> None:
    """Write one line to the error stream."""
    print(line, file=sys.stderr)


def show_error(error: GradworkError, debug: bool = False) -> None:
    """Write an error that the user can mend; the traceback only where it was asked for."""
    if debug:
        _show_traceback(error)
    headline, _, rest = str(error).partition("\n")
    label = f"error[{error.code}]:"
    if wants_color(sys.stderr):
        label, headline = f"{_RED}{_BOLD}{label}{_PLAIN}", f"{_BOLD}{headline}{_PLAIN}"
    say(f"{label} {headline}")
    if rest:
        say(rest)


def from_system(error: OSError) -> GradworkError | None:
    """The operating system's complaint about a file or about the output, in our shape; None for any other."""
    from gradwork.errors import UsageError

    reason = error.strerror or str(error)
    reason = f"{reason[:1].lower()}{reason[1:]}"
    if error.filename is not None:
        return UsageError(f"cannot use {os.fsdecode(error.filename)}: {reason}")
    if error.errno in _UNWRITABLE:
        return UsageError(f"the output cannot be written: {reason}")
    return None


def show_bug(error: Exception, debug: bool) -> None:
    """Write that gradwork itself has failed."""
    if debug:
        _show_traceback(error)
    say(f"error: gradwork has a bug: {type(error).__name__}: {error}")
    say(" why: this is no mistake of yours; a promise inside gradwork was broken")
    say(" try: report it, please, with the command and what it says" + ("" if debug else " when run with --debug"))


def drop_output() -> None:
    """Let nothing more be written: whoever read our output has gone, as `head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_traceback(error: BaseException) -> None:
    import traceback

    say("".join(traceback.format_exception(error)).rstrip())
