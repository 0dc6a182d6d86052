"""What people do wrong at the command line, and what they are told: what is wrong, why, and what to try."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CARS = str(EXAMPLES / "cars.toml")
FILLED = str(EXAMPLES / "workbook-chapter.toml")


@pytest.mark.parametrize(
    "arguments, headline, hint",
    [
        (["derive", "x^n", "--at", "q=3"], "--at gives q a number, and the formula has no q", "x, n"),
        (["derive", "e = x*w; loss = e^2", "--at", "wx=3"], "--at gives wx a number, and the formula has no wx", "w"),
        (["descend", CARS, "--weight-decay", "-1"], "--weight-decay needs a number, 0 or more, not '-1'", "descend"),
        (["descend", CARS, "--picture", "loss", "-o", "a.gif"], "a picture cannot be written as .gif", "a.svg"),
        (["check", CARS], "there is no gradient to check", "--gradient"),
        (["work", FILLED], "workbook-chapter.toml is a filled-in working, not a model", "gradwork verify"),
        (["descend", FILLED], "workbook-chapter.toml is a filled-in working, not a model", "gradwork verify"),
        (["sheet", str(EXAMPLES / "digits.toml")], "these lines have more than 6,000 numbers", "fewer rows"),
        (["verify", "."], ". is a folder", "a filled-in working"),
    ],
)
def test_a_mistake_is_told_with_what_to_try(arguments, headline, hint, run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if "digits" in arguments[-1]:
        pytest.importorskip("sklearn")
    outcome = run(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert headline in outcome.err.splitlines()[0]
    assert hint in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "formula, at, said", [("log(x)", "x=-1", "is not a number at this point"), ("1/x", "x=0", "is infinite at this")]
)
def test_a_point_where_a_formula_has_no_value_is_said_on_the_page_and_nowhere_else(formula, at, said, run, recwarn):
    outcome = run("derive", formula, "--at", at)
    assert outcome.code == 0
    assert outcome.err == ""
    assert said in outcome.out
    assert not recwarn.list


def test_a_weight_decay_of_zero_switches_off_that_of_the_model(run):
    assert run("descend", CARS, "--steps", "2", "--weight-decay", "0").code == 0


def test_a_mistake_of_the_teaching_catalogue_is_explained_by_its_number(run):
    assert run("explain", "M01").out.startswith("GW202 factor two")
    several = run("explain", "m09")
    assert several.code == 0
    assert "GW204" in several.out
    assert "GW244" in several.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_an_output_that_cannot_be_written_is_no_bug():
    source = EXAMPLES.parent / "src"
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gradwork", "formats"], stdout=full, stderr=subprocess.PIPE, check=False,
            env={**os.environ, "PYTHONPATH": str(source)},
        )  # fmt: skip
    assert done.returncode == 2
    assert b"the output cannot be written: no space left on device" in done.stderr
    assert b"bug" not in done.stderr


# -- a filled-in working as a table -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "name,formula,value,given\nx,,2.1,yes\ny,x*3,6.3,\n",
        '\ufeffname;formula;value;given\r\nx;;2,1;yes\r\ny;"x*3";6,3;\r\n',
        "Name\tFormula\tValue\tGiven\nx\t\t2.1\tyes\n\ny\tx*3\t6.3\t\n",
    ],
)
def test_a_working_is_read_whatever_stands_between_its_cells(text, run, tmp_path):
    file = tmp_path / "working.csv"
    file.write_text(text, encoding="utf-8")
    outcome = run("verify", str(file))
    assert outcome.code == 0
    assert "1 printed number or name follows from what is given." in outcome.out


def test_a_name_that_stands_twice_in_a_working_is_refused(run, tmp_path):
    file = tmp_path / "working.csv"
    file.write_text("name,formula,value,given\nx,,3,yes\nx,,4,yes\ny,x*2,8,\n", encoding="utf-8")
    outcome = run("verify", str(file))
    assert outcome.code == 2
    assert "x stands twice in working.csv" in outcome.err


def test_an_exercise_without_lines_is_refused_at_its_place(run, tmp_path):
    file = tmp_path / "working.toml"
    file.write_text("[[exercise]]\ngiven = { x = 1 }\n", encoding="utf-8")
    outcome = run("verify", str(file))
    assert outcome.code == 2
    assert "exercise 1 has no lines" in outcome.err
    assert "working.toml:1" in outcome.err


def test_lines_that_cannot_be_written_number_by_number_are_refused_with_the_op(run, tmp_path):
    file = tmp_path / "working.csv"
    file.write_text("name,formula,value,given\nx,,3,yes\ny,cumsum(x),3,\n", encoding="utf-8")
    outcome = run("verify", str(file))
    assert outcome.code == 2
    assert "cumsum cannot be worked out number by number" in outcome.err


# -- sheets of a class ------------------------------------------------------------------------------------------------


@pytest.fixture
def class_of_two(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("roster.txt").write_text("Ann\nJürgen\n", encoding="utf-8")
    made = run("sheet", "one-weight", "--roster", "roster.txt", "-o", "class.txt")
    assert made.code == 0
    assert "wrote class.sheet.json" in made.err
    return run


def test_nobody_is_marked_on_the_numbers_of_somebody_else(class_of_two):
    Path("answers.csv").write_text("learner,1\nAn,3\n", encoding="utf-8")
    outcome = class_of_two("grade", "class.sheet.json", "answers.csv")
    assert outcome.code == 2
    assert "An is not in the roster" in outcome.err
    assert "try: Ann" in outcome.err
    Path("answers.csv").write_text("blank,answer\n1,3\n", encoding="utf-8")
    assert "do not say whose they are" in class_of_two("grade", "class.sheet.json", "answers.csv").err


def test_the_sheets_of_a_class_come_back_with_its_roster(class_of_two):
    again = class_of_two("sheet", "class.sheet.json", "-o", "again.txt")
    assert again.code == 0
    assert Path("again-Jürgen.txt").read_text(encoding="utf-8") == Path("class-Jürgen.txt").read_text(encoding="utf-8")
    assert json.loads(Path("again.sheet.json").read_text(encoding="utf-8"))["roster"] == {"Ann": 0, "Jürgen": 1}


def test_answers_of_a_spreadsheet_are_read_in_its_own_encoding(class_of_two):
    Path("answers.csv").write_bytes("learner;1\r\nJürgen;3,5\r\n".encode("cp1252"))
    outcome = class_of_two("grade", "class.sheet.json", "answers.csv")
    assert outcome.code == 0
    assert "Jürgen" in outcome.out


def test_two_answers_to_one_blank_are_refused(class_of_two):
    Path("answers.csv").write_text("learner,blank,answer\nAnn,1,2\nAnn,1,3\n", encoding="utf-8")
    outcome = class_of_two("grade", "class.sheet.json", "answers.csv")
    assert outcome.code == 2
    assert "Ann has two answers to blank 1: '2' and '3'" in outcome.err


def test_an_empty_cell_takes_no_answer_away(class_of_two):
    Path("answers.csv").write_text("learner,blank,answer\nAnn,1,7\nAnn,1,\n", encoding="utf-8")
    outcome = class_of_two("grade", "class.sheet.json", "answers.csv", "--to", "json")
    assert json.loads(outcome.out)["facts"]["marks"][0]["typed"] == "7"


def test_answers_by_learner_are_read_from_json(class_of_two):
    Path("answers.json").write_text('{"Ann": {"1": "2"}, "Jürgen": {"answers": {"1": 4}}}', encoding="utf-8")
    outcome = class_of_two("grade", "class.sheet.json", "answers.json")
    assert outcome.code == 0
    assert "Ann" in outcome.out
    assert "Jürgen" in outcome.out


def test_a_table_of_marks_that_cannot_be_written_is_told_before_anything_is_marked(class_of_two):
    Path("answers.csv").write_text("learner,1\nAnn,3\n", encoding="utf-8")
    outcome = class_of_two("grade", "class.sheet.json", "answers.csv", "--csv", "nowhere/marks.csv")
    assert outcome.code == 2
    assert "there is no folder nowhere" in outcome.err


def test_copies_come_back_together_and_unmarked_ones_are_said(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("sheet", "one-weight", "--copies", "3", "-o", "copy.txt")
    assert json.loads(Path("copy.sheet.json").read_text(encoding="utf-8"))["copies"] == 3
    run("sheet", "copy.sheet.json", "-o", "again.txt")
    assert Path("again-2.txt").read_text(encoding="utf-8") == Path("copy-2.txt").read_text(encoding="utf-8")
    Path("answers.csv").write_text("blank,answer\n1,3\n", encoding="utf-8")
    assert "marked on the first copy, seed 0" in run("grade", "copy.sheet.json", "answers.csv").err
