"""What stands in a result that was pickled, in place of what could not be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradwork.errors import ArgumentError


@dataclass(frozen=True)
class LeftBehind:
    """In place of a function, or of data."""

    what: str
    why: str
    hint: str

    def __call__(self, *_: Any) -> Any:
        """Say that it is not here. Raises ArgumentError."""
        raise ArgumentError(f"this result has come without {self.what}", why=self.why, hint=self.hint)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what pickle, copy and NumPy ask for
            raise AttributeError(name)
        return self()

    def __getitem__(self, _: Any) -> Any:
        return self()
