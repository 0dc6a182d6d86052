"""Hints for a blank, one after another: the line, the line with the numbers put in, the answer.

They follow the order in which the solver found the blanks: a hint never needs a blank that has not been found yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradwork.check.trees import Tree
from gradwork.graph.op import REGISTER
from gradwork.notation.language import Language
from gradwork.worksheets.rounding import number_text

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Asked, Sheet


def hints(sheet: Sheet, blank: Asked) -> tuple[str, ...]:
    """What can be said about a blank, from a nudge in the right direction to the worked line."""
    item, say = sheet.items[blank.item], sheet.language
    if blank.kind == "shape":
        return (
            say("rows times columns: the shape follows from what is multiplied with what"),
            say("it is {answer}", answer=blank.text),
        )
    if blank.kind != "cell":
        return (say("one of: {all}", all=", ".join(blank.choices)), say("it is {answer}", answer=blank.text))
    cell = blank.place[1]
    routes = item.routes(cell)
    step = next((s for s in item.solution.steps if s.cell == cell), None)
    if step is not None:
        routes = tuple(sorted(routes, key=lambda r: r.relation not in step.relations))
    if not routes or routes[0].tree is None:
        return (say("look for a line in which this is the only number that is missing"), f"= {blank.text}")
    tree = routes[0].tree
    numbers = sorted({n for c in routes[0].reads if (n := sheet.number_of(blank.item, c)) is not None})
    first = say("it follows from {what}", what=_Writing(say, item.plan.cell_name).whole(tree))
    if numbers:
        first += "; " + say("it needs blank {numbers}", numbers=", ".join(map(str, numbers)))
    worked = _Writing(say, lambda c: number_text(item.values[c])).whole(tree)
    if worked == blank.text:
        return (first, f"= {worked}")
    last = say("it is {answer}", answer=blank.text) if tree[0] in _SENTENCES else f"= {worked} = {blank.text}"
    return (first, f"= {worked}", last)


_BETWEEN = {
    "multiply": "*",
    "chain_product": "*",
    "divide": "/",
    "subtract": "-",
    "total": "+",
    "add": "+",
}
_COMPARED = {"greater": ">", "greater_equal": "≥", "less": "<", "less_equal": "≤", "equal": "=", "not_equal": "≠"}
_CLOSE = ("multiply", "chain_product", "divide")
_SENTENCES = ("where", "above", *_COMPARED)
_LOOSE = ("total", "add", "subtract", *_SENTENCES)


@dataclass(frozen=True)
class _Writing:
    """A tree as one line of text. `leaf` writes a cell."""

    say: Language
    leaf: Callable[[int], str]

    def whole(self, tree: Tree) -> str:
        """A tree that stands by itself: a comparison is 1 or 0 then."""
        return self._choice(self.text(tree), "1", "0") if tree[0] in _COMPARED else self.text(tree)

    def text(self, tree: Tree) -> str:
        """A tree, with brackets around those of its parts that need them."""
        op, *parts = tree
        if op == "cell":
            return self.leaf(parts[0])
        if op == "known":
            return number_text(float(parts[0]))
        inside = [self.text(part) for part in parts]
        if op in _BETWEEN:
            fenced = [_fenced(text, part, op in _CLOSE) for text, part in zip(inside, parts, strict=True)]
            return f" {_BETWEEN[op]} ".join(fenced)
        if op in _COMPARED:
            return f" {_COMPARED[op]} ".join(inside)
        if op in ("where", "above"):
            return self._choice(*inside) if op == "where" else self._choice(f"{inside[0]} > 0", "1", "0")
        if op == "power":
            whole = parts[0][0] in ("cell", "known") and not inside[0].startswith("-")
            return f"{inside[0] if whole else f'({inside[0]})'}^{inside[1]}"
        if op == "negative":
            return f"-{_fenced(inside[0], parts[0], close=False)}"
        words = REGISTER.named(op).words
        return f"{words[0] if words else op}({', '.join(inside)})"

    def _choice(self, condition: str, one: str, other: str) -> str:
        return self.say("{one} if {condition}, otherwise {other}", one=one, condition=condition, other=other)


def _fenced(text: str, part: Tree, close: bool) -> str:
    """A part within a product (close) or a sum, in brackets where it needs them."""
    loose = text.startswith("-") or part[0] in _LOOSE or (close and part[0] == "divide")
    return f"({text})" if loose else text
