"""Print the completion script of a shell: commands, options, their values, file names.

bash    gradwork completion bash > FOLDER/gradwork
        with FOLDER ~/.local/share/bash-completion/completions
zsh     gradwork completion zsh > FOLDER/_gradwork
        with FOLDER in fpath, before compinit
fish    gradwork completion fish > ~/.config/fish/completions/gradwork.fish
"""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass

_FILES = ("FILE", "MODEL", "FORMULA|MODEL")


@dataclass(frozen=True)
class Word:
    """One option or argument of a command, and what may follow it."""

    command: str
    flags: tuple[str, ...]  # empty for an argument without a name
    summary: str
    takes_value: bool
    values: tuple[str, ...]
    files: bool


def add_options(parser: ArgumentParser) -> None:
    """Declare the command's arguments and options."""
    parser.add_argument("shell", choices=tuple(_WRITERS), help="the shell that is to read it")


def run(options: Namespace) -> int:
    """Print the script."""
    from gradwork.cli import _commands

    commands = {name: _commands.summary(name) for name in _commands.names()}
    print(_WRITERS[options.shell](commands, list(_words(commands))))
    return 0


def _words(commands: dict[str, str]) -> Iterator[Word]:
    from gradwork.cli import _commands, _parser

    yield from _words_of("", _parser.top())
    for name in commands:
        yield from _words_of(name, _parser.of_command(_commands.load(name)))


def _words_of(command: str, parser: ArgumentParser) -> Iterator[Word]:
    for action in parser._actions:
        if not command and not action.option_strings:
            continue  # the command itself
        metavar = str(action.metavar or "")
        values = _codes() if metavar == "CODE" else tuple(map(str, action.choices or ()))
        takes_value = bool(action.option_strings) and action.nargs != 0
        help_text = "" if action.help in (None, argparse.SUPPRESS) else str(action.help).replace("%%", "%")
        yield Word(command, tuple(action.option_strings), help_text, takes_value, values, metavar in _FILES)


def _codes() -> tuple[str, ...]:
    from gradwork.cli.explain import errors

    return tuple(errors())


# --- bash -----------------------------------------------------------------------------------------------------

_BASH = """\
# bash completion of gradwork, made by: gradwork completion bash
_gradwork() {{
    local IFS=$'\\n' current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command= word
    # bash makes three words of --to=html
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        if [[ $word != -* ]]; then command=$word; break; fi
    done
    case "$command $previous" in
{values}
    esac
    case "$command" in
{commands}
    esac
}}
complete -F _gradwork gradwork"""


def _bash(commands: dict[str, str], words: list[Word]) -> str:
    values = [f"        {_bash_pattern(word)}) {_bash_reply(word)}; return ;;" for word in words if word.takes_value]
    cases = []
    for command in ("", *commands):
        flags = [flag for word in words if word.command == command for flag in word.flags if flag.startswith("--")]
        arguments = [word for word in words if word.command == command and not word.flags]
        plain = _bash_reply(arguments[0]) if arguments else _bash_offer(() if command else tuple(commands))
        options = _bash_offer(tuple(flags))
        cases.append(f'        "{command}") if [[ $current == -* ]]; then {options}; else {plain}; fi ;;')
    return _BASH.format(values="\n".join(values), commands="\n".join(cases))


def _bash_pattern(word: Word) -> str:
    return "|".join(f'"{word.command} {flag}"' for flag in word.flags)


def _bash_reply(word: Word) -> str:
    if word.files:
        return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current"))'
    return _bash_offer(word.values)


def _bash_offer(words: tuple[str, ...]) -> str:
    listed = "\\n".join(words)
    return f"COMPREPLY=($(compgen -W $'{listed}' -- \"$current\"))" if words else "COMPREPLY=()"


# --- zsh ------------------------------------------------------------------------------------------------------

_ZSH = """\
#compdef gradwork
# zsh completion of gradwork, made by: gradwork completion zsh
_gradwork() {{
    local context state state_descr line
    local -A opt_args
    _arguments -C \\
{top}
        '1:command:->command' \\
        '*::argument:->argument'
    case $state in
        command)
            local -a commands=(
{commands}
            )
            _describe command commands ;;
        argument)
            case $words[1] in
{cases}
            esac ;;
    esac
}}
if [[ $funcstack[1] == _gradwork ]]; then _gradwork "$@"; else compdef _gradwork gradwork; fi"""


def _zsh(commands: dict[str, str], words: list[Word]) -> str:
    listed = [f"                {_quoted(f'{name}:{text}')}" for name, text in commands.items()]
    cases = []
    for command in commands:
        specs = [spec for word in words if word.command == command for spec in _zsh_specs(word)]
        joined = " \\\n".join(" " * 20 + spec for spec in specs)
        cases.append(f"                {command}) _arguments \\\n{joined} ;;")
    top = "\n".join(f"        {spec} \\" for word in words if not word.command for spec in _zsh_specs(word))
    return _ZSH.format(top=top, commands="\n".join(listed), cases="\n".join(cases))


def _zsh_specs(word: Word) -> Iterator[str]:
    values = "_files" if word.files else f"({' '.join(word.values)})" if word.values else " "
    if not word.flags:
        yield _quoted(f"1:argument:{values}")
    summary = word.summary.replace("[", "(").replace("]", ")").replace(":", "\\:")
    for flag in word.flags:
        yield _quoted(f"{flag}[{summary}]" + (f":value:{values}" if word.takes_value else ""))


# --- fish -----------------------------------------------------------------------------------------------------


def _fish(commands: dict[str, str], words: list[Word]) -> str:
    lines = ["# fish completion of gradwork, made by: gradwork completion fish", "complete -c gradwork -f"]
    names = " ".join(commands)
    for name, summary in commands.items():
        lines.append(f"complete -c gradwork -n __fish_use_subcommand -a {name} -d {_quoted(summary)}")
    for word in words:
        where = (
            f"__fish_seen_subcommand_from {word.command}"
            if word.command
            else f"not __fish_seen_subcommand_from {names}"
        )
        parts = [f"complete -c gradwork -n {_quoted(where)}", *map(_fish_flag, word.flags)]
        parts += ["-r -F" if word.files else "-x"] if word.takes_value else ["-F"] if word.files else []
        parts += [f"-a {_quoted(' '.join(word.values))}"] if word.values else []
        lines.append(" ".join([*parts, f"-d {_quoted(word.summary)}"]))
    return "\n".join(lines)


def _fish_flag(flag: str) -> str:
    return f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "’") + "'"


_WRITERS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
