"""Practising in the terminal, as a learner does: hints, mistakes, stopping, and going on where one stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gradwork as gw
from gradwork.cli import main
from gradwork.worksheets.asking import Asking
from gradwork.worksheets.sheet import Sheet

SOURCE = Path(gw.__file__).parents[1]
Sit = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def sit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sit:
    """Run the command and type these lines; the end of them is the end of the input."""

    def sitting(*arguments: str, typed: list[str]) -> tuple[int, str, str]:
        lines = iter(typed)

        def read(prompt: str) -> str:
            print(prompt, end="")
            try:
                return next(lines)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("builtins.input", read)
        code = main(["practice", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return sitting


def kept(path: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(Path(path).read_text(encoding="utf-8"))["answers"]
    return found


def sitting_of(sheet: Sheet, lines_typed: list[str], **options: object) -> tuple[dict[int, str], str]:
    lines: Iterator[str] = iter(lines_typed)
    said: list[str] = []

    def read(prompt: str) -> str:
        said.append(prompt)
        return next(lines)

    return Asking(sheet, read, said.append, **options).all(), "\n".join(said)  # type: ignore[arg-type]


def test_right_answers_go_straight_through(sit: Sit) -> None:
    sheet = gw.sheet("two-layers", seed=3, level=1)
    code, out, err = sit("two-layers", "--seed", "3", typed=[b.text for b in sheet.blanks])
    assert (code, err) == (0, "")
    assert f"{len(sheet.blanks)} of {len(sheet.blanks)}" in out
    assert "wrong" not in out and "stopped" not in out
    assert kept("two-layers-3.answers.json") == {str(b.number): b.text for b in sheet.blanks}


def test_no_line_is_wider_than_the_window(sit: Sit) -> None:
    for chapter in ("two-layers", "bends", "softmax"):
        _, out, _ = sit(chapter, "--seed", "1", "--level", "3", typed=["?", "?", "?", "7", "", "abc", ""])
        assert max(map(len, out.splitlines())) <= 80


def test_hints_come_one_after_another_and_end_with_the_answer() -> None:
    sheet = gw.sheet("one-weight", seed=3)
    _, said = sitting_of(sheet, ["?", "?", "?", "?", "q"])
    assert "it follows from" in said and f"= {sheet.blanks[0].text}\n" in said


def test_a_wrong_answer_is_asked_for_again_and_may_be_left() -> None:
    sheet = gw.sheet("one-weight", seed=3)
    right = sheet.blanks[0].text
    typed, said = sitting_of(sheet, ["12345", right, "999", "", "q"])
    assert typed == {1: right, 2: "999"}
    assert said.count("try again") == 2


def test_what_cannot_be_read_is_not_called_wrong() -> None:
    _, said = sitting_of(gw.sheet("one-weight", seed=3), ["nearly 3", "q"])
    assert "unreadable: this cannot be read as a number" in said and "wrong" not in said


def test_a_choice_is_made_by_number_or_by_its_first_letters() -> None:
    sheet = gw.sheet("bias-and-input", seed=1, level=3)
    choice = next(b for b in sheet.blanks if b.choices)
    before = {b.number: b.text for b in sheet.blanks if b.number != choice.number}
    number = str(choice.choices.index(choice.text) + 1)
    for text in (number, choice.text, choice.text.upper(), choice.text[:-2]):
        typed, said = sitting_of(sheet, [text], typed=dict(before))
        assert sheet.grade(typed)[choice.number].status == "right", text
        assert f"   {number}  {choice.text}" in said
    _, said = sitting_of(sheet, ["99", "q"], typed=dict(before))
    assert "it is one of" in said


def test_a_carried_error_is_named_and_not_asked_again() -> None:
    sheet = gw.sheet("two-layers", seed=0)
    blanks = {b.name: b for b in sheet.blanks[:3]}
    error, after = blanks["derror[1, 1]"], blanks["dZ2[1, 1]"]
    wrong = f"-{error.text}" if not error.text.startswith("-") else error.text[1:]
    _, said = sitting_of(sheet, [sheet.blanks[0].text, wrong, "", wrong, "q"])
    assert f"it follows from your blank {error.number}" in said
    assert f"{after.number + 1:>5}  " in said


def test_nothing_typed_is_lost_and_the_next_sitting_goes_on(sit: Sit) -> None:
    sheet = gw.sheet("rules", seed=4, level=2)
    texts = [b.text for b in sheet.blanks]
    code, out, _ = sit("4", "--seed", "4", "--level", "2", "--keep", "mine.json", typed=[texts[0], "", texts[2]])
    assert code == 0 and "stopped; what was typed is kept" in out
    assert kept("mine.json") == {"1": texts[0], "2": "", "3": texts[2]}
    # Neither seed nor level need be said again; what was skipped is asked, what was answered is not.
    code, out, _ = sit("4", "--keep", "mine.json", typed=[texts[1], *texts[3:]])
    assert code == 0 and "level 2, seed 4" in out
    assert f"{len(texts)} of {len(texts)}" in out


def test_answers_to_another_sheet_are_not_mixed_in(sit: Sit) -> None:
    sit("4", "--seed", "4", "--keep", "mine.json", typed=["1", ""])
    code, _, err = sit("4", "--seed", "5", "--keep", "mine.json", typed=["2"])
    assert code == 2 and "belong to another sheet" in err and "seed 4" in err
    assert kept("mine.json")["1"] == "1"


@pytest.mark.parametrize("text", ["nonsense", "[1, 2]", '{"a": 1}'])
def test_a_file_that_is_something_else_is_left_alone(sit: Sit, text: str) -> None:
    Path("mine.json").write_text(text, encoding="utf-8")
    code, _, err = sit("4", "--keep", "mine.json", typed=["2"])
    assert code == 2 and "mine.json" in err and "bug" not in err
    assert Path("mine.json").read_text(encoding="utf-8") == text


def test_a_folder_that_is_not_there_is_said_so(sit: Sit) -> None:
    code, _, err = sit("4", "--keep", "nowhere/mine.json", typed=["2", "2"])
    assert code == 2 and "cannot be written" in err


def test_it_speaks_the_language_of_the_sheet(sit: Sit) -> None:
    _, out, _ = sit("two-layers", "--seed", "3", "--language", "de", typed=["?", "abc", "", "q"])
    assert "Zwei Schichten mit relu, Stufe 1" in out and "nicht lesbar" in out
    assert "aufgehört; was Du getippt hast, ist aufgehoben" in out


def practising(*arguments: str, **surroundings: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-u", "-m", "gradwork", "practice", *arguments]
    around = {**os.environ, "PYTHONPATH": str(SOURCE), **surroundings}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=around)


def test_piped_input_is_echoed_and_the_end_of_it_stops() -> None:
    done = practising("one-weight", "--seed", "3", "--keep", "k.json")
    out, err = done.communicate(b"17\n", timeout=120)
    assert done.returncode == 0 and err == b""
    assert b" = 17\n" in out and b"stopped" in out
    assert kept("k.json") == {"1": "17"}


def test_control_c_stops_without_a_traceback_and_keeps_what_was_typed() -> None:
    done = practising("one-weight", "--seed", "3", "--keep", "k.json")
    assert done.stdin
    done.stdin.write(b"17\n")
    done.stdin.flush()
    deadline = time.monotonic() + 120
    while not Path("k.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    done.send_signal(signal.SIGINT)
    out, err = done.communicate(timeout=120)
    assert b"Traceback" not in err and b"stopped; what was typed is kept" in out
    assert done.returncode == 0 and kept("k.json") == {"1": "17"}


def test_a_window_of_plain_letters_is_no_reason_to_stop() -> None:
    done = practising("rules", "--seed", "4", "--language", "de", PYTHONIOENCODING="ascii")
    out, err = done.communicate(b"?\n1\n\nq\n", timeout=120)
    assert done.returncode == 0 and err == b"" and b"Die Regeln" in out
