"""Expressions of a step on paper, rewritten throughout: what several causes do before they make their slip."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradwork.check.paper import Named, Step, Tree
from gradwork.check.trees import cells_in

Change = Callable[[Tree], Tree | None]


def throughout(tree: Tree, change: Change) -> Tree:
    """The expression with every part changed for which `change` gives another one."""
    other = change(tree)
    if other is not None:
        return other
    if tree[0] in ("cell", "known"):
        return tree
    return (tree[0], *(throughout(part, change) for part in tree[1:]))


def written_out(step: Step, tree: Tree) -> Tree:
    """The expression with each number that is worked out written as what it is worked out from."""
    return throughout(tree, lambda part: step.lines.get(part[1]) if part[0] == "cell" else None)


def part_at(tree: Tree, place: tuple[int, ...]) -> Tree:
    """The part of an expression at a place."""
    for k in place:
        tree = tree[k]
    return tree


def squares_last(step: Step) -> Iterator[tuple[str, Tree]]:
    """The square of a mean in place of the mean of squares; of a sum in the same way."""
    for place, part in step.parts("total"):
        terms = [step.lines.get(t[1], t) if t[0] == "cell" else t for t in part[1:]]
        if len(terms) < 2 or any(t[0] != "power" or t[2] != terms[0][2] or t[2][0] != "known" for t in terms):
            continue
        total = ("total", *(t[1] for t in terms))
        above = part_at(step.tree, place[:-1]) if place else total
        if above[0] == "divide" and above[2] == ("known", float(len(terms))) and place[-1] == 1:
            yield "power of mean", step.with_part(place[:-1], ("power", ("divide", total, above[2]), terms[0][2]))
        yield "power of sum", step.with_part(place, ("power", total, terms[0][2]))


def read_by(step: Step, tree: Tree | None) -> dict[str, Named]:
    """The quantities that an expression reads, by their names."""
    cells = cells_in(tree) if tree is not None else ()
    return {step.owner[c].name: step.owner[c] for c in cells}


def beside(step: Step, other: Named) -> Tree | None:
    """The number of another quantity that stands where this one stands; None where none does."""
    own = step.quantity
    if other is own or other.shape not in ((), own.shape):
        return None
    return ("cell", other.first + (step.cell - own.first if other.shape else 0))


def numbers(step: Step, role: str) -> Iterator[tuple[str, Tree]]:
    """Each quantity of a role with the number of it that stands where this one stands."""
    for other in step.quantities.values():
        found = beside(step, other)
        if other.role == role and found is not None:
            yield other.name, found
