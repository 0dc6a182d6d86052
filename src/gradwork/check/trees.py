"""Expressions over the cells of an exercise, as small trees: how one number follows from others.

A tree is ("cell", k) for the number in cell k, ("known", x) for a number that the formula itself holds, ("total", ...)
for terms added up, or an op's name with a tree for each operand. How an op is written in Python's arithmetic is what
the op declares (`scalar`), so a tree is worked out by the same declaration as everything else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gradwork.graph.op import REGISTER
from gradwork.lowering.numbers import MATH, Numbers

Tree = tuple[Any, ...]
Values = Sequence[float]
Worked = Callable[[Values], float]


def tree_of(numbers: Numbers, number: int) -> Tree:
    """The tree of one number."""
    done: dict[int, Tree] = {}
    waiting = [number]
    while waiting:
        n = waiting[-1]
        op, *rest = numbers.keys[n]
        if op == "cell":
            done[n] = ("cell", rest[0])
        elif op == "known":
            done[n] = ("known", float(rest[0]) if rest[0] not in ("True", "False") else rest[0] == "True")
        elif missing := [i for i in rest if i not in done]:
            waiting += missing
            continue
        else:
            done[n] = (op, *(done[i] for i in rest))
        waiting.pop()
    return done[number]


def cells_in(tree: Tree) -> Iterator[int]:
    """The cells that a tree reads, in reading order, each as often as it stands there."""
    if tree[0] == "cell":
        yield tree[1]
    elif tree[0] != "known":
        for part in tree[1:]:
            yield from cells_in(part)


def subtrees(tree: Tree) -> Iterator[tuple[tuple[int, ...], Tree]]:
    """Every part of a tree with its place: the positions that lead to it."""
    yield (), tree
    if tree[0] not in ("cell", "known"):
        for k, part in enumerate(tree[1:], 1):
            for place, inner in subtrees(part):
                yield (k, *place), inner


def replaced(tree: Tree, place: tuple[int, ...], part: Tree) -> Tree:
    """The same tree with another part at that place."""
    if not place:
        return part
    k = place[0]
    return (*tree[:k], replaced(tree[k], place[1:], part), *tree[k + 1 :])


def text_of(tree: Tree) -> str:
    """The tree in Python's arithmetic: `v` holds the cells.

    >>> text_of(("total", ("multiply", ("cell", 0), ("cell", 2)), ("known", 1.0)))
    '((v[0] * v[2]) + 1.0)'
    """
    op, *rest = tree
    if op == "cell":
        return f"v[{rest[0]}]"
    if op == "known":
        return f"({rest[0]!r})" if rest[0] is not True and rest[0] is not False and rest[0] < 0 else repr(rest[0])
    inside = [text_of(part) for part in rest]
    if op == "total":
        return f"({' + '.join(inside)})"
    if op == "multiply" and rest[0][0] == "cell" and rest[1][0] == "log":
        # 0 log 0 counts as 0, as in every cross-entropy: a share of 0 with the label 0 adds nothing to the loss.
        return f"({inside[0]} * {inside[1]} if {inside[0]} else 0.0)"
    return REGISTER.named(op).scalar.format(*inside)


def together(trees: Sequence[Tree]) -> Callable[[Values], tuple[Any, ...]]:
    """A function from the cells to the values of several trees at once. It raises as soon as one of them has none."""
    inside = "".join(f"{text_of(tree)}, " for tree in trees)
    return eval(f"lambda v: ({inside})", dict(MATH))  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=100_000)
def worked(tree: Tree) -> Worked:
    """A function from the cells to the tree's value. It raises ArithmeticError or ValueError where there is none."""
    return eval(f"lambda v: {text_of(tree)}", dict(MATH))  # type: ignore[no-any-return]
