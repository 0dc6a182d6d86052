"""What every format shares when it writes a page: finding the method for a block, and grouping steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from gradwork.notation.document import Block, Document, Equation, Heading, Inline, Section, Step, Text
from gradwork.notation.layout import Infix, Number, infix

Written = TypeVar("Written")

# A number at the start of a cell: what stands before its point, the decimals, and the rest.
_NUMBER = re.compile(r"([-+−]?\d+)(\.\d+)?(?![\w.])(.*)", re.DOTALL)


class PageWriter(Generic[Written]):
    """Turns blocks into `Written`. A subclass has a method for each kind of block, and `steps` for steps in a row."""

    def block(self, block: Block | tuple[Step, ...]) -> Written:
        """One block with all that is inside it."""
        if isinstance(block, tuple):
            return self.steps(block)
        for kind in type(block).__mro__:
            method = getattr(self, kind.__name__.lower(), None)
            if method is not None and kind is not Block:
                written: Written = method(block)
                return written
        raise NotImplementedError(f"{type(self).__name__} cannot write a {type(block).__name__}")

    def steps(self, steps: tuple[Step, ...]) -> Written:
        """Steps that follow one another."""
        raise NotImplementedError


def grouped(blocks: Sequence[Block]) -> Iterator[Block | tuple[Step, ...]]:
    """The blocks, with steps that follow one another as one tuple, so that they can be lined up."""
    steps: list[Step] = []
    for block in blocks:
        if isinstance(block, Step):
            steps.append(block)
            continue
        if steps:
            yield tuple(steps)
            steps = []
        yield block
    if steps:
        yield tuple(steps)


def with_title(document: Document) -> tuple[Block, ...]:
    """The blocks under a heading with the document's title, unless they begin with one of their own."""
    first = document.blocks[0] if document.blocks else None
    if isinstance(first, Section):
        first = first.heading
    if isinstance(first, Heading) and first.level == 1:
        return document.blocks
    return (Heading(document.title, level=1), *document.blocks)


def pieces_of(text: Text) -> tuple[Inline, ...]:
    """A text as its strings and layouts."""
    return text if isinstance(text, tuple) else (text,)


def as_equation(step: Step) -> Equation:
    """A step as the equation that it states."""
    return Equation(infix("=", step.before, step.after), step.note)


def sides(equation: Equation) -> bool:
    """Whether the equation has sides to line up at."""
    body = equation.body
    return (
        isinstance(body, Infix)
        and len(body.operands) > 1
        and body.operator in ("=", "≈", "→", ":=", "≤", "≥", "<", ">")
    )


def alignments(align: str, columns: int, rows: Sequence[Sequence[Text]], row_headings: bool) -> str:
    """A letter for each column: those given, then "." for columns of numbers and "l" for others."""
    letters = [letter if letter in "lrc." else "l" for letter in align[:columns]]
    for column in range(len(letters), columns):
        cells = [row[column] for row in rows if column < len(row)]
        numbers = bool(cells) and all(isinstance(cell, Number) for cell in cells)
        letters.append("." if numbers and not (column == 0 and row_headings) else "l")
    return "".join(letters)


def parts_of_number(text: str) -> tuple[str, str] | None:
    """A cell that begins with a number, parted at its decimal point; None for any other.

    >>> parts_of_number("-1.50 ± 2e-8"), parts_of_number("12"), parts_of_number("row 1")
    (('-1', '.50 ± 2e-8'), ('12', ''), None)
    """
    if match := _NUMBER.fullmatch(text):
        return match[1], (match[2] or "") + match[3]
    if match := re.fullmatch(r"([-+−]?\d+)((?:\.\d+)?e-?\d+.*)", text, re.DOTALL):
        return match[1], match[2]
    return None
