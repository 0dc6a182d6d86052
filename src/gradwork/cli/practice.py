"""Practise a chapter in the terminal, blank by blank: marked at once, with hints along the solver's order."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gradwork.cli import _options


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument(
        "chapter", metavar="CHAPTER", help="a chapter by name or number, a model file, or a .sheet.json"
    )
    parser.add_argument("--seed", type=_options.at_least(0), metavar="N", help="fixes the numbers (default: new ones)")
    parser.add_argument("--level", type=_options.at_least(1), default=1, metavar="N", help="1, 2 or 3 (default 1)")
    parser.add_argument("--mask", metavar="NAME", help="what is left blank (gradwork chapters --masks)")
    parser.add_argument("--language", default="en", metavar="CODE", help="the words of the sheet (default en)")
    parser.add_argument("--keep", metavar="FILE", type=Path, help="keep what is typed in FILE, and go on from it")


def run(options: Namespace) -> int:
    """Ask blank by blank, then say how it went."""
    import random

    from gradwork.cli._answers import kept
    from gradwork.models.sheets import load_sheet, sheet
    from gradwork.worksheets.asking import ask_all
    from gradwork.worksheets.sheet import RECORD

    if options.chapter.endswith(RECORD):
        made = load_sheet(options.chapter)
    else:
        seed = options.seed if options.seed is not None else random.randrange(10_000)
        wanted = {"seed": seed, "level": options.level, "mask": options.mask, "language": options.language}
        made = sheet(options.chapter, **wanted)
    path = options.keep or Path(f"{made.chapter}-{made.seed}.answers.json")
    print(f"{made.title}, level {made.level}, seed {made.seed}. ? for a hint, Enter to skip, q to stop.")
    print(f"What you type is kept in {path}.")
    typed = ask_all(made, input, print, path, kept(path))
    if typed:
        print()
        print(made.grade(typed))
    return 0
