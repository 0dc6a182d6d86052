"""What has been nudged: the values after the nudge, as far as they can be found."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.worksheets.masks import Hiding, Mask

_ENDINGS = ("_after", "_up", "_down", "_nudged")


def _perturbed(hiding: Hiding) -> Iterator[int]:
    hidden: list[int] = []
    for cell in hiding.shown:
        if hiding.plan.owner[cell].name.endswith(_ENDINGS) and hiding.findable([*hidden, cell]):
            hidden.append(cell)
    yield from hidden


MASK = Mask("perturbed", "the values after the nudge", _perturbed)
