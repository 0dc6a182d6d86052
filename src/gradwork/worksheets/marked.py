"""A marked sheet, as a page for the learner: what is right, what is carried, which mistake was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradwork.check.cause import Cause
from gradwork.formats.display import Shown
from gradwork.notation.document import Block, Document, Heading, Paragraph, Table
from gradwork.worksheets.marks import CARRIED, EMPTY, FEW_DIGITS, MISTAKE, RIGHT, UNREADABLE, WRONG, Mark

if TYPE_CHECKING:
    from gradwork.worksheets.sheet import Sheet

STATUSES = (RIGHT, CARRIED, FEW_DIGITS, MISTAKE, WRONG, UNREADABLE, EMPTY)


@dataclass(frozen=True, eq=False, repr=False)
class Marked(Shown):
    """The marks of one sheet. `marked[12]` is the mark of blank 12; print it for the page.

    learner: whose answers these are, "" where nobody said.
    """

    sheet: Sheet
    marks: tuple[Mark, ...]
    learner: str = ""

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.counts.items())
        return f"<Marked: {self.score:g} of {self.total}; {counts}>"

    def __getitem__(self, number: int) -> Mark:
        return self.marks[number - 1]

    def __iter__(self) -> Iterator[Mark]:
        return iter(self.marks)

    def __len__(self) -> int:
        return len(self.marks)

    @property
    def score(self) -> float:
        """The credit of all blanks together."""
        return sum(mark.credit for mark in self.marks)

    @property
    def total(self) -> int:
        """How many blanks there are."""
        return len(self.marks)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many blanks have each status."""
        found = Counter(mark.status for mark in self.marks)
        return {status: found[status] for status in STATUSES if found[status]}

    @cached_property
    def mistakes(self) -> Mapping[Cause, tuple[int, ...]]:
        """The named mistakes, each with the numbers of its blanks, the most frequent first."""
        found: dict[Cause, list[int]] = {}
        for mark in self.marks:
            if mark.cause is not None:
                found.setdefault(mark.cause, []).append(mark.blank.number)
        return {c: tuple(n) for c, n in sorted(found.items(), key=lambda pair: -len(pair[1]))}

    def document(self, *, answers: bool = False, empty: bool = True) -> Document:
        """The page. `answers`: what is right stands beside what is wrong. `empty`: empty blanks are listed."""
        say = self.sheet.language
        title = f"{self.sheet.title}: {self.learner}" if self.learner else self.sheet.title
        blocks: list[Block] = [Heading(title, 1)]
        result = say("{score} of {total}", score=f"{self.score:g}", total=self.total)
        blocks.append(Paragraph(result, "result"))
        rows = []
        for mark in self.marks:
            if mark.status == RIGHT or (mark.status == EMPTY and not empty):
                continue
            right = [mark.blank.text] if answers else []
            rows.append(
                (str(mark.blank.number), mark.blank.name, mark.typed, say(mark.status), *right, self._says(mark))
            )
        if rows:
            heads = [say("Blank"), "", say("Answer"), "", *([say("Key")] if answers else []), ""]
            blocks.append(Table(tuple(heads), tuple(rows), align="rlll" + "l" * (1 + answers)))
        blocks += [Paragraph(self._advice(cause, numbers), "note") for cause, numbers in self.mistakes.items()]
        return Document(title, tuple(blocks), facts=self.facts(), language=say.code, texts=say.texts)

    def _says(self, mark: Mark) -> str:
        text = mark.says
        if mark.cause is not None:
            names = " / ".join(f"{c.code} {self.sheet.language(c.name)}" for c in (mark.cause, *mark.others))
            text = f"{text}  [{names}]"
        return text

    def _advice(self, cause: Cause, numbers: tuple[int, ...]) -> str:
        say = self.sheet.language
        where = ", ".join(map(str, numbers))
        return f"{say(cause.summary)} ({say('blank')} {where}; gradwork explain {cause.code})"

    def facts(self) -> dict[str, Any]:
        """The marks as plain numbers and texts."""
        return {
            "learner": self.learner,
            "score": self.score,
            "total": self.total,
            "marks": [
                {
                    "blank": m.blank.number,
                    "typed": m.typed,
                    "status": m.status,
                    "credit": m.credit,
                    "code": m.code,
                    "others": [c.code for c in m.others],
                    "says": m.says,
                }
                for m in self.marks
            ],
        }
