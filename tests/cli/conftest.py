"""Running the command, in this process or as one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gradwork.cli import main

SOURCE = Path(__file__).resolve().parents[2] / "src"


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test depends on the window or the settings of whoever runs it."""
    for name in ("NO_COLOR", "GRADWORK_DEBUG", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    yield


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: `run("work", "cars.toml")`."""

    def runner(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = main(list(arguments))
        return Outcome(code, *capsys.readouterr())

    return runner


@pytest.fixture
def process() -> Callable[..., subprocess.Popen[bytes]]:
    """Start the command as a process of its own: for pipes, signals and encodings."""

    def starter(*arguments: str, python: str | None = None, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, *(["-c", python] if python else ["-m", "gradwork"]), *arguments]
        surroundings = {**os.environ, "PYTHONPATH": str(SOURCE), **environment}
        return subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    return starter
