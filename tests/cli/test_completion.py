"""`gradwork completion`: the scripts are run by the shells that they are for, where those are installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gradwork.cli import _commands

COMMANDS = set(_commands.names())


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file and a folder in it."""
    (tmp_path / "two words.toml").touch()
    (tmp_path / "cars.toml").touch()
    return tmp_path


def script(run, folder: Path, shell: str) -> Path:
    path = folder / ".script"
    path.write_text(run("completion", shell).out, encoding="utf-8")
    return path


# What is typed, and what is offered for its last word.
TYPED = [
    (["gradwork", ""], COMMANDS),
    (["gradwork", "expl"], {"explain"}),
    (["gradwork", "--v"], {"--version"}),
    (["gradwork", "--debug", "doc"], {"doctor"}),
    (["gradwork", "work", "--wr"], {"--wrt"}),
    (["gradwork", "work", "--to", "js"], {"json"}),
    (["gradwork", "work", "ca"], {"cars.toml"}),
    (["gradwork", "work", "cars.toml", "-o", "two"], {"two words.toml"}),
    (["gradwork", "completion", ""], {"bash", "zsh", "fish"}),
    (["gradwork", "explain", "GW11"], {"GW110"}),
    (["gradwork", "work", "--color", ""], {"auto", "always", "never"}),
]
CASES = pytest.mark.parametrize("words, offered", TYPED, ids=lambda value: " ".join(sorted(value, key=str)))


@needs("bash")
@CASES
def test_bash(words, offered, run, folder):
    assert by_bash(words, run, folder) == offered


@needs("bash")
@pytest.mark.parametrize("words", [["gradwork", "work", "--to", "="], ["gradwork", "work", "--to", "=", "h"]], ids=str)
def test_bash_after_an_equals_sign(words, run, folder):
    """To bash `--to=h` is three words."""
    assert "html" in by_bash(words, run, folder)


@needs("bash")
def test_bash_offers_nothing_where_a_number_is_due(run, folder):
    assert by_bash(["gradwork", "work", "--rows", ""], run, folder) == set()


def by_bash(words, run, folder):
    program = """
        source .script
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _gradwork 2>/dev/null
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    script(run, folder, "bash")
    command = ["bash", "--norc", "-u", "-c", program, "bash", *words]
    printed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert printed.stderr == ""
    return set(printed.stdout.split("\n")) - {""}


@needs("fish")
@CASES
def test_fish(words, offered, run, folder):
    script(run, folder, "fish")
    typed = " ".join(words)
    command = ["fish", "--no-config", "-c", f"source .script; complete -C '{typed}'"]
    home = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    printed = subprocess.run(command, cwd=folder, env=home, check=True, capture_output=True, text=True).stdout
    assert {line.split("\t")[0].replace("\\ ", " ") for line in printed.splitlines()} == offered


@needs("zsh")
def test_zsh_reads_its_script(run, folder):
    """Completion happens only inside zsh's line editor; its parser and `compdef` are what a test can reach."""
    path = script(run, folder, "zsh")
    program = f"autoload -U compinit; compinit -D -u; source {path}; print $_comps[gradwork]"
    printed = subprocess.run(["zsh", "-f", "-c", program], check=True, capture_output=True, text=True, cwd=folder)
    assert (printed.stdout, printed.stderr) == ("_gradwork\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_in_the_script(shell, run):
    from gradwork.cli import _parser

    text = run("completion", shell).out
    for name in COMMANDS:
        assert name in text
        flags = [flag for flag in _parser.of_command(_commands.load(name)).options() if flag.startswith("--")]
        assert all((flag[2:] if shell == "fish" else flag) in text for flag in flags)
