"""Checking filled-in workings: the workbook chapter, the article, and other people's numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradwork.errors import GradworkError, MissingFileError
from gradwork.models.filled import filled_from, verify_file
from gradwork.worksheets.verify import Verified, verify

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def verified(text: str) -> Verified:
    return verify(*filled_from(text))


def test_the_workbook_chapter_is_filled_from_the_givens_and_blank_15_alone_is_wrong() -> None:
    found = verify_file(EXAMPLES / "workbook-chapter.toml")
    assert sorted(found.answers) == list(range(1, 51))
    assert [(f.numbers, f.printed, f.follows) for f in found.faults] == [((15,), (5.0,), (3.0,))]
    assert not found.unknown


def test_the_article_divided_by_another_number_and_misnamed_its_matrix() -> None:
    found = verify_file(EXAMPLES / "article-slopes.toml")
    divisor, name = found.faults
    assert "divided by 0.001, and nudge is 0.01" in divisor.what
    assert len(divisor.cells) == 9 and divisor.follows[:3] == (0.2, 0.5, 0.3)
    assert "no Jacobian determinant" in name.what and "square" in name.why and "gradient" in name.why


NUDGE = """
[[exercise]]
lines = "dZ = Z_after - Z_before; slope = dZ / dW"
given = { dW = 0.1, Z_before = 6, Z_after = 6.3 }
"""


def test_decimals_are_read_as_printed() -> None:
    assert verified(NUDGE + "printed = { dZ = 0.3, slope = 3 }").ok
    assert verified(NUDGE + "printed = { dZ = '0,3', slope = 3.0 }").ok
    assert not verified(NUDGE + "printed = { dZ = 0.31, slope = 3 }").ok


def test_a_printed_number_is_right_to_its_last_digit() -> None:
    third = '[[exercise]]\nlines = "t = a / 3"\ngiven = { a = 1 }\n'
    assert verified(third + "printed = { t = 0.33 }").ok
    assert verified(third + "printed = { t = 0.3333 }").ok
    assert not verified(third + "printed = { t = 0.34 }").ok


def test_givens_that_do_not_go_together_are_said() -> None:
    found = verified('[[exercise]]\nlines = "Z = W * X"\ngiven = { W = 3, X = 2, Z = 7 }')
    assert "does not go together" in found.faults[0].what and found.faults[0].follows == (6.0,)


def test_what_nothing_fixes_is_said_and_not_called_wrong() -> None:
    found = verified(
        '[[exercise]]\nlines = "Z = W * X"\ngiven = { W = 0, Z = 0 }\nprinted = { X = 5 }\nshapes = { X = [] }'
    )
    assert found.ok and found.unknown == ("X",)


def test_a_wrong_number_does_not_make_those_after_it_wrong() -> None:
    text = '[[exercise]]\nlines = "a = x + 1; b = 2*a; c = b - x"\ngiven = { x = 4 }\n'
    assert [f.cells for f in verified(text + "printed = { a = 6, b = 10, c = 6 }").faults] == [("a",)]


@pytest.mark.parametrize(
    ("shape", "name", "objects"),
    [("[[1, 2], [3, 4]]", "determinant", True), ("[[1, 2], [3, 4]]", "gradient", False), ("[1, 2]", "vector", False),
     ("[[1, 2], [3, 4]]", "vector", True), ("[[1, 2, 3]]", "Jacobian", False), ("[[1], [2]]", "Jacobian matrix", True),
     ("[[1, 2, 3]]", "Hessian", True), ("[[1, 2], [3, 4]]", "Hessian matrix", False), ("[1, 2]", "scalar", True)],
)  # fmt: skip
def test_names_are_objected_to_where_they_cannot_be_meant(shape: str, name: str, objects: bool) -> None:
    found = verified(f'[[exercise]]\nlines = "s = 1 * r"\ngiven = {{ r = {shape} }}\nclaims = {{ s = "{name}" }}')
    assert found.ok is not objects


def test_a_table_of_values_is_read_as_csv(tmp_path: Path) -> None:
    file = tmp_path / "filled.csv"
    file.write_text("name,formula,value,given\nx,,3,yes\nw,,2,yes\nz,w * x,6,\nloss,z^2,35,\n", encoding="utf-8")
    found = verify_file(file)
    assert [(f.cells, f.printed, f.follows) for f in found.faults] == [(("loss",), (35.0,), (36.0,))]


@pytest.mark.parametrize(
    "text",
    ["", "[[exercise]]", '[[exercise]]\nlines = "a = "', '[[exercise]]\nlines = "a = b"\ngiven = { c = 1 }',
     '[[exercise]]\nlines = "a = b"\ngiven = { b = 1 }\nprinted = { q = 1 }',
     '[[exercise]]\nlines = "a = 2*b"\ngiven = { b = [1, 2] }\nprinted = { "a[7]" = 1 }',
     '[[exercise]]\nlines = "a = 2*b"\ngiven = { b = "abc" }', "not toml", '[[exercise]]\nfoo = 1'],
)  # fmt: skip
def test_files_that_cannot_be_used_are_answered_kindly(text: str) -> None:
    with pytest.raises(GradworkError):
        verified(text)


def test_files_that_are_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        verify_file(tmp_path / "none.toml")
