"""Mark answers on a sheet: right, carried, which mistake; for one learner or a class.

ANSWERS is CSV or JSON, of one learner or many; without it the blanks are asked for here, and what is typed is kept.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gradwork.cli import _options, _output, _report


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument(
        "sheet", metavar="SHEET.json", type=Path, help="the .sheet.json that gradwork sheet has written"
    )
    parser.add_argument("answers", metavar="ANSWERS", type=Path, nargs="?", help="answers as .csv or .json")
    parser.add_argument("--roster", metavar="FILE", type=Path, help="which learner has which seed: learner,seed")
    parser.add_argument(
        "--credit", metavar="SHARE", type=_share, default=1.0, help="for a carried answer, 0 to 1 (default 1)"
    )
    parser.add_argument("--key", action="store_true", help="show what is right beside what is wrong")
    parser.add_argument("--csv", metavar="FILE", type=_output.target, help="write the table of marks to FILE as well")
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Read the answers, mark them, show the marks; code 0 whatever the marks are."""
    from gradwork.cli._answers import asked_here, read_file
    from gradwork.models.sheets import ClassSheets
    from gradwork.worksheets.classroom import Report, read_answers, read_roster
    from gradwork.worksheets.marks import Credit

    sheets = ClassSheets(options.sheet)
    if options.roster is not None:
        sheets.roster |= read_roster(
            read_file(options.roster, "a list of names"), sheets.first.seed, options.roster.name
        )
    if options.answers is None:
        answers = asked_here(sheets.first, options.sheet)
    else:
        answers = read_answers(read_file(options.answers), options.answers.name)
    if sheets.record.get("copies", 1) > 1 and any(one.seed is None and not one.checksum for one in answers):
        _report.say(f"note: answers without a seed are marked on the first copy, seed {sheets.first.seed}")
    credit = Credit(carried=options.credit)
    marked = tuple(sheets.sheet_for(one).grade(one.answers, credit=credit, learner=one.learner) for one in answers)
    report = Report(sheets.first.title, marked)
    if options.csv is not None:
        _output.save_page(report.csv(), options.csv)
    page = marked[0].document(answers=options.key) if len(marked) == 1 else report.document()
    return _options.show(page, options)


def _share(text: str) -> float:
    from argparse import ArgumentTypeError

    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ArgumentTypeError("has to be a number from 0 to 1")
    return share
