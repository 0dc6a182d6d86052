"""dev.py, as far as it goes without making an environment: .ci/run and every developer do the rest each day."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """dev.py with its environment in an empty folder, and nothing really run: `dev.ran` has what would have been."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(module, "LOG", tmp_path / "pip.log")
    module.ran, module.made = [], []
    monkeypatch.setattr(module, "works", lambda: bool(module.made))
    monkeypatch.setattr(module, "make_environment", lambda: module.made.append("anew"))
    monkeypatch.setattr(module, "install", module.made.append)
    monkeypatch.setattr(module, "run", lambda *command, folder=None: module.ran.append([*map(str, command)]) or 0)
    return module


def test_it_makes_the_environment_once(dev):
    assert dev.main(["work", "cars.toml"]) == 0
    assert dev.made == ["anew", []]
    assert dev.ran[0][1:] == ["work", "cars.toml"]
    dev.main(["ops"])
    assert dev.made == ["anew", []]


def test_tests_add_their_tools_to_the_same_environment(dev):
    dev.main(["work", "cars.toml"])
    dev.main(["test"])
    dev.main(["work", "cars.toml"])
    assert dev.made == ["anew", [], ["dev"]]


@pytest.mark.parametrize("change", ["dependencies", "broken", "unreadable"])
def test_it_is_made_anew_when_it_has_to_be(change, dev, monkeypatch):
    dev.prepare("dev")
    if change == "dependencies":
        monkeypatch.setattr(dev, "fingerprint", lambda: "another")
    elif change == "broken":
        monkeypatch.setattr(dev, "works", lambda: False)
    else:
        dev.STAMP.write_text("{")
    dev.made.clear()
    dev.prepare("")
    assert dev.made == ["anew", []]


def test_a_change_of_lint_settings_keeps_it(dev, tmp_path, monkeypatch):
    before = dev.fingerprint()
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    here = dev.fingerprint()
    assert here != before, "another place"
    (tmp_path / "pyproject.toml").write_text(text.replace("line-length = 120", "line-length = 99"), encoding="utf-8")
    assert dev.fingerprint() == here
    (tmp_path / "pyproject.toml").write_text(text.replace("numpy>=2.0", "numpy>=2.1"), encoding="utf-8")
    assert dev.fingerprint() != here


@pytest.mark.parametrize(
    "arguments, spread",
    [([], True), (["-q"], True), (["-k", "floors"], False), (["tests/test_dev.py"], False), (["-n", "0"], False)],
)
def test_several_cores_where_it_pays(arguments, spread, dev, monkeypatch):
    monkeypatch.setattr(dev.os, "cpu_count", lambda: 2)
    dev.main(["test", *arguments])
    assert (dev.ran[0][1:5] == ["-m", "pytest", "-n", "2"]) is spread
    assert dev.ran[0][-len(arguments) or len(dev.ran[0]) :] == arguments


@pytest.mark.parametrize(
    "log, why",
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("Failed to establish a new connection: name resolution", "the package index cannot be reached"),
        ("ERROR: Could not find a version (from versions: none)", "the package index cannot be reached"),
        ("ERROR: No matching distribution found for numpy", "the package index has no release for this Python"),
        ("ERROR: something else", "pip says so itself in the lines above"),
    ],
)
def test_a_failure_of_pip_is_explained(log, why, dev):
    message = dev.pip_failure(log)
    assert message.startswith("error: pip cannot install what this task needs")
    assert log in message
    assert f" why: {why}\n try: " in message


def test_a_failed_set_up_is_code_2(dev, monkeypatch, capsys):
    def fail(extras: list[str]) -> None:
        raise dev.SetupFailed("error: no")

    monkeypatch.setattr(dev, "install", fail)
    assert dev.main(["test"]) == 2
    assert capsys.readouterr().err == "error: no\n"
    assert not dev.STAMP.exists()


def test_it_can_be_read_by_a_python_that_is_too_old():
    """Its message to such a Python is of no use if that Python stops at our syntax before."""
    ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_help_needs_no_environment():
    command = [sys.executable, str(ROOT / "dev.py"), "--help"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "python3 dev.py test" in printed
