"""What is about one concept: concept-slope hides what the exercise names under "slope"."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.errors import UsageError
from gradwork.worksheets.masks import Hiding, Mask, Masks


def _concept(argument: str) -> Mask:
    def hide(hiding: Hiding) -> Iterator[int]:
        names = hiding.exercise.concepts.get(argument)
        if names is None:
            known = ", ".join(hiding.exercise.concepts) or "none"
            raise UsageError(f"the exercise {hiding.exercise.name} has no concept {argument!r}", why=f"it has: {known}")
        yield from (c for c in hiding.shown if hiding.plan.owner[c].name in names)

    return Mask(f"concept-{argument}", f"what is about {argument}", hide)


MASK = Masks("concept", "what is about one concept", _concept, "concept-slope")
