"""Make worksheets from a chapter or a model of your own, with keys that are computed.

Each sheet that is written to a file has a .sheet.json beside it, which brings the very same sheet back and marks it.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from gradwork.cli import _options


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument(
        "chapter", metavar="CHAPTER", help="a chapter by name or number, a model file, or a .sheet.json"
    )
    parser.add_argument(
        "--seed", type=_options.at_least(0), default=0, metavar="N", help="fixes the numbers (default 0)"
    )
    parser.add_argument("--level", type=_options.at_least(1), default=1, metavar="N", help="1, 2 or 3 (default 1)")
    parser.add_argument(
        "--copies", type=_options.at_least(1), default=1, metavar="N", help="so many sheets, seed by seed"
    )
    parser.add_argument(
        "--mask", metavar="NAME", help="what is left blank: results, every-2, ... (gradwork chapters --masks)"
    )
    parser.add_argument("--language", default="en", metavar="CODE", help="the words of the sheet (default en)")
    parser.add_argument(
        "--roster", metavar="FILE", type=Path, help="a sheet for each learner: a name a line, or name,seed"
    )
    parser.add_argument("--confusion", action="store_true", help="for the teacher: what each mistake gives, by blank")
    parser.add_argument("--key", action="store_true", help="the key instead of the sheet")
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Make the sheets and put them where the options say."""
    from gradwork.cli._answers import read_file
    from gradwork.models.sheets import load_sheet, sheet
    from gradwork.worksheets.classroom import read_roster
    from gradwork.worksheets.sheet import RECORD

    roster: dict[str, int] = {}
    wanted = {"level": options.level, "mask": options.mask, "language": options.language}
    if options.chapter.endswith(RECORD):
        made = [load_sheet(options.chapter)]
    elif options.roster is not None:
        roster = read_roster(read_file(options.roster), options.seed, options.roster.name)
        made = [sheet(options.chapter, seed=seed, **wanted) for seed in roster.values()]
    else:
        found = sheet(options.chapter, copies=options.copies, seed=options.seed, **wanted)
        made = [found] if options.copies == 1 else list(found)
    path, learners = options.output, list(roster)
    for k, one in enumerate(made):
        if len(made) > 1 and path is not None and path != "-":
            stem, suffix = os.path.splitext(path)
            options.output = f"{stem}-{learners[k] if learners else one.seed}{suffix}"
        page = one.confusion() if options.confusion else one.document(key=options.key)
        _options.show(page, options)
    if path not in (None, "-"):
        made[0].save(os.path.splitext(path)[0] + RECORD, roster=roster)
    return 0
