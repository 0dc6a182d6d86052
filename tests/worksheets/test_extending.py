"""A chapter, or a mask, is one file: found by itself, held to the contract, and usable by its name everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gradwork as gw
from gradwork.worksheets.chapters import chapters
from gradwork.worksheets.exercise import Choice
from gradwork.worksheets.masks import Mask, Masks, mask_named, masks

SOURCE = Path(gw.__file__).parents[1]

CHAPTER = """
from gradwork.worksheets.exercise import Ask, Chapter, Exercise, Given, Line, Told
from gradwork.worksheets.masks import mask_named as mask

AREA = Exercise(
    name="area",
    text="A rectangle: how fast does its area grow with each side?",
    lines="A = a * b",
    draw=lambda d: {"a": d.whole(2, 9), "b": d.whole(2, 9)},
    gradients=("a", "b"),
    show=(Told(("A",)), Given(("a", "b")), Line("A"), Line("da"), Line("db")),
    suits=lambda v: v["a"] != v["b"],
)
CHAPTER = Chapter(
    slug="rectangle",
    number=90,
    title="A rectangle",
    goals="See that each side is the other's slope.",
    levels=((Ask(AREA, mask("results"), 2),), (Ask(AREA, mask("results"), 3),), (Ask(AREA, mask("anywhere-1"), 3),)),
    words={"de": {"A rectangle": "Ein Rechteck"}},
)
"""
MASK = """
from gradwork.worksheets.masks import Mask

MASK = Mask("first", "the first number that is worked out", lambda hiding: hiding.worked()[:1])
"""
CONTRACT = """
from gradwork.worksheets.chapters import chapter_named
from gradwork.worksheets.checking import check_chapter
found = check_chapter(chapter_named("rectangle"), range(10))
print(found.sheets, found.faults, found.named)
"""


@pytest.fixture
def package(tmp_path: Path) -> dict[str, str]:
    """A package with a chapter and a mask, as pip would have installed it; gives the surroundings that know it."""
    (tmp_path / "rectangle_chapter.py").write_text(CHAPTER, encoding="utf-8")
    (tmp_path / "first_mask.py").write_text(MASK, encoding="utf-8")
    facts = tmp_path / "rectangle-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: rectangle\nVersion: 1.0\n", encoding="utf-8")
    points = "[gradwork.chapters]\nrectangle = rectangle_chapter\n[gradwork.masks]\nfirst = first_mask\n"
    (facts / "entry_points.txt").write_text(points, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), str(tmp_path)]), "COLUMNS": "100"}


def run(package: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], env=package, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_chapter_of_another_package_is_a_chapter_like_any_other(package: dict[str, str], tmp_path: Path) -> None:
    assert "rectangle" in run(package, "-m", "gradwork", "chapters")
    made = tmp_path / "sheet.html"
    run(package, "-m", "gradwork", "sheet", "rectangle", "--level", "3", "-o", str(made))
    assert "how fast does its area grow" in made.read_text(encoding="utf-8")
    assert "Ein Rechteck" in run(package, "-m", "gradwork", "sheet", "90", "--language", "de", "--to", "plain")
    answers = tmp_path / "a.json"
    answers.write_text('{"1": "7"}', encoding="utf-8")
    assert "of 3" in run(package, "-m", "gradwork", "grade", str(tmp_path / "sheet.sheet.json"), str(answers))


def test_a_chapter_of_another_package_is_held_to_the_contract(package: dict[str, str]) -> None:
    sheets, faults, _ = run(package, "-c", CONTRACT).split(" ", 2)
    assert (sheets, faults) == ("30", "[]")


def test_a_mask_of_another_package_is_a_mask_like_any_other(package: dict[str, str]) -> None:
    assert "the first number that is worked out" in run(package, "-m", "gradwork", "chapters", "--masks")
    page = run(package, "-m", "gradwork", "sheet", "rectangle", "--mask", "first", "--to", "plain")
    assert page.count("[ ") == 2 and "A  = a b = [ 1 ]" in page


@pytest.mark.parametrize("name", list(masks()))
def test_a_mask_makes_sheets_that_are_solvable_or_is_refused(name: str) -> None:
    """Every mask on every chapter: blanks, or a refusal that says why."""
    known = masks()[name]
    mask = mask_named(known.example) if isinstance(known, Masks) else known
    assert isinstance(mask, Mask) and mask.title
    made = 0
    for slug in chapters():
        try:
            sheet = gw.sheet(slug, seed=1, level=2, mask=mask)
        except gw.errors.UsageError as error:
            assert error.why, error
            continue
        assert sheet.grade({b.number: b.text for b in sheet.blanks}).score == len(sheet.blanks)
        made += bool([b for b in sheet.blanks if b.kind != "choice"])
    assert made or name in ("nothing", "star", "concept")


def test_choices_are_asked_whatever_the_mask_is() -> None:
    for slug in chapters():
        sheet = gw.sheet(slug, level=3, mask="nothing")
        asked = sum(isinstance(row, Choice) for item in sheet.items for row in item.exercise.rows(item.plan))
        assert len(sheet.blanks) == asked
