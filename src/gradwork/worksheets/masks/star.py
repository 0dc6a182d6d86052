"""Star: the result has to be seen without computing. What leads to it is starred out, and not asked for.

It works where an exercise says that a line is another number, as a slope is its input: that line is asked for, and what
its first way reads is hidden for good.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.errors import UsageError
from gradwork.worksheets.masks import Hiding, Mask, Place


def _star(hiding: Hiding) -> Iterator[int | Place]:
    seconds = [r for r in hiding.plan.relations if r.extra and r.tree[0] == "cell"]
    asked = {r.cell for r in seconds}
    if not asked:
        raise UsageError(
            f"the exercise {hiding.exercise.name} has nothing to be seen without computing",
            why="the mask star asks for a line that is said to be another number",
            hint='an exercise with also = ("slope = X",), or another mask',
        )
    needed = {c for r in seconds for c in r.reads}
    for cell in hiding.shown:
        if cell in asked:
            yield cell
        elif hiding.role(cell) != "given" and cell not in needed:
            yield ("star", cell)


MASK = Mask("star", "what can be seen without computing", _star)
