"""Rules of differentiation on paper that are none: the slopes multiplied as the functions are, or divided."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.diagnoses._on_paper import written_out
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step


def of_a_product(step: Step) -> Iterator[Slip]:
    """Of u'v + uv': the product of both slopes, and their sum."""
    for place, part in step.parts(*TOTALS):
        terms = part[1:]
        if len(terms) != 2 or step.quantity.shape or any(t[0] not in PRODUCTS or len(t) != 3 for t in terms):
            continue
        for one in terms[0][1:]:
            for other in terms[1][1:]:
                names = {"one": step.name(one), "other": step.name(other)}
                if one != other and names["one"].startswith("d") and names["other"].startswith("d"):
                    says = "{one} times {other} is no product rule: each slope is multiplied by the other factor"
                    yield Slip(step.with_part(place, ("multiply", one, other)), says, names, ("slopes",), late=True)
                    says = "{one} plus {other} is no product rule: each slope is multiplied by the other factor"
                    yield Slip(step.with_part(place, ("add", one, other)), says, names, ("slopes added",), late=True)


def of_a_quotient(step: Step) -> Iterator[Slip]:
    """Of (u'v - uv') / v^2: the quotient of both slopes."""
    tree = written_out(step, step.tree) if step.tree[0] == "divide" else step.tree
    if tree[0] != "divide" or tree[1][0] != "subtract" or any(t[0] not in PRODUCTS for t in tree[1][1:]):
        return
    one, other = tree[1][1:]
    tops, bottoms = ([p for p in t[1:] if step.name(p).startswith("d")] for t in (one, other))
    if tree[2][0] == "power" and len(tops) == len(bottoms) == 1:
        names = {"one": step.name(tops[0]), "other": step.name(bottoms[0])}
        says = "{one} divided by {other} is no quotient rule: each slope is multiplied by the other function"
        yield Slip(("divide", tops[0], bottoms[0]), says, names, ("slopes",), late=True)
