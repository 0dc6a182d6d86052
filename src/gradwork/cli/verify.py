"""Check a filled-in working: which printed numbers or names cannot be right.

FILE is TOML or CSV with the lines of the working, what is given, and the values as printed. For each that cannot be
right the report says what it would have to be. Exit code 1 if there is one.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gradwork.cli import _options


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a filled-in working: .toml or .csv")
    _options.add_page(parser)


def run(options: Namespace) -> int:
    """Check the working and show the report; code 1 where something cannot be right."""
    from gradwork.models.filled import verify_file

    found = verify_file(options.file)
    _options.show(found.document(), options)
    return 0 if found.ok else 1
