"""Every chapter keeps the contract of chapters; `tools/check_chapters.py` tries ten times as many seeds."""

from __future__ import annotations

import numpy as np
import pytest

import gradwork as gw
from gradwork.graph.formula import parse_program
from gradwork.worksheets.chapters import chapters
from gradwork.worksheets.checking import check_chapter
from gradwork.worksheets.plan import GIVEN

SEEDS = 20


@pytest.mark.parametrize("slug", list(chapters()))
def test_a_chapter_keeps_the_contract(slug: str) -> None:
    found = check_chapter(chapters()[slug], range(SEEDS), plant=11)
    assert found.faults == []
    assert found.named > 0.9, dict(found.planted)


def test_there_are_sixteen_chapters_or_more_of_three_levels_in_order() -> None:
    assert [c.number for c in chapters().values()] == list(range(1, max(17, len(chapters()) + 1)))
    assert all(len(c.levels) == 3 for c in chapters().values())
    known = set(chapters())
    assert all(set(c.needs) <= known for c in chapters().values())


@pytest.mark.parametrize("slug", list(chapters()))
def test_keys_are_what_the_engine_computes_by_itself(slug: str) -> None:
    """The way back of a sheet, cut into lines and rounded, against gw.grad on the whole loss."""
    for level in (1, 2, 3):
        sheet = gw.sheet(slug, seed=5, level=level)
        for item in sheet.items:
            exercise = item.exercise
            if not exercise.gradients:
                continue
            given = {n: np.array(v) for n, v in item.by_name.items() if item.plan.quantities[n].role == GIVEN}
            names = [n for n in exercise.gradients if n in given]
            slopes = gw.grad(parse_program(exercise.lines), wrt=tuple(names))(**given)
            slack = 1e-9 if exercise.exact else 0.05
            for name, slope in zip(names, slopes, strict=True):
                assert np.allclose(item.by_name[f"d{name}"], slope, atol=slack, rtol=0), (exercise.name, name)
