"""`gw.sheet` and what brings a sheet back: by seed, by file, by code; copies; sheets of one's own model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gradwork as gw
from gradwork.errors import DataError, GradworkError, MissingFileError
from gradwork.models.sheets import sheet_from_code
from gradwork.worksheets.chapters import chapters

OWN = Path(__file__).resolve().parents[2] / "examples" / "own-sheet.toml"


@pytest.mark.parametrize("slug", list(chapters()))
def test_a_sheet_comes_back_from_its_file_and_from_its_code(slug: str, tmp_path: Path) -> None:
    sheet = gw.sheet(slug, seed=11, level=3)
    sheet.save(tmp_path / "x.sheet.json")
    for back in (gw.load_sheet(tmp_path / "x.sheet.json"), sheet_from_code(sheet.code)):
        assert str(back) == str(sheet) and back.key == sheet.key


def test_a_sheet_that_cannot_come_back_says_so(tmp_path: Path) -> None:
    file = tmp_path / "x.sheet.json"
    gw.sheet("one-weight", seed=1).save(file)
    record = json.loads(file.read_text())
    for change in ({"checksum": "0"}, {"chapter": "none"}, {"gradwork sheet": 9}):
        file.write_text(json.dumps(record | change))
        with pytest.raises(DataError):
            gw.load_sheet(file)
    file.write_text("{")
    with pytest.raises(DataError):
        gw.load_sheet(file)
    with pytest.raises(MissingFileError):
        gw.load_sheet(tmp_path / "none.sheet.json")
    with pytest.raises(DataError):
        sheet_from_code("gradwork:one-weight/1/2")


def test_copies_are_sheets_with_seeds_that_follow(tmp_path: Path) -> None:
    copies = gw.sheet("rules", seed=5, copies=3)
    assert [one.seed for one in copies] == [5, 6, 7] and len({str(one) for one in copies}) == 3
    assert str(copies[1]) == str(gw.sheet("rules", seed=6))
    copies.save(tmp_path / "r.txt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r-5.txt", "r-6.txt", "r-7.txt"]


def test_copies_go_into_one_pdf(tmp_path: Path) -> None:
    pytest.importorskip("typst")
    pytest.importorskip("segno")
    gw.sheet("rules", copies=2).save(tmp_path / "r.pdf")
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_a_model_of_ones_own_is_a_sheet_with_numbers_by_seed() -> None:
    one, other = gw.sheet(OWN, seed=1), gw.sheet(OWN, seed=2)
    assert str(one) != str(other)
    assert one.grade(one.key).score == len(one.blanks) > 20
    assert gw.sheet(gw.load(str(OWN)), seed=1).key == one.key


@pytest.mark.parametrize("given", ["none-such", 99, 3.5, "x.toml"])
def test_what_is_no_chapter_is_answered(given: object) -> None:
    with pytest.raises(GradworkError):
        gw.sheet(given)


@pytest.mark.parametrize("option", [{"level": 9}, {"copies": 0}, {"mask": "none"}, {"language": "xx"}])
def test_options_that_cannot_be_are_answered(option: dict[str, object]) -> None:
    with pytest.raises(GradworkError):
        gw.sheet("one-weight", **option)


@pytest.mark.parametrize("format_name", ["plain", "html", "typst", "latex", "terminal"])
@pytest.mark.parametrize(("language", "words"), [("en", "to 3 decimals"), ("de", "auf 3 Stellen")])
def test_a_sheet_says_how_many_decimals_are_wanted_where_numbers_are_rounded(
    format_name: str, language: str, words: str
) -> None:
    for slug, level in (("softmax", 1), ("activations", 2), ("losses", 3), ("optimisers", 2)):
        sheet = gw.sheet(slug, seed=3, level=level, language=language)
        rounded = [not item.exercise.exact for item in sheet.items]
        assert any(rounded) and str(sheet.to(format_name)).count(words) == sum(rounded)
        assert (words in str(sheet.item_page(0))) == rounded[0]  # in the terminal, exercise by exercise


def test_a_sheet_without_rounding_says_nothing_of_it() -> None:
    assert "decimals" not in str(gw.sheet("one-weight", seed=3))


@pytest.mark.parametrize(
    ("slug", "level", "told"),
    [("losses", 1, "d loss/d square"), ("batch-mean", 2, "d loss/d square"), ("rules", 2, "d (3 x + c)/d x")],
)
def test_a_slope_that_is_a_plain_number_says_of_what(slug: str, level: int, told: str) -> None:
    assert f" = {told} = [" in str(gw.sheet(slug, seed=3, level=level))


def test_the_rule_of_a_line_is_asked_below_it() -> None:
    lines = gw.sheet("two-layers", seed=3, level=3).to("plain", width=110).splitlines()
    asked = [line for line in lines if "matrix product rule | " in line]
    assert asked and all(line.strip().startswith("rule of ") for line in asked)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_no_step_is_taken_with_an_x_that_hides_a_forgotten_factor(level: int) -> None:
    for seed in range(20):
        for item in gw.sheet("descent-step", seed=seed, level=level).items:
            assert item.exercise.name == "in order" or abs(item.by_name["x"]) > 1
