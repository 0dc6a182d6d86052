"""A step of a working on paper, and the ways in which it goes wrong.

The causes of the catalogue are made to happen here as well: a cause's `slips` gives, for one step, the expressions that
a person would have worked out who makes that mistake. Whoever marks answers works these out on the numbers of the page,
and on the learner's own earlier ones, and looks which of them stands in the blank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from gradwork.check.trees import Tree as Tree
from gradwork.check.trees import Worked, replaced, subtrees, worked
from gradwork.graph.op import REGISTER

PRODUCTS = ("multiply", "chain_product")
TOTALS = ("total", "add")
# What a learning rate is called.
RATES = frozenset({"learning_rate", "rate", "lr", "eta"})


class Named(Protocol):
    """A quantity of a working: a number, vector or matrix with a name; its cells are numbered from `first` on."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def role(self) -> str: ...
    @property
    def first(self) -> int: ...


@dataclass(frozen=True, eq=False)
class Slip:
    """What would stand in the blank if a mistake were made.

    tree: the expression that is worked out instead.
    says: the mistake as a sentence for the learner, with names in braces that `names` fills in.
    key:  what is alike in the same slip made at every number of a matrix.
    rare: not taken on the word of one number alone, unless that number says much.
    late: known when answers are marked, and not yet when numbers are chosen.
    likely: taken before another that gives the same number, where no number of the exercise speaks against it.
    """

    tree: Tree
    says: str
    names: Mapping[str, str] = field(default_factory=dict)
    key: tuple[Any, ...] = ()
    rare: bool = False
    late: bool = False
    likely: bool = False

    @cached_property
    def value(self) -> Worked:
        """Works it out from the values of all cells."""
        return worked(self.tree)


@dataclass(frozen=True, eq=False)
class ByDigits:
    """A slip of the pen, which is seen on the digits and not by working something out.

    test: whether the first number is the second one, written down wrongly; both as text.
    says: a sentence for the learner; `{value}` is the number as it should stand.
    rare: not taken on the word of one number alone.
    """

    test: Callable[[str, str], bool]
    says: str
    rare: bool = False


