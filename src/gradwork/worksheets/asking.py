"""Asking blank by blank in the terminal, with feedback at once, hints on request, and everything kept in a file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from gradwork.worksheets.hints import hints
from gradwork.worksheets.marking import EMPTY, RIGHT, UNREADABLE, Mark
from gradwork.worksheets.sheet import Asked, Sheet

Say = Callable[[str], None]


def keep(path: Path, sheet: Sheet, typed: dict[int, str]) -> None:
    """Write what was typed, whole or not at all: a file that is cut off would lose what was there before."""
    record = {"seed": sheet.seed, "chapter": sheet.chapter, "answers": {str(k): v for k, v in typed.items()}}
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(record, file, ensure_ascii=False, indent=1)
    os.replace(name, path)


def ask_all(
    sheet: Sheet,
    ask: Callable[[str], str],
    say: Say,
    path: Path | None = None,
    typed: dict[int, str] | None = None,
    *,
    feedback: bool = True,
) -> dict[int, str]:
    """Ask every blank that has no answer yet. "?" gives a hint, nothing skips, "q" ends.

    ask:  shows a prompt and gives what was typed; EOFError ends.
    path: what was typed is kept here after every answer.
    """
    typed = dict(typed or {})
    words = sheet.language
    for index in range(len(sheet.items)):
        blanks = [b for b in sheet.blanks if b.item == index]
        if all(b.number in typed for b in blanks):
            continue
        say("")
        say(sheet.item_text(index))
        for blank in blanks:
            if blank.number not in typed and not _ask_one(sheet, blank, ask, say, path, typed, feedback):
                say(words("stopped; what was typed is kept") if path else words("stopped"))
                return typed
    return typed


def _ask_one(
    sheet: Sheet,
    blank: Asked,
    ask: Callable[[str], str],
    say: Say,
    path: Path | None,
    typed: dict[int, str],
    feedback: bool,
) -> bool:
    """Ask one blank until it is right, skipped or given up; False where the learner stops."""
    words, given = sheet.language, 0
    if blank.choices:
        for k, choice in enumerate(blank.choices, 1):
            say(f"      {k}  {choice}")
    while True:
        try:
            text = ask(f"  {blank.number:>3}  {blank.name} = ").strip()
        except (EOFError, KeyboardInterrupt):
            return False
        if text.casefold() in ("q", "quit"):
            return False
        if text == "?":
            told = hints(sheet, blank)
            say("       " + told[min(given, len(told) - 1)])
            given += 1
            continue
        typed[blank.number] = text
        if path is not None:
            keep(path, sheet, typed)
        if not feedback or not text:
            return True
        mark = sheet.grade(typed)[blank.number]
        say("       " + spoken(mark, words))
        if mark.status in (RIGHT, EMPTY) or mark.credit == 1:
            return True
        if mark.status == UNREADABLE:
            continue
        given = max(given, 1)
        if ask(f"       {words('again? (Enter: yes, n: no, ?: hint)')} ").strip().casefold() in ("n", "no", "nein"):
            return True


def spoken(mark: Mark, words: Callable[..., str]) -> str:
    """A mark as one line."""
    named = f"  [{mark.code} {words(mark.cause.name)}]" if mark.cause else ""
    others = "".join(f" / {words(c.name)}" for c in mark.others)
    text = f": {mark.says}" if mark.says else ""
    return f"{words(mark.status)}{text}{named}{others}"
