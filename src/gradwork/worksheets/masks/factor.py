"""One factor of each product, where it can be found from the others."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.paper import PRODUCTS, factors
from gradwork.check.trees import subtrees
from gradwork.worksheets.masks import Hiding, Mask


def _factors(hiding: Hiding) -> Iterator[int]:
    hidden: list[int] = []
    shown = set(hiding.shown)
    for relation in hiding.told:
        for _, part in subtrees(relation.tree):
            if part[0] not in PRODUCTS:
                continue
            cells = [f[1] for f in factors(part) if f[0] == "cell" and f[1] in shown]
            if not set(cells) & set(hidden):
                for cell in hiding.draw.shuffled(cells):
                    if hiding.findable([*hidden, cell]):
                        hidden.append(cell)
                        break
    yield from hidden


MASK = Mask("factor", "one factor of each product", _factors)
