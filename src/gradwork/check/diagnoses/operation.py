"""Added in place of multiplied, multiplied in place of divided."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.cause import Cause
from gradwork.check.diagnoses._on_paper import part_at, squares_last
from gradwork.check.paper import PRODUCTS, Slip, Step, Tree, factors, product


def slips(step: Step) -> Iterator[Slip]:
    """Another of the four operations."""
    for place, part in step.parts(*PRODUCTS):
        names = {"one": step.name(part[1]), "other": step.name(part[2])}
        says = "{one} and {other} are multiplied, and not added"
        yield Slip(step.with_part(place, ("add", part[1], part[2])), says, names, ("added",))
        says = "{one} and {other} are multiplied, and not divided"
        yield Slip(step.with_part(place, ("divide", part[1], part[2])), says, names, ("divided",), rare=True)
        yield Slip(step.with_part(place, ("divide", part[2], part[1])), says, names, ("below",), rare=True, late=True)
        says = "{one} and {other} are multiplied, and not taken from each other"
        for key, less in (("less", part), ("less, turned", (part[0], part[2], part[1]))) if not place else ():
            yield Slip(step.with_part(place, ("subtract", *less[1:])), says, names, (key,), rare=True, late=True)
        inside = factors(part)
        if not place and len(inside) > 2:
            says = "these are multiplied, and not added"
            yield Slip(("total", *inside), says, key=("all added",), late=True)
    if step.tree[0] == "total" and len(step.tree) > 3:
        yield Slip(product(step.tree[1:]), "these are added, and not multiplied", key=("all multiplied",), late=True)
    for place, part in step.parts("divide"):
        names = {"one": step.name(part[1]), "other": step.name(part[2])}
        says = "{one} is divided by {other}, and not multiplied"
        yield Slip(step.with_part(place, ("multiply", part[1], part[2])), says, names, ("multiplied",))
        says = "{one} is divided by {other}, and nothing is taken away"
        yield Slip(step.with_part(place, ("subtract", part[1], part[2])), says, names, ("taken",), rare=True)
    for place, part in step.parts("add", "total"):
        if len(part) == 3:
            names = {"one": step.name(part[1]), "other": step.name(part[2])}
            says = "{one} and {other} are added, and not multiplied"
            yield Slip(step.with_part(place, ("multiply", part[1], part[2])), says, names, ("product",), rare=True)
    yield from _sums_first(step)
    yield from _by_a_share(step)
    for key, wrong in squares_last(step):
        yield Slip(wrong, "each is raised to the power first, and then they are added up", {}, (key,), late=True)


def _by_a_share(step: Step) -> Iterator[Slip]:
    """Of w + dw: w + dw w, as if the nudge were a share of w, and w dw. Of a - b: a / b."""
    tree = step.tree
    if tree[0] in ("add", "total") and len(tree) == 3 and tree[1][0] == tree[2][0] == "cell":
        names = {"nudge": step.name(tree[2]), "value": step.name(tree[1])}
        if names["nudge"] == "h" or names["nudge"] == f"d{names['value'].removesuffix('_before')}":
            says = "{nudge} is added to {value}, and no share of {value}"
            share = ("total", tree[1], ("multiply", tree[2], tree[1]))
            yield Slip(share, says, names, ("share",), late=True)
            says = "{nudge} is added to {value}, and not multiplied with it"
            yield Slip(("multiply", tree[2], tree[1]), says, names, ("nudge times",), late=True)
    if tree[0] == "subtract" and tree[1][0] == tree[2][0] == "cell":
        names = {"one": step.name(tree[1]), "other": step.name(tree[2])}
        says = "{other} is taken from {one}, and {one} is not divided by it"
        yield Slip(("divide", tree[1], tree[2]), says, names, ("ratio",), rare=True, late=True)


def _sums_first(step: Step) -> Iterator[Slip]:
    """The mean of errors times the mean of inputs in place of the mean of their products; sums in the same way."""
    for place, part in step.parts("total"):
        terms = [step.lines.get(t[1], t) if t[0] == "cell" else t for t in part[1:]]
        inside = [factors(t) for t in terms]
        count = len(inside[0])
        alike = all(t[0] in PRODUCTS for t in terms) and all(len(f) == count for f in inside)
        if len(terms) < 2 or not alike or any(f[0] == "log" for f in inside[0]):
            continue
        n = ("known", float(len(terms)))
        above = step.tree if not place else part_at(step.tree, place[:-1])
        mean = above[0] == "divide" and above[2] == n and place[-1] == 1
        sums: list[Tree] = []
        for column in zip(*inside, strict=True):
            if all(f == column[0] and f[0] == "known" for f in column):
                sums.append(column[0])
            else:
                total = ("total", *column)
                sums.append(("divide", total, n) if mean else total)
        says = "the products are worked out first, and then added up"
        yield Slip(step.with_part(place[:-1] if mean else place, product(sums)), says, {}, ("sums",), late=True)


CAUSE = Cause(
    code="GW272",
    name="another operation",
    summary="Two numbers are added, multiplied or divided where another of these belongs.",
    explain=(
        "A weight is multiplied by its input; a bias is added; a slope that was multiplied is undone by "
        "dividing. With 2 and 2 a sum and a product are the same, with other numbers they are not."
    ),
    broken="""
W = 3, X = 2
Z = W X = 5
""",
    mended="""
W = 3, X = 2
Z = W X = 3 * 2 = 6
""",
    rank=24,
    paper=(),
    slips=slips,
    written=True,
)
