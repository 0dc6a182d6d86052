"""Answers carry the sum of the sheet that they were typed on: those to another sheet are not marked on this one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gradwork as gw
from gradwork.cli import main
from gradwork.errors import DataError
from gradwork.models.sheets import ClassSheets
from gradwork.worksheets.classroom import read_answers
from gradwork.worksheets.sheet import Sheet


def saved(sheet: Sheet, **changed: object) -> str:
    record = {"learner": "Ada", "chapter": sheet.chapter, "seed": sheet.seed, "level": sheet.level}
    answers = {str(b.number): b.text for b in sheet.blanks}
    return json.dumps({**record, "checksum": sheet.checksum, "answers": answers, **changed})


@pytest.fixture
def sheets(tmp_path: Path) -> ClassSheets:
    gw.sheet("rules", seed=5, level=2).save(tmp_path / "rules.sheet.json")
    return ClassSheets(tmp_path / "rules.sheet.json")


def test_answers_to_this_sheet_or_to_another_seed_of_it_are_marked(sheets: ClassSheets) -> None:
    for seed in (5, 6):
        typed = gw.sheet("rules", seed=seed, level=2)
        (one,) = read_answers(saved(typed))
        assert sheets.sheet_for(one).grade(one.answers).score == len(typed.blanks)


@pytest.mark.parametrize("chapter, level", [("rules", 1), ("rules", 3), ("losses", 2)])
def test_answers_to_another_level_or_chapter_are_refused(sheets: ClassSheets, chapter: str, level: int) -> None:
    (one,) = read_answers(saved(gw.sheet(chapter, seed=5, level=level)))
    with pytest.raises(DataError, match="the answers of Ada belong to another sheet") as refused:
        sheets.sheet_for(one)
    assert f"chapter {chapter}, level {level}, seed 5" in refused.value.why


def test_answers_typed_on_the_page_of_another_language_belong_to_the_sheet(sheets: ClassSheets) -> None:
    (one,) = read_answers(saved(gw.sheet("rules", seed=5, level=2, language="de")))
    assert sheets.sheet_for(one).seed == 5


def test_the_command_says_so(sheets: ClassSheets, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text(saved(gw.sheet("losses", seed=5, level=2)), encoding="utf-8")
    assert main(["grade", str(tmp_path / "rules.sheet.json"), str(tmp_path / "a.json")]) == 2
    assert "belong to another sheet" in capsys.readouterr().err


def test_a_seed_that_is_no_number_is_said_so() -> None:
    with pytest.raises(DataError, match="no whole number"):
        read_answers('{"seed": "seven", "answers": {"1": "2"}}')
