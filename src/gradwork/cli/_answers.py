"""Answers from a file or from the keyboard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from gradwork.errors import DataError, MissingFileError

if TYPE_CHECKING:
    from gradwork.worksheets.classroom import Answers
    from gradwork.worksheets.sheet import Sheet


def read_file(path: Path) -> str:
    """The text of a file. Raises MissingFileError or DataError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise MissingFileError(f"there is no file {path}", hint="answers as .csv or .json") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder", hint="a file in it") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is no text", why="answers are CSV or JSON in UTF-8") from error


def asked_here(sheet: Sheet, beside: Path) -> list[Answers]:
    """Ask for every blank, without feedback until the end; go on where an earlier sitting stopped."""
    from gradwork.worksheets.asking import ask_all
    from gradwork.worksheets.classroom import Answers

    path = beside.with_name(beside.name.replace(".sheet.json", "") + ".answers.json")
    typed = kept(path)
    print(f"Type each answer; ? for a hint, Enter to skip, q to stop. What you type is kept in {path}.")
    typed = ask_all(sheet, input, print, path, typed, feedback=False)
    return [Answers("", typed, sheet.seed)]


def kept(path: Path) -> dict[int, str]:
    """What was typed in an earlier sitting."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {int(number): str(text) for number, text in found["answers"].items()}
