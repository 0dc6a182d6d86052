"""Hints for a blank, one after another: the line, the line with the numbers put in, the answer.

They follow the order in which the solver found the blanks: a hint never needs a blank that has not been found yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradwork.check.trees import Tree
from gradwork.graph.op import REGISTER
from gradwork.worksheets.rounding import number_text

if TYPE_CHECKING:
    from gradwork.worksheets.item import Item
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
    first = say("it follows from {what}", what=_symbols(item, tree))
    if numbers:
        first += "; " + say("find blank {numbers} first", numbers=", ".join(map(str, numbers)))
    return (first, f"= {_numbers(item, tree)}", f"= {_numbers(item, tree)} = {blank.text}")


def _symbols(item: Item, tree: Tree) -> str:
    return _text(tree, lambda c: item.plan.cell_name(c))


def _numbers(item: Item, tree: Tree) -> str:
    def number(cell: int) -> str:
        text = number_text(item.values[cell])
        return f"({text})" if text.startswith("-") else text

    return _text(tree, number)


def _text(tree: Tree, leaf: object) -> str:
    op, *parts = tree
    if op == "cell":
        return str(leaf(parts[0]))  # type: ignore[operator]
    if op == "known":
        return number_text(float(parts[0]))
    inside = [_text(part, leaf) for part in parts]
    signs = {
        "multiply": " * ",
        "chain_product": " * ",
        "divide": " / ",
        "subtract": " - ",
        "total": " + ",
        "add": " + ",
    }
    if op in signs:
        close = op in ("multiply", "chain_product", "divide")
        fenced = [f"({t})" if _loose(part, close) else t for t, part in zip(inside, parts, strict=True)]
        return signs[op].join(fenced)
    if op == "power":
        return f"({inside[0]})^{inside[1]}" if " " in inside[0] else f"{inside[0]}^{inside[1]}"
    if op == "negative":
        return f"-{inside[0]}"
    words = REGISTER.named(op).words
    return f"{words[0] if words else op}({', '.join(inside)})"


def _loose(part: Tree, close: bool) -> bool:
    """Whether a part needs brackets within a product (close) or a sum."""
    if part[0] in ("total", "add", "subtract"):
        return True
    return close and part[0] == "divide"
