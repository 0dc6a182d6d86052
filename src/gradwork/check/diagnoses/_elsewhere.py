"""Slips on paper in which a number of another place is read: of another term, nudge, side or worker."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gradwork.check.diagnoses._stepped import without_nudge
from gradwork.check.paper import PRODUCTS, TOTALS, Slip, Step, Tree
from gradwork.check.trees import subtrees

THEIRS = "their_"


def of_another_term(step: Step) -> Iterator[Slip]:
    """Of w x + b, where the slope by b is asked for: w, and x."""
    names = {f"{step.of}{end}" for end in ("", "_before", "_after")} if step.of else set()
    found: dict[str, Tree] = {}
    for line in step.lines.values():
        for _, part in subtrees(line):
            if part[0] not in TOTALS or not any(step.name(term) in names for term in part[1:] if term[0] == "cell"):
                continue
            for term in part[1:]:
                if term[0] in PRODUCTS:
                    found |= {step.name(one): one for one in term[1:] if step.role(one) == "given"}
    for name, one in found.items():
        says = "{wrong} belongs to another term: nothing multiplies {name}, so its slope is 1 times what comes back"
        yield Slip(one, says, {"wrong": name, "name": step.of}, ("another term", name), late=True)


def from_the_start(step: Step) -> Iterator[Slip]:
    """Where somebody's numbers are worked on: the learner's own in their place."""
    own = step.everywhere(lambda c: _own(step, c))
    if own is not None and own != step.tree:
        says = "worked from the start: the question is about their numbers"
        yield Slip(own, says, {}, ("from the start",), likely=True, late=True)


def _own(step: Step, cell: int) -> int:
    theirs = step.owner[cell]
    own = step.quantities.get(theirs.name.removeprefix(THEIRS))
    return cell if own is None or own is theirs else own.first + cell - theirs.first


def nudged_instead(step: Step) -> Iterator[Slip]:
    """Of (w + h) x: w (x + h)."""
    for place, part in step.parts(*PRODUCTS):
        if len(part) != 3:
            continue
        for nudged, other in (part[1:], part[2:0:-1]):
            is_nudge = nudged[0] in (*TOTALS, "subtract") and len(nudged) == 3 and step.name(nudged[2]) == "h"
            if is_nudge and nudged[1][0] == other[0] == "cell":
                says = "{name} is nudged here, and not {other}"
                names = {"name": step.name(nudged[1]), "other": step.name(other)}
                instead = ("multiply", nudged[1], (nudged[0], other, nudged[2]))
                yield Slip(step.with_part(place, instead), says, names, ("nudged", names["other"]), late=True)


def one_sided(step: Step) -> Iterator[Slip]:
    """Of rise / (2 h), the rise from below to above: the half of it above the middle, or below, divided by h."""
    tree = step.tree
    if tree[0] != "divide" or tree[1][0] != "cell" or tree[2][0] not in PRODUCTS or len(tree[2]) != 3:
        return
    rise = step.lines.get(tree[1][1])
    if rise is None or rise[0] != "subtract" or any(part[0] != "cell" for part in rise[1:]):
        return
    says = "that is the ratio of one side: here the rise is from below to above, over both nudges"
    for k in (1, 2):
        line = step.lines.get(rise[k][1])
        middle = None if line is None else without_nudge(step, line)
        if middle is not None and middle != line:
            half = (*rise[:k], middle, *rise[k + 1 :])
            yield Slip(("divide", half, tree[2][2]), says, {}, ("side", k), late=True)


def in_reverse(step: Step) -> Iterator[Slip]:
    """The numbers of a column or row that the step multiplies with, taken from its other end."""
    factors = {one[1] for _, part in step.parts(*PRODUCTS) for one in part[1:] if one[0] == "cell"}
    for name in dict.fromkeys(step.owner[c].name for _, c in step.cells() if c in factors):
        own = step.quantities[name]
        if own.role != "given" or max(own.shape, default=0) < 3 or math.prod(own.shape) != max(own.shape):
            continue  # no row and no column
        last = own.first + max(own.shape) - 1
        other = step.everywhere(lambda c, o=own, z=last: o.first + z - c if step.owner[c] is o else c)  # type: ignore[misc]
        if other is not None and other != step.tree:
            says = "{name} is read from its other end"
            yield Slip(other, says, {"name": name}, ("in reverse", name), rare=True, late=True)
