"""A relation turned round: one of the numbers that it reads, as an expression of the others.

Each operation is undone here and nowhere else. The solver works the expression out, marking does so on the learner's
numbers, slips change it, and the page's script is written from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from gradwork.check.trees import Tree, Values, Worked, cells_in, text_of, worked
from gradwork.lowering.script import script_of


@dataclass(frozen=True)
class Turned:
    """A number in terms of others.

    positive, nonzero: what has to be so for the value to be the only one. A relu that gives 0 does not tell its score,
    and 0 over something does not tell what it is over.
    """

    tree: Tree
    positive: tuple[Tree, ...] = ()
    nonzero: tuple[Tree, ...] = ()

    @cached_property
    def value(self) -> Worked:
        """Works it out. It raises ArithmeticError or ValueError where it has no one value."""
        return self._guarded if self.positive or self.nonzero else worked(self.tree)

    def _guarded(self, values: Values) -> float:
        if any(worked(t)(values) <= 0 for t in self.positive) or any(worked(t)(values) == 0 for t in self.nonzero):
            raise ArithmeticError
        return worked(self.tree)(values)

    @cached_property
    def script(self) -> str:
        """The same as a function of the page's script."""
        guards = [f"positive({_script(t)})" for t in self.positive] + [f"nonzero({_script(t)})" for t in self.nonzero]
        return f"v=>({','.join([*guards, _script(self.tree)])})" if guards else f"v=>{_script(self.tree)}"


def _script(tree: Tree) -> str:
    return script_of(text_of(tree))


@lru_cache(maxsize=100_000)
def turned(result: int, tree: Tree, cell: int) -> Turned | None:
    """`cell` from `result = tree`, where it stands in the tree once and every operation on the way can be undone.

    >>> turned(2, ("multiply", ("cell", 0), ("cell", 1)), 1).tree
    ('divide', ('cell', 2), ('cell', 0))
    """
    if list(cells_in(tree)).count(cell) != 1:
        return None
    found = Turned(("cell", result))
    while tree[0] != "cell":
        op, *parts = tree
        at = next(k for k, part in enumerate(parts) if cell in cells_in(part))
        undone = _undone(op, at, parts[:at] + parts[at + 1 :], found.tree)
        if undone is None:
            return None
        found = Turned(undone.tree, found.positive + undone.positive, found.nonzero + undone.nonzero)
        tree = parts[at]
    return found


def _undone(op: str, at: int, rest: Sequence[Tree], y: Tree) -> Turned | None:
    """The one x for which the op gives y, `rest` being its other operands; None where that is not known."""
    match op:
        case "total" | "add":
            for part in rest:
                y = ("subtract", y, part)
            return Turned(y)
        case "multiply" | "chain_product":
            return Turned(("divide", y, rest[0]))
        case "negative" | "reciprocal":
            return Turned((op, y))
        case "subtract":
            return Turned(("total", y, rest[0]) if at == 0 else ("subtract", rest[0], y))
        case "divide" if at == 0:
            return Turned(("multiply", y, rest[0]), nonzero=(rest[0],))
        case "divide":
            return Turned(("divide", rest[0], y), nonzero=(rest[0],))
        case "exp":
            return Turned(("log", y))
        case "log":
            return Turned(("exp", y))
        case "tanh":
            return Turned(("arctanh", y))
        case "relu":
            return Turned(y, positive=(y,))
        case "power" if at == 0 and rest[0] == ("known", 1.0):
            return Turned(y)
        case "power" if at == 0 and rest[0] == ("known", 3.0):
            return Turned(("multiply", ("sign", y), ("power", ("absolute", y), ("known", 1 / 3))))
        case _:
            return None
