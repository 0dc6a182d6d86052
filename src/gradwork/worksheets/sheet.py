"""`gw.sheet`: a sheet of exercises, with its blanks and its key."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gradwork._version import __version__
from gradwork.errors import ArgumentError, DataError, UsageError
from gradwork.formats.display import Shown
from gradwork.notation.document import Block, Document, Heading, Table
from gradwork.notation.language import Language
from gradwork.worksheets.confusion import confusion_page, worth
from gradwork.worksheets.exercise import Ask, Chapter
from gradwork.worksheets.item import Item, make_item
from gradwork.worksheets.marked import Marked
from gradwork.worksheets.marking import mark_sheet
from gradwork.worksheets.marks import Credit
from gradwork.worksheets.masks import Mask
from gradwork.worksheets.pieces import Numbering, Place
from gradwork.worksheets.rounding import number_text
from gradwork.worksheets.words import language_named

RECORD = ".sheet.json"
CODE = "gradwork:"  # what the code at the foot of a printed sheet begins with


@dataclass(frozen=True)
class Asked:
    """A numbered blank of a sheet.

    item, place: where it stands.   kind: "cell", "shape", "rule" or "choice".
    name:    what belongs there, in words: "dW[1, 2]".
    answer:  a number; for a choice or a rule, the text of the right one.
    choices: the texts to choose from; () where a number is asked.
    """

    number: int
    item: int
    place: Place
    name: str
    answer: float | str
    choices: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What is asked."""
        return str(self.place[0])

    @property
    def text(self) -> str:
        """The answer as the key prints it."""
        return self.answer if isinstance(self.answer, str) else number_text(self.answer)


