"""Answers from a file or from the keyboard."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from gradwork.cli import _output
from gradwork.errors import DataError, MissingFileError

if TYPE_CHECKING:
    from gradwork.notation.document import Document
    from gradwork.worksheets.classroom import Answers
    from gradwork.worksheets.sheet import Sheet


def read_file(path: Path, kind: str = "answers as .csv or .json") -> str:
    """The text of a file. Raises MissingFileError or DataError."""
    from gradwork.tables.text import decode

    try:
        return decode(path.read_bytes(), str(path))[0]  # spreadsheets write names in many encodings
    except FileNotFoundError as error:
        raise MissingFileError(f"there is no file {path}", hint=kind) from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder", hint="a file in it") from error


def asked_here(sheet: Sheet, beside: Path) -> list[Answers]:
    """Ask for every blank, without feedback until the end; go on where an earlier sitting stopped."""
    from gradwork.worksheets.classroom import Answers

    path = beside.with_name(beside.name.replace(".sheet.json", "") + ".answers.json")
    return [Answers("", ask(sheet, path, feedback=False), sheet.seed)]


def ask(sheet: Sheet, path: Path, *, feedback: bool = True) -> dict[int, str]:
    """Ask for every blank that has no answer in the file yet."""
    from gradwork.worksheets.asking import Asking

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a letter that the window lacks is no reason to stop
    say = sheet.language
    typed = answers_kept(kept(path), sheet, path)
    print(say("{title}, level {level}, seed {seed}.", title=sheet.title, level=sheet.level, seed=sheet.seed))
    width = min(_output.window_width(), 100)
    for text in (say("? gives a hint, Enter skips, q stops."), say("What you type is kept in {path}.", path=path)):
        print(fill(text, width))
    return Asking(sheet, _typed, print, as_text, path, typed, feedback, width=width).all()


def as_text(page: Document) -> str:
    """A page for this window."""
    from gradwork.formats import render
    from gradwork.notation.document import Style

    unicode = _output.can_write(_output.SIGNS, sys.stdout)
    style = Style(digits=page.digits, width=min(_output.window_width(), 100), unicode=unicode)
    return str(render(page, "terminal", style)).rstrip()


def _typed(prompt: str) -> str:
    text = input(prompt)
    if not sys.stdin.isatty():
        print(text)  # nobody has typed it here: it would be missing from what is shown
    return text


def kept(path: Path) -> dict[str, Any]:
    """What an earlier sitting has left; {} where there was none. Raises DataError for a file that is something else."""
    if not path.exists():
        return {}
    try:
        found = json.loads(read_file(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path} cannot be read", why=f"it is no JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("answers"), dict):
        raise DataError(f"{path} holds no answers", why="gradwork did not write it", hint="another name for --keep")
    return found


def answers_kept(found: dict[str, Any], sheet: Sheet, path: Path) -> dict[int, str]:
    """The answers of an earlier sitting, without those that were skipped. Raises DataError for another sheet's."""
    if found.get("checksum", sheet.checksum) != sheet.checksum:
        raise DataError(
            f"the answers in {path} belong to another sheet",
            why=f"that is {found.get('chapter')}, level {found.get('level')}, seed {found.get('seed')}",
            hint="another name for --keep",
        )
    return {int(number): str(text) for number, text in found.get("answers", {}).items() if str(text).strip()}
