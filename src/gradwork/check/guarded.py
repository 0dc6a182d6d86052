"""A cause that fails on somebody's model takes no verdict with it: it is left out, and said."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from gradwork.check.cause import Cause

Made = TypeVar("Made")
# Our own tests set this: there, a fault in a cause is to be seen.
strict = False


def guarded(cause: Cause, made: Iterator[Made]) -> Iterator[Made]:
    """What the cause finds, up to where it fails. A failure is a warning, and no end of the search."""
    try:
        yield from made
    except Exception as error:
        if strict:
            raise
        text = f"the cause {cause.code} {cause.name} could not be looked for: {type(error).__name__}: {error}"
        warnings.warn(f"{text}. The verdicts stand. Please report this with the function.", stacklevel=2)
