"""Asking blank by blank in the terminal, with feedback at once, hints on request, and everything kept in a file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill

from gradwork.errors import DataError
from gradwork.notation.document import Document
from gradwork.notation.language import Language
from gradwork.worksheets.hints import hints
from gradwork.worksheets.marks import EMPTY, MISTAKE, UNREADABLE, WRONG, Mark
from gradwork.worksheets.sheet import Asked, Sheet

_INDENT = " " * 7
_AGAIN = (MISTAKE, WRONG, UNREADABLE)


class Stopped(Exception):
    """The learner has had enough."""


def keep(path: Path, sheet: Sheet, typed: dict[int, str]) -> None:
    """Write what was typed, whole or not at all: a file that is cut off would lose what was there before."""
    record = {
        "chapter": sheet.chapter,
        "seed": sheet.seed,
        "level": sheet.level,
        "checksum": sheet.checksum,
        "answers": {str(k): v for k, v in typed.items()},
    }
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file, ensure_ascii=False, indent=1)
        os.replace(name, path)
    except OSError as error:
        raise DataError(f"{path} cannot be written", why=str(error), hint="--keep FILE, in another folder") from error


@dataclass
class Asking:
    """One sitting with a sheet. "?" gives a hint, nothing skips, "q" stops.

    ask:      shows a prompt and gives what was typed; EOFError and KeyboardInterrupt stop.   tell: shows lines.
    show:     turns an exercise into text.
    path:     what was typed is kept here after every answer.
    typed:    what was typed earlier: it is not asked for again.
    feedback: whether each answer is marked at once.   width: of the terminal.
    """

    sheet: Sheet
    ask: Callable[[str], str]
    tell: Callable[[str], None]
    show: Callable[[Document], str] = str
    path: Path | None = None
    typed: dict[int, str] = field(default_factory=dict)
    feedback: bool = True
    width: int = 80
    hinted: dict[int, int] = field(default_factory=dict)

    @property
    def language(self) -> Language:
        """The language of the sheet."""
        return self.sheet.language

    def all(self) -> dict[int, str]:
        """Ask every blank that has no answer yet; gives what was typed, by the number of the blank."""
        try:
            for index in range(len(self.sheet.items)):
                self._exercise(index)
        except (Stopped, EOFError, KeyboardInterrupt):
            self.tell("")
            kept = self.path is not None
            self.tell(self.language("stopped; what was typed is kept") if kept else self.language("stopped"))
        return self.typed

    def _exercise(self, index: int) -> None:
        waiting = [b for b in self.sheet.blanks if b.item == index and b.number not in self.typed]
        if waiting:
            self.tell("")
            self.tell(self.show(self.sheet.item_page(index)).strip("\n"))
            self.tell("")
        for blank in waiting:
            self._blank(blank)

    def _blank(self, blank: Asked) -> None:
        """Ask one blank until it is right, skipped, or left as it is."""
        if blank.choices:
            self._say(f"{blank.number}. {blank.name}")
            for k, choice in enumerate(blank.choices, 1):
                self._say(f"   {k}  {choice}")
        prompt = f"{blank.number:>5}  " + ("> " if blank.choices else f"{blank.name} = ")
        while True:
            text = self._answer(blank, prompt)
            if not text and blank.number in self.typed:
                return  # a wrong answer is left standing
            self.typed[blank.number] = text
            if self.path is not None:
                keep(self.path, self.sheet, self.typed)
            if not self.feedback or not text:
                return
            mark = self.sheet.grade(self.typed)[blank.number]
            self._say(spoken(mark, self.language))
            if mark.status not in _AGAIN:
                return
            self._say(self.language("try again; Enter leaves it, ? gives a hint"))

    def _answer(self, blank: Asked, prompt: str) -> str:
        """What is typed, once it is an answer and no wish."""
        while True:
            text = self.ask(prompt).strip()
            if text.casefold() in ("q", "quit"):
                raise Stopped
            if not text.startswith("?"):
                return text
            self._hint(blank)

    def _hint(self, blank: Asked) -> None:
        told = hints(self.sheet, blank)
        given = min(self.hinted.get(blank.number, 0), len(told) - 1)
        self._say(told[given])
        self.hinted[blank.number] = given + 1

    def _say(self, text: str) -> None:
        indent = _INDENT + " " * (len(text) - len(text.lstrip()))
        self.tell(fill(text.lstrip(), self.width, initial_indent=indent, subsequent_indent=indent + "  "))


def spoken(mark: Mark, language: Language) -> str:
    """A mark as one line."""
    status = "" if mark.status == EMPTY else language(mark.status)
    text = f": {mark.says}" if mark.says else ""
    causes = (mark.cause, *mark.others) if mark.cause else ()
    named = " / ".join(f"{c.code} {language(c.name)}" for c in causes)
    return f"{status}{text}" + (f"  [{named}]" if named else "")
