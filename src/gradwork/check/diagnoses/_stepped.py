"""Steps and nudges on paper that are worked out with a number that stands near the right one."""

from __future__ import annotations

from collections.abc import Iterator

from gradwork.check.diagnoses._on_paper import throughout
from gradwork.check.paper import PRODUCTS, RATES, Slip, Step, Tree, factors
from gradwork.check.trees import cells_in


def in_place_of_the_slope(step: Step) -> Iterator[Slip]:
    """Of w - rate dw: w - rate w, and w - rate loss."""
    if step.tree[0] != "subtract" or step.tree[1][0] != "cell":
        return
    value, taken = step.tree[1:]
    rates = [f for f in factors(taken) if f[0] == "cell" and step.name(f) in RATES]
    if len(rates) != 1 or taken == rates[0]:
        return
    says = "a share of the slope is taken off, and not a share of {value} itself"
    share = ("subtract", value, ("multiply", rates[0], value))
    yield Slip(share, says, {"value": step.name(value)}, ("share",), late=True)
    says = "a share of the slope is taken off, and not a share of the loss itself"
    for loss in _losses(step, taken):
        share = ("subtract", value, ("multiply", rates[0], loss))
        yield Slip(share, says, {}, ("loss",), late=True)


def _losses(step: Step, taken: Tree) -> Iterator[Tree]:
    """The loss itself; in 2 error x, the square of the error."""
    own = step.quantities.get("loss")
    if own is not None and not own.shape:
        yield ("cell", own.first)
    if ("known", 2.0) in factors(taken):
        for one in factors(taken):
            if one[0] == "cell" and step.role(one) == "line" and one[1] in step.lines:
                yield ("power", one, ("known", 2.0))


def not_the_base(step: Step) -> Iterator[Slip]:
    """Of a rise from the first number: the rise from the nudge before. Of one both ways: from or to the middle."""
    for place, part in step.parts("subtract"):
        one, other = part[1:]
        if one[0] != "cell" or other[0] != "cell":
            continue
        up, base = step.owner[one[1]], step.owner[other[1]]
        for apart in {1, up.shape[-1]} if up.shape and not base.shape else ():
            if one[1] - apart >= up.first:
                says = "each is compared with {base}, and not with the number before: every nudge is taken back"
                before = step.with_part(place, ("subtract", one, ("cell", one[1] - apart)))
                yield Slip(before, says, {"base": base.name}, ("number before", apart == 1), late=True)
        for k in (1, 2):
            line = step.lines.get(part[k][1])
            middle = None if line is None else without_nudge(step, line)
            if middle is not None and step.lines.get(part[3 - k][1]) is not None and middle != line:
                says = "{name} belongs here, and not the number in the middle"
                rise = (*part[:k], middle, *part[k + 1 :])
                yield Slip(step.with_part(place, rise), says, {"name": step.name(part[k])}, ("middle", k), late=True)
                if step.tree[0] == "divide" and place == (1,) and step.tree[2][0] in PRODUCTS:
                    one_sided = ("divide", rise, step.tree[2][2])
                    yield Slip(one_sided, says, {"name": step.name(part[k])}, ("one-sided", k), late=True)


def without_nudge(step: Step, line: Tree) -> Tree | None:
    """A line that is worked out at x + h or x - h, at x; None where it is not worked out so."""
    if "h" not in {step.owner[c].name for c in cells_in(line)}:
        return None

    def at_rest(part: Tree) -> Tree | None:
        nudged = part[0] in ("add", "total", "subtract") and len(part) == 3 and step.name(part[2]) == "h"
        return part[1] if nudged else None

    return throughout(line, at_rest)
