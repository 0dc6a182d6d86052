"""What is about one concept: concept-slope hides slopes, concept-forward the way forward, and so on.

Every exercise knows forward, gradient, slope, change and sum, which are read off its lines; an exercise may name more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradwork.check.trees import Tree
from gradwork.errors import UsageError
from gradwork.worksheets.masks import Hiding, Mask, Masks


def _by_tree(fits: Callable[[Tree], bool]) -> Callable[[Hiding, int], bool]:
    def about(hiding: Hiding, cell: int) -> bool:
        relation = hiding.plan.definitions.get(cell)
        return relation is not None and fits(relation.tree)

    return about


def _is_ratio(tree: Tree) -> bool:
    return bool(tree[0] == "divide" and tree[2][0] == "cell")


CONCEPTS: dict[str, Callable[[Hiding, int], bool]] = {
    "forward": lambda hiding, cell: hiding.role(cell) == "line",
    "gradient": lambda hiding, cell: hiding.role(cell) == "back",
    "slope": lambda hiding, cell: hiding.role(cell) == "slope" or _by_tree(_is_ratio)(hiding, cell),
    "change": _by_tree(lambda tree: tree[0] == "subtract"),
    "sum": _by_tree(lambda tree: tree[0] in ("total", "add")),
}


def _concept(argument: str) -> Mask:
    def hide(hiding: Hiding) -> Iterator[int]:
        names = hiding.exercise.concepts.get(argument)
        about = CONCEPTS.get(argument)
        if names is None and about is None:
            known = ", ".join((*hiding.exercise.concepts, *CONCEPTS))
            raise UsageError(f"the exercise {hiding.exercise.name} has no concept {argument!r}", why=f"it has: {known}")
        if names is not None:
            yield from (c for c in hiding.shown if hiding.plan.owner[c].name in names)
        elif about is not None:
            yield from (c for c in hiding.worked() if about(hiding, c))

    return Mask(f"concept-{argument}", f"what is about {argument}", hide)


MASK = Masks("concept", "what is about one concept", _concept, "concept-slope")
