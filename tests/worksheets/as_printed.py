"""The sheets on which answers were written by hand, brought back with the numbers that were printed on them.

A chapter may draw other numbers one day. `people/sheets.json` holds, for each sheet that was answered, its sum and, for
each exercise, the givens and what was blank. Everything else is worked out as it is today.
"""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradwork as gw
from gradwork.worksheets.chapters import chapters
from gradwork.worksheets.draw import Draw
from gradwork.worksheets.exercise import Exercise
from gradwork.worksheets.item import Item, with_mask
from gradwork.worksheets.masks import Mask
from gradwork.worksheets.rounding import printer
from gradwork.worksheets.sheet import Sheet

FILE = Path(__file__).resolve().parent / "people" / "sheets.json"


@functools.cache
def _printed() -> dict[str, Any]:
    return json.loads(FILE.read_text())


def sheet_as_printed(chapter: str, level: int, seed: int) -> Sheet:
    """The sheet that was answered: today's, where it is still drawn so."""
    today = gw.sheet(chapter, seed=seed, level=level)
    record = _printed().get(f"{chapter}/{level}/{seed}")
    if record is None or record[0] == today.checksum:
        return today
    asks = chapters()[chapter].levels[level - 1]
    words = [(a, (chapter, level, k, j, seed)) for k, a in enumerate(asks) for j in range(a.times)]
    exercises = [ask.arranged(seed_words) for ask, seed_words in words]
    items = tuple(_item(e, *as_printed) for e, as_printed in zip(exercises, record[1], strict=True))
    return replace(today, items=items)


def _item(exercise: Exercise, given: dict[str, Any], cells: list[int], others: list[list[Any]]) -> Item:
    plan = exercise.plan(given)
    values = plan.fill(given, printer(exercise.decimals, exact=exercise.exact, largest=10 * exercise.largest))
    places = [*cells, *(tuple(place) for place in others)]
    item = with_mask(exercise, plan, values, Mask("printed", "what was blank", lambda hiding: places), Draw())
    assert isinstance(item, Item)
    return item
