"""Blanks anywhere: an input, a weight, something in between, a result. As many as can still be found."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.errors import UsageError
from gradwork.worksheets.masks import Hiding, Mask, Masks


def _anywhere(argument: str) -> Mask:
    if not argument.isdecimal() or int(argument) < 1:
        raise UsageError(f"anywhere-{argument} says no number", why="it is how many blanks", hint="anywhere-3")
    most = int(argument)

    def hide(hiding: Hiding) -> Iterator[int]:
        hidden: list[int] = []
        for cell in hiding.draw.shuffled(hiding.shown):
            if len(hidden) < most and hiding.findable([*hidden, cell]):
                hidden.append(cell)
        yield from hidden

    return Mask(f"anywhere-{most}", f"{most} numbers anywhere", hide)


MASK = Masks("anywhere", "so many numbers, wherever they stand", _anywhere, "anywhere-3")