@dataclass(frozen=True, eq=False, repr=False)
class Sheet(Shown):
    """Exercises with blanks, and the key.

    chapter: slug.   level: 1 to 3.   seed: fixes all numbers.   mask: the name of a mask that took the place of the
    chapter's own, or "".   source: the text of the file that the sheet was made from, where it was no chapter.

    `sheet.document()` is the page, `sheet.key` the key, `sheet.grade(answers)` marks, `sheet.save(path)` writes a page,
    or for a path that ends in .sheet.json what brings the same sheet back.
    """

    chapter: str
    title: str
    level: int
    seed: int
    mask: str
    items: tuple[Item, ...]
    language: Language
    source: str = ""

    def __repr__(self) -> str:
        return f"<Sheet: {self.title}, level {self.level}, seed {self.seed}, {len(self.blanks)} blanks>"

    # -- what is asked ------------------------------------------------------------------------------------------------

    @cached_property
    def _printed(self) -> tuple[tuple[tuple[Block, ...], ...], Numbering]:
        numbering = Numbering()
        blocks = tuple(tuple(item.printing(k, numbering, self.language).blocks()) for k, item in enumerate(self.items))
        return blocks, numbering

    @cached_property
    def blanks(self) -> tuple[Asked, ...]:
        """Every blank, in the order of its number."""
        return tuple(self._asked(k + 1, *where) for k, where in enumerate(self._printed[1].asked))

    def _asked(self, number: int, index: int, place: Place) -> Asked:
        item = self.items[index]
        answer = item.answer(place)
        if place[0] == "cell":
            return Asked(number, index, place, item.plan.cell_name(place[1]), float(answer))
        if place[0] == "shape":
            return Asked(number, index, place, self.language("shape of {name}", name=place[1]), float(answer))
        if place[0] == "rule":
            choices = tuple(self.language(r) for r in sorted(set(item.rules.values())))
            name = self.language("rule of {name}", name=place[1])
            return Asked(number, index, place, name, self.language(str(answer)), choices)
        choice = item.choice(place)
        options = tuple(self.language(o) for o in choice.options)
        return Asked(number, index, place, self.language(choice.text), options[int(answer)], options)

    @cached_property
    def key(self) -> Mapping[int, float | str]:
        """Number of the blank → what belongs there."""
        return {blank.number: blank.answer for blank in self.blanks}

    def grade(
        self, answers: Mapping[int, object] | Mapping[str, object], *, credit: Credit | None = None, learner: str = ""
    ) -> Marked:
        """Mark answers: number of the blank → what was typed. A blank that is not there is empty.

        Raises DataError for a number that no blank of the sheet has, ArgumentError for answers without numbers.
        """
        return Marked(self, mark_sheet(self, self._typed(answers), credit), learner)

    def _typed(self, answers: Mapping[Any, object]) -> dict[int, str]:
        if not isinstance(answers, Mapping):
            raise ArgumentError(
                f"answers are given by the number of their blank, and not as {type(answers).__name__}",
                hint='sheet.grade({1: "3.5", 2: "-2"})',
            )
        found = {}
        for number, text in answers.items():
            if not str(number).strip().isdecimal() or not 1 <= int(number) <= len(self.blanks):
                raise DataError(
                    f"there is no blank {number!r} on this sheet", why=f"its blanks are 1 to {len(self.blanks)}"
                )
            found[int(number)] = "" if text is None else str(text)
        return found

    def number_of(self, item: int, cell: int) -> int | None:
        """The number of the blank at a cell of an item; None where it is none."""
        return self._printed[1].numbers.get((item, ("cell", cell)))

    def item_page(self, index: int) -> Document:
        """One exercise by itself."""
        item = self.items[index]
        heading = Heading(f"{index + 1}", 2, aside=self.language(item.exercise.text))
        say, blocks = self.language, (heading, *self._printed[0][index])
        return Document("", blocks, language=say.code, digits=12, texts=say.texts)

    # -- as a page ----------------------------------------------------------------------------------------------------

    @property
    def code(self) -> str:
        """What brings the same sheet back, on one line: it stands in the QR code of a printed sheet."""
        parts = [self.chapter, self.level, self.seed, self.mask, self.language.code, __version__, self.checksum]
        return CODE + "/".join(map(str, parts))

    def document(self, *, key: bool = False, with_key: bool = False) -> Document:
        """The sheet as a page; with `key`, the key alone; `with_key`, the key at its end."""
        say = self.language
        heading = Heading(self.title, 1, aside=say("Level {level}", level=self.level))
        if key:
            return Document(self.title, (heading, *self._key()), language=say.code, texts=say.texts)
        blocks: list[Block] = [heading]
        for k, (item, printed) in enumerate(zip(self.items, self._printed[0], strict=True)):
            text = say(item.exercise.text)
            blocks += [Heading(f"{k + 1}", 2, aside=text), *printed]
        if with_key:
            blocks += self._key()
        facts = self._facts()
        return Document(self.title, tuple(blocks), facts=facts, language=say.code, digits=12, texts=say.texts)

    def _key(self) -> list[Block]:
        """The key, in three columns beside each other where it is long."""
        say, count = self.language, len(self.blanks)
        across = 1 if count <= 12 else 2 if count <= 30 else 3
        down = -(-count // across)
        rows = []
        for k in range(down):
            row: list[str] = []
            for blank in self.blanks[k::down]:
                row += [str(blank.number), blank.text]
            rows.append((*row, *("" for _ in range(2 * across - len(row)))))
        heads = (say("Blank"), say("Answer")) * across
        return [Heading(say("Key")), Table(heads, tuple(rows), align="rl" * across)]

    def page(self, *, key: bool = True) -> str:
        """The sheet as one HTML file with inputs. With `key` it marks itself; without, it holds no answers."""
        from gradwork.worksheets.page import sheet_page

        return sheet_page(self, key=key)

    def to(self, format_name: str, **style: Any) -> str | bytes:
        """The sheet in a format; in HTML it is the page that marks itself."""
        return self.page() if format_name == "html" else super().to(format_name, **style)

    def confusion(self) -> Document:
        """For the teacher: what each mistake of the catalogue would give in each blank."""
        return confusion_page(self)

    def save(
        self, path: str | os.PathLike[str], *, roster: Mapping[str, int] | None = None, copies: int = 1, **style: Any
    ) -> None:
        """Write the page in the format of the path's suffix; for .sheet.json, what brings the sheet back.

        roster: learner → seed, kept with the sheet so that each learner's answers are marked on their own numbers.
        copies: how many sheets were made with it, seed by seed; kept likewise.
        """
        if not os.fspath(path).endswith(RECORD):
            super().save(path, **style)
            return
        with open(path, "w", encoding="utf-8") as file:
            record = {**self.record(), **({"copies": copies} if copies > 1 and not roster else {})}
            record |= {"roster": dict(roster)} if roster else {}
            json.dump(record, file, ensure_ascii=False, indent=1)
            file.write("\n")

    def record(self) -> dict[str, Any]:
        """What brings the same sheet back: no answers, but a sum by which another sheet would be noticed."""
        return {
            "gradwork sheet": 1,
            "version": __version__,
            "chapter": self.chapter,
            "level": self.level,
            "seed": self.seed,
            "mask": self.mask,
            "language": self.language.code,
            "blanks": len(self.blanks),
            "checksum": self.checksum,
            **({"source": self.source} if self.source else {}),
        }

    @cached_property
    def checksum(self) -> str:
        """A short sum over every number and every blank of the sheet."""
        lines = [f"{b.number} {b.item} {b.place} {self._in_english(b)}" for b in self.blanks]
        lines += [" ".join(map(number_text, item.values)) for item in self.items]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def _in_english(self, blank: Asked) -> str:
        """The answer whatever the sheet's language is: the sheet is the same in each."""
        item = self.items[blank.item]
        answer = item.answer(blank.place)
        if blank.kind == "choice":
            return item.choice(blank.place).options[int(answer)]
        return answer if isinstance(answer, str) else number_text(answer)

    def _facts(self) -> dict[str, Any]:
        return {"chapter": self.chapter, "level": self.level, "seed": self.seed, "blanks": len(self.blanks)}


def make_sheet(
    chapter: Chapter,
    *,
    seed: int = 0,
    level: int = 1,
    mask: Mask | None = None,
    language: str = "en",
    source: str = "",
) -> Sheet:
    """A sheet of a chapter. Raises UsageError for a level that there is none of."""
    if not 1 <= level <= len(chapter.levels):
        raise UsageError(f"there is no level {level}", why=f"the chapter has levels 1 to {len(chapter.levels)}")
    items: list[Item] = []
    asks: Sequence[Ask] = chapter.levels[level - 1]
    for position, ask in enumerate(asks):
        for k in range(ask.times):
            words = (chapter.slug, level, position, k, seed)
            items.append(make_item(ask.arranged(words), mask or ask.mask, words, (k, ask.times), worth))
    name = mask.name if mask else ""
    say = language_named(language).with_texts(chapter.words.get(language, {}))
    return Sheet(chapter.slug, say(chapter.title), level, seed, name, tuple(items), say, source)