@dataclass(frozen=True, eq=False)
class Step:
    """One number worked out from others: what the slips of a cause look at.

    tree:    how the number is worked out; where a blank was found by turning a line round, that.
    cell:    the number.   turned: whether a line was turned round.
    owner:   for each cell, its quantity.   quantities: all of them, by name.
    count:   over how many rows or entries the loss takes its mean; 1 where it does not.
    lines:   how each number that is worked out follows from others.
    """

    tree: Tree
    cell: int
    turned: bool
    owner: Sequence[Named]
    quantities: Mapping[str, Named]
    count: int = 1
    lines: Mapping[int, Tree] = field(default_factory=dict)

    @property
    def quantity(self) -> Named:
        """The quantity that the number belongs to."""
        return self.owner[self.cell]

    @property
    def is_slope(self) -> bool:
        """Whether the number is a slope by what it is called: what comes back, a local slope, `slope_w`, `db`."""
        own = self.quantity
        return (
            own.role in ("back", "slope")
            or own.name.startswith(("slope", "rule", "nudged"))
            or (own.name.startswith("d") and own.name[1:] in self.quantities)
        )

    @property
    def of(self) -> str:
        """By what the slope is taken, as far as its name or its ratio says so: `b` of db and slope_b; "" of others."""
        if self.tree[0] == "divide" and self.tree[2][0] == "cell":
            bottom = self.owner[self.tree[2][1]].name
            return bottom[1:] if bottom.startswith("d") else ""
        name = self.quantity.name if self.is_slope else ""
        return name.removeprefix("d").removeprefix("rule_").removeprefix("slope_")

    def is_local_slope(self, tree: Tree) -> bool:
        """Whether a factor is the slope of a function within: a mask, `inner`, what is called a slope."""
        if tree[0] != "cell":
            return bool(tree[0] == "above")
        owner, line = self.owner[tree[1]], self.lines.get(tree[1])
        is_mask = line is not None and line[0] in ("greater", "above")
        return is_mask or owner.role == "slope" or owner.name in ("slope", "unit", "inner", "middle")

    def parts(self, *ops: str) -> Iterator[tuple[tuple[int, ...], Tree]]:
        """The parts of the expression with one of these ops, each with its place."""
        for place, part in subtrees(self.tree):
            if part[0] in ops:
                yield place, part

    def cells(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """The cells that are read, each with its place in the expression."""
        for place, part in subtrees(self.tree):
            if part[0] == "cell":
                yield place, part[1]

    def with_part(self, place: tuple[int, ...], part: Tree) -> Tree:
        """The expression with another part at that place."""
        return replaced(self.tree, place, part)

    def role(self, tree: Tree) -> str:
        """The role of a cell; "" of any other part."""
        return self.owner[tree[1]].role if tree[0] == "cell" else ""

    def name(self, tree: Tree) -> str:
        """A part in a few words, by the names of quantities."""
        return _name(self, tree)

    def same_place(self, cell: int) -> Iterator[int]:
        """The cells of other quantities that stand where this one stands in its own."""
        own = self.owner[cell]
        for other in self.quantities.values():
            if other is not own and other.shape == own.shape:
                yield other.first + cell - own.first

    def everywhere(self, change: Callable[[int], int | None]) -> Tree | None:
        """The expression with every cell changed; None where nothing changes, or a cell has nothing in its place."""
        return _everywhere(self.tree, change)


def _name(step: Step, tree: Tree) -> str:
    op, *parts = tree
    if op == "cell":
        return step.owner[parts[0]].name
    if op == "known":
        return f"{parts[0]:g}" if isinstance(parts[0], float) else str(parts[0])
    inside = [_name(step, part) for part in parts]
    sign = {"multiply": " * ", "chain_product": " * ", "divide": " / ", "subtract": " - ", "total": " + ", "add": " + "}
    if op in sign:
        return sign[op].join(f"({t})" if " " in t and op not in TOTALS else t for t in inside)
    if op == "power":
        return f"{inside[0]}^{inside[1]}"
    if op == "negative":
        return f"-{inside[0]}"
    return f"{REGISTER.named(op).words[0] if REGISTER.named(op).words else op}({', '.join(inside)})"


def _everywhere(tree: Tree, change: Callable[[int], int | None]) -> Tree | None:
    if tree[0] == "known":
        return tree
    if tree[0] == "cell":
        other = change(tree[1])
        return None if other is None else ("cell", other)
    parts = [_everywhere(part, change) for part in tree[1:]]
    return None if any(p is None for p in parts) else (tree[0], *parts)


def function_of(tree: Tree | None) -> str:
    """Which activation a line works out: "relu", "tanh", "sigmoid", "where"; "" of other lines."""
    if tree is None:
        return ""
    if tree[0] == "divide" and tree[1] == ("known", 1.0) and tree[2][0] in TOTALS and tree[2][1] == ("known", 1.0):
        return "sigmoid" if tree[2][2][0] == "exp" else ""
    return tree[0] if tree[0] in ("relu", "tanh", "sigmoid", "where") else ""


def product(parts: Iterable[Tree]) -> Tree:
    """The product of these; 1 of none."""
    found: Tree | None = None
    for part in parts:
        found = part if found is None else ("multiply", found, part)
    return found or ("known", 1.0)


def factors(tree: Tree) -> list[Tree]:
    """The factors of a product, a product within it taken apart."""
    if tree[0] in PRODUCTS:
        return [f for part in tree[1:] for f in factors(part)]
    return [tree]


def scaled(tree: Tree, factor: float) -> Tree:
    """A multiple."""
    return ("multiply", ("known", float(factor)), tree)
