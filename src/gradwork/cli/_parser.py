"""Argument parsers whose complaints have our shape: what is wrong, and what was probably meant."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from gradwork.cli import _commands

if TYPE_CHECKING:
    from gradwork.errors import UsageError


def misuse(headline: str, hint: str) -> UsageError:
    """The error for a command line that cannot be understood."""
    from gradwork.errors import UsageError

    return UsageError(headline, hint=hint)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)), None)


def likely_option(word: str, known: Iterable[str]) -> str | None:
    """The option that was probably meant: one that is written nearly so, has the word in it, or its letters.

    >>> known = ["--wrt", "--learning-rate", "--weight-decay", "--steps"]
    >>> [likely_option(word, known) for word in ("--rate", "--lr", "--decay", "--learn", "--stps", "--zebra")]
    ['--learning-rate', '--learning-rate', '--weight-decay', '--learning-rate', '--steps', None]
    """
    import difflib

    options = [text for text in known if text.startswith("--")]
    typo, alike = (difflib.get_close_matches(word, options, n=1, cutoff=share) for share in (0.8, 0.65))
    asked = word.removeprefix("--").split("-")
    parts = {text: text.removeprefix("--").split("-") for text in options}
    ways = (
        typo,
        [text for text, own in parts.items() if set(asked) <= set(own)],
        [text for text, own in parts.items() if len(own) > 1 and "".join(part[0] for part in own) == "".join(asked)],
        [text for text, own in parts.items() if len(asked[0]) > 2 and any(p.startswith(asked[0]) for p in own)],
        alike,
    )
    return next((found[0] for found in ways if found), None)


class _Help(argparse.HelpFormatter):
    """Paragraphs stay apart and fill the window; a row of a table goes on under its second column."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(_filled(part, width, indent) for part in text.strip("\n").split("\n\n"))


def _filled(paragraph: str, width: int, indent: str) -> str:
    rows = [re.match(r" *\S+ {2,}", line) for line in paragraph.splitlines()]
    if not any(rows):
        return textwrap.fill(" ".join(paragraph.split()), width, initial_indent=indent, subsequent_indent=indent)
    return "\n".join(
        textwrap.fill(line, width, subsequent_indent=" " * row.end() if row else indent, break_on_hyphens=False)
        for line, row in zip(paragraph.splitlines(), rows, strict=True)
    )


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises `UsageError` instead of printing its usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """Complain in our own words where argparse's are hard to read."""
        message = message.removeprefix("argument ")
        absent = message.removeprefix("the following arguments are required: ")
        if absent != message:
            message = f"{self.prog} needs {absent}"
        surplus = message.removeprefix("unrecognized arguments: ")
        if surplus != message:
            message = f"{self.prog} does not know what to do with {surplus}"
        message = re.sub(r"^(-\S+/)?(--\S+): expected one argument$", r"\2 needs a value after it", message)
        raise misuse(message, f"{self.prog} --help")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; an unknown option is complained of before a missing argument, since it may be why one is missing."""
        if args is not None:
            self._refuse_unknown_options(list(args))
        return super().parse_known_args(args, namespace)

    def options(self) -> list[str]:
        """Every option string that this parser knows."""
        return [text for action in self._actions for text in action.option_strings]

    def _refuse_unknown_options(self, arguments: list[str]) -> None:
        hands_on = any(action.nargs == argparse.REMAINDER for action in self._actions)
        known = self.options()
        for argument in arguments:
            if argument == "--" or (hands_on and not argument.startswith("-")):
                return  # what follows is no option, or belongs to the command's own parser
            name = argument.partition("=")[0]
            if name.startswith("--") and name not in known:
                likely = self._option_of(name.removeprefix("--")) or likely_option(name, known)
                raise misuse(f"{self.prog} has no option {name}", likely or f"{self.prog} --help")

    def _option_of(self, value: str) -> str | None:
        """The option that takes this word as its value, with it."""
        taking = (a.option_strings for a in self._actions if a.option_strings and value in (a.choices or ()))
        return next((f"{max(options, key=len)} {value}" for options in taking), None)

    # The three below are argparse's own steps, which no public setting can change.

    def _parse_optional(self, arg_string: str) -> Any:
        """A word such as -x^2 or -1e-3 is a formula or a number: only -o, -h and words with -- are options."""
        if not arg_string.startswith("--") and arg_string[:2] not in self.options():
            return None
        return super()._parse_optional(arg_string)

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        if not callable(action.type):
            return arg_string
        try:
            return action.type(arg_string)
        except argparse.ArgumentTypeError as error:
            raise misuse(f"{_name_of(action)} {error}", f"{self.prog} --help") from None

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = [] if action.choices is None else [str(choice) for choice in action.choices]
        if choices and value not in choices:
            likely = nearest(str(value), choices)
            raise misuse(f"{_name_of(action)} cannot be {value!r}", likely or "one of " + ", ".join(choices))


def top() -> Parser:
    """The parser of what stands before the command; the rest is the command's."""
    parser = Parser(
        prog="gradwork",
        usage="gradwork COMMAND ...",
        description="Gradients worked three ways, with every number shown.",
        epilog=_command_list(),
        formatter_class=_Help,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("-h", "--help", action="help", help="show this help; after a command, the help of that command")
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version")
    add_debug(parser)
    return parser


def of_command(command: _commands.Command) -> Parser:
    """The parser of one command, made by its module."""
    name = command.__name__.rpartition(".")[2]
    parser = Parser(
        prog=f"gradwork {name}",
        description=(command.__doc__ or "").strip(),
        formatter_class=_Help,
        allow_abbrev=False,
        add_help=False,
    )
    command.add_options(parser)
    general = parser.add_argument_group("general")
    general.add_argument("-h", "--help", action="help", help="show this help")
    add_debug(general)
    return parser


def read(command: _commands.Command, arguments: list[str]) -> argparse.Namespace:
    """The options of one command, with all that can be decided before its work."""
    options = of_command(command).parse_args(arguments)
    if "output" in options:
        from gradwork.cli import _options

        _options.settle(options)
    return options


def add_debug(parser: argparse._ActionsContainer) -> None:
    """Add `--debug`, which is understood before a command and after it."""
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error (or set GRADWORK_DEBUG=1)")


def _command_list() -> str:
    width = max(map(len, _commands.names()))
    rows = [f"  {name:<{width}}  {_commands.summary(name)}" for name in _commands.names()]
    return "\n".join(["commands:", *rows, "", "gradwork COMMAND --help says more about a command."])


def _name_of(action: argparse.Action) -> str:
    return max(action.option_strings, key=len, default=str(action.metavar or action.dest))


class _ShowVersion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from gradwork._version import __version__

        print(f"gradwork {__version__}")
        parser.exit()
