"""`gw.sheet` as others call it: what it takes, what it refuses, and how it shows itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, DataError


def test_sheets_say_in_one_line_what_they_are() -> None:
    sheet = gw.sheet("one-weight", seed=3)
    assert repr(sheet) == "<Sheet: The slope of one weight, level 1, seed 3, 12 blanks>"
    assert repr(sheet.grade({1: sheet.key[1]})) == "<Marked: 1 of 12; 1 right, 11 empty>"
    copies = gw.sheet("one-weight", seed=3, copies=2)
    assert repr(copies) == "<2 sheets: The slope of one weight, level 1, from seed 3>"


def test_whole_numbers_of_any_kind_are_taken() -> None:
    assert gw.sheet(1, seed=np.int64(3), level=np.int8(2)).checksum == gw.sheet(1, seed=3, level=2).checksum


@pytest.mark.parametrize(
    "options",
    [{"seed": "a"}, {"seed": -1}, {"seed": True}, {"seed": 1.0}, {"level": "2"}, {"copies": "3"}, {"copies": 0}],
)
def test_what_is_no_whole_number_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="cannot be"):
        gw.sheet(1, **options)


def test_what_is_no_mask_is_refused() -> None:
    with pytest.raises(ArgumentError, match="int is no mask"):
        gw.sheet(1, mask=3)


@pytest.mark.parametrize("answers", [None, "3", [1, 2], 3])
def test_answers_come_by_the_number_of_their_blank(answers: Any) -> None:
    with pytest.raises(ArgumentError, match="by the number of their blank"):
        gw.sheet(1).grade(answers)


def test_a_folder_is_no_sheet(tmp_path: Any) -> None:
    with pytest.raises(DataError, match="is a folder"):
        gw.load_sheet(tmp_path)


def test_numbers_of_many_digits_are_rounded_for_a_sheet_of_a_model() -> None:
    model = gw.load(
        'loss = "mean((X @ W - Y)^2)"\n[data]\nX = [[1, 2], [3, 4]]\nY = [[1], [2]]\n'
        "[parameters]\nW = [[0.123456789], [0.000123456789]]\n"
    )
    sheet = gw.sheet(model)
    plan = sheet.items[0].plan
    assert [sheet.items[0].values[c] for c in plan.quantities["W"].cells] == [0.123, 0.000123]


def test_a_model_says_in_one_line_what_it_is() -> None:
    model = gw.load('title = "A line"\nloss = "(x*w - 1)^2"\n[data]\nx = 2\n[parameters]\nw = 3\n')
    assert repr(model) == "<Model: A line; parameters w; data x>"
