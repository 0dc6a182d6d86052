"""Masks: each hides what it says, on every chapter, and what it hides can be found or is refused by name."""

from __future__ import annotations

import pytest

import gradwork as gw
from gradwork.errors import UsageError
from gradwork.worksheets.chapters import chapters
from gradwork.worksheets.masks import Masks, mask_named, masks

NAMES = [mask.example if isinstance(mask, Masks) else name for name, mask in masks().items()]


@pytest.mark.parametrize("name", NAMES)
def test_a_mask_serves_chapters_or_says_why_not(name: str) -> None:
    served = 0
    for slug in chapters():
        try:
            sheet = gw.sheet(slug, seed=2, level=2, mask=name)
        except UsageError as refused:
            assert str(refused).count("\n") >= 1, "a refusal says why"
            continue
        served += 1
        assert sheet.grade(sheet.key).score == len(sheet.blanks)
        assert sheet.mask == name
    assert served >= (3 if name in ("star", "perturbed", "input") else 12) or name in ("star", "perturbed"), served


def test_masks_are_put_together() -> None:
    both = gw.sheet("linear-layer", seed=1, mask="shapes+back")
    assert {blank.kind for blank in both.blanks} == {"shape", "cell"}
    assert len(both.blanks) == len({blank.number for blank in both.blanks})


def test_faded_starts_with_a_worked_example_and_ends_with_everything() -> None:
    sheet = gw.sheet("one-weight", seed=3, mask="faded")
    per_item = [sum(b.item == k for b in sheet.blanks) for k in range(len(sheet.items))]
    assert per_item[0] == 0 and per_item[1] > 0


@pytest.mark.parametrize("concept", ["forward", "gradient", "slope", "change", "sum"])
def test_concepts_are_read_off_the_lines(concept: str) -> None:
    for slug in ("two-layers", "one-weight"):
        sheet = gw.sheet(slug, seed=1, mask=f"concept-{concept}")
        names = {sheet.items[b.item].plan.owner[b.place[1]].name for b in sheet.blanks if b.kind == "cell"}
        if concept == "gradient" and slug == "two-layers":
            assert {"dW1", "dZ1"} <= names and not names & {"Z1", "A1"}
        if concept == "slope" and slug == "one-weight":
            assert names == {"slope"}


@pytest.mark.parametrize("name", ["", "none-such", "every", "every-x", "results+", "concept-", "anywhere-0"])
def test_masks_that_there_are_not_are_answered(name: str) -> None:
    with pytest.raises(UsageError):
        mask_named(name)


def test_a_concept_that_an_exercise_has_not_is_answered() -> None:
    with pytest.raises(UsageError, match="forward, gradient"):
        gw.sheet("one-weight", mask="concept-beauty")
