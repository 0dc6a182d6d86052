"""One of the givens, to be found from the results: working backwards."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.worksheets.masks import Hiding, Mask


def _input(hiding: Hiding) -> Iterator[int]:
    for cell in hiding.draw.shuffled(hiding.given()):
        if hiding.findable([cell]):
            yield cell
            return


MASK = Mask("input", "one given, to be found from the results", _input)
