"""How far long work is: one line on a terminal, one line of text in a notebook, nothing anywhere else."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

QUIET = 2.0  # seconds of work before anything is said
OFTEN = 0.2  # seconds between two lines


class Progress:
    """Counts evaluations, and says after two seconds of work how many are done. The line is taken away at the end."""

    def __init__(self, count: int = 0) -> None:
        self.count = count
        self.reached = 0
        self.began = self.said = time.monotonic()
        self._line: _Terminal | _Notebook | None = None

    def expect(self, more: int) -> None:
        """So many evaluations more are to come."""
        self.count += more

    def step(self, more: int) -> None:
        """So many evaluations more are done."""
        self.reached += more
        now = time.monotonic()
        if now - self.began > QUIET and now - self.said > OFTEN:
            self.said = now
            self._line = self._line or _line()
            if self._line is not None:
                self._line.show(self.text(now))

    def text(self, now: float) -> str:
        """The line: what is done, and how long the rest takes at this pace."""
        left = (now - self.began) * (self.count - self.reached) / max(1, self.reached)
        return f"nudging: {self.reached:,} of {self.count:,} evaluations, {left:.0f} s left (Ctrl-C keeps them)"

    def done(self) -> None:
        """Take the line away."""
        if self._line is not None:
            self._line.clear()
            self._line = None


class _Terminal:
    def show(self, text: str) -> None:
        # A line that is wrapped would not be taken away.
        room = max(20, shutil.get_terminal_size((80, 24)).columns) - 1
        sys.stderr.write(f"\r\x1b[K{text[:room]}")
        sys.stderr.flush()

    def clear(self) -> None:
        self.show("")


class _Notebook:
    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def show(self, text: str) -> None:
        if self._handle is None:
            self._handle = self._display({"text/plain": text}, raw=True, display_id=True)
        elif hasattr(self._handle, "update"):
            self._handle.update({"text/plain": text}, raw=True)

    def clear(self) -> None:
        self.show("")


def _line() -> _Terminal | _Notebook | None:
    """Where the line is shown. A notebook is known by its kernel; nothing is imported that is not there already."""
    shell = sys.modules.get("IPython")
    kernel = getattr(shell.get_ipython(), "kernel", None) if shell is not None else None
    if kernel is not None:
        from importlib import import_module

        return _Notebook(import_module("IPython.display").display)
    return _Terminal() if sys.stderr is not None and sys.stderr.isatty() else None
