"""Practise a chapter in the terminal, blank by blank: marked at once, with hints."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from gradwork.cli import _options

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Sheet


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument(
        "chapter", metavar="CHAPTER", help="a chapter by name or number, a model file, or a .sheet.json"
    )
    parser.add_argument("--seed", type=_options.at_least(0), metavar="N", help="fixes the numbers (default: new ones)")
    parser.add_argument("--level", type=_options.at_least(1), metavar="N", help="1, 2 or 3 (default 1)")
    parser.add_argument("--mask", metavar="NAME", help="what is left blank (gradwork chapters --masks)")
    parser.add_argument("--language", default="en", metavar="CODE", help="the words of the sheet (default en)")
    parser.add_argument("--keep", metavar="FILE", type=Path, help="keep what is typed in FILE, and go on from it")


def run(options: Namespace) -> int:
    """Ask blank by blank, then say how it went."""
    from gradwork.cli._answers import as_text, ask

    made = _sheet(options)
    typed = ask(made, options.keep or Path(f"{made.chapter}-{made.seed}.answers.json"))
    if typed:
        print()
        print(as_text(made.grade(typed).document(empty=False)))
    return 0


def _sheet(options: Namespace) -> Sheet:
    """The sheet of the options; where answers are kept already, the one that they belong to."""
    import random

    from gradwork.cli._answers import kept
    from gradwork.models.sheets import load_sheet, sheet
    from gradwork.worksheets.sheet import RECORD

    if options.chapter.endswith(RECORD):
        return load_sheet(options.chapter)
    earlier = kept(options.keep) if options.keep else {}
    seed = options.seed if options.seed is not None else earlier.get("seed", random.randrange(10_000))
    level = options.level or earlier.get("level", 1)
    wanted = {"seed": seed, "level": level, "mask": options.mask, "language": options.language}
    made: Sheet = sheet(options.chapter, **wanted)
    return made
