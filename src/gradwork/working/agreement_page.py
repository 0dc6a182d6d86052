"""The three ways in one table, to how many digits they agree, and why not to more."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from gradwork.gradients.expression import one_line
from gradwork.gradients.nudging.page import entry
from gradwork.gradients.view import View
from gradwork.notation.document import Block, Paragraph, Table, Text
from gradwork.notation.layout import Number
from gradwork.working.agreement import Compared

if TYPE_CHECKING:
    from gradwork.working.work import Worked


def agreement_blocks(worked: Worked, view: View) -> Iterator[Block]:
    """The table, and in words what it says."""
    rows: list[tuple[Text, ...]] = []
    left_out = 0
    for name in worked.names:
        left_out += max(0, int(np.size(worked.backpropagated[name])) - view.entries)
        rows += [_row(one, view.digits) for one in islice(worked.agreement.rows(name), view.entries)]
    yield Table(("", "nudging, both ways", "rules", "backpropagation", "digits"), tuple(rows), align="l...r")
    if left_out:
        yield Paragraph(f"{left_out} more entries are compared likewise; --full lists them.", "note")
    yield Paragraph(_verdict(worked), "result" if worked.agreement.agree else "warning")
    if worked.agreement.carried:
        yield Paragraph(
            (
                "Carried forward by the rules, entry by entry, instead of back: the same, to ",
                _size(worked.agreement.carried_gap),
                ".",
            )
        )
    yield Paragraph(
        "Nudging keeps fewer digits: it subtracts two nearly equal losses, and what they share is lost. "
        "The number after ± is how far it may be off for that reason.",
        "why",
    )


def _row(one: Compared, digits: int) -> tuple[Text, ...]:
    shown = digits
    nudged: Text = (Number(_settled(one.nudged, one.bar), shown), " ± ", Number(one.bar, 1))
    return (
        entry(one.name, one.index),
        nudged,
        Number(one.derived, shown),
        Number(one.backpropagated, shown),
        str(one.digits),
    )


def _settled(value: float, bar: float) -> float:
    """A slope that its own bar cannot tell from 0 is shown as 0."""
    return 0.0 if abs(value) <= bar else value


def _size(gap: float) -> Number | str:
    return Number(gap, 1) if gap else "the last bit"


def _verdict(worked: Worked) -> str:
    agreement = worked.agreement
    count = sum(int(np.size(s)) for s in worked.backpropagated.values())
    entries = {1: "", 2: " in both entries"}.get(count, f" in all {count} entries")
    if agreement.agree:
        how_far = f"to at least {agreement.digits} digits" if agreement.digits else "within the bars"
        return f"The three ways agree{entries}, {how_far}."
    wrong, first = agreement.apart
    if first is None:
        return "Carrying the slopes forward and going back give different numbers."
    return f"The three ways differ in {wrong} of {count} entries, first in {one_line(entry(*first))}."
