"""Make worksheets from a chapter or a model of your own, with keys that are computed.

Each sheet that is written to a file has a .sheet.json beside it, which brings the very same sheet back and marks it.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from gradwork.cli import _options, _output

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Sheet


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
    parser.add_argument("--no-key", action="store_true", help="an HTML page that holds no answers and collects them")
    parser.add_argument("--with-key", action="store_true", help="the key at the end of the sheet")
    parser.add_argument("--key", action="store_true", help="the key instead of the sheet")
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Make the sheets and put them where the options say."""
    made, roster = _made(options)
    path = options.output
    if options.to == "pdf" and not options.confusion:
        _paper(made, list(roster), options)
    else:
        _one_by_one(made, list(roster), options)
    if path not in (None, "-"):
        from gradwork.cli import _report
        from gradwork.worksheets.sheet import RECORD

        record = os.path.splitext(path)[0] + RECORD
        made[0].save(record, roster=roster, copies=len(made))
        _report.say(f"wrote {record}")
    return 0


def _made(options: Namespace) -> tuple[list[Sheet], dict[str, int]]:
    """The sheets, and which learner has which seed."""
    from gradwork.cli._answers import read_file
    from gradwork.models.sheets import ClassSheets, sheet, sheet_from_code
    from gradwork.worksheets.classroom import read_roster
    from gradwork.worksheets.sheet import CODE, RECORD

    wanted = {"level": options.level, "mask": options.mask, "language": options.language}
    if options.chapter.endswith(RECORD):
        sheets = ClassSheets(options.chapter)
        return sheets.all(), sheets.roster
    if options.chapter.startswith(CODE):
        return [sheet_from_code(options.chapter)], {}
    if options.roster is not None:
        roster = read_roster(read_file(options.roster, "a list of names"), options.seed, options.roster.name)
        return [sheet(options.chapter, seed=seed, **wanted) for seed in roster.values()], roster
    found = sheet(options.chapter, copies=options.copies, seed=options.seed, **wanted)
    return ([found] if options.copies == 1 else list(found)), {}


def _paper(made: list[Sheet], learners: list[str], options: Namespace) -> None:
    """All sheets in one file, and their keys in another: the file is what goes to the printer."""
    from gradwork.notation.document import Style
    from gradwork.worksheets.paper import paper

    style = Style(digits=12, paper=options.paper)
    if options.key:
        _output.save_page(paper(made, style, keys=True, learners=learners), options.output)
        return
    _output.save_page(paper(made, style, learners=learners, key_at_end=options.with_key), options.output)
    if not options.with_key and options.output != "-":
        stem, suffix = os.path.splitext(options.output)
        _output.save_page(paper(made, style, keys=True, learners=learners), f"{stem}.key{suffix}")


def _one_by_one(made: list[Sheet], learners: list[str], options: Namespace) -> None:
    """Each sheet in a file of its own, or one after the other in the terminal."""
    path = options.output
    for k, one in enumerate(made):
        if len(made) > 1 and path is not None and path != "-":
            stem, suffix = os.path.splitext(path)
            options.output = f"{stem}-{learners[k] if learners else one.seed}{suffix}"
        _show(one, options)
    options.output = path


def _show(one: Sheet, options: Namespace) -> None:
    """One sheet, its key or its table for the teacher; in HTML the sheet is a page that marks itself."""
    if options.to == "html" and not (options.key or options.confusion):
        page = one.page(key=not options.no_key)
        if options.output is None:
            _output.print_page(page, "html")
        else:
            _output.save_page(page, options.output)
        return
    document = one.confusion() if options.confusion else one.document(key=options.key, with_key=options.with_key)
    _options.show(document, options)
