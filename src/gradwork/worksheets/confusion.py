"""Which mistake gives which number: how well an exercise tells right from wrong, and one mistake from another.

Small whole numbers make many wrong ways look right. So several draws are compared, and the one is taken in which most
mistakes show; the teacher can print the table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradwork.check.cause import Cause
from gradwork.notation.document import Block, Document, Heading, Paragraph, Table
from gradwork.worksheets.item import Item
from gradwork.worksheets.rounding import number_text, rounded

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Sheet


@dataclass(frozen=True, eq=False)
class Confusion:
    """One blank: what is right, and what each mistake would give."""

    cell: int
    right: float
    wrong: Mapping[Cause, tuple[float, ...]]


def confusions(item: Item) -> Iterator[Confusion]:
    """What each mistake of the catalogue gives in each blank; rare ones are left out."""
    for place in sorted(p for p in item.hidden if p[0] == "cell"):
        cell = place[1]
        found: dict[Cause, list[float]] = {}
        for route in item.routes(cell)[:1]:
            for (cause, _), value in zip(route.usual, route.usual_values(item.values), strict=True):
                if value is not None and not isinstance(value, complex) and math.isfinite(value):
                    found.setdefault(cause, []).append(rounded(value, item.exercise.decimals))
        yield Confusion(cell, item.values[cell], {c: tuple(v) for c, v in found.items()})


def worth(item: Item) -> float:
    """How well an item tells mistakes apart: the share of its mistakes that give a number of their own somewhere.

    Mistakes are counted quantity by quantity, since a whole matrix shows what one of its numbers may hide.
    """
    shown: dict[tuple[str, str], bool] = {}
    values = item.values
    for place in item.hidden:
        if place[0] != "cell":
            continue
        cell = place[1]
        name, right = item.plan.owner[cell].name, values[cell]
        slack = 1e-9 * (1 + abs(right))
        for route in item.routes(cell)[:1]:
            for (cause, _), value in zip(route.usual, route.usual_values(values), strict=True):
                key = (name, cause.code)
                if not shown.get(key):
                    shown[key] = value is None or not abs(value - right) <= slack
    return sum(shown.values()) / len(shown) if shown else 1.0


def confusion_page(sheet: Sheet) -> Document:
    """The table for the teacher: blank by blank, what each mistake would give."""
    say = sheet.language
    blocks: list[Block] = [Heading(sheet.title, 1, aside=say("What each mistake gives"))]
    numbers = {(b.item, b.place): b.number for b in sheet.blanks}
    rows = []
    for index, item in enumerate(sheet.items):
        for confusion in confusions(item):
            number = numbers[index, ("cell", confusion.cell)]
            same = [c.code for c, vs in confusion.wrong.items() if all(v == confusion.right for v in vs)]
            told = [
                f"{number_text(v)} {c.code} {say(c.name)}"
                for c, vs in confusion.wrong.items()
                for v in dict.fromkeys(vs)
                if v != confusion.right
            ]
            rows.append((number, number_text(confusion.right), "; ".join(told), ", ".join(same)))
    table = tuple((str(n), right, told, same) for n, right, told, same in sorted(rows))
    heads = (say("Blank"), say("Answer"), say("what a mistake gives"), say("mistakes that nobody would see"))
    blocks.append(Table(heads, table, align="rrll"))
    blocks.append(Paragraph(say("gradwork explain CODE says what each of them is"), "note"))
    return Document(sheet.title, tuple(blocks), language=say.code, texts=say.texts)
