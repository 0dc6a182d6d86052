"""Named formulas as what is traced: they are bound to values by name, and every line names its node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gradwork.errors import ArgumentError, Where
from gradwork.graph.builder import Builder
from gradwork.graph.formula.evaluate import evaluate_program
from gradwork.graph.formula.pieces import Formula
from gradwork.graph.formula.program import Program, parse_program
from gradwork.graph.op import REGISTER
from gradwork.graph.traced import Traced


@dataclass(frozen=True)
class CalledProgram:
    """Named formulas under trace: the last line is the result, and every line names its node."""

    program: Program

    def names(self) -> list[str]:
        """The formula's own names, in order of appearance."""
        return list(self.program.names)

    def labels(self, count: int) -> list[str]:
        """The names that positional arguments are bound to."""
        names = self.names()
        if count > len(names):
            raise ArgumentError(f"the formula has {len(names)} names ({', '.join(names)}), {count} values were given")
        return names[:count]

    def __call__(self, builder: Builder, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        bound = {**dict(zip(self.labels(len(args)), args, strict=True)), **kwargs}
        last = self.program.lines[-1][0]

        @contextmanager
        def at(where: Where) -> Iterator[None]:
            before, builder.mark = builder.mark, where
            try:
                yield
            finally:
                builder.mark = before

        def name(line: str, value: Any) -> None:
            if isinstance(value, Traced) and line and value.builder is builder:
                builder.names.setdefault(value.index, line)

        return evaluate_program(self.program, bound, REGISTER.by_word, at, name)[last]


def as_called_program(f: object) -> CalledProgram | None:
    """The formula or formulas that `f` is, or is the text of; None where it is something else."""
    if isinstance(f, str):
        return CalledProgram(parse_program(f))
    if isinstance(f, Formula):
        return CalledProgram(Program((("", f),)))
    return CalledProgram(f) if isinstance(f, Program) else None
