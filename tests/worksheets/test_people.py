"""The marking keeps what it reached on answers written by hand; `score_people.py` has the figures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from as_printed import sheet_as_printed
from score_people import papers, scored, summary

import gradwork as gw


@pytest.mark.parametrize(
    ("name", "named", "wrong"),
    [("first", 0.97, 0.01), ("second", 0.95, 0.02), ("third", 0.91, 0.02), ("fourth", 0.96, 0.01)],
)
def test_mistakes_have_their_names_and_right_answers_are_right(name: str, named: float, wrong: float) -> None:
    found = summary(scored(name, []))
    assert found["named right"] >= named
    assert found["a wrong name, of all wrong answers"] <= wrong
    assert found["carried seen as carried"] >= 0.98
    assert found["right answers marked wrong"] <= 0.002 * found["right answers"]  # who rounds early throughout


@pytest.mark.parametrize("chapter", ["descent-step", "two-layers", "batch-mean", "softmax"])
def test_a_sheet_that_was_answered_keeps_its_numbers(chapter: str) -> None:
    """Those drawn otherwise today, and those that are not."""
    paper = next(p for p in papers("fourth") if p["chapter"] == chapter and p["level"] == 3)
    sheet = sheet_as_printed(chapter, 3, paper["seed"])
    right = {number for number, truth in paper["truth"].items() if truth == "right"}
    assert len(sheet.blanks) >= len(paper["answers"])
    marked = sheet.grade({int(number): paper["answers"][number] for number in right})
    assert all(marked[int(number)].status in ("right", "too few digits", "carried") for number in right)
    same = sheet.checksum == gw.sheet(chapter, level=3, seed=paper["seed"]).checksum
    assert same == (chapter == "softmax")
