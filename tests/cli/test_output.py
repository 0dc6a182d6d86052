"""Where a page goes: a window, a pipe of any encoding, a file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from gradwork.cli import _output
from gradwork.errors import UsageError
from gradwork.notation.document import Document

PAGE = "explain"  # a command that shows a page and needs no model


def style_for(**wishes: object):
    options = Namespace(**{"to": "terminal", "output": None, "digits": None, "width": None, "color": "auto", **wishes})
    return _output.style(Document("", (), digits=5), options)


def test_the_format_goes_by_the_name_of_the_file(run, tmp_path: Path):
    target = tmp_path / "page.json"
    outcome = run(PAGE, "-o", str(target))
    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"wrote {target}\n")
    assert json.loads(target.read_text(encoding="utf-8"))


def test_to_is_stronger_than_the_name(run, tmp_path: Path):
    target = tmp_path / "page.txt"
    run(PAGE, "--to", "json", "-o", str(target))
    assert json.loads(target.read_text(encoding="utf-8"))


def test_a_dash_is_the_terminal(run):
    assert run(PAGE, "-o", "-") == run(PAGE)


def test_a_page_ends_with_a_newline(run):
    assert run(PAGE, "--to", "json").out.endswith("}\n")


def test_a_file_is_replaced_whole_and_keeps_its_mode(run, tmp_path: Path):
    target = tmp_path / "page.json"
    target.write_text("old")
    target.chmod(0o640)
    run(PAGE, "-o", str(target))
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["page.json"]


def test_a_new_file_has_the_mode_that_the_user_gives_to_files(run, tmp_path: Path):
    before = os.umask(0o027)
    try:
        run(PAGE, "-o", str(tmp_path / "page.json"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "page.json").stat().st_mode) == 0o640


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "page.html"
    target.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        _output.save_page("new", str(target))
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_link_stays_a_link(run, tmp_path: Path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    run(PAGE, "-o", str(tmp_path / "link.json"))
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text(encoding="utf-8"))


def test_a_device_is_written_to_and_not_replaced(run):
    assert run(PAGE, "--to", "json", "-o", os.devnull).code == 0
    assert not os.path.isfile(os.devnull)


def test_a_folder_is_refused_before_any_work(run, tmp_path: Path):
    outcome = run(PAGE, "-o", str(tmp_path))
    assert outcome.code == 2
    assert outcome.err == (
        f"error[GW130]: cannot write to {tmp_path}: it is a folder\n try: {tmp_path / 'page.html'}\n"
    )


@pytest.mark.parametrize("name", ["page.xyz", "page"])
def test_a_name_that_says_no_format_is_refused_before_any_work(name, run, tmp_path: Path):
    outcome = run("work", "missing.toml", "-o", str(tmp_path / name))
    assert outcome.code == 2
    assert outcome.err.startswith(f"error[GW130]: no format belongs to '{name}'")


def test_a_missing_folder_is_named(run, tmp_path: Path):
    missing = tmp_path / "reports"
    outcome = run(PAGE, "-o", str(missing / "page.html"))
    assert outcome.code == 2
    assert f"there is no folder {missing}\n try: mkdir -p {missing}\n" in outcome.err


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_is_not_ours(run, tmp_path: Path):
    tmp_path.chmod(0o500)
    assert "no permission" in run(PAGE, "-o", str(tmp_path / "page.html")).err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_no_encoding_of_the_terminal_is_an_error(process, encoding):
    running = process(PAGE, "GW105", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    out, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (0, b"")
    assert "GW105" in out.decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_files_of_a_format_are_utf8_whatever_the_window_speaks(process, encoding):
    running = process(PAGE, "--to", "html", PYTHONIOENCODING=encoding)
    out, _ = running.communicate(timeout=30)
    assert out.decode("utf-8")


def test_signs_that_the_window_lacks_are_not_asked_for(monkeypatch: pytest.MonkeyPatch):
    class Stream:
        encoding = "latin-1"

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdout", Stream())
    assert not style_for().unicode
    assert style_for(output="page.txt").unicode


@pytest.mark.parametrize("columns, width", [("100", 100), ("200", 200), ("20", 20), ("7", 20), ("0", 80), ("wide", 80)])
def test_the_width_is_the_windows(columns, width, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", columns)
    assert style_for().width == width
    assert style_for(width=33).width == 33
    assert style_for(output="page.txt").width == 80, "a file does not depend on the window"


def test_the_page_says_its_digits_unless_the_reader_does():
    assert style_for().digits == 5
    assert style_for(digits=3).digits == 3


@pytest.mark.parametrize(
    "wish, environment, colored",
    [
        ("auto", {}, True),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"TERM": "dumb"}, False),
        ("never", {}, False),
        ("always", {"NO_COLOR": "1"}, True),
    ],
)
def test_colour_in_a_window(wish, environment, colored):
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "gradwork", PAGE, "GW105", "--color", wish]
    surroundings = {**os.environ, "TERM": "xterm", **environment}
    surroundings["PYTHONPATH"] = str(Path(__file__).resolve().parents[2] / "src")
    subprocess.run(command, stdout=theirs, env=surroundings, check=True)
    os.close(theirs)
    assert (b"\x1b[" in os.read(ours, 100_000)) is colored
    os.close(ours)


def test_no_colour_in_a_pipe(process):
    out, _ = process(PAGE, "GW105").communicate(timeout=30)
    assert b"\x1b[" not in out


def test_a_window_is_no_place_for_a_pdf(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with pytest.raises(UsageError, match="a window cannot show PDF"):
        _output.refuse_bytes_in_window(Namespace(to="pdf", output=None))
    _output.refuse_bytes_in_window(Namespace(to="pdf", output="page.pdf"))
    _output.refuse_bytes_in_window(Namespace(to="html", output=None))


def test_the_paper_is_chosen(run, tmp_path):
    file = tmp_path / "formats.typ"
    assert run("formats", "-o", str(file), "--paper", "letter").code == 0
    assert 'paper: "us-letter"' in file.read_text(encoding="utf-8")
    assert run("formats", "-o", str(file), "--paper", "a5").code == 2
