"""Which commands there are: the modules of this folder. Their summaries are read without importing them."""

from __future__ import annotations

import importlib
import os
from argparse import ArgumentParser, Namespace
from typing import Protocol, cast

_FOLDER = os.path.dirname(__file__)
# What people look for as a command, and where it is.
_ELSEWHERE = {"masks": "chapters --masks", "coverage": "ops --coverage", "help": "--help", "version": "--version"}


class Command(Protocol):
    """What a command's module offers."""

    __name__: str
    __doc__: str | None

    def add_options(self, parser: ArgumentParser) -> None:
        """Declare the command's arguments and options."""

    def run(self, options: Namespace) -> int:
        """Do it, and give the exit code."""


def names() -> list[str]:
    """The commands, in the order of the alphabet."""
    stems = (file.removesuffix(".py") for file in os.listdir(_FOLDER) if file.endswith(".py"))
    return sorted(stem for stem in stems if not stem.startswith("_"))


def summary(name: str) -> str:
    """The first line of the command's docstring."""
    with open(os.path.join(_FOLDER, f"{name}.py"), encoding="utf-8") as file:
        return file.readline().strip().strip('"').removesuffix(".")


def load(name: str) -> Command:
    """The command's module; an unknown name is answered with the nearest one."""
    known = names()
    if name not in known:
        from gradwork.cli._parser import misuse, nearest

        likely = _ELSEWHERE.get(name) or nearest(name, known)
        hint = f"gradwork {likely}" if likely else "gradwork --help lists the commands"
        raise misuse(f"there is no command {name!r}", hint)
    return cast(Command, importlib.import_module(f"gradwork.cli.{name}"))
