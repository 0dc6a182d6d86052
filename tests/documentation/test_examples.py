"""Every example in README.md, CONTRIBUTING.md and docs/ is run: those of Python and those of the command line.

```pycon      >>> lines and what they print; the blocks of a page follow one another in one session
```console    $ gradwork ... and what it prints; a `...` stands for any text. Other commands are not run
"""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from gradwork.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GRADWORK = ("gradwork ", "python3 dev.py work ", "python3 dev.py nudge ", "python3 dev.py derive ")

each_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """The blocks of one language, with the line on which each begins."""
    text = page.read_text(encoding="utf-8")
    found = [match for match in FENCE.finditer(text) if match[1] == language]
    return [(text.count("\n", 0, match.start(2)), match[2]) for match in found]


@each_page
def test_python(page: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    names: dict[str, object] = {}
    said: list[str] = []
    for line, text in blocks(page, "pycon"):
        example = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), line)
        runner.run(example, out=said.append, clear_globs=False)
        names = example.globs
    assert not runner.failures, "".join(said)


@each_page
def test_commands(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # What an example writes goes to a folder of its own, in which the examples are at hand.
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for line, text in blocks(page, "console"):
        for command, expected in sessions(text):
            if command.startswith(GRADWORK):
                main(shlex.split(command.removeprefix("python3 dev.py ").removeprefix("gradwork ")))
                printed = capsys.readouterr()
                assert fits(printed.out + printed.err, expected), f"{page.name}:{line} {command}\n{printed.out}"


def sessions(text: str) -> list[tuple[str, str]]:
    """The commands of a block, each with what it is said to print."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(head, tail) for head, _, tail in (part.partition("\n") for part in parts)]


def without_measured(line: str) -> str:
    """A line without the bars of nudged slopes and the digits that they leave: the processor has a say in both."""
    line = re.sub(r"to at least \d+ digits", "to at least so many digits", line)
    return re.sub(r" +", " ", re.sub(r"± +\S+(.*?)( +\d+)?$", r"±\1", line)).rstrip()


def fits(printed: str, expected: str) -> bool:
    """Whether the output is the expected one; nothing expected means that it is not shown."""
    lines = [without_measured(line) for line in printed.rstrip().splitlines()]
    pattern = "\n".join(without_measured(line) for line in expected.rstrip().splitlines())
    wanted = ".*".join(re.escape(part) for part in pattern.split("..."))
    return not pattern or re.fullmatch(wanted, "\n".join(lines), re.DOTALL) is not None


@pytest.mark.parametrize(
    "printed, expected, answer",
    [("a\nb\n", "a\nb\n", True), ("a\nb\n", "a\n", False), ("a\nb\nc\n", "a\n...\nc\n", True), ("a\n", "", True)],
)
def test_the_test_notices(printed: str, expected: str, answer: bool):
    assert fits(printed, expected) is answer
