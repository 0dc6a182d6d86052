"""The command line: `gradwork COMMAND ...`. One module a command, imported only when that command runs.

A module of this folder whose name has no leading underscore is a command of that name. It holds

    a docstring       its first line is the summary in `gradwork --help`
    add_options       (parser) -> None
    run               (options) -> int, the exit code

and imports what it works with inside `run`, so that `--help` and shell completion need no NumPy.
Exit codes: 0 all well, 1 a check failed, 2 the command was misused or its input cannot be read.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gradwork.cli import _commands, _parser, _report

MISUSED = 2
BROKEN = 70  # as EX_SOFTWARE of sysexits.h: the fault is ours
INTERRUPTED = 130  # as a shell says it: 128 + SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    debug = _report.wants_debug(arguments)
    try:
        code = _run(arguments)
        sys.stdout.flush()  # a reader that has gone shows here, and not at the interpreter's end
        return code
    except SystemExit as stop:  # argparse, after --help
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        _report.say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _report.drop_output()
        return 0
    except Exception as error:
        return _explain(error, debug)


def _run(arguments: list[str]) -> int:
    options = _parser.top().parse_args(arguments)
    if options.command is None:
        _parser.top().print_help()
        return 0
    command = _commands.load(options.command)
    return command.run(_parser.read(command, options.rest))


def _explain(error: Exception, debug: bool) -> int:
    from gradwork.errors import GradworkError

    if isinstance(error, GradworkError):
        _report.show_error(error, debug)
        return MISUSED
    if isinstance(error, OSError) and (complaint := _report.from_system(error)) is not None:
        _report.show_error(complaint, debug)
        if error.filename is None:
            _report.drop_output()  # what is still waiting would be tried again at the interpreter's end
        return MISUSED
    _report.show_bug(error, debug)
    return BROKEN
