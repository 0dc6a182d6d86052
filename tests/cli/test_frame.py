"""The frame around every command: help, versions, mistakes, exit codes, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from gradwork.cli import _commands, _parser, main
from gradwork.errors import FormulaError, Where

COMMANDS = _commands.names()


def test_help_lists_every_command_with_its_summary(run):
    outcome = run("--help")
    assert outcome.code == 0
    for name in COMMANDS:
        assert f"  {name}" in outcome.out
        assert _commands.summary(name) in " ".join(outcome.out.split())


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_stays_within_eighty_columns(name, run):
    outcome = run(*([name] if name else []), "--help")
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_alone_it_shows_its_help(run):
    assert run() == run("--help")


def test_version(run):
    from gradwork import __version__

    assert run("--version").out == f"gradwork {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_whole(name, run):
    """Its summary is one line that says what it does, and is what a reader of its module sees first."""
    command = _commands.load(name)
    assert command.__doc__.splitlines()[0].strip(".") == _commands.summary(name)
    assert 10 < len(_commands.summary(name)) < 90
    outcome = run(name, "--help")
    assert outcome.code == 0
    assert outcome.err == ""
    assert outcome.out.startswith(f"usage: gradwork {name} ")
    assert all(action.help for action in _parser.of_command(command)._actions)


@pytest.mark.parametrize("columns", ["1", "20", "41", "300"])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_any_window(name, columns, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    outcome = run(*([name] if name else []), "--help")
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize(
    "arguments, headline, hint",
    [
        (["wrk"], "there is no command 'wrk'", "gradwork work"),
        (["zzzzzz"], "there is no command 'zzzzzz'", "gradwork --help lists the commands"),
        (["--vrsion"], "gradwork has no option --vrsion", "--version"),
        (["work"], "gradwork work needs MODEL", "gradwork work --help"),
        (["work", "--wtr", "w"], "gradwork work has no option --wtr", "--wrt"),
        (["descend", "m.toml", "--rate", "0.1"], "gradwork descend has no option --rate", "--learning-rate"),
        (["descend", "m.toml", "--lr=0.1"], "gradwork descend has no option --lr", "--learning-rate"),
        (["descend", "m.toml", "--decay", "1"], "gradwork descend has no option --decay", "--weight-decay"),
        (["descend", "m.toml", "--adam"], "gradwork descend has no option --adam", "--method adam"),
        (["descend", "m.toml", "--zebra"], "gradwork descend has no option --zebra", "gradwork descend --help"),
        (["work", "a.toml", "b.toml"], "gradwork work does not know what to do with b.toml", "gradwork work --help"),
        (["work", "a.toml", "--rows", "0"], "--rows needs a whole number, 1 or more, not '0'", "gradwork work --help"),
        (["work", "a.toml", "--rows"], "--rows needs a value after it", "gradwork work --help"),
        (["work", "a.toml", "--digits=18"], "--digits needs a whole number, 1 to 17, not '18'", "gradwork work --help"),
        (["work", "a.toml", "--nudge", "-0"], "--nudge needs a number that is not 0", "gradwork work --help"),
        (["work", "a.toml", "--nudge", "inf"], "--nudge needs a number, not 'inf'", "gradwork work --help"),
        (["work", "a.toml", "--to", "htm"], "--to cannot be 'htm'", "html"),
        (["work", "a.toml", "--wrt", "w,,b"], "--wrt needs names with commas between them", "gradwork work --help"),
        (["derive", "x^n", "--at", "3"], "--at needs names with their numbers", "gradwork derive --help"),
        (["derive", "x^n", "--at", "x=1,x=2"], "--at gives x twice", "gradwork derive --help"),
        (["completion", "tcsh"], "shell cannot be 'tcsh'", "zsh"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_answered_with_what_was_meant(arguments, headline, hint, run):
    outcome = run(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith(f"error[GW130]: {headline}")
    assert outcome.err.endswith(f"\n try: {hint}\n")


def command_that(monkeypatch, action):
    """Put `action` in place of a command's work."""
    module = _commands.load("formats")
    monkeypatch.setattr(module, "run", lambda options: action())


def failing(error):
    def action():
        raise error

    return action


FORMULA_ERROR = FormulaError(
    "there is no function 'sen'", where=Where("cars.toml", 12, column=9, width=3, text='loss = "sen(x)"'), hint="sin"
)


def test_an_error_of_the_user_has_our_shape_and_no_traceback(run, monkeypatch):
    command_that(monkeypatch, failing(FORMULA_ERROR))
    outcome = run("formats")
    assert outcome.code == 2
    assert outcome.err == (
        "error[GW110]: there is no function 'sen'\n"
        '  cars.toml:12    loss = "sen(x)"\n'
        "                          ^^^\n"
        " try: sin\n"
    )


@pytest.mark.parametrize("arguments", [["--debug", "formats"], ["formats", "--debug"]], ids=" ".join)
def test_debug_shows_the_traceback(arguments, run, monkeypatch):
    command_that(monkeypatch, failing(FORMULA_ERROR))
    assert "Traceback" in run(*arguments).err


def test_debug_by_environment(run, monkeypatch):
    command_that(monkeypatch, failing(KeyError("promise")))
    assert "Traceback" not in run("formats").err
    monkeypatch.setenv("GRADWORK_DEBUG", "1")
    assert "Traceback" in run("formats").err


def test_a_bug_of_ours_is_called_one(run, monkeypatch):
    command_that(monkeypatch, failing(KeyError("promise")))
    outcome = run("formats")
    assert outcome.code == 70
    assert "gradwork has a bug: KeyError: 'promise'" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_complaint_of_the_system_about_a_file_is_no_bug(run, monkeypatch):
    command_that(monkeypatch, failing(PermissionError(13, "Permission denied", "/data/cars.csv")))
    outcome = run("formats")
    assert outcome.code == 2
    assert outcome.err.startswith("error[GW130]: cannot use /data/cars.csv: permission denied")


def test_the_code_of_a_command_is_the_code_of_the_process(run, monkeypatch):
    command_that(monkeypatch, lambda: 1)
    assert run("formats").code == 1


def test_interrupting_says_so_in_one_line(run, monkeypatch):
    command_that(monkeypatch, failing(KeyboardInterrupt()))
    outcome = run("formats")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "interrupted\n")


INSTEAD_OF_FORMATS = """
from gradwork.cli import formats, main
formats.run = lambda options: {}
raise SystemExit(main(["formats"]))
"""


def test_control_c_in_a_process(process):
    running = process(python=INSTEAD_OF_FORMATS.format("print('on', flush=True) or __import__('time').sleep(60)"))
    assert running.stdout.readline() == b"on\n"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=10)
    assert (running.returncode, out, err) == (130, b"", b"interrupted\n")


def test_a_reader_that_goes_away_is_no_error(process):
    """As `gradwork ... | head -1` does."""
    running = process(python=INSTEAD_OF_FORMATS.format("[print('x' * 1000) for _ in range(1000)] and 0"))
    running.stdout.read(1)
    running.stdout.close()
    err = running.stderr.read()
    running.stderr.close()
    assert (running.wait(timeout=10), err) == (0, b"")


@pytest.mark.parametrize(
    "environment, colored",
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
    ids=str,
)
def test_errors_are_in_colour_where_a_person_looks(environment, colored):
    ours, theirs = os.openpty()
    surroundings = {**os.environ, "TERM": "xterm", **environment}
    command = [sys.executable, "-m", "gradwork", "wrk"]
    subprocess.run(command, stderr=theirs, env=surroundings, check=False)
    os.close(theirs)
    assert (b"\x1b[" in os.read(ours, 10_000)) is colored
    os.close(ours)


def test_main_takes_the_arguments_of_the_process(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gradwork", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("gradwork ")
